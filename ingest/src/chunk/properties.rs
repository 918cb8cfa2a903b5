//! What holds for the chunks of every document.

use super::{ChunkConfig, chunks};
use crate::document::{Block, Document};
use engine::evidence::SourceKind;
use proptest::prelude::*;

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "([A-Za-z]{1,9}[ ,]{1,2}){0,12}[a-z]{1,6}[.:?]?",
        2 => "(([A-Z][a-z]{1,7} ){2,6}[a-z]{2,8}[.!?] ){1,8}",
        1 => "\\PC{0,40}",
        1 => "[ \\t\\n]{0,3}",
        1 => "[a-z]{30,90}",
        1 => "([äßé漢字🎒] ?){0,60}",
    ]
}

fn block() -> impl Strategy<Value = Block> {
    prop_oneof![
        3 => text().prop_map(Block::Paragraph),
        2 => (1u8..=6, text()).prop_map(|(level, text)| Block::Heading { level, text }),
        3 => (0u8..4, text()).prop_map(|(depth, text)| Block::Item { depth, text }),
        2 => (prop::collection::vec(text(), 0..4), prop::collection::vec(text(), 0..4))
            .prop_map(|(header, cells)| Block::Row { header, cells }),
        1 => text().prop_map(|t| Block::Paragraph(format!("Customer: {t}"))),
        1 => text().prop_map(|t| Block::Paragraph(format!("Agent: {t}"))),
    ]
}

fn document() -> impl Strategy<Value = Document> {
    let kind = prop_oneof![Just(SourceKind::Policy), Just(SourceKind::Product), Just(SourceKind::Conversation)];
    (kind, prop::collection::vec(block(), 0..25))
        .prop_map(|(kind, blocks)| Document { blocks, ..Document::new("d", kind, "Title") })
}

/// Where the headings stand in the document's text.
fn heading_spans(document: &Document) -> Vec<(usize, usize)> {
    let mut spans = Vec::new();
    for (i, block) in document.blocks.iter().enumerate() {
        if matches!(block, Block::Heading { .. }) {
            let upto = Document { blocks: document.blocks[..=i].to_vec(), ..document.clone() };
            let (end, own) = (upto.text().len(), block.text());
            let start = end - own.trim_start().len();
            spans.push((start, start + own.trim().len()));
        }
    }
    spans
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn spans_cover_the_text_in_order(document in document(), max in 40usize..400, min in 0usize..200) {
        let text = document.text();
        let config = ChunkConfig { max_chars: max, min_chars: min };
        let chunks = chunks(&document, &config);
        let mut covered = 0;
        let headings = heading_spans(&document);
        let mut uncovered = Vec::new();
        for (i, chunk) in chunks.iter().enumerate() {
            let (start, end) = chunk.span;
            prop_assert_eq!(chunk.number, i);
            prop_assert!(start >= covered && start < end && end <= text.len(), "{:?}", chunk);
            prop_assert!(text.is_char_boundary(start) && text.is_char_boundary(end));
            // What is repeated above it is the only text that is not its own.
            prop_assert!(chunk.text.ends_with(&text[start..end]), "{:?}", chunk);
            let longest = text[start..end].split_whitespace().map(|w| w.chars().count()).max().unwrap_or(0);
            prop_assert!(chunk.text.chars().count() <= max.max(longest), "{} of {}: {:?}", chunk.text.chars().count(), max, chunk);
            uncovered.push((covered, start));
            covered = end;
        }
        uncovered.push((covered, text.len()));
        // What no span covers is a heading, and it stands above some chunk.
        for (start, end) in uncovered.into_iter().filter(|(start, end)| !text[*start..*end].trim().is_empty()) {
            let headings: Vec<_> = headings.iter().filter(|(s, e)| *s < end && *e > start).collect();
            let mut rest = start;
            for (s, e) in headings {
                prop_assert!(text[rest..(*s).max(rest)].trim().is_empty(), "{:?} is in no chunk", &text[rest..*s]);
                let heading = text[*s..*e].trim();
                prop_assert!(heading.is_empty() || chunks.iter().any(|c| c.heading.iter().any(|h| h == heading)), "{:?}", heading);
                rest = (*e).max(rest);
            }
            prop_assert!(text[rest.min(end)..end].trim().is_empty(), "{:?} is in no chunk", &text[rest.min(end)..end]);
        }
    }
}
