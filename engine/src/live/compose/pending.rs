//! What has not left yet, and why.

use super::parcel::{between, say_all};
use super::{Composed, Fact, PERSON, Scene, Seen, and, by_when, rule, weekday};
use crate::live::{FulfillmentOrderStatus, FulfillmentState, HoldReason, PendingWork};
use jiff::Timestamp;

pub fn is_open(work: &PendingWork) -> bool {
    !matches!(work.status, FulfillmentOrderStatus::Closed | FulfillmentOrderStatus::Cancelled)
}

/// `subject` begins a sentence ("Order #FV10234", "The rest of it"). `dated` adds when it leaves and arrives.
pub fn compose(
    scene: &Scene<'_>,
    seen: &Seen<'_>,
    work: &PendingWork,
    subject: &str,
    dated: bool,
    said: &mut Composed,
) {
    let titles: Vec<String> = work.items.iter().map(|i| format!("{} × {}", i.remaining, i.title)).collect();
    // A whole order needs no list of what is in it.
    let subject = if titles.is_empty() || seen.parcels.is_empty() && seen.pending.len() == 1 {
        subject.to_owned()
    } else {
        format!("{subject} ({})", and(&titles))
    };
    let fact = fact(scene, seen, work);
    let one = std::slice::from_ref(&fact);
    match &work.status {
        FulfillmentOrderStatus::OnHold => {
            let reasons: Vec<Option<&HoldReason>> =
                if work.holds.is_empty() { vec![None] } else { work.holds.iter().map(|h| Some(&h.reason)).collect() };
            for reason in reasons {
                hold(seen, reason, &subject, &fact, said);
            }
        }
        FulfillmentOrderStatus::Scheduled => match work.fulfill_at {
            Some(at) => {
                let text =
                    format!("{subject} is scheduled for later: it is due to leave on {}.", weekday(scene.day(at)));
                said.say(text, one);
                if dated {
                    arrival(scene, seen, at, &fact, said);
                }
            }
            None => said.say(format!("{subject} is scheduled for later; there is no date for it yet."), one),
        },
        FulfillmentOrderStatus::InProgress => {
            said.say(format!("{subject} is being packed."), one);
            if dated {
                dispatch(scene, seen, &fact, said);
            }
        }
        FulfillmentOrderStatus::Open => {
            said.say(format!("{subject} has been received and has not left yet."), one);
            if dated {
                dispatch(scene, seen, &fact, said);
            }
        }
        FulfillmentOrderStatus::Incomplete => {
            said.say(format!("{subject} could not be packed completely; a person has to look at it."), one);
            said.say(PERSON, one);
        }
        FulfillmentOrderStatus::Closed | FulfillmentOrderStatus::Cancelled => {}
        FulfillmentOrderStatus::Other(_) => {
            said.say(format!("{subject} has not left yet; I see no more about it."), one);
            said.say(PERSON, one);
        }
    }
}

/// Where fulfilment orders cannot be read: what the order itself says.
pub fn without_work(scene: &Scene<'_>, seen: &Seen<'_>, subject: &str, dated: bool, said: &mut Composed) {
    let fact = scene.of_order(seen, "status", super::status::words(scene, seen));
    let one = std::slice::from_ref(&fact);
    match seen.fulfillment {
        FulfillmentState::NotRequired => said.say(format!("Nothing of {} has to be shipped.", lower(subject)), one),
        FulfillmentState::OnHold => {
            said.say(format!("{subject} is on hold and has not left yet; I cannot see why."), one);
            said.say(PERSON, one);
        }
        FulfillmentState::Scheduled => {
            said.say(format!("{subject} is scheduled for later; I see no date for it."), one)
        }
        FulfillmentState::InProgress | FulfillmentState::PendingFulfillment => {
            said.say(format!("{subject} is being prepared and has not left yet."), one);
            if dated {
                dispatch(scene, seen, &fact, said);
            }
        }
        FulfillmentState::Unfulfilled | FulfillmentState::Open | FulfillmentState::PartiallyFulfilled => {
            said.say(format!("{subject} has been received and has not left yet."), one);
            if dated {
                dispatch(scene, seen, &fact, said);
            }
        }
        FulfillmentState::Restocked => {
            said.say(format!("What was in {} went back to our shelves; nothing is on its way.", lower(subject)), one);
            said.say(PERSON, one);
        }
        FulfillmentState::RequestDeclined => {
            said.say(format!("{subject} could not be taken on by the warehouse; a person has to look at it."), one);
            said.say(PERSON, one);
        }
        FulfillmentState::Fulfilled => {
            said.say(format!("{subject} is marked as sent, but I see no parcel of it."), one);
            said.say(PERSON, one);
        }
        FulfillmentState::Other(_) => {
            said.say(format!("I cannot tell where {} stands.", lower(subject)), one);
            said.say(PERSON, one);
        }
    }
}

/// The agents' notes on a hold stay with the agents, and so does a suspicion of fraud.
fn hold(seen: &Seen<'_>, reason: Option<&HoldReason>, subject: &str, fact: &Fact, said: &mut Composed) {
    let (text, next) = match reason {
        Some(HoldReason::AwaitingPayment) => (
            "is on hold because its payment is still missing.",
            Some("If you have paid already, say “talk to a person” and I will pass this on."),
        ),
        Some(HoldReason::HighRiskOfFraud) => {
            ("is being checked before it ships.", Some("You do not need to do anything."))
        }
        Some(HoldReason::IncorrectAddress) => (
            "is on hold because its delivery address seems to be wrong or incomplete.",
            Some("Please write “change the address of my order” with the full address, and a person will correct it."),
        ),
        Some(HoldReason::OutOfStock) => (
            "is waiting for an item that is out of stock; there is no date for it yet.",
            Some("If you do not want to wait, write “cancel my order” and a person will see to it."),
        ),
        Some(HoldReason::AwaitingReturnItems) => {
            ("is waiting until the items you are sending back have arrived.", None)
        }
        Some(HoldReason::UnknownDeliveryDate) => (
            "is on hold because there is no delivery date for it yet.",
            Some("If you do not want to wait, write “cancel my order” and a person will see to it."),
        ),
        Some(HoldReason::PostPurchase) => ("has just been placed and is released in a moment.", None),
        Some(HoldReason::Other(_)) | None => ("is on hold and has not left yet; I cannot see why.", Some(PERSON)),
    };
    said.say(format!("{subject} {text}"), std::slice::from_ref(fact));
    let link = seen.order.and_then(|o| o.status_page.as_ref()).filter(|_| reason == Some(&HoldReason::AwaitingPayment));
    if let Some(url) = link {
        said.say(format!("You can see what is still to be paid on its page: {url}"), std::slice::from_ref(fact));
    }
    if let Some(next) = next {
        said.say(next, std::slice::from_ref(fact));
    }
}

/// When it leaves by the store's rules, and when it arrives then.
fn dispatch(scene: &Scene<'_>, seen: &Seen<'_>, fact: &Fact, said: &mut Composed) {
    let one = std::slice::from_ref(fact);
    let Some(rules) = scene.profile.delivery.as_ref() else { return no_date(scene, one, said) };
    let leaves = rules.dispatch_day(seen.method, seen.to, seen.created_at, &scene.profile.time_zone);
    let arrives = leaves.and_then(|day| rules.expected(seen.method, seen.to, day));
    let facts = |part: &str, day: jiff::civil::Date| {
        [
            fact.clone(),
            rule(&format!("delivery:{part}"), rules.page.as_ref(), rules.url.as_ref(), format!("{part}: {day}")),
        ]
    };
    match (leaves, arrives) {
        (Some(leaves), _) if leaves < scene.today() => {
            let text = format!(
                "By our usual times it should have left by {}, so it is late; I have no new date.",
                weekday(leaves)
            );
            said.say(text, &facts("dispatch", leaves));
            say_all(by_when::unknown(scene), one, said);
            said.say(PERSON, one);
        }
        (Some(leaves), Some((from, to))) => {
            let text = format!(
                "It should leave on {} and arrive {}; that is an estimate, not a promise.",
                weekday(leaves),
                between(from, to)
            );
            let facts = facts("expected", to);
            said.say(text, &facts);
            say_all(by_when::answer(scene, from, to, false), &facts, said);
        }
        (Some(leaves), None) => {
            let text = format!("It should leave on {}; that is an estimate, not a promise.", weekday(leaves));
            said.say(text, &facts("dispatch", leaves));
            say_all(by_when::unknown(scene), one, said);
        }
        (None, _) => no_date(scene, one, said),
    }
}

fn no_date(scene: &Scene<'_>, facts: &[Fact], said: &mut Composed) {
    said.say("I have no date for it yet.", facts);
    say_all(by_when::unknown(scene), facts, said);
}

fn arrival(scene: &Scene<'_>, seen: &Seen<'_>, leaves: Timestamp, fact: &Fact, said: &mut Composed) {
    let Some(rules) = scene.profile.delivery.as_ref() else { return };
    if let Some((from, to)) = rules.expected(seen.method, seen.to, scene.day(leaves)) {
        let text = format!("If it does, it should arrive {}; that is an estimate, not a promise.", between(from, to));
        let expected = rule("delivery:expected", rules.page.as_ref(), rules.url.as_ref(), format!("expected: {to}"));
        let facts = [fact.clone(), expected];
        said.say(text, &facts);
        say_all(by_when::answer(scene, from, to, false), &facts, said);
    }
}

fn lower(subject: &str) -> String {
    subject.replacen("Order", "order", 1).replacen("The rest", "the rest", 1)
}

fn fact(scene: &Scene<'_>, seen: &Seen<'_>, work: &PendingWork) -> Fact {
    let mut quote = format!("not sent: {}", work.status.as_str());
    // A suspicion of fraud is not for the customer, in whichever words.
    for hold in work.holds.iter().filter(|h| h.reason != HoldReason::HighRiskOfFraud) {
        quote.push_str(&format!("; hold {}", hold.reason.as_str()));
    }
    if let Some(at) = work.fulfill_at {
        quote.push_str(&format!("; due {}", scene.day(at)));
    }
    scene.of_order(seen, "pending", quote)
}
