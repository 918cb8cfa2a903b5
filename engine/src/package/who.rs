//! Who asks, as far as it was proved, with their history where the shop knows it.

use super::Reads;
use crate::identity::{Asker, CustomerId, CustomerKey, Email, Proof, Tier};
use crate::live::Money;
use crate::policy::Policy;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Who {
    pub tier: Tier,
    /// What proved it; absent where nothing did.
    pub proof: Option<Proof>,
    pub customer_id: Option<CustomerId>,
    /// Proved or claimed, as the tier says. Shown masked.
    pub email: Option<Email>,
    pub name: Option<String>,
    /// When they became a customer.
    pub since: Option<Timestamp>,
    /// How many orders they have placed.
    pub orders: Option<u64>,
    pub spent: Option<Money>,
    /// The shop's own tags of the customer: what it sorts them by.
    pub segment: Vec<String>,
    /// The segment of the store's policy that the tags put them into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_segment: Option<String>,
    pub locale: Option<String>,
    /// The country that they shop from.
    pub country: Option<String>,
}

impl Who {
    pub(super) fn new(
        asker: &Asker,
        tier: Tier,
        country: Option<&str>,
        policy: Option<&Policy>,
        reads: &Reads,
    ) -> Self {
        let mut who = Self {
            tier,
            proof: None,
            customer_id: None,
            email: None,
            name: None,
            since: None,
            orders: None,
            spent: None,
            segment: Vec::new(),
            in_segment: None,
            locale: None,
            country: country.map(str::to_owned),
        };
        match asker {
            Asker::Anonymous(_) => {}
            Asker::Claimed(claim) => who.email = Some(claim.email.clone()),
            Asker::Verified(customer) => {
                who.proof = Some(customer.by());
                match customer.customer() {
                    CustomerKey::Id(id) => who.customer_id = Some(id.clone()),
                    CustomerKey::Email(email) => who.email = Some(email.clone()),
                }
            }
        }
        if let Some(read) = &reads.customer {
            let customer = &read.value;
            let names = [&customer.first_name, &customer.last_name].into_iter().flatten();
            let name = names.map(|n| n.trim()).filter(|n| !n.is_empty()).collect::<Vec<_>>().join(" ");
            who.name = (!name.is_empty()).then_some(name);
            who.customer_id = Some(customer.id.clone());
            who.email = who.email.or_else(|| customer.email.clone());
            (who.since, who.orders, who.spent) =
                (Some(customer.created_at), Some(customer.orders), Some(customer.spent));
            who.in_segment = policy.and_then(|policy| policy.segment(&customer.tags)).map(|segment| segment.id.clone());
            (who.segment, who.locale) = (customer.tags.clone(), customer.locale.clone());
        }
        who
    }
}
