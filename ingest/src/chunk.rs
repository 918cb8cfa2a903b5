//! Documents in, chunks out: pieces that follow the structure, small enough to embed and large enough to answer.

mod pack;
#[cfg(test)]
mod properties;
mod section;

use crate::document::{Chunk, Document};
use engine::evidence::SourceKind;
use section::Section;

/// Lengths are in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkConfig {
    /// No chunk is longer, unless a single word is.
    pub max_chars: usize,
    /// Sections shorter than this join a neighbour under the same heading.
    pub min_chars: usize,
}

impl Default for ChunkConfig {
    /// About 100 tokens. Measured on the development packs, 400 characters find more than 760; see docs/evaluation.md.
    fn default() -> Self {
        Self { max_chars: 400, min_chars: 120 }
    }
}

/// The document's chunks in reading order. Together their spans cover its text, but for headings that stand in a
/// chunk's [`Chunk::heading`].
pub fn chunks(document: &Document, config: &ChunkConfig) -> Vec<Chunk> {
    let text = document.text();
    let sections = match document.kind {
        SourceKind::Conversation => section::exchanges(document),
        SourceKind::Policy | SourceKind::Product => section::sections(document),
    };
    let min = match document.kind {
        SourceKind::Policy => config.min_chars,
        // Short answers are no knowledge of their own, longer ones stay apart from the next question.
        SourceKind::Conversation => config.min_chars / 2,
        // A product's description and its facts are asked for together.
        SourceKind::Product => config.max_chars / 2,
    };
    let joined = join_small(sections, &text, min, config.max_chars);
    let mut chunks = Vec::new();
    for section in joined {
        for (span, lead_in) in pack::pack(&section, &text, config.max_chars) {
            let own = &text[span.0..span.1];
            let text = if lead_in.is_empty() { own.to_owned() } else { format!("{lead_in}\n{own}") };
            chunks.push(Chunk { number: chunks.len(), heading: section.path.clone(), text, span });
        }
    }
    chunks
}

/// What a chunk is found by, dense and lexical alike: `Title > Heading`, then its text.
pub fn embedding_text(document: &Document, chunk: &Chunk) -> String {
    let path = std::iter::once(document.title.as_str()).chain(chunk.heading.iter().map(String::as_str));
    let path: Vec<&str> = path.filter(|p| !p.is_empty()).collect();
    format!("{}\n{}", path.join(" > "), chunk.text)
}

/// Joins sections shorter than `min` with the next one, if both stand under one heading.
fn join_small(sections: Vec<Section>, text: &str, min: usize, max: usize) -> Vec<Section> {
    let mut joined: Vec<Section> = Vec::new();
    for next in sections {
        if let Some(last) = joined.last_mut()
            && let Some(path) = last.common_path(&next)
        {
            let chars = |from: usize, to: usize| text[from..to].chars().count();
            let (own, other) = (chars(last.start(), last.end()), chars(next.start(), next.end()));
            let total = chars(last.whole_start(&path), next.end());
            if total <= max && (own < min || (other < min && total <= 2 * min)) {
                last.join(next, path);
                continue;
            }
        }
        joined.push(next);
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Block;

    fn heading(level: u8, text: &str) -> Block {
        Block::Heading { level, text: text.into() }
    }

    fn paragraph(text: &str) -> Block {
        Block::Paragraph(text.into())
    }

    fn item(depth: u8, text: &str) -> Block {
        Block::Item { depth, text: text.into() }
    }

    fn check_kind(kind: SourceKind, blocks: Vec<Block>, config: (usize, usize), expect: &[(&[&str], &str)]) {
        let document = Document { blocks, ..Document::new("d", kind, "T") };
        let config = ChunkConfig { max_chars: config.0, min_chars: config.1 };
        let found = chunks(&document, &config);
        let shown: Vec<(Vec<&str>, &str)> =
            found.iter().map(|c| (c.heading.iter().map(String::as_str).collect(), c.text.as_str())).collect();
        let expect: Vec<(Vec<&str>, &str)> = expect.iter().map(|(h, t)| (h.to_vec(), *t)).collect();
        assert_eq!(shown, expect);
    }

    fn check(blocks: Vec<Block>, config: (usize, usize), expect: &[(&[&str], &str)]) {
        check_kind(SourceKind::Policy, blocks, config, expect);
    }

    #[test]
    fn a_heading_starts_a_chunk_and_its_path_is_kept() {
        let blocks = vec![
            paragraph("Intro."),
            heading(2, "A"),
            paragraph("one"),
            heading(3, "A1"),
            paragraph("two"),
            heading(2, "B"),
            paragraph("three"),
        ];
        check(blocks, (100, 0), &[(&[], "Intro."), (&["A"], "one"), (&["A", "A1"], "two"), (&["B"], "three")]);
    }

    #[test]
    fn small_sections_join_under_one_heading_only() {
        let blocks = vec![
            heading(2, "A"),
            heading(3, "A1"),
            paragraph("one"),
            heading(3, "A2"),
            paragraph("two"),
            heading(2, "B"),
            paragraph("three"),
        ];
        check(blocks, (100, 20), &[(&["A"], "A1\none\nA2\ntwo"), (&["B"], "three")]);
    }

    #[test]
    fn a_heading_with_nothing_under_it_is_text() {
        check(
            vec![heading(2, "No returns"), heading(2, "B"), paragraph("b")],
            (100, 0),
            &[(&[], "No returns"), (&["B"], "b")],
        );
        check(vec![paragraph("a"), heading(2, "The end")], (100, 5), &[(&[], "a\nThe end")]);
    }

    #[test]
    fn a_split_list_repeats_its_lead_in() {
        let blocks =
            vec![paragraph("We pay."), paragraph("You need:"), item(0, "a large box"), item(0, "a roll of tape")];
        check(blocks.clone(), (45, 0), &[(&[], "We pay."), (&[], "You need:\n- a large box\n- a roll of tape")]);
        check(
            blocks,
            (30, 0),
            &[(&[], "We pay."), (&[], "You need:\n- a large box"), (&[], "You need:\n- a roll of tape")],
        );
        let nested = vec![item(0, "Boots"), item(1, "waxed ones"), item(1, "suede ones")];
        check(nested, (22, 0), &[(&[], "- Boots\n  - waxed ones"), (&[], "- Boots\n- suede ones")]);
    }

    #[test]
    fn long_paragraphs_break_at_sentences_and_rows_stay_whole() {
        check(
            vec![paragraph("First one here. Second one here. Third.")],
            (32, 0),
            &[(&[], "First one here. Second one here."), (&[], "Third.")],
        );
        let row = |cell: &str| Block::Row { header: vec!["Size".into()], cells: vec![cell.into()] };
        check(
            vec![row("small"), row("medium"), row("large")],
            (25, 0),
            &[(&[], "Size: small\nSize: medium"), (&[], "Size: large")],
        );
        check(
            vec![paragraph("incomprehensibilities are long")],
            (10, 0),
            &[(&[], "incomprehensibilities"), (&[], "are long")],
        );
    }

    #[test]
    fn a_conversation_is_cut_between_questions() {
        let blocks = vec![
            paragraph("Customer: Is it warm?"),
            paragraph("Agent: Down to zero degrees."),
            paragraph("Customer: And dry?"),
            paragraph("Customer: In rain I mean."),
            paragraph("Agent: Yes. It is taped. Wash it rarely, and wax it."),
        ];
        check_kind(
            SourceKind::Conversation,
            blocks.clone(),
            (120, 20),
            &[
                (&[], "Customer: Is it warm?\nAgent: Down to zero degrees."),
                (
                    &[],
                    "Customer: And dry?\nCustomer: In rain I mean.\nAgent: Yes. It is taped. Wash it rarely, and wax it.",
                ),
            ],
        );
        check_kind(
            SourceKind::Conversation,
            blocks[2..].to_vec(),
            (75, 20),
            &[
                (&[], "Customer: And dry?\nCustomer: In rain I mean."),
                (&[], "Customer: And dry?\nAgent: Yes. It is taped. Wash it rarely, and wax it."),
            ],
        );
    }

    #[test]
    fn the_embedding_text_names_where_a_chunk_stands() {
        let document = Document::new("d", SourceKind::Policy, "Returns");
        let chunk = Chunk { number: 0, heading: vec!["EU".into(), "Fees".into()], text: "None.".into(), span: (0, 5) };
        assert_eq!(embedding_text(&document, &chunk), "Returns > EU > Fees\nNone.");
    }
}
