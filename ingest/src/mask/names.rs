//! Names of people: those that the record of a conversation holds, and those that its texts give away.

use super::patterns::regex;
use super::words::{BEFORE, EVERYDAY, NO_NAMES, PARTICLES};
use super::{Marks, MaskClass};
use regex::Regex;
use std::collections::HashSet;
use std::sync::LazyLock;
use unicode_segmentation::UnicodeSegmentation;

/// The names of one conversation. A name stands for each of its parts.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Lower case; masked however they are written.
    any_case: HashSet<String>,
    /// Masked only as they are written here: short ones, and those that were only guessed from the text.
    exact: HashSet<String>,
    /// Everyday words; masked only where a name is expected.
    ambiguous: HashSet<String>,
}

/// A capitalized word or up to three.
const CAPITALIZED: &str =
    r"(\p{Lu}[\p{L}'’.-]*\p{L}(?:[ ](?:\p{Lu}\.|(?:van|von|de|da|del|la|der|den)\b|\p{Lu}[\p{L}'’-]+)){0,3})";

static PATTERNS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let greeting = "hi|hello|hey|dear|good morning|good afternoon|good evening|bonjour|bonsoir|salut|hallo|hola|ciao|cher|chère|liebe|lieber|thanks|thank you|many thanks|merci|danke|gracias|sorry|welcome|welcome back|nice to meet you|you're welcome|great|perfect|no problem|of course|certainly|understood|sure";
    let closing = "thanks|thank you|many thanks|thanks again|thx|ty|best|all the best|best wishes|best regards|kind regards|warm regards|warmly|regards|cheers|sincerely|yours sincerely|yours truly|yours|take care|love|merci|merci d'avance|merci beaucoup|cordialement|bien cordialement|bien à vous|mit freundlichen grüßen|viele grüße|liebe grüße|beste grüße|danke|mfg|lg|vg|saludos|un saludo|atentamente|gracias";
    vec![
        // In any case: nobody says this of anything else.
        regex(
            r"(?i)\b(?:my (?:full |first |last )?name(?:['’]s| is)|name is|(?:first|last|family) name(?:['’]s| is|:)?|je m['’]appelle|mon nom est|ich hei(?:ß|ss)e|mein name ist|me llamo|mi nombre es)\s*:?\s+(\p{L}[\p{L}'’-]+(?:[ ](?:\p{Lu}\.|\p{L}[\p{L}'’-]+)){0,2})",
        ),
        regex(&format!(r"(?m)(?i:^\s*(?:full |customer |first |last )?name\s*[:=])\s*{CAPITALIZED}")),
        regex(&format!(
            r"(?i:\b(?:i['’]?m|i am|this is|it['’]s|it is|c['’]est|ici|hier ist|hier spricht|soy))\s+{CAPITALIZED}(?:\s*[,.!\n;]|\s*$|\s+(?i:from|in|and|here|again|calling|writing|aus|de)\b)"
        )),
        regex(&format!(
            r"(?m)(?i:(?:^|[.!?,]\s+)(?:{greeting})),?\s+(?i:(?:mr|mrs|ms|miss|mme|madame|monsieur|frau|herr|dr)\.?\s+)?{CAPITALIZED}\s*(?:[,.!?:\n–—-]|$)"
        )),
        regex(&format!(r"(?m)(?i:^[^\n]{{0,40}}?\b(?:{closing}))[^\S\n]*[,.!;–—-]*\s*\n\s*[-–—~]*\s*{CAPITALIZED}")),
        regex(&format!(r"(?m)(?i:\b(?:{closing}))\s*[,.!–—-]*\s+[-–—~]*\s*{CAPITALIZED}\s*[.!]?\s*$")),
        regex(&format!(r"(?m)^\s*[-–—~]{{1,2}}\s?{CAPITALIZED}\s*\z")),
        regex(r"(?i)\b(?:mr|mrs|ms|mme|herr|frau)\.?\s+(\p{Lu}[\p{L}'’-]+)"),
    ]
});

/// `mia.garcia@`: an address made of a first and a last name gives both away.
static MAIL: LazyLock<Regex> = LazyLock::new(|| regex(r"(?i)\b(\p{L}{3,})[._-](\p{L}{3,})\d{0,6} ?@ ?[\w-]+\."));

impl Names {
    pub(super) fn gather<'t>(
        record: impl IntoIterator<Item = &'t str>,
        texts: impl IntoIterator<Item = &'t str>,
        keep: &[String],
    ) -> Self {
        let mut names = Self::default();
        for name in record {
            let name = name.split('@').next().unwrap_or(name);
            for part in name.split(|c: char| !c.is_alphabetic() && c != '\'' && c != '’').filter(|p| !p.is_empty()) {
                names.add(part, keep, true);
            }
        }
        for text in texts {
            for found in MAIL.captures_iter(text) {
                names.guessed(&capitalized(&found[1]), keep);
                names.guessed(&capitalized(&found[2]), keep);
            }
            for pattern in PATTERNS.iter() {
                for found in pattern.captures_iter(text) {
                    names.guessed(&found[1], keep);
                }
            }
        }
        names
    }

    /// Parts of a guessed name up to the first word that is none.
    fn guessed(&mut self, name: &str, keep: &[String]) {
        for part in name.split([' ', '-']).map(|p| p.trim_matches(|c: char| !c.is_alphabetic())) {
            let lower = part.to_lowercase();
            // "I'm" and "that's" start with a word that is no name.
            let word = lower.split(['\'', '’']).next().unwrap_or_default();
            if NO_NAMES.contains(word) {
                break;
            }
            self.add(part, keep, false);
        }
    }

    fn add(&mut self, part: &str, keep: &[String], sure: bool) {
        let part = part.trim_matches(['\'', '’']);
        let lower = part.to_lowercase();
        let letters = part.chars().count();
        if letters < 2 || PARTICLES.contains(lower.as_str()) || keep.contains(&lower) {
            return;
        }
        if EVERYDAY.contains(lower.as_str()) || NO_NAMES.contains(lower.as_str()) {
            self.ambiguous.insert(lower);
        } else if letters < 3 || !sure {
            self.exact.insert(capitalized(part));
            self.exact.insert(part.to_owned());
            self.exact.insert(part.to_uppercase());
        } else {
            self.any_case.insert(lower);
        }
    }

    /// A name wherever it stands.
    fn is_sure(&self, word: &str) -> bool {
        self.any_case.contains(&word.to_lowercase()) || self.exact.contains(word)
    }

    /// The name that starts here, for telling people apart.
    fn whole(&self, tokens: &[&str]) -> String {
        let joins = |token: &str| token.chars().all(|c| matches!(c, ' ' | '-' | '.'));
        let own = tokens.iter().copied().take_while(|token| {
            joins(token) || self.is_sure(possessive(token).0) || is_initial(token) || *token == tokens[0]
        });
        own.map(|token| possessive(token).0)
            .filter(|token| !joins(token) && !is_initial(token))
            .collect::<Vec<_>>()
            .join(" ")
    }

    pub fn is_empty(&self) -> bool {
        self.any_case.is_empty() && self.exact.is_empty() && self.ambiguous.is_empty()
    }

    pub(super) fn mask(&self, text: &str, marks: &mut Marks<'_>) -> String {
        if self.is_empty() {
            return text.to_owned();
        }
        let mut masked = String::with_capacity(text.len());
        // The last two words, to tell a name from an everyday word.
        let mut before = (String::new(), false);
        // White space and dots since the last masked name, so that "Maria B. Lindqvist" is one name.
        let mut pending: Option<String> = None;
        let mut in_brackets = false;
        let tokens: Vec<&str> = text.split_word_bounds().collect();
        for (at, token) in tokens.iter().copied().enumerate() {
            let is_word = token.chars().any(char::is_alphanumeric);
            if !is_word {
                in_brackets = if token == "[" { true } else { in_brackets && token != "]" };
                let joins = token.chars().all(|c| matches!(c, ' ' | '-' | '.'));
                match &mut pending {
                    Some(gap) if joins && gap.len() < 3 => gap.push_str(token),
                    _ => {
                        masked.push_str(&pending.take().unwrap_or_default());
                        masked.push_str(token);
                    }
                }
                continue;
            }
            let (own, ending) = possessive(token);
            let lower = own.to_lowercase();
            let next = if tokens.get(at + 1) == Some(&" ") { tokens.get(at + 2) } else { None };
            let named_next = next.is_some_and(|next| self.is_sure(possessive(next).0));
            let expected = before.1 || named_next || BEFORE.contains(before.0.as_str());
            let is_name = !in_brackets
                && (self.is_sure(own)
                    || (self.ambiguous.contains(&lower) && expected && !own.chars().all(char::is_lowercase))
                    || (before.1 && pending.is_some() && is_initial(own)));
            if is_name {
                if pending.take().is_none() {
                    // As far as it goes: "Maria B. Lindqvist" is one name.
                    masked.push_str(&marks.masked(MaskClass::Name, &self.whole(&tokens[at..])));
                }
                masked.push_str(ending);
                pending = ending.is_empty().then(String::new);
            } else {
                masked.push_str(&pending.take().unwrap_or_default());
                masked.push_str(token);
            }
            before = (lower, is_name);
        }
        masked.push_str(&pending.unwrap_or_default());
        masked
    }
}

fn capitalized(word: &str) -> String {
    let mut rest = word.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest.flat_map(char::to_lowercase)).collect()).unwrap_or_default()
}

fn is_initial(word: &str) -> bool {
    word.chars().count() == 1 && word.chars().all(char::is_uppercase) && word != "I" && word != "A"
}

/// "Maria's" is a name and two letters.
fn possessive(token: &str) -> (&str, &str) {
    let at = ["'s", "’s", "'S"].iter().find_map(|end| token.strip_suffix(end)).map_or(token.len(), str::len);
    token.split_at(at)
}
