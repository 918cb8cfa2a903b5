//! The `key: value` lines between `---` at the top of a page: what a page cannot say in its text.

use crate::document::Document;
use engine::evidence::SourceKind;
use jiff::civil::Date;

/// What a page says about itself. Unknown keys are left alone, so that pages can come out of other systems.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct FrontMatter {
    pub title: Option<String>,
    pub url: Option<String>,
    pub owner: Option<String>,
    pub tags: Vec<String>,
    pub valid_from: Option<Date>,
    pub valid_to: Option<Date>,
    pub kind: Option<SourceKind>,
}

/// A key whose value cannot be read.
#[derive(Debug, PartialEq)]
pub(crate) struct Malformed {
    /// Counts from 1.
    pub line: usize,
    pub reason: String,
}

/// The front matter and what follows it. A page without one is all body.
pub(crate) fn split(page: &str) -> Result<(FrontMatter, &str), Malformed> {
    let Some((lines, body)) = fenced(page) else { return Ok((FrontMatter::default(), page)) };
    let mut front = FrontMatter::default();
    let mut list_of_tags = false;
    for (i, line) in lines.iter().enumerate() {
        if let Some(tag) = line.trim().strip_prefix("- ").filter(|_| list_of_tags) {
            front.tags.push(unquoted(tag).to_lowercase());
            continue;
        }
        let Some((key, value)) = line.split_once(':').filter(|_| !line.starts_with([' ', '#'])) else { continue };
        let (key, value) = (key.trim().to_lowercase(), unquoted(value));
        list_of_tags = key == "tags" && value.is_empty();
        if value.is_empty() {
            continue;
        }
        let malformed = |reason: String| Malformed { line: i + 2, reason };
        let date = || {
            value.parse::<Date>().map_err(|_| {
                malformed(format!("the front matter's '{key}' is '{value}', which is no date: write it as 2026-03-31"))
            })
        };
        match key.as_str() {
            "title" => front.title = Some(value.to_owned()),
            "url" => front.url = Some(value.to_owned()),
            "owner" => front.owner = Some(value.to_owned()),
            "tags" => front.tags = tags(value),
            "valid_from" => front.valid_from = Some(date()?),
            "valid_to" => front.valid_to = Some(date()?),
            "kind" => {
                let kind = value.to_lowercase().parse();
                front.kind = Some(kind.map_err(|e| malformed(format!("the front matter's 'kind': {e}")))?);
            }
            _ => {}
        }
        if let (Some(from), Some(to)) = (front.valid_from, front.valid_to)
            && from > to
        {
            return Err(malformed(format!(
                "the front matter's 'valid_from' ({from}) is after its 'valid_to' ({to}): one of the two is wrong"
            )));
        }
    }
    Ok((front, body))
}

/// Lines of the fence and the rest. Without a closing fence, or with anything but keys in it, the `---` is a rule.
fn fenced(page: &str) -> Option<(Vec<&str>, &str)> {
    let mut rest = page.strip_prefix("---")?;
    let newline = rest.find('\n').filter(|end| rest[..*end].trim().is_empty())?;
    rest = &rest[newline + 1..];
    let mut lines = Vec::new();
    loop {
        let (line, after) = match rest.find('\n') {
            Some(end) => (&rest[..end], &rest[end + 1..]),
            None => (rest, ""),
        };
        if line.trim_end() == "---" {
            return Some((lines, after));
        }
        let trimmed = line.trim();
        let known = trimmed.is_empty() || trimmed.contains(':') || trimmed.starts_with(['#', '-']);
        if after.is_empty() || !known {
            return None;
        }
        lines.push(line.trim_end());
        rest = after;
    }
}

pub(crate) fn tags(value: &str) -> Vec<String> {
    let inner = value.trim().trim_start_matches('[').trim_end_matches(']');
    let tags = inner.split(',').map(|tag| unquoted(tag).to_lowercase());
    tags.filter(|tag| !tag.is_empty()).collect()
}

fn unquoted(value: &str) -> &str {
    let value = value.trim();
    for quote in ['"', '\''] {
        if let Some(inner) = value.strip_prefix(quote).and_then(|v| v.strip_suffix(quote)) {
            return inner.trim();
        }
    }
    value
}

impl FrontMatter {
    /// Puts what the page said over what the reader made of it.
    pub(crate) fn apply(self, document: &mut Document) {
        if let Some(title) = self.title {
            document.title = title;
        }
        if let Some(kind) = self.kind {
            document.kind = kind;
        }
        document.url = self.url.or(document.url.take());
        document.owner = self.owner.or(document.owner.take());
        document.tags.extend(self.tags);
        document.valid_from = self.valid_from.or(document.valid_from);
        document.valid_to = self.valid_to.or(document.valid_to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn check(page: &str, expect: Result<(FrontMatter, &str), usize>) {
        assert_eq!(split(page).map_err(|m| m.line), expect, "{page:?}");
    }

    #[test]
    fn keys_are_read_and_the_rest_is_body() {
        let front = FrontMatter {
            title: Some("Returns: how".into()),
            url: Some("https://a.example/r".into()),
            owner: Some("Care".into()),
            tags: vec!["returns".into(), "final sale".into()],
            valid_from: Some(date(2026, 3, 1)),
            valid_to: Some(date(2026, 4, 1)),
            kind: Some(SourceKind::Policy),
        };
        let page = "---\ntitle: \"Returns: how\"\nurl: https://a.example/r\nowner: Care\nTags: [Returns, 'final sale']\n\
                    colour: red\nvalid_from: 2026-03-01\nvalid_to: 2026-04-01\nkind: policy\n---\n# A\n";
        check(page, Ok((front, "# A\n")));
        let list = FrontMatter { tags: vec!["a".into(), "b".into()], ..FrontMatter::default() };
        check("---\ntags:\n  - A\n  - b\n---\nx", Ok((list, "x")));
    }

    #[test]
    fn what_is_no_front_matter_is_body() {
        for page in
            ["", "---", "---\n", "---\ntitle: x\n", "# A\n---\n", "---\nJust a rule above.\n---\n", "----\na: b\n---\n"]
        {
            check(page, Ok((FrontMatter::default(), page)));
        }
        check("---\n---\nx", Ok((FrontMatter::default(), "x")));
    }

    #[test]
    fn a_bad_value_names_its_key_and_line() {
        check("---\ntitle: x\nvalid_from: 31.03.2026\n---\n", Err(3));
        check("---\nvalid_from: 2026-05-01\nvalid_to: 2026-04-01\n---\n", Err(3));
        check("---\nkind: blog\n---\n", Err(2));
        let reason = split("---\nvalid_to: soon\n---\n").unwrap_err().reason;
        assert!(reason.contains("'valid_to'") && reason.contains("2026-03-31"), "{reason}");
    }
}
