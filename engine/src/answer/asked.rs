//! The same customer in other conversations: what they asked before, and what is kept of what they ask now.

use super::{Engine, EngineError};
use crate::identity::{Asker, CustomerKey, CustomerPass, OrderNumber};
use crate::live::LiveQuestion;
use crate::live::flow::Live;
use crate::live::question::Named;
use crate::package::{Reads, Watched, any_order_number};
use crate::policy::Policy;
use crate::reply::{Answer, Reply};
use crate::store::StoreProfile;
use crate::trace::Trace;
use crate::turn::Turn;
use crate::understand::repeats::{Again, Asked, AskedBefore, OrderState, counted};
use crate::understand::{Intent, Stage};
use jiff::SignedDuration;
use std::collections::HashSet;

impl Engine {
    /// How often this customer asked the same about the same order in earlier conversations, into what was understood:
    /// the tries that failed are tries like those of this conversation. Where what was asked cannot be read, nothing
    /// was asked.
    pub(super) async fn heard_before(
        &self,
        asker: &Asker,
        turn: &Turn,
        profile: Option<&StoreProfile>,
        policy: &Policy,
        intent: Option<Intent>,
        trace: &mut Trace,
    ) -> Result<(), EngineError> {
        let (Asker::Verified(customer), Some(contacts)) = (asker, &self.ports.contacts) else { return Ok(()) };
        let days = SignedDuration::from_hours(24 * i64::from(policy.repeats_within));
        let now = asked(turn, profile, intent, None);
        let since = self.ports.clock.now().checked_sub(days);
        let (true, Ok(since)) = (policy.repeats_within > 0 && now.is_something(), since) else { return Ok(()) };
        let before = contacts.asked(customer, turn, since).await.unwrap_or_default();
        let again = Again { text: &turn.text, asked: &now, states: &[] };
        let (asked_before, mut failed) = counted(&again, &before);
        if failed > 0 {
            // Only what still counts is worth a look-up: has anything happened to the order since?
            let states = self.states(customer, turn, profile, &again, &before, trace).await?;
            failed = counted(&Again { states: &states, ..again }, &before).1;
        }
        let understood = &mut trace.understanding;
        (understood.asked_before, understood.repeats) = (asked_before, understood.repeats.saturating_add(failed));
        Ok(())
    }

    /// Where the orders stand now that earlier questions were about. A shop that does not answer says nothing.
    async fn states(
        &self,
        customer: &CustomerPass,
        turn: &Turn,
        profile: Option<&StoreProfile>,
        again: &Again<'_>,
        before: &[AskedBefore],
        trace: &mut Trace,
    ) -> Result<Vec<(OrderNumber, OrderState)>, EngineError> {
        let (Some(profile), Some(storefront)) = (profile, &self.ports.storefront) else { return Ok(Vec::new()) };
        let mut numbers: Vec<OrderNumber> = Vec::new();
        for earlier in before.iter().filter(|b| b.asked.state.is_some() && again.failed(b)) {
            let new = earlier.asked.orders.iter().filter(|number| !numbers.contains(number));
            numbers.extend(new.cloned().collect::<Vec<_>>());
        }
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        let watched = Watched::new(storefront.as_ref(), std::mem::take(&mut trace.reads));
        let asker = Asker::Verified(customer.clone());
        let live = Live { storefront: &watched, profile, asker: &asker, turn, now: self.ports.clock.now() };
        let found = live.read_owned(customer, &numbers).await;
        trace.reads = watched.into_reads();
        let orders = found?.map(|found| found.orders.value).unwrap_or_default();
        Ok(orders.iter().map(|order| (order.number.clone(), OrderState::of(order))).collect())
    }

    /// What is known when the turn is over: where the customer stands, and for a later conversation what was asked. A
    /// question that cannot be kept has been answered all the same.
    pub(super) async fn settle(&self, asker: &Asker, turn: &Turn, reply: &Reply, trace: &mut Trace) {
        let looked_at = looked_at(reply);
        let known = Stage::of_reads(&trace.reads, &looked_at);
        trace.understanding.stage = known.or(trace.understanding.stage);
        let (Asker::Verified(customer), Some(contacts)) = (asker, &self.ports.contacts) else { return };
        let profile = self.profiles.get(asker.store_pass().store());
        let intent = trace.ruled.as_ref().and_then(|ruled| ruled.intent);
        let mut asked = asked(turn, profile.as_deref(), intent, trace.live.as_ref());
        if asked.orders.is_empty() {
            asked.orders = looked_at;
        }
        if let [one] = asked.orders.as_slice() {
            let read = trace.reads.orders.iter().find(|read| &read.value.number == one);
            asked.state = read.map(|read| OrderState::of(&read.value));
        }
        if asked.is_something() {
            let (also, now) = (also(customer, &trace.reads), self.ports.clock.now());
            let _ = contacts.keep(customer, &also, turn, &asked, now).await;
        }
    }
}

/// What a turn asks, as far as it can be told without a look-up.
fn asked(
    turn: &Turn,
    profile: Option<&StoreProfile>,
    intent: Option<Intent>,
    understood: Option<&LiveQuestion>,
) -> Asked {
    let pattern = match profile {
        Some(profile) => &profile.order_number,
        None => any_order_number(),
    };
    let kinds = match understood {
        Some(question) => question.kinds.clone(),
        None => LiveQuestion::read(turn, pattern).map(|question| question.kinds).unwrap_or_default(),
    };
    Asked { orders: Named::read(turn, pattern).numbers, kinds, intent, state: None }
}

/// Orders that a reply speaks of, or that were looked at before a person was called.
fn looked_at(reply: &Reply) -> Vec<OrderNumber> {
    let cited = |answer: &Answer| answer.citations().iter().map(|c| c.doc.0.clone()).collect::<Vec<_>>();
    let docs = match reply {
        Reply::Answer(answer) => cited(answer),
        Reply::Offer(offer) => cited(&offer.answer),
        Reply::Handoff(handoff) => handoff.case.looked_at.iter().map(|seen| seen.doc.0.clone()).collect(),
        Reply::Clarify(_) | Reply::NeedsIdentity(_) => Vec::new(),
    };
    let mut orders: Vec<OrderNumber> = Vec::new();
    for number in docs.iter().filter_map(|doc| OrderNumber::parse(doc.strip_prefix("order:")?)) {
        if !orders.contains(&number) {
            orders.push(number);
        }
    }
    orders
}

/// Other keys of the same customer: who signs in is known by an id, who redeems a code by an address. The shop's record
/// of the customer holds both; their orders do where all say the same. One order's contact address may be somebody
/// else's.
fn also(customer: &CustomerPass, reads: &Reads) -> Vec<CustomerKey> {
    let known = reads.customer.iter().map(|c| &c.value);
    let own = known.flat_map(|c| [Some(CustomerKey::Id(c.id.clone())), c.email.clone().map(CustomerKey::Email)]);
    let mut keys: Vec<CustomerKey> = own.flatten().collect();
    let ids = reads.orders.iter().map(|o| o.value.customer.clone().map(CustomerKey::Id));
    let emails = reads.orders.iter().map(|o| o.value.email.clone().map(CustomerKey::Email));
    keys.extend(the_same(ids).into_iter().chain(the_same(emails)));
    let mut seen = HashSet::new();
    keys.retain(|key| key != customer.customer() && seen.insert(key.clone()));
    keys
}

/// The one value that all have.
fn the_same(mut keys: impl Iterator<Item = Option<CustomerKey>>) -> Option<CustomerKey> {
    let first = keys.next()??;
    keys.all(|key| key.as_ref() == Some(&first)).then_some(first)
}
