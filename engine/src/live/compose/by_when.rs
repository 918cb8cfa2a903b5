//! Whether something comes by the day that the customer named: "will it arrive before Friday?". It is compared with what
//! the sentence before it says; where nothing is known, that is said, and nothing is guessed.

use super::{Scene, weekday};
use crate::understand::entities::{DateMention, Relation, When, dates};
use jiff::civil::Date;
use regex::Regex;
use std::sync::LazyLock;

/// How a day, or a span of days, lies to the one that was named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lies {
    Within,
    /// Some of the days do.
    Perhaps,
    Earlier,
    Later,
}

/// What is said to the day that was named, where the parcel is expected between these. `sure`: by the carrier's word, not
/// by the store's usual times. `None` where no day was named that is still to come.
pub fn answer(scene: &Scene<'_>, from: Date, to: Date, sure: bool) -> Option<String> {
    let wanted = wanted(scene)?;
    let lies = lies(&wanted, wanted.from, wanted.to, from, to);
    let named = phrase(&wanted, wanted.from, wanted.to);
    if let Some((first, last)) = wanted.or
        && self::lies(&wanted, first, last, from, to) != lies
    {
        let other = phrase(&wanted, first, last);
        return Some(format!("Whether that is in time depends on the day that you mean: {named}, or {other}."));
    }
    let if_so = if sure { "" } else { ", if that holds" };
    Some(match lies {
        Lies::Within => format!("So yes{if_so}: that is {named}."),
        Lies::Perhaps => format!("So it may be there {named}, but that is not certain."),
        Lies::Earlier => format!("So it should be there earlier than you ask for: not {named}."),
        Lies::Later => format!("So no: that is not {named}."),
    })
}

/// The same where there is no date.
pub fn unknown(scene: &Scene<'_>) -> Option<String> {
    let wanted = wanted(scene)?;
    let named = phrase(&wanted, wanted.from, wanted.to);
    Some(format!("So I cannot say whether it will be there {named}."))
}

/// Words of a sentence that is about something coming: "cancel it today" names no day to arrive on.
static COMES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\b(?:arriv\w*|comes?|coming|here|there|deliver\w*|get(?:s|ting)?|receiv\w*|need|in time|expect\w*|have (?:it|them)|kommt|kommen|ankommt|ankommen|geliefert|lieferung|da sein|brauche|livr\w*|besoin)\b",
    )
    .expect("constant")
});

/// "It has not arrived, and today is Saturday" asks nothing of Saturday, and neither does what should have been.
static AHEAD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\b(?:will|would|can|could|going to|expect(?:ed)? to|arrives?|arriving|comes?|coming|get(?:s|ting)?|need|wird|kommt|kann|arrivera|sera)\b|'ll\b",
    )
    .expect("constant")
});
static MISSED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:was|were) (?:supposed|meant|due|expected|promised|scheduled)\b|\bshould have\b")
        .expect("constant")
});

/// The day that something is to be there by. A day that is over was told, not asked for; of several a deadline counts.
fn wanted(scene: &Scene<'_>) -> Option<DateMention> {
    let asked = &scene.question.asked;
    let named = dates(asked, &When::of(scene.profile, scene.now));
    let today = scene.today();
    let comes = |d: &DateMention| {
        let ends = ['.', '?', '!', '\n'];
        let from = asked[..d.span.0].rfind(ends).unwrap_or(0);
        let to = asked[d.span.1..].find(ends).map_or(asked.len(), |at| d.span.1 + at);
        let sentence = &asked[from..to];
        let deadline = matches!(d.relation, Relation::Before | Relation::By);
        COMES.is_match(sentence) && !MISSED.is_match(sentence) && (deadline || AHEAD.is_match(sentence))
    };
    let mut ahead: Vec<DateMention> =
        named.into_iter().filter(|d| d.relation != Relation::Since && d.to >= today && comes(d)).collect();
    let deadline = ahead.iter().position(|d| matches!(d.relation, Relation::Before | Relation::By));
    (!ahead.is_empty()).then(|| ahead.swap_remove(deadline.unwrap_or(0)))
}

fn lies(wanted: &DateMention, first: Date, last: Date, from: Date, to: Date) -> Lies {
    let until = |end: Date| {
        if to <= end {
            Lies::Within
        } else if from > end {
            Lies::Later
        } else {
            Lies::Perhaps
        }
    };
    match wanted.relation {
        Relation::Before => first.yesterday().map_or(Lies::Later, until),
        Relation::By => until(last),
        Relation::On | Relation::Since => {
            if from >= first && to <= last {
                Lies::Within
            } else if to < first {
                Lies::Earlier
            } else if from > last {
                Lies::Later
            } else {
                Lies::Perhaps
            }
        }
        Relation::After => {
            if from > last {
                Lies::Within
            } else if to <= last {
                Lies::Earlier
            } else {
                Lies::Perhaps
            }
        }
    }
}

fn phrase(wanted: &DateMention, first: Date, last: Date) -> String {
    match wanted.relation {
        Relation::Before => format!("before {}", weekday(first)),
        Relation::By => format!("by {}", weekday(last)),
        Relation::On | Relation::Since => super::parcel::between(first, last),
        Relation::After => format!("after {}", weekday(last)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::order;
    use super::super::tests::compose;
    use crate::live::samples::{at, now, parcel, work};
    use crate::live::{FulfillmentOrderStatus, Order, ParcelStatus, samples};
    use jiff::Timestamp;

    fn says(asked: &str, change: impl FnOnce(&mut Order)) -> String {
        let mut of = samples::order(10234);
        change(&mut of);
        compose(asked, |scene, said| order(scene, &of, said)).text()
    }

    fn due(day: &str) -> Option<Timestamp> {
        Some(format!("{day}T18:00:00Z").parse().unwrap())
    }

    /// On its way, with what the carrier says.
    fn coming(o: &mut Order, day: Option<Timestamp>) {
        o.created_at = at(5);
        let mut p = parcel(o, 1, ParcelStatus::InTransit);
        p.estimated_delivery_at = day;
        o.parcels = vec![p];
    }

    /// Today is Saturday, November 21, 2026.
    #[test]
    fn the_carriers_day_is_compared_with_the_one_that_was_named() {
        let check = |asked: &str, expect: &str| {
            let said = says(asked, |o| coming(o, due("2026-11-25")));
            assert!(
                said.contains("The carrier expects to deliver it on Wednesday, November 25, 2026."),
                "{asked}: {said}"
            );
            assert!(said.contains(expect), "{asked}: {said}");
        };
        check("Will FV10234 arrive before Friday?", "So yes: that is before Friday, November 27, 2026.");
        check("Will FV10234 arrive before Wednesday?", "So no: that is not before Wednesday, November 25, 2026.");
        check("Will FV10234 arrive by Wednesday?", "So yes: that is by Wednesday, November 25, 2026.");
        check("Will FV10234 arrive by the 24th?", "So no: that is not by Tuesday, November 24, 2026.");
        check("Will my order FV10234 be here for Christmas?", "So yes: that is by Friday, December 25, 2026.");
        check("Will FV10234 arrive on Wednesday?", "So yes: that is on Wednesday, November 25, 2026.");
        check("Will FV10234 arrive next week?", "So yes: that is between Monday, November 23, 2026");
        check("Will FV10234 arrive on Friday?", "So it should be there earlier than you ask for");
        // The store writes the month first; either reading is in time.
        check("Will FV10234 arrive by 12/01?", "So yes: that is by Tuesday, December 1, 2026.");
        let either = says("Will FV10234 arrive by 12/03?", |o| coming(o, due("2026-12-05")));
        assert!(
            either.contains(
                "depends on the day that you mean: by Thursday, December 3, 2026, or by Friday, March 12, 2027."
            ),
            "{either}"
        );
    }

    #[test]
    fn an_estimate_is_no_promise() {
        // Left three days ago: three to five business days are Monday to Wednesday.
        let check = |asked: &str, expect: &str| {
            let said = says(asked, |o| coming(o, None));
            assert!(said.contains("that is an estimate, not a promise.") && said.contains(expect), "{asked}: {said}");
        };
        check("Will FV10234 arrive before Friday?", "So yes, if that holds: that is before Friday, November 27, 2026.");
        check(
            "Will FV10234 arrive by Tuesday?",
            "So it may be there by Tuesday, November 24, 2026, but that is not certain.",
        );
        check("Will FV10234 arrive before Monday?", "So no: that is not before Monday, November 23, 2026.");
        let unsent = says("Will FV10234 arrive by Tuesday?", |o| {
            o.created_at = now();
            o.pending = vec![work(o, FulfillmentOrderStatus::Open, &[])];
        });
        assert!(unsent.contains("So no: that is not by Tuesday, November 24, 2026."), "{unsent}");
    }

    #[test]
    fn where_no_day_is_known_none_is_guessed() {
        let unknown = says("Will FV10234 arrive before Friday?", |o| {
            o.shipping_method = Some("Mule".into());
            coming(o, None);
        });
        assert!(
            unknown.contains("So I cannot say whether it will be there before Friday, November 27, 2026."),
            "{unknown}"
        );
        let late = says("Will FV10234 arrive before Friday?", |o| coming(o, due("2026-11-19")));
        assert!(late.contains("it is late; I have no new date.") && late.contains("So I cannot say whether"), "{late}");
    }

    #[test]
    fn without_a_day_nothing_is_added() {
        for asked in [
            "Where is FV10234? It has not arrived and today is Saturday.",
            "It was supposed to arrive today. When will FV10234 arrive?",
            "When will FV10234 arrive?",
            "When will FV10234 arrive? I leave today.",
            "I ordered it on Monday. When will FV10234 arrive?",
        ] {
            let said = says(asked, |o| coming(o, due("2026-11-25")));
            assert!(!said.contains("So "), "{asked}: {said}");
        }
    }
}
