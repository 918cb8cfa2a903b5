//! A postal address in a customer's words, read only where it is whole and there is one: a parcel that goes to half an
//! address goes nowhere.

use super::Address;
use regex::Regex;
use std::sync::LazyLock;

/// Street, town, state or province, code: as addresses of the United States and of Canada are written.
static WHOLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?ix)
        \b(?P<street>\d{1,6}[a-z]?\s+(?:[\p{L}0-9.'’-]+\s+){0,5}[\p{L}0-9.'’-]+)
        (?:\s*[,\n]\s*(?P<unit>(?:apt|apartment|unit|suite|ste|floor|fl|\#)\.?\s*[a-z0-9-]{1,8}))?
        \s*[,\n]\s*(?P<city>[\p{L}][\p{L}.'’\ -]{1,40}?)
        \s*[,\n]?\s+(?P<state>[a-z]{2})
        \s*,?\s+(?P<zip>\d{5}(?:-\d{4})?|[a-z]\d[a-z]\s?\d[a-z]\d)\b",
    )
    .expect("constant")
});

const STATES: &str = "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC \
    ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC AA AE AP";
const PROVINCES: &str = "AB BC MB NB NL NS NT NU ON PE QC SK YT";

/// The one whole address of a text; `Err` says what keeps it from being one.
pub fn read(text: &str) -> Result<Address, &'static str> {
    let mut found = WHOLE.captures_iter(text);
    let Some(c) = found.next() else {
        return Err("no complete address was found: street and number, town, state or province, postcode");
    };
    if found.next().is_some() {
        return Err("more than one address stands in the message");
    }
    let state = c["state"].to_ascii_uppercase();
    let zip = c["zip"].to_ascii_uppercase();
    let is_us = zip.starts_with(|d: char| d.is_ascii_digit());
    let known = if is_us { STATES } else { PROVINCES };
    if !known.split_whitespace().any(|s| s == state) {
        return Err("state and postcode do not fit each other");
    }
    let part = |name: &str| c.name(name).map(|m| m.as_str().trim().to_owned());
    Ok(Address {
        name: None,
        address1: part("street"),
        address2: part("unit"),
        city: part("city"),
        province_code: Some(state),
        zip: Some(zip),
        country_code: Some(if is_us { "US" } else { "CA" }.to_owned()),
        phone: None,
    })
}

/// The one address among the customer's own that lies in a town that the text names. `None` where several do.
pub fn known<'a>(text: &str, own: impl Iterator<Item = &'a Address>) -> Option<&'a Address> {
    let place = |a: &Address| (a.address1.clone(), a.address2.clone(), a.city.clone(), a.zip.clone());
    let mut there = own.filter(|a| is_named(a, text));
    let first = there.next()?;
    there.all(|other| place(other) == place(first)).then_some(first)
}

/// How customers write the names of some towns.
const SHORT_TOWNS: [(&str, &str); 4] =
    [("NYC", "new york"), ("LA", "los angeles"), ("SF", "san francisco"), ("DC", "washington")];

/// Whether the text names the town of an address.
pub fn is_named(address: &Address, text: &str) -> bool {
    let Some(city) = address.city.as_deref() else { return false };
    let city = city.trim().to_lowercase();
    let lower = text.to_lowercase();
    let whole = |from: usize| {
        let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        !word(lower[..from].chars().next_back()) && !word(lower[from + city.len()..].chars().next())
    };
    let named = city.chars().count() >= 3 && lower.match_indices(&city).any(|(from, _)| whole(from));
    let words = || text.split(|c: char| !c.is_alphanumeric());
    named || SHORT_TOWNS.iter().any(|(short, town)| *town == city && words().any(|word| word == *short))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_town_tells_which_of_their_addresses_is_meant() {
        let of = |street: &str, city: &str| Address {
            name: None,
            address1: Some(street.into()),
            address2: None,
            city: Some(city.into()),
            province_code: None,
            zip: Some("1".into()),
            country_code: None,
            phone: None,
        };
        let own = [of("1 A Street", "Duluth"), of("2 B Street", "New York"), of("2 B Street", "New York")];
        assert_eq!(known("to my daughter's place in Duluth", own.iter()), Some(&own[0]));
        assert_eq!(known("send it to my NYC address", own.iter()), Some(&own[1]), "the same one twice");
        assert_eq!(known("to Duluth, not New York", own.iter()), None, "two are named");
        assert_eq!(known("to DuluthX", own.iter()), None);
    }

    #[test]
    fn an_address_is_read_whole_or_not_at_all() {
        let check = |text: &str, expect: Option<&str>| {
            let got = read(text).ok().map(|a| crate::live::compose::address::line(&a));
            assert_eq!(got.as_deref(), expect, "{text}");
        };
        check("Please send it to 12 Birch Street, Duluth, MN 55802", Some("12 Birch Street, Duluth, MN 55802, US"));
        check(
            "change the address of #FV10234 to 4501 W Superior St, Apt 4B, St. Paul, mn 55101-1234, USA.",
            Some("4501 W Superior St, Apt 4B, St. Paul, MN 55101-1234, US"),
        );
        check("88 Queen St W, Toronto, ON M5H 2N2", Some("88 Queen St W, Toronto, ON M5H 2N2, CA"));
        for half in [
            "12 Birch Street, Duluth",
            "Duluth, MN 55802",
            "12 Birch Street, 55802",
            "12 Birch Street, Duluth, ON 55802",
            "from 12 Birch Street, Duluth, MN 55802 to 14 Oak Road, Duluth, MN 55802",
            "my new address please",
        ] {
            check(half, None);
        }
    }
}
