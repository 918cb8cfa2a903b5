//! Personal data out of past conversations, before they are chunked, embedded or shown to anyone.
//!
//! What identifies a person is replaced by a word in brackets, so that the sentence still reads: `I'm [name], my order
//! [order] has not come`. Prices, sizes, dates and periods stay, as they are what a conversation is kept for.

mod address;
mod names;
mod numbers;
mod patterns;
#[cfg(test)]
mod set;
mod values;
mod words;

pub use names::Names;

use patterns::PATTERNS;
use regex::Regex;
use std::fmt;
use values::Values;

/// What a store knows about its own texts.
#[derive(Clone, Debug, Default)]
pub struct MaskConfig {
    order_number: Option<Regex>,
    /// Words that are never names of people: the store, its brands and products.
    pub keep: Vec<String>,
}

/// The pattern of order numbers cannot be used.
#[derive(Debug, thiserror::Error)]
#[error(
    "'{pattern}' is no pattern for order numbers: write a regular expression that matches one, such as '#?FV\\d{{5}}'"
)]
pub struct OrderPatternError {
    pattern: String,
    source: regex::Error,
}

impl MaskConfig {
    pub fn keeping(keep: Vec<String>) -> Self {
        Self { keep, order_number: None }
    }

    /// With a regular expression for the store's order numbers, besides the forms that are known (`#1001`,
    /// `order 1001`). Case does not matter.
    pub fn with_order_number(mut self, pattern: &str) -> Result<Self, OrderPatternError> {
        let found = regex::RegexBuilder::new(pattern).case_insensitive(true).size_limit(1 << 20).build();
        let found = found.map_err(|source| OrderPatternError { pattern: pattern.to_owned(), source })?;
        // One that matches nothing at all would match everywhere.
        self.order_number = Some(found).filter(|p| !p.is_match(""));
        Ok(self)
    }
}

/// A kind of personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MaskClass {
    Email,
    Phone,
    Address,
    Card,
    Iban,
    Order,
    Tracking,
    Name,
    Ip,
    /// What stands behind the `?` of a link, or a path that is a key by itself.
    Link,
}

impl MaskClass {
    pub const ALL: [Self; 10] = [
        Self::Email,
        Self::Phone,
        Self::Address,
        Self::Card,
        Self::Iban,
        Self::Order,
        Self::Tracking,
        Self::Name,
        Self::Ip,
        Self::Link,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Address => "address",
            Self::Card => "card",
            Self::Iban => "iban",
            Self::Order => "order",
            Self::Tracking => "tracking",
            Self::Name => "name",
            Self::Ip => "ip",
            Self::Link => "link",
        }
    }

    /// What stands in the text instead.
    fn placeholder(self) -> &'static str {
        match self {
            Self::Email => "[email]",
            Self::Phone => "[phone]",
            Self::Address => "[address]",
            Self::Card => "[card]",
            Self::Iban => "[iban]",
            Self::Order => "[order]",
            Self::Tracking => "[tracking]",
            Self::Name => "[name]",
            Self::Ip => "[ip]",
            Self::Link => "[link]",
        }
    }
}

/// How often each class was masked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MaskReport {
    counts: [usize; MaskClass::ALL.len()],
}

impl MaskReport {
    pub fn count(&self, class: MaskClass) -> usize {
        self.counts[class as usize]
    }

    pub fn total(&self) -> usize {
        self.counts.iter().sum()
    }

    pub fn add(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
    }
}

/// Where what is masked is counted and, where the marks shall tell values apart, remembered.
struct Marks<'m> {
    report: &'m mut MaskReport,
    values: Option<&'m mut Values>,
}

impl Marks<'_> {
    fn masked(&mut self, class: MaskClass, value: &str) -> String {
        self.report.counts[class as usize] += 1;
        match &mut self.values {
            Some(values) => values.mark(class, value),
            None => class.placeholder().to_owned(),
        }
    }
}

/// `12 email, 3 phone`: the classes that occurred.
impl fmt::Display for MaskReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let occurred = MaskClass::ALL.iter().filter(|class| self.count(**class) > 0);
        let shown: Vec<String> = occurred.map(|class| format!("{} {}", self.count(*class), class.as_str())).collect();
        f.write_str(if shown.is_empty() { "nothing" } else { "" })?;
        f.write_str(&shown.join(", "))
    }
}

/// Masks the texts of one store.
pub struct Masker {
    order_number: Option<Regex>,
    keep: Vec<String>,
}

impl Masker {
    pub fn new(config: &MaskConfig) -> Self {
        let keep = config.keep.iter().flat_map(|words| words.split_whitespace()).map(str::to_lowercase).collect();
        Self { order_number: config.order_number.clone(), keep }
    }

    /// The names to mask in one conversation: those of its record, and those by which people introduce, address or
    /// sign themselves in `texts`. The words of `MaskConfig::keep` are none.
    pub fn names<'t>(
        &self,
        record: impl IntoIterator<Item = &'t str>,
        texts: impl IntoIterator<Item = &'t str>,
    ) -> Names {
        Names::gather(record, texts, &self.keep)
    }

    /// The text without personal data; what was masked is added to `report`.
    pub fn mask(&self, text: &str, names: &Names, report: &mut MaskReport) -> String {
        self.marked(text, names, &mut Marks { report, values: None })
    }

    /// All texts of one conversation, with marks that tell the values of a class apart: `[order A]` is the same order
    /// wherever it stands. What is of the class `keep` is found, so that it is taken for nothing else, and stays.
    pub fn mask_all<T: AsRef<str>>(
        &self,
        texts: &[T],
        names: &Names,
        keep: Option<MaskClass>,
        report: &mut MaskReport,
    ) -> Vec<String> {
        let mut values = Values::default();
        let mut found = MaskReport::default();
        let mut marks = Marks { report: &mut found, values: Some(&mut values) };
        let tied: Vec<String> =
            texts.iter().map(|text| self.marked(&values::without_ties(text.as_ref()), names, &mut marks)).collect();
        if let Some(kept) = keep {
            found.counts[kept as usize] = 0;
        }
        report.add(&found);
        tied.iter().map(|text| values.settle(text, keep)).collect()
    }

    fn marked(&self, text: &str, names: &Names, marks: &mut Marks<'_>) -> String {
        let masked = PATTERNS.links_and_mail(text, marks);
        let masked = PATTERNS.numbers(&masked, self.order_number.as_ref(), marks);
        let masked = PATTERNS.addresses(&masked, marks);
        names.mask(&masked, marks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        let masker = Masker::new(&MaskConfig {
            keep: vec!["Fjellvik".into()],
            ..MaskConfig::default().with_order_number(r"#?FV\d{5}").unwrap()
        });
        let names = masker.names(["Maria Lindqvist"], [text]);
        assert_eq!(masker.mask(text, &names, &mut MaskReport::default()), expect, "{text}");
    }

    #[test]
    fn the_sentence_still_reads() {
        check(
            "Hi, I'm Maria, my order FV10234 has not come. Write to maria.l@example.com or call (218) 555-0142.",
            "Hi, I'm [name], my order [order] has not come. Write to [email] or call [phone].",
        );
        check(
            "Ship to 18 Spruce Landing, Apt 4, Duluth, MN 55802. Card 4111 1111 1111 1111 12/27.",
            "Ship to [address]. Card [card] 12/27.",
        );
        check("See https://shop.example/track?token=abc.", "See https://shop.example/track.");
    }

    #[test]
    fn what_a_conversation_is_kept_for_stays() {
        for text in [
            "Returns cost $7.50 within 30 days, until 2026-12-24, for size 42 or 38/32.",
            "The code WELCOME10 takes 10% off orders of $1,200.00 or more.",
            "Wash at 30 °C. The 100 g canister burns 40 minutes, EN 417.",
            "Hi there, the Granitt Mid Boot runs small. Thanks, Fjellvik",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn a_report_counts_by_class() {
        let masker = Masker::new(&MaskConfig::default());
        let mut report = MaskReport::default();
        masker.mask("a@b.example, c@d.example, #1001", &masker.names([], []), &mut report);
        assert_eq!(report.to_string(), "2 email, 1 order");
        let mut sum = report;
        sum.add(&report);
        assert_eq!((sum.total(), MaskReport::default().to_string().as_str()), (6, "nothing"));
    }
}
