//! Can or cannot: does a sentence say yes where its source says no?
//!
//! Clause by clause, because one sentence often does both ("gift cards cannot be returned, but they never expire").

use super::support::share;
use crate::select::stem_set;
use regex::Regex;
use std::sync::LazyLock;

static NEGATION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?ix)\b(?: not | no | never | cannot | can['’]?t | won['’]?t | don['’]?t | doesn['’]?t | isn['’]?t | aren['’]?t
        | mustn['’]?t | shouldn['’]?t | couldn['’]?t | wouldn['’]?t | didn['’]?t | without | unable | neither | nor | none
        | excluded? | excludes | excluding | ineligible | non-?\w+able | (?:is|are|be|as|all|sales?\s(?:is|are))\s+final(?:[\s-]sale)? | prohibited | forbidden | declined?
        | unavailable | impossible | void | voided | expired | refuse[sd]? | only\s+if | unless )\b",
    )
    .expect("constant")
});

static CLAUSE_END: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)[,;:()]|\s[-–—]\s|\b(?:but|however|although|though|while|whereas|except|otherwise)\b")
        .expect("constant")
});

/// Words that look negative and say nothing about what is allowed.
static IDIOM: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:no later than|not later than|no more than|not more than|no less than|no need to|no questions asked|no problem|no extra (?:cost|charge)|at no (?:cost|charge)|not only|no minimum|no longer than|no-?reply|no\.\s?\d)\b")
        .expect("constant")
});

/// Whether a text says no.
pub fn is_negative(text: &str) -> bool {
    NEGATION.is_match(&IDIOM.replace_all(text, " "))
}

/// Whether a heading says no about everything under it.
pub fn denies(heading: &str) -> bool {
    static DENIES: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:can(?:no|['’])t|cannot|may not|must not|(?:is|are|do|does|will) not|isn['’]t|aren['’]t|don['’]t|doesn['’]t|not|non)[\s-](?:be\s)?(?:(?:\w+ly|also)\s)?(?:return\w*|refund\w*|exchang\w*|cover\w*|includ\w*|eligib\w*|accept\w*|allow\w*|ship\w*|deliver\w*|cancel\w*|apply|applicable|combin\w*|offer\w*|sell|available|qualif\w*|use[d]?)\b|\b(?:exclusions?|exceptions?|excluded)\b")
            .expect("constant")
    });
    DENIES.is_match(heading) && !heading.trim_end().ends_with('?')
}

/// Whether `said` agrees in polarity with `source`: each clause of it with the clause of the source that shares most
/// of its words. Clauses that share nothing are left to the support check.
pub fn agrees(said: &str, source: &str) -> bool {
    let theirs: Vec<_> = clauses(source).into_iter().map(|c| (stem_set(c), is_negative(c))).collect();
    let (lead, rest) = lead(said);
    if let Some(yes) = lead
        && yes == is_negative(first_clause(rest))
    {
        return false;
    }
    clauses(rest).into_iter().all(|clause| {
        let stems = stem_set(clause);
        if stems.is_empty() {
            return true;
        }
        let best = theirs
            .iter()
            .map(|(s, negative)| (share(&stems, s), *negative))
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .filter(|(shared, _)| *shared >= 0.5);
        // A yes does not stand where a clause says no about most of the same words.
        let denied = theirs.iter().any(|(s, negative)| *negative && share(s, &stems) >= 0.5 && !s.is_empty());
        if denied && !is_negative(clause) && best.is_none_or(|(shared, _)| shared < 0.99) {
            return false;
        }
        // Where no single clause matches, the whole source decides.
        let negative = best.map_or_else(|| is_negative(source), |(_, negative)| negative);
        is_negative(clause) == negative
    })
}

/// A leading yes or no, and what follows it.
fn lead(text: &str) -> (Option<bool>, &str) {
    static LEAD: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?i)^\s*(yes|no)\s*[,.!:;–—-]\s*").expect("constant"));
    match LEAD.captures(text) {
        Some(c) => (Some(c[1].eq_ignore_ascii_case("yes")), &text[c[0].len()..]),
        None => (None, text),
    }
}

fn first_clause(text: &str) -> &str {
    clauses(text).into_iter().find(|c| !c.trim().is_empty()).unwrap_or(text)
}

fn clauses(text: &str) -> Vec<&str> {
    CLAUSE_END.split(text).filter(|c| !c.trim().is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yes_does_not_stand_in_no() {
        let check =
            |said: &str, source: &str, expect: bool| assert_eq!(agrees(said, source), expect, "{said} / {source}");
        check("Final sale items cannot be returned.", "Final sale items cannot be returned or exchanged.", true);
        check("Final sale items can be returned.", "Final sale items cannot be returned or exchanged.", false);
        check("Yes, gift cards can be returned.", "Gift cards cannot be returned, but they never expire.", false);
        check("No, gift cards cannot be returned.", "Gift cards cannot be returned, but they never expire.", true);
        check("Gift cards never expire.", "Gift cards cannot be returned, but they never expire.", true);
        check("Yes, gift cards cannot be returned.", "Gift cards cannot be returned.", false);
        check("No, you can return it.", "You can return it.", false);
        check("Yes, a gas canister is included with the stove.", "Gas canister: not included, sold separately", false);
        check("We ship to Canada.", "We ship to the United States and Canada.", true);
        check("We do not ship to Canada.", "We ship to the United States and Canada.", false);
        check("Return it no later than 30 days after delivery.", "You have 30 days after delivery to return it.", true);
    }
}
