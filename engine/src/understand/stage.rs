//! Where a customer stands on the way of a purchase: by the order that was looked up, else by their words.

use super::{Family, Intent, Sure};
use crate::identity::OrderNumber;
use crate::live::{ClaimedOrder, Order, Parcel, ParcelStatus};
use crate::package::Reads;
use regex::Regex;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// The way of a purchase, from its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    BeforePurchase,
    /// Ordered, and nothing has been sent.
    Ordered,
    /// Something of it has left and has not arrived.
    OnItsWay,
    Delivered,
    /// Something is to go back or is on its way back, and no money has come of it.
    ReturnOpen,
    /// Money was given back, or the order was cancelled.
    Refunded,
}

struct Patterns {
    refunded: Regex,
    returning: Regex,
    missing: Regex,
    unsent: Regex,
    here: Regex,
    under_way: Regex,
    ordered: Regex,
    before: Regex,
}

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let re = |pattern: &str| Regex::new(&format!("(?i){pattern}")).expect("constant");
    Patterns {
        refunded: re(
            r"\b(?:was|were|been|got|already|has been|have been) (?:only |partially |partly |fully )*refunded\b|\b(?:got|received) (?:my|the|a|your|only a) (?:partial |full )?(?:refund|money back)\b",
        ),
        returning: re(
            r"\b(?:sent|shipped|mailed|dropped|posted) (?:it|them|this|these|everything|the [a-z]+|my [a-z]+|the [a-z]+ [a-z]+) (?:back|off)\b|\b(?:i|we)(?:'ve| have)? returned\b|\bmy return\b|\breturn (?:status|arrived|is on its way)\b|\bwhere is my refund\b|\bwaiting for (?:my|the|a) refund\b|\bmy refund\b",
        ),
        missing: re(
            r"\b(?:not|never|n't|nothing) (?:yet |been |has |have )*(?:arrived?|come|came|received?|delivered|shown up|here|got|gotten)\b|\bwhere(?:'s| is| are) my (?:order|package|parcel|delivery|stuff|things?)\b|\bstill (?:waiting for|not here)\b",
        ),
        unsent: re(
            r"\b(?:not|never|n't) (?:yet |been )*(?:shipped|sent|left|dispatched|processed)\b|\bstill (?:processing|unfulfilled|being (?:prepared|packed))\b",
        ),
        here: re(
            r"\b(?:it|they|order|package|parcel|item|items|this|[a-z]+) (?:has |have |just |only )*(?:arrived|came|was delivered|were delivered|got here)\b|\b(?:i|we)(?:'ve| have)? (?:just |only |finally )?(?:received|got) (?:it|them|my|the|this|these|a|an|only)\b|\bsays (?:it (?:is|was) )?delivered\b|\bmarked as delivered\b|\b(?:out of the box|when i opened|i opened)\b",
        ),
        under_way: re(
            r"\b(?:has|have|was|were|been|just) shipped\b|\bon (?:its|the|their) way\b|\bin transit\b|\bout for delivery\b|\btracking (?:number|link|says|shows|code)\b|\bstuck (?:in|at)\b",
        ),
        ordered: re(
            r"\b(?:i|we)(?:'ve| have)? (?:just |already |recently )?(?:ordered|bought|purchased|placed)\b|\bmy (?:[a-z]+ )?(?:order|purchase)\b|\bthe order\b|\bcancel (?:it|my|the|this)\b",
        ),
        before: re(
            r"\b(?:before (?:i|we) (?:buy|order|purchase)|thinking (?:of|about) (?:buying|ordering|getting)|want to (?:buy|order|purchase)|looking (?:for|to buy)|if i (?:order|buy)|in stock|do you (?:have|sell|stock|carry|ship|offer)|is (?:it|this|that|the) .{0,40}available|how much (?:is|are|does|do)|interested in)\b",
        ),
    }
});

impl Stage {
    pub fn as_text(self) -> &'static str {
        match self {
            Self::BeforePurchase => "before the purchase",
            Self::Ordered => "ordered, not sent",
            Self::OnItsWay => "on its way",
            Self::Delivered => "delivered",
            Self::ReturnOpen => "return open",
            Self::Refunded => "refunded or cancelled",
        }
    }

    /// By what was written. `None` where the words do not tell.
    pub fn of_words(text: &str, intents: &[Sure]) -> Option<Self> {
        let p = &*PATTERNS;
        let text = text.replace('’', "'");
        let sure = intents.first().filter(|sure| sure.probability >= SURE).map(|sure| sure.intent);
        let is = |of: &[Intent]| sure.is_some_and(|intent| of.contains(&intent));
        // The furthest that was said counts; what has not happened comes before what has.
        let by_words = [
            (&p.refunded, Self::Refunded),
            (&p.returning, Self::ReturnOpen),
            (&p.unsent, Self::Ordered),
            (&p.missing, Self::OnItsWay),
            (&p.here, Self::Delivered),
            (&p.under_way, Self::OnItsWay),
        ];
        if let Some((_, stage)) = by_words.iter().find(|(pattern, _)| pattern.is_match(&text)) {
            return Some(*stage);
        }
        if is(&[Intent::ReturnStatus, Intent::RefundStatus]) {
            return Some(Self::ReturnOpen);
        }
        if is(&[Intent::Damaged, Intent::WrongItem, Intent::MissingItem, Intent::ReturnRequest, Intent::Exchange]) {
            return Some(Self::Delivered);
        }
        if is(&[Intent::Lost]) {
            return Some(Self::OnItsWay);
        }
        if p.before.is_match(&text) {
            return Some(Self::BeforePurchase);
        }
        if p.ordered.is_match(&text) || is(&[Intent::Cancel, Intent::ChangeAddress, Intent::ChangeOrder]) {
            return Some(Self::Ordered);
        }
        let shopping = [
            Intent::Stock,
            Intent::Price,
            Intent::Size,
            Intent::Material,
            Intent::Compatibility,
            Intent::Comparison,
            Intent::ProductInfo,
            Intent::OrderHelp,
            Intent::ShippingOptions,
            Intent::PaymentMethods,
        ];
        let asks = sure.is_some_and(|intent| intent.family() == Family::Information);
        (asks && is(&shopping)).then_some(Self::BeforePurchase)
    }

    /// By the order as its owner sees it.
    pub fn of_order(order: &Order) -> Self {
        let refunded = order.cancelled.is_some() || order.refunded.minor > 0;
        let open = order.returns.iter().any(|r| matches!(r.status.as_str(), "OPEN" | "REQUESTED"));
        if open {
            return Self::ReturnOpen;
        }
        if refunded && (order.cancelled.is_some() || order.parcels.iter().all(is_here)) {
            return Self::Refunded;
        }
        of_parcels(&order.parcels, order.pending.iter().any(|work| work.items.iter().any(|item| item.remaining > 0)))
    }

    /// By the one order that was looked at, of what was read; `None` where it is none or several.
    pub fn of_reads(reads: &Reads, looked_at: &[OrderNumber]) -> Option<Self> {
        let number = match (looked_at, reads.orders.as_slice(), reads.claimed.as_slice()) {
            ([number], _, _) => number,
            ([], [only], []) => &only.value.number,
            ([], [], [only]) => &only.value.number,
            _ => return None,
        };
        let own = reads.orders.iter().find(|read| &read.value.number == number).map(|read| Self::of_order(&read.value));
        let claimed = || reads.claimed.iter().find(|read| &read.value.number == number);
        own.or_else(|| claimed().map(|read| Self::of_claimed(&read.value)))
    }

    /// By what order number and e-mail open of it: returns and money are not among that.
    pub fn of_claimed(order: &ClaimedOrder) -> Self {
        if order.cancelled.is_some() {
            return Self::Refunded;
        }
        of_parcels(&order.parcels, order.pending.iter().any(|work| work.items.iter().any(|item| item.remaining > 0)))
    }
}

/// What a message is about counts from this probability on.
const SURE: f32 = 0.6;

fn of_parcels(parcels: &[Parcel], waits: bool) -> Stage {
    let sent: Vec<&Parcel> = parcels.iter().filter(|p| p.status != Some(ParcelStatus::Canceled)).collect();
    if sent.is_empty() {
        Stage::Ordered
    } else if !waits && sent.iter().all(|p| is_here(p)) {
        Stage::Delivered
    } else {
        Stage::OnItsWay
    }
}

fn is_here(parcel: &Parcel) -> bool {
    parcel.delivered_at.is_some()
        || matches!(parcel.status, Some(ParcelStatus::Delivered | ParcelStatus::PickedUp | ParcelStatus::Canceled))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::samples::{at, order, parcel, usd};

    #[test]
    fn words_tell_the_stage() {
        use Stage::{BeforePurchase, Delivered, OnItsWay, Ordered, Refunded, ReturnOpen};
        for (text, stage) in [
            ("Do you have the trail jacket in olive?", Some(BeforePurchase)),
            ("I want to buy a tent, is it waterproof?", Some(BeforePurchase)),
            ("I just ordered two jackets, can I add socks?", Some(Ordered)),
            ("Why hasn't my order shipped? It has not shipped yet", Some(Ordered)),
            ("Where is my order?", Some(OnItsWay)),
            ("My parcel has not arrived", Some(OnItsWay)),
            ("The tracking number shows nothing", Some(OnItsWay)),
            ("My tent arrived with a torn zip", Some(Delivered)),
            ("I received my jacket and it is too small", Some(Delivered)),
            ("I sent it back last week, where is my refund?", Some(ReturnOpen)),
            ("I was only partially refunded", Some(Refunded)),
            ("What is your return policy?", None),
            ("Hello", None),
        ] {
            assert_eq!(Stage::of_words(text, &[]), stage, "{text}");
        }
        let sure = |intent, probability| [Sure { intent, probability }];
        assert_eq!(Stage::of_words("the zip is torn", &sure(Intent::Damaged, 0.9)), Some(Delivered));
        assert_eq!(Stage::of_words("the zip is torn", &sure(Intent::Damaged, 0.3)), None);
    }

    #[test]
    fn the_order_tells_it_better() {
        let mut of = order(10234);
        assert_eq!(Stage::of_order(&of), Stage::Ordered);
        of.parcels = vec![parcel(&of, 1, ParcelStatus::InTransit)];
        assert_eq!((Stage::of_order(&of), Stage::of_claimed(&of.as_claimed())), (Stage::OnItsWay, Stage::OnItsWay));
        of.parcels[0].status = Some(ParcelStatus::Delivered);
        of.parcels[0].delivered_at = Some(at(1));
        assert_eq!(Stage::of_order(&of), Stage::Delivered);
        of.refunded = usd(1450);
        assert_eq!(Stage::of_order(&of), Stage::Refunded);
    }
}
