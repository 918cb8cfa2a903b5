//! Where somebody lives: streets, boxes and postcodes of North America and Europe.

use super::patterns::{regex, replace_if};
use super::{Marks, MaskClass};
use regex::{Captures, Regex};

/// Never anything else behind a number.
const STREET: &str = "street|str|st|avenue|ave|boulevard|blvd|road|rd|lane|ln|drive|dr|highway|hwy|parkway|pkwy";
/// Words of everyday use as well: only in capitals, and only where the line goes on like an address.
const STREET_OR_WORD: &str = "Way|Court|Ct|Place|Pl|Square|Sq|Circle|Cir|Terrace|Ter|Trail|Run|Pass|Point|Loop|Hill|Path|\
    View|Row|Walk|Close|Green|Landing|Crescent|Cres|Gardens|Grove|Mews|Park|Ridge|Cove|Crossing|Alley|Bend|Heights|Plaza";
const UNIT: &str = r"(?:,?\s*(?i:apt|apartment|unit|suite|ste|flat|floor|room|#)\.?\s*#?\s?[\w-]{1,6}\b)?";
const STATE: &str = "AL|AK|AZ|AR|CA|CO|CT|DE|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|NY|NC|\
    ND|OH|OK|OR|PA|RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY|DC";

/// Words between a number and a street that show that the number counts something.
const COUNTED: [&str; 26] = [
    "of", "for", "in", "the", "on", "to", "a", "and", "or", "my", "per", "at", "by", "from", "with", "day", "days",
    "mile", "miles", "km", "hour", "hours", "minute", "minutes", "business", "pairs",
];

pub(super) struct Addresses {
    street: Regex,
    marked: Vec<Regex>,
    /// Their first group stays, and so does a second one behind.
    after_word: Vec<Regex>,
    runs: Regex,
}

impl Addresses {
    pub(super) fn new() -> Self {
        let place = r"\p{Lu}[\p{L}.'’-]*(?:[ ]\p{Lu}[\p{L}.'’-]*){0,2}";
        let weak_end = r"(?:\s*[,;\n]|\s*$|\.?\s*(?i:apt|unit|suite|ste|flat)\b|\.)";
        Self {
            street: regex(&format!(
                r"(?i)\b\d{{1,6}}[a-d]?(?:\s?[-/]\s?\d+)?,?\s+(?:[\w'’.-]+\s+){{1,4}}?(?:{STREET})\b\.?(?:\s(?:n|s|e|w|ne|nw|se|sw|north|south|east|west)\b\.?)?{UNIT}"
            )),
            marked: vec![
                regex(r"(?i)\bP\.?\s?O\.?\s?Box\s+#?\d+|\bpostfach\s+[\d ]+\d|\bBP\s\d{2,}"),
                // 18 Spruce Landing, Duluth
                regex(&format!(
                    r"(?m)\b\d{{2,6}}[A-Da-d]?\s+(?:[NSEW]\.?\s+)?(?:\p{{Lu}}[\w'’.-]*\s+){{1,3}}(?:{STREET_OR_WORD})\b\.?{UNIT}(?:,\s*{place})?(?:,?\s+(?:{STATE})\b)?{weak_end}"
                )),
                regex(
                    r"(?i)\b\p{L}[\p{L}-]*(?:straße|strasse|str\.|weg|gasse|allee|platz|straat|laan|gracht|gade|gata|gatan|gaten|vägen|veien|vej)\s+\d{1,4}\s?[a-z]?\b",
                ),
                regex(
                    r"(?i)\b\d{1,4}(?:\s?(?:bis|ter))?,?\s+(?:rue|avenue|av\.|boulevard|bd|chemin|place|allée|impasse|quai|route|cours)\s+(?:(?:de|du|des|la|le|les)\s+|l['’]|d['’])*\p{L}[\p{L}'’-]*(?-i:\s\p{Lu}[\p{L}'’-]*)*",
                ),
                regex(
                    r"\b(?:Rue|Via|Viale|Piazza|Corso|Calle|Avenida|Plaza|Paseo|Rua)\s+(?:(?:de|del|della|dei|la|las|los|do|da)\s+)*\p{Lu}\p{L}*(?:\s\p{Lu}?\p{L}+){0,3},?\s+\d{1,4}\b",
                ),
                // Duluth, MN 55802
                regex(&format!(r"(?:\b{place},?\s+)?\b(?:{STATE})\.?,?\s+\d{{5}}(?:-\d{{4}})?\b")),
                // Thunder Bay, ON P7B 1A1
                regex(&format!(
                    r"(?:\b{place},?\s+)?(?:\b(?:AB|BC|MB|NB|NL|NS|NT|NU|ON|PE|QC|SK|YT)\.?,?\s+)?\b(?i:[ABCEGHJ-NPRSTVXY]\d[A-Z][ -]?\d[A-Z]\d)\b"
                )),
                // London SW1A 1AA
                regex(&format!(r"(?:\b{place},?\s+)?\b[A-Z]{{1,2}}\d[A-Z\d]?\s\d[ABD-HJLNP-UW-Z]{{2}}\b")),
                // Philadelphia, 19031
                regex(&format!(r"\b{place},\s*\d{{5}}(?:-\d{{4}})?\b")),
            ],
            after_word: vec![
                regex(
                    r"(?i)(\b(?:zip|postal|post)(?:[ -]?code)?\s*(?:(?:is|was|should be|actually|now|number|:|=)[\s*]*){0,3}[\s*]*)(?:\d{5}(?:-\d{4})?|\d{4}\s?[A-Z]{2}|\d{4})\b",
                ),
                // Address 2: Suite 640, as a form lists it
                regex(
                    r"(?im)(^[\s*•-]*(?:(?:shipping |billing |delivery )?address(?: line)?(?: ?\d)?|street|city|town|state|province|county|region)\s?\**:[\s*]*)\w[^\n;]{0,80}?(?:\s*$|;)",
                ),
                regex(r"(?i)(\b)(?:suite|apt\.?|apartment)\s?#?\s?\d{1,5}[a-z]?\b"),
                // 10115 Berlin, behind a street or at the start of a line
                regex(
                    r"(?m)((?:\[address[^\]\w]?\],?\s*|^\s*|,\s*))\b(?:[A-Z]{1,2}-)?\d{4,5}(?:\s[A-Z]{2})?\s+\p{Lu}\p{L}{2,}\b(?:\s\p{Lu}\p{L}+)?",
                ),
                regex(r"(?i)(\b(?:in|from) )\d{5}([.,;!?\n]|\s*$)"),
                regex(r"(?i)(\b(?:in|to|nach|à|a)\s+)(?-i:\d{5}\s+\p{Lu}\p{L}{2,})\b"),
            ],
            runs: regex(&format!(r"(\[address[^\]\w]?\])(?:[,;\s]+(?:{place}[,;\s]+)?\[address[^\]\w]?\])+")),
        }
    }

    pub(super) fn mask(&self, text: &str, marks: &mut Marks<'_>) -> String {
        let mut text = replace_if(&self.street, text, MaskClass::Address, marks, is_street);
        for pattern in &self.marked {
            // What shows that it is an address, a comma or the line's end, is not part of it.
            let masked = |found: &Captures<'_>| {
                let own = found[0].trim_end_matches(|c: char| c.is_whitespace() || ",;.".contains(c));
                if is_size(own) {
                    return found[0].to_owned();
                }
                format!("{}{}", marks.masked(MaskClass::Address, own), &found[0][own.len()..])
            };
            text = pattern.replace_all(&text, masked).into_owned();
        }
        for pattern in &self.after_word {
            let masked = |found: &Captures<'_>| {
                let behind = found.get(2).map_or("", |m| m.as_str());
                let value = &found[0][found[1].len()..found[0].len() - behind.len()];
                format!("{}{}{behind}", &found[1], marks.masked(MaskClass::Address, value))
            };
            text = pattern.replace_all(&text, masked).into_owned();
        }
        // Street, city and postcode are one address.
        self.runs.replace_all(&text, "$1").into_owned()
    }
}

/// `A4 2XL` has the form of a British postcode.
fn is_size(found: &str) -> bool {
    ["2XL", "3XL", "4XL", "5XL"].iter().any(|size| found.ends_with(size))
}

/// `2 jackets for the road` has the form of an address, `2 weeks in the st...` does not count either.
fn is_street(found: &str) -> bool {
    let words: Vec<&str> = found.split_whitespace().collect();
    let number = words.first().copied().unwrap_or_default();
    let named = &words[1..];
    if named.iter().any(|w| COUNTED.contains(&w.to_lowercase().trim_matches(|c: char| !c.is_alphanumeric()))) {
        return false;
    }
    let capital = |w: &&&str| w.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit());
    // In lower case a small number in front of "street" or "drive" rather counts something.
    named.iter().filter(capital).count() * 2 >= named.len() || number.chars().filter(char::is_ascii_digit).count() >= 2
}
