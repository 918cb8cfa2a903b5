//! The import with the masking that serves: every field that can hold personal data, out of every export.

use super::*;
use serde_json::json;
use std::fs;
use std::path::Path;

fn sources(keep: Option<MaskClass>) -> Sources {
    let mask = MaskConfig::keeping(vec!["Fjellvik".into()]).with_order_number(r"FV-?\d{5}").unwrap();
    Sources { masker: Masker::new(&mask), keep }
}

/// Imports one file and gives the transcripts as they lie on the disk.
fn imported(source: Source, name: &str, text: &str, keep: Option<MaskClass>) -> (Imported, String) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(name);
    fs::write(&file, text).unwrap();
    let plan = ImportPlan {
        source,
        paths: vec![file],
        held: Held::default(),
        out: dir.path().join("pack"),
        since: None,
        documents: true,
    };
    let imported = import(&plan, &sources(keep)).unwrap();
    (imported, everything(&plan.out))
}

fn everything(dir: &Path) -> String {
    let mut files: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read_to_string(file).unwrap()).collect()
}

/// What a customer of ours might write, each piece once.
const SECRETS: [&str; 9] = [
    "Nora",
    "Whitfield",
    "nora.w@example.com",
    "555-0142",
    "Spruce Landing",
    "4111",
    "FV-10234",
    "#1002",
    "1Z999AA10123456784",
];

const ASKED: &str = "Hi, I'm Nora Whitfield, nora.w@example.com, (218) 555-0142. My orders FV-10234 and #1002 to 18 Spruce \
    Landing, Apt 4, Duluth, MN 55802, parcel 1Z999AA10123456784, card 4111 1111 1111 1111. What is the fee for a return?";
const REPLIED: &str = "Hello Nora, the fee for FV-10234 is $7.50 within 30 days. We wrote to nora.w@example.com.\n\nBest regards,\nIngrid";

#[test]
fn no_field_of_an_export_brings_personal_data_into_a_pack() {
    let chatwoot = json!([{ "id": 7, "status": "resolved", "created_at": 1_772_323_200,
        "meta": { "sender": { "id": 70, "name": "Nora Whitfield", "email": "nora.w@example.com", "phone_number": "+12185550142" },
                  "assignee": { "name": "Ingrid" }, "channel": "Channel::Email" },
        "additional_attributes": { "mail_subject": "Nora Whitfield, FV-10234" }, "custom_attributes": { "mail": "nora.w@example.com" },
        "labels": ["nora.w@example.com"],
        "messages": [
            { "id": 1, "message_type": 0, "created_at": 1_772_323_200, "content": ASKED, "sender": { "id": 70, "type": "contact", "name": "Nora Whitfield" } },
            { "id": 2, "message_type": 1, "created_at": 1_772_323_300, "content": REPLIED, "sender": { "id": 9, "type": "user", "name": "Ingrid" } },
            { "id": 3, "message_type": 1, "created_at": 1_772_323_400, "content": "Nora is a VIP", "private": true, "sender": { "id": 9, "type": "user" } },
        ] }]);
    let zendesk = json!({ "tickets": [{ "id": 3, "status": "closed", "requester_id": 5, "subject": "Nora Whitfield, FV-10234",
            "description": ASKED, "via": { "channel": "email", "source": { "from": { "address": "nora.w@example.com", "name": "Nora Whitfield" } } },
            "comments": [
                { "id": 1, "author_id": 5, "public": true, "html_body": format!("<div><p>{ASKED}</p></div>"), "created_at": "2026-03-01T10:00:00Z" },
                { "id": 2, "author_id": 9, "public": true, "plain_body": format!("{REPLIED}\n\nOn Tue, Apr 28, 2026 Nora <nora.w@example.com> wrote:\n> {ASKED}"), "created_at": "2026-03-01T11:00:00Z" },
                { "id": 3, "author_id": 9, "public": false, "body": "Nora is a VIP", "created_at": "2026-03-01T12:00:00Z" },
            ] }],
        "users": [{ "id": 5, "name": "Nora Whitfield", "email": "nora.w@example.com", "role": "end-user" }, { "id": 9, "name": "Ingrid", "role": "agent" }] });
    let gorgias = json!({ "data": [{ "id": 12, "status": "closed", "channel": "email", "subject": "Nora Whitfield, FV-10234",
        "customer": { "id": 70, "name": "Nora Whitfield", "firstname": "Nora", "email": "nora.w@example.com" },
        "messages": [
            { "id": 1, "from_agent": false, "public": true, "created_datetime": "2026-03-01T10:00:00", "body_html": format!("<p>{ASKED}</p>"), "sender": { "id": 70, "name": "Nora Whitfield" } },
            { "id": 2, "from_agent": true, "public": true, "created_datetime": "2026-03-01T11:00:00", "stripped_text": REPLIED, "sender": { "id": 9, "name": "Ingrid", "email": "ingrid@fjellvik.example" } },
        ] }] });
    let own = json!({ "id": "nora.w@example.com", "title": "Nora Whitfield, FV-10234", "customer": { "name": "Nora Whitfield", "email": "nora.w@example.com" },
        "turns": [{ "role": "customer", "text": ASKED }, { "role": "agent", "text": REPLIED }] });
    let document = json!({ "id": "conversation:1", "kind": "conversation", "title": "Nora Whitfield, FV-10234", "valid_from": "2026-03-01",
        "text": format!("Customer: {ASKED}\nAgent: {}", REPLIED.replace('\n', " ")), "meta": { "user_id": "nora.w@example.com" } });
    for (source, name, text) in [
        (Source::Chatwoot, "c.json", chatwoot.to_string()),
        (Source::Zendesk, "z.json", zendesk.to_string()),
        (Source::Gorgias, "g.json", gorgias.to_string()),
        (Source::Jsonl, "j.jsonl", own.to_string()),
        (Source::Shopclerk, "s.jsonl", document.to_string()),
    ] {
        let (report, pack) = imported(source, name, &text, None);
        assert_eq!((report.conversations, report.failures.len()), (1, 0), "{source:?}");
        for secret in SECRETS.iter().chain(&["VIP"]) {
            assert!(!pack.contains(secret), "{source:?}: {secret} in {pack}");
        }
        for (kind, least) in
            [("email", 2), ("phone", 1), ("name", 2), ("order", 4), ("address", 1), ("card", 1), ("tracking", 1)]
        {
            assert!(report.masked.get(kind).copied().unwrap_or(0) >= least, "{source:?}, {kind}: {:?}", report.masked);
        }
        // The same order is the same mark in the question, in the reply and in the title.
        assert!(
            pack.contains("orders [order A] and [order B]") && pack.contains("fee for [order A] is $7.50"),
            "{pack}"
        );
        assert!(pack.contains(r#""must_include":["$7.50","30 days"]"#), "{pack}");
        assert!(pack.contains(r#""suggested":true"#) && pack.contains("cluster = \"contact\""), "{pack}");
    }
}

#[test]
fn order_numbers_stay_where_a_replay_needs_them() {
    let own =
        json!({ "id": "1", "turns": [{ "role": "customer", "text": ASKED }, { "role": "agent", "text": REPLIED }] });
    let (report, pack) = imported(Source::Jsonl, "j.jsonl", &own.to_string(), Some(MaskClass::Order));
    assert!(pack.contains("My orders FV-10234 and #1002 to [address A]"), "{pack}");
    assert!(!report.masked.contains_key("order") && !pack.contains("example.com"), "{pack}");
}
