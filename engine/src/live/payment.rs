//! How an order was paid, and what a customer can still pay with: gift cards and store credit.

use super::Money;
use super::facts::open_enum;
use crate::access::StoreId;
use crate::identity::{CustomerId, Email};
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use std::fmt;

open_enum!(
    /// `OrderTransactionKind`.
    PaymentKind {
        Sale = "SALE", Authorization = "AUTHORIZATION", EmvAuthorization = "EMV_AUTHORIZATION", Capture = "CAPTURE",
        Void = "VOID", Refund = "REFUND", Change = "CHANGE", SuggestedRefund = "SUGGESTED_REFUND",
    }
);
open_enum!(
    /// `OrderTransactionStatus`.
    PaymentStatus {
        Success = "SUCCESS", Pending = "PENDING", AwaitingResponse = "AWAITING_RESPONSE", Failure = "FAILURE",
        Error = "ERROR", Unknown = "UNKNOWN",
    }
);
open_enum!(
    /// `DigitalWallet`: what a card was held in.
    Wallet {
        AmazonPay = "AMAZON_PAY", AndroidPay = "ANDROID_PAY", ApplePay = "APPLE_PAY", FacebookPay = "FACEBOOK_PAY",
        GooglePay = "GOOGLE_PAY", ShopPay = "SHOPIFY_PAY",
    }
);

/// The last four letters or digits of a card. Nothing else of its number or code is ever kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LastFour(String);

impl LastFour {
    /// Of a number, masked or not; `None` where fewer than four signs of it can be read.
    pub fn of(number: &str) -> Option<Self> {
        let shown: Vec<char> = number.chars().filter(char::is_ascii_alphanumeric).collect();
        let last = shown.len().checked_sub(4)?;
        Some(Self(shown[last..].iter().collect()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for LastFour {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::of(&text).filter(|last| last.0 == text).ok_or_else(|| "four letters or digits are wanted".to_owned())
    }
}

impl From<LastFour> for String {
    fn from(last: LastFour) -> Self {
        last.0
    }
}

impl fmt::Display for LastFour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What money came from or went back to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentMethod {
    /// `brand` as the shop has it (`Mastercard`).
    Card {
        brand: Option<String>,
        last: Option<LastFour>,
        wallet: Option<Wallet>,
    },
    GiftCard {
        last: Option<LastFour>,
    },
    PayPal,
    StoreCredit,
    /// As the shop names it (`Klarna`, `manual`).
    Other(String),
}

/// One movement of an order's money (`OrderTransaction`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Payment {
    pub kind: PaymentKind,
    pub status: PaymentStatus,
    pub amount: Money,
    /// Absent where the shop does not say.
    pub method: Option<PaymentMethod>,
    pub at: Option<Timestamp>,
}

/// What a customer has left to pay with, as far as the store's key may read it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredValue {
    #[serde(skip, default = "StoreId::nowhere")]
    pub store: StoreId,
    /// Whose it is; absent where nobody has an account with that address.
    pub customer: Option<CustomerId>,
    pub email: Option<Email>,
    /// `None`: the key may not read gift cards.
    pub gift_cards: Option<Vec<GiftCard>>,
    /// One amount for each currency; `None`: the key may not read store credit.
    pub credit: Option<Vec<Money>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GiftCard {
    pub last: Option<LastFour>,
    pub balance: Money,
    /// Not deactivated.
    pub enabled: bool,
    /// The last day on which it can be used.
    pub expires_on: Option<Date>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_four_signs_are_kept() {
        let check = |number: &str, expect: Option<&str>| {
            assert_eq!(LastFour::of(number).as_ref().map(LastFour::as_str), expect, "{number}");
        };
        check("•••• •••• •••• 4336", Some("4336"));
        check("5555 5555 5555 4336", Some("4336"));
        check("4336", Some("4336"));
        check("•••• •••• •••• 7f2k", Some("7f2k"));
        check("•••• 43", None);
        check("", None);
        let card = PaymentMethod::Card { brand: None, last: LastFour::of("5555555555554336"), wallet: None };
        let written = serde_json::to_string(&card).unwrap();
        assert!(!written.contains("5555") && serde_json::from_str::<PaymentMethod>(&written).unwrap() == card);
        assert!(serde_json::from_str::<LastFour>("\"5555555555554336\"").is_err());
    }
}
