//! What can be told by its form: addresses of mail and machines, and numbers of every kind.

use super::address::Addresses;
use super::numbers::{card_in, iban};
use super::{Marks, MaskClass};
use regex::{Captures, Regex};
use std::sync::LazyLock;

pub(super) struct Patterns {
    address: Addresses,
    url: Regex,
    email: Regex,
    spelled_email: Regex,
    ip: Regex,
    iban: Regex,
    digits: Regex,
    card_part: Regex,
    tracking: Regex,
    order: Vec<Regex>,
    order_word: Regex,
    phone: Vec<Regex>,
    alone: Regex,
    given: Regex,
}

/// Compiled once: Unicode makes some of them large.
pub(super) static PATTERNS: LazyLock<Patterns> = LazyLock::new(Patterns::new);

/// A pattern of this module, written here and covered by its tests.
pub(super) fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the patterns are constants")
}

impl Patterns {
    fn new() -> Self {
        let order = vec![
            // #1001, #FV-1001, # 1001-B
            regex(r"#\s?[A-Za-z]{0,4}-?\d{3,}(?:-[A-Za-z0-9]{1,4})?\b"),
            // W4923227: a letter or three in front of many digits
            regex(r"\b[A-Z]{1,3}-?\d{5,8}\b"),
        ];
        Self {
            address: Addresses::new(),
            url: regex(r#"(?i)\bhttps?://[^\s<>"'\)\]]+"#),
            email: regex(r"(?i)[\w.%+'-]+ ?@ ?[\w-]+(?:\.[\w-]+)*\.\p{L}{2,}"),
            spelled_email: regex(
                r"(?i)[\w.%+-]+\s*(?:\(at\)|\[at\]|\{at\}|\sat\s)\s*[\w-]+\s*(?:\(dot\)|\[dot\]|\sdot\s|\.)\s*(?:com|net|org|example|de|fr|ca|uk|co|io|no|se|me|eu)\b",
            ),
            ip: regex(r"\b(?:\d{1,3}\.){3}\d{1,3}\b|\b(?:[0-9a-fA-F]{1,4}:){4,7}[0-9a-fA-F]{1,4}\b"),
            iban: regex(r"(?i)\b[a-z]{2}\d{2}(?: ?[a-z0-9]{4}){2,7}(?: ?[a-z0-9]{1,3})?\b"),
            digits: regex(r"\d(?:[ \-.–]{0,2}\d){11,}"),
            card_part: regex(
                r"(?i)\b(ending (?:in|with)|ends (?:in|with)|ending|last (?:4|four)(?: digits)?(?: (?:are|is|of))?|cvv2?|cvc|security code)(\s*(?:is|:|number)?\s*)\d{3,4}\b",
            ),
            tracking: regex(
                r"(?i)\b1Z(?: ?[0-9A-Z]){16}\b|\b[A-Z]{2}[ ]?\d{3}[ ]?\d{3}[ ]?\d{3}[ ]?[A-Z]{2}\b|\b[A-Z]{1,4}\d{9,}\b",
            ),
            order,
            order_word: regex(
                r"(?i)\b(orders?|ord|commande|bestellung|pedido|ordine|invoice|rma|ticket|case|reference|ref|account|customer|confirmation)(\s*(?:(?:number|numero|numéro|num|nr|no|id)\b\.?|n°|nº)?\s*(?:is|was|:|=|-)?\s*#?\s*)([a-z]{0,4}-?\d{4,}(?:-[a-z0-9]{1,4})?)\b",
            ),
            phone: vec![
                regex(r"(?:\+|\b00)[1-9]\d{0,2}(?:[ ./\-]{0,2}\(?\d\)?){6,13}\b"),
                regex(
                    r"(?:\b1[ .\-])?(?:\(\d{3}\) ?|\b\d{3}[ .\-–]?)\d{3}[ .\-–]?\d{4}\b(?i:,? ?(?:ext|x|extension)\.? ?\d{1,5})?",
                ),
                regex(r"\(?\b0\d{1,4}\)?(?:[ ./\-]{0,3}\d){7,10}\b"),
                regex(r"\b\d{3}[\-.]\d{4}\b"),
            ],
            alone: regex(r"(?m)^#?[A-Za-z]{0,4}-?\d{5,11}\.?$"),
            given: regex(
                r"(?i)\b((?:it['’]?s|it is|i meant|i mean|actually|that['’]?s)(?: actually)? #?)[a-z]{0,4}-?\d{5,11}([.,;!?\n—–-]|\s*$|\s+(?:not|and|sorry)\b)",
            ),
        }
    }

    /// Links without what is secret in them, and addresses of mail and machines.
    pub(super) fn links_and_mail(&self, text: &str, marks: &mut Marks<'_>) -> String {
        let text = self.url.replace_all(text, |found: &Captures<'_>| bare_link(&found[0], marks));
        let text = replace(&self.email, &text, MaskClass::Email, marks);
        let text = replace(&self.spelled_email, &text, MaskClass::Email, marks);
        let numbers = |ip: &str| ip.contains(':') || ip.split('.').all(|n| n.parse::<u8>().is_ok());
        replace_if(&self.ip, &text, MaskClass::Ip, marks, numbers)
    }

    pub(super) fn addresses(&self, text: &str, marks: &mut Marks<'_>) -> String {
        self.address.mask(text, marks)
    }

    /// Numbers of cards, accounts, parcels, orders and telephones, the surest first.
    pub(super) fn numbers(&self, text: &str, own_order: Option<&Regex>, marks: &mut Marks<'_>) -> String {
        let text = replace_if(&self.iban, text, MaskClass::Iban, marks, iban);
        let text = self.digits.replace_all(&text, |found: &Captures<'_>| match card_in(&found[0]) {
            Some((from, to)) => format!(
                "{}{}{}",
                &found[0][..from],
                marks.masked(MaskClass::Card, &found[0][from..to]),
                &found[0][to..]
            ),
            None => found[0].to_owned(),
        });
        let text = self.card_part.replace_all(&text, |found: &Captures<'_>| {
            let digits = &found[0][found[1].len() + found[2].len()..];
            format!("{}{}{}", &found[1], &found[2], marks.masked(MaskClass::Card, digits))
        });
        let mut text = replace(&self.tracking, &text, MaskClass::Tracking, marks);
        for order in own_order.into_iter().chain(&self.order) {
            text = replace(order, &text, MaskClass::Order, marks);
        }
        let mut text = self
            .order_word
            .replace_all(&text, |found: &Captures<'_>| {
                let numbered = found[2].chars().any(char::is_alphanumeric) || found[2].contains('#');
                if !numbered && is_year(&found[3]) {
                    return found[0].to_owned();
                }
                format!("{}{}{}", &found[1], &found[2], marks.masked(MaskClass::Order, &found[3]))
            })
            .into_owned();
        text = replace(&self.phone[0], &text, MaskClass::Phone, marks);
        // Twelve digits and more without a plus are no telephone number.
        text = replace_if(&self.digits, &text, MaskClass::Tracking, marks, |run| !is_dates(run));
        for phone in &self.phone[1..] {
            text = replace_if(phone, &text, MaskClass::Phone, marks, |run| !is_dates(run));
        }
        // A line that is a number and nothing else answers "what is your order number?", as does "it's 10234.".
        let text = self.given.replace_all(&text, |found: &Captures<'_>| {
            let number = &found[0][found[1].len()..found[0].len() - found[2].len()];
            format!("{}{}{}", &found[1], marks.masked(MaskClass::Order, number), &found[2])
        });
        replace(&self.alone, &text, MaskClass::Order, marks)
    }
}

fn is_year(number: &str) -> bool {
    number.len() == 4 && (number.starts_with("19") || number.starts_with("20"))
}

/// `2026-03-01 2026-04-01` is as long as a parcel number.
fn is_dates(run: &str) -> bool {
    let groups: Vec<&str> = run.split(|c: char| !c.is_ascii_digit()).filter(|g| !g.is_empty()).collect();
    groups.len() >= 3 && groups.iter().any(|g| is_year(g)) && groups.iter().all(|g| g.len() == 2 || is_year(g))
}

fn replace(pattern: &Regex, text: &str, class: MaskClass, marks: &mut Marks<'_>) -> String {
    replace_if(pattern, text, class, marks, |_| true)
}

pub(super) fn replace_if(
    pattern: &Regex,
    text: &str,
    class: MaskClass,
    marks: &mut Marks<'_>,
    test: impl Fn(&str) -> bool,
) -> String {
    let masked = |found: &Captures<'_>| {
        if test(&found[0]) { marks.masked(class, &found[0]) } else { found[0].to_owned() }
    };
    pattern.replace_all(text, masked).into_owned()
}

/// The link without its query, and `[link]` where the path itself is a key, as in links to an order's status.
fn bare_link(link: &str, marks: &mut Marks<'_>) -> String {
    let trimmed = link.trim_end_matches(['.', ',', ';', ':', '!', '?']);
    let end = &link[trimmed.len()..];
    let path = trimmed.split(['?', '#']).next().unwrap_or(trimmed);
    let is_key = |part: &str| {
        let long = part.len() >= 16 && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        let digits = part.chars().filter(char::is_ascii_digit).count();
        part.contains('@') || (long && digits >= 4) || digits >= 6
    };
    if path.split('/').skip(3).any(is_key) {
        return format!("{}{end}", marks.masked(MaskClass::Link, trimmed));
    }
    if path.len() < trimmed.len() {
        marks.report.counts[MaskClass::Link as usize] += 1;
    }
    format!("{path}{end}")
}
