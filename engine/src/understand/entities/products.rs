//! Which of the store's products a message names: by their whole title or a part of it, in another number, with typing
//! errors. Words that customers of all shops use ("bag", "return", "order") name nothing alone.

use super::tokens::{Token, gap, tokens};
use crate::evidence::DocId;
use crate::text::{is_stop_word, stem};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A product that was named. Several with one place are one name that fits several.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProductMention {
    pub title: String,
    /// Its document, where the title is of the catalogue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<DocId>,
    /// Bytes of the message.
    pub span: (usize, usize),
    /// How much of the title was said, what tells it from others counting more; 1 where all of it was, without a slip.
    pub score: f32,
}

/// The titles of a store's products, made to be looked through at every turn.
#[derive(Clone, Debug, Default)]
pub struct Titles {
    all: Vec<Title>,
    /// Stem: the titles that hold it.
    stems: HashMap<String, Vec<usize>>,
    /// Stems by their first letter, for slips.
    by_letter: BTreeMap<char, Vec<String>>,
}

#[derive(Clone, Debug)]
struct Title {
    title: String,
    id: Option<DocId>,
    stems: Vec<String>,
}

/// Of a longer message no more is looked at.
const TOKENS: usize = 300;
/// So much of a title must be said.
const SAID: f32 = 0.6;
/// A name alone ("the Hekla") stands in no more titles than this.
const NAMES: usize = 3;
/// Shorter ones are no names.
const NAME_LETTERS: usize = 4;
/// Words between two words of one title.
const BETWEEN: usize = 2;
/// Two titles whose scores are so near fit alike.
const ALIKE: f32 = 0.05;
/// Of titles that fit alike so many are kept.
const KEPT: usize = 5;

/// What shops sell, how it looks and what is done with it: nobody's name.
const COMMON: &str = "bag backpack belt blanket book boot bottle box bra bracelet cable camera cap card case chair \
    charger clock coat cream cup cushion desk dress earring frame gift glass glove gown guide hat headphone hoodie \
    item jacket jean jumper kit knife lamp lens light mat mug necklace order pack pair pan pant parcel pen phone \
    pillow plate poster product return ring robe rug sandal scarf set sheet shell shirt shoe short skirt sleeve sneaker \
    sock sofa stove suit sweater table tent tie toy travel tray trouser umbrella vest wallet watch water \
    black white grey gray red blue green yellow brown pink purple orange navy olive beige dark light small medium \
    large big mini long women men kid child baby unisex wool cotton leather linen silk denim merino down fleece canvas \
    steel wood wooden glass paper plastic organic classic new old warm cold summer winter spring rain sun snow trail \
    home outdoor camp camping hike hiking run running sport travel day night weight size color colour price sale \
    shipping ship delivery deliver address refund exchange cancel account payment pay email number code discount \
    question help problem track label store shop buy send need want work wear wash care repair fit test best top base \
    layer part spare replace replacement cover sample edition standard express premium basic plus pro max lite";

impl Titles {
    pub fn new(titles: impl IntoIterator<Item = (Option<DocId>, String)>) -> Self {
        let mut made = Self::default();
        for (id, title) in titles {
            let mut stems: Vec<String> = Vec::new();
            for token in tokens(&title) {
                let stem = stem_of(&token);
                if !is_stop_word(&token.word) && stem.chars().count() > 1 && !stems.contains(&stem) {
                    stems.push(stem);
                }
            }
            if stems.is_empty() {
                continue;
            }
            for stem in &stems {
                made.stems.entry(stem.clone()).or_default().push(made.all.len());
            }
            made.all.push(Title { title, id, stems });
        }
        for stem in made.stems.keys().filter(|s| s.chars().all(char::is_alphabetic)) {
            if let Some(first) = stem.chars().next() {
                made.by_letter.entry(first).or_default().push(stem.clone());
            }
        }
        // The same catalogue finds the same, whatever order a map has.
        made.by_letter.values_mut().for_each(|stems| stems.sort());
        made
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The products that a text names, in their order. `common` tells words that customers of all shops use.
    pub fn find(&self, text: &str, common: &dyn Fn(&str) -> bool) -> Vec<ProductMention> {
        if self.is_empty() {
            return Vec::new();
        }
        let mut tokens = tokens(text);
        tokens.truncate(TOKENS);
        let common = |stem: &str| COMMON_STEMS.contains(stem) || common(stem);
        // Title: what of it was said where, and how well.
        let mut hits: BTreeMap<usize, Vec<Hit>> = BTreeMap::new();
        for (at, token) in tokens.iter().enumerate().filter(|(_, t)| !is_stop_word(&t.word)) {
            for (stem, quality) in self.meant(token, &common) {
                for title in &self.stems[&stem] {
                    hits.entry(*title).or_default().push(Hit { at, stem: stem.clone(), quality });
                }
            }
        }
        let mut found: Vec<Candidate<'_>> = hits
            .iter()
            .flat_map(|(title, hits)| self.candidates(&self.all[*title], hits, text, &tokens, &common))
            .collect();
        found.sort_by(|a, b| b.rank.total_cmp(&a.rank).then_with(|| a.of.title.cmp(&b.of.title)));
        let mut kept: Vec<Candidate<'_>> = Vec::new();
        for candidate in found {
            let overlapping: Vec<&Candidate<'_>> =
                kept.iter().filter(|k| k.span.0 < candidate.span.1 && candidate.span.0 < k.span.1).collect();
            let alike = |k: &&&Candidate<'_>| k.rank - candidate.rank <= ALIKE && k.of.title != candidate.of.title;
            if overlapping.iter().all(|k| alike(&k)) && overlapping.len() < KEPT {
                kept.push(candidate);
            }
        }
        kept.sort_by(|a, b| a.span.cmp(&b.span).then_with(|| a.of.title.cmp(&b.of.title)));
        let mention = |c: Candidate<'_>| ProductMention {
            title: c.of.title.clone(),
            id: c.of.id.clone(),
            span: c.span,
            score: (c.score * 100.0).round() / 100.0,
        };
        kept.into_iter().map(mention).collect()
    }

    /// Stems of the catalogue that a word is, or is a slip of.
    fn meant(&self, token: &Token, common: &dyn Fn(&str) -> bool) -> Vec<(String, f32)> {
        let said = stem_of(token);
        if self.stems.contains_key(&said) {
            return vec![(said, 1.0)];
        }
        let letters = said.chars().count();
        // A right word is no slip of another one.
        if letters < 4 || common(&said) || said.bytes().any(|b| b.is_ascii_digit()) {
            return Vec::new();
        }
        let most = if letters >= 8 { 2 } else { 1 };
        let near = said.chars().next().and_then(|first| self.by_letter.get(&first)).into_iter().flatten();
        let near = near.filter(|stem| stem.chars().count().abs_diff(letters) <= most && stem.chars().count() >= 4);
        let slips = near.filter_map(|stem| {
            let slips = strsim::osa_distance(&said, stem);
            // Of four letters one that is another one makes another word: "test" is no "tent".
            let other = letters == 4 && stem.chars().count() == 4 && !is_swapped(&said, stem);
            (slips <= most && !other).then_some((slips, stem))
        });
        let best = slips.min_by_key(|(slips, stem)| (*slips, (*stem).clone()));
        best.map(|(slips, stem)| (stem.clone(), 1.0 - 0.1 * slips as f32)).into_iter().collect()
    }

    fn weight(&self, stem: &str) -> f32 {
        let titles = self.stems.get(stem).map_or(1, Vec::len) as f32;
        (1.0 + self.all.len() as f32 / titles).ln()
    }

    /// The runs of words that say enough of a title.
    fn candidates<'t>(
        &self,
        of: &'t Title,
        hits: &[Hit],
        text: &str,
        tokens: &[Token],
        common: &dyn Fn(&str) -> bool,
    ) -> Vec<Candidate<'t>> {
        let mut runs: Vec<Vec<&Hit>> = Vec::new();
        for hit in hits {
            match runs.last_mut() {
                Some(run) if run.last().is_some_and(|last| joins(text, tokens, last.at, hit.at)) => run.push(hit),
                _ => runs.push(vec![hit]),
            }
        }
        let whole: f32 = of.stems.iter().map(|stem| self.weight(stem)).sum();
        let mut found = Vec::new();
        for run in runs {
            let mut best: BTreeMap<&str, f32> = BTreeMap::new();
            for hit in &run {
                let known = best.entry(hit.stem.as_str()).or_default();
                *known = known.max(hit.quality);
            }
            let said: f32 = best.iter().map(|(stem, quality)| self.weight(stem) * quality).sum();
            let score = said / whole;
            let everyday = best.keys().all(|stem| common(stem));
            let small = |at: usize| matches!(tokens[at].word.as_str(), "for" | "of" | "in" | "with" | "and");
            let adjacent = run.windows(2).all(|pair| (pair[0].at + 1..pair[1].at).all(small));
            let fits = if best.len() == 1 {
                let (stem, quality) = best.iter().next().map_or(("", 0.0), |(stem, q)| (*stem, *q));
                self.is_a_name(of, stem, quality) && !everyday
            } else if everyday {
                // "Wool socks" is a name where it is all of it, word by word.
                best.len() == of.stems.len() && adjacent && in_order(of, &run)
            } else {
                score >= SAID
            };
            if let (true, Some(first), Some(last)) = (fits, run.first(), run.last()) {
                let span = (tokens[first.at].start, tokens[last.at].end);
                found.push(Candidate { of, span, score, rank: said * score });
            }
        }
        found
    }

    /// Whether one word alone names a product: the one that tells its title from all others.
    fn is_a_name(&self, of: &Title, stem: &str, quality: f32) -> bool {
        let letters = stem.chars().count();
        let rare = self.stems.get(stem).is_some_and(|titles| titles.len() <= NAMES);
        let weight = self.weight(stem);
        let telling = of.stems.iter().all(|other| self.weight(other) <= weight);
        let sure = quality >= 1.0 || letters >= 6;
        rare && telling && sure && letters >= NAME_LETTERS && stem.chars().all(char::is_alphabetic)
    }
}

static COMMON_STEMS: std::sync::LazyLock<BTreeSet<String>> =
    std::sync::LazyLock::new(|| COMMON.split_whitespace().map(stem).collect());

struct Hit {
    at: usize,
    stem: String,
    quality: f32,
}

struct Candidate<'t> {
    of: &'t Title,
    span: (usize, usize),
    score: f32,
    rank: f32,
}

fn stem_of(token: &Token) -> String {
    stem(token.word.trim_end_matches("'s"))
}

fn is_swapped(a: &str, b: &str) -> bool {
    let sorted = |text: &str| {
        let mut letters: Vec<char> = text.chars().collect();
        letters.sort_unstable();
        letters
    };
    sorted(a) == sorted(b)
}

/// Whether two words can be of one title: near each other, in one sentence.
fn joins(text: &str, tokens: &[Token], a: usize, b: usize) -> bool {
    b > a && b - a <= BETWEEN + 1 && (a..b).all(|at| !gap(text, tokens, at).contains(['.', '?', '!', ';', '\n', ',']))
}

fn in_order(of: &Title, run: &[&Hit]) -> bool {
    let places: Vec<Option<usize>> = run.iter().map(|hit| of.stems.iter().position(|s| *s == hit.stem)).collect();
    places.is_sorted()
}

/// Those that are told by their name alone: nothing else fits the same words.
pub fn unmistakable(products: &[ProductMention]) -> impl Iterator<Item = &ProductMention> {
    products.iter().filter(|one| {
        products.iter().all(|other| other == *one || other.span.1 <= one.span.0 || one.span.1 <= other.span.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalogue() -> Titles {
        let titles = [
            "Fjell Down Jacket",
            "Trail Jacket",
            "Trail Jacket Kids",
            "Hekla Tent",
            "Hekla Tent Footprint",
            "Wool Socks",
            "Stormfjell Rain Shell",
            "Dry Bag 20 L",
            "Travel Bag",
            "Return Label Holder",
            "Order Book",
            "Nordlys Headlamp",
            "Skarv Mug Men",
            "Skarv Mug Women",
        ];
        Titles::new(titles.iter().map(|t| (Some(DocId(format!("products/{t}"))), (*t).to_owned())))
    }

    #[track_caller]
    fn check(text: &str, expect: &[&str]) {
        let found: Vec<String> = catalogue().find(text, &|_| false).into_iter().map(|m| m.title).collect();
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn a_product_is_named_in_whole_in_part_in_plural_and_with_slips() {
        check("Is the Trail Jacket warm?", &["Trail Jacket"]);
        check("two trail jackets please", &["Trail Jacket"]);
        check("the trail jacket for kids", &["Trail Jacket Kids"]);
        check("do you have the fjell jacket in olive", &["Fjell Down Jacket"]);
        check("stormfjel rain shel?", &["Stormfjell Rain Shell"]);
        check("is the stormfjell waterproof", &["Stormfjell Rain Shell"]);
        check("how bright is the nordlis headlamp", &["Nordlys Headlamp"]);
        check("my wool socks have a hole", &["Wool Socks"]);
        check("The Hekla tent leaks. And the wool socks too.", &["Hekla Tent", "Wool Socks"]);
        check("dry bag 20 l", &["Dry Bag 20 L"]);
    }

    #[test]
    fn a_name_that_fits_several_is_said_to_fit_several() {
        let found = catalogue().find("do you have the skarv mug?", &|_| false);
        let titles: Vec<&str> = found.iter().map(|m| m.title.as_str()).collect();
        assert_eq!(titles, ["Skarv Mug Men", "Skarv Mug Women"]);
        assert_eq!(unmistakable(&found).count(), 0);
        let one = catalogue().find("the trail jacket and wool socks", &|_| false);
        assert_eq!(unmistakable(&one).count(), 2);
    }

    #[test]
    fn everyday_words_name_nothing() {
        for text in [
            "Where is my order?",
            "I want to return my bag",
            "the bag is torn",
            "I would like to return it. My order number is 12",
            "can I get a return label",
            "is it a rain jacket",
            "do you ship to Norway",
            "which jacket is the warmest?",
            "please test the label",
            "wool is itchy, and my socks are wet",
            "what is the border",
            "for kids or for men?",
            "",
        ] {
            check(text, &[]);
        }
    }

    #[test]
    fn places_are_bytes_of_the_text() {
        let text = "Große Frage: is the Hekla tent dry?";
        let found = catalogue().find(text, &|_| false);
        assert_eq!(&text[found[0].span.0..found[0].span.1], "Hekla tent");
        assert_eq!((found[0].score, found[0].id.clone()), (1.0, Some(DocId("products/Hekla Tent".into()))));
        assert!(catalogue().find("the hekla", &|stem| stem == "hekla").is_empty(), "a word of every shop is no name");
    }
}
