//! What crosses the wire, apart from the engine's types: those may change with the code, these only with the API.

mod conversation;
mod identity;
mod reply;
mod request;

pub use conversation::{ConversationView, MoveRequest, OwnerName, PersonMessage, SpeakerName, TurnView};
pub use identity::{Claim, CodeAccepted, CodeRequest, Private, VerifyRequest, VerifyResponse};
pub use reply::{
    AnswerReply, AskResponse, Case, Citation, Handoff, HandoffList, HandoffReason, HandoffReply, LookedAt, Reply,
    Sentence, SilentOwner, SilentReply, Timings,
};
pub use request::{AskRequest, HistoryMessage, Role};
