//! A store's own words, from what customers ask to what is said and back to review: the index, the desk and the engine
//! as a server has them, with fakes for the models only.

use api::{
    approved::{
        mine::{Cluster, Drafted, Drafter, clusters},
        questions::{LeftOut, Origin, Reader},
        recheck::{Reopened, recheck, told},
    },
    db::{actions::AuditLine, desk::Desks},
    machine::Machine,
    wiring::{House, HouseClock, Places, SystemClock},
};
use engine::{
    Asker, ConversationId, Engine, HandoffCase, HandoffReason, Reply, SourceKind, StorePass, Turn,
    approved::{AnswerId, ApprovedAnswer, State},
    fakes::{MemoryHandoffs, Parrot},
    ports::{Generator, Handoffs, Ports},
};
use ingest::{
    document::{Block, Document},
    sync::{Silent, SyncOptions, SyncReport, sync},
};
use jiff::Timestamp;
use std::sync::Arc;
use tests::{app::pass, fake_embedder::FakeEmbedder};

const ASKED: &str = "How many days do I have to return an item?";

/// A data folder with one store in it.
struct Shop {
    _dir: tempfile::TempDir,
    house: House,
    pass: StorePass,
    desks: Arc<Desks>,
    embedder: Arc<FakeEmbedder>,
    parrot: Arc<Parrot>,
}

impl Shop {
    fn open() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let config = api::config::shipped().expect("the shipped settings");
        let places = Places { data: dir.path().to_owned(), models: dir.path().join("models") };
        let house = House { config, places, machine: Machine::look(), clock: HouseClock::default() };
        let desks = Arc::new(Desks::new(dir.path().to_owned(), Arc::new(SystemClock)));
        Self {
            _dir: dir,
            house,
            pass: pass("mystore"),
            desks,
            embedder: Arc::new(FakeEmbedder::new("fake@1", 64)),
            parrot: Arc::new(Parrot::new("QUOTE: none\nANSWER: NOT COVERED")),
        }
    }

    /// The pages are the whole truth, as for `shopclerk sync`.
    async fn sync(&self, documents: Vec<Document>) -> (SyncReport, Vec<Reopened>) {
        let (mut target, _lock) =
            self.house.sync_target(&self.pass, self.embedder.clone(), false).await.expect("an index");
        let source = move |sink: &mut dyn FnMut(Result<Document, ingest::source::Failure>)| {
            documents.into_iter().for_each(|document| sink(Ok(document)));
            ingest::source::Tally::default()
        };
        let report = sync(&mut target, source, &SyncOptions::default(), &Silent).await.expect("it syncs");
        let place = self.house.place(&self.pass).expect("a place");
        (report, recheck(&self.desks, &place, &self.pass).await.expect("answers are compared"))
    }

    fn engine(&self, generator: Option<Arc<Parrot>>) -> Engine {
        let ports = Ports {
            embedder: self.embedder.clone(),
            reranker: None,
            generator: generator.map(|generator| generator as Arc<dyn Generator>),
            knowledge: self.house.knowledge().expect("an index"),
            handoffs: Arc::new(MemoryHandoffs::default()),
            approved: Some(self.desks.clone()),
            catalogue: None,
            contacts: None,
            storefront: None,
            clock: Arc::new(SystemClock),
        };
        Engine::new(ports, self.house.config.engine.to_engine())
    }

    fn generated(&self) -> usize {
        self.parrot.asked.lock().expect("not poisoned").len()
    }

    /// What is said in the store's own words, with the page it cites; `None` where the pages are asked.
    async fn said(&self) -> Option<(String, String)> {
        let asker = Asker::Anonymous(self.pass.clone());
        // With a generator, so that it can be seen not to be asked.
        let engine = self.engine(Some(self.parrot.clone()));
        let outcome = engine.answer(&asker, &Turn::single("c", ASKED), &|_| {}).await.expect("an outcome");
        let used = outcome.trace.approved.is_some_and(|matched| matched.unused.is_none());
        match outcome.reply {
            Reply::Answer(answer) if used => Some((answer.text(), answer.citations()[0].passage.0.clone())),
            _ => None,
        }
    }

    async fn mined(&self) -> (Vec<Cluster>, Vec<Drafted>) {
        let reader = Reader::new(r"#?FV\d{5}").expect("a pattern");
        let place = self.house.place(&self.pass).expect("a place");
        let gathered = reader.gather(&self.desks, &place, &self.pass, &Origin::ALL).await.expect("questions");
        assert_eq!(gathered.left_out.get(&LeftOut::OwnOrder), Some(&1), "{gathered:?}");
        let found = clusters(&gathered, self.embedder.as_ref(), 0.95, &|_, _| {}).await.expect("clusters");
        let engine = self.engine(None);
        let drafter = Drafter { engine: &engine, desks: &self.desks, pass: &self.pass };
        let known = drafter.known().await.expect("the answers");
        let mut drafted = Vec::new();
        for cluster in &found {
            drafted.push(drafter.draft(cluster, &known).await.expect("an outcome"));
        }
        (found, drafted)
    }

    async fn answer(&self, id: &AnswerId) -> ApprovedAnswer {
        self.desks.find_answer(self.pass.as_agent().expect("an agent"), id).await.expect("a desk").expect("the answer")
    }

    async fn approve(&self, id: &AnswerId, text: &str, rests_on: Option<&str>) {
        let answer = self.answer(id).await;
        let mut next = ApprovedAnswer {
            state: State::Approved,
            text: text.to_owned(),
            approved_by: Some("Mia".into()),
            approved_at: Some(Timestamp::now()),
            version: answer.version + 1,
            ..answer
        };
        if let Some(words) = rests_on {
            let docs = next.rests_on.iter().map(|rest| rest.doc.clone()).collect();
            let place = self.house.place(&self.pass).expect("a place");
            let now = api::approved::passages::of_documents(&place, &self.pass, &docs).await.expect("passages");
            next.rests_on = now.into_iter().filter(|passage| passage.text.contains(words)).collect();
        }
        assert_eq!(engine::approved::verify::verify(&next), Ok(Vec::new()));
        let (who, what) = ("Mia".to_owned(), "approved".to_owned());
        let line = AuditLine { at: Timestamp::now(), who, what, action: id.0.clone(), detail: String::new() };
        assert!(self.desks.change_answer(self.pass.as_agent().expect("an agent"), &next, &line).await.expect("a desk"));
    }
}

fn returns(days: u32) -> Document {
    let mut page = Document::new("pages/returns.md", SourceKind::Policy, "Returns");
    page.blocks = vec![
        Block::Heading { level: 2, text: "How many days do I have to return an item?".into() },
        Block::Paragraph(format!("You can return an item within {days} days of delivery.")),
    ];
    page
}

fn shipping() -> Document {
    let mut page = Document::new("pages/shipping.md", SourceKind::Policy, "Shipping");
    page.blocks = vec![Block::Paragraph("Standard shipping takes 3 to 5 business days.".into())];
    page
}

fn conversation(n: usize, asked: &str) -> Document {
    let mut chat = Document::new(format!("conversation:chat:{n}"), SourceKind::Conversation, "Chat");
    chat.blocks = vec![
        Block::Paragraph(format!("Customer: {asked}")),
        Block::Paragraph("Agent: Please see our returns page, it says all about it.".into()),
    ];
    chat
}

fn sources(days: u32) -> Vec<Document> {
    vec![
        returns(days),
        shipping(),
        conversation(1, "Hello! How many days do I have to return an item?"),
        conversation(2, "how many days do I have to return an item?"),
        conversation(3, "Where is my order FV10234?"),
    ]
}

#[tokio::test]
async fn an_answer_is_mined_approved_said_and_taken_back_when_its_page_changes() {
    let shop = Shop::open();
    shop.sync(sources(30)).await;

    // Mined: three questions on two kinds of sources are one, and the engine drafts what the page says.
    let (found, drafted) = shop.mined().await;
    let at = found.iter().position(|c| c.variants.iter().any(|v| v == ASKED)).expect("the question was found");
    assert_eq!((found[at].asked, found[at].from[&Origin::Conversations]), (3, 2), "{found:?}");
    let Drafted::Saved { id, text } = &drafted[at] else { panic!("{:?}", drafted[at]) };
    assert!(text.contains("within 30 days of delivery"), "{text}");
    let draft = shop.answer(id).await;
    assert_eq!((draft.state, draft.asked), (State::Draft, 3));
    assert_eq!(draft.rests_on[0].doc.0, "pages/returns.md");
    assert_eq!(shop.said().await, None, "a draft is not said");
    let (_, again) = shop.mined().await;
    assert_eq!(again[at], Drafted::Known { id: id.clone() }, "twice is once");

    // Approved in other words, and said without a generator.
    let words = "You have 30 days from the day it is delivered.";
    shop.approve(id, words, None).await;
    let asked_before = shop.generated();
    let (said, cites) = shop.said().await.expect("the store's own words");
    assert_eq!((said.as_str(), cites.starts_with("pages/returns.md#")), (words, true));
    assert_eq!(shop.generated(), asked_before, "no generator was asked");

    // A sync that changes another page leaves it alone.
    let mut other = sources(30);
    other[1].blocks = vec![Block::Paragraph("Standard shipping takes 2 business days.".into())];
    assert_eq!(shop.sync(other).await.1, []);
    assert!(shop.said().await.is_some());

    // The page changes: the sync takes the answer back, and tells what was and what is.
    let (report, reopened) = shop.sync(sources(14)).await;
    assert!(report.changed > 0);
    assert_eq!(reopened.len(), 1);
    assert_eq!(&reopened[0].id, id);
    assert!(reopened[0].why.contains("within 30 days") && reopened[0].why.contains("→"), "{}", reopened[0].why);
    assert!(reopened[0].why.contains("within 14 days") && told(&reopened).contains(&id.0), "{}", reopened[0].why);
    assert!(matches!(shop.answer(id).await.state, State::Review { .. }));
    assert_eq!(shop.said().await, None, "it is not said meanwhile");
    assert_eq!(shop.sync(sources(14)).await.1, [], "it is taken back once");

    // Approved again, on the page as it is now.
    shop.approve(id, "You have 14 days from the day it is delivered.", Some("14 days")).await;
    assert_eq!(
        shop.said().await.map(|(said, _)| said).as_deref(),
        Some("You have 14 days from the day it is delivered.")
    );
    let audit = shop.desks.audit_of(shop.pass.as_agent().unwrap(), None).await.unwrap();
    let whats: Vec<&str> = audit.iter().filter(|l| l.action == id.0).map(|l| l.what.as_str()).collect();
    assert_eq!(whats, ["drafted", "approved", "review", "approved"]);

    // A page that goes takes it back as well.
    let (_, reopened) = shop.sync(sources(14).into_iter().skip(1).collect()).await;
    assert!(reopened[0].why.contains("is gone"), "{}", reopened[0].why);
    assert_eq!(shop.said().await, None);
}

#[tokio::test]
async fn a_question_that_a_person_was_called_for_is_mined_without_personal_data() {
    let shop = Shop::open();
    shop.sync(vec![shipping(), conversation(3, "Where is my order FV10234?")]).await;
    let case = HandoffCase {
        conversation: ConversationId("c".into()),
        turn: 0,
        reason: HandoffReason::NoEvidence,
        evidence: String::new(),
        question: "I am Nora, nora@mail.example. Do you engrave knives with a name?".into(),
        looked_at: Vec::new(),
        draft: None,
        tier: None,
        action: None,
        package: None,
    };
    shop.desks.open(&shop.pass, &case).await.expect("a handoff");
    let (found, drafted) = shop.mined().await;
    let all = format!("{found:?}");
    assert!(!all.contains("nora") && !all.contains("Nora"), "{all}");
    let at = found.iter().position(|c| c.question.contains("engrave")).expect("the question was found");
    assert_eq!(found[at].from.keys().copied().collect::<Vec<_>>(), [Origin::Handoffs]);
    assert!(matches!(drafted[at], Drafted::Unanswered { .. }), "{:?}", drafted[at]);
}
