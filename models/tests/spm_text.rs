//! SentencePiece's tokens from a GGUF file, on a vocabulary small enough to work the ids out by hand.

mod tiny_gguf;

use candle_core::quantized::gguf_file::Value;
use engine::prompt::{ChatMessage, ChatRole, Prompt, Sampling};
use models::generator::{ChatTemplate, GgufTokenizer, Part};
use tiny_gguf::TinyGguf;

const NORMAL: i32 = 1;
const CONTROL: i32 = 3;
const USER_DEFINED: i32 = 4;

const BEGIN: u32 = 1;
const END: u32 = 2;
const START_TURN: u32 = 259;
const END_TURN: u32 = 260;
const LINE: u32 = 261;
const TWO_LINES: u32 = 262;
const TWO_SPACES: u32 = 263;
const TABLE: u32 = 264;
const SPACE: u32 = 265;
const T: u32 = 266;
const H: u32 = 267;
const E: u32 = 268;
const HE: u32 = 270;
const THE: u32 = 271;
const SPACE_T: u32 = 272;
const SPACE_THE: u32 = 273;
const A: u32 = 274;
const B: u32 = 275;
const AA: u32 = 276;
const AB: u32 = 277;
const E_ACUTE: u32 = 279;
const OPEN: u32 = 280;

/// From 259 on. The last ones lead step by step to a control token.
const PIECES: &[(&str, i32, f32)] = &[
    ("<start_of_turn>", CONTROL, 0.0),
    ("<end_of_turn>", CONTROL, 0.0),
    ("\n", USER_DEFINED, 0.0),
    ("\n\n", USER_DEFINED, 0.0),
    ("  ", USER_DEFINED, 0.0),
    ("<table>", USER_DEFINED, 0.0),
    ("▁", NORMAL, -10.0),
    ("t", NORMAL, -11.0),
    ("h", NORMAL, -12.0),
    ("e", NORMAL, -13.0),
    ("th", NORMAL, -1.0),
    ("he", NORMAL, -2.0),
    ("the", NORMAL, -3.0),
    ("▁t", NORMAL, -4.0),
    ("▁the", NORMAL, -5.0),
    ("a", NORMAL, -14.0),
    ("b", NORMAL, -15.0),
    ("aa", NORMAL, -6.0),
    ("ab", NORMAL, -6.0),
    ("ba", NORMAL, -7.0),
    ("é", NORMAL, -16.0),
    ("<", NORMAL, -20.0),
    ("<e", NORMAL, -8.0),
    ("<en", NORMAL, -8.0),
    ("<end", NORMAL, -8.0),
    ("<end_", NORMAL, -8.0),
    ("<end_o", NORMAL, -8.0),
    ("<end_of", NORMAL, -8.0),
    ("<end_of_", NORMAL, -8.0),
    ("<end_of_t", NORMAL, -8.0),
    ("<end_of_tu", NORMAL, -8.0),
    ("<end_of_tur", NORMAL, -8.0),
    ("<end_of_turn", NORMAL, -8.0),
];
const END_OF_TURN_OPEN: u32 = 291;

fn byte(byte: u8) -> u32 {
    3 + u32::from(byte)
}

fn file() -> TinyGguf {
    let mut tiny = TinyGguf::words("gpt-2", &[], &[]);
    tiny.set_pieces(PIECES);
    tiny
}

fn tokenizer(space_first: bool) -> GgufTokenizer {
    let mut tiny = file();
    tiny.metadata.insert("tokenizer.ggml.add_space_prefix".into(), Value::Bool(space_first));
    GgufTokenizer::open(&tiny.write().path).unwrap()
}

fn encode(tokenizer: &GgufTokenizer, parts: &[Part]) -> Vec<u32> {
    let mut ids = Vec::new();
    tokenizer.encode(parts, &mut ids).unwrap();
    ids
}

#[test]
fn neighbours_merge_by_score_and_what_is_no_token_is_its_bytes() {
    let tokenizer = tokenizer(false);
    for (text, expect) in [
        ("", vec![]),
        // `th` (-1) before `he` (-2); then `the`, and with a space `▁the`, although `▁t` was possible first.
        ("the", vec![THE]),
        (" the", vec![SPACE_THE]),
        (" t", vec![SPACE_T]),
        ("hhe", vec![H, HE]),
        ("thee", vec![THE, E]),
        ("e he", vec![E, SPACE, HE]),
        // `ab` (-6) before `ba` (-7), though it begins later; of two equal ones the left.
        ("bab", vec![B, AB]),
        ("aab", vec![AA, B]),
        ("aaa", vec![AA, A]),
        ("aaaa", vec![AA, AA]),
        // Nothing is normalized: an accent of its own is its bytes.
        ("é", vec![E_ACUTE]),
        ("e\u{301}", vec![E, byte(0xCC), byte(0x81)]),
        ("a😀b", vec![A, byte(0xF0), byte(0x9F), byte(0x98), byte(0x80), B]),
        ("\t\0", vec![byte(9), byte(0)]),
        // White space that is a token of its own.
        ("a\n\n\nb", vec![A, TWO_LINES, LINE, B]),
        ("a   b", vec![A, TWO_SPACES, SPACE, B]),
    ] {
        let mut ids = Vec::new();
        tokenizer.encode_text(text, &mut ids).unwrap();
        assert_eq!(ids, expect, "{text:?}");
        let bytes: Vec<u8> = ids.iter().flat_map(|id| tokenizer.bytes(*id)).copied().collect();
        assert_eq!(bytes, text.as_bytes(), "{text:?} back to text");
    }
}

#[test]
fn special_tokens_stand_only_in_templates() {
    let tokenizer = tokenizer(false);
    let spelled = "<end_of_turn><table>";
    assert_eq!(encode(&tokenizer, &[Part::Template(spelled)]), [END_TURN, TABLE]);
    let close = byte(b'>');
    assert_eq!(
        encode(&tokenizer, &[Part::Text(spelled)]),
        [END_OF_TURN_OPEN, close, OPEN, T, AB, byte(b'l'), E, close],
        "the words of a customer"
    );
    // Halves do not come together over a seam, whoever says them.
    for (left, right) in [("<end_of_", "turn>"), ("<", "end_of_turn>"), ("<end_of_turn", ">")] {
        let by_both = [Part::Template(left), Part::Text(right)];
        assert_eq!(encode(&tokenizer, &by_both), [END_OF_TURN_OPEN, close], "{left} {right}");
    }
    // Nor does a spelled byte become that byte.
    let spelled = encode(&tokenizer, &[Part::Text("<0x0A>")]);
    assert_eq!(spelled, [OPEN, byte(b'0'), byte(b'x'), byte(b'0'), byte(b'A'), close]);
    assert!(tokenizer.ends(END_TURN) && tokenizer.ends(END) && !tokenizer.ends(THE) && !tokenizer.ends(LINE));
    assert_eq!((tokenizer.bytes(END_TURN), tokenizer.bytes(SPACE_THE)), (&b""[..], &b" the"[..]));
}

#[test]
fn a_space_comes_first_at_the_start_and_after_special_tokens() {
    let (with, without) = (tokenizer(true), tokenizer(false));
    for (parts, expect) in [
        (&[Part::Text("the")][..], &[SPACE_THE][..]),
        (&[Part::Template("<s>the</s>"), Part::Text("the")], &[BEGIN, SPACE_THE, END, SPACE_THE]),
        // A seam within the words gets none, and does not keep them apart.
        (&[Part::Template("b"), Part::Text("the")], &[SPACE, B, THE]),
        (&[Part::Template("<s>b "), Part::Text("the")], &[BEGIN, SPACE, B, SPACE_THE]),
        (&[Part::Template("<s>"), Part::Text("")], &[BEGIN]),
        (&[Part::Text("b\nthe")], &[SPACE, B, LINE, SPACE_THE]),
    ] {
        assert_eq!(encode(&with, parts), expect, "{parts:?}");
    }
    assert_eq!(encode(&without, &[Part::Template("<s>b "), Part::Text("the")]), [BEGIN, B, SPACE_THE]);
    let unsaid = GgufTokenizer::open(&file().write().path).unwrap();
    assert_eq!(encode(&unsaid, &[Part::Text("the")]), [SPACE_THE]);
    assert_eq!(unsaid.begin(), Some(BEGIN));
    assert_eq!(unsaid.begin_and_end_names(), ("<s>", "</s>"));
}

#[test]
fn a_system_message_goes_before_the_first_question() {
    let mut tiny = file();
    tiny.metadata.insert("tokenizer.ggml.add_space_prefix".into(), Value::Bool(false));
    tiny.metadata.insert("tokenizer.chat_template".into(), Value::String(tiny_gguf::GEMMA.into()));
    let file = tiny.write();
    let (template, tokenizer) = (ChatTemplate::open(&file.path).unwrap(), GgufTokenizer::open(&file.path).unwrap());
    let say = |role, text: &str| ChatMessage { role, text: text.into() };
    let mut prompt = Prompt {
        system: "aa".into(),
        messages: vec![
            say(ChatRole::User, "the"),
            say(ChatRole::Assistant, "<end_of_turn>"),
            say(ChatRole::User, "b<start_of_turn>"),
        ],
        max_tokens: 8,
        sampling: Sampling::Greedy,
        stop: vec![],
    };
    let spelled = |text: &str| encode(&tokenizer, &[Part::Text(text)]);
    let (user, model) = (spelled("user"), spelled("model"));
    let expect = [
        &[BEGIN, START_TURN][..],
        &user,
        &[LINE, AA, TWO_LINES, THE, END_TURN, LINE, START_TURN],
        &model,
        &[LINE],
        &spelled("<end_of_turn>"),
        &[END_TURN, LINE, START_TURN],
        &user,
        &[LINE],
        &spelled("b<start_of_turn>"),
        &[END_TURN, LINE, START_TURN],
        &model,
        &[LINE],
    ]
    .concat();
    assert_eq!(template.encode(&prompt, &tokenizer).unwrap(), expect);
    prompt.messages.remove(1);
    let error = template.encode(&prompt, &tokenizer).unwrap_err().to_string();
    assert!(error.contains("take turns"), "{error}");
}

#[test]
fn broken_vocabularies_say_what_is_wrong() {
    let check = |change: &dyn Fn(&mut TinyGguf), expect: &str| {
        let mut tiny = file();
        change(&mut tiny);
        let error = GgufTokenizer::open(&tiny.write().path).err().expect(expect).to_string();
        assert!(error.contains(expect) && error.contains("tiny.gguf"), "{error}\nlacks: {expect}");
    };
    let set = |tiny: &mut TinyGguf, field: &str, at: usize, value: Value| {
        let Some(Value::Array(values)) = tiny.metadata.get_mut(field) else { panic!("{field}") };
        values[at] = value;
    };
    check(&|t| drop(t.metadata.remove("tokenizer.ggml.scores")), "has no `tokenizer.ggml.scores`");
    check(
        &|t| drop(t.metadata.insert("tokenizer.ggml.scores".into(), Value::Array(vec![]))),
        "`tokenizer.ggml.scores` has 0 entries",
    );
    check(&|t| set(t, "tokenizer.ggml.token_type", 13, Value::I32(5)), "no token `<0x0A>`");
    check(&|t| set(t, "tokenizer.ggml.tokens", 13, Value::String("<0xA>".into())), "token 13 is called `<0xA>`");
}
