//! What a customer is known by: for a request of privacy law, which is about all of it.

use super::connection::Connection;
use super::error::{Deadline, ShopifyError};
use super::operations::{self, order_names};
use super::search;
use engine::identity::{CustomerKey, Email};
use engine::live::Gid;

/// An order, by what points from it to its customer. Not printable.
#[derive(Clone, PartialEq, Eq)]
pub struct KnownOrder {
    pub id: Gid,
    /// `#FV10234`
    pub name: String,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub customer: Option<Gid>,
}

/// Orders on a page.
const PAGE: i64 = 250;

impl Connection {
    /// Every order of the customer that the key may read, re-checked by equality.
    pub async fn orders_known_by(
        &self,
        customer: &CustomerKey,
        deadline: Deadline,
    ) -> Result<Vec<KnownOrder>, ShopifyError> {
        let query = match customer {
            CustomerKey::Id(id) => search::id("customer_id", id.as_str()),
            CustomerKey::Email(email) => search::email(email),
        };
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let variables = order_names::Variables { query: query.clone(), first: PAGE, after: after.take() };
            let data = self.client.read::<operations::OrderNames>(variables, deadline).await?.orders;
            found.extend(data.nodes.into_iter().map(|node| KnownOrder {
                id: Gid(node.id),
                name: node.name,
                email: node.email,
                phone: node.phone,
                customer: node.customer.map(|customer| Gid(customer.id)),
            }));
            after = data.page_info.end_cursor;
            if !data.page_info.has_next_page || after.is_none() {
                found.retain(|order| is_theirs(order, customer));
                return Ok(found);
            }
        }
    }
}

fn is_theirs(order: &KnownOrder, customer: &CustomerKey) -> bool {
    match customer {
        CustomerKey::Id(id) => order.customer.as_ref().is_some_and(|known| known.tail() == id.as_str()),
        CustomerKey::Email(email) => {
            order.email.as_deref().and_then(|text| Email::parse(text).ok()).as_ref() == Some(email)
        }
    }
}
