//! What speaks for a sentence and against it, before the passage that it rests on.

use super::polarity;
use super::support::{Ground, share};
use crate::place::countries;
use crate::select::{Unit, stem_set};
use crate::text::{content_stems, words};
use regex::Regex;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::LazyLock;

/// How many signs there are.
pub const SIGNS: usize = 19;

/// What speaks for a sentence and against it. The same type holds the weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signs {
    /// Of the sentence and the unit of the passage that is nearest to it.
    pub cosine: f32,
    /// Share of the sentence's words that the passage holds.
    pub covered: f32,
    /// The same, rare words counting more.
    pub weighed: f32,
    /// How rare the rarest word is that the passage does not hold; 0 where it holds all.
    pub rarest: f32,
    /// Share of the sentence's words that one unit holds, without its headings.
    pub one_unit: f32,
    /// Share of that unit's words that the sentence holds.
    pub recalled: f32,
    /// Share of the sentence's neighbouring words that stand side by side in the passage.
    pub pairs: f32,
    /// 1: yes and no differ between the sentence and that unit.
    pub polarity: f32,
    /// 1: one of the two says no somewhere and the other nowhere.
    pub negation: f32,
    /// 1: the unit sets a condition or an exception, and the sentence none.
    pub condition: f32,
    /// 1: another sentence of the passage makes an exception about the same, and the sentence does not.
    pub exception: f32,
    /// 1: a number, an amount, a date or a code does not stand in the passage.
    pub value: f32,
    /// 1: the unit states values and the sentence none.
    pub unsaid_value: f32,
    /// 1: a country or a name does not stand in the passage.
    pub name: f32,
    /// 1: it says "all", "always", "free" or the like where the passage does not.
    pub sweeping: f32,
    /// 1: it says one of two opposites ("before", "after") where the passage says only the other.
    pub opposite: f32,
    /// 1: "we" does what in the passage "you" do, or the other way round.
    pub turned: f32,
    /// Words of the sentence by words of the unit, as a logarithm.
    pub length: f32,
    /// Words of the sentence that the passage does not hold, up to eight, by eight.
    pub missing: f32,
}

impl Signs {
    pub const NAMES: [&str; SIGNS] = [
        "cosine",
        "covered",
        "weighed",
        "rarest",
        "one_unit",
        "recalled",
        "pairs",
        "polarity",
        "negation",
        "condition",
        "exception",
        "value",
        "unsaid_value",
        "name",
        "sweeping",
        "opposite",
        "turned",
        "length",
        "missing",
    ];

    /// In the order of [`Signs::NAMES`].
    pub fn values(&self) -> [f32; SIGNS] {
        let Self { cosine, covered, weighed, rarest, one_unit, recalled, pairs, polarity, negation, condition, .. } =
            *self;
        let Self { exception, value, unsaid_value, name, sweeping, opposite, turned, length, missing, .. } = *self;
        [
            cosine,
            covered,
            weighed,
            rarest,
            one_unit,
            recalled,
            pairs,
            polarity,
            negation,
            condition,
            exception,
            value,
            unsaid_value,
            name,
            sweeping,
            opposite,
            turned,
            length,
            missing,
        ]
    }

    /// See [`Signs::values`].
    pub fn from_values(values: [f32; SIGNS]) -> Self {
        let [cosine, covered, weighed, rarest, one_unit, recalled, pairs, polarity, negation, condition, rest @ ..] =
            values;
        let [exception, value, unsaid_value, name, sweeping, opposite, turned, length, missing] = rest;
        Self {
            cosine,
            covered,
            weighed,
            rarest,
            one_unit,
            recalled,
            pairs,
            polarity,
            negation,
            condition,
            exception,
            value,
            unsaid_value,
            name,
            sweeping,
            opposite,
            turned,
            length,
            missing,
        }
    }
}

/// How rare a stem is in what shops write: 0 for what stands in every passage, 1 for what stands in none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rarity(BTreeMap<String, f32>);

impl Rarity {
    /// Of passages, by how many hold a stem. Stems of one passage alone are as rare as unknown ones.
    pub fn of<'a>(passages: impl Iterator<Item = &'a str>) -> Self {
        let (mut held, mut all) = (BTreeMap::<String, usize>::new(), 0usize);
        for passage in passages {
            all += 1;
            stem_set(passage).into_iter().for_each(|stem| *held.entry(stem).or_default() += 1);
        }
        let most = (all as f32 + 1.0).ln();
        let rare = |n: usize| ((all as f32 + 1.0) / (n as f32)).ln() / most;
        let rounded = |x: f32| (x * 1000.0).round() / 1000.0;
        Self(held.into_iter().filter(|(_, n)| *n > 1).map(|(stem, n)| (stem, rounded(rare(n)))).collect())
    }

    fn get(&self, stem: &str) -> f32 {
        self.0.get(stem).copied().unwrap_or(1.0)
    }
}

static CONDITION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:if|unless|only|provided|as long as|except|excluding|other than|but not|must|needs? to|within|before|after|once|until|when|where|over|above|below|under|at least|up to|minimum|with a|on orders|for orders|for members|in the original|unworn|unused|unopened|without)\b")
        .expect("constant")
});

static EXCEPTION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:except(?:ions?)?|exclud\w+|unless|but not|does not apply|do not apply|not included|other than|apart from|however|only|cannot|can't|not|no longer|final sale)\b")
        .expect("constant")
});

static SWEEPING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:all|any|anything|anytime|anywhere|every|everything|everywhere|everyone|always|never|free|no matter|worldwide|guaranteed?|lifetime|unlimited|instantly|immediately|automatically|completely|fully|regardless|both|as well|too|also)\b")
        .expect("constant")
});

/// Words of which a sentence may not say the one where its passage says the other.
const OPPOSITES: [(&str, &str); 24] = [
    ("before", "after"),
    ("over", "under"),
    ("above", "below"),
    ("more", "less"),
    ("minimum", "maximum"),
    ("at least", "at most"),
    ("include", "exclude"),
    ("included", "separately"),
    ("online", "in store"),
    ("open", "closed"),
    ("new", "used"),
    ("hot", "cold"),
    ("inside", "outside"),
    ("first", "last"),
    ("free", "paid"),
    ("accept", "refuse"),
    ("weekdays", "weekends"),
    ("original", "different"),
    ("machine", "hand"),
    ("men", "women"),
    ("store credit", "original payment"),
    ("larger", "smaller"),
    ("earlier", "later"),
    ("from", "until"),
];

static OPPOSED: LazyLock<Vec<(Regex, Regex)>> = LazyLock::new(|| {
    let re = |word: &str| Regex::new(&format!(r"(?i)\b{word}s?\b")).expect("constant");
    OPPOSITES.iter().map(|(a, b)| (re(a), re(b))).collect()
});

/// Whether `said` uses one of two opposites where `source` uses only the other.
fn opposite(said: &str, source: &str) -> bool {
    OPPOSED.iter().any(|(a, b)| {
        let turned = |one: &Regex, other: &Regex| {
            one.is_match(said) && !other.is_match(said) && !one.is_match(source) && other.is_match(source)
        };
        turned(a, b) || turned(b, a)
    })
}

/// Who does what: "we pay" as `(we, pay)`.
fn doers(text: &str) -> BTreeSet<(bool, String)> {
    static DOES: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(we|you|customers?|the customer)(?:'ll| will| can| may| must| have to| need to| do| should|'d)?(?: not| also| only)? (\w+)").expect("constant")
    });
    let of = |c: regex::Captures| (c[1].eq_ignore_ascii_case("we"), crate::text::stem(&c[2].to_lowercase()));
    DOES.captures_iter(text).map(of).collect()
}

/// Capitalized words within the sentence: names, as far as they can be told.
fn names(text: &str) -> HashSet<String> {
    static NAME: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"[\p{Ll}\d,;)%] ([A-Z][\p{L}\d-]{2,}|[A-Z]{2,})\b").expect("constant"));
    const NONE: [&str; 4] = ["we", "yes", "the", "you"];
    let found = NAME.captures_iter(text).map(|c| c[1].to_lowercase()).filter(|n| !NONE.contains(&n.as_str()));
    found.map(|n| crate::text::stem(&n)).collect()
}

fn neighbours(stems: &[String]) -> HashSet<(&str, &str)> {
    stems.windows(2).map(|w| (w[0].as_str(), w[1].as_str())).collect()
}

/// A sentence before its passage, with all signs but those that need to know how rare its words are.
#[derive(Clone, Debug)]
pub struct Compared {
    signs: Signs,
    /// Each stem of the sentence once, and whether the passage holds it.
    stems: Vec<(String, bool)>,
}

impl Compared {
    pub fn signs(&self, rarity: &Rarity) -> Signs {
        let weight = |held: bool| self.stems.iter().filter(move |(_, is)| *is == held).map(|(s, _)| rarity.get(s));
        let (held, absent) = (weight(true).sum::<f32>(), weight(false).sum::<f32>());
        let weighed = if held + absent > 0.0 { held / (held + absent) } else { 1.0 };
        Signs { weighed, rarest: weight(false).fold(0.0, f32::max), ..self.signs }
    }
}

/// Compares a sentence with the units of the passage that it rests on. `cosines` holds one similarity for each. `None`
/// where the passage has no units.
pub fn compare(sentence: &str, units: &[&Unit], cosines: &[f32]) -> Option<Compared> {
    let yes = |is: bool| f32::from(u8::from(is));
    let ordered = content_stems(sentence);
    let stems: HashSet<String> = ordered.iter().cloned().collect();
    // The unit that carries most of it, by words and by meaning.
    let carries = |i: usize| share(&stems, &units[i].own_stems) + cosines.get(i).copied().unwrap_or(0.0);
    let best = (0..units.len()).max_by(|&a, &b| carries(a).total_cmp(&carries(b)))?;
    let unit = units[best];
    let held: HashSet<String> = units.iter().flat_map(|u| u.stems.iter().cloned()).collect();
    let context = &unit.context;
    let text = units.iter().fold(context.clone(), |text, u| format!("{text}\n{}", u.text));
    let each: BTreeSet<&String> = ordered.iter().collect();
    let each: Vec<(String, bool)> = each.into_iter().map(|s| (s.clone(), held.contains(s))).collect();
    let absent = each.iter().filter(|(_, held)| !held).count();
    let source = content_stems(&text);
    let (said_pairs, their_pairs) = (neighbours(&ordered), neighbours(&source));
    let side_by_side = said_pairs.iter().filter(|pair| their_pairs.contains(*pair)).count() as f32;
    let said_no = polarity::is_negative(sentence);
    let exception = units.iter().enumerate().any(|(i, other)| {
        let about = share(&unit.own_stems, &other.own_stems) > 0.0 || i.abs_diff(best) == 1;
        i != best && about && EXCEPTION.is_match(&other.text) && share(&other.own_stems, &stems) < 0.5
    });
    let (ours, theirs) = (doers(sentence), doers(&text));
    let turned =
        ours.iter().any(|(we, verb)| theirs.contains(&(!we, verb.clone())) && !theirs.contains(&(*we, verb.clone())));
    let (said_countries, their_countries) = (countries(sentence), countries(&text));
    let known: HashSet<String> = words(&text).iter().map(|w| crate::text::stem(w)).collect();
    let foreign = said_countries.iter().any(|c| !their_countries.contains(c))
        || names(sentence).iter().any(|n| !known.contains(n) && !held.contains(n));
    let sweeps =
        |text: &str| -> BTreeSet<String> { SWEEPING.find_iter(text).map(|m| m.as_str().to_lowercase()).collect() };
    let sweeping = sweeps(sentence).difference(&sweeps(&text)).next().is_some();
    let lengths = (words(sentence).len().max(1) as f32, words(&unit.text).len().max(1) as f32);
    let said_values = crate::value::values(sentence);
    let signs = Signs {
        cosine: cosines.iter().copied().fold(0.0, f32::max),
        covered: share(&stems, &held),
        weighed: 0.0,
        rarest: 0.0,
        one_unit: share(&stems, &unit.own_stems),
        recalled: share(&unit.own_stems, &stems),
        pairs: if said_pairs.is_empty() { 1.0 } else { side_by_side / said_pairs.len() as f32 },
        polarity: yes(!polarity::agrees(sentence, &unit.text)),
        negation: yes(said_no != (unit.denied || polarity::is_negative(&unit.text))),
        condition: yes(CONDITION.is_match(&unit.text) && !CONDITION.is_match(sentence)),
        exception: yes(exception && !said_no),
        value: yes(!Ground::new(context, &text).missing(sentence).is_empty()),
        unsaid_value: yes(!unit.values.is_empty() && said_values.is_empty()),
        name: yes(foreign),
        sweeping: yes(sweeping),
        opposite: yes(opposite(sentence, &text)),
        turned: yes(turned),
        length: (lengths.0 / lengths.1).ln().clamp(-2.0, 2.0),
        missing: (absent.min(8) as f32) / 8.0,
    };
    Some(Compared { signs, stems: each })
}
