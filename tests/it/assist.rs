//! `shopclerk assist` from outside: a case that the engine handed over, as the agent at the machine sees it.

use crate::cli::{err, out, shopclerk};
use api::db::desk::Desks;
use engine::{
    Asker, Engine, EngineConfig, Reply, Turn,
    fakes::{self, MemoryKnowledge, StoppedClock},
    ports::SearchMode,
};
use serde_json::Value;
use std::{path::Path, sync::Arc};
use tests::app::pass;

const ASKED: &str = "Please cancel order #10234, I paid $17.59. Mail me at ann.lee@mail.example";

/// A handoff on the desk of store `one`, made by the engine itself.
async fn handed_over(home: &Path) {
    let clock = Arc::new(StoppedClock("2026-11-21T12:00:00Z".parse().unwrap()));
    let desks = Arc::new(Desks::new(home.join(".local/share/shopclerk"), clock));
    let config = EngineConfig {
        candidates: 20,
        passages: 6,
        search: SearchMode::Fused,
        coverage: 0.5,
        certain: 0.9,
        evidence_sentences: 8,
        max_tokens: 100,
        handoff_message: "A person will take over.".into(),
    };
    let mut ports = fakes::ports(MemoryKnowledge::default());
    ports.handoffs = desks.clone();
    let asked = Turn::single("c-1", ASKED);
    let outcome = Engine::new(ports, config).answer(&Asker::Anonymous(pass("one")), &asked, &|_| ()).await.unwrap();
    assert!(matches!(outcome.reply, Reply::Handoff(_)), "{:?}", outcome.reply);
    desks.close(pass("one").store()).await;
}

#[tokio::test]
async fn a_case_is_shown_and_what_was_sent_is_written_down() {
    let dir = tempfile::tempdir().unwrap();
    handed_over(dir.path()).await;
    let run = |args: &[&str]| {
        let output = shopclerk(dir.path(), args);
        (output.status.code(), out(&output), err(&output))
    };

    let (code, text, said) = run(&["assist", "c-1", "--store", "one"]);
    assert_eq!(code, Some(0), "{said}");
    for part in
        ["needs_action", "#10234", "$17.59", "a…@mail.example", "in the shop; the engine is not connected", "100 %"]
    {
        assert!(text.contains(part), "no '{part}' in:\n{text}");
    }
    assert!(!text.contains("ann.lee@"), "addresses are masked:\n{text}");

    let (_, json, _) = run(&["assist", "c-1", "--store", "one", "--turn", "0", "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&json["assist"]["reason"], &json["assist"]["next"]),
        (&"needs_action".into(), &"look_up_in_shop".into())
    );
    assert_eq!(json["assist"]["completeness"]["missing"], Value::Array(Vec::new()));
    let id = json["handoff"].as_str().unwrap();
    assert_eq!(run(&["assist", id, "--store", "one"]).1, text, "by its own id, too");
    assert!(run(&["assist", "c-1", "--store", "one", "--note"]).1.contains("**Why a person is asked**"));

    std::fs::write(dir.path().join("reply.txt"), "I have cancelled it for you.").unwrap();
    let (code, text, said) = run(&["assist", "c-1", "--store", "one", "--sent", "reply.txt", "--by", "Mia"]);
    assert!(code == Some(0) && text.contains("rule") && text.contains("stands"), "{text}{said}");
    let (_, json, _) = run(&["assist", "--feedback", "--store", "one", "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["changed"][0]["about"], &json["changed"][0]["used"]), (&"needs_action".into(), &1.into()));
}

#[tokio::test]
async fn what_cannot_be_shown_says_why() {
    let dir = tempfile::tempdir().unwrap();
    handed_over(dir.path()).await;
    std::fs::write(dir.path().join("empty.txt"), " \n").unwrap();
    for (args, code, expect) in [
        (vec!["assist", "c-2", "--store", "one"], 1, "no handoff of a conversation 'c-2'"),
        (vec!["assist", "c-1", "--store", "two"], 1, "no handoff of a conversation 'c-1'"),
        (vec!["assist", "c-1", "--store", "one", "--turn", "7"], 1, "of this conversation: 0"),
        (vec!["assist", "c-1", "--store", "one", "--sent", "none.txt"], 1, "none.txt: the reply cannot be read"),
        (vec!["assist", "c-1", "--store", "one", "--sent", "empty.txt"], 1, "nothing was recorded"),
        (vec!["assist", "--store", "one"], 2, "required"),
        (vec!["assist", "--feedback", "--store", "one"], 0, "nothing was recorded yet"),
    ] {
        let output = shopclerk(dir.path(), &args);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", err(&output));
        assert!(err(&output).contains(expect), "{args:?}: {}", err(&output));
    }
}
