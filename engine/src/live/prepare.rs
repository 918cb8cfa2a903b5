//! What a customer wants done, prepared for the person who decides. Nothing is done here.

use super::address;
use super::compose::{self, Composed, Scene};
use super::flow::{Live, Person, Step, looked_at};
use super::how_many::HowMany;
use super::question::{LiveQuestion, Named, Wish};
use super::which::{Choice, choose};
use super::{
    Action, ActionId, FulfillmentState, LineItem, LiveKind, Money, Order, PreparedAction, RefundLine, ReturnLine,
};
use crate::delivery::{Cancellable, cancellable};
use crate::evidence::ForeignPassage;
use crate::handoff::HandoffReason;
use crate::identity::{Asker, OrderNumber, Tier};
use crate::reply::IdentityWay;
use crate::returns::{Standing, Verdict};
use crate::turn::Speaker;
use crate::understand::conversation;
use sha2::{Digest, Sha256};

impl Live<'_> {
    /// A person takes over, with the order and, for its owner, with the action prepared.
    pub async fn prepare(&self, wish: Wish, words: String) -> Result<Step, ForeignPassage> {
        let named = Named::read(self.turn, &self.profile.order_number);
        let plain = || Person {
            reason: HandoffReason::NeedsAction,
            words: words.clone(),
            first: None,
            tier: self.asker.tier(),
            action: None,
            looked_at: Vec::new(),
        };
        let customer = match self.asker {
            Asker::Verified(customer) => customer,
            Asker::Claimed(claim) => {
                let claim = named.numbers.first().map_or(claim.clone(), |n| self.claim(n, &claim.email));
                return self.context(&claim, plain()).await;
            }
            Asker::Anonymous(_) => {
                let claims = self.opens(IdentityWay::OrderNumberAndEmail) && !named.malformed;
                return match (named.numbers.first(), named.emails.first()) {
                    (Some(number), Some(email)) if claims => self.context(&self.claim(number, email), plain()).await,
                    _ => Ok(Step::person(plain())),
                };
            }
        };
        if wish == Wish::ChangePayment {
            return self.change_payment(customer, &named.numbers, plain()).await;
        }
        let question = self.asks_about(wish, named.numbers);
        let found = match self.read_owned(customer, &question.numbers).await? {
            Ok(found) => found,
            Err(error) => {
                let words = format!("{words} ({error})");
                return Ok(Step::person(Person { words, ..plain() }));
            }
        };
        let scene = self.scene(&question, found.orders.read_at);
        let order = match choose(&self.profile.order_number, &question, self.turn, &found.orders.value, &scene) {
            Choice::These { orders, .. } if orders.len() == 1 => orders[0],
            Choice::Which(orders) if wish != Wish::Other && self.can_say_which() => {
                return Ok(Step::Clarify(self.which(&orders)));
            }
            // Who was asked and cannot say, or means all of them, is not asked again: the person sees which they can be.
            Choice::These { orders, .. } | Choice::Which(orders) => {
                let looked_at = orders.iter().take(LISTED).map(|order| looked_at(&order.number)).collect();
                return Ok(Step::person(Person { looked_at, ..plain() }));
            }
            Choice::None => return Ok(Step::person(plain())),
        };
        let person = Person { looked_at: vec![looked_at(&order.number)], ..plain() };
        Ok(match wish {
            Wish::Cancel => self.cancel(&scene, order, person),
            Wish::ChangeAddress => self.change_address(order, &found.orders.value, person),
            Wish::Return => self.give_back(&scene, order, person),
            Wish::Refund => self.refund(&scene, order, person),
            Wish::ChangePayment => Step::person(person),
            Wish::Other => {
                let first = self.about_an_item(order);
                Step::person(Person { first, ..person })
            }
        })
    }

    /// Whether asking which order is meant gets anywhere: not with somebody who has said that they do not know, who was
    /// asked already, or who means all of them.
    fn can_say_which(&self) -> bool {
        let last = self.turn.history.iter().rev().find(|m| m.role == Speaker::Agent);
        let was_asked = last.is_some_and(|m| conversation::asks_which_order(&m.text));
        !was_asked && !conversation::asks_for_orders(&self.turn.text) && !conversation::means_all(&self.turn.text)
    }

    /// Number and e-mail open no action, but they save the person a search.
    async fn context(&self, claim: &crate::identity::OrderClaim, plain: Person) -> Result<Step, ForeignPassage> {
        Ok(Step::person(match self.read_claimed(claim).await? {
            Ok(Some(read)) => Person {
                words: format!("{} (order {}: {})", plain.words, read.value.number, read.value.fulfillment.as_str()),
                tier: Tier::Claimed,
                looked_at: vec![looked_at(&read.value.number)],
                ..plain
            },
            Ok(None) => Person { words: format!("{} (no order with that number and e-mail)", plain.words), ..plain },
            Err(error) => Person { words: format!("{} ({error})", plain.words), ..plain },
        }))
    }

    fn asks_about(&self, wish: Wish, numbers: Vec<OrderNumber>) -> LiveQuestion {
        let kind = match wish {
            Wish::Cancel => LiveKind::Cancellable,
            Wish::ChangeAddress => LiveKind::Address,
            Wish::Return | Wish::Refund => LiveKind::ReturnWindow,
            Wish::ChangePayment => LiveKind::Payment,
            Wish::Other => LiveKind::Status,
        };
        let lower = self.turn.text.to_lowercase();
        LiveQuestion {
            kinds: vec![kind],
            numbers,
            emails: Vec::new(),
            malformed: false,
            newest: ["last order", "latest order", "newest order", "recent order"].iter().any(|w| lower.contains(w)),
            several: false,
            counts: false,
            soft: false,
            asked: self.turn.text.clone(),
            rest: String::new(),
        }
    }

    fn cancel(&self, scene: &Scene<'_>, order: &Order, person: Person) -> Step {
        if order.cancelled.is_some() {
            let mut composed = Composed::default();
            compose::cancellable::compose(scene, order, &mut composed);
            if !composed.is_empty() {
                return Step::Said { composed, rest: String::new() };
            }
        }
        let number = &order.number;
        let rules = self.profile.cancel.as_ref();
        let state = rules.map(|rules| cancellable(rules, order, self.now));
        let (warning, first) = match state {
            Some(Cancellable::Until { .. } | Cancellable::AnyTime) => (
                None,
                format!(
                    "I have passed on that you want order {number} cancelled. It is not cancelled before a person has confirmed it."
                ),
            ),
            Some(Cancellable::TooLate { since }) => {
                let since = compose::cancellable::moment(scene, since);
                (
                    Some(format!("the time to cancel ended at {since}")),
                    format!(
                        "The time to cancel order {number} ended at {since}. I have passed on your request, but it may be too late."
                    ),
                )
            }
            Some(Cancellable::Shipped) => (
                Some("something of it has been packed or sent".to_owned()),
                format!(
                    "Order {number} has already been packed or sent. I have passed on your request, but it may be too late."
                ),
            ),
            Some(Cancellable::AlreadyCancelled) => {
                (Some("it is already cancelled".to_owned()), format!("Order {number} is already cancelled."))
            }
            None => (
                Some("the store's settings hold no rule for cancelling".to_owned()),
                format!(
                    "I have passed on that you want order {number} cancelled. It is not cancelled before a person has confirmed it."
                ),
            ),
        };
        let says = format!(
            "Cancel order {number} of {} ({}), put its items back into stock and tell the customer.",
            self.date(order.created_at),
            order.total
        );
        let action = Action::Cancel { order: order.id.clone(), reason: "CUSTOMER".into(), restock: true, notify: true };
        let action = self.prepared(order, action, says, warning.into_iter().collect());
        Step::person(Person { first: Some(first), action: Some(action), ..person })
    }

    /// Of an order that is not closed yet, what is to become of which item; so that the customer can see that the right
    /// one was understood.
    fn about_an_item(&self, order: &Order) -> Option<String> {
        let [item] = compose::window::named(&self.turn.text, order).try_into().ok()?;
        let name = compose::items::name(item);
        Some(format!(
            "I have passed on your request for the {name} of order {}. Nothing is changed before a person has confirmed it.",
            order.number
        ))
    }

    fn change_address(&self, order: &Order, orders: &[Order], person: Person) -> Step {
        let number = &order.number;
        let before = order.shipping_address.as_ref();
        // "To my daughter's address in Duluth", where another parcel of theirs went.
        let known = || address::known(&self.turn.text, orders.iter().filter_map(|o| o.shipping_address.as_ref()));
        let written = address::read(&self.turn.text).or_else(|missing| known().cloned().ok_or(missing));
        if conversation::is_of_the_account(&self.turn.text) {
            let first = written.map_or_else(
                |_| "I have passed on that you want the address of your account changed.".to_owned(),
                |address| {
                    let line = compose::address::line(&super::Address { name: None, ..address });
                    format!("I have passed on that the address of your account is to become {line}.")
                },
            );
            let first = Some(format!("{first} It is not changed before a person has done it."));
            return Step::person(Person { first, ..person });
        }
        // "I no longer live in Ely" names the address that it has.
        let place = |a: &super::Address| (a.address1.clone(), a.address2.clone(), a.city.clone(), a.zip.clone());
        let written = match written {
            Ok(address) if before.is_some_and(|before| place(before) == place(&address)) => {
                Err("only the address that the order has")
            }
            written => written,
        };
        let mut address = match written {
            Ok(address) => address,
            Err(missing) => {
                let first = format!(
                    "The address of order {number} is not changed yet. Please write the whole new address in one message: street and number, town, state or province, postcode."
                );
                let words = format!("{} ({missing})", person.words);
                return Step::person(Person { first: Some(first), words, ..person });
            }
        };
        address.name = address.name.or_else(|| before.and_then(|a| a.name.clone()));
        address.phone = address.phone.or_else(|| before.and_then(|a| a.phone.clone()));
        let mut warnings = Vec::new();
        let country = |a: &super::Address| a.country_code.clone();
        if before.and_then(country) != country(&address) {
            warnings.push("the new address is in another country".to_owned());
        }
        if order.cancelled.is_some() {
            warnings.push("the order is cancelled".to_owned());
        } else if order.parcels.iter().any(|p| p.status != Some(super::ParcelStatus::Canceled)) {
            warnings.push("something of it has been packed or sent".to_owned());
        }
        let line = compose::address::line(&address);
        let says = format!("Change the shipping address of order {number} to {line}.");
        let first = if warnings.is_empty() {
            format!(
                "I have passed on the new address for order {number}. It is not changed before a person has confirmed it."
            )
        } else {
            format!(
                "I have passed on the new address for order {number}, but it may not be possible: {}.",
                warnings.join("; ")
            )
        };
        let action = self.prepared(order, Action::ChangeAddress { order: order.id.clone(), address }, says, warnings);
        Step::person(Person { first: Some(first), action: Some(action), ..person })
    }

    /// Where the store's rules say how a customer returns something by themselves, that is the answer.
    fn give_back(&self, scene: &Scene<'_>, order: &Order, person: Person) -> Step {
        let verdicts = compose::window::verdicts(scene, order);
        let open = |v: &Verdict| matches!(v.standing, Standing::Open { .. } | Standing::OpenIf { .. });
        let unsure = |v: &Verdict| {
            matches!(v.standing, Standing::Unknown { .. } | Standing::Declined { .. } | Standing::Lost { .. })
        };
        let answers =
            !verdicts.is_empty() && verdicts.iter().all(|(_, v)| !unsure(v) && (!open(v) || !v.steps.is_empty()));
        let mut composed = Composed::default();
        compose::window::compose(scene, order, &mut composed);
        if answers {
            return Step::Said { composed, rest: String::new() };
        }
        let mut lines = Vec::new();
        let mut titles = Vec::new();
        let how_many = HowMany::read(&self.turn.text, self.profile, self.now);
        let items: Vec<&LineItem> = verdicts.iter().map(|(item, _)| *item).collect();
        let mut warnings: Vec<String> = how_many.unclear(&items).into_iter().collect();
        for (item, verdict) in &verdicts {
            warnings.extend(warning(verdict));
            let meant = how_many.of(item, verdict.quantity, items.len() == 1);
            warnings.extend(meant.warning);
            let mut left = meant.pieces;
            for carried in order.parcels.iter().flat_map(|p| &p.items).filter(|c| c.line == item.id) {
                let quantity = carried.quantity.min(left);
                if quantity > 0 {
                    let note = self.turn.text.chars().take(NOTE).collect();
                    lines.push(ReturnLine { fulfillment_line: carried.fulfillment_line.clone(), quantity, note });
                    titles.push(format!("{quantity} × {}", item.title));
                    left -= quantity;
                }
            }
        }
        if lines.is_empty() {
            let first = (!composed.is_empty()).then(|| composed.text());
            return Step::person(Person { first, ..person });
        }
        let says = format!("Request a return of {} from order {}.", titles.join(", "), order.number);
        let first = format!("{} I have passed on that you want to return it; a person confirms it.", composed.text());
        let action = Action::RequestReturn { order: order.id.clone(), lines };
        let action = self.prepared(order, action, says, warnings);
        Step::person(Person { first: Some(first.trim().to_owned()), action: Some(action), ..person })
    }

    fn refund(&self, scene: &Scene<'_>, order: &Order, person: Person) -> Step {
        let items = compose::window::meant(&self.turn.text, order);
        let how_many = HowMany::read(&self.turn.text, self.profile, self.now);
        let of = |i: &LineItem| how_many.of(i, i.refundable_quantity, items.len() == 1);
        let lines: Vec<RefundLine> = items
            .iter()
            .map(|i| RefundLine { line: i.id.clone(), quantity: of(i).pieces })
            .filter(|line| line.quantity > 0)
            .collect();
        let paid = order.original_total.plus(Money { minor: -order.refunded.minor, ..order.refunded });
        let mut prices =
            items.iter().map(|i| Money { minor: i.unit_price.minor * i64::from(of(i).pieces), ..i.unit_price });
        let sum = prices.try_fold(Money::zero(order.total.currency), Money::plus);
        let first =
            format!("I have passed on that you ask for a refund on order {}; a person decides about it.", order.number);
        let (Some(sum), Some(paid), false) = (sum, paid, lines.is_empty()) else {
            let words = format!("{} (nothing of the order is refundable)", person.words);
            return Step::person(Person { first: Some(first), words, ..person });
        };
        let amount = Money { minor: sum.minor.min(paid.minor), ..sum };
        let mut warnings = vec!["the amount is the items' price without tax and shipping; check it".to_owned()];
        warnings.extend(how_many.unclear(&items));
        warnings.extend(items.iter().filter_map(|i| of(i).warning));
        let has_items = matches!(order.fulfillment, FulfillmentState::Fulfilled | FulfillmentState::PartiallyFulfilled);
        if has_items && order.returns.is_empty() {
            warnings.push("the customer has the items, and there is no return".to_owned());
        }
        warnings.extend(compose::window::verdicts(scene, order).iter().filter_map(|(_, v)| warning(v)));
        let pieces: Vec<String> = items
            .iter()
            .filter(|i| of(i).pieces > 0)
            .map(|i| format!("{} × {}", of(i).pieces, compose::items::name(i)))
            .collect();
        let quote = compose::items::quote(order);
        let says = format!("Refund {amount} on order {} for {}; {quote}.", order.number, pieces.join(", "));
        let note = self.turn.text.chars().take(NOTE).collect();
        let action = Action::Refund { order: order.id.clone(), lines, shipping: None, amount, note };
        let action = self.prepared(order, action, says, warnings);
        Step::person(Person { first: Some(first), action: Some(action), ..person })
    }

    fn prepared(&self, order: &Order, action: Action, says: String, warnings: Vec<String>) -> PreparedAction {
        let mut hash = Sha256::new();
        let action_json = serde_json::to_vec(&action).unwrap_or_default();
        let turn = self.turn.number.to_string();
        let store = self.asker.store_pass().store();
        for part in [store.as_str().as_bytes(), self.turn.conversation.0.as_bytes(), turn.as_bytes(), &action_json] {
            // Lengths, so that no two lists of parts are one text.
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let key = hex::encode(hash.finalize());
        PreparedAction {
            id: ActionId(key[..16].to_owned()),
            conversation: self.turn.conversation.clone(),
            turn: self.turn.number,
            order: order.number.clone(),
            action,
            idempotency_key: key,
            says,
            warnings,
            prepared_at: self.now,
            order_updated_at: order.updated_at,
        }
    }
}

/// Orders that a person is shown, where it can be one of several.
const LISTED: usize = 5;
/// What Shopify takes as a note.
const NOTE: usize = 300;

/// What speaks against taking an item back.
fn warning(v: &Verdict) -> Option<String> {
    let why = match &v.standing {
        Standing::Open { .. } => return None,
        Standing::OpenIf { provided, .. } => format!("only if {provided}"),
        Standing::Closed { since } => format!("the time to return it ended on {since}"),
        Standing::NotYet { .. } => "it has not arrived yet".to_owned(),
        Standing::Never { why } | Standing::NothingLeft { why } => why.clone(),
        Standing::Declined { name, .. } => format!("return {name} of it was declined"),
        Standing::Lost { parcel } => format!("parcel {parcel} did not arrive"),
        Standing::Unknown { .. } => "the rules cannot be applied to it".to_owned(),
    };
    Some(format!("{}: {why} (rule '{}')", v.title, v.rule))
}
