//! Labelling through its lines of input, its sheets and its files.

use super::*;
use crate::statistics::Bootstrap;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::fs;

const FILE: &str = r#"{"id":"a","note":"kept","turns":[{"role":"customer","text":"How long?"},{"role":"agent","text":"5 days."},{"role":"customer","text":"Cancel\u001b[2J it."},{"role":"agent","text":"Done."}],"expected":[{"turn":0,"need":"info","action":"answer","accept":["answer"],"must_include":["5 days"],"must_not_include":[],"reference":"5 days.","suggested":true,"why":"the agent answered"},{"turn":2,"action":"handoff","accept":["handoff"],"must_include":[],"must_not_include":[],"reference":"Done.","suggested":true,"why":"the agent did it"}]}
{"id":"b","turns":[{"role":"customer","text":"=Red; or blue|green?"},{"role":"agent","text":"Red."}],"expected":[{"turn":0,"action":"clarify","must_include":["a;b",["c","d"]]}]}
"#;

fn now() -> Timestamp {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

fn signature() -> Signature {
    Signature { by: "nora".into(), at: now() }
}

struct Bench {
    dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("t.jsonl"), FILE).unwrap();
        Self { dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn open(&self) -> LabelFile {
        LabelFile::open(&self.path("t.jsonl")).unwrap()
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path("t.jsonl")).unwrap()
    }

    fn label(&self, record: usize, label: usize) -> Value {
        let line = self.text().lines().nth(record).unwrap().to_owned();
        serde_json::from_str::<Value>(&line).unwrap()["expected"][label].clone()
    }

    /// What a session says to these lines of input.
    fn session(&self, only: Only, input: &str) -> (String, Ended) {
        let mut file = self.open();
        let queue = file.items(only);
        let mut out = Vec::new();
        let ended = Session::new(&mut file, queue, "nora".into(), now).run(&mut input.as_bytes(), &mut out).unwrap();
        (String::from_utf8(out).unwrap(), ended)
    }
}

#[test]
fn accepting_and_changing_are_written_with_name_and_time() {
    let bench = Bench::new();
    let (out, ended) = bench.session(Only::Suggested, "a\nc\nanswer\nclarify, handoff\nno; never|not at all\n-\nq\n");
    assert!(out.contains("[1 of 2; 1 of 3 labels confirmed]"), "{out}");
    assert!(out.contains("> customer: How long?") && out.contains("a person replied:"), "{out}");
    assert!(out.contains("suggested: answer") && out.contains("because the agent answered"), "{out}");
    assert!(!out.contains('\u{1b}'), "a customer's words must not reach the terminal's controls");
    assert_eq!(ended, Ended { decided: 2, left: 0 });
    let accepted = bench.label(0, 0);
    assert_eq!((&accepted["action"], &accepted["must_include"]), (&json!("answer"), &json!(["5 days"])));
    assert_eq!(
        (&accepted["suggested"], &accepted["labelled_by"], &accepted["labelled_at"]),
        (&json!(false), &json!("nora"), &json!("2026-11-21T10:00:00Z"))
    );
    let changed = bench.label(0, 1);
    assert_eq!(changed["accept"], json!(["answer", "clarify", "handoff"]));
    assert_eq!(changed["must_include"], json!(["no", ["never", "not at all"]]));
    assert_eq!(changed["suggested_action"], "handoff");
    assert!(bench.text().contains(r#""note":"kept""#));
    assert_eq!(bench.text().lines().nth(1), FILE.lines().nth(1));
}

#[test]
fn undo_goes_back_over_several_steps() {
    let bench = Bench::new();
    let (out, ended) = bench.session(Only::Everything, "a\ns\nn\nu\nu\nu\nu\n");
    assert_eq!(out.matches("nothing to undo").count(), 1, "{out}");
    assert_eq!(ended, Ended { decided: 0, left: 2 });
    assert_eq!(bench.text(), FILE);
}

#[test]
fn an_input_that_ends_loses_no_decision_and_makes_none() {
    let bench = Bench::new();
    let (_, ended) = bench.session(Only::Suggested, "a\nc\nanswer\n");
    assert_eq!(ended, Ended { decided: 1, left: 1 });
    assert_eq!(bench.label(0, 1)["suggested"], true);
    // What is left is what comes next time.
    let (out, ended) = bench.session(Only::Suggested, "c\nshrug\nha\n\n!\n\n\n");
    assert!(out.contains("'shrug' was not understood") && out.contains("'!' was not understood"), "{out}");
    assert_eq!(ended, Ended { decided: 1, left: 0 });
}

#[test]
fn a_file_that_another_has_changed_is_not_written_over() {
    let bench = Bench::new();
    let mut file = bench.open();
    let changed = FILE.replace("kept", "mended");
    fs::write(bench.path("t.jsonl"), &changed).unwrap();
    let item = file.items(Only::Suggested)[0];
    let error = file.decide(item, &Decision::Accept, &signature()).unwrap_err().to_string();
    assert!(error.contains("has changed since it was opened"), "{error}");
    assert_eq!(bench.text(), changed);
    assert_eq!(file.label(item)["suggested"], true);
}

#[test]
fn a_sheet_goes_out_and_comes_back() {
    let bench = Bench::new();
    let sheet = bench.path("labels.csv");
    assert_eq!(export(&bench.open(), Only::Everything, &sheet).unwrap(), 3);
    let text = fs::read_to_string(&sheet).unwrap();
    assert!(text.starts_with("id,turn,decision,action,accept,must_include,"), "{text}");
    assert!(text.contains("'=Red; or blue|green?"), "{text}");
    // Unchanged, it changes nothing.
    let applied = apply(&mut bench.open(), &sheet, &signature()).unwrap();
    assert_eq!(applied, Applied { applied: 0, undecided: 2, failures: Vec::new() });
    assert_eq!(bench.text(), FILE);
    let mended = text
        .replace("a,0,,answer,answer,5 days", "a,0,ok,answer,answer,5 days; free")
        .replace("a,2,,handoff,handoff", "a,2,ok,clarify,handoff")
        + "z,0,ok,answer,,,,,,,\na,0,perhaps,,,,,,,,\na,0,ok,dance,,,,,,,\n";
    fs::write(&sheet, mended).unwrap();
    let applied = apply(&mut bench.open(), &sheet, &signature()).unwrap();
    assert_eq!((applied.applied, applied.undecided), (2, 0));
    let reasons: Vec<String> = applied.failures.iter().map(|f| format!("{}: {}", f.line, f.reason)).collect();
    assert!(reasons[0].starts_with("5: no label of 'z' is for turn 0"), "{reasons:?}");
    assert!(
        reasons[1].contains("'decision' is 'perhaps'") && reasons[2].contains("'dance' is no action"),
        "{reasons:?}"
    );
    assert_eq!(bench.label(0, 0)["must_include"], json!(["5 days", "free"]));
    assert_eq!(bench.label(0, 1)["accept"], json!(["clarify"]));
    assert_eq!(bench.label(1, 0)["must_include"], json!(["a;b", ["c", "d"]]));
}

#[test]
fn lines_of_json_are_decisions_by_being_there() {
    let bench = Bench::new();
    let lines = bench.path("labels.jsonl");
    let text = "{\"id\":\"a\",\"turn\":0,\"labelled_by\":\"owen\"}\n{\"id\":\"a\",\"turn\":2,\"action\":\"answer\",\"must_include\":[\"!\"]}\n{\"id\":\"a\"}\n[]\n";
    fs::write(&lines, text).unwrap();
    let applied = apply(&mut bench.open(), &lines, &signature()).unwrap();
    assert_eq!((applied.applied, applied.failures.len()), (1, 3), "{applied:?}");
    assert_eq!((&bench.label(0, 0)["labelled_by"], &bench.label(0, 0)["accept"]), (&json!("owen"), &json!(["answer"])));
}

#[test]
fn two_labellers_are_compared_on_what_both_have_confirmed() {
    let (a, b) = (Bench::new(), Bench::new());
    a.session(Only::Suggested, "a\na\n");
    b.session(Only::Suggested, "a\nc\nanswer\n\n\n\n");
    let found = agreement(&a.open(), &b.open(), Bootstrap { resamples: 200, seed: 1 }).unwrap();
    assert_eq!((found.n, found.conversations), (3, 2));
    assert!((found.agreed.value - 2.0 / 3.0).abs() < 1e-12);
    // Chance: answer 1/3 · 2/3, clarify 1/3 · 1/3, handoff 0.
    assert!((found.kappa.unwrap().value - 0.5).abs() < 1e-12, "{:?}", found.kappa);
    assert_eq!(found.disagreements.len(), 1);
    assert_eq!((found.disagreements[0].id.as_str(), found.disagreements[0].turn), ("a", 2));
    let nothing = Bench::new();
    fs::write(nothing.path("t.jsonl"), FILE.lines().next().unwrap().to_owned() + "\n").unwrap();
    let error = agreement(&a.open(), &nothing.open(), Bootstrap { resamples: 9, seed: 1 }).unwrap_err();
    assert!(error.to_string().contains("no confirmed label of the same turn"), "{error}");
}
