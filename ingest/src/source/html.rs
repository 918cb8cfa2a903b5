//! HTML pages and the HTML bodies of products and messages.

use super::html_table;
use super::lines::{address_beside, one_line, tidy};
use super::page::Page;
use crate::document::Block;
use ego_tree::iter::Edge;
use scraper::{ElementRef, Html, Node};

pub(crate) fn parse(body: &str) -> Page {
    let html = Html::parse_document(body);
    // Header, menu and footer of a saved page stand outside its one `main`.
    let mut mains = html.tree.nodes().filter(|n| n.value().as_element().is_some_and(|e| e.name() == "main"));
    let root = match (mains.next(), mains.next()) {
        (Some(main), None) => main,
        _ => html.tree.root(),
    };
    let mut builder = Builder::default();
    // Closing the dropped element ends the drop; a walk without recursion cannot overflow on deep nesting.
    let mut dropped = None;
    for edge in root.traverse() {
        match edge {
            Edge::Open(node) if dropped.is_none() => match node.value() {
                Node::Text(text) => builder.text(text),
                Node::Element(element) => {
                    let name = element.name();
                    if name == "title" && builder.title.is_none() {
                        let title: String = node.children().filter_map(|c| c.value().as_text()).map(|t| &**t).collect();
                        builder.title = Some(one_line(&title)).filter(|t| !t.is_empty());
                    }
                    let table = (name == "table").then(|| ElementRef::wrap(node).and_then(html_table::blocks));
                    if let Some(rows) = table.flatten() {
                        builder.flush();
                        builder.blocks.extend(rows);
                        dropped = Some(node.id());
                    } else if DROPPED.contains(&name) {
                        dropped = Some(node.id());
                    } else {
                        builder.open(name, element.attr("href"));
                    }
                }
                _ => {}
            },
            Edge::Close(node) if dropped == Some(node.id()) => dropped = None,
            Edge::Close(node) if dropped.is_none() => {
                if let Some(element) = node.value().as_element() {
                    builder.close(element.name());
                }
            }
            _ => {}
        }
    }
    builder.flush();
    Page { title: builder.title, blocks: builder.blocks }
}

/// What a reader of the page does not read.
pub(super) const DROPPED: [&str; 16] = [
    "script", "style", "nav", "noscript", "template", "svg", "iframe", "title", "select", "textarea", "object",
    "video", "audio", "canvas", "button", "map",
];

const BLOCKS: [&str; 27] = [
    "p",
    "div",
    "section",
    "article",
    "blockquote",
    "address",
    "figure",
    "figcaption",
    "dl",
    "details",
    "center",
    "main",
    "header",
    "footer",
    "aside",
    "hr",
    "fieldset",
    "form",
    "table",
    "tr",
    "td",
    "th",
    "caption",
    "thead",
    "tbody",
    "tfoot",
    "body",
];

const INLINE: [&str; 27] = [
    "a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "del", "em", "font", "i", "img", "ins", "kbd", "mark", "q",
    "s", "small", "span", "strike", "strong", "sub", "sup", "tt", "u", "var",
];

/// Whether a tag of this name is HTML, and not something typed between angle brackets.
pub(super) fn is_element(name: &str) -> bool {
    INLINE.contains(&name)
        || BLOCKS.contains(&name)
        || DROPPED.contains(&name)
        || ["br", "ul", "ol", "li", "pre", "dt", "dd", "summary", "input", "label", "h1", "h2", "h3", "h4", "h5", "h6"]
            .contains(&name)
}

#[derive(Default)]
struct Builder {
    title: Option<String>,
    blocks: Vec<Block>,
    text: String,
    /// Characters of `text` that are bold, white space aside.
    bold: usize,
    in_bold: usize,
    lists: usize,
    items: usize,
    pre: usize,
    heading: Option<u8>,
    /// Level of the last heading that was marked as one.
    level: u8,
    links: Vec<(usize, String)>,
}

impl Builder {
    fn text(&mut self, text: &str) {
        if self.in_bold > 0 {
            self.bold += text.chars().filter(|c| !c.is_whitespace()).count();
        }
        if self.pre > 0 {
            self.text.push_str(text);
        } else {
            self.text.extend(text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }));
        }
    }

    fn open(&mut self, name: &str, href: Option<&str>) {
        match name {
            "br" => self.text.push('\n'),
            "a" => self.links.push((self.text.len(), href.unwrap_or_default().to_owned())),
            "b" | "strong" => self.in_bold += 1,
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.flush();
                self.level = name.as_bytes()[1] - b'0';
                self.heading = Some(self.level);
            }
            // The question of an accordion.
            "summary" => {
                self.flush();
                self.heading = Some((self.level + 1).clamp(2, 6));
            }
            "ul" | "ol" => {
                self.flush();
                self.lists += 1;
            }
            "li" => {
                self.flush();
                self.items += 1;
            }
            "pre" => {
                self.flush();
                self.pre += 1;
            }
            "dt" => self.flush(),
            // The paragraphs of one item, and the lines of one heading, are one text.
            _ if BLOCKS.contains(&name) && (self.items > 0 || self.heading.is_some()) => self.text.push(' '),
            _ if BLOCKS.contains(&name) => self.flush(),
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "a" => {
                if let Some((start, href)) = self.links.pop()
                    && let Some(address) = self.text.get(start..).and_then(|text| address_beside(text, &href))
                {
                    self.text.push_str(&address);
                }
            }
            "b" | "strong" => self.in_bold = self.in_bold.saturating_sub(1),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "summary" => {
                self.flush();
                self.heading = None;
            }
            "ul" | "ol" => {
                self.flush();
                self.lists = self.lists.saturating_sub(1);
            }
            "li" => {
                self.flush();
                self.items = self.items.saturating_sub(1);
            }
            "pre" => {
                self.flush();
                self.pre = self.pre.saturating_sub(1);
            }
            "dt" if !self.text.trim_end().ends_with([':', '?']) => self.text.push_str(": "),
            "dt" => self.text.push(' '),
            "dd" => self.flush(),
            _ if BLOCKS.contains(&name) && (self.items > 0 || self.heading.is_some()) => self.text.push(' '),
            _ if BLOCKS.contains(&name) => self.flush(),
            _ => {}
        }
    }

    fn flush(&mut self) {
        let raw = std::mem::take(&mut self.text);
        let bold = std::mem::take(&mut self.bold);
        for link in &mut self.links {
            link.0 = 0;
        }
        let one = self.heading.is_some() || self.items > 0;
        let text = if one { one_line(&raw) } else { tidy(&raw) };
        if text.is_empty() {
            return;
        }
        self.blocks.push(match self.heading {
            Some(level) => Block::Heading { level, text },
            None if self.items > 0 => {
                let depth = u8::try_from(self.lists.max(1) - 1).unwrap_or(u8::MAX);
                Block::Item { depth, text }
            }
            None if is_bold_heading(&text, bold) => Block::Heading { level: 6, text },
            None => Block::Paragraph(text),
        });
    }
}

/// A paragraph that is bold from end to end and reads like a heading; a bold statement stays text.
pub(super) fn is_bold_heading(text: &str, bold: usize) -> bool {
    let characters = text.chars().filter(|c| !c.is_whitespace()).count();
    let asks = text.ends_with(['?', ':']);
    let short = text.split_whitespace().count() <= 5 && !text.ends_with(['.', '!']);
    bold >= characters && (3..=80).contains(&characters) && (asks || short) && !text.contains('\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expect: &[&str]) {
        let mark = |b: &Block| match b {
            Block::Heading { level, text } => format!("{} {text}", "#".repeat(usize::from(*level))),
            other => other.text(),
        };
        assert_eq!(parse(body).blocks.iter().map(mark).collect::<Vec<_>>(), expect, "{body}");
    }

    #[test]
    fn structure_is_kept() {
        check(
            "<h2>Re<b>turns</b></h2><p>Within\n 30&nbsp;days.<br>Free.</p>loose<ul><li>a<ul><li>b</ul><li><p>c</p><p>d</p></ul>",
            &["## Returns", "Within 30 days.\nFree.", "loose", "- a", "  - b", "- c d"],
        );
        check("<div>one<div>two</div>three</div>", &["one", "two", "three"]);
        check("<pre>a\n  b</pre><blockquote>q</blockquote>", &["a\nb", "q"]);
        check("<dl><dt>Wash</dt><dd>30 °C</dd><dt>Dry?</dt><dd>flat</dd></dl>", &["Wash: 30 °C", "Dry? flat"]);
    }

    #[test]
    fn what_nobody_reads_is_dropped() {
        check(
            "<script>var x</script><style>p{}</style><nav>Home</nav><p>a<!-- b --></p><svg><text>no</text></svg>",
            &["a"],
        );
        check("<header>Shop</header><main><p>a</p></main><footer>Imprint</footer>", &["a"]);
        check("<p>5 &lt; 6 &amp; caf&eacute; &#8364;</p>", &["5 < 6 & café €"]);
    }

    #[test]
    fn headings_that_are_not_marked_as_headings() {
        check(
            "<h2>FAQ</h2><details><summary>How long?</summary><p>30 days.</p></details>",
            &["## FAQ", "### How long?", "30 days."],
        );
        check("<p><strong>Do you ship abroad?</strong></p><p>Yes.</p>", &["###### Do you ship abroad?", "Yes."]);
        check(
            "<p><b>Final sale items cannot be returned at all.</b></p>",
            &["Final sale items cannot be returned at all."],
        );
        check("<p><b>Note:</b> no returns</p>", &["Note: no returns"]);
    }

    #[test]
    fn links_keep_their_address() {
        check(
            r#"<p>Use <a href="https://a.example/f">our form</a> or <a href="mailto:h@a.example">h@a.example</a>, <a href="/x">x</a>.</p>"#,
            &["Use our form (https://a.example/f) or h@a.example, x."],
        );
    }

    #[test]
    fn deep_nesting_does_not_overflow() {
        let deep = format!("{}x{}", "<div>".repeat(20_000), "</div>".repeat(20_000));
        check(&deep, &["x"]);
    }
}
