use super::{Unread, money, time};
use crate::shopify::operations::customer_by_key::CustomerByKeyCustomerByIdentifier;
use engine::access::StoreId;
use engine::identity::{CustomerId, Email};
use engine::live::{Customer, Gid};

pub(crate) fn customer(store: &StoreId, c: CustomerByKeyCustomerByIdentifier) -> Result<Customer, Unread> {
    let id = CustomerId::parse(Gid(c.id).tail()).ok_or(Unread::Bad { field: "id", why: "it is no customer's id" })?;
    let orders = c.number_of_orders.parse();
    Ok(Customer {
        store: store.clone(),
        id,
        first_name: super::filled(c.first_name),
        last_name: super::filled(c.last_name),
        // An address that is not plain ASCII is nobody's proof, and is not kept.
        email: c.default_email_address.and_then(|address| Email::parse(&address.email_address).ok()),
        created_at: time("createdAt", &c.created_at)?,
        orders: orders.map_err(|_| Unread::Bad { field: "numberOfOrders", why: "it is no count" })?,
        spent: money("amountSpent", &c.amount_spent.amount, &c.amount_spent.currency_code)?,
        locale: Some(c.locale),
        tags: c.tags,
    })
}
