//! Which countries a text speaks of. A shipping rule for one country is no answer for another.
//!
//! Names, not geography: countries that shops ship to, the states and provinces of the two largest Shopify markets
//! and their largest cities. What is not listed is simply not recognized, and decides nothing.

use regex::Regex;
use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

/// ISO 3166-1 alpha-2, upper case.
pub type Country = &'static str;

const NAMES: &[(Country, &str)] = &[
    (
        "US",
        "united states|usa|u.s.a|u.s|america|the states|alabama|alaska|arizona|arkansas|california|colorado|connecticut|\
        delaware|florida|hawaii|idaho|illinois|indiana|iowa|kansas|kentucky|louisiana|maine|maryland|massachusetts|\
        michigan|minnesota|mississippi|missouri|montana|nebraska|nevada|new hampshire|new jersey|new mexico|new york|\
        north carolina|north dakota|ohio|oklahoma|oregon|pennsylvania|rhode island|south carolina|south dakota|\
        tennessee|texas|utah|vermont|virginia|wisconsin|wyoming|puerto rico|los angeles|chicago|houston|philadelphia|\
        san antonio|san diego|dallas|austin|seattle|denver|boston|nashville|detroit|las vegas|baltimore|milwaukee|\
        atlanta|miami|minneapolis|cleveland|honolulu|brooklyn|san francisco|pittsburgh|cincinnati|anchorage",
    ),
    (
        "CA",
        "canada|canadian|alberta|british columbia|manitoba|new brunswick|newfoundland|labrador|nova scotia|ontario|\
        prince edward island|quebec|québec|saskatchewan|yukon|nunavut|northwest territories|toronto|montreal|montréal|\
        vancouver|calgary|edmonton|ottawa|winnipeg|hamilton|halifax|saskatoon|regina|whitehorse|yellowknife|iqaluit|\
        fredericton|moncton|charlottetown|kelowna|mississauga|canada post|cad",
    ),
    ("GB", "united kingdom|great britain|britain|england|scotland|wales|northern ireland|london|uk"),
    ("DE", "germany|german|deutschland|berlin|munich"),
    ("FR", "france|paris"),
    ("IE", "ireland|dublin"),
    ("NL", "netherlands|holland|amsterdam"),
    ("BE", "belgium|brussels"),
    ("AT", "austria|vienna"),
    ("CH", "switzerland|zurich"),
    ("ES", "spain|madrid|barcelona"),
    ("IT", "italy|rome|milan"),
    ("PT", "portugal|lisbon"),
    ("PL", "poland|warsaw"),
    ("SE", "sweden|stockholm"),
    ("NO", "norway|oslo"),
    ("DK", "denmark|copenhagen"),
    ("FI", "finland|helsinki"),
    ("AU", "australia|sydney|melbourne"),
    ("NZ", "new zealand|auckland"),
    ("MX", "mexico"),
    ("BR", "brazil"),
    ("JP", "japan|tokyo"),
    ("CN", "china|hong kong"),
    ("IN", "india"),
    ("KR", "south korea"),
    ("SG", "singapore"),
    ("AE", "dubai|united arab emirates"),
    ("ZA", "south africa"),
    ("EU", "europe|european union|overseas|abroad|internationally"),
];

static BY_NAME: LazyLock<HashMap<String, Country>> = LazyLock::new(|| {
    NAMES.iter().flat_map(|(code, names)| names.split('|').map(|name| (name.trim().to_owned(), *code))).collect()
});

static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
    let mut names: Vec<String> = BY_NAME.keys().map(|name| regex::escape(name)).collect();
    // The longest first, so that "new mexico" is not read as "mexico".
    names.sort_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
    Regex::new(&format!(r"(?i)\b(?:{})\b", names.join("|"))).expect("constant names")
});

/// "US" and state or province codes only in capitals: "us" is a pronoun and "on" a preposition.
static CODES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(?P<us>US)\b|,\s*(?:(?P<ca>AB|BC|MB|NB|NL|NS|ON|PE|QC|SK|YT|NU|NT)|(?P<state>A[LKZR]|C[AOT]|DE|FL|GA|HI|I[DLNA]|K[SY]|LA|M[EDAINSOT]|N[EVHJMYCD]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[TA]|W[AVIY]))\b")
        .expect("constant")
});

/// Every country that the text names.
pub fn countries(text: &str) -> BTreeSet<Country> {
    let named = PATTERN.find_iter(text).filter_map(|m| BY_NAME.get(&m.as_str().to_lowercase()).copied());
    let coded = CODES.captures_iter(text).map(|c| if c.name("ca").is_some() { "CA" } else { "US" });
    named.chain(coded).collect()
}

/// The code of a country as a caller gives it, if it is one that texts are searched for.
pub fn country(code: &str) -> Option<Country> {
    NAMES.iter().map(|(known, _)| *known).find(|known| known.eq_ignore_ascii_case(code))
}

/// What to search for besides a city or a state: pages name the country.
pub fn name(country: Country) -> Option<&'static str> {
    NAMES.iter().find(|(code, _)| *code == country).and_then(|(_, names)| names.split('|').next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_as_their_countries() {
        let check = |text: &str, expect: &[Country]| {
            assert_eq!(countries(text).into_iter().collect::<Vec<_>>(), expect, "{text}");
        };
        check("I'm in Toronto", &["CA"]);
        check("to Vancouver, BC", &["CA"]);
        check("Santa Fe, New Mexico", &["US"]);
        check("in the US and Canada", &["CA", "US"]);
        check("tell us on Monday", &[]);
        check("Do you ship to Germany?", &["DE"]);
        check("Boise, ID", &["US"]);
        assert_eq!(country("ca"), Some("CA"));
        assert_eq!(name("CA"), Some("canada"));
    }
}
