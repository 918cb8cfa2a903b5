//! Typing errors as people make them: a neighbouring key, a letter left out, two swapped, one doubled. Each is as likely
//! as the others; Damerau (1964) found four out of five misspellings to be one of such single errors.

use crate::statistics::SplitMix64;

/// Shorter words are seldom misspelt, and with one letter off they are other words.
const SHORTEST: usize = 4;

/// The rows of a QWERTY keyboard.
const ROWS: [&str; 3] = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];

/// The text with an error in about `rate` of its longer words, and in one at least where it has any.
pub fn with_typos(text: &str, rate: f64, random: &mut SplitMix64) -> String {
    let words: Vec<&str> = text.split_inclusive(char::is_whitespace).collect();
    let open: Vec<usize> = (0..words.len()).filter(|at| is_open(words[*at])).collect();
    if open.is_empty() {
        return text.to_owned();
    }
    let mut chosen: Vec<usize> = open.iter().copied().filter(|_| random.uniform() < rate).collect();
    if chosen.is_empty() {
        chosen.push(open[random.below(open.len())]);
    }
    words
        .iter()
        .enumerate()
        .map(|(at, word)| if chosen.contains(&at) { misspelt(word, random) } else { (*word).to_owned() })
        .collect()
}

/// Letters enough, and nothing that makes it a number, an address or a name of something.
fn is_open(word: &str) -> bool {
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    letters >= SHORTEST && !word.contains(|c: char| c.is_numeric() || matches!(c, '@' | '/' | '#' | '_'))
}

fn misspelt(word: &str, random: &mut SplitMix64) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    // The first letter is seldom wrong; the last one has no neighbour to be swapped with.
    let places: Vec<usize> = (1..letters.len()).filter(|at| letters[*at].is_alphabetic()).collect();
    if places.is_empty() {
        return word.to_owned();
    }
    let at = places[random.below(places.len())];
    match random.below(4) {
        0 => letters[at] = neighbour(letters[at], random),
        1 => {
            letters.remove(at);
        }
        2 if at + 1 < letters.len() && letters[at + 1].is_alphabetic() && letters[at + 1] != letters[at] => {
            letters.swap(at, at + 1);
        }
        _ => letters.insert(at, letters[at]),
    }
    letters.into_iter().collect()
}

/// A key beside this one; a letter without a place on the keyboard stays.
fn neighbour(letter: char, random: &mut SplitMix64) -> char {
    let lower = letter.to_ascii_lowercase();
    let Some((row, at)) = ROWS.iter().find_map(|row| Some((row.as_bytes(), row.find(lower)?))) else { return letter };
    let beside: Vec<u8> =
        [at.checked_sub(1), Some(at + 1)].into_iter().flatten().filter_map(|at| row.get(at).copied()).collect();
    let key = char::from(beside[random.below(beside.len())]);
    if letter.is_uppercase() { key.to_ascii_uppercase() } else { key }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_error_is_small_and_the_rest_stands(text in "([a-zA-Z]{1,9}[ ,.?]){0,8}", seed in any::<u64>(), rate in 0.0..1.0f64) {
            let found = with_typos(&text, rate, &mut SplitMix64::new(seed));
            let (before, after): (Vec<&str>, Vec<&str>) = (text.split_whitespace().collect(), found.split_whitespace().collect());
            prop_assert_eq!(before.len(), after.len());
            for (before, after) in before.iter().zip(after) {
                let (a, b) = (before.chars().count(), after.chars().count());
                prop_assert!(a.abs_diff(b) <= 1, "{} {}", before, after);
                prop_assert_eq!(before.chars().next(), after.chars().next());
                prop_assert!(before.len() >= SHORTEST || *before == after);
            }
        }
    }

    #[test]
    fn a_rate_of_one_spares_no_longer_word() {
        let found = with_typos("return the jacket within days", 1.0, &mut SplitMix64::new(5));
        let wrong = found.split(' ').zip("return the jacket within days".split(' ')).filter(|(a, b)| a != b).count();
        // A neighbour of a key is another key; a doubled letter, a lost one and a swap of unequal ones show, too.
        assert_eq!(wrong, 4, "{found}");
        assert_eq!(with_typos("#FV10234 a b", 1.0, &mut SplitMix64::new(5)), "#FV10234 a b");
    }
}
