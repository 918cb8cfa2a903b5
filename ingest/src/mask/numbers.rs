//! Check digits: what tells a card or an account from any other long number.

/// The digits of a card number end in the digit that Luhn's rule asks for.
pub(super) fn luhn(digits: &[u8]) -> bool {
    let doubled = |(i, digit): (usize, &u8)| match i % 2 {
        1 if digit * 2 > 9 => u32::from(digit * 2 - 9),
        1 => u32::from(digit * 2),
        _ => u32::from(*digit),
    };
    (13..=19).contains(&digits.len())
        && digits.iter().any(|d| *d != 0)
        && digits.iter().rev().enumerate().map(doubled).sum::<u32>() % 10 == 0
}

/// Byte span of a card number in a run of digits and separators. A run may hold more: an expiry date, a code.
pub(super) fn card_in(run: &str) -> Option<(usize, usize)> {
    let digits: Vec<(usize, u8)> =
        run.char_indices().filter_map(|(i, c)| Some((i, u8::try_from(c.to_digit(10)?).ok()?))).collect();
    // A number starts and ends where the digits around it do.
    let apart = |i: usize| i == 0 || i == digits.len() || digits[i].0 > digits[i - 1].0 + 1;
    for from in (0..digits.len()).filter(|i| apart(*i)) {
        // 16 digits first: by far the most cards, so that a code behind one does not make a longer match.
        let lengths = [16, 15, 14, 13, 19, 18, 17];
        for to in lengths.iter().map(|n| from + n).filter(|to| *to <= digits.len() && apart(*to)) {
            let window: Vec<u8> = digits[from..to].iter().map(|(_, d)| *d).collect();
            if (2..=6).contains(&window[0]) && luhn(&window) {
                return Some((digits[from].0, digits[to - 1].0 + 1));
            }
        }
    }
    None
}

/// An international bank account number, by its check digits (ISO 13616: the number is 1 modulo 97).
pub(super) fn iban(text: &str) -> bool {
    let plain: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    if !(15..=34).contains(&plain.len()) {
        return false;
    }
    let mut rest = 0u32;
    for c in plain[4..].iter().chain(&plain[..4]) {
        let Some(value) = c.to_digit(36) else { return false };
        rest = (rest * if value > 9 { 100 } else { 10 } + value) % 97;
    }
    rest == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_are_found_inside_longer_runs() {
        for (run, expect) in [
            ("4111111111111111", Some("4111111111111111")),
            ("4111-1111-1111-1111", Some("4111-1111-1111-1111")),
            ("3782 822463 10005", Some("3782 822463 10005")),
            ("4111 1111 1111 1111 12", Some("4111 1111 1111 1111")),
            ("27 5555 5555 5555 4444", Some("5555 5555 5555 4444")),
            ("4111111111111112", None),
            ("0000000000000000", None),
        ] {
            assert_eq!(card_in(run).map(|(a, b)| &run[a..b]), expect, "{run}");
        }
    }

    #[test]
    fn accounts_are_told_by_their_check_digits() {
        for (text, expect) in [
            ("DE89 3704 0044 0532 0130 00", true),
            ("GB82WEST12345698765432", true),
            ("DE88 3704 0044 0532 0130 00", false),
            ("DE89", false),
        ] {
            assert_eq!(iban(text), expect, "{text}");
        }
    }
}
