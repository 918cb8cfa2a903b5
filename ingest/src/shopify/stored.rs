//! What a customer has left to pay with: gift cards and store credit. Each takes a scope of its own; what the key may
//! not read is absent, and only a key that may read neither is refused.

use super::connection::Connection;
use super::decode;
use super::error::{Deadline, ShopifyError};
use super::operations::{self, gift_cards_of_customer, store_credit_of_customer};
use super::search;
use engine::access::StoreId;
use engine::identity::CustomerId;
use engine::live::{Gid, GiftCard, Money};

pub(super) const GIFT_CARDS: &str = "read_gift_cards";
pub(super) const STORE_CREDIT: &str = "read_store_credit_accounts";

/// A customer has no more gift cards than this, or a person looks.
const MOST_CARDS: i64 = 50;
/// Currencies that a store credit is held in.
const MOST_ACCOUNTS: i64 = 20;

/// Gift cards and store credit; `None` is what the key may not read.
pub(super) type Stored = (Option<Vec<GiftCard>>, Option<Vec<Money>>);

/// `customer` is `None` where nobody has an account: there is nothing to ask then.
pub(super) async fn find(
    connection: &Connection,
    store: &StoreId,
    customer: Option<&CustomerId>,
    deadline: Deadline,
) -> Result<Stored, ShopifyError> {
    let shop = connection.shop(deadline).await?;
    let (cards, credit) = (shop.grants(GIFT_CARDS), shop.grants(STORE_CREDIT));
    if !cards && !credit {
        let scope = format!("{GIFT_CARDS} or {STORE_CREDIT}");
        return Err(ShopifyError::MissingScope { scope, field: "giftCards".into() });
    }
    let Some(customer) = customer else {
        return Ok((cards.then(Vec::new), credit.then(Vec::new)));
    };
    let cards =
        async { if cards { readable(gift_cards(connection, store, customer, deadline).await) } else { Ok(None) } };
    let credit = async { if credit { readable(store_credit(connection, customer, deadline).await) } else { Ok(None) } };
    tokio::try_join!(cards, credit)
}

/// A scope that was taken away since the shop was asked for its scopes.
fn readable<T>(read: Result<T, ShopifyError>) -> Result<Option<T>, ShopifyError> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(ShopifyError::MissingScope { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn gift_cards(
    connection: &Connection,
    store: &StoreId,
    customer: &CustomerId,
    deadline: Deadline,
) -> Result<Vec<GiftCard>, ShopifyError> {
    const OPERATION: &str = "GiftCardsOfCustomer";
    let either = [search::id("customer_id", customer.as_str()), search::id("recipient_id", customer.as_str())];
    let variables = gift_cards_of_customer::Variables { query: search::any(&either), first: MOST_CARDS };
    let mut data = connection.client.read::<operations::GiftCardsOfCustomer>(variables, deadline).await?;
    let brought = data.gift_cards.nodes.len();
    // A card that was given to somebody is theirs, whoever bought it.
    data.gift_cards.nodes.retain(|card| {
        let recipient = card.recipient_attributes.as_ref().map(|given| &given.recipient.id);
        let holder = recipient.or(card.customer.as_ref().map(|customer| &customer.id));
        holder.is_some_and(|id| Gid(id.clone()).tail() == customer.as_str())
    });
    let dropped = brought - data.gift_cards.nodes.len();
    if dropped > 0 {
        tracing::debug!(store.id = %store, dropped, "shopify.gift_cards_of_others");
    }
    decode::gift_cards(data.gift_cards).map_err(|unread| unread.of(OPERATION))
}

async fn store_credit(
    connection: &Connection,
    customer: &CustomerId,
    deadline: Deadline,
) -> Result<Vec<Money>, ShopifyError> {
    const OPERATION: &str = "StoreCreditOfCustomer";
    let id = format!("gid://shopify/Customer/{}", customer.as_str());
    let variables = store_credit_of_customer::Variables { id: id.clone(), first: MOST_ACCOUNTS };
    let data = connection.client.read::<operations::StoreCreditOfCustomer>(variables, deadline).await?;
    match data.customer_by_identifier.filter(|found| found.id == id) {
        Some(found) => decode::store_credit(found).map_err(|unread| unread.of(OPERATION)),
        None => Ok(Vec::new()),
    }
}
