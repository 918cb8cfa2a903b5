//! What would change, tried on the sample store: its pages in a real index, its orders in the sandbox, its rules; only
//! the embedder is a fake one.

use api::{
    counterfactual::{Asking, Base, Changes, CounterfactualError, ask, past_questions},
    machine::Machine,
    store,
    wiring::{House, HouseClock, LoadedModels, Places},
};
use engine::{HandoffCase, HandoffReason, StoreId, StorePass, Turn, fakes::BagEmbedder, ports::Handoffs};
use eval::{
    counterfactual::{Asked, How, WhatIf, file, html},
    progress,
    statistics::Bootstrap,
};
use ingest::{
    source::ReadOptions,
    sync::{self, SyncOptions, sync_paths},
};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};
use tests::app::pass;

/// A store that was synced from the sample store's pages and conversations.
struct Sample {
    dir: tempfile::TempDir,
    house: House,
    models: LoadedModels,
    pass: StorePass,
}

fn demo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../api/demo").canonicalize().expect("the sample store")
}

impl Sample {
    async fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let data = dir.path().join("data");
        let config = api::config::shipped().expect("the shipped settings");
        let places = Places { data, models: dir.path().join("models") };
        let house = House { config, places, machine: Machine::look(), clock: HouseClock::default() };
        let models = LoadedModels {
            embedder: Arc::new(BagEmbedder::new("bag", 128)),
            reranker: None,
            generator: None,
            intents: None,
        };
        let sample = Self { dir, house, models, pass: pass("demo") };
        sample.install(|settings| settings);
        let (mut target, _lock) =
            sample.house.sync_target(&sample.pass, sample.models.embedder.clone(), false).await.expect("an index");
        let sources = [demo().join("pages"), demo().join("conversations")];
        let options = SyncOptions { chunks: sample.house.chunks(), ..SyncOptions::default() };
        let report = sync_paths(&mut target, &sources, &ReadOptions::default(), &options, &sync::Silent).await;
        let report = report.expect("synced");
        assert!(report.failed.is_empty() && report.new > 20, "{report:?}");
        sample
    }

    fn store(&self) -> &StoreId {
        self.pass.store()
    }

    fn data(&self) -> &Path {
        &self.house.places.data
    }

    /// The sample store's settings over its own orders, changed.
    fn settings(&self, change: impl FnOnce(String) -> String) -> PathBuf {
        let text = fs::read_to_string(demo().join("store.toml")).expect("the sample settings");
        let sandbox = format!("\n[shopify]\nshop = \"fjellvik.myshopify.com\"\nsandbox = {:?}\n", demo().join("shop"));
        let text = change(text) + &sandbox;
        let path = self.dir.path().join("changed.toml");
        fs::write(&path, text).expect("written");
        path
    }

    fn install(&self, change: impl FnOnce(String) -> String) {
        let file = self.settings(change);
        store::install(self.data(), self.store(), &file).unwrap_or_else(|error| panic!("{error}"));
    }

    /// A file of questions.
    fn questions(&self, lines: &str) -> Asked {
        let path = self.dir.path().join("questions.jsonl");
        fs::write(&path, lines).expect("written");
        file("demo", &path, true).unwrap_or_else(|error| panic!("{error}"))
    }

    /// A page of the sample store, changed, under its own name.
    fn page(&self, name: &str, change: impl FnOnce(String) -> String) -> String {
        let text = change(fs::read_to_string(demo().join("pages").join(name)).expect("a page"));
        let path = self.dir.path().join(name);
        fs::write(&path, text).expect("written");
        path.display().to_string()
    }

    async fn ask(&self, changes: &[&str], remove: &[&str], asked: &[Asked]) -> Result<WhatIf, CounterfactualError> {
        let base = Base::of_store(&self.house, &self.models, self.store(), false)?;
        let changes = Changes {
            files: changes.iter().map(|change| change.parse().expect("a file")).collect(),
            remove: remove.iter().map(|name| (*name).to_owned()).collect(),
        };
        let asking = Asking { today: "2026-11-21".parse().expect("a day"), jobs: 2 };
        let silent = (&sync::Silent as _, &progress::Silent as _);
        let (mut what_if, puts) = ask(&self.house, &self.models, &base, &changes, asked, asking, silent).await?;
        let judged: Vec<_> = asked.iter().zip(&puts).map(|(asked, puts)| (asked, puts.as_slice())).collect();
        let out = tempfile::tempdir().expect("a folder");
        what_if.judge(&judged, "test", out.path(), Bootstrap { resamples: 100, seed: 1 }).expect("judged");
        Ok(what_if)
    }

    /// Every file of the live store, with its bytes.
    fn live_files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.data().join("stores")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).expect("a folder").flatten() {
                let path = entry.path();
                // Readers come and go in `views`, and leave nothing behind that counts.
                if path.is_dir() && !path.ends_with("views") {
                    folders.push(path);
                } else if path.is_file() {
                    files.insert(path.clone(), fs::read(&path).expect("a file"));
                }
            }
        }
        files
    }
}

/// What became of a question; `None` where nothing did.
fn how(what_if: &WhatIf, id: &str) -> Option<How> {
    what_if.replies.iter().find(|changed| changed.id == id).map(|changed| changed.how)
}

const ASKED: &str = r#"
{"id":"window","text":"How long do I have to return an item?"}
{"id":"fuel","text":"How long does standard shipping to Canada take?"}
{"id":"person","text":"I want to talk to a person"}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn another_page_flips_the_answers_that_rest_on_it_and_no_other() {
    let sample = Sample::new().await;
    let before = sample.live_files();
    let page = sample.page("returns.md", |text| text.replace("30 days", "14 days").replace("day 30", "day 14"));
    let what_if = sample.ask(&[&page], &[], &[sample.questions(ASKED)]).await.expect("asked");
    assert_eq!(what_if.changes[0].replaces.as_deref(), Some("returns.md"));
    assert_eq!((what_if.asked, how(&what_if, "fuel"), how(&what_if, "person")), (3, None, None), "{}", what_if.text());
    let changed = what_if.replies.iter().find(|changed| changed.id == "window");
    let changed = changed.unwrap_or_else(|| panic!("{}", what_if.text()));
    assert_eq!(changed.how, How::OtherFacts, "{}", what_if.text());
    assert!(changed.gone.iter().any(|value| value == "30 days"), "{changed:?}");
    assert!(changed.new.iter().any(|value| value == "14 days"), "{changed:?}");
    // Each side names the page that it rests on, and its words.
    let says = |side: &eval::counterfactual::Side, words: &str| {
        let mut changed = side.sentences.iter().filter(|sentence| sentence.changed);
        changed.any(|s| s.rests_on.iter().any(|r| r.doc == "returns.md" && r.quote.contains(words)))
    };
    assert!(says(&changed.before, "30 days") && says(&changed.after, "14 days"), "{changed:?}");
    assert!(html(&what_if).contains("14 days"));
    // What is live is as it was, and the copy is gone.
    assert_eq!(sample.live_files(), before);
    assert!(!sample.data().join("eval/counterfactual/stores/demo").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_goes_takes_its_answers_along_and_labels_judge_it() {
    let sample = Sample::new().await;
    let labelled = sample.questions(
        r#"{"id":"trail","text":"What does the Trail Club membership cost a year?","action":"answer","must_include":[["$29","29.00","39"]]}
{"id":"person","text":"I want to talk to a person","action":"handoff"}
"#,
    );
    let what_if = sample.ask(&[], &["trail-club.md"], &[labelled]).await.expect("asked");
    assert_eq!(how(&what_if, "person"), None);
    assert!(how(&what_if, "trail").is_some(), "{}", what_if.text());
    let labels = what_if.labels.expect("labels were there");
    assert_eq!(labels.n, 2);
    assert!(labels.comparison.rows.iter().any(|row| row.metric == "accuracy" || row.metric == "right"));
    let error = sample.ask(&[], &["trailclub.md"], &[sample.questions(ASKED)]).await.expect_err("no such page");
    assert!(error.to_string().contains("did you mean trail-club.md"), "{error}");
    assert!(matches!(sample.ask(&[], &[], &[]).await, Err(CounterfactualError::Nothing)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_page_is_said_to_be_new_and_answers_what_nothing_did() {
    let sample = Sample::new().await;
    let path = sample.dir.path().join("price-match.md");
    let text = "# Price matching\n\nWe match the price of other outdoor shops within 21 days of your order.\n";
    fs::write(&path, text).expect("written");
    let asked = sample.questions(r#"{"id":"match","text":"Do you match the price of other outdoor shops?"}"#);
    let path = path.display().to_string();
    let what_if = sample.ask(&[&path], &[], std::slice::from_ref(&asked)).await.expect("asked");
    assert_eq!(what_if.changes[0].replaces, None);
    assert_eq!(how(&what_if, "match"), Some(How::NowAnswered), "{}", what_if.text());
    // The same text in the place of a page that is named.
    let named = format!("contact.md={path}");
    let what_if = sample.ask(&[&named], &[], &[asked]).await.expect("asked");
    assert_eq!(what_if.changes[0].replaces.as_deref(), Some("contact.md"));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_rule_changes_what_is_said_about_an_order() {
    let sample = Sample::new().await;
    let asked = sample.questions(
        r#"{"id":"own","text":"Can I still return the jacket from FV11150?","email":"ingeborg.lindqvist@post.example"}
{"id":"page","text":"How long does standard shipping to Canada take?"}
"#,
    );
    let changed = sample.settings(|settings| settings.replace("2027-01-31", "2026-12-15"));
    let changed = changed.display().to_string();
    let what_if = sample.ask(&[&changed], &[], &[asked]).await.expect("asked");
    assert_eq!(what_if.changes[0].what, "rules");
    assert_eq!(how(&what_if, "page"), None, "{}", what_if.text());
    let own = what_if.replies.iter().find(|changed| changed.id == "own");
    let own = own.unwrap_or_else(|| panic!("{}", what_if.text()));
    assert_eq!(own.how, How::OtherFacts, "{own:?}");
    assert!(own.gone.iter().any(|value| value.contains("January 31")), "{own:?}");
    assert!(own.new.iter().any(|value| value.contains("December 15")), "{own:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_store_was_asked_before_is_what_is_asked() {
    let sample = Sample::new().await;
    let turn = Turn::single("c", "How long do I have to return an item?");
    let case = HandoffCase {
        conversation: turn.conversation,
        turn: 0,
        reason: HandoffReason::NoEvidence,
        evidence: String::new(),
        question: turn.text.clone(),
        looked_at: Vec::new(),
        draft: None,
        tier: None,
        action: None,
        package: None,
    };
    sample.house.desks().open(&sample.pass, &case).await.expect("opened");
    let base = Base::of_store(&sample.house, &sample.models, sample.store(), false).expect("a base");
    let asked = past_questions(&sample.house, &base).await.expect("read");
    let files: Vec<&str> = asked.iter().map(|asked| asked.file.as_str()).collect();
    assert_eq!(files, ["handoffs", "conversations"]);
    assert_eq!(asked[0].units[0].turn.text, turn.text);
    // A conversation does not answer its own question.
    assert!(asked[1].units.len() > 5 && asked[1].units.iter().all(|unit| unit.without.len() == 1));
    let page = sample.page("returns.md", |text| text.replace("30 days", "14 days").replace("day 30", "day 14"));
    let what_if = sample.ask(&[&page], &[], &asked).await.expect("asked");
    assert!(what_if.asked > what_if.touched, "{} of {}", what_if.touched, what_if.asked);
    assert_eq!(how(&what_if, &asked[0].units[0].question.id), Some(How::OtherFacts), "{}", what_if.text());
}
