//! Where one parcel is, when it comes, how to follow it.

use super::{Composed, Fact, PERSON, Scene, Seen, and, by_when, date, rule, weekday};
use crate::delivery::Overdue;
use crate::live::{Gid, Order, Parcel, ParcelEvent, ParcelEventStatus, ParcelStatus};
use jiff::Timestamp;
use jiff::civil::Date;

/// Which of a parcel's sentences are asked for.
#[derive(Clone, Copy, Debug)]
pub struct Focus {
    /// Status is asked for: guidance on what did not arrive belongs to it.
    pub state: bool,
    pub eta: bool,
    pub tracking: bool,
}

/// Where it is, in the order in which a parcel goes through it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    CalledOff,
    LabelVoided,
    Label,
    /// It left, and nobody reports more.
    Sent,
    OnTheWay,
    Delayed,
    OutForDelivery,
    Attempted,
    ForPickup,
    PickedUp,
    Delivered,
    Failed,
    Unknown,
}

fn stage(parcel: &Parcel) -> Stage {
    let by_event = |event: &ParcelEvent| match event.status {
        ParcelEventStatus::LabelPurchased | ParcelEventStatus::LabelPrinted | ParcelEventStatus::Confirmed => {
            Stage::Label
        }
        ParcelEventStatus::CarrierPickedUp | ParcelEventStatus::InTransit => Stage::OnTheWay,
        ParcelEventStatus::OutForDelivery => Stage::OutForDelivery,
        ParcelEventStatus::AttemptedDelivery => Stage::Attempted,
        ParcelEventStatus::Delayed => Stage::Delayed,
        ParcelEventStatus::ReadyForPickup => Stage::ForPickup,
        ParcelEventStatus::Delivered => Stage::Delivered,
        ParcelEventStatus::Failure => Stage::Failed,
        ParcelEventStatus::Other(_) => Stage::Unknown,
    };
    match &parcel.status {
        Some(ParcelStatus::Canceled) => Stage::CalledOff,
        Some(ParcelStatus::NotDelivered | ParcelStatus::Failure) => Stage::Failed,
        Some(ParcelStatus::Delivered) => Stage::Delivered,
        _ if parcel.delivered_at.is_some() => Stage::Delivered,
        Some(ParcelStatus::LabelVoided) => Stage::LabelVoided,
        Some(ParcelStatus::LabelPrinted | ParcelStatus::LabelPurchased) => Stage::Label,
        Some(ParcelStatus::CarrierPickedUp | ParcelStatus::InTransit) => Stage::OnTheWay,
        Some(ParcelStatus::OutForDelivery) => Stage::OutForDelivery,
        Some(ParcelStatus::AttemptedDelivery) => Stage::Attempted,
        Some(ParcelStatus::Delayed) => Stage::Delayed,
        Some(ParcelStatus::ReadyForPickup) => Stage::ForPickup,
        Some(ParcelStatus::PickedUp) => Stage::PickedUp,
        Some(ParcelStatus::Submitted | ParcelStatus::Confirmed) => parcel.events.first().map_or(Stage::Label, by_event),
        // The order says that it left; the carrier may say more.
        Some(ParcelStatus::MarkedAsFulfilled | ParcelStatus::Fulfilled) | None => {
            parcel.events.first().map_or(Stage::Sent, by_event)
        }
        Some(ParcelStatus::Other(_)) => Stage::Unknown,
    }
}

pub fn is_called_off(parcel: &Parcel) -> bool {
    stage(parcel) == Stage::CalledOff
}

/// Whether a customer still waits for it.
pub fn is_coming(parcel: &Parcel) -> bool {
    !matches!(stage(parcel), Stage::CalledOff | Stage::Delivered | Stage::PickedUp)
}

/// `subject` begins a sentence ("Order #FV10234", "Parcel #FV10234-F1").
pub fn compose(scene: &Scene<'_>, seen: &Seen<'_>, parcel: &Parcel, subject: &str, focus: Focus, said: &mut Composed) {
    let fact = fact(scene, seen, parcel);
    let one = std::slice::from_ref(&fact);
    let stage = stage(parcel);
    let coming = is_coming(parcel);
    let ships = ships(seen, parcel);
    if let Some(Overdue::Lost { since }) =
        overdue(scene, seen, parcel).filter(|_| coming && ships && may_be_lost(stage))
    {
        let left = parcel.in_transit_at.unwrap_or(parcel.created_at);
        let scan = parcel.events.first().map_or(left, |e| e.at);
        let text = format!(
            "{subject} left on {}, and the carrier has not scanned it since {}.",
            weekday(scene.day(left)),
            weekday(scene.day(scan))
        );
        said.say(text, one);
        let facts = [fact.clone(), delivery_rule(scene, "lost", since)];
        said.say(format!("That is longer than it should be: since {} it counts as lost.", date(since)), &facts);
        if focus.tracking {
            tracking(parcel, subject, coming, &fact, said);
        }
        return said.say(PERSON, one);
    }
    said.say(state(scene, seen, parcel, subject, stage), one);
    if let Some(note) = seen.order.and_then(|_| carriers_words(parcel, stage)) {
        said.say(format!("The carrier’s note: “{note}”."), one);
    }
    if coming && focus.eta && ships {
        eta(scene, seen, parcel, subject, stage, &fact, said);
    }
    if ships && stage != Stage::LabelVoided && (focus.tracking || (coming && has_tracking(parcel))) {
        tracking(parcel, subject, coming, &fact, said);
    }
    let page = parcel.tracking.iter().any(|t| t.url.is_some());
    match stage {
        Stage::Attempted if page => {
            said.say("That page says when the carrier tries again, or where you can collect it.", one)
        }
        Stage::ForPickup if page => said.say("That page says where.", one),
        Stage::Failed | Stage::LabelVoided | Stage::Unknown | Stage::Attempted | Stage::ForPickup => {
            said.say(PERSON, one)
        }
        Stage::Delivered if focus.state => not_received(scene, parcel, &fact, said),
        Stage::Delivered
        | Stage::CalledOff
        | Stage::Label
        | Stage::Sent
        | Stage::OnTheWay
        | Stage::Delayed
        | Stage::OutForDelivery
        | Stage::PickedUp => {}
    }
}

/// A parcel that waits at a counter is not lost, however long ago it was scanned.
fn may_be_lost(stage: Stage) -> bool {
    matches!(
        stage,
        Stage::Label | Stage::Sent | Stage::OnTheWay | Stage::Delayed | Stage::OutForDelivery | Stage::Unknown
    )
}

/// Whether a carrier brings it; a gift card comes by e-mail. A claim does not show what is in it.
fn ships(seen: &Seen<'_>, parcel: &Parcel) -> bool {
    let brought =
        |line: &Gid, order: &Order| order.items.iter().find(|l| &l.id == line).is_none_or(|l| l.requires_shipping);
    seen.order.is_none_or(|o| parcel.items.is_empty() || parcel.items.iter().any(|i| brought(&i.line, o)))
}

fn state(scene: &Scene<'_>, seen: &Seen<'_>, parcel: &Parcel, subject: &str, stage: Stage) -> String {
    let on = |at: Timestamp| weekday(scene.day(at));
    let at = |status: ParcelEventStatus| parcel.events.iter().find(|e| e.status == status).map(|e| e.at);
    let left = parcel.in_transit_at.unwrap_or(parcel.created_at);
    let last = parcel.events.first();
    match stage {
        Stage::CalledOff => format!("{subject} was called off before it was sent."),
        Stage::LabelVoided => {
            format!("The shipping label of {} was withdrawn, so it has not left yet.", lower(subject))
        }
        Stage::Label => {
            format!("{subject} was packed on {}, but the carrier has not scanned it yet.", on(parcel.created_at))
        }
        Stage::Sent if !ships(seen, parcel) => {
            format!("{subject} was sent by e-mail on {}.", on(parcel.created_at))
        }
        Stage::Sent if has_tracking(parcel) => {
            format!("{subject} was sent on {}; the carrier has not reported it yet.", on(parcel.created_at))
        }
        Stage::Sent => {
            format!("{subject} was sent on {} without tracking, so I cannot see where it is.", on(parcel.created_at))
        }
        Stage::OnTheWay => {
            let scan = last.filter(|e| scene.day(e.at) > scene.day(left));
            let scan =
                scan.map(|e| format!(" and was last scanned on {}{}", on(e.at), place(seen, e))).unwrap_or_default();
            format!("{subject} is on its way: it left on {}{scan}.", on(left))
        }
        Stage::Delayed => {
            let when = at(ParcelEventStatus::Delayed).map(|at| format!(" on {}", on(at))).unwrap_or_default();
            format!(
                "{subject} is on its way but delayed: it left on {}, and the carrier reported a delay{when}.",
                on(left)
            )
        }
        Stage::OutForDelivery => match at(ParcelEventStatus::OutForDelivery) {
            Some(at) if scene.day(at) == scene.today() => format!("{subject} is out for delivery today, {}.", on(at)),
            Some(at) => format!("{subject} has been out for delivery since {}.", on(at)),
            None => format!("{subject} is out for delivery."),
        },
        Stage::Attempted => {
            let when = at(ParcelEventStatus::AttemptedDelivery).map(|at| format!(" on {}", on(at))).unwrap_or_default();
            format!("The carrier tried to deliver {}{when} and could not hand it over.", lower(subject))
        }
        Stage::ForPickup => {
            let when = at(ParcelEventStatus::ReadyForPickup).map(|at| format!(" since {}", on(at))).unwrap_or_default();
            format!("{subject} is ready for you to pick up{when}.")
        }
        Stage::PickedUp => match parcel.delivered_at.or(last.map(|e| e.at)) {
            Some(at) => format!("{subject} was picked up on {}.", on(at)),
            None => format!("{subject} was picked up."),
        },
        Stage::Delivered => {
            let with = left_with(parcel)
                .filter(|_| seen.order.is_none())
                .map(|w| format!(" and was left {w}"))
                .unwrap_or_default();
            match parcel.delivered_at.or(at(ParcelEventStatus::Delivered)) {
                Some(at) => format!("{subject} was delivered on {}{with}.", on(at)),
                None => format!("{subject} was delivered{with}; the carrier did not report on which day."),
            }
        }
        Stage::Failed => {
            let when = at(ParcelEventStatus::Failure).map(|at| format!(" on {}", on(at))).unwrap_or_default();
            format!("The carrier reported{when} that {} could not be delivered.", lower(subject))
        }
        Stage::Unknown => {
            let name = parcel.status.as_ref().map_or("", ParcelStatus::as_str);
            format!(
                "{subject} was sent on {}; the status “{name}” that I see for it tells me no more.",
                on(parcel.created_at)
            )
        }
    }
}

/// When it comes: what the carrier says, else what the store's rules make of it, said to be an estimate.
fn eta(
    scene: &Scene<'_>,
    seen: &Seen<'_>,
    parcel: &Parcel,
    subject: &str,
    stage: Stage,
    fact: &Fact,
    said: &mut Composed,
) {
    let today = scene.today();
    let carrier = parcel.estimated_delivery_at.map(|at| scene.day(at));
    let overdue = overdue(scene, seen, parcel);
    if matches!(stage, Stage::ForPickup | Stage::Attempted | Stage::Failed | Stage::LabelVoided | Stage::Unknown) {
        return;
    }
    match (carrier, overdue) {
        (Some(day), _) if day >= today => {
            said.say(format!("The carrier expects to deliver it on {}.", weekday(day)), std::slice::from_ref(fact));
            say_all(by_when::answer(scene, day, day, true), std::slice::from_ref(fact), said);
        }
        (Some(day), _) => {
            let text = format!("It was expected on {}, so it is late; I have no new date.", weekday(day));
            said.say(text, std::slice::from_ref(fact));
            say_all(by_when::unknown(scene), std::slice::from_ref(fact), said);
            said.say(PERSON, std::slice::from_ref(fact));
        }
        // The carrier is at the door: no rule knows better.
        (None, Some(Overdue::No { .. })) if stage == Stage::OutForDelivery => {}
        (None, Some(Overdue::No { from, to })) => {
            let text = format!("It should arrive {}; that is an estimate, not a promise.", between(from, to));
            let facts = [fact.clone(), delivery_rule(scene, "expected", to)];
            said.say(text, &facts);
            say_all(by_when::answer(scene, from, to, false), &facts, said);
        }
        (None, Some(Overdue::Late { since })) => {
            let text = format!("By our usual times it should have arrived by {}, so it is late.", weekday(since));
            let facts = [fact.clone(), delivery_rule(scene, "expected", since)];
            said.say(text, &facts);
            say_all(by_when::unknown(scene), &facts, said);
            said.say(PERSON, std::slice::from_ref(fact));
        }
        (None, Some(Overdue::Lost { .. } | Overdue::NoRule) | None) => {
            said.say(format!("I have no delivery date for {}.", lower(subject)), std::slice::from_ref(fact));
            say_all(by_when::unknown(scene), std::slice::from_ref(fact), said);
        }
    }
}

/// A sentence where there is one.
pub fn say_all(text: Option<String>, facts: &[Fact], said: &mut Composed) {
    if let Some(text) = text {
        said.say(text, facts);
    }
}

fn overdue(scene: &Scene<'_>, seen: &Seen<'_>, parcel: &Parcel) -> Option<Overdue> {
    let rules = scene.profile.delivery.as_ref()?;
    let found = rules.overdue(parcel, seen.method, seen.to, scene.today(), &scene.profile.time_zone);
    // What nobody scans may have arrived long ago: no silence tells that it is late or lost.
    let followed = has_tracking(parcel) || !parcel.events.is_empty();
    Some(match found {
        Overdue::Late { .. } | Overdue::Lost { .. } if !followed => Overdue::NoRule,
        found => found,
    })
}

fn tracking(parcel: &Parcel, subject: &str, coming: bool, fact: &Fact, said: &mut Composed) {
    for t in parcel.tracking.iter().filter(|t| t.number.is_some() || t.url.is_some()) {
        let company = t.company.as_deref().map(|c| format!(" with {c}")).unwrap_or_default();
        let number = t.number.as_deref().map(|n| format!(", tracking number {n}")).unwrap_or_default();
        let url = t.url.as_deref().map(|u| format!(" ({u})")).unwrap_or_default();
        let verb = if coming { "You can follow it" } else { "It was sent" };
        said.say(format!("{verb}{company}{number}{url}."), std::slice::from_ref(fact));
    }
    if !has_tracking(parcel) {
        said.say(format!("{subject} has no tracking number."), std::slice::from_ref(fact));
    }
}

/// Delivered, and nothing is there.
fn not_received(scene: &Scene<'_>, parcel: &Parcel, fact: &Fact, said: &mut Composed) {
    let rules = scene.profile.delivery.as_ref();
    let Some((rules, guidance)) = rules.and_then(|r| r.not_received.map(|n| (r, n))) else { return };
    let Some(delivered) = parcel.delivered_at.map(|at| scene.day(at)) else { return };
    let wait = rules.add_business_days(delivered, guidance.wait_business_days);
    let report = delivered.checked_add(jiff::Span::new().days(guidance.report_within_days)).ok();
    let (Some(wait), Some(report)) = (wait, report) else { return };
    let today = scene.today();
    let facts = [fact.clone(), delivery_rule(scene, "not-received", report)];
    if today > report {
        if complains(&scene.question.asked) {
            let text = format!(
                "A parcel that did not arrive had to be reported by {}; a person has to look at this.",
                date(report)
            );
            said.say(text, &facts);
            said.say(PERSON, &facts);
        }
    } else if today <= wait {
        said.say(
            format!(
                "If you cannot find it, please ask your neighbours and look for a safe place; if it is not there by {}, tell us by {}.",
                weekday(wait),
                date(report)
            ),
            &facts,
        );
    } else {
        said.say(format!("If you do not have it, please tell us by {}: say “talk to a person”.", date(report)), &facts);
    }
}

fn complains(asked: &str) -> bool {
    let asked = asked.to_lowercase().replace(['\'', '’'], "");
    ["not ", "nt ", "never", "nothing", "missing", "stolen", "no sign", "cant find", "where"]
        .iter()
        .any(|w| asked.contains(w))
}

fn delivery_rule(scene: &Scene<'_>, part: &str, day: Date) -> Fact {
    let rules = scene.profile.delivery.as_ref();
    let (page, url) = (rules.and_then(|r| r.page.as_ref()), rules.and_then(|r| r.url.as_ref()));
    rule(&format!("delivery:{part}"), page, url, format!("{part}: {day}"))
}

pub fn between(from: Date, to: Date) -> String {
    if from == to { format!("on {}", weekday(from)) } else { format!("between {} and {}", weekday(from), weekday(to)) }
}

pub fn has_tracking(parcel: &Parcel) -> bool {
    parcel.tracking.iter().any(|t| t.number.is_some() || t.url.is_some())
}

/// Where it was scanned: near the address, so for the owner only.
fn place(seen: &Seen<'_>, event: &ParcelEvent) -> String {
    let place: Vec<&str> = [&event.city, &event.province].into_iter().flatten().map(String::as_str).collect();
    if seen.order.is_none() || place.is_empty() { String::new() } else { format!(" in {}", place.join(", ")) }
}

/// What the carrier wrote, where it says more than the state does. Names and addresses may stand in it.
fn carriers_words(parcel: &Parcel, stage: Stage) -> Option<&str> {
    let wanted = match stage {
        Stage::Delivered => ParcelEventStatus::Delivered,
        Stage::Attempted => ParcelEventStatus::AttemptedDelivery,
        Stage::Delayed => ParcelEventStatus::Delayed,
        Stage::ForPickup => ParcelEventStatus::ReadyForPickup,
        Stage::Failed => ParcelEventStatus::Failure,
        _ => return None,
    };
    let message = parcel.events.iter().find(|e| e.status == wanted)?.message.as_deref()?.trim().trim_end_matches('.');
    let bare = message.to_lowercase().replace([' ', '_'], "");
    let says_nothing = bare.is_empty() || wanted.as_str().to_lowercase().replace('_', "") == bare;
    (!says_nothing).then_some(message)
}

/// Where the carrier left it, as one of a few places: the carrier's own words may name a person or a street.
fn left_with(parcel: &Parcel) -> Option<&'static str> {
    let event = parcel.events.iter().find(|e| e.status == ParcelEventStatus::Delivered)?;
    let words = event.message.as_deref()?.to_lowercase();
    const PLACES: [(&str, &str); 10] = [
        ("neighbo", "with a neighbour"),
        ("reception", "at a reception"),
        ("front desk", "at a reception"),
        ("mailbox", "in the mailbox"),
        ("mail box", "in the mailbox"),
        ("locker", "in a parcel locker"),
        ("safe place", "in a safe place"),
        ("garage", "in a garage"),
        ("porch", "on the porch"),
        ("door", "at a door"),
    ];
    PLACES.iter().find(|(word, _)| words.contains(word)).map(|(_, place)| *place)
}

fn lower(subject: &str) -> String {
    subject.replacen("Order", "order", 1).replacen("Parcel", "parcel", 1)
}

fn fact(scene: &Scene<'_>, seen: &Seen<'_>, parcel: &Parcel) -> Fact {
    let day = |what: &str, at: Option<Timestamp>| at.map(|at| format!("{what} {}", scene.day(at)));
    let mut parts = vec![
        format!("parcel {}: {}", parcel.name, parcel.status.as_ref().map_or("no status", |s| s.as_str())),
        format!("created {}", scene.day(parcel.created_at)),
    ];
    parts.extend(day("in transit", parcel.in_transit_at));
    parts.extend(day("estimated delivery", parcel.estimated_delivery_at));
    parts.extend(day("delivered", parcel.delivered_at));
    parts.extend(parcel.events.first().map(|e| format!("last event {} {}", e.status.as_str(), scene.day(e.at))));
    let tracking: Vec<String> = parcel.tracking.iter().filter_map(|t| t.number.clone()).collect();
    if !tracking.is_empty() {
        parts.push(format!("tracking {}", and(&tracking)));
    }
    scene.of_order(seen, "parcels", parts.join("; "))
}
