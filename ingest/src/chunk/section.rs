//! The parts of a document that belong together: what stands under one heading, or a question with its answer.

use crate::document::{AGENT, Block, CUSTOMER, Document};

/// A block's text in the document, by byte span, without the white space around it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Unit {
    pub start: usize,
    pub end: usize,
    pub kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Prose,
    Item {
        depth: u8,
    },
    Row,
    /// What was said by one side; `true` for what answers the first turn of its section.
    Turn {
        answers: bool,
    },
}

/// Never without units.
#[derive(Clone, Debug)]
pub(super) struct Section {
    /// Headings above it, its own last.
    pub path: Vec<String>,
    /// Where its own heading starts, if it has one and stands right below it.
    heading: Option<usize>,
    pub units: Vec<Unit>,
    /// Sections of smaller headings were joined into it: its path must not get shorter again.
    joined: bool,
}

impl Section {
    fn new(path: Vec<String>, heading: Option<usize>, units: Vec<Unit>) -> Self {
        Self { path, heading, units, joined: false }
    }

    pub(super) fn start(&self) -> usize {
        self.units.first().map_or(0, |u| u.start)
    }

    pub(super) fn end(&self) -> usize {
        self.units.last().map_or(0, |u| u.end)
    }

    /// Where it starts when `path` stands above it: at its own heading, if that is no part of the path.
    pub(super) fn whole_start(&self, path: &[String]) -> usize {
        match self.heading {
            Some(heading) if path.len() < self.path.len() => heading,
            _ => self.start(),
        }
    }

    /// The headings above both, if the two may be one chunk: siblings, or a section and its first part.
    pub(super) fn common_path(&self, next: &Self) -> Option<Vec<String>> {
        let same = self.path.iter().zip(&next.path).take_while(|(a, b)| a == b).count();
        let shorter = self.path.len() - same;
        let own = shorter == 0 || (shorter == 1 && self.heading.is_some() && !self.joined);
        // `next` goes in with its heading, so that nobody takes its text for that of the section before.
        let other = match next.path.len() - same {
            0 => next.heading.is_none(),
            1 => next.heading.is_some(),
            _ => false,
        };
        (own && other).then(|| self.path[..same].to_vec())
    }

    /// Takes `next` in; `path` is their [`Self::common_path`].
    pub(super) fn join(&mut self, next: Self, path: Vec<String>) {
        let own_start = self.whole_start(&path);
        if let Some(first) = self.units.first_mut() {
            first.start = own_start;
        }
        let next_start = next.whole_start(&path);
        let mut units = next.units;
        if let Some(first) = units.first_mut() {
            first.start = next_start;
        }
        self.units.extend(units);
        self.heading = None;
        self.joined = true;
        self.path = path;
    }
}

/// Each block with its text's span in the document.
fn spans(document: &Document) -> Vec<(&Block, usize, usize)> {
    let mut spans = Vec::with_capacity(document.blocks.len());
    let (mut at, mut empty) = (0, true);
    for block in &document.blocks {
        let text = block.text();
        // As `Document::text` joins them: no line feed before the first text.
        at += usize::from(!empty);
        let trimmed = text.trim_start();
        let start = at + text.len() - trimmed.len();
        spans.push((block, start, start + trimmed.trim_end().len()));
        at += text.len();
        empty = at == 0;
    }
    spans
}

/// What stands under each heading.
pub(super) fn sections(document: &Document) -> Vec<Section> {
    let spans: Vec<_> = spans(document).into_iter().filter(|(_, start, end)| start < end).collect();
    let mut sections: Vec<Section> = Vec::new();
    // Open headings, outermost first.
    let mut path: Vec<(u8, &str)> = Vec::new();
    let mut heading = None;
    let mut units: Vec<Unit> = Vec::new();
    for (i, (block, start, end)) in spans.iter().enumerate() {
        let kind = match block {
            Block::Heading { level, text } => {
                close(&mut sections, &path, &mut heading, &mut units);
                path.retain(|(above, _)| above < level);
                let empty = match spans.get(i + 1) {
                    Some((Block::Heading { level: next, .. }, ..)) => next <= level,
                    Some(_) => false,
                    None => true,
                };
                if !empty {
                    path.push((*level, text.trim()));
                    heading = Some(*start);
                    continue;
                }
                Kind::Prose
            }
            Block::Paragraph(_) => Kind::Prose,
            Block::Item { depth, .. } => Kind::Item { depth: *depth },
            Block::Row { .. } => Kind::Row,
        };
        units.push(Unit { start: *start, end: *end, kind });
    }
    close(&mut sections, &path, &mut heading, &mut units);
    sections
}

fn close(sections: &mut Vec<Section>, path: &[(u8, &str)], heading: &mut Option<usize>, units: &mut Vec<Unit>) {
    let heading = heading.take();
    if !units.is_empty() {
        let path = path.iter().map(|(_, text)| (*text).to_owned()).collect();
        sections.push(Section::new(path, heading, std::mem::take(units)));
    }
}

/// Each question of a conversation with what was answered to it.
pub(super) fn exchanges(document: &Document) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut answered = true;
    for (block, start, end) in spans(document) {
        if start == end {
            continue;
        }
        let Block::Paragraph(text) = block else {
            // A conversation that came as a page with structure of its own.
            return self::sections(document);
        };
        let asks = text.starts_with(CUSTOMER);
        if (asks && answered) || sections.is_empty() {
            sections.push(Section::new(Vec::new(), None, Vec::new()));
        }
        answered = if asks { false } else { answered || text.starts_with(AGENT) };
        if let Some(section) = sections.last_mut() {
            let answers = !section.units.is_empty();
            section.units.push(Unit { start, end, kind: Kind::Turn { answers } });
        }
    }
    // "Thanks!" at the end belongs to what it thanks for.
    if !answered && sections.len() > 1 {
        let last = sections.pop().map(|last| last.units).unwrap_or_default();
        if let Some(before) = sections.last_mut() {
            before.units.extend(last.into_iter().map(|u| Unit { kind: Kind::Turn { answers: true }, ..u }));
        }
    }
    sections
}
