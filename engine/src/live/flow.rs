//! From a question about live data to what is said: who asks, one look-up, which order is meant, the sentences.
//!
//! Nothing here depends on whether an order exists that the asker may not see: the words are constants.

use super::compose::{self, Composed, Scene};
use super::question::{LiveQuestion, Named, is_whole};
use super::which::{AT_ONCE, Choice, choose};
use super::{ClaimedOrder, LiveKind, Order, PreparedAction, Product, ProductStatus, Read};
use crate::access::StoreId;
use crate::evidence::{DocId, ForeignPassage};
use crate::handoff::{HandoffReason, LookedAt};
use crate::identity::{Asker, CustomerKey, CustomerPass, Email, OrderClaim, OrderNumber, Tier};
use crate::ports::{OrdersFound, OrdersWanted, ProductsWanted, Storefront, StorefrontError};
use crate::reply::{Clarify, IdentityWay, NeedsIdentity};
use crate::store::StoreProfile;
use crate::text::content_stems;
use crate::turn::{Speaker, Turn};
use jiff::Timestamp;
use std::collections::HashSet;

/// How an unknown customer is asked who they are.
pub const ASK: &str = "To look at an order I need to know that it is yours.";
/// Where a person has to look, and needs to know at which order.
pub const WHICH_ORDER: &str = "One of my colleagues has to look at that. Please tell me the order number and the e-mail address you ordered with, so that they can start right away.";
/// The same whether the order does not exist, has another e-mail address or was written wrongly.
pub const NOT_FOUND: &str =
    "I cannot find an order with that number and e-mail address among the orders that I can see.";
/// The same whether the order does not exist or is somebody else's.
pub const NOT_YOURS: &str = "I cannot find that order among your orders.";
const NO_ORDERS: &str = "I cannot find an order of yours.";
const SIGN_IN: &str =
    "For that I need to be sure that it is you; the order number and an e-mail address are not enough.";

/// Orders of a customer that are looked through for the one that is meant.
const LATEST: usize = 20;
/// More choices than this are no help.
const CHOICES: usize = 5;
/// What came of the look at live data.
#[derive(Debug)]
pub enum Step {
    /// Not a matter of live data, or none can be had here: as if this stage did not exist.
    Pages,
    /// A page may answer; if none does, this is asked.
    PagesFirst(NeedsIdentity),
    /// `rest` is what else was asked, for the pages.
    Said {
        composed: Composed,
        rest: String,
    },
    Clarify(Clarify),
    NeedsIdentity(NeedsIdentity),
    Person(Box<Person>),
}

impl Step {
    pub fn person(person: Person) -> Self {
        Self::Person(Box::new(person))
    }
}

/// A person takes over, and what they get besides the question.
#[derive(Debug)]
pub struct Person {
    pub reason: HandoffReason,
    pub words: String,
    /// What the customer reads before the store's own message; honest about what was not done.
    pub first: Option<String>,
    pub tier: Tier,
    pub action: Option<PreparedAction>,
    pub looked_at: Vec<LookedAt>,
}

/// One turn's look at live data.
pub struct Live<'a> {
    pub storefront: &'a dyn Storefront,
    pub profile: &'a StoreProfile,
    pub asker: &'a Asker,
    pub turn: &'a Turn,
    pub now: Timestamp,
}

impl Live<'_> {
    /// What the customer is told, shown or asked.
    pub async fn look(&self, question: &LiveQuestion) -> Result<Step, ForeignPassage> {
        if question.asks_for(LiveKind::Balance) {
            return self.with_balance(question).await;
        }
        self.look_at(question).await
    }

    /// What an order or the catalogue tells.
    pub(super) async fn look_at(&self, question: &LiveQuestion) -> Result<Step, ForeignPassage> {
        if !question.kinds.iter().any(|k| k.is_of_an_order()) {
            return self.catalogue(question).await;
        }
        match self.asker {
            Asker::Verified(customer) => self.owned(customer, question).await,
            Asker::Claimed(claim) => match question.numbers.as_slice() {
                [] => self.claimed(claim, question).await,
                [number] => self.claimed(&OrderClaim { number: number.clone(), ..claim.clone() }, question).await,
                several => Ok(Step::Clarify(one_at_a_time(several))),
            },
            Asker::Anonymous(_) => self.anonymous(question).await,
        }
    }

    /// Number and e-mail in the customer's own messages make a claim; everything else a question back.
    async fn anonymous(&self, question: &LiveQuestion) -> Result<Step, ForeignPassage> {
        match (question.numbers.as_slice(), question.emails.first()) {
            (several @ [_, _, ..], Some(_)) => Ok(Step::Clarify(one_at_a_time(several))),
            ([number], Some(email)) if !question.malformed && self.opens(IdentityWay::OrderNumberAndEmail) => {
                self.claimed(&self.claim(number, email), question).await
            }
            (numbers, email) => {
                let both = (!numbers.is_empty() || email.is_some()) && question.malformed;
                let asks = self.needs_identity(if both { NOT_FOUND } else { ASK }, question);
                match asks {
                    Some(asks) if question.soft => Ok(Step::PagesFirst(asks)),
                    // Asked before, and nothing new was said: a person helps better than the same words again.
                    Some(asks) if !self.was_asked() || self.names_something() => Ok(Step::NeedsIdentity(asks)),
                    // Nothing would open it to them; a person still needs to know which order it is.
                    None if !question.soft && self.opens(IdentityWay::OrderNumberAndEmail) && !self.was_asked() => {
                        let ways = vec![IdentityWay::OrderNumberAndEmail];
                        Ok(Step::NeedsIdentity(NeedsIdentity { message: WHICH_ORDER.to_owned(), ways }))
                    }
                    Some(_) | None if question.soft => Ok(Step::Pages),
                    Some(_) | None => Ok(self.person(HandoffReason::NeedsLiveData, "not known who asks", None)),
                }
            }
        }
    }

    async fn claimed(&self, claim: &OrderClaim, question: &LiveQuestion) -> Result<Step, ForeignPassage> {
        if !question.kinds.iter().any(|k| k.opens_with_a_claim()) {
            let Some(asks) = self.needs_identity(SIGN_IN, question) else {
                return Ok(self.person(HandoffReason::NeedsLiveData, "number and e-mail do not open this", None));
            };
            return Ok(if question.soft { Step::PagesFirst(asks) } else { Step::NeedsIdentity(asks) });
        }
        match self.read_claimed(claim).await? {
            Err(error) => Ok(self.failed(&error)),
            Ok(None) => match self.needs_identity(NOT_FOUND, question) {
                Some(asks) => Ok(Step::NeedsIdentity(asks)),
                None => Ok(self.person(HandoffReason::NeedsLiveData, "no such order", Some(NOT_FOUND))),
            },
            Ok(Some(read)) => {
                let composed = compose::claimed(&self.scene(question, read.read_at), &read.value);
                Ok(Step::Said { composed, rest: question.rest.clone() })
            }
        }
    }

    /// The order that a claim names; what the storefront returned is looked at again.
    pub async fn read_claimed(
        &self,
        claim: &OrderClaim,
    ) -> Result<Result<Option<Read<ClaimedOrder>>, StorefrontError>, ForeignPassage> {
        let read = match self.storefront.claimed(claim).await {
            Ok(read) => read,
            Err(error) => return Ok(Err(error)),
        };
        self.ours(read.iter().map(|r| &r.value.store))?;
        Ok(Ok(read.filter(|r| r.value.number == claim.number)))
    }

    async fn owned(&self, customer: &CustomerPass, question: &LiveQuestion) -> Result<Step, ForeignPassage> {
        if question.numbers.len() > AT_ONCE {
            return Ok(Step::Clarify(one_at_a_time(&question.numbers)));
        }
        let found = match self.read_owned(customer, &question.numbers).await? {
            Ok(found) => found,
            Err(error) => return Ok(self.failed(&error)),
        };
        let reach = found.reach.map(|reach| {
            format!("I can see orders since {} only; an older one has to be looked up by a person.", self.date(reach))
        });
        let scene = self.scene(question, found.orders.read_at);
        let mut composed = Composed::default();
        match choose(&self.profile.order_number, question, self.turn, &found.orders.value, &scene) {
            Choice::These { orders, missing } => {
                if !missing.is_empty() {
                    compose::missing(&scene, &missing, &mut composed);
                }
                for order in &orders {
                    compose::order(&scene, order, &mut composed);
                }
                // Who asks which orders there are sees the others, too: the one that was meant may be among them.
                if question.several && question.numbers.is_empty() && !composed.is_empty() {
                    let shown = |o: &&Order| orders.iter().any(|order| order.id == o.id);
                    let others: Vec<&Order> = found.orders.value.iter().filter(|o| !shown(o)).take(CHOICES).collect();
                    compose::others(&scene, &others, &mut composed);
                }
                if composed.is_empty() {
                    return Ok(self.person(
                        HandoffReason::NeedsLiveData,
                        "the store's settings hold no rule for this",
                        None,
                    ));
                }
                Ok(Step::Said { composed, rest: question.rest.clone() })
            }
            Choice::Which(orders) => Ok(Step::Clarify(self.which(&orders))),
            Choice::None => {
                let named = !question.numbers.is_empty();
                let words = if named { NOT_YOURS } else { NO_ORDERS };
                match reach {
                    Some(reach) => {
                        Ok(self.person(HandoffReason::NeedsLiveData, words, Some(&format!("{words} {reach}"))))
                    }
                    None => Ok(self.not_theirs(words)),
                }
            }
        }
    }

    /// The customer's orders, or those of them that were named; what the storefront returned is looked at again.
    pub async fn read_owned(
        &self,
        customer: &CustomerPass,
        numbers: &[OrderNumber],
    ) -> Result<Result<OrdersFound, StorefrontError>, ForeignPassage> {
        let wanted = match numbers {
            [one] if is_whole(&self.profile.order_number, one.as_str()) => OrdersWanted::Number(one),
            _ => OrdersWanted::Latest(LATEST),
        };
        let mut found = match self.storefront.orders(customer, wanted).await {
            Ok(found) => found,
            Err(error) => return Ok(Err(error)),
        };
        self.ours(found.orders.value.iter().map(|o| &o.store))?;
        found.orders.value.retain(|order| match customer.customer() {
            CustomerKey::Id(id) => order.customer.as_ref() == Some(id),
            CustomerKey::Email(email) => order.email.as_ref() == Some(email),
        });
        Ok(Ok(found))
    }

    /// A fact of another store is a bug below, and ends the turn.
    fn ours<'s>(&self, mut stores: impl Iterator<Item = &'s StoreId>) -> Result<(), ForeignPassage> {
        let store = self.asker.store_pass().store();
        if stores.any(|s| s != store) { Err(ForeignPassage) } else { Ok(()) }
    }

    async fn catalogue(&self, question: &LiveQuestion) -> Result<Step, ForeignPassage> {
        let mut words = product_words(&question.asked);
        if words.is_empty() {
            // "And the price?": of what the customer asked about before.
            let before = self.turn.history.iter().rev().filter(|m| m.role == Speaker::Customer);
            words = before.map(|m| product_words(&m.text)).find(|words| !words.is_empty()).unwrap_or_default();
        }
        if words.is_empty() {
            return Ok(Step::Pages);
        }
        let wanted = ProductsWanted::Words(&words);
        // Without an answer from the shop its pages speak, or a rule calls a person.
        let Ok(found) = self.storefront.products(self.asker.store_pass(), wanted).await else { return Ok(Step::Pages) };
        self.ours(found.value.iter().map(|p| &p.store))?;
        match best(&words, &found.value).as_slice() {
            [product] => {
                let composed = compose::product(&self.scene(question, found.read_at), product);
                Ok(if composed.is_empty() { Step::Pages } else { Step::Said { composed, rest: question.rest.clone() } })
            }
            several @ [_, _, ..] if several.len() <= CHOICES => Ok(Step::Clarify(Clarify {
                message: "Which of these do you mean?".to_owned(),
                choices: several.iter().map(|p| p.title.clone()).collect(),
            })),
            _ => Ok(Step::Pages),
        }
    }

    pub fn scene<'s>(&'s self, question: &'s LiveQuestion, read_at: Timestamp) -> Scene<'s> {
        Scene { profile: self.profile, now: self.now, read_at, question }
    }

    pub fn claim(&self, number: &OrderNumber, email: &Email) -> OrderClaim {
        OrderClaim {
            pass: self.asker.store_pass().clone(),
            conversation: self.turn.conversation.clone(),
            number: number.clone(),
            email: email.clone(),
        }
    }

    pub fn opens(&self, way: IdentityWay) -> bool {
        self.profile.identity.contains(&way)
    }

    /// `None` where the store has switched on nothing that would be enough.
    pub(super) fn needs_identity(&self, first: &str, question: &LiveQuestion) -> Option<NeedsIdentity> {
        let by_claim = question.kinds.iter().any(|k| k.opens_with_a_claim());
        let enough = |way: &IdentityWay| by_claim || *way != IdentityWay::OrderNumberAndEmail;
        let ways: Vec<IdentityWay> = self.profile.identity.iter().copied().filter(enough).collect();
        let how = ways.iter().map(|way| match way {
            IdentityWay::OrderNumberAndEmail => "tell me the order number and the e-mail address you ordered with",
            IdentityWay::EmailedCode => "ask for a code to the e-mail address on file",
            IdentityWay::SignIn => "sign in to the store",
        });
        let how = how.collect::<Vec<_>>().join(", or ");
        (!ways.is_empty()).then(|| NeedsIdentity { message: format!("{first} Please {how}."), ways })
    }

    /// An order that a known customer named, and that is not theirs.
    fn not_theirs(&self, words: &str) -> Step {
        if self.opens(IdentityWay::OrderNumberAndEmail) {
            let message = format!(
                "{words} If you ordered with another e-mail address, please sign out and tell me the order number and that address."
            );
            return Step::NeedsIdentity(NeedsIdentity { message, ways: vec![IdentityWay::OrderNumberAndEmail] });
        }
        self.person(HandoffReason::NeedsLiveData, words, Some(words))
    }

    pub(super) fn was_asked(&self) -> bool {
        self.turn.history.iter().rev().find(|m| m.role == Speaker::Agent).is_some_and(|m| asks_who(&m.text))
    }

    pub(super) fn names_something(&self) -> bool {
        let alone = Turn { history: Vec::new(), ..self.turn.clone() };
        Named::read(&alone, &self.profile.order_number) != Named::default()
    }

    pub fn person(&self, reason: HandoffReason, words: &str, first: Option<&str>) -> Step {
        Step::person(Person {
            reason,
            words: words.to_owned(),
            first: first.map(str::to_owned),
            tier: self.asker.tier(),
            action: None,
            looked_at: Vec::new(),
        })
    }

    /// A slow or failing shop, as an honest sentence. What exactly failed is for the agent.
    pub fn failed(&self, error: &StorefrontError) -> Step {
        let (reason, first) = match error {
            StorefrontError::NotConnected => return Step::Pages,
            StorefrontError::TimedOut => (
                HandoffReason::Unavailable,
                "Our order system did not answer in time, so I cannot tell you where things stand right now; you can ask me again in a few minutes.",
            ),
            StorefrontError::TooManyTries => (
                HandoffReason::NeedsLiveData,
                "There were too many tries to look up an order, so I have stopped looking.",
            ),
            StorefrontError::MissingScope(_) | StorefrontError::Unauthorized(_) | StorefrontError::Failed(_) => {
                (HandoffReason::Unavailable, "I cannot look at orders at the moment.")
            }
        };
        self.person(reason, &error.to_string(), Some(first))
    }

    pub fn which(&self, orders: &[&Order]) -> Clarify {
        let choice = |o: &&Order| format!("{} of {}", o.number, self.date(o.created_at));
        Clarify {
            message: "You have several orders. Which one do you mean?".to_owned(),
            choices: orders.iter().take(CHOICES).map(choice).collect(),
        }
    }

    pub fn date(&self, at: Timestamp) -> String {
        at.to_zoned(self.profile.time_zone.clone()).strftime("%B %-d, %Y").to_string()
    }
}

/// A reply of ours that asks who the customer is; an answer may stand above it.
pub(crate) fn asks_who(text: &str) -> bool {
    [ASK, NOT_FOUND, WHICH_ORDER, super::stored::ASK].iter().any(|asked| text.contains(asked))
}

/// As a case shows it to an agent.
pub fn looked_at(number: &OrderNumber) -> LookedAt {
    LookedAt { doc: DocId(format!("order:{number}")), title: format!("Order {number}"), url: None }
}

fn one_at_a_time(numbers: &[OrderNumber]) -> Clarify {
    Clarify {
        message: "Let us take one order at a time. Which one first?".to_owned(),
        choices: numbers.iter().take(CHOICES).map(ToString::to_string).collect(),
    }
}

/// What is left of a question about a product when the question is taken away.
fn product_words(asked: &str) -> String {
    const NOISE: &str = "stock sold available availability left price cost costs expensive much many right now currently \
        moment today size colour color still restock restocked inventory sale got one please tell know have any there \
        buy order again does whats thatd option options variant cheapest expensive least lowest affordable priced looking \
        comes come find help check see wanted wondering thats im ive id its ask asking hey there great please sure like love list show litre litres liter liters";
    let asked = asked.replace('’', "'");
    let words = asked.split(|c: char| !(c.is_alphanumeric() || c == '-' || c == '\'')).filter(|w| !w.is_empty());
    let kept: Vec<&str> = words
        .filter(|w| {
            let lower = w.to_lowercase();
            {
                let plain = lower.replace('\'', "");
                !crate::text::is_stop_word(&plain) && !NOISE.split_whitespace().any(|n| n == plain)
            }
        })
        .collect();
    kept.join(" ")
}

/// The active products that the question can be about. Every word of it must be one of the product's: its title, its
/// options, its kind. "How much is the Trail Club?" is not about a trail runner, and goes to the pages.
fn best<'a>(words: &str, products: &'a [Product]) -> Vec<&'a Product> {
    let asked = content_stems(words);
    let explained = |p: &Product| {
        let options = p.options.iter().flat_map(|(name, values)| [name].into_iter().chain(values));
        let texts =
            [&p.title, &p.handle].into_iter().chain(&p.product_type).chain(&p.vendor).chain(&p.tags).chain(options);
        let own: HashSet<String> = texts.flat_map(|text| content_stems(text)).collect();
        asked.iter().all(|stem| own.contains(stem))
    };
    let shared = |p: &Product| content_stems(&p.title).iter().filter(|s| asked.contains(s)).count();
    let sold = products.iter().filter(|p| p.status == ProductStatus::Active && explained(p));
    let scored: Vec<(usize, &Product)> = sold.map(|p| (shared(p), p)).filter(|(n, _)| *n > 0).collect();
    let most = scored.iter().map(|(n, _)| *n).max().unwrap_or_default();
    let best: Vec<&Product> = scored.iter().filter(|(n, _)| *n == most).map(|(_, p)| *p).collect();
    // A title that is named in full beats those that only share its words.
    let whole = |p: &&&Product| content_stems(&p.title).iter().all(|s| asked.contains(s));
    let named: Vec<&Product> = best.iter().filter(whole).copied().collect();
    if named.is_empty() { best } else { named }
}
