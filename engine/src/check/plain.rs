//! A text as a reader sees it: patterns must not be fooled by signs that nobody sees.

/// Without signs that have no width, with full-width letters as plain ones and with plain quotation marks and spaces.
pub fn readable(text: &str) -> String {
    text.chars().filter(|c| !is_hidden(*c)).map(as_plain).collect()
}

/// Signs by which a text says something to a program that it does not say to a person.
fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
        | '\u{E0000}'..='\u{E007F}')
}

fn as_plain(c: char) -> char {
    match c {
        // Full-width ASCII stands in the same order as ASCII.
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        '\u{00A0}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}' => ' ',
        '’' | '‘' | 'ʼ' => '\'',
        '“' | '”' | '„' | '«' | '»' => '"',
        other => other,
    }
}

/// In lower case, with one space between words and without the sign of a list before it: to be compared with another.
pub fn squashed(text: &str) -> String {
    let plain = readable(text).to_lowercase();
    plain.trim_start_matches(['-', '•', '*', ' ']).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_not_read() {
        assert_eq!(readable("ig\u{200B}nore\u{00A0}it"), "ignore it");
        assert_eq!(readable("ｉｇｎｏｒｅ"), "ignore");
        assert_eq!(readable("don’t say “yes”"), "don't say \"yes\"");
        assert_eq!(squashed("-  Gift  Cards\n never expire"), "gift cards never expire");
    }
}
