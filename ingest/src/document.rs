//! A source document between its reader and the index.

use engine::evidence::{DocId, SourceKind};
use engine::store::compare::PageText;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// What every reader makes of a file: structure kept, format gone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    pub id: DocId,
    /// The file that it was read from, as [`crate::source::Failure::file`] names it: a sync keeps the documents of a
    /// file that could not be read this time.
    pub file: String,
    pub kind: SourceKind,
    pub title: String,
    pub url: Option<String>,
    pub owner: Option<String>,
    pub tags: Vec<String>,
    pub valid_from: Option<Date>,
    pub valid_to: Option<Date>,
    /// Blocks in reading order.
    pub blocks: Vec<Block>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Block {
    /// Level 1 to 6.
    Heading { level: u8, text: String },
    /// A line feed in it is a line break that the source made on purpose.
    Paragraph(String),
    /// One item of a list, with the items it is nested in counted by `depth` (0 is outermost).
    Item { depth: u8, text: String },
    /// One row of a table; `header` is repeated on every row (empty where the table has none).
    Row { header: Vec<String>, cells: Vec<String> },
}

/// Where a document comes from. Both kinds live in one index, and a sync of one leaves the other alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// Read from a file.
    Files,
    /// Read from Shopify.
    Shopify,
}

/// How the [`Document::file`] of a document from Shopify begins. No file's name does: it is relative to a root and has
/// no empty part.
pub const SHOPIFY: &str = "shopify://";

impl Origin {
    /// As [`Document::file`] tells it.
    pub fn of(file: &str) -> Self {
        if file.starts_with(SHOPIFY) { Self::Shopify } else { Self::Files }
    }
}

/// How a turn of a past conversation starts, as a [`Block::Paragraph`].
pub const CUSTOMER: &str = "Customer: ";
/// See [`CUSTOMER`].
pub const AGENT: &str = "Agent: ";

/// A piece of a document, as it is embedded and found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chunk {
    /// Counts from 0 in its document.
    pub number: usize,
    /// Headings above it, outermost first, without the document's title.
    pub heading: Vec<String>,
    /// What is shown and cited.
    pub text: String,
    /// Where `text` came from: byte span in [`Document::text`].
    pub span: (usize, usize),
}

impl Document {
    /// A document with nothing in it yet.
    pub fn new(id: impl Into<String>, kind: SourceKind, title: impl Into<String>) -> Self {
        Self {
            id: DocId(id.into()),
            file: String::new(),
            kind,
            title: title.into(),
            url: None,
            owner: None,
            tags: Vec::new(),
            valid_from: None,
            valid_to: None,
            blocks: Vec::new(),
        }
    }

    /// The whole document as plain text: the coordinate system of every [`Chunk::span`].
    pub fn text(&self) -> String {
        let mut text = String::new();
        for block in &self.blocks {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&block.text());
        }
        text
    }

    /// What a store's rules are compared with.
    pub fn page_text(&self) -> PageText {
        PageText {
            doc: self.id.clone(),
            url: self.url.clone(),
            text: self.text(),
            valid_from: self.valid_from,
            valid_to: self.valid_to,
        }
    }
}

impl Block {
    /// One block as a line of plain text. A row reads `header: cell; header: cell`, so that it can stand alone.
    pub fn text(&self) -> String {
        match self {
            Self::Heading { text, .. } | Self::Paragraph(text) => text.clone(),
            Self::Item { depth, text } => format!("{}- {text}", "  ".repeat(usize::from(*depth))),
            Self::Row { header, cells } => {
                let named = |(i, cell): (usize, &String)| match header.get(i) {
                    Some(name) if !name.is_empty() => format!("{name}: {cell}"),
                    _ => cell.clone(),
                };
                cells.iter().enumerate().map(named).collect::<Vec<_>>().join("; ")
            }
        }
    }
}
