//! The engine's [`Storefront`] over connected stores. What Shopify's search brings is only a proposal: an order counts
//! where its number and its owner are equal to what was asked for, compared here.

use super::cache::Kept;
use super::connection::Connection;
use super::decode::{self, Unread};
use super::error::{Deadline, ShopifyError};
use super::operations::{self, customer_by_key, order_by_claim, orders_of_customer};
use super::search;
use async_trait::async_trait;
use engine::access::{StoreId, StorePass};
use engine::identity::{CustomerKey, CustomerPass, Email, OrderClaim, OrderNumber};
use engine::live::{ClaimedOrder, Customer, Gid, Order, Product, Read, StoredValue};
use engine::ports::{Clock, OrdersFound, OrdersWanted, ProductsWanted, Storefront, StorefrontError};
use jiff::SignedDuration;
use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// How far `read_orders` reaches.
const REACH: SignedDuration = SignedDuration::from_hours(60 * 24);
/// More orders of a customer than this are never read at once.
const MOST_ORDERS: usize = 50;

/// Items and parts of each order that are read. Most orders are small; one that is not is read again alone.
#[derive(Clone, Copy)]
struct Sizes {
    lines: usize,
    parts: usize,
    payments: usize,
}

const SEVERAL: Sizes = Sizes { lines: 10, parts: 4, payments: 6 };
const ONE: Sizes = Sizes { lines: 30, parts: 10, payments: 20 };
const LARGE: Sizes = Sizes { lines: 100, parts: 25, payments: 100 };

pub struct ShopifyStorefront {
    clock: Arc<dyn Clock>,
    connections: RwLock<HashMap<StoreId, Arc<Connection>>>,
    orders: Kept<(CustomerKey, OrderKey), OrdersFound>,
    claims: Kept<(OrderNumber, Email), Option<Read<ClaimedOrder>>>,
    customers: Kept<CustomerKey, Option<Read<Customer>>>,
    stored: Kept<CustomerKey, Read<StoredValue>>,
    products: Kept<ProductsKey, Read<Vec<Product>>>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum OrderKey {
    Latest(usize),
    Number(OrderNumber),
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum ProductsKey {
    Handles(Vec<String>),
    Words(String),
}

impl ShopifyStorefront {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            connections: RwLock::default(),
            orders: Kept::new(2_000, Duration::from_secs(20)),
            claims: Kept::new(2_000, Duration::from_secs(20)),
            customers: Kept::new(2_000, Duration::from_secs(60)),
            stored: Kept::new(2_000, Duration::from_secs(20)),
            products: Kept::new(2_000, Duration::from_secs(60)),
        }
    }

    /// Connects a store, or connects it anew. Nothing that was read before is said any more.
    pub fn connect(&self, store: &StoreId, connection: Arc<Connection>) {
        self.connections.write().unwrap_or_else(PoisonError::into_inner).insert(store.clone(), connection);
        self.forget_store(store);
    }

    pub fn disconnect(&self, store: &StoreId) {
        self.connections.write().unwrap_or_else(PoisonError::into_inner).remove(store);
        self.forget_store(store);
    }

    pub fn connection(&self, store: &StoreId) -> Result<Arc<Connection>, StorefrontError> {
        let connections = self.connections.read().unwrap_or_else(PoisonError::into_inner);
        connections.get(store).cloned().ok_or(StorefrontError::NotConnected)
    }

    /// An order changed. What is kept of it goes, and so does what the change may have made wrong: every list of the
    /// latest, and every answer that found nothing.
    pub fn forget_order(&self, store: &StoreId, order: &Gid) {
        self.orders.forget(store, |(_, key), found| {
            let orders = &found.orders.value;
            orders.is_empty() || matches!(key, OrderKey::Latest(_)) || orders.iter().any(|o| o.id == *order)
        });
        // A claimed order holds no id, a customer counts their orders, and what pays for one is left on no card.
        self.claims.forget(store, |_, _| true);
        self.customers.forget(store, |_, _| true);
        self.stored.forget(store, |_, _| true);
    }

    pub fn forget_product(&self, store: &StoreId, product: &Gid) {
        self.products.forget(store, |_, read| read.value.is_empty() || read.value.iter().any(|p| p.id == *product));
    }

    /// Everything that is kept of the store.
    pub fn forget_store(&self, store: &StoreId) {
        self.orders.forget(store, |_, _| true);
        self.claims.forget(store, |_, _| true);
        self.customers.forget(store, |_, _| true);
        self.stored.forget(store, |_, _| true);
        self.products.forget(store, |_, _| true);
    }

    fn read<T>(&self, value: T, source: &'static str) -> Read<T> {
        Read { value, source, read_at: self.clock.now() }
    }

    async fn fetch_orders(
        &self,
        store: &StoreId,
        customer: &CustomerKey,
        wanted: OrdersWanted<'_>,
    ) -> Result<OrdersFound, StorefrontError> {
        let connection = self.connection(store)?;
        let deadline = Deadline::within(connection.patience);
        let scopes = connection.shop(deadline).await?;
        let owner = match customer {
            CustomerKey::Id(id) => search::id("customer_id", id.as_str()),
            CustomerKey::Email(email) => search::email(email),
        };
        let (query, most, sizes) = match wanted {
            OrdersWanted::Latest(most) => (owner, most.min(MOST_ORDERS), SEVERAL),
            // Two, so that a search that takes numbers for words does not hide the right one.
            OrdersWanted::Number(number) => (search::all(&[search::order_name(number), owner]), 2, ONE),
        };
        let nodes = page_of_orders(&connection, &query, most, sizes, deadline).await?;
        let mut orders = Vec::with_capacity(nodes.len());
        let mut dropped = 0;
        for node in nodes {
            if !is_wanted(&node, customer, wanted) {
                dropped += 1;
                continue;
            }
            orders.push(whole_order(&connection, store, customer, node, sizes, deadline).await?);
        }
        if dropped > 0 {
            tracing::warn!(store.id = %store, dropped, "shopify.search_brought_other_orders");
        }
        let reach = (!scopes.grants("read_all_orders")).then(|| self.clock.now() - REACH);
        Ok(OrdersFound { orders: self.read(orders, "OrdersOfCustomer"), reach })
    }

    async fn fetch_claimed(&self, claim: &OrderClaim) -> Result<Option<Read<ClaimedOrder>>, StorefrontError> {
        const OPERATION: &str = "OrderByClaim";
        let store = claim.pass.store();
        let connection = self.connection(store)?;
        let variables = order_by_claim::Variables {
            query: search::all(&[search::order_name(&claim.number), search::email(&claim.email)]),
            first: 2,
            parts: LARGE.parts as i64,
        };
        let deadline = Deadline::within(connection.patience);
        let data = connection.client.read::<operations::OrderByClaim>(variables, deadline).await?;
        let mut nodes = data.orders.nodes;
        let brought = nodes.len();
        nodes.retain(|o| {
            OrderNumber::parse(&o.name).as_ref() == Some(&claim.number) && is_email(o.email.as_deref(), &claim.email)
        });
        if nodes.len() < brought {
            tracing::warn!(store.id = %store, dropped = brought - nodes.len(), "shopify.search_brought_other_orders");
        }
        let Some(node) = nodes.into_iter().next() else { return Ok(None) };
        let order = decode::claimed(store, node, LARGE.parts).map_err(|unread| unread.of(OPERATION))?;
        Ok(Some(self.read(order, OPERATION)))
    }

    async fn fetch_customer(
        &self,
        store: &StoreId,
        customer: &CustomerKey,
    ) -> Result<Option<Read<Customer>>, StorefrontError> {
        const OPERATION: &str = "CustomerByKey";
        use customer_by_key::CustomerIdentifierInput as Identifier;
        let connection = self.connection(store)?;
        let identifier = match customer {
            CustomerKey::Id(id) => Identifier::Id(format!("gid://shopify/Customer/{}", id.as_str())),
            CustomerKey::Email(email) => Identifier::EmailAddress(email.expose().to_owned()),
        };
        let deadline = Deadline::within(connection.patience);
        let variables = customer_by_key::Variables { identifier };
        let data = connection.client.read::<operations::CustomerByKey>(variables, deadline).await?;
        let Some(found) = data.customer_by_identifier else { return Ok(None) };
        let found = decode::customer(store, found).map_err(|unread| unread.of(OPERATION))?;
        let is_asked_for = match customer {
            CustomerKey::Id(id) => found.id == *id,
            CustomerKey::Email(email) => found.email.as_ref() == Some(email),
        };
        if !is_asked_for {
            tracing::warn!(store.id = %store, "shopify.another_customer_came");
            return Ok(None);
        }
        Ok(Some(self.read(found, OPERATION)))
    }
}

type Node = orders_of_customer::OrdersOfCustomerOrdersNodes;

/// The newest that the search brings, at most so many. Pages that Shopify finds too costly are halved, and stay so.
async fn page_of_orders(
    connection: &Connection,
    query: &str,
    most: usize,
    sizes: Sizes,
    deadline: Deadline,
) -> Result<Vec<Node>, ShopifyError> {
    let (mut found, mut after): (Vec<Node>, _) = (Vec::new(), None);
    while found.len() < most {
        let first = connection.page.load(Ordering::Relaxed).min(most - found.len()).max(1);
        let variables = orders_of_customer::Variables {
            query: query.to_owned(),
            first: first as i64,
            after: after.clone(),
            lines: sizes.lines as i64,
            parts: sizes.parts as i64,
            payments: sizes.payments as i64,
        };
        match connection.client.read::<operations::OrdersOfCustomer>(variables, deadline).await {
            Ok(data) => {
                let page = data.orders.page_info;
                found.extend(data.orders.nodes);
                after = page.end_cursor;
                if !page.has_next_page || after.is_none() {
                    break;
                }
            }
            Err(ShopifyError::TooCostly { .. }) if first > 1 => {
                connection.page.fetch_min(first / 2, Ordering::Relaxed);
            }
            Err(error) => return Err(error),
        }
    }
    found.truncate(most);
    Ok(found)
}

/// Whose it is and which it is, by equality.
fn is_wanted(node: &Node, customer: &CustomerKey, wanted: OrdersWanted<'_>) -> bool {
    let owned = match customer {
        CustomerKey::Id(id) => node.customer.as_ref().is_some_and(|c| Gid(c.id.clone()).tail() == id.as_str()),
        CustomerKey::Email(email) => is_email(node.email.as_deref(), email),
    };
    let numbered = match wanted {
        OrdersWanted::Latest(_) => true,
        OrdersWanted::Number(number) => OrderNumber::parse(&node.name).as_ref() == Some(number),
    };
    owned && numbered
}

fn is_email(on_file: Option<&str>, email: &Email) -> bool {
    on_file.and_then(|text| Email::parse(text).ok()).as_ref() == Some(email)
}

/// The order as facts. One that has more items or parts than were read is read again, alone.
async fn whole_order(
    connection: &Connection,
    store: &StoreId,
    customer: &CustomerKey,
    node: Node,
    sizes: Sizes,
    deadline: Deadline,
) -> Result<Order, ShopifyError> {
    const OPERATION: &str = "OrdersOfCustomer";
    let id = node.id.clone();
    match decode::order(store, node, sizes.parts, sizes.payments) {
        Ok(order) => return Ok(order),
        Err(Unread::More(_)) => {}
        Err(unread) => return Err(unread.of(OPERATION)),
    }
    let query = search::id("id", Gid(id.clone()).tail());
    let nodes = page_of_orders(connection, &query, 1, LARGE, deadline).await?;
    let again = nodes.into_iter().find(|n| n.id == id && is_wanted(n, customer, OrdersWanted::Latest(1)));
    let node = again.ok_or(Unread::Bad { field: "orders", why: "an order was there and is not there any more" });
    node.and_then(|node| decode::order(store, node, LARGE.parts, LARGE.payments)).map_err(|unread| unread.of(OPERATION))
}

#[async_trait]
impl Storefront for ShopifyStorefront {
    async fn orders(&self, customer: &CustomerPass, wanted: OrdersWanted<'_>) -> Result<OrdersFound, StorefrontError> {
        let store = customer.store_pass().store();
        let wanted_key = match wanted {
            OrdersWanted::Latest(most) => OrderKey::Latest(most),
            OrdersWanted::Number(number) => OrderKey::Number(number.clone()),
        };
        let key = (customer.customer().clone(), wanted_key);
        let asked = match self.orders.get(store, &key) {
            Ok(found) => return Ok(found),
            Err(asked) => asked,
        };
        let found = self.fetch_orders(store, customer.customer(), wanted).await?;
        self.orders.keep(store, key, asked, &found);
        Ok(found)
    }

    async fn claimed(&self, claim: &OrderClaim) -> Result<Option<Read<ClaimedOrder>>, StorefrontError> {
        let store = claim.pass.store();
        let key = (claim.number.clone(), claim.email.clone());
        let asked = match self.claims.get(store, &key) {
            Ok(found) => return Ok(found),
            Err(asked) => asked,
        };
        let found = self.fetch_claimed(claim).await?;
        self.claims.keep(store, key, asked, &found);
        Ok(found)
    }

    async fn customer(&self, customer: &CustomerPass) -> Result<Option<Read<Customer>>, StorefrontError> {
        let store = customer.store_pass().store();
        let asked = match self.customers.get(store, customer.customer()) {
            Ok(found) => return Ok(found),
            Err(asked) => asked,
        };
        let found = self.fetch_customer(store, customer.customer()).await?;
        self.customers.keep(store, customer.customer().clone(), asked, &found);
        Ok(found)
    }

    async fn stored_value(&self, customer: &CustomerPass) -> Result<Read<StoredValue>, StorefrontError> {
        let store = customer.store_pass().store();
        let asked = match self.stored.get(store, customer.customer()) {
            Ok(found) => return Ok(found),
            Err(asked) => asked,
        };
        let (id, email) = match customer.customer() {
            CustomerKey::Id(id) => (Some(id.clone()), None),
            // The account that has this address; a guest has none.
            CustomerKey::Email(_) => match self.customer(customer).await? {
                Some(read) => (Some(read.value.id), read.value.email),
                None => (None, None),
            },
        };
        let connection = self.connection(store)?;
        let deadline = Deadline::within(connection.patience);
        let (gift_cards, credit) = super::stored::find(&connection, store, id.as_ref(), deadline).await?;
        let found = StoredValue { store: store.clone(), customer: id, email, gift_cards, credit };
        let found = self.read(found, "StoredValue");
        self.stored.keep(store, customer.customer().clone(), asked, &found);
        Ok(found)
    }

    async fn knows(&self, pass: &StorePass, email: &Email) -> Result<bool, StorefrontError> {
        let key = CustomerKey::Email(email.clone());
        // A guest has orders and no account.
        let orders = self.fetch_orders(pass.store(), &key, OrdersWanted::Latest(1)).await?;
        Ok(!orders.orders.value.is_empty() || self.fetch_customer(pass.store(), &key).await?.is_some())
    }

    async fn products(
        &self,
        pass: &StorePass,
        wanted: ProductsWanted<'_>,
    ) -> Result<Read<Vec<Product>>, StorefrontError> {
        let store = pass.store();
        let key = match wanted {
            ProductsWanted::Handles(handles) => ProductsKey::Handles(handles.to_vec()),
            ProductsWanted::Words(words) => ProductsKey::Words(words.to_lowercase()),
        };
        let asked = match self.products.get(store, &key) {
            Ok(found) => return Ok(found),
            Err(asked) => asked,
        };
        let connection = self.connection(store)?;
        let deadline = Deadline::within(connection.patience);
        let found = super::catalogue::find(&connection, store, wanted, deadline).await?;
        let found = self.read(found, "ProductsByQuery");
        self.products.keep(store, key, asked, &found);
        Ok(found)
    }
}
