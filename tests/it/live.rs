//! `shopclerk eval live` from outside, on a few orders of the sample store: the program, the client, the sandbox.

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

/// The command with its last line, as JSON.
fn eval_live(data: &Path, args: &[&str]) -> (Output, Value) {
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/../api/demo/shop");
    let output = Command::new(env!("CARGO_BIN_EXE_shopclerk-tested"))
        .args(["eval", "live", "--store", "demo", "--json", "--fixture", fixture])
        .args(args)
        .current_dir(data)
        .env_clear()
        .env("HOME", data)
        .output()
        .expect("the binary runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let report = text.lines().last().and_then(|line| serde_json::from_str(line).ok());
    let report = report.unwrap_or_else(|| panic!("{text}\n{}", String::from_utf8_lossy(&output.stderr)));
    (output, report)
}

/// A metric that is zero, and of how many.
#[track_caller]
fn is_zero(report: &Value, run: usize, metric: &str) -> u64 {
    let run = &report["runs"][run];
    assert_eq!(run["metrics"][metric]["value"], 0.0, "{metric}: {run}");
    run["n"].as_u64().expect("a number of tries")
}

#[test]
fn no_live_value_is_wrong_missing_or_shown_to_others() {
    let dir = tempfile::tempdir().expect("a folder");
    let (output, report) = eval_live(dir.path(), &["--limit", "20", "--hostile", "30", "--faults", "0", "--seed", "4"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    for metric in ["wrong", "missing", "forbidden"] {
        assert_eq!(is_zero(&report, 0, metric), 20 * 8 * 4);
    }
    assert!(report["runs"][0]["metrics"]["answered"]["value"].as_f64() > Some(0.3), "{report}");
    for metric in ["disclosed", "told_apart"] {
        assert_eq!(is_zero(&report, 1, metric), 30);
    }
}

#[test]
fn a_failing_shop_makes_no_wrong_statement_and_no_long_wait() {
    let dir = tempfile::tempdir().expect("a folder");
    let (output, report) = eval_live(dir.path(), &["--limit", "3", "--hostile", "0", "--faults", "0.5"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    for metric in ["wrong", "forbidden", "late"] {
        assert_eq!(is_zero(&report, 1, metric), 3 * 8 * 4);
    }
    assert!(report["runs"][1]["metrics"]["complete"]["value"].as_f64() < Some(1.0), "nothing failed: {report}");
}

/// The days of the engine are those of another zone than the shop's: what is measured here must notice.
#[test]
fn wrong_days_are_noticed() {
    let dir = tempfile::tempdir().expect("a folder");
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/../api/demo/store.toml");
    let settings = std::fs::read_to_string(demo).expect("the sample settings");
    let moved = settings.replace("America/Chicago", "Asia/Tokyo");
    assert_ne!(settings, moved);
    let file = dir.path().join("data/stores/demo/store.toml");
    std::fs::create_dir_all(file.parent().expect("a folder")).expect("the folder is made");
    std::fs::write(&file, moved).expect("the settings are written");
    let data = dir.path().join("data");
    let args = ["--limit", "10", "--hostile", "0", "--faults", "0", "--data", data.to_str().expect("UTF-8")];
    let (output, report) = eval_live(dir.path(), &args);
    assert_eq!(output.status.code(), Some(1));
    let metrics = &report["runs"][0]["metrics"];
    assert!(metrics["wrong"]["value"].as_f64() > Some(0.01), "{report}");
    assert!(metrics["missing"]["value"].as_f64() > Some(0.01), "{report}");
}
