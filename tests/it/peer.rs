//! `shopclerk eval … --endpoint`: a peer that speaks chat completions, with the faults that real ones have. No weights of
//! ours are needed.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing::post};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const KEY: &str = "sk-not-to-be-written";

/// What the peer was asked, and which messages it has been too busy for once.
#[derive(Default)]
struct Peer {
    asked: Mutex<Vec<Value>>,
    busy: Mutex<HashSet<String>>,
}

async fn complete(State(peer): State<Arc<Peer>>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    if headers.get("authorization").and_then(|value| value.to_str().ok()) != Some(&format!("Bearer {KEY}")) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let text =
        body["messages"].as_array().and_then(|all| all.last()?["content"].as_str()).unwrap_or_default().to_owned();
    peer.asked.lock().unwrap().push(body);
    let say = |content: &str| {
        let choice =
            json!({ "index": 0, "message": { "role": "assistant", "content": content }, "finish_reason": "stop" });
        let usage =
            json!({ "prompt_tokens": 50, "completion_tokens": 10, "prompt_tokens_details": { "cached_tokens": 40 } });
        Json(json!({ "object": "chat.completion", "choices": [choice], "usage": usage })).into_response()
    };
    match text.as_str() {
        t if t.contains("busy") && peer.busy.lock().unwrap().insert(text.clone()) => {
            (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "0.1")]).into_response()
        }
        t if t.contains("slow") => {
            tokio::time::sleep(Duration::from_secs(5)).await;
            say("too late")
        }
        t if t.contains("broken") => "{\"choices\": [{".into_response(),
        t if t.contains("too long") => (StatusCode::BAD_REQUEST, "the context is too long").into_response(),
        t if t.contains("cancel") => say(r#"{"action": "handoff", "reply": "A person will do it."}"#),
        t if t.contains("human") => say("Let me connect you with one of our agents."),
        t if t.contains("which") => say("Which of the two do you mean?"),
        _ => say(r#"{"action": "answer", "reply": "Within 30 days."}"#),
    }
}

/// The address of a peer that runs until the test ends.
async fn serve() -> (String, Arc<Peer>) {
    let peer = Arc::new(Peer::default());
    let router = Router::new().route("/v1/chat/completions", post(complete)).with_state(peer.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = format!("http://{}/v1", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (at, peer)
}

const DECISIONS: [(&str, &str, &str); 8] = [
    ("d1", "How long can I return it?", "answer"),
    ("d2", "Please cancel my order", "handoff"),
    ("d3", "I want a human", "handoff"),
    ("d4", "which one is warmer", "clarify"),
    ("d5", "Are you busy?", "answer"),
    ("d6", "Why so slow?", "answer"),
    ("d7", "It is broken", "answer"),
    ("d8", "This is too long", "answer"),
];

fn pack(dir: &Path) {
    let pack = dir.join("pack");
    fs::create_dir(&pack).unwrap();
    let line =
        |(id, text, action): &(&str, &str, &str)| json!({ "id": id, "text": text, "action": action }).to_string();
    fs::write(pack.join("decisions.jsonl"), DECISIONS.iter().map(line).collect::<Vec<_>>().join("\n") + "\n").unwrap();
    let replay = json!({ "id": "t1", "turns": [
        { "role": "customer", "text": "Hello" }, { "role": "agent", "text": "How can I help?" },
        { "role": "customer", "text": "How long can I return it?" }],
        "expected": [{ "turn": 2, "action": "answer", "must_include": ["30 days"] }] });
    fs::write(pack.join("replays.jsonl"), format!("{replay}\n")).unwrap();
}

async fn eval(dir: &Path, key: Option<&str>, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shopclerk-tested"));
    command.arg("eval").args(args).current_dir(dir).env_clear().env("HOME", dir);
    if let Some(key) = key {
        command.env("PEER_KEY", key);
    }
    tokio::task::spawn_blocking(move || command.output().expect("the binary runs")).await.unwrap()
}

fn last_line(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    let found = text.lines().last().and_then(|line| serde_json::from_str(line).ok());
    found.unwrap_or_else(|| panic!("{text}\n{}", String::from_utf8_lossy(&output.stderr)))
}

/// Every file below a folder.
fn files(dir: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_is_scored_with_its_faults_and_goes_on_where_it_was_cut() {
    let dir = tempfile::tempdir().unwrap();
    pack(dir.path());
    let (at, peer) = serve().await;
    let mut args = vec!["decisions", "--pack", "pack", "--endpoint", &at, "--endpoint-model", "peer-1"];
    args.extend(["--endpoint-key-env", "PEER_KEY", "--endpoint-timeout", "1", "--jobs", "4", "--seed", "7"]);
    args.extend(["--today", "2026-11-21", "--out", "out", "--json"]);
    let output = eval(dir.path(), Some(KEY), &args).await;
    let run = &last_line(&output)["runs"][0];
    assert_eq!((run["system"].as_str(), run["n"].as_u64()), (Some("peer-1"), Some(8)));
    for (metric, expected) in [
        // Too slow, no JSON, refused; busy was only busy once.
        ("failed", 3.0 / 8.0),
        ("accept_accuracy", 5.0 / 8.0),
        ("handoff_recall", 1.0),
        ("typed_handoff_recall", 0.5),
        ("handoff_only_said", 0.5),
        ("prompt_tokens", 50.0),
    ] {
        assert_eq!(run["metrics"][metric]["value"], expected, "{metric}: {run}");
    }
    let told = peer.asked.lock().unwrap()[0].clone();
    assert_eq!((&told["temperature"], &told["seed"], &told["model"]), (&json!(0), &json!(7), &json!("peer-1")));
    assert!(told["messages"][0]["content"].as_str().unwrap().contains("Today is 2026-11-21."), "{told}");

    let results = dir.path().join("out/pack.decisions.decisions.jsonl");
    let whole = fs::read(&results).unwrap();
    let failed: Vec<String> = String::from_utf8_lossy(&whole)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok()?["peer"]["failed"].as_str().map(str::to_owned))
        .collect();
    assert!(failed[0].contains("did not answer in time") && failed[1].contains("no chat completion"), "{failed:?}");
    assert!(failed[2].contains("the context is too long"), "{failed:?}");
    // Cut after the second line: the rest is asked again, and comes to the same.
    let cut: usize = whole.split_inclusive(|byte| *byte == b'\n').take(3).map(<[u8]>::len).sum();
    fs::write(&results, &whole[..cut + 10]).unwrap();
    assert!(eval(dir.path(), Some(KEY), &args).await.status.success());
    assert!(fs::read(&results).unwrap() == whole, "another run after the cut");
    for file in files(&dir.path().join("out")) {
        assert!(!String::from_utf8_lossy(&fs::read(&file).unwrap()).contains(KEY), "the key is in {}", file.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_is_told_with_its_history_and_a_prompt_of_ones_own() {
    let dir = tempfile::tempdir().unwrap();
    pack(dir.path());
    fs::write(dir.path().join("prompt.txt"), "You are the clerk of a tea shop.\n").unwrap();
    let (at, peer) = serve().await;
    let mut args = vec!["replay", "--pack", "pack", "--endpoint", &at, "--endpoint-key-env", "PEER_KEY", "--json"];
    args.extend(["--system-prompt", "prompt.txt"]);
    let run = &last_line(&eval(dir.path(), Some(KEY), &args).await)["runs"][0];
    assert_eq!(run["metrics"]["fact_recall"]["value"], 1.0, "{run}");
    let told = peer.asked.lock().unwrap()[0]["messages"].clone();
    let said: Vec<(&str, &str)> = told
        .as_array()
        .unwrap()
        .iter()
        .map(|m| (m["role"].as_str().unwrap(), m["content"].as_str().unwrap()))
        .collect();
    assert!(said[0].0 == "system" && said[0].1.starts_with("You are the clerk of a tea shop."), "{said:?}");
    assert_eq!(said[1..], [("user", "Hello"), ("assistant", "How can I help?"), ("user", "How long can I return it?")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_used_is_said_with_the_way_out() {
    let dir = tempfile::tempdir().unwrap();
    pack(dir.path());
    let (at, _) = serve().await;
    let nowhere = at.replace("/v1", "/v9");
    let cases: [(&str, Option<&str>, &str); 4] = [
        (&at, Some("wrong"), "refuses the key"),
        (&at, None, "the variable PEER_KEY is not set"),
        (&nowhere, Some(KEY), "the address should end in /v1"),
        ("peer.example", Some(KEY), "say a URL such as"),
    ];
    for (at, key, expected) in cases {
        let output =
            eval(dir.path(), key, &["decisions", "--pack", "pack", "--endpoint", at, "--endpoint-key-env", "PEER_KEY"])
                .await;
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.contains(expected), "no '{expected}' in: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_is_asked_in_other_words_too() {
    let dir = tempfile::tempdir().unwrap();
    pack(dir.path());
    let (at, _) = serve().await;
    let mut args =
        vec!["robustness", "--pack", "pack", "--file", "decisions", "--limit", "4", "--json", "--out", "out"];
    args.extend(["--change", "casing", "--change", "polite", "--change", "paraphrased", "--seeds", "2"]);
    args.extend(["--endpoint", &at, "--endpoint-key-env", "PEER_KEY", "--endpoint-timeout", "1"]);
    let output = eval(dir.path(), Some(KEY), &args).await;
    let found = last_line(&output);
    let changed = found["changed"].as_array().unwrap();
    let kinds: Vec<&str> = changed.iter().map(|row| row["change"].as_str().unwrap()).collect();
    // There are no paraphrases to ask in.
    assert!(kinds.contains(&"polite") && !kinds.contains(&"paraphrased"), "{found}");
    let polite = changed.iter().find(|row| row["change"] == "polite").unwrap();
    assert_eq!((&polite["seeds"], &polite["n"]), (&json!(2), &json!(4)));
    assert_eq!(polite["pass"].as_array().map(Vec::len), Some(2));
    // Each change is a folder of results of its own.
    let output = eval(dir.path(), None, &["compare", "out", "out/changed/polite-1"]).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(eval(dir.path(), None, &["report", "out/changed/polite-1"]).await.status.success());
    // A page of everything.
    let output = eval(dir.path(), None, &["report", "out", "--html", "page.html"]).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(fs::read_to_string(dir.path().join("page.html")).unwrap().contains("In other words"));
}

#[tokio::test]
async fn how_many_conversations_are_needed() {
    let dir = tempfile::tempdir().unwrap();
    let output =
        eval(dir.path(), None, &["sample-size", "--p", "0.9", "--difference", "0.02", "--discordant", "0.1", "--json"])
            .await;
    let found = last_line(&output);
    assert_eq!((&found["independent"], &found["paired"][0]["n"]), (&json!(3213.0), &json!(1960.0)));
    assert_eq!(
        eval(dir.path(), None, &["sample-size", "--difference", "0.2", "--discordant", "0.1"]).await.status.code(),
        Some(1)
    );
}
