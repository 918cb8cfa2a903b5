//! What customers come for: fine intents under four families, after the needs of a shop's desk.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The coarse level. It decides who can do something about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// A page or the catalogue knows.
    Information,
    /// The customer's own order knows.
    Status,
    /// Something has to be done.
    Transaction,
    /// Something went wrong.
    Exception,
    /// About the conversation itself, or about nothing of the shop's.
    Conversation,
}

macro_rules! intents {
    ($($family:ident { $($(#[$doc:meta])* $name:ident = $label:literal,)* })*) => {
        /// The fine level. Closed: whoever adds one decides everywhere what happens with it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Intent {
            $($($(#[$doc])* $name,)*)*
        }

        impl Intent {
            pub const ALL: &[Self] = &[$($(Self::$name,)*)*];

            /// As labels and settings write it.
            pub fn label(self) -> &'static str {
                match self { $($(Self::$name => $label,)*)* }
            }

            pub fn parse(label: &str) -> Option<Self> {
                match label { $($($label => Some(Self::$name),)*)* _ => None }
            }

            pub fn family(self) -> Family {
                match self { $($(Self::$name => Family::$family,)*)* }
            }
        }
    };
}

intents! {
    Information {
        /// How long it takes, and when it arrives, without looking at an order.
        DeliveryTime = "delivery_time",
        ShippingOptions = "shipping_options",
        ReturnPolicy = "return_policy",
        RefundPolicy = "refund_policy",
        ExchangePolicy = "exchange_policy",
        CancellationPolicy = "cancellation_policy",
        /// Whether an order can still be changed.
        ChangePolicy = "change_policy",
        PaymentMethods = "payment_methods",
        Stock = "stock",
        Price = "price",
        Size = "size",
        Material = "material",
        Care = "care",
        Compatibility = "compatibility",
        Comparison = "comparison",
        ProductInfo = "product_info",
        Warranty = "warranty",
        DiscountCode = "discount_code",
        GiftCard = "gift_card",
        Subscription = "subscription",
        Account = "account",
        Privacy = "privacy",
        StoreInfo = "store_info",
        /// How to buy.
        OrderHelp = "order_help",
        Invoice = "invoice",
    }
    Status {
        Tracking = "tracking",
        /// What was ordered, what it cost, how it was paid, where it goes.
        OrderDetails = "order_details",
        ReturnStatus = "return_status",
        RefundStatus = "refund_status",
    }
    Transaction {
        ReturnRequest = "return_request",
        RefundRequest = "refund_request",
        Cancel = "cancel",
        ChangeOrder = "change_order",
        ChangeAddress = "change_address",
        Exchange = "exchange",
        AccountChange = "account_change",
        SubscriptionChange = "subscription_change",
    }
    Exception {
        Damaged = "damaged",
        WrongItem = "wrong_item",
        MissingItem = "missing_item",
        Lost = "lost",
        ChargedTwice = "charged_twice",
        Chargeback = "chargeback",
        PaymentFailed = "payment_failed",
        DiscountFailed = "discount_failed",
        Safety = "safety",
    }
    Conversation {
        Human = "human",
        Complaint = "complaint",
        Praise = "praise",
        Greeting = "greeting",
        OutOfScope = "out_of_scope",
    }
}

impl fmt::Display for Intent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

impl Intent {
    /// How it is done, as a page may say: for "How do I go about that?", where the sentence before says what.
    pub fn how_to(self) -> Option<&'static str> {
        const HOW: [(Intent, &str); 6] = [
            (Intent::ReturnRequest, "How do I return an item?"),
            (Intent::RefundRequest, "How do I get a refund?"),
            (Intent::Exchange, "How do I exchange an item?"),
            (Intent::Cancel, "How do I cancel an order?"),
            (Intent::ChangeAddress, "How do I change the delivery address of an order?"),
            (Intent::ChangeOrder, "How do I change an order?"),
        ];
        HOW.iter().find(|(intent, _)| *intent == self).map(|(_, question)| *question)
    }

    /// The same for the side of a matter that the words name: what cancelling costs is not how long it is possible.
    pub fn plain_question_for(self, text: &str) -> Option<&'static str> {
        let lower = text.to_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        match self {
            Self::RefundPolicy if says(&["how long", "when ", "how soon", "how fast", "take"]) => {
                Some("How soon do you issue the refund after a return reaches you?")
            }
            Self::CancellationPolicy if says(&["fee", "charge", "penalt", "cost", "free"]) => {
                Some("Am I charged if I cancel an order?")
            }
            // How long it is depends on what was bought.
            Self::Warranty if says(&["how long", "year", "month", "period", "last"]) => None,
            _ => self.plain_question(),
        }
    }

    /// The question that a page answers when a customer asks in words that no page has. Only where the plain answer is
    /// of use to everybody who comes for this.
    pub fn plain_question(self) -> Option<&'static str> {
        match self {
            Self::DeliveryTime => Some("What are the delivery times?"),
            Self::ShippingOptions => Some("What are the delivery times?"),
            Self::ReturnPolicy => Some("How long do I have to return something?"),
            Self::RefundPolicy => Some("What can be returned for a refund?"),
            Self::ExchangePolicy => Some("Can I exchange an item for another size?"),
            Self::CancellationPolicy => Some("Can I cancel my order after placing it?"),
            Self::ChangePolicy => Some("Can I change my order after placing it?"),
            Self::PaymentMethods => Some("Which payment methods do you accept?"),
            Self::Warranty => Some("What does the warranty cover?"),
            Self::StoreInfo => Some("How can I contact you?"),
            Self::Stock
            | Self::Price
            | Self::Size
            | Self::Material
            | Self::Care
            | Self::Compatibility
            | Self::Comparison
            | Self::ProductInfo
            | Self::DiscountCode
            | Self::GiftCard
            | Self::Subscription
            | Self::Account
            | Self::Privacy
            | Self::OrderHelp
            | Self::Invoice
            | Self::Tracking
            | Self::OrderDetails
            | Self::ReturnStatus
            | Self::RefundStatus
            | Self::ReturnRequest
            | Self::RefundRequest
            | Self::Cancel
            | Self::ChangeOrder
            | Self::ChangeAddress
            | Self::Exchange
            | Self::AccountChange
            | Self::SubscriptionChange
            | Self::Damaged
            | Self::WrongItem
            | Self::MissingItem
            | Self::Lost
            | Self::ChargedTwice
            | Self::Chargeback
            | Self::PaymentFailed
            | Self::DiscountFailed
            | Self::Safety
            | Self::Human
            | Self::Complaint
            | Self::Praise
            | Self::Greeting
            | Self::OutOfScope => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_as_they_are_written() {
        for intent in Intent::ALL {
            assert_eq!(Intent::parse(intent.label()), Some(*intent));
            let json = serde_json::to_value(intent).unwrap();
            assert_eq!(json, intent.label(), "settings and JSON say the same");
        }
        assert_eq!(Intent::parse("weather"), None);
        assert_eq!(Intent::Cancel.family(), Family::Transaction);
    }
}
