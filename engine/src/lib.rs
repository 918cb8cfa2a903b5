//! What is said to a customer, and when a person is called.
//!
//! This crate knows no HTTP, no candle, no SQL and no file system: everything foreign, slow or random stands
//! behind a trait in [`ports`]. Read [`answer`] first; the whole path of one question is on that page.

pub mod access;
pub mod answer;
#[cfg(test)]
mod answer_tests;
pub mod approved;
pub mod check;
pub mod conflict;
pub mod decide;
pub mod delivery;
pub mod draft;
pub mod evidence;
pub mod expired;
pub mod extract;
pub mod fakes;
pub mod handoff;
pub mod identity;
pub mod live;
pub mod package;
pub mod place;
pub mod policy;
pub mod ports;
pub mod prompt;
pub mod reply;
pub mod rerank;
pub mod returns;
pub mod rules;
pub mod select;
pub mod smalltalk;
pub mod spelling;
pub mod store;
mod subject;
mod superseded;
pub mod text;
pub mod trace;
pub mod turn;
pub mod understand;
pub mod value;
mod vectors;

pub use access::{AgentPass, Keyring, PlainKey, Role, StoreId, StorePass};
pub use answer::{Engine, EngineConfig, Outcome, Trace};
pub use decide::{RiskModel, Signals};
pub use evidence::{DocId, Evidence, Passage, PassageId, SourceKind};
pub use handoff::{HandoffCase, HandoffId, HandoffReason};
pub use identity::{Asker, CustomerPass, Tier};
pub use live::{LiveKind, LiveQuestion};
pub use policy::Policy;
pub use reply::{Answer, Citation, Reply};
pub use store::{Profiles, StoreProfile};
pub use turn::{ConversationId, Message, Speaker, Turn};
pub use understand::{Intent, Understanding};
