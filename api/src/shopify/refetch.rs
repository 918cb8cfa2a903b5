//! What was marked is read again, what changed without a webhook is found, and what has no webhooks is looked at.

use super::needles::Person;
use super::{fill, fill::FillError, shop::Shop};
use crate::db::{
    DbError,
    mirror::{Kind, Seen},
};
use engine::{
    identity::{CustomerId, CustomerKey, Email},
    live::Gid,
};
use ingest::shopify::{Deadline, ShopDocument, ShopifyError};
use jiff::{SignedDuration, Timestamp};
use std::{collections::HashSet, time::Duration};

/// Products that are read again together.
const AT_ONCE: usize = 50;
/// For one request of this kind; nobody waits for it.
const PATIENCE: Duration = Duration::from_secs(120);
/// Shopify's index of changes runs behind its data, and an update may carry the time at which it began.
const OVERLAP: SignedDuration = SignedDuration::from_mins(10);

#[derive(Debug, thiserror::Error)]
pub enum RefetchError {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error(transparent)]
    Shopify(#[from] ShopifyError),
    #[error(transparent)]
    Fill(#[from] Box<FillError>),
}

fn deadline() -> Deadline {
    Deadline::within(PATIENCE)
}

/// Reads every marked object again, until none is marked. How many there were.
pub async fn marked(shop: &Shop) -> Result<usize, RefetchError> {
    let mut count = 0;
    loop {
        let marked = shop.mirror.dirty_objects(AT_ONCE).await?;
        if marked.is_empty() {
            return Ok(count);
        }
        count += marked.len();
        let (marks, gids): (Vec<_>, Vec<Gid>) = marked.into_iter().unzip();
        let products: Vec<Gid> = gids.into_iter().filter(|gid| Kind::of(gid) == Some(Kind::Product)).collect();
        // Before the question: whatever is said later than this is newer than the answer.
        let asked_at = Timestamp::now();
        let (mut seen, mut missing) = (Vec::new(), Vec::new());
        for (gid, product) in read(shop, &products).await? {
            match product {
                Some(ShopDocument { document, .. }) => seen.push(Seen { gid, kind: Kind::Product, document }),
                None => missing.push(gid),
            }
        }
        shop.mirror.take_over(&seen, &missing, asked_at, &marks).await?;
    }
}

/// One product that cannot be read does not hold up the others: what is known of it stays until it changes again.
async fn read(shop: &Shop, products: &[Gid]) -> Result<Vec<(Gid, Option<ShopDocument>)>, ShopifyError> {
    match shop.connection.products_by_ids(products, deadline()).await {
        Err(ShopifyError::Unreadable { .. }) => {}
        read => return read,
    }
    let mut found = Vec::with_capacity(products.len());
    for product in products {
        match shop.connection.products_by_ids(std::slice::from_ref(product), deadline()).await {
            Err(error @ ShopifyError::Unreadable { .. }) => {
                let store = shop.pass.store();
                tracing::warn!(store.id = %store, product.id = %product, error.cause = %error, "a product is passed over");
            }
            read => found.extend(read?),
        }
    }
    Ok(found)
}

/// Finds products that changed without a webhook and reads them again, then looks at pages, articles and policies.
/// How many objects were read.
pub async fn reconcile(shop: &Shop) -> Result<usize, RefetchError> {
    let started = Timestamp::now();
    let since = shop.mirror.time("changed").await?;
    // Times of Shopify's are compared with times of Shopify's: the two clocks need not agree.
    let from = since.and_then(|at| at.checked_sub(OVERLAP).ok());
    let changed = shop.connection.changed_products(from, deadline()).await?;
    let gids: Vec<Gid> = changed.iter().map(|product| product.id.clone()).collect();
    shop.mirror.mark_dirty(&gids).await?;
    let mut count = marked(shop).await?;
    if let Some(latest) = changed.iter().map(|product| product.updated_at).max() {
        shop.mirror.set_cursor("changed", Some(&latest.max(since.unwrap_or(latest)).to_string())).await?;
    }
    count += pages(shop).await?;
    shop.mirror.set_cursor("reconciled", Some(&started.to_string())).await?;
    Ok(count)
}

/// Pages, articles and policies have no webhooks and are few: all of them are read, and what is not among them is gone.
/// One that the key may not read keeps what is known of it.
pub async fn pages(shop: &Shop) -> Result<usize, RefetchError> {
    let mut count = 0;
    for kind in [Kind::Page, Kind::Article, Kind::Policy] {
        let asked_at = Timestamp::now();
        let connection = &shop.connection;
        let found = match kind {
            Kind::Page => connection.pages(None, deadline()).await,
            Kind::Article => connection.articles(None, deadline()).await,
            Kind::Policy | Kind::Product => connection.policies(deadline()).await,
        };
        let found: Vec<ShopDocument> = match found {
            Err(ShopifyError::MissingScope { scope, field }) => {
                let store = shop.pass.store();
                tracing::warn!(store.id = %store, shopify.scope = scope, shopify.field = field, "not read for lack of a scope");
                continue;
            }
            found => found?,
        };
        count += found.len();
        let seen: Vec<Seen> =
            found.into_iter().map(|found| Seen { gid: found.id, kind, document: found.document }).collect();
        let here: HashSet<&Gid> = seen.iter().map(|seen| &seen.gid).collect();
        let known = shop.mirror.objects(kind).await?;
        let missing: Vec<Gid> = known.into_iter().filter(|gid| !here.contains(gid)).collect();
        shop.mirror.take_over(&seen, &missing, asked_at, &[]).await?;
    }
    Ok(count)
}

/// Compares everything, by reading the whole catalogue anew: what nobody told of, and what was deleted unheard. A bulk
/// operation costs Shopify's bucket nothing and has no limit of pages.
pub async fn sweep(shop: &Shop) -> Result<(), RefetchError> {
    fill::fill(shop, true, &fill::Quiet).await.map_err(Box::new)?;
    Ok(())
}

/// What could not be found out about a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completed {
    /// For a receipt.
    pub unknown: Vec<String>,
    /// Shopify may answer later.
    pub try_again: bool,
}

/// Asks Shopify what else the person is known by: the names of all their orders, and the addresses, phone numbers and
/// customer numbers on them.
pub async fn complete(shop: &Shop, person: &mut Person) -> Completed {
    let mut done = Completed::default();
    let mut asked: HashSet<CustomerKey> = HashSet::new();
    // What is found under one key may be another.
    while let Some(key) = keys(person).into_iter().find(|key| !asked.contains(key)) {
        asked.insert(key.clone());
        match shop.connection.orders_known_by(&key, deadline()).await {
            Ok(orders) => {
                for order in orders {
                    person.order_ids.insert(order.id.tail().to_owned());
                    person.order_names.insert(order.name);
                    person.emails.extend(order.email.map(|email| email.trim().to_lowercase()));
                    person.phones.extend(order.phone);
                    person.customer_ids.extend(order.customer.map(|customer| customer.tail().to_owned()));
                }
            }
            Err(error) => {
                done.try_again |= matches!(error, ShopifyError::TimedOut | ShopifyError::Failed(_));
                done.unknown.push(format!("the names of the customer's orders: {error}"));
            }
        }
    }
    match shop.connection.shop(deadline()).await {
        Ok(known) if !known.grants("read_all_orders") => {
            done.unknown.push("the names of orders older than 60 days: the scope read_all_orders is missing".into());
        }
        // If Shopify cannot be asked, that stands there already.
        Ok(_) | Err(_) => {}
    }
    done
}

fn keys(person: &Person) -> Vec<CustomerKey> {
    let ids = person.customer_ids.iter().filter_map(|id| CustomerId::parse(id)).map(CustomerKey::Id);
    let emails = person.emails.iter().filter_map(|email| Email::parse(email).ok()).map(CustomerKey::Email);
    ids.chain(emails).collect()
}
