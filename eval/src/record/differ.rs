//! At which step a replay began to differ from its record.

use super::call::{Call, Port, quoted, short};
use super::play::Heard;
use serde::Serialize;
use serde_json::{Map, Number, Value};

/// The first step that is another one, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// `knowledge.search`, `coverage`, `reply`.
    pub step: String,
    pub said: String,
}

/// When in a turn a step is: a call of a port, or what the engine makes of what came. Steps between two calls stand
/// between them, so that a cause is named before what follows from it.
type At = u32;

fn at(port: Port) -> At {
    match port {
        Port::Now => 0,
        Port::Orders | Port::Claimed | Port::Customer | Port::StoredValue | Port::Knows | Port::Products => 10,
        // The message itself comes before everything that is made of it; see `of_calls` for others.
        Port::EmbedQuery => 2,
        Port::Search => 30,
        // What is reranked are the passages: another one is seen there, and better told.
        Port::Rerank => 55,
        Port::EmbedPassage => 60,
        Port::Generate => 100,
        Port::OpenHandoff | Port::WaitingHandoffs | Port::PastHandoffs => 140,
    }
}

/// Parts of a trace, when they are made, and what they are called. A part that is not named here was added later; it
/// is looked at last.
const PARTS: [(&str, At, &str); 11] = [
    ("understanding", 4, "what it is about"),
    ("ruled", 5, "rule of the policy"),
    ("live", 8, "question about live data"),
    ("passages", 50, "passages"),
    ("units", 70, "sentences of evidence"),
    ("coverage", 80, "coverage"),
    ("prompt", 90, "generator prompt"),
    ("draft", 110, "draft"),
    ("dropped", 120, "dropped sentences"),
    ("extractive", 130, "who speaks"),
    ("signals", 132, "signals of the answer"),
];
const ADDED: At = 135;
const REPLY: At = 150;

/// What a turn left: the reply, and the trace without times.
pub struct Left<'a> {
    pub reply: &'a Value,
    pub trace: &'a Map<String, Value>,
}

/// `None` where everything that the record knows of is the same.
pub fn first(calls: &[Call], heard: &Heard, recorded: &Left<'_>, now: &Left<'_>) -> Option<Difference> {
    let mut found = of_calls(calls, heard);
    for (name, was) in recorded.trace {
        let named = PARTS.iter().find(|(part, _, _)| part == name);
        let (mut at, called) = named.map_or((ADDED, name.as_str()), |(_, at, called)| (*at, called));
        let is = now.trace.get(name).unwrap_or(&Value::Null);
        if name == "prompt" && (was.is_null() || is.is_null()) {
            // Whether a generator is asked at all is seen at the call.
            at = self::at(Port::Generate) + 1;
        }
        if let Some(said) = values(called, was, is) {
            found.push((at, Difference { step: name.clone(), said }));
        }
    }
    let replied = replies(recorded.reply, now.reply);
    if let Some(said) = &replied {
        found.push((REPLY, Difference { step: "reply".into(), said: said.clone() }));
    }
    // Of steps at one time the one that was found first: calls come in their order.
    let (at, mut first) = found.into_iter().min_by_key(|(at, _)| *at)?;
    match replied {
        Some(replied) if at != REPLY => first.said = format!("{}; {replied}", first.said),
        Some(_) => {}
        None => first.said.push_str("; the reply is the same"),
    }
    Some(first)
}

/// What was asked and not recorded, or recorded and not asked. Calls may change places: only what has no like counts.
fn of_calls(calls: &[Call], heard: &Heard) -> Vec<(At, Difference)> {
    let mut unused = heard.unused(calls);
    let mut found = Vec::new();
    let before = |place: usize, port: Port| calls.iter().take(place).any(|call| call.port == port);
    let time = |port: Port, place: usize| match port {
        // A text that is new after a search is most often the consequence of another passage.
        Port::EmbedQuery if before(place, Port::Search) => at(Port::EmbedPassage),
        Port::EmbedQuery if before(place, Port::EmbedQuery) => at(Port::Search) - 1,
        port => at(port),
    };
    for missed in &heard.missed {
        let asked = format!("{}({})", missed.port, quoted(&missed.short));
        let like = unused.iter().position(|(_, call)| call.port == missed.port);
        let (place, said) = match like.map(|like| unused.remove(like)) {
            Some((place, call)) => {
                let said = match (missed.short == call.short, missed.port) {
                    (true, Port::Generate) => "the generator prompt differs".to_owned(),
                    (true, port) => format!("{port} was asked for {} in other circumstances", quoted(&call.short)),
                    (false, port) => {
                        format!("{port} was asked for {}, recorded {}", quoted(&missed.short), quoted(&call.short))
                    }
                };
                (place, said)
            }
            None => (missed.after, format!("not recorded: {asked}")),
        };
        let said = format!("call {}: {said}", place + 1);
        found.push((time(missed.port, place), Difference { step: missed.port.name().into(), said }));
    }
    for (place, call) in unused.into_iter().filter(|(_, call)| call.port != Port::Now) {
        let said = format!("call {}: {call} was recorded and is not asked any more", place + 1);
        found.push((time(call.port, place), Difference { step: call.port.name().into(), said }));
    }
    found
}

/// What differs first between two values, in words. A field that only the newer one has is no difference: it was added
/// after the record was made.
fn values(called: &str, was: &Value, is: &Value) -> Option<String> {
    let (path, was, is) = leaf(was, is)?;
    let place = if path.is_empty() { called.to_owned() } else { format!("{called}: {}", path.join(", ")) };
    let (was, is) = (shown(was), shown(is));
    Some(match apart(&was, &is) {
        Some(from) => format!("{place} was “…{}”, is “…{}”", short(&was[from..]), short(&is[from..])),
        None => format!("{place} was {}, is {}", marked(&was), marked(&is)),
    })
}

fn leaf<'v>(was: &'v Value, is: &'v Value) -> Option<(Vec<String>, &'v Value, &'v Value)> {
    static NOTHING: Value = Value::Null;
    let below = |name: String, found: Option<(Vec<String>, &'v Value, &'v Value)>| {
        found.map(|(mut path, was, is)| {
            path.insert(0, name);
            (path, was, is)
        })
    };
    match (was, is) {
        (Value::Object(was), Value::Object(is)) => was
            .iter()
            .find_map(|(name, was)| below(name.replace('_', " "), leaf(was, is.get(name).unwrap_or(&NOTHING)))),
        (Value::Array(was), Value::Array(is)) => (0..was.len().max(is.len())).find_map(|at| {
            let one = |list: &'v [Value]| list.get(at).unwrap_or(&NOTHING);
            below(format!("number {}", at + 1), leaf(one(was), one(is)))
        }),
        (Value::Number(one), Value::Number(other)) if same_number(one, other) => None,
        (was, is) if was == is => None,
        (was, is) => Some((Vec::new(), was, is)),
    }
}

/// A number of the engine's trace is an f32; written as the f64 that it is and read again, its last bit may be another
/// one. What the engine computes with is not read like that: vectors and scores come back bit for bit.
fn same_number(was: &Number, is: &Number) -> bool {
    match (was.as_f64(), is.as_f64()) {
        (Some(was), Some(is)) => was == is || (was - is).abs() <= was.abs().max(is.abs()) * 1e-14,
        (_, _) => was == is,
    }
}

/// Replies by their kind first, then sentence by sentence, then what is left.
fn replies(was: &Value, is: &Value) -> Option<String> {
    let (kind, kind_now) = (kind_of(was), kind_of(is));
    if kind != kind_now {
        return Some(format!("reply: was {kind}, is {kind_now}"));
    }
    let sentences = |reply: &Value| -> Vec<String> {
        let list = reply
            .get("sentences")
            .or_else(|| reply.pointer("/answer/sentences"))
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default();
        list.iter().filter_map(|sentence| sentence.get("text")?.as_str().map(str::to_owned)).collect()
    };
    let (said, says) = (sentences(was), sentences(is));
    for at in 0..said.len().max(says.len()) {
        let one = |list: &[String]| list.get(at).map_or("nothing".to_owned(), |text| quoted(&short(text)));
        if said.get(at) != says.get(at) {
            return Some(format!("reply: sentence {} differs: was {}, is {}", at + 1, one(&said), one(&says)));
        }
    }
    values("reply", was, is)
}

/// `answer`, or `handoff (no_evidence)`.
fn kind_of(reply: &Value) -> String {
    let text = |value: &Value, path: &str| value.pointer(path).and_then(Value::as_str).map(str::to_owned);
    let kind = text(reply, "/type").unwrap_or_else(|| "nothing".into());
    match text(reply, "/case/reason") {
        Some(reason) => format!("{kind} ({reason})"),
        None => kind,
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "nothing".into(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

fn marked(text: &str) -> String {
    let text = short(text);
    if text.contains(' ') { quoted(&text) } else { text }
}

/// Letters before the first one that differs.
const BEFORE: usize = 20;

/// Where two long texts should be shown from, if they begin alike.
fn apart(was: &str, is: &str) -> Option<usize> {
    let alike = was.char_indices().zip(is.chars()).take_while(|((_, a), b)| a == b).map(|((at, _), _)| at);
    let ends: Vec<usize> = alike.collect();
    (ends.len() > 3 * BEFORE).then(|| ends[ends.len() - BEFORE])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(was: Value, is: Value, expected: Option<&str>) {
        assert_eq!(values("x", &was, &is).as_deref(), expected);
    }

    #[test]
    fn the_first_difference_is_named_by_its_place() {
        check(json!({"a": 1, "b": [1, 2]}), json!({"a": 1, "b": [1, 3]}), Some("x: b, number 2 was 2, is 3"));
        check(json!([1]), json!([1, {"c": 2}]), Some("x: number 2 was nothing, is {\"c\":2}"));
        check(json!(null), json!("a b"), Some("x was nothing, is “a b”"));
        // The last bit of a number that was written and read is nobody's difference.
        check(json!(0.1), json!(0.1 + f64::EPSILON / 16.0), None);
        check(json!(0.1), json!(0.100_000_1), Some("x was 0.1, is 0.1000001"));
        // What was added later, and what is absent for null, is the same.
        check(json!({"a": 1, "n": null}), json!({"a": 1, "later": true}), None);
        let long = "word ".repeat(30);
        let said = values("x", &json!(format!("{long}14")), &json!(format!("{long}30"))).unwrap();
        assert_eq!(said, "x was “…word word word word 14”, is “…word word word word 30”");
    }

    #[test]
    fn replies_differ_by_kind_then_by_sentence() {
        let answer = |texts: &[&str]| {
            let sentences: Vec<Value> = texts.iter().map(|text| json!({"text": text, "cites": [1]})).collect();
            json!({"type": "answer", "sentences": sentences, "citations": []})
        };
        let handoff = json!({"type": "handoff", "id": "1", "case": {"reason": "no_evidence"}});
        let said = |was: &Value, is: &Value| replies(was, is).unwrap_or_default();
        assert_eq!(said(&answer(&["A."]), &handoff), "reply: was answer, is handoff (no_evidence)");
        let (one, two) = (answer(&["A.", "B."]), answer(&["A.", "C."]));
        assert_eq!(said(&one, &two), "reply: sentence 2 differs: was “B.”, is “C.”");
        assert_eq!(said(&one, &answer(&["A."])), "reply: sentence 2 differs: was “B.”, is nothing");
        assert_eq!(said(&one, &one), "");
    }
}
