//! Keeps the house: what lies at the top, who may depend on whom, how long a file may be.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, process::Command};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

/// Files that git knows or would take: build output and local data do not count.
fn files() -> Vec<PathBuf> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
        .current_dir(root())
        .output()
        .expect("git is there: the checkout came through it");
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let names = String::from_utf8(listed.stdout).expect("UTF-8 names");
    names.split('\0').filter(|n| !n.is_empty()).map(PathBuf::from).filter(|p| root().join(p).is_file()).collect()
}

#[test]
fn the_top_level_holds_what_the_readme_says() {
    let allowed: BTreeSet<&str> = [
        "Cargo.toml",
        "Cargo.lock",
        "Makefile",
        "README.md",
        "api",
        "docs",
        "engine",
        "eval",
        "ingest",
        "models",
        "tests",
        "rust-toolchain.toml",
        "rustfmt.toml",
        "deny.toml",
        "LICENSE-MIT",
        "LICENSE-APACHE",
    ]
    .into();
    for file in files() {
        let top = file.components().next().expect("a name").as_os_str().to_string_lossy().into_owned();
        assert!(top.starts_with('.') || allowed.contains(top.as_str()), "{top}: not a top-level name of this house");
    }
}

/// Our crates that a crate may use, and outside crates that it must not: what each first line of `lib.rs` promises.
const RULES: [(&str, &[&str], &[&str]); 6] = [
    ("engine", &[], &["axum", "candle-core", "sqlx", "qdrant-edge", "qdrant-client", "ureq", "walkdir"]),
    ("models", &["engine"], &["axum", "sqlx", "qdrant-edge", "qdrant-client"]),
    ("ingest", &["engine"], &["axum", "sqlx", "candle-core", "candle-nn", "candle-transformers", "tokenizers"]),
    ("eval", &["engine"], &["axum", "sqlx", "candle-core", "qdrant-edge", "qdrant-client", "ureq"]),
    ("api", &["engine", "ingest", "models", "eval"], &["candle-core", "qdrant-edge"]),
    ("tests", &["engine", "ingest", "models", "eval", "api"], &[]),
];

#[test]
fn dependencies_point_at_the_engine() {
    let ours: Vec<&str> = RULES.iter().map(|(name, _, _)| *name).collect();
    for (name, may, must_not) in RULES {
        let manifest = fs::read_to_string(root().join(name).join("Cargo.toml")).expect("a manifest");
        let manifest: toml::Table = manifest.parse().expect("TOML");
        let table = |key: &str| manifest.get(key).and_then(toml::Value::as_table).cloned().unwrap_or_default();
        assert!(!table("dependencies").is_empty(), "{name} has dependencies");
        for dependency in table("dependencies").keys() {
            let dependency = dependency.as_str();
            assert!(!ours.contains(&dependency) || may.contains(&dependency), "{name} must not depend on {dependency}");
            assert!(!must_not.contains(&dependency), "{name} must not depend on {dependency}: see its first line");
        }
    }
}

/// Longer files that were looked at and left so. This list may only shrink.
const LONG: [&str; 0] = [];

#[test]
fn files_stay_short_enough_to_read() {
    for file in files().iter().filter(|f| f.extension().is_some_and(|e| e == "rs")) {
        let lines = fs::read_to_string(root().join(file)).expect("UTF-8").lines().count();
        let name = file.to_string_lossy();
        let listed = LONG.contains(&name.as_ref());
        assert!(listed || lines <= 500, "{name} has {lines} lines: split it by what it holds");
        assert!(!listed || lines > 500, "{name} is short again: take it off the list");
    }
}

#[test]
fn modules_are_named_by_what_they_hold() {
    for file in files() {
        let stem = file.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        assert!(
            !["utils", "util", "common", "helpers", "helper", "misc"].contains(&stem.as_str()),
            "{}: name it by what it holds",
            file.display()
        );
    }
}
