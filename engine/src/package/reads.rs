//! What was read of the shop in this turn, kept by a storefront that passes everything on and looks at the answers.

use super::{Came, Tried};
use crate::access::StorePass;
use crate::identity::{CustomerKey, CustomerPass, Email, OrderClaim};
use crate::live::{ClaimedOrder, Customer, Order, Product, Read, StoredValue};
use crate::ports::{OrdersFound, OrdersWanted, ProductsWanted, Storefront, StorefrontError};
use async_trait::async_trait;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Everything that was read, and how each look-up ended. Only what the asker may see: another customer's order and
/// another store's are left out here as they are everywhere.
#[derive(Clone, Debug, Default)]
pub struct Reads {
    /// The asker's own, newest first.
    pub orders: Vec<Read<Order>>,
    pub claimed: Vec<Read<ClaimedOrder>>,
    pub customer: Option<Read<Customer>>,
    /// In the order in which they were made.
    pub tried: Vec<Tried>,
}

impl Reads {
    /// A look-up failed: what was not read is not known to be absent, and is not asked for again in this turn.
    pub fn has_failed(&self) -> bool {
        self.tried.iter().any(Tried::has_failed)
    }

    /// A look-up failed for which the shop was to blame: that the customer could not be read, or not in time, hinders
    /// nothing else.
    pub fn shop_has_failed(&self) -> bool {
        self.tried.iter().any(|tried| tried.has_failed() && !matches!(tried, Tried::Customer { .. }))
    }

    /// Whether the shop was asked who they are, whatever came of it.
    pub fn has_looked_for_customer(&self) -> bool {
        self.tried.iter().any(|tried| matches!(tried, Tried::Customer { .. }))
    }

    /// Orders could not be read; that the key may not read customers hinders nothing of it.
    pub fn orders_failed(&self) -> bool {
        self.tried.iter().any(|tried| matches!(tried, Tried::Order { came: Came::Failed { .. }, .. }))
    }
}

/// A storefront whose answers are remembered.
pub struct Watched<'a> {
    storefront: &'a dyn Storefront,
    reads: Mutex<Reads>,
}

impl<'a> Watched<'a> {
    /// Goes on from what was read before.
    pub fn new(storefront: &'a dyn Storefront, before: Reads) -> Self {
        Self { storefront, reads: Mutex::new(before) }
    }

    /// What was read so far.
    pub fn snapshot(&self) -> Reads {
        self.reads().clone()
    }

    pub fn into_reads(self) -> Reads {
        self.reads.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn reads(&self) -> MutexGuard<'_, Reads> {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a look-up ended; `found` keeps what it brought and says whether that was anything.
fn came<T>(answer: &Result<T, StorefrontError>, found: impl FnOnce(&T) -> bool) -> Came {
    match answer {
        Ok(answer) if found(answer) => Came::Found,
        Ok(_) => Came::Nothing,
        Err(error) => Came::Failed { why: error.to_string() },
    }
}

fn is_theirs(order: &Order, customer: &CustomerPass) -> bool {
    let owner = match customer.customer() {
        CustomerKey::Id(id) => order.customer.as_ref() == Some(id),
        CustomerKey::Email(email) => order.email.as_ref() == Some(email),
    };
    owner && &order.store == customer.store_pass().store()
}

fn is_them(found: &Customer, customer: &CustomerPass) -> bool {
    let same = match customer.customer() {
        CustomerKey::Id(id) => &found.id == id,
        CustomerKey::Email(email) => found.email.as_ref() == Some(email),
    };
    same && &found.store == customer.store_pass().store()
}

#[async_trait]
impl Storefront for Watched<'_> {
    async fn orders(&self, customer: &CustomerPass, wanted: OrdersWanted<'_>) -> Result<OrdersFound, StorefrontError> {
        let answer = self.storefront.orders(customer, wanted).await;
        let mut reads = self.reads();
        let came = came(&answer, |answer| {
            let read = &answer.orders;
            let theirs: Vec<&Order> = read.value.iter().filter(|o| is_theirs(o, customer)).collect();
            for order in &theirs {
                reads.orders.retain(|known| known.value.id != order.id);
                let value = (*order).clone();
                reads.orders.push(Read { value, source: read.source, read_at: read.read_at });
            }
            reads.orders.sort_by_key(|known| std::cmp::Reverse(known.value.created_at));
            !theirs.is_empty()
        });
        let number = match wanted {
            OrdersWanted::Number(number) => Some(number.clone()),
            OrdersWanted::Latest(_) => None,
        };
        reads.tried.push(Tried::Order { number, came });
        drop(reads);
        answer
    }

    async fn claimed(&self, claim: &OrderClaim) -> Result<Option<Read<ClaimedOrder>>, StorefrontError> {
        let answer = self.storefront.claimed(claim).await;
        let mut reads = self.reads();
        let came = came(&answer, |answer| {
            let fits = |read: &&Read<ClaimedOrder>| {
                read.value.number == claim.number && &read.value.store == claim.pass.store()
            };
            let order = answer.as_ref().filter(fits);
            if let Some(order) = order {
                reads.claimed.retain(|known| known.value.number != order.value.number);
                reads.claimed.push(order.clone());
            }
            order.is_some()
        });
        reads.tried.push(Tried::Order { number: Some(claim.number.clone()), came });
        drop(reads);
        answer
    }

    async fn customer(&self, customer: &CustomerPass) -> Result<Option<Read<Customer>>, StorefrontError> {
        let answer = self.storefront.customer(customer).await;
        let mut reads = self.reads();
        let came = came(&answer, |answer| {
            reads.customer = answer.as_ref().filter(|read| is_them(&read.value, customer)).cloned();
            reads.customer.is_some()
        });
        reads.tried.push(Tried::Customer { came });
        drop(reads);
        answer
    }

    async fn stored_value(&self, customer: &CustomerPass) -> Result<Read<StoredValue>, StorefrontError> {
        let answer = self.storefront.stored_value(customer).await;
        let some = |read: &Read<StoredValue>| {
            let StoredValue { gift_cards, credit, .. } = &read.value;
            gift_cards.as_ref().is_some_and(|cards| !cards.is_empty()) || credit.as_ref().is_some_and(|c| !c.is_empty())
        };
        // That the key may not read it is how the shop is set up, not a failure.
        if !matches!(answer, Err(StorefrontError::MissingScope(_))) {
            self.reads().tried.push(Tried::StoredValue { came: came(&answer, some) });
        }
        answer
    }

    async fn knows(&self, pass: &StorePass, email: &Email) -> Result<bool, StorefrontError> {
        // Whether an address is on file is nobody's business, an agent's neither.
        self.storefront.knows(pass, email).await
    }

    async fn products(
        &self,
        pass: &StorePass,
        wanted: ProductsWanted<'_>,
    ) -> Result<Read<Vec<Product>>, StorefrontError> {
        let answer = self.storefront.products(pass, wanted).await;
        let came = came(&answer, |a| !a.value.is_empty());
        self.reads().tried.push(Tried::Catalogue { came });
        answer
    }
}
