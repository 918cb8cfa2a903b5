//! What is left on a customer's gift cards, and of their store credit. Of a card its last four signs, never its code.

use super::{Composed, Fact, PERSON, Scene, and, count, date};
use crate::live::{GiftCard, Money, StoredValue};
use std::cmp::Reverse;

/// More cards than this are counted, not listed.
const LISTED: usize = 5;

/// What of the two is asked for, by the words of the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub gift_cards: bool,
    pub credit: bool,
}

impl Wanted {
    /// "My balance" is either.
    pub fn of(asked: &str) -> Self {
        let lower = asked.to_lowercase();
        let gift_cards = ["gift", "voucher", "certificate"].iter().any(|word| lower.contains(word));
        let credit = ["credit card", "card credit"].iter().fold(lower, |text, card| text.replace(card, " "));
        let credit = credit.contains("credit");
        Self { gift_cards: gift_cards || !credit, credit: credit || !gift_cards }
    }

    /// Nothing of what is asked for can be read.
    pub fn is_closed(self, stored: &StoredValue) -> bool {
        (!self.gift_cards || stored.gift_cards.is_none()) && (!self.credit || stored.credit.is_none())
    }
}

pub fn compose(scene: &Scene<'_>, stored: &StoredValue, said: &mut Composed) {
    let wanted = Wanted::of(&scene.question.asked);
    // What a person has to see to; their help is offered at the end.
    let mut person: Vec<Fact> = Vec::new();
    if wanted.gift_cards {
        match &stored.gift_cards {
            Some(cards) => gift_cards(scene, cards, &mut person, said),
            None => closed(scene, "gift cards", &mut person, said),
        }
    }
    if wanted.credit {
        match &stored.credit {
            Some(amounts) => credit(scene, amounts, said),
            None => closed(scene, "store credit", &mut person, said),
        }
    }
    if !person.is_empty() {
        said.say(PERSON, &person);
    }
}

fn gift_cards(scene: &Scene<'_>, cards: &[GiftCard], person: &mut Vec<Fact>, said: &mut Composed) {
    if cards.is_empty() {
        let fact = account(scene, "gift-cards", "Your gift cards", "no gift card".to_owned());
        said.say("I see no gift card in your account.", std::slice::from_ref(&fact));
        said.say("A card that is not linked to your account can be checked by a person.", std::slice::from_ref(&fact));
        person.push(fact);
        return;
    }
    let asked = scene.question.asked.to_lowercase();
    let words: Vec<&str> = asked.split(|c: char| !c.is_alphanumeric()).collect();
    let is_named =
        |card: &&GiftCard| card.last.as_ref().is_some_and(|l| words.contains(&l.as_str().to_lowercase().as_str()));
    let named: Vec<&GiftCard> = cards.iter().filter(is_named).collect();
    let mut shown: Vec<&GiftCard> = if named.is_empty() { cards.iter().collect() } else { named };
    // What can be used comes first, and of that the most.
    shown.sort_by_key(|card| (!is_usable(scene, card), Reverse(card.balance.minor)));
    let rest = shown.len().saturating_sub(LISTED);
    for card in shown.iter().take(LISTED) {
        gift_card(scene, card, person, said);
    }
    let usable: Vec<Money> = shown.iter().filter(|c| is_usable(scene, c)).map(|c| c.balance).collect();
    let total = usable.iter().copied().map(Some).reduce(|a, b| a?.plus(b?)).flatten();
    let together =
        |total: Money| account(scene, "gift-cards", "Your gift cards", format!("together {}", quoted(total)));
    if let (Some(total), true) = (total, usable.len() > 1) {
        said.say(format!("Together your gift cards have {total} left."), &[together(total)]);
    }
    if rest > 0 {
        let fact = account(scene, "gift-cards", "Your gift cards", format!("{} cards", shown.len()));
        said.say(format!("You have {} besides.", count(rest as u64, "more gift card", "more gift cards")), &[fact]);
    }
}

fn gift_card(scene: &Scene<'_>, card: &GiftCard, person: &mut Vec<Fact>, said: &mut Composed) {
    let ending = card.last.as_ref().map(|last| format!(" ending in {last}")).unwrap_or_default();
    let mut quote = format!("gift card{ending}: {}", quoted(card.balance));
    quote.push_str(if card.enabled { ", enabled" } else { ", deactivated" });
    quote.extend(card.expires_on.map(|day| format!(", expires on {day}")));
    let fact = account(scene, "gift-cards", "Your gift cards", quote);
    let one = std::slice::from_ref(&fact);
    let left = card.balance;
    if !card.enabled {
        said.say(format!("Your gift card{ending} has been deactivated and cannot be used."), one);
        person.push(fact);
        return;
    }
    match card.expires_on {
        Some(day) if day < scene.today() && left.is_zero() => {
            said.say(format!("Your gift card{ending} expired on {}; nothing was left on it.", date(day)), one);
        }
        Some(day) if day < scene.today() => {
            said.say(format!("Your gift card{ending} expired on {}, with {left} left on it.", date(day)), one);
            person.push(fact);
        }
        Some(_) | None if left.is_zero() => said.say(format!("Your gift card{ending} has nothing left."), one),
        Some(day) => said.say(format!("Your gift card{ending} has {left} left (valid until {}).", date(day)), one),
        None => said.say(format!("Your gift card{ending} has {left} left."), one),
    }
}

fn is_usable(scene: &Scene<'_>, card: &GiftCard) -> bool {
    card.enabled && !card.balance.is_zero() && card.expires_on.is_none_or(|day| day >= scene.today())
}

fn credit(scene: &Scene<'_>, amounts: &[Money], said: &mut Composed) {
    let held: Vec<&Money> = amounts.iter().filter(|amount| !amount.is_zero()).collect();
    let quote = match held.as_slice() {
        [] => "no store credit".to_owned(),
        several => and(&several.iter().map(|amount| quoted(**amount)).collect::<Vec<_>>()),
    };
    let fact = account(scene, "store-credit", "Your store credit", quote);
    let text = match held.as_slice() {
        [] => "You have no store credit at the moment.".to_owned(),
        several => {
            let amounts: Vec<String> = several.iter().map(ToString::to_string).collect();
            format!("You have {} of store credit.", and(&amounts))
        }
    };
    said.say(text, &[fact]);
}

fn closed(scene: &Scene<'_>, what: &'static str, person: &mut Vec<Fact>, said: &mut Composed) {
    let fact = account(scene, "closed", "Your account", format!("{what} cannot be read"));
    said.say(format!("I cannot look at {what} myself; a person can."), std::slice::from_ref(&fact));
    person.push(fact);
}

fn account(scene: &Scene<'_>, part: &str, title: &str, quote: String) -> Fact {
    Fact {
        doc: "account".to_owned(),
        part: part.to_owned(),
        title: title.to_owned(),
        url: None,
        quote,
        read_at: Some(scene.read_at),
    }
}

fn quoted(amount: Money) -> String {
    format!("{} {}", amount.decimal(), amount.currency.code())
}
