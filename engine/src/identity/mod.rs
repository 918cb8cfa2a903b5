//! Who is asking, and of which store: one value, so that the two cannot disagree.
//!
//! What opens what:
//! - [`Asker::Anonymous`]: catalogue and policies.
//! - [`Asker::Claimed`]: status and tracking of the one order that number and e-mail both name.
//! - [`Asker::Verified`]: the customer's own orders in full.
//!
//! A [`CustomerPass`] has private fields and is not deserializable: only a proof of this module makes one.
//!
//! ```compile_fail,E0451
//! use engine::identity::{CustomerPass, CustomerKey, Email, Proof};
//! fn forge(pass: engine::StorePass) -> CustomerPass {
//!     CustomerPass { pass, customer: CustomerKey::Email(Email::parse("a@b.example").unwrap()), by: Proof::Operator }
//! }
//! ```
//!
//! ```compile_fail,E0277
//! let forged: engine::identity::CustomerPass = serde_json::from_str("{}").unwrap();
//! ```

pub mod app_proxy;
pub mod code;
pub mod session;
pub mod token;

use crate::access::StorePass;
use crate::turn::ConversationId;
use serde::{Deserialize, Serialize};
use std::fmt;

/// An e-mail address: trimmed, lower case, ASCII. Never printed by `Debug`; there is no `Display`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("this is not an e-mail address")]
pub struct NotAnEmail;

impl Email {
    /// Only plain ASCII addresses: a letter of another alphabet that looks like an `a` must not pass for one.
    pub fn parse(text: &str) -> Result<Self, NotAnEmail> {
        let text = text.trim().to_ascii_lowercase();
        let (local, domain) = text.rsplit_once('@').ok_or(NotAnEmail)?;
        let local_ok = (1..=64).contains(&local.len())
            && local.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~.-".contains(&b));
        let labels: Vec<&str> = domain.split('.').collect();
        let label_ok = |l: &&str| {
            (1..=63).contains(&l.len())
                && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !l.starts_with('-')
        };
        let ok = local_ok && domain.len() <= 253 && labels.len() >= 2 && labels.iter().all(label_ok);
        if ok { Ok(Self(text)) } else { Err(NotAnEmail) }
    }

    /// The address itself: for a query, a comparison or an envelope; never for a log.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Email {
    type Error = NotAnEmail;
    fn try_from(text: String) -> Result<Self, NotAnEmail> {
        Self::parse(&text)
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email")
    }
}

/// Shopify's number of a customer (`6940095564`), as the app proxy and the webhooks give it.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CustomerId(String);

impl CustomerId {
    /// Letters, digits, `_` and `-` only: it goes into a search query.
    pub fn parse(text: &str) -> Option<Self> {
        let ok =
            (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        ok.then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CustomerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustomerId")
    }
}

/// An order's number as the store writes it (`#FV10234`), upper case and with its `#`, whatever the customer wrote.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrderNumber(String);

impl OrderNumber {
    /// `#`, then 1 to 32 ASCII letters, digits and `-`, with at least one digit. What a query cannot be made of.
    pub fn parse(text: &str) -> Option<Self> {
        let bare = text.trim().trim_start_matches('#');
        let ok = (1..=32).contains(&bare.len())
            && bare.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && bare.bytes().any(|b| b.is_ascii_digit());
        ok.then(|| Self(format!("#{}", bare.to_ascii_uppercase())))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OrderNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for OrderNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OrderNumber")
    }
}

/// How a customer is known to the store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CustomerKey {
    Id(CustomerId),
    Email(Email),
}

/// What proved that the asker is the customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// A request that Shopify's app proxy signed for a customer who is logged in.
    AppProxy,
    /// A token that the merchant's own site signed.
    SignedToken,
    /// A code that was sent to the e-mail on file.
    EmailedCode,
    /// Whoever sits at the machine: the command line, an evaluation.
    Operator,
}

/// Proof that the caller is this customer of this store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerPass {
    pass: StorePass,
    customer: CustomerKey,
    by: Proof,
}

impl CustomerPass {
    /// The one maker. Private to this module: `app_proxy`, `token`, `code` and `session` call it after they have checked.
    fn proved(pass: StorePass, customer: CustomerKey, by: Proof) -> Self {
        Self { pass, customer, by }
    }

    /// For whoever sits at the machine itself. Never for a request; a lint (`disallowed_methods`) makes every use say
    /// why.
    pub fn for_operator(pass: StorePass, customer: CustomerKey, _reason: &'static str) -> Self {
        Self { pass, customer, by: Proof::Operator }
    }

    pub fn store_pass(&self) -> &StorePass {
        &self.pass
    }

    pub fn customer(&self) -> &CustomerKey {
        &self.customer
    }

    pub fn by(&self) -> Proof {
        self.by
    }
}

/// An order number and an e-mail that somebody said. It proves nothing by itself: the storefront answers it only with
/// an order that has both, and what it then gives is a [`crate::live::ClaimedOrder`]. Tries are counted against the
/// conversation and the address, so both are part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderClaim {
    pub pass: StorePass,
    pub conversation: ConversationId,
    pub number: OrderNumber,
    pub email: Email,
}

/// Who is asking, of which store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asker {
    Anonymous(StorePass),
    Claimed(OrderClaim),
    Verified(CustomerPass),
}

/// The three tiers by name, for the wire and for a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    Anonymous,
    Claimed,
    Verified,
}

impl Asker {
    pub fn store_pass(&self) -> &StorePass {
        match self {
            Self::Anonymous(pass) => pass,
            Self::Claimed(claim) => &claim.pass,
            Self::Verified(customer) => customer.store_pass(),
        }
    }

    pub fn tier(&self) -> Tier {
        match self {
            Self::Anonymous(_) => Tier::Anonymous,
            Self::Claimed(_) => Tier::Claimed,
            Self::Verified(_) => Tier::Verified,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_plain_ascii() {
        assert_eq!(Email::parse(" Beth.Aranda+x@Mail.Example ").unwrap().expose(), "beth.aranda+x@mail.example");
        for bad in [
            "",
            "a",
            "a@",
            "@b.example",
            "a@b",
            "a b@c.example",
            "a@b..example",
            "a@-b.example",
            "а@b.example",
            "a\"@b.example",
            "a@b.example\" OR name:#1",
            "a@b.example,c@d.example",
            "a:b@c.example",
            "a(b)@c.example",
        ] {
            assert_eq!(Email::parse(bad), Err(NotAnEmail), "{bad}");
        }
    }

    #[test]
    fn order_numbers_are_what_a_query_cannot_be_made_of() {
        for (said, read) in [("fv10234", "#FV10234"), ("#FV10234", "#FV10234"), (" #1001 ", "#1001")] {
            assert_eq!(OrderNumber::parse(said).unwrap().as_str(), read);
        }
        for bad in ["", "#", "abc", "#1001 OR name:#1002", "1001*", "10\"01", "#１００１", "1001)", "1\\2"] {
            assert_eq!(OrderNumber::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn personal_data_does_not_print() {
        let email = Email::parse("beth@mail.example").unwrap();
        let number = OrderNumber::parse("#FV10234").unwrap();
        let said = format!("{email:?} {number:?} {:?}", CustomerId::parse("694").unwrap());
        assert_eq!(said, "Email OrderNumber CustomerId");
    }
}
