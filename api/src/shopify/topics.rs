//! What each webhook is for.

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
                Some("orders" | "refunds" | "fulfillments" | "fulfillment_events" | "returns" | "customers") => {
                    Self::Live
                }
                Some("collections") => Self::Live,
                _ => Self::Other,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingest::shopify::webhook::TOPICS;

    #[test]
    fn every_topic_that_is_subscribed_to_is_of_use() {
        for name in TOPICS {
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
