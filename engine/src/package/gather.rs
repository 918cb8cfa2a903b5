//! What is still missing when a person is called, read now: the orders that the asker may see, who they are, earlier
//! contacts. The look-ups are the asker's own, with their pass and nothing more, and a slow shop holds nobody up.

use super::assemble::pattern;
use super::{About, Came, Package, Reads, Told, Tried, Watched, assemble};
use crate::handoff::{HandoffReason, LookedAt};
use crate::identity::{Asker, CustomerKey};
use crate::live::flow::{Live, Person};
use crate::live::question::{Named, is_whole};
use crate::ports::{OrdersWanted, Ports, Storefront};
use crate::reply::IdentityWay;
use crate::store::StoreProfile;
use crate::trace::Trace;
use crate::turn::Turn;
use std::time::Duration;

/// A customer who waits for a person does not wait for this.
const DEADLINE: Duration = Duration::from_secs(3);
/// Orders that are looked through for the one that is named by its digits only.
const LATEST: usize = 20;
/// Orders that are read where none is named.
const RECENT: usize = 3;

/// The package of a handoff.
pub(crate) async fn make(
    ports: &Ports,
    profile: Option<&StoreProfile>,
    asker: &Asker,
    turn: &Turn,
    person: &Person,
    looked_at: &[LookedAt],
    trace: &Trace,
) -> Package {
    let mut reads = trace.reads.clone();
    if let (Some(storefront), Some(profile)) = (&ports.storefront, profile)
        && wants_context(person.reason)
        && !reads.shop_has_failed()
    {
        let watched = Watched::new(storefront.as_ref(), reads);
        let live = Live { storefront: &watched, profile, asker, turn, now: ports.clock.now() };
        let late = tokio::time::timeout(DEADLINE, read(&live, &watched)).await.is_err();
        reads = watched.into_reads();
        if late {
            let why = format!("no answer within {} s", DEADLINE.as_secs());
            reads.tried.push(Tried::Order { number: None, came: Came::Failed { why } });
        }
    }
    let named = Named::read(turn, pattern(profile)).numbers;
    let (email, customer) = match asker {
        Asker::Anonymous(_) => (None, None),
        // Who only says an address is not shown to be its owner.
        Asker::Claimed(_) => (None, None),
        Asker::Verified(customer) => match customer.customer() {
            CustomerKey::Id(id) => (reads.customer.as_ref().and_then(|c| c.value.email.as_ref()), Some(id)),
            CustomerKey::Email(email) => (Some(email), reads.customer.as_ref().map(|c| &c.value.id)),
        },
    };
    let about = About { conversation: &turn.conversation, turn: turn.number, orders: &named, email, customer };
    let past = match ports.handoffs.past(asker.store_pass(), about).await {
        Ok(past) => past,
        Err(error) => {
            reads.tried.push(Tried::PastContacts { came: Came::Failed { why: error.to_string() } });
            Vec::new()
        }
    };
    assemble(&Told {
        asker,
        tier: person.tier,
        turn,
        profile,
        reason: person.reason,
        words: &person.words,
        action: person.action.as_ref(),
        looked_at,
        trace,
        reads: &reads,
        past: &past,
        connected: ports.storefront.is_some(),
        now: ports.clock.now(),
    })
}

/// A message that tries to steer the engine gets no look-up out of it.
fn wants_context(reason: HandoffReason) -> bool {
    match reason {
        HandoffReason::Instructions => false,
        HandoffReason::CustomerAsked
        | HandoffReason::NeedsLiveData
        | HandoffReason::NeedsAction
        | HandoffReason::Sensitive
        | HandoffReason::NoEvidence
        | HandoffReason::LowConfidence
        | HandoffReason::Ungrounded
        | HandoffReason::SourcesDisagree
        | HandoffReason::Exception
        | HandoffReason::Complaint
        | HandoffReason::NeverAutomated
        | HandoffReason::NotAutomated
        | HandoffReason::Segment
        | HandoffReason::Repeated
        | HandoffReason::Unavailable => true,
    }
}

/// Reads what was not read in this turn. How each look-up ends is kept by `watched`; an error is nobody's to handle.
async fn read(live: &Live<'_>, watched: &Watched<'_>) {
    let pattern = &live.profile.order_number;
    let named = Named::read(live.turn, pattern);
    match live.asker {
        Asker::Verified(customer) => {
            let known = watched.snapshot();
            let has_orders = if named.numbers.is_empty() {
                known.has_looked_for_orders()
            } else {
                named.numbers.iter().all(|number| known.has_looked_for(number, pattern))
            };
            if !has_orders {
                let wanted = match named.numbers.as_slice() {
                    [] => OrdersWanted::Latest(RECENT),
                    [one] if is_whole(pattern, one.as_str()) => OrdersWanted::Number(one),
                    _ => OrdersWanted::Latest(LATEST),
                };
                let _ = watched.orders(customer, wanted).await;
            }
            if !known.has_looked_for_customer() && !watched.snapshot().has_failed() {
                let _ = watched.customer(customer).await;
            }
        }
        Asker::Claimed(claim) => {
            let number = named.numbers.first().unwrap_or(&claim.number);
            if !watched.snapshot().has_looked_for(number, pattern) {
                let _ = watched.claimed(&live.claim(number, &claim.email)).await;
            }
        }
        Asker::Anonymous(_) => {
            let allowed = live.opens(IdentityWay::OrderNumberAndEmail) && !named.malformed;
            if let (true, [number], Some(email)) = (allowed, named.numbers.as_slice(), named.emails.first())
                && !watched.snapshot().has_looked_for(number, pattern)
            {
                let _ = watched.claimed(&live.claim(number, email)).await;
            }
        }
    }
}

impl Reads {
    fn has_looked_for_orders(&self) -> bool {
        self.tried.iter().any(|tried| matches!(tried, Tried::Order { .. }))
    }

    /// Whether this order was read, or looked for by its number.
    fn has_looked_for(&self, number: &crate::identity::OrderNumber, pattern: &regex::Regex) -> bool {
        let own = self.orders.iter().map(|o| &o.value.number).chain(self.claimed.iter().map(|o| &o.value.number));
        let asked = |tried: &Tried| matches!(tried, Tried::Order { number: Some(n), .. } if n == number);
        own.into_iter().any(|n| crate::live::which::is_meant(pattern, number, n)) || self.tried.iter().any(asked)
    }
}
