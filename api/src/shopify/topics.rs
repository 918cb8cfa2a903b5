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
/// cannot be subscribed to.
pub const SUBSCRIBED: [&str; 15] = [
    "APP_UNINSTALLED",
    "PRODUCTS_CREATE",
    "PRODUCTS_UPDATE",
    "PRODUCTS_DELETE",
    "COLLECTIONS_UPDATE",
    "COLLECTIONS_DELETE",
    "ORDERS_CREATE",
    "ORDERS_UPDATED",
    "ORDERS_CANCELLED",
    "REFUNDS_CREATE",
    "FULFILLMENTS_CREATE",
    "FULFILLMENTS_UPDATE",
    "RETURNS_REQUEST",
    "CUSTOMERS_UPDATE",
    "CUSTOMERS_DELETE",
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
                Some("orders" | "refunds" | "fulfillments" | "returns" | "customers" | "collections") => Self::Live,
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
            // `PRODUCTS_UPDATE` arrives as `products/update`.
            let arrives = name.to_lowercase().replacen('_', "/", 1);
            assert_ne!(Topic::parse(&arrives), Topic::Other, "{arrives}");
        }
        assert_eq!(Topic::parse("products/delete"), Topic::Product);
        assert_eq!(Topic::parse("customers/redact"), Topic::CustomerRedact);
        assert_eq!(Topic::parse("themes/publish"), Topic::Other);
    }
}
