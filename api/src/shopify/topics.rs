//! Which webhooks the engine wants, and what each is for.

/// What a topic means here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// A product changed: read it again.
    Product,
    /// An order, a refund, a parcel, a collection or a customer changed: live facts that are kept for a moment are old.
    Live,
    DataRequest,
    CustomerRedact,
    ShopRedact,
    Uninstalled,
    /// Nothing that concerns us.
    Other,
}

/// The topics to subscribe to, as GraphQL names them. Those of privacy law are configured in the app itself, and
/// cannot be subscribed to. A change of a collection or a refund is also a change of its products or its order.
pub const SUBSCRIBED: [&str; 10] = [
    "APP_UNINSTALLED",
    "PRODUCTS_CREATE",
    "PRODUCTS_UPDATE",
    "PRODUCTS_DELETE",
    "ORDERS_UPDATED",
    "FULFILLMENTS_CREATE",
    "FULFILLMENTS_UPDATE",
    "FULFILLMENT_EVENTS_CREATE",
    "RETURNS_UPDATE",
    "CUSTOMERS_UPDATE",
];

impl Topic {
    /// As the header `X-Shopify-Topic` writes it.
    pub fn parse(name: &str) -> Self {
        match name {
            "customers/data_request" => Self::DataRequest,
            "customers/redact" => Self::CustomerRedact,
            "shop/redact" => Self::ShopRedact,
            "app/uninstalled" => Self::Uninstalled,
            "products/create" | "products/update" | "products/delete" => Self::Product,
            _ => match name.split('/').next() {
                Some("orders" | "refunds" | "fulfillments" | "fulfillment_events" | "returns" | "customers") => Self::Live,
                Some("collections") => Self::Live,
                _ => Self::Other,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_that_is_subscribed_to_is_of_use() {
        for name in SUBSCRIBED {
            // `FULFILLMENT_EVENTS_CREATE` arrives as `fulfillment_events/create`.
            let (noun, verb) = name.rsplit_once('_').unwrap();
            let arrives = format!("{noun}/{verb}").to_lowercase();
            assert_ne!(Topic::parse(&arrives), Topic::Other, "{arrives}");
        }
        assert_eq!(Topic::parse("products/delete"), Topic::Product);
        assert_eq!(Topic::parse("customers/redact"), Topic::CustomerRedact);
        assert_eq!(Topic::parse("themes/publish"), Topic::Other);
    }
}
