//! The binary from outside, as far as it goes without weights.

use std::{
    path::Path,
    process::{Command, Output},
};

pub fn shopclerk(data: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shopclerk-tested"))
        .args(args)
        .current_dir(data)
        .env_clear()
        .env("HOME", data)
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .output()
        .expect("the binary runs")
}

pub fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn help_has_examples_and_exit_codes() {
    let dir = tempfile::tempdir().unwrap();
    let help = out(&shopclerk(dir.path(), &["--help"]));
    let commands = [
        "demo", "models", "sync", "ask", "serve", "keys", "index", "doctor", "eval", "store", "sandbox", "shopify",
        "actions", "answers", "assist",
    ];
    for command in commands {
        assert!(help.contains(&format!("  {command}")), "{command} is not in the help");
    }
    assert!(help.contains("Examples:") && help.contains("Exit codes:"), "{help}");
    assert_eq!(shopclerk(dir.path(), &["synk"]).status.code(), Some(2));
}

#[test]
fn a_key_is_shown_once_listed_and_revoked() {
    let dir = tempfile::tempdir().unwrap();
    let made = shopclerk(dir.path(), &["keys", "create", "--store", "mystore", "--role", "agent"]);
    assert!(made.status.success(), "{}", err(&made));
    let key = out(&made);
    assert!(key.starts_with("sk_") && key.trim().len() == 67, "only the key is on standard output: {key}");
    let listed = out(&shopclerk(dir.path(), &["keys", "list"]));
    assert!(listed.contains("mystore") && listed.contains("agent") && listed.contains("in force"), "{listed}");
    assert!(!listed.contains(key.trim()));
    let id = listed.split_whitespace().next().unwrap();
    assert!(shopclerk(dir.path(), &["keys", "revoke", id]).status.success());
    let again = shopclerk(dir.path(), &["keys", "revoke", id]);
    assert_eq!(again.status.code(), Some(1));
    assert!(err(&again).contains("keys list"), "{}", err(&again));
    assert!(out(&shopclerk(dir.path(), &["keys", "list"])).contains("revoked 20"));
    // Where no folder was named, data goes below the home.
    assert!(dir.path().join(".local/share/shopclerk/keys.sqlite").is_file());
}

#[test]
fn errors_say_what_is_wrong_and_the_way_out() {
    let dir = tempfile::tempdir().unwrap();
    let pages = dir.path().join("pages");
    std::fs::create_dir(&pages).unwrap();
    std::fs::write(pages.join("a.md"), "# A\n\nText.").unwrap();
    std::fs::write(dir.path().join("bad.toml"), "[http]\n\nbnid = 1\n").unwrap();
    let cases: [(&[&str], i32, &[&str]); 7] = [
        (
            &["ask", "--store", "s", "x"],
            1,
            &["error: minilm-l6 is not here", "shopclerk models pull minilm-l6", "sha256"],
        ),
        (&["sync", "--store", "s", "pages"], 1, &["error: minilm-l6 is not here"]),
        (&["sync", "--store", "Not A Store", "pages"], 2, &["is not a store name"]),
        (&["--config", "bad.toml", "doctor"], 1, &["error: bad.toml:3: http.bnid: unknown field"]),
        (&["--config", "none.toml", "doctor"], 1, &["error: none.toml: the file cannot be read", "because: "]),
        (&["models", "pull", "gpt"], 1, &["there is no model 'gpt'; there are: minilm-l6"]),
        (
            &["--offline", "models", "pull", "minilm-l6"],
            1,
            &["because of --offline", "put the file at", "sha256 must be 53aa"],
        ),
    ];
    for (args, code, expect) in cases {
        let output = shopclerk(dir.path(), args);
        let text = err(&output);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {text}");
        for part in expect {
            assert!(text.contains(part), "{args:?}: no '{part}' in: {text}");
        }
        assert!(!text.contains("panicked"), "{text}");
    }
}

#[test]
fn the_doctor_names_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let output = shopclerk(dir.path(), &["doctor"]);
    let text = out(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    for part in
        ["settings   right", "profile '", "minilm-l6 is not here", "shopclerk models pull minilm-l6", "none yet"]
    {
        assert!(text.contains(part), "no '{part}' in: {text}");
    }
}

#[test]
fn the_catalogue_is_listed() {
    let dir = tempfile::tempdir().unwrap();
    let listed = out(&shopclerk(dir.path(), &["models", "list"]));
    assert!(listed.lines().any(|line| line.starts_with("minilm-l6 ") && line.contains("Apache-2.0")), "{listed}");
    assert!(shopclerk(dir.path(), &["models", "verify"]).status.success());
}

#[test]
fn answers_are_kept_without_weights_and_errors_say_the_way_out() {
    let dir = tempfile::tempdir().unwrap();
    let answers = |args: &[&str]| shopclerk(dir.path(), &[&["answers"], args, &["--store", "s"]].concat());
    let none = answers(&["list"]);
    assert!(none.status.success() && err(&none).contains("shopclerk answers mine"), "{}", err(&none));
    assert_eq!(out(&answers(&["list", "--json"])).trim(), "[]");
    let unknown = answers(&["approve", "ans_1", "--by", "Mia"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(err(&unknown).contains("there is no answer 'ans_1'") && err(&unknown).contains("answers list"));
    let file = "[[answers]]\nquestions = [\"How long?\"]\ntext = \"30 days.\"\nrests_on = [\"pages/returns.md#0\"]\n\n\
                [[answers]]\nquestion = \"How long?\"\n";
    std::fs::write(dir.path().join("answers.toml"), file).unwrap();
    let imported = answers(&["import", "answers.toml"]);
    let text = err(&imported);
    assert_eq!(imported.status.code(), Some(3), "{text}");
    for part in ["answers.toml:1: the index holds no page or product 'pages/returns.md#0'", "answers.toml:6: "] {
        assert!(text.contains(part), "no '{part}' in: {text}");
    }
    assert!(out(&imported).contains("0 answers were taken"), "{}", out(&imported));
}
