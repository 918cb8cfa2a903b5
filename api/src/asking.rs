//! One question from its arrival to its reply, whoever brings it: a caller of the API or a channel.
//!
//! Who has the word is looked at twice: when the message is written down, and in the transaction that writes down what
//! the bot says. Nothing is said that is not written down.

use crate::{
    app::App,
    db::{
        conversations::{Arrived, Begun, Channel, Owner},
        replies::{BotReply, Recorded},
    },
    error::ApiError,
    gate::{Full, Place},
    wire::{AskResponse, Reply, SilentReply, Timings},
};
use engine::{
    Asker, ConversationId, HandoffCase, HandoffReason, Message, Speaker, Turn, identity::CustomerKey, package,
    ports::Handoffs, reply,
};
use serde_json::json;
use std::time::Instant;
use tokio::time::timeout;

/// An id of fewer characters can be guessed, and whoever names a conversation is told what was said in it by way of the
/// answer: of such a one the caller brings the history.
const UNGUESSABLE: usize = 22;

/// A message as it was brought.
#[derive(Debug)]
pub struct Incoming {
    pub asker: Asker,
    pub turn: Turn,
    /// Which message of the customer it is, if that was said.
    pub number: Option<u32>,
    pub channel: Channel,
    /// The id that a channel gave it.
    pub message: Option<String>,
}

/// What becomes of a message.
pub enum Admitted {
    Question(Question),
    /// A person has the word.
    Silent(AskResponse),
}

/// An admitted question. Dropping it, or the future that answers it, stops the work: the caller has gone.
pub struct Question {
    asker: Asker,
    turn: Turn,
    epoch: u32,
    queue_ms: f64,
    _place: Place,
}

/// What the engine says to a question.
pub struct Thought {
    reply: reply::Reply,
    timings: Timings,
    started: Instant,
}

/// Writes the message down, and sees whether the bot may answer it.
pub async fn admit(app: &App, incoming: Incoming) -> Result<Admitted, ApiError> {
    let Incoming { asker, mut turn, number, channel, message } = incoming;
    let arrived = Instant::now();
    let place = app.gate.enter().await.map_err(|Full| ApiError::Busy { retry_after_s: app.limits.retry_after_s })?;
    let queue_ms = millis(arrived);
    let pass = asker.store_pass();
    let said = Arrived {
        conversation: &turn.conversation,
        channel,
        number,
        message: message.as_deref(),
        text: &turn.text,
        contact: proved_address(&asker),
    };
    let begun = app.desks.arrived(pass, &said, app.limits.history_messages).await?;
    turn.number = begun.number;
    if turn.history.is_empty() {
        if channel == Channel::Chatwoot || turn.conversation.0.len() >= UNGUESSABLE {
            turn.history.clone_from(&begun.history);
        }
    } else {
        turn.history = of_this_epoch(std::mem::take(&mut turn.history), number, &begun);
    }
    let silent_while_waiting = match channel {
        // What is handed over there is open, and open means that a person has it.
        Channel::Chatwoot => !begun.again,
        Channel::Api => app.desks.handover(pass.store()).silent_while_waiting,
    };
    let silent = match begun.owner {
        Owner::Bot => false,
        Owner::Waiting => silent_while_waiting,
        Owner::Person(_) | Owner::Resolved => true,
    };
    let question = Question { asker, turn, epoch: begun.epoch, queue_ms, _place: place };
    Ok(if silent {
        question.log("silent", None, Instant::now());
        Admitted::Silent(question.silent(&begun.owner))
    } else {
        Admitted::Question(question)
    })
}

/// What a caller brought of the conversation, without what was said before it was opened anew.
fn of_this_epoch(history: Vec<Message>, number: Option<u32>, begun: &Begun) -> Vec<Message> {
    if begun.epoch_from == 0 {
        return history;
    }
    let asked = history.iter().filter(|message| message.role == Speaker::Customer).count() as u32;
    // The number of the first message of the customer that was brought.
    let mut at = number.unwrap_or(begun.number).saturating_sub(asked);
    let mut kept = Vec::new();
    for message in history {
        let is_customers = message.role == Speaker::Customer;
        if at > begun.epoch_from || (is_customers && at == begun.epoch_from) {
            kept.push(message);
        }
        at += u32::from(is_customers);
    }
    kept
}

impl Question {
    /// Answers it: the reply has been written down while the bot had the word, or is silence.
    pub async fn answer(&self, app: &App) -> Result<AskResponse, ApiError> {
        let thought = self.think(app, &|_| {}).await?;
        self.record(app, thought).await
    }

    /// What the engine says, not yet written down. `release` is shown each sentence that passes its check.
    pub async fn think(
        &self,
        app: &App,
        release: &(dyn Fn(&reply::Sentence) + Send + Sync),
    ) -> Result<Thought, ApiError> {
        let started = Instant::now();
        let Self { asker, turn, .. } = self;
        let (reply, timings) = match timeout(app.http.request_timeout(), app.engine.answer(asker, turn, release)).await
        {
            Ok(Ok(outcome)) => (outcome.reply, Timings::new(self.queue_ms, &outcome.trace.timings)),
            Ok(Err(error)) => return Err(ApiError::from_engine(error, app.limits.retry_after_s)),
            Err(_) => {
                let evidence = format!("no answer within {} ms", app.http.request_timeout_ms);
                let reply = reply::Reply::Handoff(self.hand_over(app, evidence).await?);
                let total_ms = millis(started);
                (reply, Timings { queue_ms: self.queue_ms, total_ms, ..Timings::default() })
            }
        };
        Ok(Thought { reply, timings, started })
    }

    /// A person's case: what could not be answered however often it was tried.
    pub async fn give_up(&self, app: &App, why: &str) -> Result<AskResponse, ApiError> {
        let reply = reply::Reply::Handoff(self.hand_over(app, why.to_owned()).await?);
        self.record(app, Thought { reply, timings: Timings::default(), started: Instant::now() }).await
    }

    /// Whether what is finished of the answer may be said by now; it is then written down.
    pub async fn may_say(&self, app: &App, text: &str) -> Result<Option<AskResponse>, ApiError> {
        let part = self.bot_reply(text, "part", None);
        match app.desks.record_part_if_bot_owns(self.asker.store_pass(), &part).await? {
            Recorded::Said => Ok(None),
            Recorded::Discarded(owner) => {
                self.log("silent", None, Instant::now());
                Ok(Some(self.silent(&owner)))
            }
        }
    }

    /// Writes down what the engine says, if the bot still has the word; what may be given out then.
    pub async fn record(&self, app: &App, thought: Thought) -> Result<AskResponse, ApiError> {
        let Thought { reply, timings, started } = thought;
        let (reply, citations) = Reply::from_engine(reply);
        let (text, reason, outcome) = match &reply {
            Reply::Answer(answer) => {
                let docs: Vec<&str> = citations.iter().map(|citation| citation.doc.as_str()).collect();
                (answer.text.clone(), None, json!({ "cites": docs }))
            }
            Reply::Offer(offer) => {
                let docs: Vec<&str> = citations.iter().map(|citation| citation.doc.as_str()).collect();
                (format!("{} {}", offer.text, offer.offer), None, json!({ "cites": docs, "offered": true }))
            }
            Reply::Clarify(asks) => (format!("{} {}", asks.message, asks.choices.join(", ")), None, json!({})),
            Reply::NeedsIdentity(asks) => (asks.message.clone(), None, json!({})),
            Reply::Handoff(handoff) => {
                let reason = handoff.case.reason.as_str();
                (handoff.message.clone(), Some(reason), json!({ "handoff": handoff.id, "reason": reason }))
            }
            Reply::Silent(_) => (String::new(), None, json!({})),
        };
        let said = self.bot_reply(&text, reply.kind(), Some(outcome));
        match app.desks.record_reply_if_bot_owns(self.asker.store_pass(), &said).await? {
            Recorded::Said => {
                self.log(reply.kind(), reason, started);
                let conversation_id = self.turn.conversation.0.clone();
                Ok(AskResponse { conversation_id, turn: self.turn.number, reply, citations, timings })
            }
            Recorded::Discarded(owner) => {
                self.log("silent", None, started);
                Ok(self.silent(&owner))
            }
        }
    }

    fn bot_reply<'a>(&'a self, text: &'a str, kind: &'a str, outcome: Option<serde_json::Value>) -> BotReply<'a> {
        let (number, epoch) = (self.turn.number, self.epoch);
        BotReply { conversation: &self.turn.conversation, number, epoch, text, kind, outcome }
    }

    fn silent(&self, owner: &Owner) -> AskResponse {
        AskResponse {
            conversation_id: self.turn.conversation.0.clone(),
            turn: self.turn.number,
            reply: Reply::Silent(SilentReply { owner: owner.into() }),
            citations: Vec::new(),
            timings: Timings { queue_ms: self.queue_ms, ..Timings::default() },
        }
    }

    fn log(&self, kind: &str, reason: Option<&str>, started: Instant) {
        tracing::info!(
            store.id = %self.asker.store_pass().store(),
            asker.tier = ?self.asker.tier(),
            reply.r#type = kind,
            handoff.reason = reason,
            queue_ms = self.queue_ms,
            duration_ms = millis(started),
            "question answered"
        );
    }

    async fn hand_over(&self, app: &App, evidence: String) -> Result<reply::Handoff, ApiError> {
        let package = package::cut_off(&self.asker, &self.turn, &evidence, app.desks.now());
        let case = HandoffCase {
            conversation: self.turn.conversation.clone(),
            turn: self.turn.number,
            reason: HandoffReason::Unavailable,
            evidence,
            question: self.turn.text.clone(),
            looked_at: Vec::new(),
            draft: None,
            tier: Some(self.asker.tier()),
            action: None,
            package: Some(Box::new(package)),
        };
        let id = app.desks.open(self.asker.store_pass(), &case).await.map_err(|error| {
            ApiError::from(error).log();
            ApiError::TimedOut
        })?;
        Ok(reply::Handoff { id, message: app.handoff_message.clone(), case })
    }
}

/// The address that an agent may write to. One that was only claimed may be another's.
fn proved_address(asker: &Asker) -> Option<&str> {
    match asker {
        Asker::Anonymous(_) | Asker::Claimed(_) => None,
        Asker::Verified(customer) => match customer.customer() {
            CustomerKey::Email(email) => Some(email.expose()),
            CustomerKey::Id(_) => None,
        },
    }
}

/// A turn that a channel brings, before it is known what was said before.
pub fn bare_turn(conversation: ConversationId, text: String) -> Turn {
    Turn { conversation, number: 0, text, history: Vec::new(), country: None }
}

fn millis(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(said: &[&str]) -> Vec<Message> {
        let role = |text: &str| if text.starts_with('c') { Speaker::Customer } else { Speaker::Agent };
        said.iter().map(|text| Message { role: role(text), text: (*text).to_owned() }).collect()
    }

    #[test]
    fn what_was_said_before_the_conversation_was_opened_anew_is_left_out() {
        let begun = |number, epoch_from| Begun {
            number,
            epoch: 1,
            epoch_from,
            owner: Owner::Bot,
            history: Vec::new(),
            again: false,
        };
        for (brought, number, epoch_from, kept) in [
            (&["c0", "a0", "c1", "a1"][..], 2, 2, &[][..]),
            (&["c0", "a0", "c1", "a1"], 2, 1, &["c1", "a1"]),
            (&["c0", "a0", "c1", "a1"], 2, 0, &["c0", "a0", "c1", "a1"]),
            // The caller cut the beginning off.
            (&["a1", "c2", "a2"], 3, 2, &["c2", "a2"]),
        ] {
            let left = of_this_epoch(history(brought), Some(number), &begun(number, epoch_from));
            assert_eq!(left, history(kept), "{brought:?} {epoch_from}");
        }
    }
}
