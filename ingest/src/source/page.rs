//! A page: one file, one document. Front matter first, then the reader of its format.

use super::lines::title_of_file;
use super::{Limits, Reading, front_matter, html, markdown, pdf, text};
use crate::document::{Block, Document};
use engine::evidence::SourceKind;

/// What the reader of a format makes of a page.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Page {
    /// Only where the format has a place for it; a first heading is found later.
    pub title: Option<String>,
    pub blocks: Vec<Block>,
}

pub(crate) fn read(reading: &mut Reading<'_, '_>) {
    let way_out = "split it, or leave it out of the folder";
    let read = Limits::read(reading.path, reading.options().limits.page, way_out);
    match read.map_err(|reason| (None, reason)).and_then(|bytes| parse(&bytes, &reading.file, &reading.extension)) {
        Ok(document) => reading.document(document, None),
        Err((line, reason)) => reading.fail(line, reason),
    }
}

/// A page's document from its content; `file` becomes its id.
fn parse(bytes: &[u8], file: &str, extension: &str) -> Result<Document, (Option<usize>, String)> {
    let whole = |reason: String| (None, reason);
    let mut front = front_matter::FrontMatter::default();
    let page = if extension == "pdf" || bytes.starts_with(b"%PDF-") {
        pdf::parse(bytes).map_err(whole)?
    } else {
        let content = utf8(bytes)?;
        let (found, body) = front_matter::split(&content).map_err(|m| (Some(m.line), m.reason))?;
        front = found;
        match extension {
            "html" | "htm" => html::parse(body),
            _ if looks_like_html(body) => html::parse(body),
            "md" | "markdown" => markdown::parse(body),
            _ => text::parse(body),
        }
    };
    let mut document = Document::new(file, SourceKind::Policy, String::new());
    document.blocks = page.blocks;
    let named = front.title.take().or(page.title);
    document.title = take_title(&mut document.blocks, named).unwrap_or_else(|| title_of_file(file));
    front.apply(&mut document);
    if document.text().trim().is_empty() {
        return Err(whole("no text was found in it: fill the page, or remove the file".into()));
    }
    Ok(document)
}

/// The page's title. A first heading that is or repeats the title is taken out, as every chunk carries the title.
pub(crate) fn take_title(blocks: &mut Vec<Block>, named: Option<String>) -> Option<String> {
    let first = blocks.iter().position(|b| matches!(b, Block::Heading { .. }));
    let heading = first.and_then(|at| match &blocks[at] {
        Block::Heading { level, text } => Some((at, *level, text.clone())),
        _ => None,
    });
    match (named, heading) {
        (Some(title), Some((at, _, text))) if text.to_lowercase() == title.to_lowercase() => {
            blocks.remove(at);
            Some(title)
        }
        (None, Some((at, 1, text))) => {
            blocks.remove(at);
            Some(text)
        }
        (named, _) => named,
    }
}

pub(crate) fn utf8(bytes: &[u8]) -> Result<String, (Option<usize>, String)> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let line = bytes[..e.valid_up_to()].iter().filter(|b| **b == b'\n').count() + 1;
        (Some(line), "is not UTF-8: save it again with the encoding UTF-8".to_owned())
    })?;
    if let Some(nul) = text.find('\0') {
        let line = text[..nul].matches('\n').count() + 1;
        return Err((Some(line), "holds binary data: its name says that it is text; remove or rename it".into()));
    }
    Ok(text.replace("\r\n", "\n"))
}

fn looks_like_html(body: &str) -> bool {
    let start: String = body.trim_start().chars().take(9).collect::<String>().to_lowercase();
    start.starts_with("<!doctype") || start.starts_with("<html")
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_page_is_named_by_front_matter_then_title_then_first_heading_then_file() {
        for (content, extension, title, blocks) in [
            ("---\ntitle: Returns\n---\n# returns\n\nText.", "md", "Returns", 1),
            ("---\ntitle: Returns\n---\n# Refunds\n\nText.", "md", "Returns", 2),
            ("# Refunds\n\nText.", "md", "Refunds", 1),
            ("## Part\n\nText.", "md", "Faq page", 2),
            ("<title>Delivery</title><h1>Delivery</h1><p>Text.", "html", "Delivery", 1),
            ("<!doctype html><h1>Delivery</h1><p>Text.", "txt", "Delivery", 1),
            ("FAQ\n\nText.", "txt", "FAQ", 1),
        ] {
            let document = parse(content.as_bytes(), "help/faq-page.md", extension).expect(content);
            assert_eq!((document.title.as_str(), document.blocks.len()), (title, blocks), "{content:?}");
            assert_eq!(document.id.0, "help/faq-page.md");
        }
    }

    #[test]
    fn front_matter_reaches_the_document() {
        let page = "---\ntags: a, B\nvalid_from: 2026-01-02\nkind: conversation\nowner: Care\n---\nText.";
        let document = parse(page.as_bytes(), "x.md", "md").unwrap();
        assert_eq!(document.tags, ["a", "b"]);
        assert_eq!(document.valid_from, Some(date(2026, 1, 2)));
        assert_eq!(document.kind, SourceKind::Conversation);
        assert_eq!(document.owner.as_deref(), Some("Care"));
    }

    #[test]
    fn what_cannot_be_read_says_where_and_what_to_do() {
        for (content, extension, line, hint) in [
            (&b"one\ntwo \xff"[..], "md", Some(2), "UTF-8"),
            (b"a\0b", "txt", Some(1), "binary"),
            (b"---\nvalid_to: x\n---\n", "md", Some(2), "valid_to"),
            (b"  \n", "md", None, "no text"),
            (b"<script>x</script>", "html", None, "no text"),
            (b"%PDF-1.7 broken", "pdf", None, "PDF"),
        ] {
            let (at, reason) = parse(content, "x", extension).expect_err(hint);
            assert_eq!(at, line, "{reason}");
            assert!(reason.contains(hint), "{reason}");
        }
    }
}
