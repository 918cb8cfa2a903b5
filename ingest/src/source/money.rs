//! Prices of a file that names no currency.

/// An ISO 4217 code, three capital letters. US dollars unless said otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Currency(String);

impl Default for Currency {
    fn default() -> Self {
        Self("USD".into())
    }
}

impl std::str::FromStr for Currency {
    type Err = String;
    fn from_str(code: &str) -> Result<Self, String> {
        let capitals = code.trim().to_uppercase();
        if capitals.len() == 3 && capitals.chars().all(|c| c.is_ascii_uppercase()) {
            Ok(Self(capitals))
        } else {
            Err(format!("'{code}' is no currency: use a code of three letters, such as USD or EUR"))
        }
    }
}

impl Currency {
    pub fn code(&self) -> &str {
        &self.0
    }

    /// An amount as people write it (`$129.00`, `€19.90`, `$45.00 CAD`); two decimals unless it has none to show.
    pub(crate) fn show(&self, amount: &Amount) -> String {
        let amount = amount.shown();
        match self.0.as_str() {
            "USD" => format!("${amount}"),
            "EUR" => format!("€{amount}"),
            "GBP" => format!("£{amount}"),
            "CAD" | "AUD" | "NZD" | "SGD" | "HKD" | "MXN" => format!("${amount} {}", self.0),
            other => format!("{amount} {other}"),
        }
    }
}

/// A price in hundredths, so that prices can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Amount(i64);

impl Amount {
    /// `129`, `129.0`, `1,290.00`, `19.995` (rounded down to hundredths); no currency signs.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().replace(',', "");
        let (whole, decimals) = text.split_once('.').unwrap_or((&text, ""));
        let digits = |s: &str| s.chars().all(|c| c.is_ascii_digit());
        if whole.is_empty() || whole.len() > 12 || !digits(whole) || !digits(decimals) {
            return None;
        }
        let cents: String = decimals.chars().chain("00".chars()).take(2).collect();
        Some(Self(whole.parse::<i64>().ok()? * 100 + cents.parse::<i64>().ok()?))
    }

    fn shown(self) -> String {
        format!("{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_shown_in_their_currency() {
        for (text, currency, expect) in [
            ("129", "USD", "$129.00"),
            ("19.9", "EUR", "€19.90"),
            ("1,290.00", "cad", "$1290.00 CAD"),
            ("0.995", "NOK", "0.99 NOK"),
        ] {
            let currency: Currency = currency.parse().unwrap();
            assert_eq!(currency.show(&Amount::parse(text).unwrap()), expect);
        }
        for text in ["", "free", "12,5.x", "-3", "$5", "9999999999999"] {
            assert_eq!(Amount::parse(text), None, "{text}");
        }
        assert!("dollars".parse::<Currency>().is_err());
    }
}
