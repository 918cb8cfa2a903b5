//! The values behind the marks of one conversation, so that the same value is the same mark wherever it stands.

use super::MaskClass;
use std::collections::HashSet;

/// What was masked in one conversation, by class. Nothing of it is written anywhere.
#[derive(Clone, Debug, Default)]
pub struct Values {
    found: Vec<(MaskClass, String)>,
}

/// Private characters that tie a mark to its value until the text is done: no pattern of the masking matches them.
const FIRST: u32 = 0xF_0000;
const LAST: u32 = 0xF_FFFD;

impl Values {
    /// The mark for now: `[order]` with a private character before the bracket.
    pub(super) fn mark(&mut self, class: MaskClass, value: &str) -> String {
        let at = u32::try_from(self.found.len()).ok().and_then(|at| FIRST.checked_add(at)).filter(|at| *at <= LAST);
        let Some(tie) = at.and_then(char::from_u32) else { return class.placeholder().to_owned() };
        self.found.push((class, value.to_owned()));
        format!("[{}{tie}]", class.as_str())
    }

    /// Every tied mark as `[order A]`, or as the value where `keep` says so.
    pub(super) fn settle(&self, text: &str, keep: Option<MaskClass>) -> String {
        let mut settled = String::with_capacity(text.len());
        for letter in text.chars() {
            let tied = (FIRST..=LAST).contains(&u32::from(letter)).then(|| (u32::from(letter) - FIRST) as usize);
            let Some((class, value)) = tied.and_then(|at| self.found.get(at)) else {
                settled.push(letter);
                continue;
            };
            if Some(*class) == keep {
                settled.truncate(settled.len() - class.as_str().len() - 1);
                settled.push('\u{F_FFFF}');
                settled.push_str(value);
                settled.push('\u{F_FFFF}');
            } else {
                settled.push(' ');
                settled.push_str(&lettered(self.number(*class, value)));
            }
        }
        // A kept value loses the bracket that followed it.
        settled.replace("\u{F_FFFF}]", "").replace('\u{F_FFFF}', "")
    }

    /// Which of the different values of its class this is, from 0.
    fn number(&self, class: MaskClass, value: &str) -> usize {
        let mut different: Vec<&str> = Vec::new();
        for (_, known) in self.found.iter().filter(|(of, _)| *of == class) {
            if let Some(at) = different.iter().position(|one| is_same(class, one, known)) {
                if is_same(class, known, value) {
                    return at;
                }
            } else {
                different.push(known);
                if is_same(class, known, value) {
                    return different.len() - 1;
                }
            }
        }
        different.len()
    }
}

/// A text without the private characters, as it must be before anything is masked in it.
pub(super) fn without_ties(text: &str) -> String {
    text.chars().filter(|c| u32::from(*c) < FIRST).collect()
}

fn is_same(class: MaskClass, one: &str, other: &str) -> bool {
    let bare =
        |text: &str| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    if class != MaskClass::Name {
        return bare(one) == bare(other);
    }
    // "Maria" is "Maria Lindqvist".
    let words = |text: &str| text.split_whitespace().map(bare).collect::<HashSet<String>>();
    let (one, other) = (words(one), words(other));
    one.is_subset(&other) || other.is_subset(&one)
}

/// A, B, … Z, AA: a digit could be taken for something that was said.
fn lettered(number: usize) -> String {
    let letter = char::from(b'A' + u8::try_from(number % 26).unwrap_or(0));
    if number < 26 { letter.to_string() } else { format!("{}{letter}", lettered(number / 26 - 1)) }
}

#[cfg(test)]
mod tests {
    use super::super::{MaskConfig, MaskReport, Masker};
    use super::*;

    fn masked(texts: &[&str], keep: Option<MaskClass>) -> (Vec<String>, MaskReport) {
        let masker = Masker::new(&MaskConfig::default());
        let names = masker.names(["Maria Lindqvist", "Owen"], texts.iter().copied());
        let mut report = MaskReport::default();
        (masker.mask_all(texts, &names, keep, &mut report), report)
    }

    #[test]
    fn the_same_value_is_the_same_mark_in_every_text_of_a_conversation() {
        let (texts, report) = masked(
            &[
                "I'm Maria, orders #1001 and #1002, maria@a.example, (218) 555-0142.",
                "Hi Maria Lindqvist, # 1001 went out; write to MARIA@a.example or help@b.example, call 218-555-0142. Owen",
                "Card 4111 1111 1111 1111. Ship to 18 Spruce Landing, Apt 4, Duluth, MN 55802.",
            ],
            None,
        );
        assert_eq!(
            texts,
            [
                "I'm [name A], orders [order A] and [order B], [email A], [phone A].",
                "Hi [name A], [order A] went out; write to [email A] or [email B], call [phone A]. [name B]",
                "Card [card A]. Ship to [address A].",
            ]
        );
        assert_eq!(report.count(MaskClass::Email), 3);
        assert_eq!(report.count(MaskClass::Order), 3);
    }

    #[test]
    fn order_numbers_stay_readable_where_that_is_asked_for() {
        let (texts, report) = masked(&["[sic] my order 10234 (#1001), maria@a.example"], Some(MaskClass::Order));
        assert_eq!(texts, ["[sic] my order 10234 (#1001), [email A]"]);
        assert_eq!(report.count(MaskClass::Order), 0);
    }

    #[test]
    fn marks_that_stand_in_a_text_already_are_left() {
        let (texts, _) = masked(&["[order A] \u{F0000}#1001"], None);
        assert_eq!(texts, ["[order A] [order A]"]);
    }

    #[test]
    fn there_are_marks_for_any_number_of_values() {
        assert_eq!([0, 25, 26, 27, 51, 52].map(lettered), ["A", "Z", "AA", "AB", "AZ", "BA"]);
    }

    proptest::proptest! {
        #[test]
        fn no_address_of_mail_is_left(
            before in "[a-zA-Z0-9 ,.;:!?()<>#+-]{0,30}",
            user in "[a-zA-Z0-9][a-zA-Z0-9._%+-]{0,12}",
            host in "[a-zA-Z0-9][a-zA-Z0-9-]{0,10}\\.[a-z]{2,6}",
            after in "[ ,.;:!?()<>][a-zA-Z0-9 ,.;:!?()<>#+-]{0,30}",
        ) {
            let text = format!("{before} {user}@{host}{after}");
            for keep in [None, Some(MaskClass::Order)] {
                let (texts, report) = masked(&[&text], keep);
                proptest::prop_assert!(!texts[0].contains('@'), "{:?} of {:?}", texts[0], text);
                proptest::prop_assert!(texts[0].contains("[email A]") && report.count(MaskClass::Email) >= 1);
            }
        }
    }
}
