//! A reply as a caller reads it.

use crate::db::{conversations::Owner, desk::HandoffRecord};
use engine::{answer, handoff, reply};
use serde::Serialize;
use utoipa::ToSchema;

/// The reply to one question.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AskResponse {
    /// Send it with the next question of the same conversation.
    pub conversation_id: String,
    pub turn: u32,
    pub reply: Reply,
    /// Sources of the answer; empty for a handoff.
    pub citations: Vec<Citation>,
    pub timings: Timings,
}

/// Either is a good outcome; an answer is only what passed its check.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Reply {
    Answer(AnswerReply),
    /// An answer that may not be the whole one, and the offer of a person.
    Offer(OfferReply),
    /// A question back, with what to choose from.
    Clarify(ClarifyReply),
    /// The answer depends on who is asking.
    NeedsIdentity(IdentityReply),
    Handoff(HandoffReply),
    /// A person has the conversation: show nothing in the bot's name.
    Silent(SilentReply),
}

/// Why nothing is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SilentReply {
    pub owner: SilentOwner,
}

/// Who has the word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SilentOwner {
    /// A person speaks with the customer.
    Person,
    /// A person was called, and the store wants nothing said until they come.
    Waiting,
    /// The conversation was resolved while the question was answered.
    Resolved,
}

impl From<&Owner> for SilentOwner {
    fn from(owner: &Owner) -> Self {
        match owner {
            Owner::Person(_) => Self::Person,
            Owner::Waiting => Self::Waiting,
            // The bot is silent in its own conversation only if that was opened anew meanwhile.
            Owner::Resolved | Owner::Bot => Self::Resolved,
        }
    }
}

/// Asks which of several things is meant.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ClarifyReply {
    /// What to show to the customer.
    pub message: String,
    /// What can be chosen from, as a customer would say it.
    pub choices: Vec<String>,
}

/// Asks who is asking. The same words whether or not there is such an order.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct IdentityReply {
    /// What to show to the customer.
    pub message: String,
    /// What would be enough, the easiest first.
    pub ways: Vec<IdentityWay>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IdentityWay {
    /// Order number and e-mail in one message: opens status and tracking of that order.
    OrderNumberAndEmail,
    /// A six-digit code to the e-mail on file.
    EmailedCode,
    /// Logging in to the store.
    SignIn,
}

impl From<reply::IdentityWay> for IdentityWay {
    fn from(way: reply::IdentityWay) -> Self {
        match way {
            reply::IdentityWay::OrderNumberAndEmail => Self::OrderNumberAndEmail,
            reply::IdentityWay::EmailedCode => Self::EmailedCode,
            reply::IdentityWay::SignIn => Self::SignIn,
        }
    }
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AnswerReply {
    /// The sentences as one text.
    pub text: String,
    pub sentences: Vec<Sentence>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OfferReply {
    /// The sentences as one text.
    pub text: String,
    pub sentences: Vec<Sentence>,
    /// What to show below it: how to reach a person.
    pub offer: String,
}

/// One checked sentence of an answer.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Sentence {
    pub text: String,
    /// Numbers of the citations that it rests on.
    pub cites: Vec<usize>,
}

/// A person takes over.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HandoffReply {
    pub id: String,
    /// What to show to the customer.
    pub message: String,
    pub case: Case,
}

/// A source, and the words of it that the answer rests on.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Citation {
    /// What `cites` of a sentence refers to, from 1.
    pub number: usize,
    #[schema(example = "pages/returns.md")]
    pub doc: String,
    #[schema(example = "pages/returns.md#3")]
    pub passage: String,
    pub title: String,
    /// Headings above the passage, outermost first.
    pub heading: Vec<String>,
    pub url: Option<String>,
    pub quote: String,
    /// When a live fact was read (RFC 3339, UTC); absent for pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub read_at: Option<String>,
}

/// What a person needs to take over.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Case {
    pub conversation_id: String,
    pub turn: u32,
    pub reason: HandoffReason,
    /// The words, numbers or names that triggered the reason.
    pub evidence: String,
    pub question: String,
    /// What was looked at, best first.
    pub looked_at: Vec<LookedAt>,
    /// The draft that did not pass its check. Only an agent's key sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub draft: Option<String>,
    /// Everything that is known of the case: summary, who, orders as of now, timeline, what was given, earlier contacts,
    /// a suggested reply with why it can be trusted. Only an agent's key sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub package: Option<Box<engine::package::Package>>,
    /// The same as a note in Markdown, for a helpdesk. Only an agent's key sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Why a person is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HandoffReason {
    CustomerAsked,
    NeedsLiveData,
    NeedsAction,
    Sensitive,
    NoEvidence,
    Ungrounded,
    LowConfidence,
    SourcesDisagree,
    /// Something went wrong with an order.
    Exception,
    Complaint,
    /// A topic that the store leaves to people.
    NeverAutomated,
    /// Of a kind that the store does not let the engine answer.
    NotAutomated,
    /// A customer of a segment that the store leaves to people.
    Segment,
    /// Asked too often without help.
    Repeated,
    Instructions,
    Unavailable,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LookedAt {
    pub doc: String,
    pub title: String,
    pub url: Option<String>,
}

/// A handoff as an agent reads it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Handoff {
    pub id: String,
    /// RFC 3339, UTC.
    #[schema(example = "2026-11-20T12:00:00Z", format = DateTime)]
    pub opened_at: String,
    /// Absent while it waits.
    #[schema(format = DateTime)]
    pub resolved_at: Option<String>,
    pub case: Case,
}

/// Oldest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HandoffList {
    pub handoffs: Vec<Handoff>,
}

/// Milliseconds.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
pub struct Timings {
    /// Waiting for a place.
    pub queue_ms: f64,
    pub embed_ms: f64,
    pub search_ms: f64,
    pub rerank_ms: f64,
    pub select_ms: f64,
    /// Drafting and checking, sentence by sentence.
    pub draft_ms: f64,
    /// Until the first sentence was released; absent if none was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_sentence_ms: Option<f64>,
    /// Without the waiting.
    pub total_ms: f64,
}

impl Reply {
    /// What is logged.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Answer(_) => "answer",
            Self::Offer(_) => "offer",
            Self::Clarify(_) => "clarify",
            Self::NeedsIdentity(_) => "needs_identity",
            Self::Handoff(_) => "handoff",
            Self::Silent(_) => "silent",
        }
    }

    pub fn from_engine(reply: reply::Reply) -> (Self, Vec<Citation>) {
        match reply {
            reply::Reply::Answer(answer) => {
                let citations = answer.citations().iter().map(Citation::from).collect();
                let sentences = answer.sentences().iter().map(Sentence::from).collect();
                (Self::Answer(AnswerReply { text: answer.text(), sentences }), citations)
            }
            reply::Reply::Offer(reply::Offer { answer, offer }) => {
                let citations = answer.citations().iter().map(Citation::from).collect();
                let sentences = answer.sentences().iter().map(Sentence::from).collect();
                (Self::Offer(OfferReply { text: answer.text(), sentences, offer }), citations)
            }
            reply::Reply::Clarify(asks) => {
                (Self::Clarify(ClarifyReply { message: asks.message, choices: asks.choices }), Vec::new())
            }
            reply::Reply::NeedsIdentity(asks) => {
                let ways = asks.ways.into_iter().map(IdentityWay::from).collect();
                (Self::NeedsIdentity(IdentityReply { message: asks.message, ways }), Vec::new())
            }
            reply::Reply::Handoff(handoff) => (Self::Handoff(handoff.into()), Vec::new()),
        }
    }
}

impl From<&reply::Sentence> for Sentence {
    fn from(sentence: &reply::Sentence) -> Self {
        Self { text: sentence.text.clone(), cites: sentence.cites.clone() }
    }
}

impl From<&reply::Citation> for Citation {
    fn from(citation: &reply::Citation) -> Self {
        Self {
            number: citation.number,
            doc: citation.doc.to_string(),
            passage: citation.passage.to_string(),
            title: citation.title.clone(),
            heading: citation.heading.clone(),
            url: citation.url.clone(),
            quote: citation.quote.clone(),
            read_at: citation.read_at.map(|at| at.to_string()),
        }
    }
}

impl From<reply::Handoff> for HandoffReply {
    /// Without the draft and the package: whoever asks may be a storefront.
    fn from(handoff: reply::Handoff) -> Self {
        use handoff::HandoffReason as Reason;
        // Where live data was needed, the evidence may be an order's state, or Shopify's own words about a key; where a
        // rule of the store decided, its name and how sure it was are the store's business.
        let private = match handoff.case.reason {
            Reason::NeedsLiveData | Reason::NeedsAction | Reason::Unavailable => true,
            Reason::Exception | Reason::Complaint | Reason::NeverAutomated | Reason::NotAutomated => true,
            Reason::Repeated | Reason::LowConfidence | Reason::Segment => true,
            Reason::CustomerAsked | Reason::Sensitive | Reason::NoEvidence | Reason::Ungrounded => false,
            Reason::SourcesDisagree | Reason::Instructions => false,
        };
        let case = Case { draft: None, package: None, note: None, ..handoff.case.into() };
        let evidence = if private { String::new() } else { case.evidence };
        Self { id: handoff.id.0, message: handoff.message, case: Case { evidence, ..case } }
    }
}

impl From<HandoffRecord> for Handoff {
    fn from(record: HandoffRecord) -> Self {
        Self {
            id: record.id.0,
            opened_at: record.opened_at.to_string(),
            resolved_at: record.resolved_at.map(|at| at.to_string()),
            case: record.case.into(),
        }
    }
}

impl From<handoff::HandoffCase> for Case {
    fn from(case: handoff::HandoffCase) -> Self {
        let looked_at =
            |seen: handoff::LookedAt| LookedAt { doc: seen.doc.to_string(), title: seen.title, url: seen.url };
        let note = case.package.is_some().then(|| engine::package::markdown(&case));
        Self {
            conversation_id: case.conversation.0,
            turn: case.turn,
            reason: case.reason.into(),
            evidence: case.evidence,
            question: case.question,
            looked_at: case.looked_at.into_iter().map(looked_at).collect(),
            draft: case.draft,
            package: case.package,
            note,
        }
    }
}

impl From<handoff::HandoffReason> for HandoffReason {
    fn from(reason: handoff::HandoffReason) -> Self {
        use handoff::HandoffReason as Engine;
        match reason {
            Engine::CustomerAsked => Self::CustomerAsked,
            Engine::NeedsLiveData => Self::NeedsLiveData,
            Engine::NeedsAction => Self::NeedsAction,
            Engine::Sensitive => Self::Sensitive,
            Engine::NoEvidence => Self::NoEvidence,
            Engine::Ungrounded => Self::Ungrounded,
            Engine::LowConfidence => Self::LowConfidence,
            Engine::SourcesDisagree => Self::SourcesDisagree,
            Engine::Exception => Self::Exception,
            Engine::Complaint => Self::Complaint,
            Engine::NeverAutomated => Self::NeverAutomated,
            Engine::NotAutomated => Self::NotAutomated,
            Engine::Segment => Self::Segment,
            Engine::Repeated => Self::Repeated,
            Engine::Instructions => Self::Instructions,
            Engine::Unavailable => Self::Unavailable,
        }
    }
}

impl HandoffReason {
    /// What is logged, the same word as on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CustomerAsked => "customer_asked",
            Self::NeedsLiveData => "needs_live_data",
            Self::NeedsAction => "needs_action",
            Self::Sensitive => "sensitive",
            Self::NoEvidence => "no_evidence",
            Self::Ungrounded => "ungrounded",
            Self::LowConfidence => "low_confidence",
            Self::SourcesDisagree => "sources_disagree",
            Self::Exception => "exception",
            Self::Complaint => "complaint",
            Self::NeverAutomated => "never_automated",
            Self::NotAutomated => "not_automated",
            Self::Segment => "segment",
            Self::Repeated => "repeated",
            Self::Instructions => "instructions",
            Self::Unavailable => "unavailable",
        }
    }
}

impl Timings {
    pub fn new(queue_ms: f64, t: &answer::Timings) -> Self {
        Self {
            queue_ms,
            embed_ms: t.embed_ms,
            search_ms: t.search_ms,
            rerank_ms: t.rerank_ms,
            select_ms: t.select_ms,
            draft_ms: t.draft_ms,
            first_sentence_ms: t.first_sentence_ms,
            total_ms: t.total_ms,
        }
    }
}
