//! Markdown pages, and text of unknown make that may hold Markdown.

use super::html;
use super::lines::{address_beside, line_break, one_line, tidy};
use super::page::Page;
use crate::document::Block;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

pub(crate) fn parse(body: &str) -> Page {
    Page { title: None, blocks: blocks(body, LineBreaks::Soft) }
}

/// What a single line feed in a paragraph means.
#[derive(Clone, Copy, Default, PartialEq)]
pub(crate) enum LineBreaks {
    /// Nothing, as Markdown has it.
    #[default]
    Soft,
    /// The end of a line, unless it looks wrapped: the text may never have been Markdown.
    Kept,
}

pub(crate) fn blocks(body: &str, breaks: LineBreaks) -> Vec<Block> {
    let mut builder = Builder { breaks, ..Builder::default() };
    for event in Parser::new_ext(body, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        builder.event(event);
    }
    builder.flush();
    builder.blocks
}

#[derive(Default)]
struct Builder {
    breaks: LineBreaks,
    blocks: Vec<Block>,
    /// Text of the block, heading or cell that is open.
    text: String,
    /// Lists that are open.
    lists: usize,
    /// Items that are open; between a list and its item no text can stand.
    items: usize,
    heading: Option<u8>,
    code: bool,
    /// Pictures that are open: their text describes what a reader of text cannot see.
    pictures: usize,
    /// Where the text of an open link starts, and its address.
    links: Vec<(usize, String)>,
    html: Option<String>,
    table: Option<Table>,
}

#[derive(Default)]
struct Table {
    header: Vec<String>,
    cells: Vec<String>,
}

impl Builder {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Html(html) => match &mut self.html {
                Some(block) => block.push_str(&html),
                None => self.text.push_str(&html),
            },
            _ if self.pictures > 0 => {}
            Event::Text(text) | Event::Code(text) => self.text.push_str(&text),
            Event::InlineHtml(tag) => self.inline_html(&tag),
            Event::SoftBreak if self.breaks == LineBreaks::Soft => self.text.push(' '),
            Event::SoftBreak => {
                let line = self.text.rsplit('\n').next().unwrap_or_default();
                self.text.push(line_break(line));
            }
            Event::HardBreak => self.text.push('\n'),
            Event::Rule => self.flush(),
            Event::InlineMath(_) | Event::DisplayMath(_) | Event::FootnoteReference(_) | Event::TaskListMarker(_) => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph => {}
            Tag::Heading { level, .. } => {
                self.flush();
                self.heading = Some(level as u8);
            }
            Tag::List(_) => {
                self.flush();
                self.lists += 1;
            }
            Tag::Item => {
                self.flush();
                self.items += 1;
            }
            Tag::CodeBlock(_) => {
                self.flush();
                self.code = true;
            }
            Tag::HtmlBlock => {
                self.flush();
                self.html = Some(String::new());
            }
            Tag::Table(_) => {
                self.flush();
                self.table = Some(Table::default());
            }
            Tag::Link { dest_url, .. } => self.links.push((self.text.len(), dest_url.into_string())),
            Tag::Image { .. } => self.pictures += 1,
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            // The paragraphs of one item are one text.
            TagEnd::Paragraph if self.items > 0 => self.text.push(' '),
            TagEnd::Paragraph => self.flush(),
            TagEnd::Heading(_) => {
                self.flush();
                self.heading = None;
            }
            TagEnd::Item => {
                self.flush();
                self.items = self.items.saturating_sub(1);
            }
            TagEnd::List(_) => {
                self.flush();
                self.lists = self.lists.saturating_sub(1);
            }
            TagEnd::CodeBlock => {
                self.flush();
                self.code = false;
            }
            TagEnd::HtmlBlock => {
                let html = self.html.take().unwrap_or_default();
                self.blocks.extend(html::parse(&html).blocks);
            }
            TagEnd::TableCell => {
                let cell = one_line(&std::mem::take(&mut self.text));
                self.table.get_or_insert_default().cells.push(cell);
            }
            TagEnd::TableHead => {
                let table = self.table.get_or_insert_default();
                table.header = std::mem::take(&mut table.cells);
            }
            TagEnd::TableRow => {
                let table = self.table.get_or_insert_default();
                let cells = std::mem::take(&mut table.cells);
                if cells.iter().any(|c| !c.is_empty()) {
                    self.blocks.push(Block::Row { header: table.header.clone(), cells });
                }
            }
            TagEnd::Table => self.table = None,
            TagEnd::Link => {
                if let Some((start, href)) = self.links.pop()
                    && let Some(address) = self.text.get(start..).and_then(|text| address_beside(text, &href))
                {
                    self.text.push_str(&address);
                }
            }
            TagEnd::Image => self.pictures = self.pictures.saturating_sub(1),
            _ => {}
        }
    }

    /// Marks are dropped, breaks kept; `<order number>` is a placeholder that somebody typed, not a mark.
    fn inline_html(&mut self, tag: &str) {
        let name: String = tag.trim_start_matches(['<', '/']).chars().take_while(char::is_ascii_alphanumeric).collect();
        match name.to_lowercase().as_str() {
            "br" => self.text.push('\n'),
            known if tag.starts_with("<!") || tag.starts_with("<?") || html::is_element(known) => {}
            _ => self.text.push_str(tag),
        }
    }

    fn flush(&mut self) {
        let text = std::mem::take(&mut self.text);
        let text = if self.heading.is_some() || self.items > 0 { one_line(&text) } else { tidy(&text) };
        if text.is_empty() {
            return;
        }
        self.blocks.push(match self.heading {
            Some(level) => Block::Heading { level, text },
            None if self.items > 0 => {
                let depth = u8::try_from(self.items - 1).unwrap_or(u8::MAX);
                Block::Item { depth, text }
            }
            None => Block::Paragraph(text),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(blocks: &[Block]) -> Vec<String> {
        let mark = |b: &Block| match b {
            Block::Heading { level, text } => format!("{} {text}", "#".repeat(usize::from(*level))),
            other => other.text(),
        };
        blocks.iter().map(mark).collect()
    }

    fn check(body: &str, expect: &[&str]) {
        assert_eq!(shown(&parse(body).blocks), expect, "{body}");
    }

    #[test]
    fn structure_is_kept() {
        check(
            "# A\n\ntext *one*\nsame line\n\n## B\n\n- x\n- y\n  - z\n\n  more of y\n",
            &["# A", "text one same line", "## B", "- x", "- y", "  - z", "- more of y"],
        );
        check("1. first\n\n   second paragraph\n2. next", &["- first second paragraph", "- next"]);
        check("Setext\n===\n\n> quoted\n> text\n\n---\n\nend  \nbroken", &["# Setext", "quoted text", "end\nbroken"]);
    }

    #[test]
    fn tables_repeat_their_header() {
        check(
            "| Size | Chest |\n|---|---|\n| S | 36 in |\n| | |\n| M | **38** in |\n",
            &["Size: S; Chest: 36 in", "Size: M; Chest: 38 in"],
        );
    }

    #[test]
    fn links_code_html_and_pictures() {
        check(
            "See [our form](https://a.example/f) or [returns](/r), ![photo](x.png) <https://b.example>.",
            &["See our form (https://a.example/f) or returns, https://b.example."],
        );
        check("Use `CODE10`<br>now, <order number> <b>bold</b>", &["Use CODE10\nnow, <order number> bold"]);
        check("<h2>Part</h2>\n<p>Text &amp; more</p>\n\nafter", &["## Part", "Text & more", "after"]);
    }

    #[test]
    fn text_that_was_never_markdown_keeps_its_lines() {
        let lines = blocks("Kettle: 2 variants.\nOptions: S, M\n- S: $2\n- M: $3", LineBreaks::Kept);
        assert_eq!(shown(&lines), ["Kettle: 2 variants.\nOptions: S, M", "- S: $2", "- M: $3"]);
    }
}
