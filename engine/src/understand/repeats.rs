//! The same question again, in another conversation, on another day: when it is a try that failed.
//!
//! Asking again is no failure in itself. Who asks on two days where their parcel is, gets two answers, and both help,
//! as long as something has happened between. So an earlier question counts as a failed try only where
//! - the same verified customer asked the same about the same order,
//! - what would be said now is what was said then: the state of the order has not changed since, and
//! - it was of no help: nobody answered it, a person was called and has not come, or the customer says so, then or now.
//!
//! What a person has resolved counts only where the customer says that it was not.

use crate::identity::{CustomerKey, OrderNumber};
use crate::live::{LiveKind, Order};
use crate::package::{is_repeat, reaction, says_again};
use crate::turn::ConversationId;
use crate::understand::{Family, Intent};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// Where an order stood, as a digest: it says that something has changed, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrderState(String);

/// What a message asked, as it is kept for later conversations. Holds no words of the customer's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Those that were named, or the one that was looked at.
    pub orders: Vec<OrderNumber>,
    pub kinds: Vec<LiveKind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<Intent>,
    /// Where the order stood, if it is one that was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<OrderState>,
}

/// An earlier question of the same customer, in another conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct AskedBefore {
    pub conversation: ConversationId,
    pub at: Timestamp,
    /// In the customer's words.
    pub question: String,
    pub asked: Asked,
    pub ended: Ended,
    /// What the customer wrote after the reply, oldest first.
    pub after: Vec<String>,
}

/// What became of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// A person has closed it.
    Resolved,
    /// A person was called or has the word, and has not closed it.
    WithPerson,
    /// It was answered, and nobody has closed it.
    Answered,
    /// It was asked back, or nothing was said.
    Unanswered,
}

/// What is asked now.
#[derive(Clone, Copy, Debug)]
pub struct Again<'a> {
    pub text: &'a str,
    pub asked: &'a Asked,
    /// Where orders stand now, as far as they were read.
    pub states: &'a [(OrderNumber, OrderState)],
}

impl OrderState {
    /// Everything that an answer about the order is made of and that changes: states, scans, money, returns.
    pub fn of(order: &Order) -> Self {
        let parcels = order.parcels.iter().map(|p| {
            let scan = p.events.first().map(|e| (e.status.as_str().to_owned(), e.at));
            let status = p.status.as_ref().map(|s| s.as_str().to_owned());
            (p.name.clone(), status, p.estimated_delivery_at, p.delivered_at, scan)
        });
        let pending = order.pending.iter().map(|work| (work.status.as_str().to_owned(), work.fulfill_at));
        let returns = order.returns.iter().map(|r| (r.name.clone(), r.status.as_str().to_owned()));
        let all = (
            order.cancelled.as_ref().map(|c| c.at),
            order.fulfillment.as_str(),
            order.financial.as_ref().map(|f| f.as_str().to_owned()),
            order.refunded.minor,
            parcels.collect::<Vec<_>>(),
            pending.collect::<Vec<_>>(),
            returns.collect::<Vec<_>>(),
        );
        Self(hex::encode(Sha256::digest(format!("{all:?}").as_bytes()))[..16].to_owned())
    }
}

impl Asked {
    /// Whether it is a matter that can be asked about again: small talk is none.
    pub fn is_something(&self) -> bool {
        let matter = self.intent.is_some_and(|intent| intent.family() != Family::Conversation);
        matter || !self.orders.is_empty() || !self.kinds.is_empty()
    }
}

impl Again<'_> {
    /// Whether it is the same question about the same order. A question that names no order may be about any of theirs.
    pub fn is_of(&self, before: &AskedBefore) -> bool {
        let (now, then) = (self.asked, &before.asked);
        let same_order = now.orders.is_empty()
            || then.orders.is_empty()
            || now.orders.iter().any(|order| then.orders.contains(order));
        let same_kind = now.kinds.iter().any(|kind| then.kinds.contains(kind));
        let same_intent = now.intent.is_some() && now.intent == then.intent;
        same_order && (same_kind || same_intent || is_repeat(&before.question, self.text))
    }

    /// Whether the order of an earlier question stands elsewhere now.
    fn has_moved(&self, before: &AskedBefore) -> bool {
        let (Some(then), [order]) = (&before.asked.state, before.asked.orders.as_slice()) else { return false };
        self.states.iter().any(|(number, now)| number == order && now != then)
    }

    /// Whether the earlier one was a try that failed: see the rules above.
    pub fn failed(&self, before: &AskedBefore) -> bool {
        if self.has_moved(before) || !self.is_of(before) {
            return false;
        }
        let says_so = says_again(self.text);
        match before.ended {
            Ended::WithPerson | Ended::Unanswered => true,
            Ended::Resolved => says_so,
            Ended::Answered => {
                let unsettled = |after: &String| !reaction(Some(&before.question), "", after).settles();
                says_so || before.after.iter().any(unsettled)
            }
        }
    }
}

/// In how many earlier conversations the same was asked, and in how many of them without help.
pub fn counted(now: &Again<'_>, before: &[AskedBefore]) -> (u32, u32) {
    let conversations = |of: &dyn Fn(&AskedBefore) -> bool| {
        let ids: BTreeSet<&str> = before.iter().filter(|b| of(b)).map(|b| b.conversation.0.as_str()).collect();
        u32::try_from(ids.len()).unwrap_or(u32::MAX)
    };
    (conversations(&|b| now.is_of(b)), conversations(&|b| now.failed(b)))
}

/// The words under which a customer is filed and found.
pub fn subject(key: &CustomerKey) -> String {
    match key {
        CustomerKey::Id(id) => format!("customer:{}", id.as_str()),
        CustomerKey::Email(email) => format!("email:{}", email.expose()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::ParcelStatus;
    use crate::live::samples::{at, order, parcel};

    fn state(text: &str) -> Option<OrderState> {
        Some(OrderState(text.to_owned()))
    }

    fn asked(order: &str, seen: Option<OrderState>) -> Asked {
        let orders = OrderNumber::parse(order).into_iter().collect();
        Asked { orders, kinds: vec![LiveKind::Status], intent: None, state: seen }
    }

    fn before(order: &str, ended: Ended) -> AskedBefore {
        AskedBefore {
            conversation: ConversationId("mail".into()),
            at: at(1),
            question: "Where is my order?".into(),
            asked: asked(order, state("a")),
            ended,
            after: Vec::new(),
        }
    }

    #[track_caller]
    fn check(text: &str, now: &Asked, before: &AskedBefore, expect: (u32, u32)) {
        let states: Vec<_> = now.orders.iter().cloned().zip(now.state.clone()).collect();
        let again = Again { text, asked: now, states: &states };
        assert_eq!(counted(&again, std::slice::from_ref(before)), expect, "{text}");
    }

    #[test]
    fn asking_again_is_a_failed_try_only_where_nothing_helped() {
        let where_is_it = "Where is FV10234?";
        let same = asked("#FV10234", state("a"));
        let moved = asked("#FV10234", state("b"));
        check(where_is_it, &same, &before("#FV10234", Ended::Answered), (1, 0));
        check(where_is_it, &same, &before("#FV10234", Ended::Resolved), (1, 0));
        check(where_is_it, &same, &before("#FV10234", Ended::WithPerson), (1, 1));
        check(where_is_it, &same, &before("#FV10234", Ended::Unanswered), (1, 1));
        // Something has happened since: what is said now is another answer.
        check(where_is_it, &moved, &before("#FV10234", Ended::WithPerson), (1, 0));
        check("I asked again: where is FV10234?", &moved, &before("#FV10234", Ended::Answered), (1, 0));
        // The customer says that it was no help: now, or then.
        let told = "I already asked yesterday and nobody replied. Where is FV10234?";
        check(told, &same, &before("#FV10234", Ended::Answered), (1, 1));
        check(told, &same, &before("#FV10234", Ended::Resolved), (1, 1));
        let then = AskedBefore { after: vec!["That does not help".into()], ..before("#FV10234", Ended::Answered) };
        check(where_is_it, &same, &then, (1, 1));
        let thanked = AskedBefore { after: vec!["Thank you!".into()], ..before("#FV10234", Ended::Answered) };
        check(where_is_it, &same, &thanked, (1, 0));
    }

    #[test]
    fn another_order_and_another_question_are_not_the_same() {
        let same = asked("#FV10234", None);
        check("Where is it?", &same, &before("#FV10299", Ended::WithPerson), (0, 0));
        let cancel = Asked { kinds: vec![LiveKind::Cancellable], ..same.clone() };
        check("Can I still cancel it?", &cancel, &before("#FV10234", Ended::WithPerson), (0, 0));
        // Which order it is was not said the second time.
        let unnamed = Asked { orders: Vec::new(), ..same };
        check("where's my parcel", &unnamed, &before("#FV10234", Ended::WithPerson), (1, 1));
    }

    #[test]
    fn several_questions_of_one_conversation_are_one_try() {
        let now = asked("#FV10234", None);
        let twice = [before("#FV10234", Ended::WithPerson), before("#FV10234", Ended::WithPerson)];
        let again = Again { text: "Where is it?", asked: &now, states: &[] };
        assert_eq!(counted(&again, &twice), (1, 1));
        let other =
            AskedBefore { conversation: ConversationId("chat".into()), ..before("#FV10234", Ended::Unanswered) };
        let all = [twice[0].clone(), other];
        assert_eq!(counted(&again, &all), (2, 2));
    }

    #[test]
    fn a_scan_is_a_change_and_a_later_reading_is_none() {
        let mut of = order(10234);
        of.parcels = vec![parcel(&of, 1, ParcelStatus::InTransit)];
        let first = OrderState::of(&of);
        of.updated_at = at(0);
        assert_eq!(OrderState::of(&of), first);
        of.parcels[0].status = Some(ParcelStatus::OutForDelivery);
        assert_ne!(OrderState::of(&of), first);
        assert!(!format!("{first:?}").contains("FV10234"), "a digest holds nothing of the order");
    }

    #[test]
    fn small_talk_is_not_kept() {
        assert!(!Asked { intent: Some(Intent::Greeting), ..Asked::default() }.is_something());
        assert!(Asked { intent: Some(Intent::Warranty), ..Asked::default() }.is_something());
    }
}
