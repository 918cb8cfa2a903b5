//! Exports in their documented shapes in, packs out. The masking is the binary's, and is tested there with the real one;
//! here stands the simplest that can be told from the raw text.

use super::*;
use crate::pack::Pack;
use crate::pack::records::transcripts;
use crate::unit::{Reading, Task, units};
use serde_json::json;
use std::fs;

/// Takes out tags, and every word with an `@` or of the record's people.
struct Simple;

impl Texts for Simple {
    fn of_html(&self, html: &str) -> String {
        let mut inside = false;
        let shown = html.chars().filter(|c| {
            let was = inside;
            inside = if *c == '<' { true } else { inside && *c != '>' };
            !was && !inside
        });
        shown.collect()
    }

    fn own_words(&self, message: &str) -> String {
        message.split("\n> ").next().unwrap_or_default().to_owned()
    }

    fn people(&self, record: &Value) -> Vec<String> {
        let name = |value: &Value| value.get("name").and_then(Value::as_str).map(String::from);
        let nested = ["sender", "customer", "requester"].iter().filter_map(|key| record.get(*key));
        let beside = record.get("meta").and_then(|meta| meta.get("sender"));
        nested.chain(beside).filter_map(name).collect()
    }

    fn mask(&self, people: &[String], texts: &[String]) -> Masked {
        let mut masked = Masked::default();
        for text in texts {
            let words = text.split(' ').map(|word| {
                let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
                let is_name = people.iter().any(|name| name.split(' ').any(|part| part == bare));
                let kind = if word.contains('@') {
                    "email"
                } else if is_name && !bare.is_empty() {
                    "name"
                } else {
                    return word.to_owned();
                };
                *masked.counts.entry(kind.to_owned()).or_default() += 1;
                format!("[{kind} A]")
            });
            let text = words.collect::<Vec<_>>().join(" ");
            masked.texts.push(text);
        }
        masked
    }
}

struct Ground {
    dir: tempfile::TempDir,
}

impl Ground {
    fn new(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = dir.path().join("export").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self { dir }
    }

    fn plan(&self, source: Source) -> ImportPlan {
        let (paths, out) = (vec![self.dir.path().join("export")], self.dir.path().join("pack"));
        ImportPlan { source, paths, held: Held::default(), out, since: None, documents: false }
    }

    fn import(&self, source: Source) -> Imported {
        import(&self.plan(source), &Simple).unwrap()
    }

    fn text(&self) -> String {
        fs::read_to_string(self.dir.path().join("pack").join(pack::FILE)).unwrap()
    }

    fn records(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The turns of the only conversation.
    fn turns(&self) -> Vec<(String, String)> {
        let records = self.records();
        assert_eq!(records.len(), 1);
        let field = |turn: &Value, key: &str| turn[key].as_str().unwrap().to_owned();
        records[0]["turns"].as_array().unwrap().iter().map(|t| (field(t, "role"), field(t, "text"))).collect()
    }
}

fn said(turns: &[(&str, &str)]) -> Vec<(String, String)> {
    turns.iter().map(|(role, text)| ((*role).to_owned(), (*text).to_owned())).collect()
}

fn chat(id: i64, kind: i64, content: &str) -> Value {
    json!({ "id": id, "conversation_id": 7, "created_at": 1_772_323_200 + id * 60, "message_type": kind,
            "content": content, "private": false, "content_type": "text",
            "sender": { "id": if kind == 0 { 70 } else { 9 }, "name": if kind == 0 { "Nora Whitfield" } else { "Ingrid" },
                        "type": if kind == 0 { "contact" } else { "user" } } })
}

#[test]
fn chatwoot_conversations_and_pages_of_messages_are_put_together() {
    let mut note = chat(4, 1, "she is difficult");
    note["private"] = json!(true);
    let mut bot = chat(2, 1, "A person will be here soon.");
    bot["sender"] = json!({ "type": "agent_bot", "name": "Bot" });
    let mut form = chat(3, 1, "Your e-mail?");
    form["content_type"] = json!("input_email");
    let mut picture = chat(7, 0, "");
    picture["attachments"] = json!([{ "file_type": "image" }]);
    let list = json!({ "data": { "meta": {}, "payload": [{ "id": 7, "status": "open", "inbox_id": 1,
        "meta": { "sender": { "id": 70, "name": "Nora Whitfield" }, "channel": "Channel::WebWidget" },
        "additional_attributes": { "browser_language": "x", "mail_subject": "Fee for Nora" },
        "messages": [chat(8, 2, "Conversation was resolved")] }] } });
    let page = json!({ "meta": {}, "payload": [note, chat(5, 1, "It is $7.50, Nora."), bot, form, picture,
        chat(6, 2, "Assigned to Returns by Owen"), chat(1, 0, "What is the fee? nora@a.example"), chat(8, 1, "A person looks at it.")] });
    let ground = Ground::new(&[("conversations.json", &list.to_string()), ("messages/7.json", &page.to_string())]);
    let imported = ground.import(Source::Chatwoot);
    assert_eq!(imported.failures, []);
    assert_eq!(
        ground.turns(),
        said(&[
            ("customer", "What is the fee? [email A]"),
            ("agent", "A person will be here soon."),
            ("agent", "It is $7.50, [name A]"),
            ("customer", "[attachment]"),
        ])
    );
    let record = &ground.records()[0];
    assert_eq!(record["id"], "chatwoot-7");
    assert_eq!(record["channel"], "webwidget");
    assert_eq!(record["title"], "Fee for [name A]");
    assert_eq!(record["at"], "2026-03-01T00:01:00Z");
    let label = &record["expected"][0];
    assert_eq!((&label["turn"], &label["action"], &label["suggested"]), (&json!(0), &json!("answer"), &json!(true)));
    assert_eq!(label["must_include"], json!(["$7.50"]));
    assert_eq!(label["reference"], "It is $7.50, [name A]");
    assert_eq!(imported.masked, [("email".to_owned(), 1), ("name".to_owned(), 2)].into());
}

#[test]
fn a_conversation_given_to_somebody_else_is_a_handoff() {
    let messages = [
        chat(1, 0, "Does it come in red?"),
        chat(2, 1, "It does."),
        chat(3, 0, "Mine arrived with a hole in it."),
        chat(4, 2, "Assigned to Returns by Owen"),
        chat(5, 1, "Hello, this is about the hole?"),
    ];
    let record = json!([{ "id": 7, "status": "resolved", "messages": messages }]);
    let ground = Ground::new(&[("c.json", &record.to_string())]);
    ground.import(Source::Chatwoot);
    let labels = &ground.records()[0]["expected"];
    assert_eq!(
        (&labels[1]["turn"], &labels[1]["action"], &labels[1]["need"]),
        (&json!(2), &json!("handoff"), &json!("transfer"))
    );
}

#[test]
fn zendesk_tickets_hold_their_comments_or_stand_beside_them() {
    let comments = json!([
        { "id": 2, "author_id": 9, "public": true, "plain_body": "It does not.\n> Does it?", "created_at": "2026-01-02T10:00:00Z" },
        { "id": 1, "author_id": 5, "public": true, "html_body": "<p>Does it <b>squeak</b>, Ingrid?</p>", "created_at": "2026-01-01T10:00:00Z" },
        { "id": 3, "author_id": 9, "public": false, "body": "difficult customer", "created_at": "2026-01-03T10:00:00Z" },
        { "id": 4, "author_id": -1, "public": true, "body": "Rate us", "via": { "channel": "rule" }, "created_at": "2026-01-04T10:00:00Z" },
        { "id": 5, "author_id": 6, "public": true, "body": "My friend asks, too.", "created_at": "2026-01-05T10:00:00Z" },
    ]);
    let mut ticket =
        json!({ "id": 3, "status": "solved", "requester_id": 5, "subject": "Squeak", "via": { "channel": "email" } });
    let users = json!({ "users": [{ "id": 9, "name": "Ingrid", "role": "agent" }, { "id": 6, "name": "Bo", "role": "end-user" },
                                  { "id": 5, "name": "Paula Green", "role": "end-user", "locale": "en-US" }] });
    let tickets = json!({ "tickets": [ticket], "count": 1, "end_of_stream": true }).to_string();
    let events = json!({ "ticket_events": [{ "id": 77, "ticket_id": 3, "timestamp": 1_767_261_600, "child_events": comments.as_array().unwrap().iter()
        .map(|comment| { let mut event = comment.clone(); event["event_type"] = json!("Comment"); event }).collect::<Vec<_>>() }] });
    let expected = said(&[
        ("customer", "Does it squeak, [name A]"),
        ("agent", "It does not."),
        ("customer", "My friend asks, too."),
    ]);
    let page = json!({ "comments": comments, "next_page": null }).to_string();
    for (name, text) in [
        ("comments/3.json", page.clone()),
        ("by_number.json", json!({ "comments": { "3": comments } }).to_string()),
        ("events.json", events.to_string()),
    ] {
        let ground = Ground::new(&[("tickets.json", &tickets), ("users.json", &users.to_string()), (name, &text)]);
        assert_eq!(ground.import(Source::Zendesk).failures, [], "{name}");
        assert_eq!(ground.turns(), expected, "{name}");
        let record = &ground.records()[0];
        assert_eq!(
            (&record["language"], &record["channel"], &record["title"]),
            (&json!("en"), &json!("email"), &json!("Squeak"))
        );
    }
    // One ticket a line, its comments in it, and no users: whoever asked for it is the customer.
    ticket["comments"] = comments;
    let ground = Ground::new(&[(
        "tickets.jsonl",
        &format!("{ticket}\n{{\"id\": 4, \"status\": \"open\", \"requester_id\": 1}}\n{{\n"),
    )]);
    let imported = ground.import(Source::Zendesk);
    let failures: Vec<String> = imported.failures.iter().map(ToString::to_string).collect();
    assert!(failures.iter().any(|f| f.contains("tickets.jsonl, line 3: is no JSON")), "{failures:?}");
    assert!(failures.iter().any(|f| f.contains("tickets.jsonl, line 2: it has no 'comments'")), "{failures:?}");
    assert_eq!(ground.turns()[0].1, "Does it squeak, Ingrid?");
}

#[test]
fn comments_without_a_ticket_are_named() {
    let ticket = json!({ "id": 1, "status": "open", "requester_id": 5, "comments": [
        { "author_id": 5, "body": "Is it warm?" }, { "author_id": 9, "body": "Yes." }] });
    let page = json!({ "comments": [{ "author_id": 5, "body": "hello", "public": true }] });
    let ground = Ground::new(&[("1.json", &ticket.to_string()), ("comments/44.json", &page.to_string())]);
    let imported = ground.import(Source::Zendesk);
    assert!(imported.failures[0].reason.contains("ticket 44 have no ticket"), "{:?}", imported.failures);
    assert_eq!(ground.records().len(), 1);
}

#[test]
fn gorgias_notes_rules_and_failures_are_no_turns() {
    let message = |id: i64, agent: bool, more: Value| {
        let mut message = json!({ "id": id, "ticket_id": 12, "from_agent": agent, "public": true, "channel": "email",
            "created_datetime": format!("2026-04-28T13:{id:02}:00.000000"), "sender": { "id": if agent { 9 } else { 70 }, "name": "Rosa" } });
        more.as_object().unwrap().iter().for_each(|(key, value)| message[key] = value.clone());
        message
    };
    let messages = [
        message(2, true, json!({ "body_html": "<p>Oui, 30 jours.</p>" })),
        message(
            1,
            false,
            json!({ "body_text": "Rosa : trop petit ?\n> vieux", "stripped_text": "Rosa : trop petit ?" }),
        ),
        message(3, true, json!({ "public": false, "channel": "internal-note", "body_text": "hm" })),
        message(4, true, json!({ "via": "rule", "body_text": "We got it" })),
        message(5, true, json!({ "failed_datetime": "2026-04-28T13:00:00", "body_text": "lost" })),
        message(6, true, json!({ "body_text": "" })),
    ];
    let ticket = json!({ "id": 12, "status": "closed", "channel": "email", "language": "fr", "subject": "Taille",
        "customer": { "id": 70, "name": "Rosa" }, "opened_datetime": "2026-04-28T13:00:00" });
    let spam = json!({ "id": 13, "status": "closed", "channel": "email", "spam": true });
    let mut whole = ticket.clone();
    whole["messages"] = json!(messages);
    for files in [
        vec![("whole.json", json!([whole, spam]).to_string())],
        vec![
            ("tickets.json", json!({ "data": [ticket, spam], "meta": {} }).to_string()),
            ("messages.json", json!({ "data": messages }).to_string()),
        ],
    ] {
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let ground = Ground::new(&files);
        let imported = ground.import(Source::Gorgias);
        assert_eq!(ground.turns(), said(&[("customer", "[name A] : trop petit ?"), ("agent", "Oui, 30 jours.")]));
        assert_eq!(imported.skipped["conversations marked as spam"], 1);
        assert_eq!(ground.records()[0]["language"], "fr");
    }
}

const LINES: &str = r#"{"id":"a","channel":"chat","turns":[{"role":"customer","text":"Hi"},{"role":"customer","text":"How long does it take?","at":"2026-05-01T10:00:00Z"},{"role":"note","text":"secret"},{"role":"agent","text":"It takes 5 days."},{"role":"customer","text":"Thanks!"},{"role":"agent","text":"You're welcome!"},{"role":"customer","text":"Cancel it, then."},{"role":"agent","text":"I have cancelled it."}]}
{"id":"b","turns":[{"role":"robot","text":"x"}]}
not json
{"id":"c@d.example","turns":[{"role":"customer","text":"Is it warm?"},{"role":"agent","text":"Very."}]}
{"turns":[]}
{"id":"e","turns":[{"role":"customer","text":"Anybody?"}]}
"#;

#[test]
fn bad_lines_are_named_and_the_rest_is_a_pack_that_replays() {
    let ground = Ground::new(&[("chats.jsonl", LINES)]);
    let imported = ground.import(Source::Jsonl);
    let failures: Vec<String> = imported.failures.iter().map(ToString::to_string).collect();
    for expected in [
        "chats.jsonl, line 2: 'turns[0].role' is 'robot'",
        "chats.jsonl, line 3: is no JSON",
        "chats.jsonl, line 5: the field 'id' is missing",
    ] {
        assert!(failures.iter().any(|failure| failure.contains(expected)), "{expected}: {failures:?}");
    }
    assert_eq!(imported.skipped["conversations without an answer of a person"], 1);
    assert_eq!((imported.conversations, imported.in_pack), (2, 2));
    assert_eq!(imported.suggested, [("answer".to_owned(), 2), ("handoff".to_owned(), 1)].into());
    let text = ground.text();
    assert!(!text.contains("secret") && !text.contains("d.example"), "{text}");

    let pack = Pack::open(&ground.dir.path().join("pack")).unwrap();
    assert_eq!(pack.manifest.cluster.as_deref(), Some("contact"));
    let file = pack.files.iter().find(|file| file.name() == pack::FILE).unwrap();
    let reading = Reading { cluster: pack.manifest.cluster.clone(), ..Reading::default() };
    let units = units(file, Task::Replay, &[], &reading).unwrap();
    let ids: Vec<&str> = units.iter().map(|unit| unit.question.id.as_str()).collect();
    // Of two messages in a row the last is judged; thanks are not.
    assert_eq!(ids[..2], ["jsonl-a#1", "jsonl-a#5"]);
    assert!(units.iter().all(|unit| unit.suggested && unit.cluster.is_some()));
    assert_eq!(units[0].by["channel"], "chat");
}

/// Confirms the label of a turn, as `eval label` does.
fn confirm(path: &Path, turn: usize) {
    let mut file = crate::label::LabelFile::open(path).unwrap();
    let item = file.find("jsonl-a", turn as u64).unwrap();
    let signature = crate::label::Signature { by: "nora".into(), at: "2026-11-21T10:00:00Z".parse().unwrap() };
    file.decide(item, &crate::label::Decision::Accept, &signature).unwrap();
}

#[test]
fn an_import_again_is_the_same_bytes_and_keeps_what_persons_said() {
    let ground = Ground::new(&[("chats.jsonl", LINES)]);
    ground.import(Source::Jsonl);
    let first = ground.text();
    ground.import(Source::Jsonl);
    assert_eq!(ground.text(), first);

    let path = ground.dir.path().join("pack").join(pack::FILE);
    confirm(&path, 1);
    let confirmed = ground.text();
    let again = ground.import(Source::Jsonl);
    assert_eq!((again.kept, &again.suggested), (1, &[("answer".to_owned(), 1), ("handoff".to_owned(), 1)].into()));
    assert_eq!(ground.text(), confirmed);

    // The conversation went on: the label stays where it was, and the new turn has one of its own.
    let longer = LINES.replace("I have cancelled it.\"}]", "I have cancelled it.\"},{\"role\":\"customer\",\"text\":\"When is it back?\"},{\"role\":\"agent\",\"text\":\"In 2 weeks.\"}]");
    fs::write(ground.dir.path().join("export/chats.jsonl"), longer).unwrap();
    assert_eq!(ground.import(Source::Jsonl).kept, 1);
    let labels = ground.records()[0]["expected"].as_array().unwrap().clone();
    assert_eq!(labels.iter().map(|l| l["suggested"].as_bool().unwrap()).collect::<Vec<_>>(), [false, true, true]);

    // It is told otherwise now: nothing of a person's is thrown away.
    fs::write(ground.dir.path().join("export/chats.jsonl"), LINES.replace("How long does it take?", "How much is it?"))
        .unwrap();
    let other = ground.import(Source::Jsonl);
    assert_eq!(other.left_as_they_were, ["jsonl-a"]);
    assert_eq!(ground.records()[0]["turns"][1]["text"], "How long does it take?");
}

#[test]
fn conversations_of_a_second_export_are_added() {
    let ground = Ground::new(&[("chats.jsonl", LINES)]);
    ground.import(Source::Jsonl);
    let documents = r#"{"id":"doc","kind":"conversation","title":"Warm","text":"Customer: Is it warm?\nvery?\nAgent: It is, to -10 °C.","valid_from":"2026-02-01"}
{"id":"page","kind":"policy","title":"Returns","text":"30 days."}"#;
    fs::write(ground.dir.path().join("export/chats.jsonl"), documents).unwrap();
    let plan = ImportPlan { documents: true, ..ground.plan(Source::Shopclerk) };
    let imported = import(&plan, &Simple).unwrap();
    assert_eq!((imported.conversations, imported.in_pack), (1, 3));
    assert_eq!(imported.skipped["documents that are no conversations"], 1);
    let pack = Pack::open(&plan.out).unwrap();
    let past = crate::pack::conversations(&pack).unwrap();
    let records = transcripts(&plan.out.join(pack::FILE)).unwrap();
    let own = past[records[2].customer.id.as_ref().unwrap()].iter().next().unwrap();
    assert_eq!(own.0, "conversation:shopclerk-doc");
}

#[test]
fn since_leaves_out_what_is_older() {
    let old = LINES.lines().next().unwrap().replace("\"a\"", "\"old\"").replace("2026-05-01", "2025-05-01");
    let ground = Ground::new(&[("chats.jsonl", &format!("{LINES}{old}\n"))]);
    let plan = ImportPlan { since: Some("2026-01-01".parse().unwrap()), ..ground.plan(Source::Jsonl) };
    let imported = import(&plan, &Simple).unwrap();
    assert_eq!(imported.skipped["conversations from before --since"], 1);
    assert!(!ground.text().contains("jsonl-old"));
}

#[test]
fn what_holds_nothing_is_refused_with_the_reason() {
    let ground = Ground::new(&[("a.json", "[5]"), ("notes.txt", "hello")]);
    let error = import(&ground.plan(Source::Zendesk), &Simple).unwrap_err().to_string();
    assert!(error.contains("record 1: is no conversation of this kind: is --from right?"), "{error}");
    let nowhere = ImportPlan { paths: vec![ground.dir.path().join("export/none")], ..ground.plan(Source::Jsonl) };
    assert!(import(&nowhere, &Simple).unwrap_err().to_string().contains("cannot be read"));
    let empty = Ground::new(&[("notes.txt", "hello")]);
    assert!(import(&empty.plan(Source::Jsonl), &Simple).unwrap_err().to_string().contains("holds no .json"));
}

#[test]
fn records_that_no_file_holds_are_imported_like_those_of_a_file() {
    let ground = Ground::new(&[]);
    let good = json!({
        "id": "9f3a-0", "channel": "api", "customer_id": "nora@mail.example", "sender": { "name": "Ingrid" },
        "turns": [
            { "role": "customer", "text": "Is it warm? I am nora@mail.example", "at": "2026-05-01T10:00:00Z" },
            { "role": "bot", "text": "One moment.", "at": "2026-05-01T10:00:01Z" },
            { "role": "agent", "author": "a1", "text": "It is, says Ingrid", "at": "2026-05-01T10:05:00Z" },
        ],
    });
    let alone = json!({ "id": "9f3a-1", "turns": [
        { "role": "customer", "text": "And dry?" }, { "role": "bot", "text": "Yes." },
    ] });
    let held = Held { name: "the conversations of one".into(), records: vec![good, alone, json!({ "id": "x" })] };
    let plan = ImportPlan { paths: Vec::new(), held, ..ground.plan(Source::Shopclerk) };
    let imported = import(&plan, &Simple).unwrap();
    // What only a bot answered has no reference, and is counted as that.
    assert_eq!((imported.conversations, imported.skipped.values().sum::<usize>()), (1, 1));
    assert_eq!(imported.masked, BTreeMap::from([("email".to_owned(), 1), ("name".to_owned(), 1)]));
    let failures: Vec<String> = imported.failures.iter().map(ToString::to_string).collect();
    assert_eq!(failures.len(), 1);
    assert!(failures[0].starts_with("the conversations of one, record 3: "), "{failures:?}");
    let expected =
        [("customer", "Is it warm? I am [email A]"), ("agent", "One moment."), ("agent", "It is, says [name A]")];
    assert_eq!(ground.turns(), said(&expected));
    assert!(!ground.text().contains("nora@mail.example"));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 64, ..Default::default() })]

    /// Whatever a file holds, it is read or named.
    #[test]
    fn no_content_breaks_a_reader(pieces in proptest::collection::vec(proptest::sample::select(vec![
        "{\"id\": 1, \"status\": \"open\", \"messages\": [{\"message_type\": 0, \"content\": \"x\"}]}", "[", "]", ",", "{", "}", "\n", "5", "null",
        "{\"tickets\": [{\"id\": 1, \"requester_id\": 2, \"comments\": 5}]}", "{\"comments\": {\"1\": [{\"author_id\": 2, \"body\": \"b\"}]}}",
        "{\"data\": [{\"from_agent\": true}]}", "{\"id\": \"a\", \"turns\": [{\"role\": 5}]}", "{\"payload\": {\"payload\": []}}", "\"", "é",
    ]), 0..12)) {
        let ground = Ground::new(&[("a.json", &pieces.concat()), ("b.jsonl", &pieces.join("\n"))]);
        for source in [Source::Chatwoot, Source::Zendesk, Source::Gorgias, Source::Shopclerk, Source::Jsonl] {
            match import(&ground.plan(source), &Simple) {
                Ok(imported) => proptest::prop_assert!(imported.conversations > 0),
                Err(error) => proptest::prop_assert!(error.to_string().contains("nothing was imported"), "{}", error),
            }
        }
    }
}
