//! Does a reply depend on how a message is written? Every message is asked again with typing errors, in lower case,
//! without punctuation, wrapped in politeness, reworded by rule, and in the paraphrases that the pack holds.
//!
//! Only the message that is asked is changed, never what was said before it. Words with a digit, `@` or `/` stay as they
//! are: another order number is another question. A message that a change leaves as it was is not asked again.

mod report;
mod typos;
mod wording;

pub use report::{Changed, Differs, PassK, Robustness, pass_power, robustness};

use crate::statistics::SplitMix64;
use crate::unit::Unit;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// One way to change every message. The same change, seed and rate give the same texts on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    pub kind: ChangeKind,
    pub seed: u64,
    /// Share of the longer words that get a typing error.
    pub rate: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// A neighbouring key, a letter left out, two swapped, one doubled.
    Typos,
    /// All in lower case.
    Casing,
    /// Without `.,;:!?` and quotation marks, but for those inside a number.
    Punctuation,
    /// A greeting before it, thanks behind it.
    Polite,
    /// "How do I return it?" becomes "I'd like to know how to return it."
    Reworded,
    /// In the words of the record's `paraphrases`; the seed says in which.
    Paraphrased,
}

impl ChangeKind {
    pub const ALL: [Self; 6] =
        [Self::Typos, Self::Casing, Self::Punctuation, Self::Polite, Self::Reworded, Self::Paraphrased];

    pub fn name(self) -> &'static str {
        match self {
            Self::Typos => "typos",
            Self::Casing => "casing",
            Self::Punctuation => "punctuation",
            Self::Polite => "polite",
            Self::Reworded => "reworded",
            Self::Paraphrased => "paraphrased",
        }
    }

    /// Another seed gives another text.
    pub fn is_seeded(self) -> bool {
        match self {
            Self::Typos | Self::Polite | Self::Paraphrased => true,
            Self::Casing | Self::Punctuation | Self::Reworded => false,
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (seed {}", self.kind.name(), self.seed)?;
        if self.kind == ChangeKind::Typos {
            write!(f, ", rate {}", self.rate)?;
        }
        f.write_str(")")
    }
}

impl Change {
    /// The unit with its message changed; `None` where the change leaves it as it was.
    pub fn of(&self, unit: Unit) -> Option<Unit> {
        let mut random = self.random(&unit.question.id);
        let text = unit.turn.text.trim();
        let changed = match self.kind {
            ChangeKind::Typos => typos::with_typos(text, self.rate, &mut random),
            ChangeKind::Casing => wording::lower(text),
            ChangeKind::Punctuation => wording::without_punctuation(text),
            ChangeKind::Polite => wording::polite(text, &mut random),
            ChangeKind::Reworded => wording::reworded(text)?,
            ChangeKind::Paraphrased => {
                let given = &unit.question.paraphrases;
                // The first seed takes the first one, so that few paraphrases are all asked.
                let at = usize::try_from(self.seed.checked_sub(1)?).ok()?;
                given.get(at)?.trim().to_owned()
            }
        };
        if changed.is_empty() || changed == text {
            return None;
        }
        let mut unit = unit;
        unit.question.text.clone_from(&changed);
        unit.turn.text = changed;
        Some(unit)
    }

    /// Of the message and the seed, so that no message depends on which others are asked.
    fn random(&self, id: &str) -> SplitMix64 {
        let hash = Sha256::digest(format!("{} {} {id}", self.kind.name(), self.seed));
        SplitMix64::new(hash.iter().take(8).fold(0, |all, byte| all << 8 | u64::from(*byte)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack::PackFile;
    use crate::unit::{Reading, Task, units};

    fn unit(text: &str) -> Unit {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("d.jsonl");
        let record = serde_json::json!({"id": "a", "text": text, "action": "answer",
            "paraphrases": ["In other words?", "And again?"]});
        std::fs::write(&path, format!("{record}\n")).unwrap();
        let file = PackFile::look(path).unwrap();
        units(&file, Task::Decisions, &[], &Reading::default()).unwrap().remove(0)
    }

    fn changed(kind: ChangeKind, seed: u64, text: &str) -> Option<String> {
        let asked = Change { kind, seed, rate: 0.5 }.of(unit(text))?;
        assert_eq!(asked.question.text, asked.turn.text);
        Some(asked.turn.text)
    }

    #[test]
    fn a_change_repeats_and_leaves_numbers_alone() {
        let text = "Where is order #FV10234, and can I still change the address? Write to ann@shop.example";
        for kind in ChangeKind::ALL {
            let Some(found) = changed(kind, 1, text) else { continue };
            assert_eq!(changed(kind, 1, text).as_deref(), Some(found.as_str()), "{kind:?}");
            assert_ne!(found, text);
            if kind != ChangeKind::Paraphrased {
                let lower = found.to_lowercase();
                assert!(lower.contains("#fv10234") && lower.contains("ann@shop.example"), "{kind:?}: {found}");
            }
        }
        assert_ne!(changed(ChangeKind::Typos, 1, text), changed(ChangeKind::Typos, 2, text));
    }

    #[test]
    fn what_stays_as_it_was_is_not_asked_again() {
        assert_eq!(changed(ChangeKind::Casing, 1, "where is it?"), None);
        assert_eq!(changed(ChangeKind::Punctuation, 1, "where is it"), None);
        assert_eq!(changed(ChangeKind::Typos, 1, "ok 10%"), None);
        assert_eq!(changed(ChangeKind::Reworded, 1, "thanks"), None);
        assert_eq!(changed(ChangeKind::Paraphrased, 2, "x").as_deref(), Some("And again?"));
        assert_eq!(changed(ChangeKind::Paraphrased, 3, "x"), None);
    }
}
