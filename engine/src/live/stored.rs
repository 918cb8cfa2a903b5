//! What a customer has left to pay with: asked for, or wanted in the place of another payment.

use super::compose::balance::Wanted;
use super::compose::{self, Composed};
use super::flow::{Live, Person, Step, looked_at};
use super::question::LiveQuestion;
use super::which::is_meant;
use super::{LiveKind, Read, StoredValue};
use crate::evidence::ForeignPassage;
use crate::handoff::HandoffReason;
use crate::identity::{Asker, CustomerKey, CustomerPass, OrderNumber};
use crate::ports::StorefrontError;
use crate::reply::NeedsIdentity;

/// How an unknown customer is asked who they are.
pub const ASK: &str = "To look at a gift card or store credit I need to be sure that it is yours.";

impl Live<'_> {
    /// The balance, and whatever else of their orders or of the catalogue was asked beside it.
    pub(super) async fn with_balance(&self, question: &LiveQuestion) -> Result<Step, ForeignPassage> {
        let mut others = question.clone();
        others.kinds.retain(|kind| *kind != LiveKind::Balance);
        let Asker::Verified(customer) = self.asker else {
            // A claim opens something of the rest, and says itself that it opens no more.
            return if others.kinds.is_empty() {
                Ok(self.ask_for_balance(question))
            } else {
                self.look_at(&others).await
            };
        };
        let (told, rest) = match self.balance(customer, question).await? {
            Ok(told) => (told, question.rest.clone()),
            Err(step) => return Ok(step),
        };
        if others.kinds.is_empty() {
            return Ok(Step::Said { composed: told, rest });
        }
        Ok(match self.look_at(&others).await? {
            Step::Said { composed, rest } => {
                let mut both = told;
                if let Some(answer) = composed.answer() {
                    both.append(&answer);
                }
                Step::Said { composed: both, rest }
            }
            Step::Pages => Step::Said { composed: told, rest },
            // Which order is meant comes first: the balance is asked for again with one word.
            step => step,
        })
    }

    /// The sentences, or what is done where there are none.
    async fn balance(
        &self,
        customer: &CustomerPass,
        question: &LiveQuestion,
    ) -> Result<Result<Composed, Step>, ForeignPassage> {
        let read = match self.read_stored(customer).await? {
            Ok(read) => read,
            Err(error) => return Ok(Err(self.not_stored(&error, question))),
        };
        if Wanted::of(&question.asked).is_closed(&read.value) {
            let scopes = "read_gift_cards, read_store_credit_accounts".to_owned();
            return Ok(Err(self.not_stored(&StorefrontError::MissingScope(scopes), question)));
        }
        Ok(Ok(compose::stored(&self.scene(question, read.read_at), &read.value)))
    }

    /// What the storefront returned is looked at again.
    async fn read_stored(
        &self,
        customer: &CustomerPass,
    ) -> Result<Result<Read<StoredValue>, StorefrontError>, ForeignPassage> {
        let mut read = match self.storefront.stored_value(customer).await {
            Ok(read) => read,
            Err(error) => return Ok(Err(error)),
        };
        if &read.value.store != customer.store_pass().store() {
            return Err(ForeignPassage);
        }
        let theirs = match customer.customer() {
            CustomerKey::Id(id) => read.value.customer.as_ref() == Some(id),
            CustomerKey::Email(email) => read.value.email.as_ref() == Some(email),
        };
        if !theirs {
            // Nobody's account is an account with nothing in it.
            read.value.gift_cards.iter_mut().for_each(Vec::clear);
            read.value.credit.iter_mut().for_each(Vec::clear);
        }
        Ok(Ok(read))
    }

    /// A shop whose key may not read it has the question answered by a person, as if it could not be asked at all.
    fn not_stored(&self, error: &StorefrontError, question: &LiveQuestion) -> Step {
        match error {
            StorefrontError::MissingScope(_) if question.soft => Step::Pages,
            StorefrontError::MissingScope(_) => self.person(HandoffReason::NeedsLiveData, &error.to_string(), None),
            StorefrontError::NotConnected
            | StorefrontError::TimedOut
            | StorefrontError::TooManyTries
            | StorefrontError::Unauthorized(_)
            | StorefrontError::Failed(_) => self.failed(error),
        }
    }

    fn ask_for_balance(&self, question: &LiveQuestion) -> Step {
        let asks: Option<NeedsIdentity> = self.needs_identity(ASK, question);
        match asks {
            Some(asks) if question.soft => Step::PagesFirst(asks),
            Some(asks) if !self.was_asked() || self.names_something() => Step::NeedsIdentity(asks),
            None if question.soft => Step::Pages,
            Some(_) | None => self.person(HandoffReason::NeedsLiveData, "not known who asks", None),
        }
    }

    /// A person changes how an order is paid. What there is to pay with can be told meanwhile.
    pub(super) async fn change_payment(
        &self,
        customer: &CustomerPass,
        numbers: &[OrderNumber],
        person: Person,
    ) -> Result<Step, ForeignPassage> {
        let mut found = Vec::new();
        if !numbers.is_empty()
            && let Ok(orders) = self.read_owned(customer, numbers).await?
        {
            let pattern = &self.profile.order_number;
            let theirs = |n: &&OrderNumber| orders.orders.value.iter().any(|o| is_meant(pattern, n, &o.number));
            found = numbers.iter().filter(theirs).map(looked_at).collect();
        }
        let question = LiveQuestion::about(vec![LiveKind::Balance], self.turn, &self.profile.order_number);
        let lower = self.turn.text.to_lowercase();
        let names_stored = ["gift", "voucher", "store credit"].iter().any(|word| lower.contains(word));
        let told = if names_stored { self.balance(customer, &question).await?.ok() } else { None };
        const PASSED_ON: &str = "I have passed on that you want to pay for an order in another way. Nothing is changed before a person has confirmed it.";
        let first = told.map_or(PASSED_ON.to_owned(), |told| format!("{} {PASSED_ON}", words_of(&told)));
        Ok(Step::person(Person { first: Some(first), looked_at: found, ..person }))
    }
}

/// The sentences without the offer of a person, who is called anyway.
fn words_of(told: &Composed) -> String {
    let said = told.sentences().iter().map(|s| s.text.as_str()).filter(|text| *text != compose::PERSON);
    said.collect::<Vec<_>>().join(" ")
}
