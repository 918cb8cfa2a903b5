//! Whether a connection holds what it promises: version, key, scopes.

use super::connection::{Connection, Shop};
use super::error::{Deadline, ShopifyError};
use std::sync::Arc;

/// What a connection was found to be.
#[derive(Clone, Debug)]
pub struct Check {
    pub shop: Arc<Shop>,
    /// The version that we ask for, and the one that answered.
    pub asked: String,
    pub served: Option<String>,
    /// The asked version is one that Shopify supports.
    pub supported: bool,
    pub scopes: Vec<ScopeCheck>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScopeCheck {
    pub scope: &'static str,
    /// What it is for, and what is missing without it.
    pub why: &'static str,
    pub need: Need,
    pub granted: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Without it questions go to a person.
    Required,
    /// More is possible with it.
    Optional,
    /// Only where people approve prepared actions.
    Actions,
}

/// Every scope that the operations use. Of the four for fulfilment orders one is enough; this is that of stores that
/// ship themselves.
pub const SCOPES: [(&str, Need, &str); 13] = [
    ("read_orders", Need::Required, "orders of the last 60 days, their parcels, refunds and payments"),
    ("read_all_orders", Need::Optional, "orders older than 60 days; without it they are said to be out of reach"),
    ("read_merchant_managed_fulfillment_orders", Need::Required, "what has not left yet, and why it is on hold"),
    ("read_returns", Need::Required, "returns that are open, closed or declined"),
    ("read_customers", Need::Required, "the customer with their history"),
    ("read_products", Need::Required, "products, variants, prices, stock and collections"),
    ("read_gift_cards", Need::Optional, "what is left on a customer's gift cards; without it a person is asked"),
    ("read_store_credit_accounts", Need::Optional, "a customer's store credit; without it a person is asked"),
    ("read_inventory", Need::Optional, "webhooks about stock; stock itself comes with read_products"),
    ("read_content", Need::Optional, "pages and articles of the online store, for the index"),
    ("read_legal_policies", Need::Optional, "the shop's policies, for the index"),
    ("write_returns", Need::Actions, "a return request, once a person has approved it"),
    ("write_orders", Need::Actions, "a cancellation, a new address, a refund, once a person has approved it"),
];

impl Connection {
    /// Asks the shop, whatever is remembered of it.
    pub async fn check(&self, deadline: Deadline) -> Result<Check, ShopifyError> {
        let shop = self.ask_shop(deadline).await?;
        let asked = self.client.version().to_owned();
        let scope = |(scope, need, why)| ScopeCheck { scope, why, need, granted: shop.grants(scope) };
        Ok(Check {
            served: self.client.served_version(),
            supported: shop.versions.contains(&asked),
            scopes: SCOPES.map(scope).to_vec(),
            asked,
            shop,
        })
    }
}

impl Check {
    /// What is wrong, in words, with the way out; nothing if all is well.
    pub fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        match &self.served {
            Some(served) if *served != self.asked => complaints.push(format!(
                "version {} was asked for and {served} answered: {} is no longer served, update shopclerk",
                self.asked, self.asked
            )),
            None => complaints.push("the answer does not say which version served it: is this Shopify?".into()),
            Some(_) => {}
        }
        if !self.supported {
            complaints.push(format!("Shopify does not list version {} as supported", self.asked));
        }
        let missing = self.scopes.iter().filter(|scope| !scope.granted && scope.need == Need::Required);
        complaints.extend(missing.map(|scope| {
            format!(
                "the scope {} is missing ({}): tick it in the app's settings and install again",
                scope.scope, scope.why
            )
        }));
        complaints
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_with_the_way_out() {
        let shop = |scopes: &[&str]| {
            Arc::new(Shop {
                name: "Fjellvik".into(),
                domain: "fjellvik.myshopify.com".into(),
                url: "https://fjellvik.example".into(),
                currency: "USD".into(),
                time_zone: "America/Chicago".into(),
                scopes: scopes.iter().map(|s| (*s).to_owned()).collect(),
                versions: vec!["2026-07".into()],
            })
        };
        let check = |served: Option<&str>, shop: Arc<Shop>| {
            let scopes = SCOPES.map(|(scope, need, why)| ScopeCheck { scope, why, need, granted: shop.grants(scope) });
            let served = served.map(str::to_owned);
            Check { shop, asked: "2026-07".into(), served, supported: true, scopes: scopes.to_vec() }.complaints()
        };
        let required: Vec<&str> = SCOPES.iter().filter(|s| s.1 == Need::Required).map(|s| s.0).collect();
        assert_eq!(check(Some("2026-07"), shop(&required)), Vec::<String>::new());
        let fallen = check(Some("2026-10"), shop(&required));
        assert!(fallen[0].contains("2026-10 answered"), "{fallen:?}");
        // Who may write orders may read them.
        let written: Vec<&str> =
            required.iter().map(|s| if *s == "read_orders" { "write_orders" } else { *s }).collect();
        assert_eq!(check(Some("2026-07"), shop(&written)), Vec::<String>::new());
        let without = check(Some("2026-07"), shop(&required[1..]));
        assert!(without.len() == 1 && without[0].contains("read_orders"), "{without:?}");
    }
}
