//! The case in two sentences, made of typed parts: what the customer wants in their key words, and what is known.

use super::{Came, OrderNow, Package, Told, Tried, Who};
use super::{Event, Link, Reaction, mask};
use crate::handoff::HandoffReason;
use crate::identity::{OrderNumber, Tier};
use crate::live::LiveKind;
use crate::text::sentences;

/// Characters of the customer's own words.
const WORDS: usize = 160;

/// A text on one line, cut at a word, with `…` where something is missing.
pub(super) fn clip(text: &str, most: usize) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= most {
        return text;
    }
    let cut: String = text.chars().take(most).collect();
    let whole = cut.rsplit_once(' ').map_or(cut.as_str(), |(whole, _)| whole);
    format!("{whole}…")
}

/// Both sentences. `package` is whole but for its summary.
pub(super) fn summary(told: &Told<'_>, package: &Package) -> String {
    format!("{} {}", one(&wants(told, package)), one(&known(told, package)))
}

/// A clause as one sentence, whatever it quotes: end marks inside it go, and if that is not enough, all signs do.
fn one(clause: &str) -> String {
    let ends =
        |c: char| matches!(c, '.' | '!' | '?' | '…' | '。' | '！' | '？' | '‼' | '⁇' | '⁈' | '⁉' | '؟' | '۔' | '।');
    let chars: Vec<char> = clause.split_whitespace().collect::<Vec<_>>().join(" ").chars().collect();
    let next = |at: usize| chars.get(at + 1).copied();
    let mut kept = String::with_capacity(clause.len());
    for (at, c) in chars.iter().enumerate() {
        // `3.50` and `mail.example` go on without a space.
        let inside = *c == '.' && next(at).is_some_and(|n| n.is_ascii_alphanumeric());
        if !ends(*c) || inside {
            kept.push(*c);
        } else if next(at) == Some(' ') && !kept.ends_with([';', ',', ':', ' ']) {
            kept.push(';');
        }
    }
    let whole = format!("{}.", kept.trim());
    if sentences(&whole).len() == 1 {
        return whole;
    }
    let plain = |c: char| if c.is_alphanumeric() || " #$€£%@-,:;()'“”".contains(c) { c } else { ' ' };
    format!("{}.", kept.chars().map(plain).collect::<String>().split_whitespace().collect::<Vec<_>>().join(" "))
}

fn who(who: &Who) -> String {
    let name = who.name.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
    match who.tier {
        Tier::Anonymous => "A visitor whose identity is not known".to_owned(),
        Tier::Claimed => "A customer who gave an order number and its e-mail address".to_owned(),
        Tier::Verified => format!("The verified customer{name}"),
    }
}

fn wants(told: &Told<'_>, package: &Package) -> String {
    let of = match package.known.orders.as_slice() {
        [] => String::new(),
        numbers => format!(" of {}", list(numbers)),
    };
    let about = match package.known.orders.as_slice() {
        [] => String::new(),
        numbers => format!(" with {}", list(numbers)),
    };
    let does = match told.reason {
        HandoffReason::CustomerAsked => "asks for a person".to_owned(),
        HandoffReason::NeedsLiveData => match &told.trace.live {
            Some(question) => format!("asks about the {}{of}", kinds(&question.kinds)),
            None => format!("asks about the state{of}"),
        },
        HandoffReason::NeedsAction => match told.action {
            Some(action) => format!("wants something done: {}", action.says),
            None => format!("wants something done{about}"),
        },
        HandoffReason::Sensitive => "raises what only a person may decide".to_owned(),
        HandoffReason::NoEvidence => "asks what the store's sources do not cover".to_owned(),
        HandoffReason::LowConfidence => "asks what the sources may not answer rightly".to_owned(),
        HandoffReason::Ungrounded => "asks what no checked answer was found for".to_owned(),
        HandoffReason::SourcesDisagree => "asks what the store's sources state differently".to_owned(),
        HandoffReason::Exception => format!("reports that something went wrong{about}"),
        HandoffReason::Complaint => "complains".to_owned(),
        HandoffReason::NeverAutomated => "asks about what the store leaves to people".to_owned(),
        HandoffReason::NotAutomated => "asks what the store does not let be answered yet".to_owned(),
        HandoffReason::Segment => match told.action {
            Some(action) => format!("wants something done: {}", action.says),
            None => "asks, and is a customer whom people answer".to_owned(),
        },
        HandoffReason::Repeated => "asks again without having been helped".to_owned(),
        HandoffReason::Instructions => "sent instructions instead of a question".to_owned(),
        HandoffReason::Unavailable => "asked while something was out of order".to_owned(),
    };
    format!("{} {does}: “{}”", who(&package.who), mask(&clip(&told.turn.text, WORDS)))
}

fn list(numbers: &[OrderNumber]) -> String {
    format!("order {}", numbers.iter().map(OrderNumber::as_str).collect::<Vec<_>>().join(" and "))
}

fn kinds(kinds: &[LiveKind]) -> String {
    kinds.iter().map(|kind| kind.as_text()).collect::<Vec<_>>().join(" and ")
}

fn known(told: &Told<'_>, package: &Package) -> String {
    let mut clauses: Vec<String> = package.orders.iter().map(order).collect();
    let failed = package.tried().filter(|tried| tried.has_failed()).count();
    if failed > 0 {
        clauses.push(if failed == 1 { "a look-up failed".into() } else { format!("{failed} look-ups failed") });
    }
    let nothing = |tried: &&Tried| matches!(tried, Tried::Order { came: Came::Nothing, .. });
    if package.orders.is_empty() && package.tried().any(|tried| nothing(&tried)) {
        clauses.push("no order was found that they may see".to_owned());
    }
    match (told.action, package.no_action) {
        (Some(_), _) => clauses.push("an action is prepared and waits for approval".to_owned()),
        (None, Some(why)) => clauses.push(format!("nothing is prepared because {}", why.as_text())),
        (None, None) => {}
    }
    let replies: Vec<Reaction> = package
        .timeline
        .iter()
        .filter_map(|event| match event {
            Event::Answered { reaction, .. } => Some(*reaction),
            Event::Asked { .. } | Event::Tried(_) | Event::Prepared { .. } | Event::HandedOver { .. } => None,
        })
        .collect();
    if let Some(last) = replies.last() {
        let count =
            if replies.len() == 1 { "1 earlier reply".into() } else { format!("{} earlier replies", replies.len()) };
        clauses.push(format!("after {count} the customer {}", last.as_text()));
    }
    let open = package.past.iter().filter(|p| p.link != Link::Conversation || p.turn != told.turn.number).count();
    if open > 0 {
        clauses.push(if open == 1 {
            "1 earlier contact is listed".into()
        } else {
            format!("{open} earlier contacts are listed")
        });
    }
    let searched = package.sources.iter().filter(|s| !s.doc.0.starts_with("order:")).count();
    if searched > 0 {
        clauses.push(if searched == 1 {
            "1 source was looked at".into()
        } else {
            format!("{searched} sources were looked at")
        });
    }
    if clauses.is_empty() {
        clauses.push("nothing was looked up before the handoff".to_owned());
    }
    let said = clauses.join("; ");
    let mut chars = said.chars();
    chars.next().map(|first| first.to_uppercase().to_string() + chars.as_str()).unwrap_or_default()
}

fn order(order: &OrderNow) -> String {
    let mut says = format!("order {} is {}", order.number, order.fulfillment.as_str());
    if order.cancelled_at.is_some() {
        says.push_str(" and cancelled");
    }
    for parcel in &order.parcels {
        let status = parcel.status.as_ref().map_or("sent", |s| s.as_str());
        says.push_str(&format!(", parcel {} {status}", parcel.name));
        if let Some(overdue) = &parcel.overdue {
            says.push_str(&format!(" ({overdue})"));
        }
    }
    says
}
