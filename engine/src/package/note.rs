//! The package as a note for an agent, in Markdown or plain text: what a helpdesk, a chat or a mail shows.
//!
//! Nothing that a customer, a page or a shop wrote can change the note's own structure: foreign text stands on one line,
//! its signs escaped, its e-mail addresses masked.

use super::event::Event;
use super::summary::clip;
use super::{Came, OrderNow, Package, ParcelNow, PastContact, Promise, Tried, Trust, Who, mask};
use crate::handoff::{HandoffCase, HandoffReason};
use crate::identity::{Proof, Tier};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Characters of one message.
const MESSAGE: usize = 600;
/// Messages and steps that are shown; what was given in earlier ones stands in its own section.
const EVENTS: usize = 14;

/// One section of the note.
struct Section {
    title: &'static str,
    lines: Vec<Line>,
}

/// One line: a fixed label, a foreign text, a link.
struct Line {
    label: String,
    text: String,
    url: Option<String>,
}

fn line(label: impl Into<String>, text: impl Into<String>) -> Line {
    Line { label: label.into(), text: text.into(), url: None }
}

/// The note in Markdown.
pub fn markdown(case: &HandoffCase) -> String {
    let mut note = String::new();
    for Section { title, lines } in sections(case) {
        note.push_str(&format!("**{title}**\n\n"));
        for Line { label, text, url } in lines {
            let label = if label.is_empty() { label } else { format!("*{}:* ", escaped(&label)) };
            let url = url.as_deref().and_then(link).map(|url| format!(" <{url}>")).unwrap_or_default();
            note.push_str(&format!("- {label}{}{url}\n", escaped(&text)));
        }
        note.push('\n');
    }
    format!("{}\n", note.trim_end())
}

/// The note as text.
pub fn plain(case: &HandoffCase) -> String {
    let mut note = String::new();
    for Section { title, lines } in sections(case) {
        note.push_str(&format!("{title}\n"));
        for Line { label, text, url } in lines {
            let label = if label.is_empty() { label } else { format!("{label}: ") };
            let url = url.as_deref().and_then(link).map(|url| format!(" <{url}>")).unwrap_or_default();
            note.push_str(&format!("  {label}{}{url}\n", on_one_line(&text)));
        }
        note.push('\n');
    }
    format!("{}\n", note.trim_end())
}

fn on_one_line(text: &str) -> String {
    let visible = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    mask(&visible.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Signs that Markdown or HTML would take for their own.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in on_one_line(text).chars() {
        match c {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' => {
                safe.push('\\');
                safe.push(c);
            }
            c => safe.push(c),
        }
    }
    safe
}

/// An address that may stand between `<` and `>`; anything else than the web is left out.
fn link(url: &str) -> Option<&str> {
    let web = url.starts_with("https://") || url.starts_with("http://");
    let clean = !url.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '|' | '"'));
    (web && clean).then_some(url)
}

fn sections(case: &HandoffCase) -> Vec<Section> {
    let mut all = vec![Section { title: "Why a person is asked", lines: why(case) }];
    if let Some(package) = case.package.as_deref() {
        let clock = Clock::of(package);
        all[0].lines.insert(0, line("", package.summary.clone()));
        let promise = package.promise.map(|said| promise(said, &clock));
        all[0].lines.extend(promise);
        all.push(Section {
            title: "Open",
            lines: package.open_questions.iter().map(|q| line("", clip(q, MESSAGE))).collect(),
        });
        all.push(Section { title: "Who", lines: who(package, &clock) });
        all.push(Section { title: "Given by the customer", lines: given(package) });
        for order in &package.orders {
            all.push(Section { title: "Order, as it is now", lines: order_lines(order, &clock) });
        }
        all.push(Section { title: "Action", lines: action(case, package) });
        all.push(Section { title: "Suggested reply", lines: suggestion(package, &clock) });
        all.push(Section { title: "Conversation and steps", lines: timeline(package) });
        all.push(Section { title: "Earlier contacts", lines: package.past.iter().map(|p| past(p, &clock)).collect() });
        all.push(Section { title: "Sources", lines: sources(package) });
    } else {
        all.push(Section { title: "Open", lines: vec![line("", clip(&case.question, MESSAGE))] });
        let seen = case.looked_at.iter();
        let seen = seen.map(|l| Line { label: String::new(), text: l.title.clone(), url: l.url.clone() });
        all.push(Section { title: "Sources", lines: seen.collect() });
    }
    all.retain(|section| !section.lines.is_empty());
    all
}

/// The reason as a person says it.
pub(super) fn reason(reason: HandoffReason) -> &'static str {
    match reason {
        HandoffReason::CustomerAsked => "the customer asked for a person",
        HandoffReason::NeedsLiveData => "live data is needed that could not be told",
        HandoffReason::NeedsAction => "something has to be done",
        HandoffReason::Sensitive => "only a person may decide this",
        HandoffReason::NoEvidence => "the sources do not cover it",
        HandoffReason::LowConfidence => "an answer from the sources is not certain enough to be right",
        HandoffReason::Ungrounded => "no answer passed the check",
        HandoffReason::SourcesDisagree => "the sources state different values",
        HandoffReason::Exception => "something went wrong with an order",
        HandoffReason::Complaint => "the customer complains",
        HandoffReason::NeverAutomated => "the store leaves this topic to people",
        HandoffReason::NotAutomated => "the store does not let this be answered yet",
        HandoffReason::Segment => "the customer is one of those whom the store's people answer",
        HandoffReason::Repeated => "the customer asked several times without being helped",
        HandoffReason::Instructions => "the message instructs instead of asking",
        HandoffReason::Unavailable => "something was out of order",
    }
}

fn why(case: &HandoffCase) -> Vec<Line> {
    let mut lines = vec![line("Reason", reason(case.reason))];
    if !case.evidence.is_empty() {
        lines.push(line("Evidence", clip(&case.evidence, MESSAGE)));
    }
    lines
}

fn promise(promise: Promise, clock: &Clock) -> Line {
    let text = match promise {
        Promise::By { at } => format!("a reply by {}", clock.time(at)),
        Promise::From { at } => format!("that people are back at {}", clock.time(at)),
        Promise::Until { at } => format!("that people are there until {}", clock.time(at)),
    };
    line("The customer was told", text)
}

fn who(package: &Package, clock: &Clock) -> Vec<Line> {
    let who = &package.who;
    let Who { tier, proof, customer_id, email, name, since, orders, spent, segment, in_segment, locale, country } = who;
    let known = match tier {
        Tier::Anonymous => "anonymous: nothing is proved",
        Tier::Claimed => "claimed: gave an order number and an e-mail address that fit",
        Tier::Verified => "verified",
    };
    let by = proof.map(|proof| match proof {
        Proof::AppProxy => ", logged in to the store",
        Proof::SignedToken => ", by the store's own site",
        Proof::EmailedCode => ", by a code to the e-mail address on file",
        Proof::Operator => ", by the operator",
    });
    let mut lines = vec![line("Known as", format!("{known}{}", by.unwrap_or_default()))];
    let mut add = |label: &str, text: Option<String>| lines.extend(text.map(|text| line(label, text)));
    add("Name", name.clone());
    add("E-mail", email.as_ref().map(|e| e.expose().to_owned()));
    add("Customer number", customer_id.as_ref().map(|id| id.as_str().to_owned()));
    let spent = spent.map(|spent| format!(", {spent} spent")).unwrap_or_default();
    let since = since.map(|at| format!(", customer since {}", clock.day(at))).unwrap_or_default();
    add("History", orders.map(|n| format!("{n} orders{spent}{since}")));
    add("Segment", in_segment.clone());
    add("Tags", (!segment.is_empty()).then(|| segment.join(", ")));
    add("Locale", locale.clone());
    add("Shops from", country.clone());
    add("Language", package.language.clone());
    add("Mood", Some(package.sentiment.as_text().to_owned()));
    add("Stage", package.stage.map(|stage| stage.as_text().to_owned()));
    let times =
        |n| if n == 1 { "in 1 earlier conversation".to_owned() } else { format!("in {n} earlier conversations") };
    add("Asked the same before", (package.asked_before > 0).then(|| times(package.asked_before)));
    lines
}

fn given(package: &Package) -> Vec<Line> {
    let known = &package.known;
    let mut lines = Vec::new();
    let mut add = |label: &str, all: Vec<String>| {
        if !all.is_empty() {
            lines.push(line(label, all.join(", ")));
        }
    };
    add("Order numbers", known.orders.iter().map(ToString::to_string).collect());
    add("E-mail", known.emails.iter().map(|e| e.expose().to_owned()).collect());
    add("Products", known.products.clone());
    add("Also", known.given.iter().map(|g| format!("{} ({})", g.text, g.kind.as_text())).collect());
    lines
}

fn order_lines(order: &OrderNow, clock: &Clock) -> Vec<Line> {
    let mut state = order.fulfillment.as_str().to_owned();
    if let Some(payment) = &order.payment {
        state.push_str(&format!(", {}", payment.as_str()));
    }
    if let Some(at) = order.cancelled_at {
        state.push_str(&format!(", cancelled {}", clock.day(at)));
    }
    let mut lines = vec![
        line("Order", format!("{}, placed {}: {state}", order.number, clock.day(order.placed_at))),
        line("Read at", clock.time(order.read_at)),
    ];
    let mut add = |label: &str, text: Option<String>| lines.extend(text.map(|text| line(label, text)));
    let refunded = order.refunded.map(|refunded| format!(", {refunded} refunded")).unwrap_or_default();
    add("Total", order.total.map(|total| format!("{total}{refunded}")));
    let items = order.items.iter().map(|i| {
        let variant = i.variant.as_ref().map(|v| format!(" ({v})")).unwrap_or_default();
        format!("{} × {}{variant}", i.quantity, i.title)
    });
    let items = items.collect::<Vec<_>>().join(", ");
    add("Items", (!items.is_empty()).then_some(items));
    add("Delivery", order.shipping_method.clone());
    add("Goes to", order.address.clone());
    for waits in &order.pending {
        add("Not sent", Some(waits.clone()));
    }
    for back in &order.returns {
        add("Return", Some(back.clone()));
    }
    lines.extend(order.parcels.iter().map(|p| parcel(p, clock)));
    lines
}

fn parcel(parcel: &ParcelNow, clock: &Clock) -> Line {
    let ParcelNow { name, status, left_at, expected_at, delivered_at, last_scan, carrier, tracking, url, overdue } =
        parcel;
    let mut text = format!("{name}: {}, left {}", status.as_ref().map_or("sent", |s| s.as_str()), clock.day(*left_at));
    let mut add = |more: Option<String>| text.extend(more.map(|more| format!(", {more}")));
    add(expected_at.map(|at| format!("expected {}", clock.day(at))));
    add(delivered_at.map(|at| format!("delivered {}", clock.day(at))));
    add(last_scan.as_ref().map(|scan| {
        let place = scan.place.as_ref().map(|p| format!(" ({p})")).unwrap_or_default();
        format!("last scan {} {}{place}", scan.status.as_str(), clock.day(scan.at))
    }));
    add(overdue.clone());
    let by = [carrier, tracking].into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" ");
    add((!by.is_empty()).then_some(by));
    Line { label: "Parcel".into(), text, url: url.clone() }
}

fn action(case: &HandoffCase, package: &Package) -> Vec<Line> {
    match (&case.action, package.no_action) {
        (Some(action), _) => {
            let mut lines = vec![line("Prepared", action.says.clone()), line("Approve with", action.id.0.clone())];
            lines.extend(action.warnings.iter().map(|warning| line("Against it", warning.clone())));
            lines
        }
        (None, Some(why)) => vec![line("Nothing is prepared", why.as_text())],
        (None, None) => Vec::new(),
    }
}

fn suggestion(package: &Package, clock: &Clock) -> Vec<Line> {
    let said = package.suggestion.sentences.iter().map(|s| {
        let trust = match &s.trust {
            Trust::Live { docs, read_at } => {
                let docs = docs.iter().map(|d| d.0.as_str()).collect::<Vec<_>>().join(", ");
                format!("live: {docs}, read {}", clock.time(*read_at))
            }
            Trust::Quoted { doc } => format!("stands in {doc}"),
            Trust::Unverified { why } => format!("not verified: {why}"),
        };
        line("", format!("{} ({trust})", clip(&s.text, MESSAGE)))
    });
    let drafted: Vec<&str> = package.suggestion.sentences.iter().map(|s| s.text.as_str()).collect();
    let dropped = package.suggestion.dropped.iter().filter(|d| !drafted.contains(&d.text.as_str()));
    let dropped = dropped.map(|d| line("Dropped", format!("{} ({})", clip(&d.text, MESSAGE), d.why)));
    said.chain(dropped).collect()
}

fn timeline(package: &Package) -> Vec<Line> {
    let mut lines = Vec::new();
    let left_out = package.timeline.len().saturating_sub(EVENTS);
    if left_out > 0 {
        lines.push(line("", format!("({left_out} earlier messages are left out here)")));
    }
    for event in &package.timeline[left_out..] {
        lines.push(match event {
            Event::Asked { text, .. } => line("Customer", clip(text, MESSAGE)),
            Event::Answered { text, reaction } => {
                line("Store", format!("{} ({} after it)", clip(text, MESSAGE), reaction.as_text()))
            }
            Event::Tried(tried) => tried_line(tried),
            Event::Prepared { says } => line("Prepared", says.clone()),
            Event::HandedOver { reason: why, .. } => line("Handed over", reason(*why)),
        });
    }
    lines
}

fn tried_line(tried: &Tried) -> Line {
    let came = tried.came().map_or_else(String::new, |came| match came {
        Came::Found => "found".to_owned(),
        Came::Nothing => "nothing that the asker may see".to_owned(),
        Came::Failed { why } => format!("failed: {why}"),
    });
    match tried {
        Tried::Order { number: Some(number), .. } => line("Looked up", format!("order {number}: {came}")),
        Tried::Order { number: None, .. } => line("Looked up", format!("the customer's orders: {came}")),
        Tried::Customer { .. } => line("Looked up", format!("the customer: {came}")),
        Tried::StoredValue { .. } => line("Looked up", format!("gift cards and store credit: {came}")),
        Tried::Catalogue { .. } => line("Looked up", format!("the catalogue: {came}")),
        Tried::PastContacts { .. } => line("Looked up", format!("earlier contacts: {came}")),
        Tried::Pages { found, covered } => {
            line("Searched", format!("{found} passages, {:.0} % likely to cover the question", covered * 100.0))
        }
        Tried::Draft { dropped } => line("Drafted", format!("{dropped} sentences did not pass the check")),
    }
}

fn past(contact: &PastContact, clock: &Clock) -> Line {
    let state = if contact.resolved { "resolved" } else { "waiting" };
    let channel = contact.channel.as_ref().map(|c| format!(", {c}")).unwrap_or_default();
    let text = format!(
        "{} ({}{channel}, {state}): {}: {}",
        clock.day(contact.at),
        contact.link.as_text(),
        reason(contact.reason),
        clip(&contact.question, MESSAGE)
    );
    line("", text)
}

fn sources(package: &Package) -> Vec<Line> {
    let source = |s: &super::Source| {
        let quote = s.quote.as_ref().map(|q| format!(": “{q}”")).unwrap_or_default();
        Line { label: String::new(), text: format!("{} [{}]{quote}", s.title, s.doc), url: s.url.clone() }
    };
    package.sources.iter().map(source).collect()
}

/// Days and times as they are where the store is.
struct Clock(TimeZone);

impl Clock {
    fn of(package: &Package) -> Self {
        let zone = package.time_zone.as_deref().and_then(|name| TimeZone::get(name).ok());
        Self(zone.unwrap_or(TimeZone::UTC))
    }

    fn day(&self, at: Timestamp) -> String {
        at.to_zoned(self.0.clone()).strftime("%Y-%m-%d").to_string()
    }

    fn time(&self, at: Timestamp) -> String {
        let zone = self.0.iana_name().unwrap_or("UTC");
        format!("{} ({zone})", at.to_zoned(self.0.clone()).strftime("%Y-%m-%d %H:%M"))
    }
}
