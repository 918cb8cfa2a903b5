//! What a person does with answers, over a real index and desk.

use super::{
    Shelf,
    args::{EditArgs, StateName},
    change, files,
};
use crate::{
    approved::recheck::recheck,
    commands::Exit,
    config,
    machine::Machine,
    wiring::{House, HouseClock, Places},
};
use engine::{
    SourceKind, StoreId,
    approved::{AnswerId, ApprovedAnswer, Limits, RestsOn, State},
    evidence::DocId,
    fakes::BagEmbedder,
};
use ingest::{
    document::{Block, Document},
    source::Tally,
    sync::{Silent, SyncOptions, sync},
};
use std::{collections::HashSet, path::Path, sync::Arc};

fn house(dir: &Path) -> House {
    let places = Places { data: dir.to_owned(), models: dir.join("models") };
    House { config: config::shipped().unwrap(), places, machine: Machine::look(), clock: HouseClock::default() }
}

/// The index holds one page that says so.
async fn page(shelf: &Shelf<'_>, says: &str) {
    let embedder = Arc::new(BagEmbedder::new("bag", 64));
    let (mut target, _lock) = shelf.house.sync_target(&shelf.pass, embedder, false).await.unwrap();
    let mut page = Document::new("pages/returns.md", SourceKind::Policy, "Returns");
    page.blocks = vec![Block::Paragraph(says.to_owned())];
    let source = move |sink: &mut dyn FnMut(_)| {
        sink(Ok(page));
        Tally::default()
    };
    sync(&mut target, source, &SyncOptions::default(), &Silent).await.unwrap();
}

async fn passages(shelf: &Shelf<'_>) -> Vec<RestsOn> {
    shelf.passages(&HashSet::from([DocId("pages/returns.md".into())])).await.unwrap()
}

async fn draft(shelf: &Shelf<'_>, text: &str) -> AnswerId {
    let answer = ApprovedAnswer {
        id: AnswerId("ans_1".into()),
        questions: vec!["How long do I have?".into()],
        text: text.into(),
        rests_on: passages(shelf).await,
        state: State::Draft,
        limits: Limits::default(),
        approved_by: None,
        approved_at: None,
        version: 1,
        asked: 4,
    };
    let line = super::line("mining", "drafted", &answer.id, "");
    assert!(shelf.desks.add_answer(shelf.agent().unwrap(), &answer, &line).await.unwrap());
    answer.id
}

fn edit_to(dir: &Path, id: &AnswerId, text: &str, anyway: Option<&str>) -> EditArgs {
    let file = dir.join("text.txt");
    std::fs::write(&file, text).unwrap();
    EditArgs {
        id: id.0.clone(),
        store: "mystore".parse().unwrap(),
        text: Some(file),
        question: Vec::new(),
        rests_on: Vec::new(),
        anyway: anyway.map(str::to_owned),
        by: Some("Mia".into()),
    }
}

#[tokio::test]
async fn what_no_passage_says_is_kept_only_by_somebody_who_takes_it_on() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path());
    let store: StoreId = "mystore".parse().unwrap();
    let shelf = Shelf::of(&house, &store);
    page(&shelf, "You can return an item within 30 days of delivery.").await;
    let id = draft(&shelf, "You have 30 days to return an item.").await;
    let approve = |anyway: Option<&str>| {
        let (shelf, id, anyway) = (&shelf, id.0.clone(), anyway.map(str::to_owned));
        async move { change::approve(shelf, vec![id], Some("Mia".into()), anyway).await }
    };
    assert_eq!(approve(None).await.unwrap(), Exit::Done);
    let approved = shelf.find(&id).await.unwrap();
    assert_eq!((approved.state, approved.approved_by.as_deref()), (State::Approved, Some("Mia")));

    // A value that stands nowhere is named, and nothing is written.
    let wrong = edit_to(dir.path(), &id, "You have 45 days to return an item.", None);
    let error = change::edit(&shelf, &wrong).await.unwrap_err().to_string();
    assert!(error.contains("You have 45 days") && error.contains("'45 days'") && error.contains("--anyway"), "{error}");
    assert_eq!(shelf.find(&id).await.unwrap().state, State::Approved);
    let error = edit_to(dir.path(), &id, "See {order.total}.", Some("I know"));
    let error = change::edit(&shelf, &error).await.unwrap_err().to_string();
    assert!(error.contains("'{order.total}' is no placeholder"), "no reason helps here: {error}");

    // Taken on, it waits for approval, and the reason stands in the audit.
    let taken = edit_to(dir.path(), &id, "You have 45 days to return an item.", Some("our lawyer said so"));
    change::edit(&shelf, &taken).await.unwrap();
    assert_eq!(shelf.find(&id).await.unwrap().state, State::Draft);
    assert!(approve(None).await.is_err(), "whoever approves it takes it on too");
    approve(Some("our lawyer said so")).await.unwrap();
    let audit = shelf.desks.audit_of(shelf.agent().unwrap(), None).await.unwrap();
    let whats: Vec<&str> = audit.iter().map(|l| l.what.as_str()).collect();
    assert_eq!(whats, ["drafted", "approved", "edited", "approved"]);
    assert!(audit[3].detail.contains("our lawyer said so") && audit[3].who == "Mia", "{:?}", audit[3]);
    change::reject(&shelf, &id, "too generous".into(), Some("Mia".into())).await.unwrap();
    assert_eq!(shelf.all(Some(StateName::Rejected)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn in_review_an_answer_is_checked_against_the_page_as_it_is_now() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path());
    let store: StoreId = "mystore".parse().unwrap();
    let shelf = Shelf::of(&house, &store);
    page(&shelf, "You can return an item within 30 days of delivery.").await;
    let id = draft(&shelf, "You have 30 days to return an item.").await;
    let approve = || change::approve(&shelf, vec![id.0.clone()], Some("Mia".into()), None);
    approve().await.unwrap();
    page(&shelf, "You can return an item within 14 days of delivery.").await;
    let place = house.place(&shelf.pass).unwrap();
    assert_eq!(recheck(&shelf.desks, &place, &shelf.pass).await.unwrap().len(), 1);
    let error = approve().await.unwrap_err().to_string();
    assert!(error.contains("'30 days'"), "the old words do not stand in the new page: {error}");
    let edited = edit_to(dir.path(), &id, "You have 14 days to return an item.", None);
    change::edit(&shelf, &edited).await.unwrap();
    approve().await.unwrap();
    let approved = shelf.find(&id).await.unwrap();
    assert_eq!((approved.state, approved.rests_on), (State::Approved, passages(&shelf).await));
    assert_eq!(recheck(&shelf.desks, &place, &shelf.pass).await.unwrap(), []);
}

#[tokio::test]
async fn an_imported_answer_waits_and_the_same_again_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path());
    let store: StoreId = "mystore".parse().unwrap();
    let shelf = Shelf::of(&house, &store);
    page(&shelf, "You can return an item within 30 days of delivery.").await;
    let passage = passages(&shelf).await[0].passage.clone();
    let file = dir.path().join("answers.toml");
    let text = format!(
        "[[answers]]\nid = \"ans_own\"\nquestions = [\"How long?\"]\ntext = \"30 days.\"\nrests_on = [\"{passage}\"]\n\
         [answers.limits]\ncountries = [\"CA\"]\n\n[[answers]]\nquestions = [\"Why?\"]\ntext = \"Because of {{x}}.\"\n\
         rests_on = [\"{passage}\"]\n"
    );
    std::fs::write(&file, text).unwrap();
    let import = || files::import(&shelf, &file, Some("Mia".into()));
    assert_eq!(import().await.unwrap(), Exit::SomeFailed, "the second has a placeholder that there is not");
    let all = shelf.all(None).await.unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!((all[0].state.clone(), all[0].limits.countries.clone()), (State::Draft, vec!["CA".to_owned()]));
    change::approve(&shelf, vec!["ans_own".into()], Some("Mia".into()), None).await.unwrap();
    import().await.unwrap();
    assert_eq!(shelf.all(None).await.unwrap()[0].state, State::Approved, "the same words leave it in force");
}
