//! The titles of products as the engine gets them: from the index, once, and again after a sync.

use api::{
    machine::Machine,
    wiring::{House, HouseClock, Places},
};
use engine::{DocId, SourceKind, StorePass, ports::Catalogue};
use ingest::{
    document::{Block, Document},
    source::{Failure, Tally},
    sync::{Silent, SyncOptions, sync},
};
use std::{sync::Arc, time::Duration};
use tests::{app::pass, fake_embedder::FakeEmbedder};

fn document(id: &str, kind: SourceKind, title: &str) -> Document {
    Document {
        id: DocId(id.into()),
        file: "all.jsonl".into(),
        kind,
        title: title.into(),
        url: None,
        owner: None,
        tags: Vec::new(),
        valid_from: None,
        valid_to: None,
        blocks: vec![Block::Paragraph(format!("What there is to say of {title}."))],
    }
}

async fn synced(house: &House, pass: &StorePass, documents: Vec<Document>) {
    let embedder = Arc::new(FakeEmbedder::new("fake@1", 32));
    let (mut target, _lock) = house.sync_target(pass, embedder, false).await.expect("an index");
    let source = move |sink: &mut dyn FnMut(Result<Document, Failure>)| {
        documents.into_iter().for_each(|document| sink(Ok(document)));
        Tally::default()
    };
    sync(&mut target, source, &SyncOptions::default(), &Silent).await.expect("it syncs");
}

async fn named(catalogue: &dyn Catalogue, pass: &StorePass, text: &str) -> Vec<String> {
    catalogue.titles(pass).await.find(text, &|_| false).into_iter().map(|found| found.title).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn titles_are_those_of_the_index_and_of_the_stores_own() {
    let dir = tempfile::tempdir().expect("a folder");
    let config = api::config::shipped().expect("the shipped settings");
    let places = Places { data: dir.path().to_owned(), models: dir.path().join("models") };
    let house = House { config, places, machine: Machine::look(), clock: HouseClock::default() };
    let (one, two) = (pass("one"), pass("two"));
    let catalogue = house.catalogue();
    let asked = "is the trail jaket warmer than the hekla tent?";
    assert_eq!(named(&*catalogue, &one, asked).await, Vec::<String>::new(), "there is no index yet");
    let jacket = document("products/trail", SourceKind::Product, "Trail Jacket");
    let page = document("pages/hekla", SourceKind::Policy, "Hekla Tent care");
    synced(&house, &one, vec![jacket.clone(), page.clone()]).await;
    // What is old is said until the new titles have been read.
    let until = async |expect: &[&str]| {
        for _ in 0..200 {
            if named(&*catalogue, &one, asked).await == expect {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("not in time: {expect:?}, but {:?}", named(&*catalogue, &one, asked).await);
    };
    until(&["Trail Jacket"]).await;
    let tent = document("products/hekla", SourceKind::Product, "Hekla Tent");
    synced(&house, &one, vec![jacket, page, tent]).await;
    until(&["Trail Jacket", "Hekla Tent"]).await;
    assert_eq!(named(&*catalogue, &two, asked).await, Vec::<String>::new(), "another store has its own");
}
