//! Whether an approved answer answers a question: a probability, from what speaks for it and against it.
//!
//! A cosine is not that: "Can I return it?" and "Can I exchange it?" are nearer to each other than most pairs that mean
//! the same. The weights were fitted on labelled pairs of many kinds of shops (`eval::matcher`), and are a file of a
//! version that names the embedder whose cosines they weigh.

use crate::check::polarity::is_negative;
use crate::check::support::share;
use crate::place::Country;
use crate::ports::ModelId;
use crate::select::{Asked, Question, stem_set};
use crate::text::words;
use crate::value::{Value, values};
use regex::Regex;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashSet};
use std::sync::LazyLock;

/// What is known of a question and a variant of an approved one. The same type holds the weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Likeness {
    /// Of the embeddings of question and variant.
    pub cosine: f32,
    /// Of the embeddings of question and answer.
    pub answer: f32,
    /// Share of the question's words that the variant holds.
    pub covered: f32,
    /// Share of the variant's words that the question holds.
    pub covers: f32,
    /// Where each has words that the other has not: what they share. "Is it vegan?" and "Is it gluten free?" share all
    /// but the word that counts.
    pub swapped: f32,
    /// Where the question holds all of the variant: what it asks besides.
    pub more: f32,
    /// 1: one says no and the other does not.
    pub polarity: f32,
    /// 1: the question names a number, a code or a country that neither the variant nor its answer holds.
    pub uncovered: f32,
    /// 1: the variant names one that the question does not.
    pub unasked: f32,
    /// How far apart the kinds of answer are that the two want; 1: a time and an amount, or a reason and anything else.
    pub kind: f32,
    /// 1: the question wants a kind of value, and the answer holds none of it.
    pub unmet: f32,
    /// What the two are about (returns, exchanges, delivery …): -1 the same, 1 something else, 0 cannot be told.
    pub topic: f32,
    /// Words of the shorter by words of the longer.
    pub length: f32,
    /// Cosine less that of the nearest variant of any other answer.
    pub margin: f32,
}

/// How many features there are.
pub const FEATURES: usize = 14;

impl Likeness {
    pub const NAMES: [&str; FEATURES] = [
        "cosine",
        "answer",
        "covered",
        "covers",
        "swapped",
        "more",
        "polarity",
        "uncovered",
        "unasked",
        "kind",
        "unmet",
        "topic",
        "length",
        "margin",
    ];

    /// In the order of [`Likeness::NAMES`].
    pub fn values(&self) -> [f32; FEATURES] {
        let Self { cosine, answer, covered, covers, swapped, more, .. } = *self;
        let Self { polarity, uncovered, unasked, kind, unmet, topic, length, margin, .. } = *self;
        [
            cosine, answer, covered, covers, swapped, more, polarity, uncovered, unasked, kind, unmet, topic, length,
            margin,
        ]
    }

    /// See [`Likeness::values`].
    pub fn from_values(values: [f32; FEATURES]) -> Self {
        let [cosine, answer, covered, covers, swapped, more, polarity, uncovered, unasked, kind, unmet, rest @ ..] =
            values;
        let [topic, length, margin] = rest;
        Self {
            cosine,
            answer,
            covered,
            covers,
            swapped,
            more,
            polarity,
            uncovered,
            unasked,
            kind,
            unmet,
            topic,
            length,
            margin,
        }
    }
}

/// What the embeddings say.
#[derive(Clone, Copy, Debug)]
pub struct Near {
    /// Question and variant.
    pub variant: f32,
    /// Question and answer.
    pub answer: f32,
    /// Question and the nearest variant of any other answer, if there is one.
    pub other: Option<f32>,
}

/// Where no other answer is near, the margin says no more than this.
pub const CLEAR: f32 = 0.3;

/// Weights of a logistic regression, and from which probability on an answer is used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatchModel {
    /// Of the features; a file of another version is not read.
    pub version: u32,
    /// Whose cosines were weighed. With another embedder only the same words count.
    pub embedder: ModelId,
    pub intercept: f32,
    pub weights: Likeness,
    pub bound: f32,
    /// Of what it was made, and how well it did on shops that it had not seen.
    pub fitted: Fitted,
}

/// Cross-validated over shops.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fitted {
    pub pairs: usize,
    pub shops: usize,
    /// Expected calibration error, ten bins.
    pub calibration_error: f32,
    /// Area under the ROC curve.
    pub auc: f32,
    /// Of the pairs at or above the bound, the share that was right.
    pub precision: f32,
    /// Of the right pairs, the share at or above the bound.
    pub recall: f32,
}

/// The features that this program knows.
pub const VERSION: u32 = 1;

/// A file that holds no model of ours.
#[derive(Debug, thiserror::Error)]
pub enum BadModel {
    #[error("it is not what `shopclerk answers calibrate` writes: {0}")]
    Unreadable(#[from] serde_json::Error),
    #[error("its version is {0}, this program reads {VERSION}; make it anew with `shopclerk answers calibrate`")]
    Version(u32),
    #[error("its {0} is no number that can be weighed")]
    NotFinite(&'static str),
}

impl MatchModel {
    /// As `shopclerk answers calibrate` writes it.
    pub fn parse(json: &str) -> Result<Self, BadModel> {
        let model: Self = serde_json::from_str(json)?;
        if model.version != VERSION {
            return Err(BadModel::Version(model.version));
        }
        let named = Likeness::NAMES.into_iter().zip(model.weights.values());
        let numbers = named.chain([("intercept", model.intercept), ("bound", model.bound)]);
        if let Some((name, _)) = numbers.into_iter().find(|(_, value)| !value.is_finite()) {
            return Err(BadModel::NotFinite(name));
        }
        Ok(model)
    }

    pub fn probability(&self, likeness: &Likeness) -> f32 {
        let terms = self.weights.values().into_iter().zip(likeness.values()).map(|(w, x)| w * x);
        let z = self.intercept + terms.sum::<f32>();
        1.0 / (1.0 + (-z).exp())
    }
}

/// The model that was fitted on our own pairs with the embedder of the shipped settings.
impl Default for MatchModel {
    fn default() -> Self {
        static SHIPPED: LazyLock<MatchModel> =
            LazyLock::new(|| MatchModel::parse(include_str!("model.json")).expect("a test reads the shipped model"));
        SHIPPED.clone()
    }
}

/// A question, read once for all variants.
#[derive(Clone, Debug)]
pub struct Asks {
    words: Vec<String>,
    stems: HashSet<String>,
    values: Vec<Value>,
    /// Those that it names, or else the one that its customer shops from.
    pub countries: BTreeSet<Country>,
    named: BTreeSet<Country>,
    negative: bool,
    asked: Asked,
    why: bool,
    topics: BTreeSet<usize>,
}

static WHY: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?i)\bwhy\b|\bhow come\b").expect("constant"));

impl Asks {
    pub fn read(text: &str, country: Option<&str>) -> Self {
        // "E-book" is another thing than "book", and one word.
        static PREFIX: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r"(?i)\b(e|pre|re|non|un|co|in)-([a-z])").expect("constant"));
        let text = &*PREFIX.replace_all(text, "$1$2");
        let question = Question::read(text);
        let named = question.countries.clone();
        let question = question.from_country(country);
        Self {
            named,
            words: words(text),
            stems: stem_set(text),
            values: question.values.into_iter().map(|found| found.value).collect(),
            countries: question.countries,
            negative: is_negative(text),
            asked: question.asked,
            why: WHY.is_match(text),
            topics: topics(text),
        }
    }

    /// The same words in the same order.
    pub fn is_same(&self, other: &Self) -> bool {
        !self.words.is_empty() && self.words == other.words
    }

    pub fn has_stems(&self, wanted: &HashSet<String>) -> bool {
        !wanted.is_empty() && wanted.iter().all(|stem| self.stems.contains(stem))
    }

    /// Whether the question names one thing of the customer's own: an order number, a code, an address. What is
    /// answered in general cannot be about it, unless `said` holds it too.
    fn names_more_than(&self, said: &str) -> bool {
        let known = values(said);
        self.values.iter().any(|value| {
            let own = matches!(value, Value::Code(_) | Value::Email(_) | Value::Phone(_) | Value::Link(_));
            own && !known.iter().any(|k| value.stands_in(&k.value))
        })
    }
}

/// Whether nothing has to be weighed: the variant, or the whole answer, speaks of other countries than the question; the
/// question names a thing of the customer's own; or it wants a kind of value (a price, a time) that the answer does not
/// hold and that the variant does not ask for. `text` is the variant's.
pub fn barred(question: &Asks, variant: &Asks, text: &str, said: &str) -> bool {
    let elsewhere = |countries: &BTreeSet<Country>| {
        !question.countries.is_empty() && !countries.is_empty() && question.countries.is_disjoint(countries)
    };
    elsewhere(&variant.countries)
        || elsewhere(&crate::place::countries(said))
        || question.names_more_than(&format!("{said}\n{text}"))
        || (question.asked != variant.asked && !question.asked.is_said(std::iter::once(said)))
}

/// What speaks for a variant and against it. `said` is the answer's text with its limits: what else it covers.
pub fn likeness(question: &Asks, variant: &Asks, said: &str, near: Near) -> Likeness {
    let known = values(said);
    let known_countries = crate::place::countries(said);
    let holds = |value: &Value, among: &[Value]| among.iter().any(|other| value.stands_in(other));
    let stands = |value: &Value| known.iter().any(|k| value.stands_in(&k.value));
    let uncovered = question.values.iter().any(|v| !holds(v, &variant.values) && !stands(v))
        || question.named.iter().any(|c| !variant.countries.contains(c) && !known_countries.contains(c));
    let unasked = variant.values.iter().any(|v| !holds(v, &question.values))
        || variant.countries.iter().any(|c| !question.countries.contains(c));
    let yes = |is: bool| f32::from(u8::from(is));
    let (a, b) = (question.words.len().max(1) as f32, variant.words.len().max(1) as f32);
    let (covered, covers) = (share(&question.stems, &variant.stems), share(&variant.stems, &question.stems));
    Likeness {
        cosine: near.variant,
        answer: near.answer,
        covered,
        covers,
        swapped: if covered < 1.0 && covers < 1.0 { covered.max(covers) } else { 0.0 },
        more: if covers >= 1.0 { 1.0 - covered } else { 0.0 },
        polarity: yes(question.negative != variant.negative),
        uncovered: yes(uncovered),
        unasked: yes(unasked),
        kind: if question.why == variant.why { apart(question.asked, variant.asked) } else { 1.0 },
        unmet: yes(!question.asked.is_said(std::iter::once(said))),
        topic: other_topic(&question.topics, &variant.topics),
        length: a.min(b) / a.max(b),
        margin: near.other.map_or(CLEAR, |other| (near.variant - other).clamp(-CLEAR, CLEAR)),
    }
}

fn apart(a: Asked, b: Asked) -> f32 {
    let open = |asked: Asked| matches!(asked, Asked::Open | Asked::YesNo);
    match (open(a), open(b)) {
        _ if a == b => 0.0,
        (true, true) => 0.25,
        (true, false) | (false, true) => 0.5,
        (false, false) => 1.0,
    }
}

fn other_topic(a: &BTreeSet<usize>, b: &BTreeSet<usize>) -> f32 {
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    let (shared, all) = (a.intersection(b).count() as f32, a.union(b).count() as f32);
    1.0 - 2.0 * shared / all
}

/// What shops are asked about, by words that name it. Neighbours in a vector space ("return" and "exchange") stand apart.
const TOPICS: [&str; 28] = [
    r"\breturn(?:s|ed|ing|able)?\b|\b(?:send|bring|ship|mail)(?:ing)? (?:\w+ ){0,2}back\b",
    r"\bexchang\w*|\bswap\w*|\b(?:different|another|other) (?:size|colou?r)\b",
    r"\brefund\w*|\bmoney back\b|\breimburs\w*|\bget my money\b",
    r"\bcancel\w*|\bcall off\b",
    r"\bwarrant\w*|\bguarante\w*|\bdefect\w*|\brepair\w*|\bfault\w*|\bbroken?\b|\bstops? working\b",
    r"\bdamag\w*|\bcracked\b|\bsmashed\b|\bwrong item\b|\bmissing\b",
    r"\bshipp?\w*|\bdeliver\w*|\bpostage\b|\barriv\w*|\bcourier\b|\bcarrier\b",
    r"\bpick(?:ing)?[ -]?up\b|\bcollect\b|\bin person\b",
    r"\bdiscounts?\b|\bcoupons?\b|\bpromo\w*|\bstudent\b|\bmilitary\b|\bpercent off\b",
    r"\bgift[ -]?(?:cards?|certificates?)\b|\bstore credit\b",
    r"\bgift[ -]?wrap\w*|\bwrapp\w+|\bgift (?:note|message|box)\b",
    r"\bsubscri\w*|\bauto-?renew\w*|\bmembership\b",
    r"\bpay\w*|\bcredit cards?\b|\binstal?ments?\b|\bafterpay\b|\bklarna\b",
    r"\btax\w*|\bvat\b|\bcustoms\b|\bdut(?:y|ies)\b|\bimport\b",
    r"\btrack\w*|\bwhere(?:'s| is) my\b",
    r"\b(?:change|edit|amend|update|modify)\b",
    r"\bprice[ -]?match\w*|\bcheaper\b|\bprice adjust\w*",
    r"\bwholesale\b|\bbulk\b|\breseller\b|\btrade account\b",
    r"\bsiz(?:e|es|ing)\b|\bfits?\b|\bmeasure\w*|\brun (?:small|large|big)\b",
    r"\bwash\w*|\bclean\w*|\bcare\b|\biron\b|\btumble\b|\bdishwasher\b",
    r"\bstock\b|\brestock\w*|\bsold out\b|\bpre-?order\w*",
    r"\bphone\b|\bemail\b|\be-mail\b|\bcontact\b|\bcall you\b",
    r"\bopening\b|\bopen\b|\bhours\b|\bclosed?\b",
    r"\baccount\b|\bpassword\b|\blog ?in\b|\bsign in\b",
    r"\bingredients?\b|\ballerg\w*|\bvegan\b|\bgluten\b|\bnuts?\b",
    r"\bengrav\w*|\bpersonali[sz]\w*|\bcustom(?:i[sz]\w+| made| order)",
    r"\bresiz\w*|\balter\w*|\bshorten\w*|\blengthen\w*|\badjust\w*",
    r"\bpoints\b|\brewards?\b|\bloyalty\b|\brefer\w*",
];

fn topics(text: &str) -> BTreeSet<usize> {
    static PATTERNS: LazyLock<Vec<Regex>> =
        LazyLock::new(|| TOPICS.map(|p| Regex::new(&format!("(?i){p}")).expect("constant")).into());
    PATTERNS.iter().enumerate().filter(|(_, pattern)| pattern.is_match(text)).map(|(at, _)| at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn like(question: &str, variant: &str) -> Likeness {
        let near = Near { variant: 0.8, answer: 0.5, other: Some(0.7) };
        likeness(&Asks::read(question, None), &Asks::read(variant, None), "You have 30 days.", near)
    }

    #[test]
    fn what_speaks_against_a_variant_is_seen() {
        let same = like("How long do I have to return a jacket?", "How long do I have to return an item?");
        assert_eq!((same.topic, same.kind, same.uncovered, same.unasked), (-1.0, 0.0, 0.0, 0.0));
        assert_eq!(like("Can I exchange it?", "Can I return it?").topic, 1.0);
        assert!(like("Where can I return or exchange it?", "Where can I return it?").topic.abs() < 0.5);
        assert_eq!(like("Do you ship to Mexico?", "Do you ship to Canada?").uncovered, 1.0);
        assert_eq!(like("Do you ship abroad?", "Do you ship to Canada?").unasked, 1.0);
        assert_eq!(like("How do I return it?", "How long do I have to return it?").kind, 0.5);
        assert_eq!(like("How much is shipping?", "How long does shipping take?").kind, 1.0);
        assert_eq!(like("Why can't I return it?", "Can I return it?").polarity, 1.0);
        assert_eq!(like("How much is a return?", "What does a return cost?").unmet, 1.0);
        assert_eq!(like("Why was my order cancelled?", "Can I cancel my order?").kind, 1.0);
        assert_eq!(like("How long do I have?", "Can I return it?").unmet, 0.0);
        assert_eq!(like("Is the cream vegan?", "Is the cream organic?").swapped, 0.5);
        assert_eq!(like("Is the cream vegan and organic?", "Is the cream vegan?").swapped, 0.0);
        assert!(like("Is the cream vegan and organic?", "Is the cream vegan?").more > 0.3);
        assert!(like("Return it?", "How long do I have to return an item that I bought on sale?").length < 0.2);
    }

    #[test]
    fn an_order_of_the_customers_own_is_more_than_a_frequent_question() {
        let names = |question: &str, said: &str| {
            let asks = Asks::read(question, None);
            barred(&asks, &asks, "", said)
        };
        assert!(names("When does #FV10234 ship?", "We ship within 2 days."));
        assert!(names("Does WELCOME10 work on sale items?", "Codes do not work on sale items."));
        assert!(!names("Does WELCOME10 work on sale items?", "WELCOME10 does not work on sale items."));
        assert!(!names("When do you ship?", "We ship within 2 days."));
    }

    #[test]
    fn a_price_is_not_asked_of_an_answer_without_one() {
        let bars = |question: &str, variant: &str, said: &str| {
            barred(&Asks::read(question, None), &Asks::read(variant, None), variant, said)
        };
        assert!(bars("How much is gift wrap?", "Do you gift wrap?", "Yes, we do."));
        assert!(!bars("How much is gift wrap?", "Do you gift wrap?", "Yes, for $3."));
        assert!(!bars("When do you charge my card?", "When is my card charged?", "When the book ships."));
        assert!(bars("Do you ship to Mexico?", "Do you ship to Canada?", "Yes, we do."));
        assert!(bars("Do you ship to Mexico?", "Do you ship abroad?", "Yes, to Canada."));
    }

    #[test]
    fn the_shipped_model_reads_and_another_version_does_not() {
        let shipped = MatchModel::default();
        assert!(shipped.bound > 0.5 && shipped.bound < 1.0, "{shipped:?}");
        assert!(shipped.weights.cosine > 0.0 && shipped.weights.margin > 0.0, "{shipped:?}");
        let json = serde_json::to_string(&shipped).unwrap();
        assert_eq!(MatchModel::parse(&json).unwrap(), shipped);
        let error = MatchModel::parse(&json.replace("\"version\":1", "\"version\":9")).unwrap_err().to_string();
        assert!(error.contains("version is 9") && error.contains("answers calibrate"), "{error}");
        assert!(MatchModel::parse("{}").unwrap_err().to_string().contains("answers calibrate"));
    }
}
