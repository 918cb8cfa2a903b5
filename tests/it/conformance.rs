//! One suite for both kinds of index: in the store's directory, and on a server.

use engine::{
    evidence::SourceKind,
    ports::{KnowledgeError, SearchMode},
};
use ingest::{
    document::{Block, Document, Origin},
    index::push::push,
    source::Failure,
    sync::{Scope, SyncError, SyncOptions},
};
use jiff::civil::Date;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use tests::{
    fake_embedder::FakeEmbedder,
    index_backend::{IndexBackend, docs, page, pass, query},
};

macro_rules! conformance {
    ($($case:ident)*) => {
        mod edge {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(&super::IndexBackend::edge(), &super::unique()).await;
            })*
        }
        mod server {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(&super::IndexBackend::stub().await, &super::unique()).await;
            })*
        }
        /// Its collections are called `shopclerk_test-…` and stay behind.
        mod real_server {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                if let Some(backend) = super::IndexBackend::real() {
                    super::$case(&backend, &super::unique()).await;
                }
            })*
        }
    };
}

conformance! {
    what_is_stored_is_found
    filters_hold_in_every_mode
    twice_is_once
    a_changed_document_is_found_by_its_new_text_only
    vectors_are_reused
    a_removed_document_is_gone
    a_broken_file_keeps_what_is_known
    mass_removal_asks_first
    another_embedder_is_refused_until_a_rebuild
    a_reader_is_never_without_answers
    stores_do_not_see_each_other
    a_text_that_cannot_be_embedded_fails_alone
    a_full_queue_is_waited_for
    files_and_shopify_live_in_one_index
    what_is_erased_is_gone_and_the_rest_is_not
}

/// A store name that no other test uses: a real server is shared.
fn unique() -> String {
    format!("test-{:08x}", rand::random::<u32>())
}

fn embedder() -> Arc<FakeEmbedder> {
    Arc::new(FakeEmbedder::new("fake@1", 64))
}

fn ok(documents: &[Document]) -> Vec<Result<Document, Failure>> {
    documents.iter().cloned().map(Ok).collect()
}

fn three() -> Vec<Document> {
    let mut mug = page("mug", "The enamel mug holds 350 ml and is safe over a fire.");
    mug.kind = SourceKind::Product;
    mug.tags = vec!["kitchen".into(), "sale".into()];
    let mut holiday = page("holiday", "Orders before the 18th arrive before the holiday.");
    holiday.valid_from = Some(Date::constant(2025, 12, 1));
    holiday.valid_to = Some(Date::constant(2025, 12, 24));
    vec![page("returns", "You can return unworn items within 30 days of delivery."), mug, holiday]
}

async fn what_is_stored_is_found(backend: &IndexBackend, store: &str) {
    let (pass, embedder) = (pass(store), embedder());
    let knowledge = backend.knowledge();
    let question = query(&embedder, "return items within days", SearchMode::Fused).await;
    let missing = knowledge.search(&pass, &question).await.unwrap_err();
    assert!(matches!(missing, KnowledgeError::NoIndex(_)), "{missing}");

    let report = backend.sync(&pass, &embedder, ok(&three()), &SyncOptions::default()).await.unwrap();
    assert_eq!((report.new, report.chunks, report.chunks_embedded), (3, 3, 3));
    for mode in [SearchMode::Dense, SearchMode::Lexical, SearchMode::Fused] {
        let mut question = question.clone();
        question.mode = mode;
        let found = knowledge.search(&pass, &question).await.unwrap();
        let best = &found[0];
        assert_eq!(best.doc.0, "pages/returns.md", "{mode:?}");
        assert_eq!(best.id.0, "pages/returns.md#0");
        assert_eq!(best.text, "You can return unworn items within 30 days of delivery.");
        assert_eq!(best.store.as_str(), store);
        assert_eq!(best.scores.dense.is_some(), mode != SearchMode::Lexical);
        assert_eq!(best.scores.lexical.is_some(), mode != SearchMode::Dense);
        assert!(best.scores.fused > 0.0);
    }
    let words_of_nothing = query(&embedder, "the of and", SearchMode::Lexical).await;
    assert!(knowledge.search(&pass, &words_of_nothing).await.unwrap().is_empty());
}

async fn filters_hold_in_every_mode(backend: &IndexBackend, store: &str) {
    let (pass, embedder) = (pass(store), embedder());
    backend.sync(&pass, &embedder, ok(&three()), &SyncOptions::default()).await.unwrap();
    let knowledge = backend.knowledge();
    for mode in [SearchMode::Dense, SearchMode::Lexical, SearchMode::Fused] {
        let all = query(&embedder, "return mug holiday items fire orders", mode).await;
        let found = |query: engine::ports::SearchQuery| {
            let (knowledge, pass) = (knowledge.clone(), pass.clone());
            async move {
                let mut found: Vec<String> =
                    docs(&knowledge.search(&pass, &query).await.unwrap()).into_iter().map(str::to_owned).collect();
                found.sort();
                found.join(" ")
            }
        };
        let (returns, mug, holiday) = ("pages/returns.md", "pages/mug.md", "pages/holiday.md");
        assert_eq!(found(all.clone()).await, format!("{holiday} {mug} {returns}"), "{mode:?}");
        let mut kind = all.clone();
        kind.kinds = vec![SourceKind::Product, SourceKind::Conversation];
        assert_eq!(found(kind).await, mug, "{mode:?}");
        for (tags, expected) in [(vec!["sale"], mug), (vec!["sale", "kitchen"], mug), (vec!["sale", "garden"], "")] {
            let mut tagged = all.clone();
            tagged.tags = tags.into_iter().map(str::to_owned).collect();
            assert_eq!(found(tagged).await, expected, "{mode:?}");
        }
        for (day, expected) in [
            (Date::constant(2025, 11, 30), format!("{mug} {returns}")),
            (Date::constant(2025, 12, 1), format!("{holiday} {mug} {returns}")),
            (Date::constant(2025, 12, 24), format!("{holiday} {mug} {returns}")),
            (Date::constant(2025, 12, 25), format!("{mug} {returns}")),
        ] {
            let mut dated = all.clone();
            dated.valid_on = Some(day);
            assert_eq!(found(dated).await, expected, "{mode:?} {day}");
        }
    }
}

async fn twice_is_once(backend: &IndexBackend, store: &str) {
    let (pass, embedder) = (pass(store), embedder());
    backend.sync(&pass, &embedder, ok(&three()), &SyncOptions::default()).await.unwrap();
    let before = embedder.embedded();
    let again = backend.sync(&pass, &embedder, ok(&three()), &SyncOptions::default()).await.unwrap();
    assert_eq!((again.new, again.changed, again.removed, again.unchanged), (0, 0, 0, 3));
    assert_eq!((embedder.embedded(), again.chunks_embedded, again.chunks), (before, 0, 3));
}

async fn a_changed_document_is_found_by_its_new_text_only(backend: &IndexBackend, store: &str) {
    let (pass, embedder) = (pass(store), embedder());
    let mut documents = three();
    backend.sync(&pass, &embedder, ok(&documents), &SyncOptions::default()).await.unwrap();
    documents[0] = page("returns", "You can return unworn items within 14 days of delivery.");
    let report = backend.sync(&pass, &embedder, ok(&documents), &SyncOptions::default()).await.unwrap();
    assert_eq!((report.new, report.changed, report.unchanged, report.chunks), (0, 1, 2, 3));
    let question = query(&embedder, "return items within 30 days", SearchMode::Fused).await;
    let found = backend.knowledge().search(&pass, &question).await.unwrap();
    let texts: Vec<&str> = found.iter().filter(|p| p.doc.0 == "pages/returns.md").map(|p| p.text.as_str()).collect();
    assert_eq!(texts, ["You can return unworn items within 14 days of delivery."]);
}

async fn vectors_are_reused(backend: &IndexBackend, store: &str) {
    let (pass, embedder) = (pass(store), embedder());
    let mut documents = three();
    backend.sync(&pass, &embedder, ok(&documents), &SyncOptions::default()).await.unwrap();
    documents[1].tags.push("winter".into());
    documents[2].id.0.push_str(".renamed");
    let report = backend.sync(&pass, &embedder, ok(&documents), &SyncOptions::default()).await.unwrap();
    assert_eq!((report.new, report.changed, report.removed), (1, 1, 1));
    assert_eq!((report.chunks_embedded, report.chunks_reused), (0, 2));
    let mut question = query(&embedder, "enamel mug", SearchMode::Dense).await;
    question.tags = vec!["winter".into()];
    let found = backend.knowledge().search(&pass, &question).await.unwrap();
    assert_eq!(docs(&found), ["pages/mug.md"]);
}

async fn a_removed_document_is_gone(backend: &IndexBackend, store: &str) {
    let (pass, embedder) = (pass(store), embedder());
    let documents = three();
    backend.sync(&pass, &embedder, ok(&documents), &SyncOptions::default()).await.unwrap();
    let report = backend.sync(&pass, &embedder, ok(&documents[..2]), &SyncOptions::default()).await.unwrap();
    assert_eq!((report.removed, report.unchanged, report.chunks), (1, 2, 2));
    assert_eq!((report.probe.documents, report.probe.found.len()), (1, 0));
    for mode in [SearchMode::Dense, SearchMode::Lexical, SearchMode::Fused] {
        let own_words = query(&embedder, "Orders before the 18th arrive before the holiday.", mode).await;
        let found = backend.knowledge().search(&pass, &own_words).await.unwrap();
        assert!(!docs(&found).contains(&"pages/holiday.md"), "{mode:?}");
    }
}

async fn a_broken_file_keeps_what_is_known(backend: &IndexBackend, store: &str) {
    let (pass, embedder) = (pass(store), embedder());
    let documents = three();
    backend.sync(&pass, &embedder, ok(&documents), &SyncOptions::default()).await.unwrap();
    let broken =
        Failure { path: "returns.md".into(), file: "returns.md".into(), line: Some(3), reason: "broken".into() };
    let mut items = ok(&documents[1..]);
    items.push(Err(broken.clone()));
    let report = backend.sync(&pass, &embedder, items.clone(), &SyncOptions::default()).await.unwrap();
    assert_eq!((report.kept, report.removed, report.unchanged), (1, 0, 2));
    assert_eq!(report.failed, [broken]);
    let question = query(&embedder, "return items within days", SearchMode::Fused).await;
    let found = backend.knowledge().search(&pass, &question).await.unwrap();
    assert_eq!(found[0].doc.0, "pages/returns.md");

    let refused = backend.rebuild(&pass, &embedder, items).await.unwrap_err();
    assert!(matches!(refused, SyncError::UnreadableInRebuild { documents: 1, .. }), "{refused}");
    let found = backend.knowledge().search(&pass, &question).await.unwrap();
    assert_eq!(found[0].doc.0, "pages/returns.md");
}

async fn mass_removal_asks_first(backend: &IndexBackend, store: &str) {
    let (pass, embedder) = (pass(store), embedder());
    let documents: Vec<Document> = (0..20).map(|n| page(&format!("page-{n}"), &format!("Rule number {n}."))).collect();
    backend.sync(&pass, &embedder, ok(&documents), &SyncOptions::default()).await.unwrap();
    let refused = [
        backend.sync(&pass, &embedder, ok(&documents[..9]), &SyncOptions::default()).await.unwrap_err(),
        backend.rebuild(&pass, &embedder, ok(&documents[..9])).await.unwrap_err(),
    ];
    for refused in refused {
        assert!(matches!(refused, SyncError::MassRemoval { removed: 11, of: 20 }), "{refused}");
    }
    let unchanged = backend.sync(&pass, &embedder, ok(&documents), &SyncOptions::default()).await.unwrap();
    assert_eq!(unchanged.unchanged, 20);
    let allowed = SyncOptions { allow_mass_removal: true, ..SyncOptions::default() };
    let report = backend.sync(&pass, &embedder, ok(&documents[..9]), &allowed).await.unwrap();
    assert_eq!((report.removed, report.chunks, report.probe.found.len()), (11, 9, 0));
}

async fn another_embedder_is_refused_until_a_rebuild(backend: &IndexBackend, store: &str) {
    let (pass, first) = (pass(store), embedder());
    let second = Arc::new(FakeEmbedder::new("other@2", 32));
    backend.sync(&pass, &first, ok(&three()), &SyncOptions::default()).await.unwrap();
    let refused = backend.sync(&pass, &second, ok(&three()), &SyncOptions::default()).await.unwrap_err();
    assert!(matches!(refused, SyncError::Index(KnowledgeError::OtherModel { .. })), "{refused}");
    assert!(refused.to_string().contains("fake@1") && refused.to_string().contains("other@2"));
    let question = query(&second, "return items", SearchMode::Fused).await;
    let refused = backend.knowledge().search(&pass, &question).await.unwrap_err();
    assert!(matches!(refused, KnowledgeError::OtherModel { .. }), "{refused}");

    let report = backend.rebuild(&pass, &second, ok(&three())).await.unwrap();
    assert_eq!((report.new, report.chunks), (3, 3));
    let found = backend.knowledge().search(&pass, &question).await.unwrap();
    assert_eq!(found[0].doc.0, "pages/returns.md");
}

async fn a_reader_is_never_without_answers(backend: &IndexBackend, store: &str) {
    let (pass, embedder) = (pass(store), embedder());
    let documents: Vec<Document> =
        (0..30).map(|n| page(&format!("page-{n}"), &format!("Rule number {n} about returns."))).collect();
    backend.sync(&pass, &embedder, ok(&documents), &SyncOptions::default()).await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let reader = {
        let (knowledge, pass, stop) = (backend.knowledge(), pass.clone(), stop.clone());
        let question = query(&embedder, "rule about returns", SearchMode::Fused).await;
        tokio::spawn(async move {
            let mut asked = 0;
            while !stop.load(Ordering::Relaxed) {
                let found = knowledge.search(&pass, &question).await.unwrap();
                assert_eq!(found.len(), 10, "after {asked} questions");
                asked += 1;
            }
            asked
        })
    };
    for round in 0..3 {
        backend.rebuild(&pass, &embedder, ok(&documents)).await.unwrap();
        let mut changed = documents.clone();
        for document in &mut changed[..10] {
            document.blocks.push(Block::Paragraph(format!("Changed in round {round}.")));
        }
        backend.sync(&pass, &embedder, ok(&changed), &SyncOptions::default()).await.unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    assert!(reader.await.unwrap() > 0);
}

async fn stores_do_not_see_each_other(backend: &IndexBackend, store: &str) {
    let embedder = embedder();
    let (one, two) = (pass(store), pass(&format!("{store}-2")));
    backend
        .sync(&one, &embedder, ok(&[page("returns", "Returns within 30 days.")]), &SyncOptions::default())
        .await
        .unwrap();
    let knowledge = backend.knowledge();
    let question = query(&embedder, "returns within days", SearchMode::Fused).await;
    assert!(matches!(knowledge.search(&two, &question).await, Err(KnowledgeError::NoIndex(_))));
    backend
        .sync(&two, &embedder, ok(&[page("returns", "Returns within 14 days.")]), &SyncOptions::default())
        .await
        .unwrap();
    for (pass, text) in [(&one, "Returns within 30 days."), (&two, "Returns within 14 days.")] {
        let found = knowledge.search(pass, &question).await.unwrap();
        assert_eq!(found.iter().map(|p| p.text.as_str()).collect::<Vec<_>>(), [text]);
        assert_eq!(found[0].store, *pass.store());
    }
    let nothing: Vec<Document> = vec![];
    backend.sync(&one, &embedder, ok(&nothing), &SyncOptions::default()).await.unwrap();
    assert_eq!(knowledge.search(&two, &question).await.unwrap().len(), 1);
}

async fn a_text_that_cannot_be_embedded_fails_alone(backend: &IndexBackend, store: &str) {
    let pass = pass(store);
    let picky = Arc::new(FakeEmbedder::new("fake@1", 64).refusing("enamel"));
    let report = backend.sync(&pass, &picky, ok(&three()), &SyncOptions::default()).await.unwrap();
    assert_eq!((report.new, report.failed.len(), report.chunks), (2, 1, 2));
    assert!(report.failed[0].reason.contains("pages/mug.md"), "{}", report.failed[0]);
    let report = backend.sync(&pass, &embedder(), ok(&three()), &SyncOptions::default()).await.unwrap();
    assert_eq!((report.new, report.unchanged, report.chunks), (1, 2, 3));
}

async fn a_full_queue_is_waited_for(backend: &IndexBackend, store: &str) {
    let busy = Arc::new(FakeEmbedder::new("fake@1", 64).overloaded_at_first(3));
    let report = backend.sync(&pass(store), &busy, ok(&three()), &SyncOptions::default()).await.unwrap();
    assert_eq!((report.new, report.failed.len()), (3, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pushed_store_answers_the_same_from_the_server() {
    let (embedded, remote) = (IndexBackend::edge(), IndexBackend::stub().await);
    let server = remote.server.clone().unwrap();
    let (pass, embedder) = (pass("pushed"), embedder());
    let refused = push(&embedded.library, &pass, &server, &|_, _| ()).await.unwrap_err();
    assert!(matches!(refused, KnowledgeError::NoIndex(_)), "{refused}");

    let documents: Vec<Document> = tests::product_generator::products(150, 7).collect();
    for (documents, seed) in [(&documents[..100], 1), (&documents[20..], 2)] {
        let allowed = SyncOptions { allow_mass_removal: true, ..SyncOptions::default() };
        let report = embedded.sync(&pass, &embedder, ok(documents), &allowed).await.unwrap();
        let pushed = push(&embedded.library, &pass, &server, &|done, of| assert!(done <= of)).await.unwrap();
        assert_eq!(pushed.chunks, report.chunks);
        let question = query(&embedder, &tests::product_generator::question(seed), SearchMode::Fused).await;
        let there = remote.knowledge().search(&pass, &question).await.unwrap();
        let here = embedded.knowledge().search(&pass, &question).await.unwrap();
        assert_eq!(there.len(), 10);
        assert_eq!(ids(&there), ids(&here));
    }
}

fn ids(passages: &[engine::Passage]) -> Vec<&str> {
    passages.iter().map(|passage| passage.id.0.as_str()).collect()
}

fn from_shopify(id: &str, text: &str) -> Document {
    Document { file: format!("shopify://products/{id}"), kind: SourceKind::Product, ..page(id, text) }
}

async fn files_and_shopify_live_in_one_index(backend: &IndexBackend, store: &str) {
    let (pass, embedder) = (pass(store), embedder());
    let files = SyncOptions::default();
    let shopify = SyncOptions { scope: Scope::Origin(Origin::Shopify), ..SyncOptions::default() };
    let of = |ids: &[&str]| {
        let ids = ids.iter().map(|id| engine::DocId(format!("pages/{id}.md"))).collect();
        SyncOptions { scope: Scope::Documents(ids), ..SyncOptions::default() }
    };
    let kettle = from_shopify("kettle", "The kettle holds two litres.");
    let stove = from_shopify("stove", "The stove burns gas.");
    backend.sync(&pass, &embedder, ok(&three()), &files).await.unwrap();
    let report = backend.sync(&pass, &embedder, ok(&[kettle.clone(), stove.clone()]), &shopify).await.unwrap();
    assert_eq!((report.new, report.removed, report.chunks), (2, 0, 5));
    let report = backend.sync(&pass, &embedder, ok(&three()[..2]), &files).await.unwrap();
    assert_eq!((report.unchanged, report.removed, report.chunks), (2, 1, 4), "only a page of the files went");
    let report = backend.sync(&pass, &embedder, ok(&[stove.clone()]), &of(&["stove", "kettle"])).await.unwrap();
    assert_eq!((report.unchanged, report.removed, report.chunks), (1, 1, 3));
    // An id that both have: Shopify's stays, whoever syncs last.
    let mug = from_shopify("mug", "The mug from Shopify.");
    let report = backend.sync(&pass, &embedder, ok(&[mug.clone(), stove.clone()]), &shopify).await.unwrap();
    assert_eq!((report.changed, report.chunks), (1, 3));
    let report = backend.sync(&pass, &embedder, ok(&three()[..2]), &files).await.unwrap();
    assert_eq!((report.unchanged, report.failed.len(), report.chunks), (1, 1, 3));
    let question = query(&embedder, "mug from", SearchMode::Fused).await;
    assert_eq!(backend.knowledge().search(&pass, &question).await.unwrap()[0].text, "The mug from Shopify.");
    // A rebuild that would forget what comes from elsewhere is refused; one that takes everything along is not.
    let refused = backend.rebuild(&pass, &embedder, ok(&three()[..1])).await.unwrap_err();
    assert!(matches!(refused, SyncError::ForgetsOthers { documents: 2 }), "{refused}");
    let mut target = backend.target(&pass, embedder.clone(), true).await.unwrap();
    let whole = SyncOptions { scope: Scope::Everything, ..SyncOptions::default() };
    let all = ok(&[mug, stove, three().remove(0)]);
    let report = ingest::sync::sync(&mut target, tests::index_backend::from(all), &whole, &ingest::sync::Silent).await;
    assert_eq!(report.unwrap().chunks, 3);
}

async fn what_is_erased_is_gone_and_the_rest_is_not(backend: &IndexBackend, store: &str) {
    let (pass, embedder) = (pass(store), embedder());
    let secret = "My address is anna-at-shop and my order is late.";
    let mut talk = page("talk", secret);
    talk.kind = SourceKind::Conversation;
    let documents = [three(), vec![talk]].concat();
    // Twice, so that the removed text is in an older generation and in a log as well.
    backend.sync(&pass, &embedder, ok(&documents), &SyncOptions::default()).await.unwrap();
    let mut changed = documents.clone();
    changed[0].title = "Sending back".into();
    backend.sync(&pass, &embedder, ok(&changed), &SyncOptions::default()).await.unwrap();
    let knowledge = backend.knowledge();
    let question = query(&embedder, "my address order late", SearchMode::Fused).await;
    let before = knowledge.search(&pass, &question).await.unwrap();
    assert_eq!(docs(&before)[0], "pages/talk.md");

    let place = backend.place(&pass);
    let mut words = Vec::new();
    assert_eq!(place.visit(&mut |fields| words.push(fields.text.clone())).await.unwrap(), 4);
    assert!(words.iter().any(|text| text == secret));
    let doomed = [engine::DocId("pages/talk.md".into())].into();
    // The reader is open: its view is let go of by itself.
    let removed = place.remove(doomed, std::time::Duration::from_secs(30)).await.unwrap();
    assert_eq!((removed.chunks, removed.generations_left), (1, 0));
    let after = knowledge.search(&pass, &question).await.unwrap();
    assert!(!after.is_empty() && docs(&after).iter().all(|doc| *doc != "pages/talk.md"));
    assert_eq!(place.visit(&mut |fields| assert_ne!(fields.text, secret)).await.unwrap(), 3);
    // The vectors came along.
    let report = backend.sync(&pass, &embedder, ok(&changed[..3]), &SyncOptions::default()).await.unwrap();
    assert_eq!((report.unchanged, report.chunks_embedded), (3, 0));
}
