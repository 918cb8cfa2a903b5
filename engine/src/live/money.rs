//! Amounts of money: an integer of minor units and a currency. Never a float.

use iso_currency::Currency;
use serde::{Deserialize, Serialize};
use std::fmt;

/// An amount in minor units (cents; yen) of an ISO 4217 currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    pub minor: i64,
    #[serde(with = "code")]
    pub currency: Currency,
}

/// Why a text is no amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadMoney {
    #[error("'{0}' is not a currency of ISO 4217")]
    Currency(String),
    #[error("'{0}' is not a decimal amount")]
    Amount(String),
}

impl Money {
    /// Shopify's `MoneyV2`: a decimal such as `129.5` and a currency code. More digits than the currency has must be 0.
    pub fn parse(amount: &str, currency: &str) -> Result<Self, BadMoney> {
        let currency = Currency::from_code(currency).ok_or_else(|| BadMoney::Currency(currency.to_owned()))?;
        let bad = || BadMoney::Amount(amount.to_owned());
        let (sign, digits) = match amount.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, amount),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let exponent = Self::exponent(currency);
        let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || whole.len() > 15 || !all_digits(whole) || !all_digits(fraction) {
            return Err(bad());
        }
        let (kept, rest) = fraction.split_at(fraction.len().min(exponent));
        if rest.bytes().any(|b| b != b'0') {
            return Err(bad());
        }
        let minor: i64 = format!("{whole}{kept:0<exponent$}").parse().map_err(|_| bad())?;
        Ok(Self { minor: sign * minor, currency })
    }

    pub fn zero(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    pub fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// `None` for different currencies, or on overflow.
    pub fn plus(self, other: Self) -> Option<Self> {
        let same = self.currency == other.currency;
        let minor = self.minor.checked_add(other.minor)?;
        same.then_some(Self { minor, ..self })
    }

    /// The amount as a decimal without currency, as Shopify takes it: `129.50`.
    pub fn decimal(self) -> String {
        let exponent = Self::exponent(self.currency);
        let sign = if self.minor < 0 { "-" } else { "" };
        let digits = format!("{:0>width$}", self.minor.unsigned_abs(), width = exponent + 1);
        let (whole, fraction) = digits.split_at(digits.len() - exponent);
        if exponent == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
    }

    fn exponent(currency: Currency) -> usize {
        currency.exponent().map_or(2, usize::from)
    }
}

/// As a customer reads it: `$7.50`, `$11.00 CAD`, `€20.00`, `£8.00`, else `129.00 SEK`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.currency.code();
        let unsigned = Self { minor: self.minor.abs(), ..*self }.decimal();
        let (whole, fraction) = unsigned.split_once('.').map_or((unsigned.as_str(), None), |(w, f)| (w, Some(f)));
        let mut grouped = String::new();
        for (i, digit) in whole.chars().enumerate() {
            if i > 0 && (whole.len() - i) % 3 == 0 {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        if let Some(fraction) = fraction {
            grouped.push('.');
            grouped.push_str(fraction);
        }
        let sign = if self.minor < 0 { "-" } else { "" };
        match code {
            "USD" => write!(f, "{sign}${grouped}"),
            "EUR" => write!(f, "{sign}€{grouped}"),
            "GBP" => write!(f, "{sign}£{grouped}"),
            "CAD" | "AUD" | "NZD" => write!(f, "{sign}${grouped} {code}"),
            _ => write!(f, "{sign}{grouped} {code}"),
        }
    }
}

/// A currency by its code.
mod code {
    use super::Currency;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(currency: &Currency, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(currency.code())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Currency, D::Error> {
        let code = String::deserialize(d)?;
        Currency::from_code(&code).ok_or_else(|| D::Error::custom(format!("'{code}' is not a currency of ISO 4217")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact() {
        let check = |amount: &str, currency: &str, minor: i64, said: &str| {
            let money = Money::parse(amount, currency).unwrap();
            assert_eq!((money.minor, money.to_string().as_str()), (minor, said), "{amount} {currency}");
            assert_eq!(Money::parse(&money.decimal(), currency), Ok(money));
        };
        check("129.5", "USD", 12950, "$129.50");
        check("1288.65", "USD", 128865, "$1,288.65");
        check("14.0", "CAD", 1400, "$14.00 CAD");
        check("0.07", "EUR", 7, "€0.07");
        check("12000", "JPY", 12000, "12,000 JPY");
        check("12000.0", "JPY", 12000, "12,000 JPY");
        check("1.234", "KWD", 1234, "1.234 KWD");
        check("-3.20", "GBP", -320, "-£3.20");
        for (amount, currency) in [("1.005", "USD"), ("", "USD"), ("1e3", "USD"), ("1,000", "USD"), ("1", "ZZZ")] {
            assert!(Money::parse(amount, currency).is_err(), "{amount} {currency}");
        }
    }
}
