//! Privacy law: what is held on a customer is handed out, or goes so that no byte of it is found, and nobody else's goes.

use super::{PATH, deliver, fill, sandbox};
use api::{
    db::{
        conversations::{Arrived, Channel},
        feedback::{Feedback, Subject},
        ownership::{From, Move},
        replies::BotReply,
    },
    shopify::{
        needles::Person,
        receipt::{Receipt, State},
    },
};
use axum::http::{Method, StatusCode};
use engine::{
    ConversationId, HandoffCase, HandoffReason, SourceKind,
    live::{Action, ActionId, Gid, PreparedAction},
    ports::Handoffs,
};
use ingest::{document::Document, sync::Silent};
use std::{
    fs,
    path::{Path, PathBuf},
};
use tests::{
    app::Caller,
    connected::{Connected, brisk, parts},
    index_backend::page,
    shop_fixture as fixture,
};

fn case(conversation: &str, turn: u32, question: &str) -> HandoffCase {
    HandoffCase {
        conversation: ConversationId(conversation.into()),
        turn,
        reason: HandoffReason::NeedsAction,
        evidence: String::new(),
        question: question.into(),
        looked_at: Vec::new(),
        draft: None,
        tier: None,
        action: None,
        package: None,
    }
}

/// A case whose own words name nobody: who she is and where she lives stands in its package only.
fn packed() -> HandoffCase {
    let package = serde_json::json!({
        "made_at": "2026-11-21T15:00:00Z", "time_zone": "UTC", "connected": true, "asks": ["status"],
        "summary": "The verified customer Anna Berg asks. Nothing was tried.",
        "who": { "tier": "verified", "proof": "emailed_code", "customer_id": fixture::CUSTOMER, "email": fixture::EMAIL,
            "name": "Anna Berg-Hidden", "segment": ["vip"] },
        "language": "en", "sentiment": "neutral", "timeline": [], "open_questions": ["where is it?"],
        "known": { "orders": [fixture::ORDERS[1]], "emails": [], "given": [], "products": [] },
        "orders": [{
            "number": fixture::ORDERS[1], "id": "gid://shopify/Order/5000010001", "read_at": "2026-11-21T15:00:00Z",
            "placed_at": "2026-11-07T10:00:00Z", "fulfillment": "FULFILLED", "items": [], "parcels": [], "pending": [],
            "returns": [], "address": "Anna Berg-Hidden, 9 Hidden Lane, Duluth", "says": [],
        }],
        "past": [], "sources": [],
        "suggestion": { "sentences": [{ "text": "It lies at 9 Hidden Lane.",
            "trust": { "trust": "quoted", "doc": "pages/how-to.md" } }], "dropped": [] },
    });
    let package = Some(serde_json::from_value(package).expect("a package"));
    HandoffCase { package, ..case("c-packed", 0, "where is it?") }
}

/// A store that knows Anna, by every way she is known, and Bert.
async fn knowing(data: &Path, url: &str) -> Connected {
    let store = Connected::open(data, url).await;
    fill(&store).await;
    let mut prepared = case("c-anna", 0, "please cancel it");
    prepared.action = Some(Box::new(PreparedAction {
        id: ActionId("act-1".into()),
        conversation: ConversationId("c-anna".into()),
        turn: 0,
        order: engine::identity::OrderNumber::parse(fixture::ORDERS[0]).unwrap(),
        action: Action::Cancel {
            order: Gid("gid://shopify/Order/5000010000".into()),
            reason: "CUSTOMER".into(),
            restock: true,
            notify: true,
        },
        idempotency_key: "key-1".into(),
        says: format!("cancel order {}", fixture::ORDERS[0]),
        warnings: Vec::new(),
        prepared_at: "2026-11-21T15:00:00Z".parse().unwrap(),
        order_updated_at: "2026-11-07T10:00:00Z".parse().unwrap(),
    }));
    for case in [
        prepared,
        // The same conversation, without a word that names her.
        case("c-anna", 1, "hello, is somebody there?"),
        case("c-2", 0, "my address is\nAnna.Berg+Shop@mail.example \"really\""),
        case("c-3", 0, "call me at +1 (555) 010 4477"),
        packed(),
        case("c-bert", 0, "bert@mail.example asks about #FV102340 and joanna.berg+shop@mail.example"),
    ] {
        store.desks.open(&store.pass, &case).await.unwrap();
    }
    // What an agent made of a suggestion may name her as well.
    let agent = store.pass.as_agent().unwrap();
    let feedback = engine::package::feedback(&packed(), "Dear Mrs Berg-Hidden, it lies at 9 Hidden Lane.");
    let of = (&packed().conversation, 0);
    store.desks.put_feedback(agent, of, "Mia", "2026-11-21T16:00:00Z".parse().unwrap(), &feedback).await.unwrap();
    assert!(!store.desks.changed_most(agent, 10).await.unwrap().is_empty());
    let email = engine::identity::Email::parse(fixture::EMAIL).unwrap();
    let address = store.eraser().tries.address(&store.pass, &email);
    let asked_at = "2026-11-21T15:00:00Z".parse().unwrap();
    let challenge = engine::identity::code::Challenge::restore([7; 16], [9; 32], asked_at, 3);
    let conversation = ConversationId("c-code".into());
    store.desks.put_challenge(&store.pass, &conversation, &address, &challenge).await.unwrap();
    let talk = |id: &str, text: &str| Document { kind: SourceKind::Conversation, ..page(id, text) };
    let pages = [
        page("how-to", "Write your order number, such as #FV10301, into the form."),
        talk("talk-anna", "Customer: order FV10234 never came.\nAgent: it is on its way."),
        talk("talk-bert", "Customer: order #FV102340 never came.\nAgent: it is on its way."),
    ];
    sync_files(&store, &pages).await;
    store
}

async fn sync_files(store: &Connected, documents: &[Document]) {
    let erased = store.shop.mirror.erased().await.unwrap();
    let embedder = store.worker.index.embedder.clone();
    let (mut target, _lock) = store.house.sync_target(&store.pass, embedder, false).await.unwrap();
    let source = |sink: &mut dyn FnMut(_)| {
        documents.iter().filter(|document| !erased.contains(&document.id)).cloned().for_each(|d| sink(Ok(d)));
        Default::default()
    };
    ingest::sync::sync(&mut target, source, &Default::default(), &Silent).await.unwrap();
}

fn receipts(data: &Path) -> Vec<Receipt> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(data.join("receipts/fjellvik")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| serde_json::from_slice(&fs::read(path).unwrap()).unwrap()).collect()
}

/// Files below the folder that hold the words, in any case. Slower and simpler than the probe, and not made of it.
fn holding(folder: &Path, words: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(holding(&path, words));
        } else if let Ok(bytes) = fs::read(&path) {
            let bytes = bytes.to_ascii_lowercase();
            // "joanna@" is somebody else than "anna@"; "\nanna@" in JSON is not.
            let begins = |at: usize| at == 0 || !bytes[at - 1].is_ascii_alphanumeric() || bytes[..at].ends_with(br"\n");
            let words = words.to_ascii_lowercase();
            let mut windows = bytes.windows(words.len()).enumerate();
            if windows.any(|(at, window)| window == words.as_bytes() && begins(at)) {
                found.push(path);
            }
        }
    }
    found
}

async fn request(caller: &Caller, sandbox: &api::sandbox::RunningSandbox, topic: &str) {
    let customer = format!("gid://shopify/Customer/{}", fixture::CUSTOMER);
    assert_eq!(deliver(caller, &sandbox.webhook(topic, &customer)).await, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_is_told_what_is_held_and_then_nothing_is() {
    let sandbox = sandbox(5, brisk()).await;
    let dir = tempfile::tempdir().unwrap();
    let store = knowing(dir.path(), &sandbox.url()).await;
    let app = store.app().await;
    let caller = app.nobody();
    assert!(!holding(&store.folder(), fixture::EMAIL).is_empty(), "the test needs something to erase");

    request(&caller, &sandbox, "customers/data_request").await;
    store.worker.settle().await.unwrap();
    let handed_out = fs::read_to_string(store.folder().join("requests/request-9999.json")).unwrap();
    for theirs in
        ["please cancel it", "is somebody there", "my address is", "call me at", "FV10234 never came", "act-1"]
    {
        assert!(handed_out.contains(theirs), "{theirs} is held and not handed out: {handed_out}");
    }
    assert!(!handed_out.contains("bert"), "another customer's words are handed out");

    // The second request waits behind the first. It names her too, so the first erasure takes it along.
    request(&caller, &sandbox, "customers/redact").await;
    request(&caller, &sandbox, "customers/redact").await;
    store.worker.settle().await.unwrap();
    let agent = store.pass.as_agent().unwrap();
    let left = store.desks.open_handoffs(agent, 100).await.unwrap();
    assert_eq!(left.iter().map(|record| record.case.conversation.0.as_str()).collect::<Vec<_>>(), ["c-bert"]);
    assert_eq!(store.desks.actions(agent, true).await.unwrap(), []);
    assert_eq!(store.desks.changed_most(agent, 10).await.unwrap(), []);
    let index = store.index().await;
    assert!(!index.contains_key("pages/talk-anna.md#0"));
    for stays in ["pages/talk-bert.md#0", "pages/how-to.md#0", "product:thing-1#0"] {
        assert!(index.contains_key(stays), "{stays} went too");
    }
    assert_eq!(holding(&store.folder(), fixture::EMAIL), [] as [PathBuf; 0]);
    for words in [fixture::CUSTOMER, "010 4477", "fv10234 ", "act-1", "is somebody there", "hidden lane", "berg-hidden"]
    {
        assert_eq!(holding(&store.folder(), words), [] as [PathBuf; 0], "{words}");
    }
    let all = receipts(dir.path());
    assert_eq!(all.len(), 2, "one for what was handed out, one for the erasure");
    let erased = &all[1];
    assert_eq!((erased.state, erased.documents), (State::Done, 1));
    assert_eq!(erased.rows.get("desk.handoffs"), Some(&5));
    assert_eq!(erased.rows.get("desk.contacts"), Some(&3), "her order, her address, her number");
    assert_eq!(erased.rows.get("desk.assist_feedback"), Some(&3), "the answer, the page, the rule");
    assert_eq!(erased.rows.get("desk.actions"), Some(&1));
    assert_eq!(erased.files, 1, "what was handed out goes too");
    let probe = erased.probe.as_ref().unwrap();
    assert!(probe.files > 5 && probe.bytes > 10_000 && probe.passages > 5, "{probe:?}");
    // An example on a page and an order of hers look the same; the receipt says that this was not looked for.
    assert!(erased.not_looked_for.iter().any(|not| not.contains("published page")), "{:?}", erased.not_looked_for);
    assert!(erased.looked_for.iter().any(|hashed| hashed.identifier == "email"));
    for words in [fixture::EMAIL, fixture::CUSTOMER, fixture::ORDERS[0]] {
        assert_eq!(holding(&dir.path().join("receipts"), words), [] as [PathBuf; 0], "{words} in a receipt");
    }

    // A repetition that comes late has nothing left to take, and says so.
    request(&caller, &sandbox, "customers/redact").await;
    store.worker.settle().await.unwrap();
    let all = receipts(dir.path());
    assert_eq!(all.len(), 3);
    assert_eq!((all[2].state, all[2].documents, all[2].files), (State::Done, 0, 0));
    assert_eq!(all[2].rows.get("desk.handoffs"), None);

    // The folder that it came from still has the conversation. It is not brought back.
    let talk = Document { kind: SourceKind::Conversation, ..page("talk-anna", "Customer: order FV10234 never came.") };
    sync_files(&store, &[talk, page("how-to", "Write your order number, such as #FV10301, into the form.")]).await;
    assert!(!store.index().await.contains_key("pages/talk-anna.md#0"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_probe_finds_what_is_left_and_a_dry_run_takes_nothing() {
    let sandbox = sandbox(3, brisk()).await;
    let dir = tempfile::tempdir().unwrap();
    let store = knowing(dir.path(), &sandbox.url()).await;
    let anna = Person { emails: [fixture::EMAIL.into()].into(), ..Person::default() };
    let dry = store.eraser().customer(&anna, "by hand", vec![], true).await.unwrap();
    assert_eq!((dry.path, dry.receipt.rows.get("desk.handoffs")), (None, Some(&2)));
    assert_eq!(store.desks.open_handoffs(store.pass.as_agent().unwrap(), 100).await.unwrap().len(), 6);

    // What nobody knows of: a file that somebody put there, and a page that the merchant publishes.
    let planted = store.folder().join("notes/call.txt");
    fs::create_dir_all(planted.parent().unwrap()).unwrap();
    fs::write(&planted, format!("{}{{\"who\":\"anna.berg\\u002bshop@mail.example\"}}", "x".repeat(5_000_000))).unwrap();
    let gid =
        sandbox.put("Page", fixture::page(7, "thanks", "Thanks", "<p>Anna.Berg+Shop@mail.example wrote to us.</p>"));
    gid.unwrap();
    api::shopify::fill::catch_up(&store.shop).await.unwrap();
    store.worker.settle().await.unwrap();
    let erased = store.eraser().customer(&anna, "by hand", vec![], false).await.unwrap();
    assert_eq!(erased.receipt.state, State::Found);
    let places: Vec<String> = erased.receipt.probe.unwrap().found.into_iter().map(|find| find.place).collect();
    assert!(places.contains(&"notes/call.txt".into()) && places.contains(&"index".into()), "{places:?}");
    assert!(places.iter().any(|place| place.starts_with("shopify.sqlite")), "{places:?}");
    assert_eq!(receipts(dir.path()).pop().unwrap().state, State::Found);

    // With both mended it finds nothing.
    fs::remove_file(&planted).unwrap();
    sandbox.delete("gid://shopify/Page/7");
    api::shopify::fill::catch_up(&store.shop).await.unwrap();
    store.worker.settle().await.unwrap();
    let erased = store.eraser().customer(&anna, "by hand", vec![], false).await.unwrap();
    assert_eq!(erased.receipt.probe.unwrap().found, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shop_that_left_leaves_a_receipt() {
    let sandbox = sandbox(3, brisk()).await;
    let dir = tempfile::tempdir().unwrap();
    let store = knowing(dir.path(), &sandbox.url()).await;
    let key = store.keys.create(store.store(), engine::Role::Agent, jiff::Timestamp::now()).await.unwrap();
    let app = store.app().await;
    let caller = app.nobody();
    let delivery = sandbox.webhook("shop/redact", "gid://shopify/Shop/75500001");
    assert_eq!(deliver(&caller, &delivery).await, StatusCode::OK);
    store.worker.settle().await.unwrap();
    assert!(!store.folder().exists());
    let receipt = receipts(dir.path()).pop().unwrap();
    assert_eq!((receipt.state, receipt.keys), (State::Done, 1));
    assert!(receipt.files > 3 && receipt.chunks > 3, "{receipt:?}");
    let ring = store.keys.keyring().await.unwrap();
    assert!(ring.admit(&engine::PlainKey::new(key.secret)).is_err());
    // From here on nothing is taken for it, and so nothing makes its folder again.
    let (headers, body) = parts(&delivery);
    assert_eq!(caller.send(Method::POST, PATH, &headers, &body).await.status, StatusCode::UNAUTHORIZED);
    assert!(!store.folder().exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_said_and_what_was_to_be_told_goes_too() {
    let sandbox = sandbox(3, brisk()).await;
    let dir = tempfile::tempdir().unwrap();
    let store = Connected::open(dir.path(), &sandbox.url()).await;
    // A helpdesk that never answers, so that the outbox keeps what it is to be told.
    let settings = store.folder().join("store.toml");
    let handover = "[handover.webhook]\nurl = \"http://127.0.0.1:9/\"\nsecret = \"0123456789abcdef0123456789abcdef\"\n";
    fs::write(&settings, format!("{}{handover}", fs::read_to_string(&settings).unwrap())).unwrap();
    let agent = store.pass.as_agent().unwrap();
    for (conversation, text) in [("c-anna", format!("I am {}", fixture::EMAIL)), ("c-bert", "I am Bert".to_owned())] {
        let id = ConversationId(conversation.into());
        let arrived = Arrived {
            conversation: &id,
            channel: Channel::Api,
            number: None,
            message: None,
            text: &text,
            contact: (conversation == "c-anna").then_some(fixture::EMAIL),
        };
        store.desks.arrived(&store.pass, &arrived, 10).await.unwrap();
        let text = "a reply without a name";
        let reply = BotReply { conversation: &id, number: 0, epoch: 0, text, kind: "answer", outcome: None };
        store.desks.record_reply_if_bot_owns(&store.pass, &reply).await.unwrap();
        store.desks.open(&store.pass, &case(conversation, 1, "and where is my parcel?")).await.unwrap();
        store.desks.move_conversation(agent, &id, (Move::TakeOver, "Mia", From::Here)).await.unwrap();
        let feedback = Feedback {
            conversation: Some(id.clone()),
            who: "Mia".into(),
            subject: Subject::Answer,
            name: "a-1".into(),
            before: "before".into(),
            after: format!("after, for {conversation}"),
            at: "2026-11-21T15:00:00Z".parse().unwrap(),
        };
        store.desks.give_feedback(agent, &feedback).await.unwrap();
        let told = ("{}", std::time::Duration::ZERO);
        store.desks.receive(&store.pass, ("chatwoot", conversation), &id, told).await.unwrap();
    }
    let anna = Person { emails: [fixture::EMAIL.into()].into(), ..Person::default() };
    let erased = store.eraser().customer(&anna, "by hand", vec![], false).await.unwrap();
    let rows = &erased.receipt.rows;
    for (table, count) in [
        ("desk.conversations", 1),
        ("desk.turns", 2),
        ("desk.feedback", 1),
        ("desk.handoffs", 1),
        // The handoff, and that somebody took it over.
        ("desk.outbox", 2),
        ("desk.inbox", 1),
    ] {
        assert_eq!(rows.get(table), Some(&count), "{table}: {rows:?}");
    }
    assert_eq!(erased.receipt.state, State::Done);
    assert_eq!(holding(&store.folder(), fixture::EMAIL), [] as [PathBuf; 0]);
    assert_eq!(store.desks.conversation(agent, &ConversationId("c-anna".into())).await.unwrap(), None);
    let (_, turns) = store.desks.conversation(agent, &ConversationId("c-bert".into())).await.unwrap().unwrap();
    assert_eq!(turns.len(), 2);
    assert_eq!(store.desks.outbox(agent, true, 10).await.unwrap().len(), 2);
    assert_eq!(store.desks.feedback_on(agent, Subject::Answer, "a-1").await.unwrap().len(), 1);
}
