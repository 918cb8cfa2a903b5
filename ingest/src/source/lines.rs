//! White space, line breaks and links: the same in every format.

/// One space for each run of white space, lines trimmed, empty lines gone.
pub(crate) fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    for line in text.split(['\n', '\r']) {
        let mut words = line.split_whitespace().map(|w| w.trim_matches(INVISIBLE)).filter(|w| !w.is_empty()).peekable();
        if words.peek().is_some() && !tidy.is_empty() {
            tidy.push('\n');
        }
        for (i, word) in words.enumerate() {
            if i > 0 {
                tidy.push(' ');
            }
            tidy.push_str(word);
        }
    }
    tidy
}

/// Zero-width characters that editors and mail programs leave behind.
const INVISIBLE: [char; 5] = ['\u{200b}', '\u{200e}', '\u{200f}', '\u{feff}', '\u{ad}'];

/// As [`tidy`], on one line.
pub(crate) fn one_line(text: &str) -> String {
    tidy(text).replace('\n', " ")
}

/// What stands between a line of plain text and the next one: a space where an editor wrapped the line, a line feed
/// where the writer ended it.
pub(crate) fn line_break(line: &str) -> char {
    let ended = line.trim_end().ends_with(['.', '!', '?', ':', ';']);
    if !ended && line.chars().count() >= WRAPPED { ' ' } else { '\n' }
}

/// Lines at least this long, in characters, are taken for wrapped ones.
const WRAPPED: usize = 60;

/// Lines of one paragraph, joined as [`line_break`] says.
pub(crate) fn join_lines<'a>(lines: impl IntoIterator<Item = &'a str>) -> String {
    let mut joined = String::new();
    let mut last: Option<&str> = None;
    for line in lines.into_iter().filter(|l| !l.trim().is_empty()) {
        if let Some(last) = last {
            joined.push(line_break(last));
        }
        joined.push_str(line);
        last = Some(line);
    }
    tidy(&joined)
}

/// What a link adds to its text: the address, where it leads out and the text does not show it already.
pub(crate) fn address_beside(text: &str, href: &str) -> Option<String> {
    let href = href.trim();
    let shown = if let Some(mail) = href.strip_prefix("mailto:") {
        mail.split('?').next().unwrap_or(mail)
    } else if href.starts_with("http://") || href.starts_with("https://") {
        href
    } else {
        return None;
    };
    let bare = |url: &str| {
        let url = url.trim().trim_start_matches("https://").trim_start_matches("http://");
        url.trim_start_matches("www.").trim_end_matches('/').to_lowercase()
    };
    (!shown.is_empty() && bare(text) != bare(shown)).then(|| format!(" ({shown})"))
}

/// The title of a page that names none: its file's name in words.
pub(crate) fn title_of_file(file: &str) -> String {
    let name = file.rsplit('/').next().unwrap_or(file);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let words = stem.replace(['-', '_'], " ");
    let mut chars = words.trim().chars();
    chars.next().map_or_else(|| name.to_owned(), |first| first.to_uppercase().chain(chars).collect())
}

/// At most `limit` characters, cut between words.
pub(crate) fn shorten(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let end = text.char_indices().nth(limit.saturating_sub(1)).map_or(text.len(), |(i, _)| i);
    let cut = text[..end].rfind(char::is_whitespace).filter(|cut| *cut > end / 2).unwrap_or(end);
    format!("{}…", text[..cut].trim_end_matches(|c: char| c.is_whitespace() || ",;:".contains(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_is_tidied() {
        for (text, expect) in [("  a \t b\u{a0}c ", "a b c"), ("a\r\n\r\n  b\n", "a\nb"), ("\u{200b}\n", ""), ("", "")]
        {
            assert_eq!(tidy(text), expect, "{text:?}");
        }
    }

    #[test]
    fn wrapped_lines_are_joined_and_ended_lines_are_not() {
        let wrapped = "You can send back anything that you do not like within thirty";
        let joined = join_lines([wrapped, "days.", "Mon: 8 to 5", "Tue: 8 to 6"]);
        assert_eq!(joined, format!("{wrapped} days.\nMon: 8 to 5\nTue: 8 to 6"));
    }

    #[test]
    fn a_link_shows_its_address_once() {
        for (text, href, expect) in [
            ("our page", "https://a.example/x", Some(" (https://a.example/x)")),
            ("a.example/x", "https://www.a.example/x/", None),
            ("write to us", "mailto:help@a.example?subject=x", Some(" (help@a.example)")),
            ("help@a.example", "mailto:help@a.example", None),
            ("returns", "/pages/returns", None),
            ("up", "#top", None),
        ] {
            assert_eq!(address_beside(text, href).as_deref(), expect, "{href}");
        }
    }

    #[test]
    fn long_titles_are_cut_between_words() {
        assert_eq!(shorten("Where is my order, please?", 18), "Where is my…");
        assert_eq!(shorten("short", 18), "short");
        assert_eq!(shorten("ééééééééé", 4), "ééé…");
        assert_eq!(title_of_file("pages/return-policy.md"), "Return policy");
    }
}
