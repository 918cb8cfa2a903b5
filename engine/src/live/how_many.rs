//! How many pieces a customer means, of what is to be taken back or refunded: "return 2 of the 3 socks".

use crate::live::LineItem;
use crate::store::StoreProfile;
use crate::understand::entities::{Quantity, When, counts};
use jiff::Timestamp;

/// The counts of one message.
pub(super) struct HowMany<'t> {
    text: &'t str,
    counts: Vec<Quantity>,
}

/// How many pieces are meant, and what a person is to look at.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Meant {
    pub pieces: u32,
    pub warning: Option<String>,
}

impl<'t> HowMany<'t> {
    pub fn read(text: &'t str, profile: &StoreProfile, now: Timestamp) -> Self {
        // "Another 3" are on top of what was ordered.
        let counts = counts(text, &When::of(profile, now)).into_iter().filter(|q| !q.more).collect();
        Self { text, counts }
    }

    /// Of so many pieces of an item those that are meant: all where no count says otherwise. `alone`: no other item can
    /// be meant, so a count that names nothing is of this one.
    pub fn of(&self, item: &LineItem, left: u32, alone: bool) -> Meant {
        let named = self.counts.iter().find(|q| q.counts(self.text, &item.title));
        let count = match (named, self.counts.as_slice(), alone) {
            (Some(named), ..) => named.count,
            (None, [one], true) => one.count,
            (None, [] | [_] | [_, _, ..], _) => return Meant { pieces: left, warning: None },
        };
        let warning =
            (count > left).then(|| format!("{}: the customer says {count}, and there are {left}", item.title));
        Meant { pieces: count.min(left), warning }
    }

    /// A count that names none of the items, where several may be meant.
    pub fn unclear(&self, items: &[&LineItem]) -> Option<String> {
        let loose = |q: &&Quantity| !items.iter().any(|item| q.counts(self.text, &item.title));
        let counts: Vec<String> = self.counts.iter().filter(loose).map(|q| q.count.to_string()).collect();
        (items.len() > 1 && !counts.is_empty()).then(|| {
            format!("the customer names a number of pieces ({}) and not of what; check how many", counts.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::samples::{line, now, profile};

    #[test]
    fn a_count_is_of_what_it_names_or_of_the_only_thing() {
        let (socks, jacket) = (line(2, "Wool Socks", 3, 1450), line(1, "Trail Jacket", 2, 12900));
        let of =
            |text: &str, item: &LineItem, left, alone| HowMany::read(text, &profile(), now()).of(item, left, alone);
        let sure = |pieces| Meant { pieces, warning: None };
        assert_eq!(of("I want to return 2 of the 3 socks", &socks, 3, true), sure(2));
        assert_eq!(of("I want to return two", &socks, 3, true), sure(2));
        assert_eq!(of("I want to return two", &socks, 3, false), sure(3), "two of what?");
        assert_eq!(of("return 2x wool socks and one jacket", &socks, 3, false), sure(2));
        assert_eq!(of("return 2x wool socks and one jacket", &jacket, 2, false), sure(1));
        assert_eq!(of("return the socks from last week, I bought them 3 days ago", &socks, 3, true), sure(3));
        assert_eq!(of("I need another 2 socks", &socks, 3, true), sure(3));
        let much = of("return 5 socks", &socks, 3, true);
        assert_eq!((much.pieces, much.warning.is_some()), (3, true));
        let both = [&socks, &jacket];
        assert!(HowMany::read("I want to return two", &profile(), now()).unclear(&both).is_some());
        assert_eq!(HowMany::read("I want to return two socks", &profile(), now()).unclear(&both), None);
    }
}
