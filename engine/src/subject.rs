//! Whose rule is it? Documents about different subjects (products, variants, plans, countries) often hold the same
//! sentence with different values. Where neither the question nor the conversation says which subject is meant, the
//! customer is asked: picking one is what plain retrieval gets wrong most.

use crate::check::polarity::is_negative;
use crate::evidence::{DocId, Evidence, Passage, SourceKind};
use crate::place::countries;
use crate::select::{Question, Scored, Unit, stem_set, units};
use crate::text::sentences;
use crate::turn::{Speaker, Turn};
use crate::understand::entities::{ProductMention, unmistakable};
use crate::value::Value;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// More choices than this are no help.
const CHOICES: usize = 5;
/// A stem that this share of the titles has is what they all are about, not what tells them apart.
const COMMON: f32 = 0.5;
/// A passage whose cosine is so much lower fits the question as well.
const NEAR: f32 = 0.12;
/// So many others that fit alike make one of them nobody's in particular.
const ALIKE: usize = 2;
/// So much of what tells a document from its siblings must be said to name it.
const NAMED: f32 = 0.6;
/// Stems that say what kind of page it is, not whose.
const FORMS: [&str; 10] =
    ["faq", "question", "guid", "overview", "explain", "understand", "detail", "inform", "polici", "term"];
/// A stem that so many titles of a kind have names the kind of thing.
const FAMILY: f32 = 0.2;
/// Of the words of the shorter of two sentences so many stand in the other, where they say the same of two subjects.
const PARALLEL: f32 = 0.5;
/// Two words in common are no parallel.
const WORDS: usize = 2;

/// The titles of what was found, and which of them the customer has named.
pub struct Subjects {
    /// Stems of each document's title.
    titles: BTreeMap<DocId, (String, SourceKind, BTreeSet<String>)>,
    /// In how many titles of a kind a stem stands.
    counts: BTreeMap<(SourceKind, String), usize>,
    documents: BTreeMap<SourceKind, usize>,
    said: HashSet<String>,
    /// What was said besides the sentence that points at "this account": its own words are what is asked of it.
    elsewhere: HashSet<String>,
}

impl Subjects {
    pub fn of(question: &Question, turn: &Turn, candidates: &[Passage]) -> Self {
        let mut said: HashSet<String> = stem_set(&question.text);
        for message in turn.history.iter().filter(|m| m.role == Speaker::Customer) {
            said.extend(stem_set(&message.text));
        }
        let mut elsewhere: HashSet<String> = HashSet::new();
        let others = sentences(&question.text).into_iter().filter(|s| !s.to_lowercase().contains("this "));
        let before = turn.history.iter().filter(|m| m.role == Speaker::Customer).map(|m| m.text.as_str());
        others.chain(before).for_each(|text| elsewhere.extend(stem_set(text)));
        let mut titles = BTreeMap::new();
        for p in candidates {
            let stems = || stem_set(&p.title).into_iter().collect::<BTreeSet<String>>();
            titles.entry(p.doc.clone()).or_insert_with(|| (p.title.clone(), p.kind, stems()));
        }
        let mut counts: BTreeMap<(SourceKind, String), usize> = BTreeMap::new();
        let mut documents: BTreeMap<SourceKind, usize> = BTreeMap::new();
        for (_, kind, stems) in titles.values() {
            *documents.entry(*kind).or_default() += 1;
            stems.iter().for_each(|stem: &String| *counts.entry((*kind, stem.clone())).or_default() += 1);
        }
        Self { titles, counts, documents, said, elsewhere }
    }

    /// With the products that the message names: what was written with a slip, or in part, counts as the whole title.
    /// A name that fits several products says none of them.
    pub fn naming(mut self, products: &[ProductMention]) -> Self {
        unmistakable(products).for_each(|product| self.said.extend(stem_set(&product.title)));
        self
    }

    /// The stems that tell a document from its siblings.
    fn telling(&self, doc: &DocId) -> BTreeSet<&str> {
        let Some((_, kind, stems)) = self.titles.get(doc) else { return BTreeSet::new() };
        let all = self.documents.get(kind).copied().unwrap_or_default().max(1) as f32;
        let rare = |stem: &&String| (self.counts[&(*kind, (*stem).clone())] as f32) < (COMMON * all).max(2.0);
        stems.iter().filter(rare).map(String::as_str).filter(|stem| !FORMS.contains(stem)).collect()
    }

    /// Most of what tells the document from its siblings was said.
    fn is_named(&self, doc: &DocId) -> bool {
        let telling = self.telling(doc);
        let said = telling.iter().filter(|stem| self.said.contains(**stem)).count();
        !telling.is_empty() && said as f32 >= NAMED * telling.len() as f32
    }

    /// What was said of a title, and what tells it from its siblings and was not.
    fn split(&self, doc: &DocId) -> (BTreeSet<&str>, BTreeSet<&str>) {
        let Some((_, _, stems)) = self.titles.get(doc) else { return Default::default() };
        let said = stems.iter().map(String::as_str).filter(|stem| self.said.contains(*stem)).collect();
        (said, self.telling(doc).into_iter().filter(|stem| !self.said.contains(*stem)).collect())
    }

    /// Two of one kind of thing: products, or pages whose titles share a word that many titles have ("account").
    pub fn is_family(&self, a: &DocId, b: &DocId) -> bool {
        let (Some((_, kind, x)), Some((_, other, y))) = (self.titles.get(a), self.titles.get(b)) else { return false };
        let many = (self.documents[kind] as f32 * FAMILY).max(3.0);
        let common = |stem: &String| self.counts[&(*kind, stem.clone())] as f32 >= many;
        kind == other && (*kind == SourceKind::Product || x.intersection(y).any(common))
    }

    /// What is left where a subject was named: not what is said of its siblings.
    pub fn about_the_named(&self, ranked: Vec<Scored>, evidence: &Evidence) -> Vec<Scored> {
        let named: Vec<&DocId> = self.titles.keys().filter(|doc| self.is_named(doc)).collect();
        let of_a_sibling = |s: &Scored| {
            let doc = &evidence.passages()[s.unit.passage].doc;
            let said = self.split(doc).0;
            let less = |named: &DocId| {
                let more = self.split(named).0;
                said.is_subset(&more) && said != more && self.is_family(named, doc)
            };
            !self.telling(doc).is_empty() && !self.is_named(doc) && named.iter().any(|named| less(named))
        };
        ranked.into_iter().filter(|s| !of_a_sibling(s)).collect()
    }

    /// Whether what was said fits one title better than another: "the Blue card" is not the Light Blue one.
    pub fn outnames(&self, a: &DocId, b: &DocId) -> bool {
        let (Some((_, _, x)), Some((_, _, y))) = (self.titles.get(a), self.titles.get(b)) else { return false };
        let said = |stems: &BTreeSet<String>| -> BTreeSet<String> {
            stems.iter().filter(|stem| self.said.contains(*stem)).cloned().collect()
        };
        let (here, there) = (said(x), said(y));
        let (left, right) = (x - &here, y - &there);
        self.is_family(a, b) && !here.is_empty() && here.is_superset(&there) && left.is_subset(&right) && left != right
    }

    /// The noun of "this account", where many titles have it: one of several, and it is not said which.
    fn noun_pointed_at(&self, text: &str) -> Option<&str> {
        let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
        let pointed = words.windows(2).filter(|pair| pair[0].eq_ignore_ascii_case("this"));
        let many = (self.documents.get(&SourceKind::Policy).copied().unwrap_or_default() as f32 * FAMILY).max(3.0);
        let stems: Vec<String> = pointed.flat_map(|pair| stem_set(pair[1])).collect();
        let of = |(kind, stem): &&(SourceKind, String)| *kind == SourceKind::Policy && stems.contains(stem);
        let frequent = self.counts.iter().filter(|(_, count)| **count as f32 >= many).map(|(key, _)| key);
        frequent.filter(of).map(|(_, stem)| stem.as_str()).next()
    }

    /// The pages about things of this name. `None` where one of them was named, or where there are not several.
    fn of_the_noun(&self, noun: &str, said: &HashSet<String>) -> Option<Vec<String>> {
        let titles =
            self.titles.iter().filter(|(_, (_, kind, stems))| *kind == SourceKind::Policy && stems.contains(noun));
        let mut choices: Vec<String> = Vec::new();
        for (doc, (title, ..)) in titles {
            if self.telling(doc).iter().any(|stem| said.contains(*stem)) {
                return None;
            }
            if !choices.contains(title) && choices.len() < CHOICES {
                choices.push(title.clone());
            }
        }
        (choices.len() > ALIKE).then_some(choices)
    }

    /// The subjects to choose from, where the best statement holds for one that nobody named and others say otherwise.
    pub fn which(
        &self,
        question: &Question,
        best: &Scored,
        evidence: &Evidence,
        all: &Evidence,
    ) -> Option<Vec<String>> {
        let passage = &evidence.passages()[best.unit.passage];
        let (said, unsaid) = self.split(&passage.doc);
        // A page about the place that was named is the one that is meant.
        let about = countries(&passage.title);
        if !question.countries.is_disjoint(&about) {
            return None;
        }
        if passage.kind == SourceKind::Conversation {
            return None;
        }
        if unsaid.is_empty() || self.is_named(&passage.doc) {
            // "You pay nothing on this account", on a page whose title does not say which account that is.
            let hidden = passage.kind == SourceKind::Policy && unsaid.is_empty();
            let title = self.titles.get(&passage.doc).map(|(.., stems)| stems);
            let in_title = |stem: &str| title.is_some_and(|stems| stems.contains(stem));
            // A title that has the noun says whose page it is.
            return self.noun_pointed_at(&passage.text).filter(|noun| hidden && !in_title(noun)).and_then(|noun| {
                // Its own words and its title are the topic, not whose it is.
                let topic = |stem: &&String| best.unit.own_stems.contains(*stem) || in_title(stem);
                let said: HashSet<String> = self.said.iter().filter(|stem| !topic(stem)).cloned().collect();
                self.of_the_noun(noun, &said)
            });
        }
        // "Does this account earn interest?", and no account was spoken of.
        if let Some(noun) = self.noun_pointed_at(&question.text)
            && passage.kind == SourceKind::Policy
            && let Some(choices) = self.of_the_noun(noun, &self.elsewhere)
        {
            return Some(choices);
        }
        let mut choices = vec![passage.title.clone()];
        let mut agreeing: BTreeSet<&DocId> = BTreeSet::new();
        for unit in units(all) {
            let p = &all.passages()[unit.passage];
            // What is left of each title is another subject; of products the question must fit both titles alike.
            let (here, left) = self.split(&p.doc);
            // A title that has a word of the question is the page about it, not one subject's among many.
            let same_question = p.kind == SourceKind::Policy
                && passage.kind == SourceKind::Policy
                && said.is_empty()
                && here.is_empty()
                && !left.is_empty()
                && both_answer(question, &best.unit, &unit);
            let sibling = (same_question || self.is_family(&p.doc, &passage.doc))
                && (p.kind == SourceKind::Policy || here == said)
                && !left.is_superset(&unsaid)
                && !left.is_subset(&unsaid);
            match says_otherwise(question, &best.unit, &unit, same_question).filter(|_| sibling) {
                Some(true) if !choices.contains(&p.title) => choices.push(p.title.clone()),
                Some(false) => {
                    agreeing.insert(&p.doc);
                }
                Some(true) | None => {}
            }
            if choices.len() == CHOICES {
                break;
            }
        }
        // Pages of one family that fit the question alike: whose rule it is cannot be told from one of them alone.
        if choices.len() == 1 && passage.kind == SourceKind::Policy {
            let near = passage.scores.dense.map(|dense| dense - NEAR);
            let alike = all.passages().iter().filter(|p| {
                let left = self.split(&p.doc).1;
                let other = !left.is_superset(&unsaid) && !left.is_subset(&unsaid);
                self.is_family(&p.doc, &passage.doc) && other && p.scores.dense >= near && !agreeing.contains(&p.doc)
            });
            let mut others: Vec<String> = Vec::new();
            for p in alike {
                if !others.contains(&p.title) {
                    others.push(p.title.clone());
                }
            }
            if others.len() >= ALIKE {
                choices.extend(others.into_iter().take(CHOICES - 1));
            }
        }
        (choices.len() > 1).then_some(choices)
    }
}

/// Whether two sentences both hold, with their headings, every word of the question, and values that can be compared.
fn both_answer(question: &Question, a: &Unit, b: &Unit) -> bool {
    let whole = |u: &Unit| question.stems.iter().all(|stem| u.stems.contains(stem));
    let values = |u: &Unit| u.values.iter().any(|found| !matches!(found.value, Value::Number { unit: None, .. }));
    question.stems.len() >= WORDS && whole(a) && whole(b) && values(a) && values(b)
}

/// Whether the same sentence about another subject has another value, or says the opposite; `None` where it is another
/// sentence.
fn says_otherwise(question: &Question, a: &Unit, b: &Unit, same_question: bool) -> Option<bool> {
    let plain = |u: &Unit| -> HashSet<String> {
        u.own_stems.iter().filter(|w| !w.starts_with(|c: char| c.is_ascii_digit())).cloned().collect()
    };
    let (x, y) = (plain(a), plain(b));
    let shared = x.intersection(&y).count();
    let parallel = shared > WORDS && shared as f32 >= PARALLEL * x.len().min(y.len()).max(1) as f32
        || same_question
        || (!a.question.is_empty() && stem_set(&a.question) == stem_set(&b.question));
    let countries = a.countries.is_empty() || b.countries.is_empty() || !a.countries.is_disjoint(&b.countries);
    let covers = question.stems.iter().all(|s| !a.stems.contains(s) || b.stems.contains(s));
    if !parallel || !countries || !covers {
        return None;
    }
    let wanted = |u: &Unit| -> Vec<Value> {
        let all = u.values.iter().map(|f| f.value.clone());
        let asked: Vec<Value> = all.clone().filter(|v| question.asked.takes(v)).collect();
        if asked.is_empty() { all.filter(|v| !matches!(v, Value::Number { unit: None, .. })).collect() } else { asked }
    };
    let (mine, theirs) = (wanted(a), wanted(b));
    let comparable = theirs.iter().any(|v| mine.iter().any(|w| v.same_kind(w)));
    let agree = theirs.iter().any(|v| mine.iter().any(|w| v.stands_in(w) || w.stands_in(v)));
    let opposite = (a.denied || is_negative(&a.text)) != (b.denied || is_negative(&b.text));
    Some((comparable && !agree) || (mine.is_empty() && theirs.is_empty() && opposite))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{StoreId, StorePass};
    use crate::evidence::{PassageId, Scores};
    use crate::select::Features;

    fn page(doc: &str, title: &str, text: &str) -> Passage {
        Passage {
            id: PassageId(format!("{doc}#0")),
            doc: DocId(doc.into()),
            store: StoreId::parse("s").unwrap(),
            kind: SourceKind::Policy,
            title: title.into(),
            heading: Vec::new(),
            text: text.into(),
            url: None,
            tags: Vec::new(),
            valid_from: None,
            valid_to: None,
            span: (0, text.len()),
            scores: Scores::default(),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "a test's own store")]
    fn pass() -> StorePass {
        StorePass::for_operator(StoreId::parse("s").unwrap(), "test")
    }

    /// The choices for a question whose best statement is the first page's.
    fn asked(text: &str, history: &[&str], pages: &[Passage]) -> Option<Vec<String>> {
        let evidence = Evidence::gather(&pass(), pages.to_vec()).unwrap();
        let question = Question::read(text);
        let history = history
            .iter()
            .map(|text| crate::turn::Message { role: Speaker::Customer, text: (*text).to_owned() })
            .collect();
        let turn = Turn { history, ..Turn::single("c", text) };
        let best = Scored { unit: units(&evidence).remove(0), features: Features::default(), total: 1.0 };
        Subjects::of(&question, &turn, pages).which(&question, &best, &evidence, &evidence)
    }

    fn plans() -> Vec<Passage> {
        vec![
            page("a", "Basic plan: fees", "The monthly fee of the plan is $5.00."),
            page("b", "Family plan: fees", "The monthly fee of the plan is $9.00."),
            page("c", "Student plan: fees", "The monthly fee of the plan is $2.00."),
        ]
    }

    #[test]
    fn an_unnamed_subject_is_asked_for() {
        let choices = asked("What is the monthly fee?", &[], &plans()).unwrap();
        assert_eq!(choices, ["Basic plan: fees", "Family plan: fees", "Student plan: fees"]);
        assert_eq!(asked("What is the monthly fee of the basic plan?", &[], &plans()), None);
        assert_eq!(asked("And what is the monthly fee?", &["I have the basic plan"], &plans()), None);
    }

    #[test]
    fn a_product_that_is_named_with_a_slip_is_named() {
        let sold = |doc: &str, title: &str, text: &str| Passage {
            kind: SourceKind::Product,
            ..page(doc, title, &format!("The tent weighs {text} kg with its poles."))
        };
        let pages = [sold("h", "Hekla tent", "2.4"), sold("s", "Skarv tent", "3.1"), sold("t", "Tind tent", "4.5")];
        let evidence = Evidence::gather(&pass(), pages.to_vec()).unwrap();
        let titles = crate::understand::Titles::new(pages.iter().map(|p| (Some(p.doc.clone()), p.title.clone())));
        let which = |text: &str| {
            let question = Question::read(text);
            let best = Scored { unit: units(&evidence).remove(0), features: Features::default(), total: 1.0 };
            let named = titles.find(text, &|_| false);
            let subjects = Subjects::of(&question, &Turn::single("c", text), &pages).naming(&named);
            subjects.which(&question, &best, &evidence, &evidence)
        };
        assert!(which("How much does the tent weigh with its poles?").is_some(), "any of them may be meant");
        assert_eq!(which("How much does the heklaa tent weigh with its poles?"), None);
    }

    #[test]
    fn this_account_is_none_in_particular() {
        let account = |doc, title| page(doc, title, "Interest is paid every month on this account.");
        let pages = [account("b", "Bronze account"), account("s", "Silver account"), account("g", "Gold account")];
        assert_eq!(asked("Does this account earn interest?", &[], &pages).map(|c| c.len()), Some(3));
        assert_eq!(asked("Does this account earn interest?", &["I have a silver account"], &pages), None);
        let silver = "I have a silver account. Does this account earn interest?";
        assert_eq!(asked(silver, &[], &pages), None);
        let named = account("x", "Silver account: how interest is paid");
        let more: Vec<Passage> = std::iter::once(named).chain(pages.to_vec()).collect();
        assert_eq!(asked("How is interest paid? (Silver account)", &[], &more), None);
        let hidden = page("h", "How to earn interest", "You earn no interest on this account.");
        let pages: Vec<Passage> = std::iter::once(hidden).chain(pages).collect();
        assert_eq!(asked("How do I earn interest?", &[], &pages).map(|c| c.len()), Some(3));
    }

    #[test]
    fn other_words_with_another_value_are_another_subject() {
        let pages = [
            page("l", "Lime checking: guide", "Keep a minimum balance of $5,000 to meet the requirement."),
            page("g", "Gold savings: benefits", "The minimum balance requirement is $10,000 here."),
        ];
        assert_eq!(asked("Is there a minimum balance requirement?", &[], &pages).map(|c| c.len()), Some(2));
    }

    #[test]
    fn the_same_value_everywhere_needs_no_question() {
        let same: Vec<Passage> = plans()
            .into_iter()
            .map(|p| Passage { text: "The monthly fee of the plan is $5.00.".into(), ..p })
            .collect();
        assert_eq!(asked("What is the monthly fee?", &[], &same), None);
    }

    #[test]
    fn a_named_place_names_its_page() {
        let take = |doc, title, days| page(doc, title, &format!("Standard shipping takes {days} business days."));
        let pages = [
            take("u", "Shipping within the United States", 3),
            take("c", "Shipping to Canada", 6),
            take("h", "Holiday shipping", 9),
        ];
        assert_eq!(asked("How many days does standard shipping take to Texas?", &[], &pages), None);
    }

    #[test]
    fn a_general_page_is_for_everybody() {
        let pages = [
            page("r", "Returns", "You have 30 days to return an item after delivery."),
            page("h", "Holiday returns", "You have 60 days to return an item after delivery."),
        ];
        assert_eq!(asked("How many days do I have to return an item after delivery?", &[], &pages), None);
    }

    #[test]
    fn the_named_one_is_preferred() {
        let fee = |doc, title| page(doc, title, "The yearly fee is $10.00.");
        let pages = [
            fee("l", "Light Blue card: fees"),
            fee("b", "Blue card: fees"),
            fee("g", "Green card: fees"),
            fee("r", "Red card: fees"),
            fee("w", "White card: fees"),
            page("o", "Opening hours", "We are open from 9:00."),
        ];
        let evidence = Evidence::gather(&pass(), pages.to_vec()).unwrap();
        let question = Question::read("What is the yearly fee of the blue card?");
        let subjects = Subjects::of(&question, &Turn::single("c", "x"), &pages);
        let scored = |unit| Scored { unit, features: Features::default(), total: 1.0 };
        let ranked = units(&evidence).into_iter().map(scored).collect();
        let left = subjects.about_the_named(ranked, &evidence);
        let docs: Vec<&str> = left.iter().map(|s| evidence.passages()[s.unit.passage].doc.0.as_str()).collect();
        assert_eq!(docs, ["l", "b", "o"], "the other cards are not asked about; other pages stay");
        let doc = |id: &str| DocId(id.into());
        assert!(subjects.outnames(&doc("b"), &doc("l")) && !subjects.outnames(&doc("l"), &doc("b")));
        assert!(!subjects.outnames(&doc("g"), &doc("r")));
    }
}
