//! Plain text: paragraphs, lists and the headings that people make without a format.

use super::lines::{join_lines, one_line};
use super::page::Page;
use crate::document::Block;

pub(crate) fn parse(body: &str) -> Page {
    let mut blocks = Vec::new();
    let lines: Vec<&str> = body.lines().collect();
    let groups: Vec<&[&str]> = lines.split(|l| l.trim().is_empty()).filter(|g| !g.is_empty()).collect();
    for (i, group) in groups.iter().enumerate() {
        let list_follows = groups.get(i + 1).is_some_and(|next| item(next[0]).is_some());
        group_blocks(group, i == 0, list_follows, &mut blocks);
    }
    Page { title: None, blocks }
}

/// Lines between two blank ones.
fn group_blocks(group: &[&str], first: bool, list_follows: bool, blocks: &mut Vec<Block>) {
    let mut rest = group;
    if let Some((level, lines)) = heading(group, list_follows) {
        blocks.push(Block::Heading {
            level: if first { 1 } else { level },
            text: one_line(group[0]).trim_end_matches(':').to_owned(),
        });
        rest = &group[lines..];
    }
    let mut paragraph: Vec<&str> = Vec::new();
    let mut in_item = false;
    for line in rest {
        if let Some((depth, text)) = item(line) {
            push_paragraph(&mut paragraph, blocks);
            blocks.push(Block::Item { depth, text: one_line(text) });
            in_item = true;
            continue;
        }
        match blocks.last_mut() {
            Some(Block::Item { text, .. }) if in_item && line.starts_with([' ', '\t']) => {
                text.push(' ');
                text.push_str(&one_line(line));
            }
            _ => {
                in_item = false;
                paragraph.push(line);
            }
        }
    }
    push_paragraph(&mut paragraph, blocks);
}

fn push_paragraph(lines: &mut Vec<&str>, blocks: &mut Vec<Block>) {
    let text = join_lines(lines.drain(..));
    if !text.is_empty() {
        blocks.push(Block::Paragraph(text));
    }
}

/// Level of the heading that a group starts with, and how many lines it takes.
fn heading(group: &[&str], list_follows: bool) -> Option<(u8, usize)> {
    let line = group[0].trim();
    let short = line.chars().count() <= 80 && item(group[0]).is_none();
    let underline = group.get(1).map(|l| l.trim()).filter(|l| l.len() >= 3);
    if let Some(underline) = underline.filter(|_| short) {
        for (mark, level) in [('=', 1), ('-', 2), ('~', 2)] {
            if underline.chars().all(|c| c == mark) {
                return Some((level, 2));
            }
        }
    }
    let letters = line.chars().filter(|c| c.is_alphabetic()).count();
    let capitals = letters >= 3 && !line.chars().any(char::is_lowercase) && !line.ends_with(['.', ':', ';', ',']);
    if short && capitals && line.chars().next().is_some_and(char::is_alphabetic) {
        return Some((2, 1));
    }
    // "Before you send it back:" above a list leads in to it; above a paragraph, alone on its line, it is a heading.
    let colon = group.len() == 1 && line.ends_with(':') && line.chars().count() <= 50 && !list_follows;
    (short && colon).then_some((3, 1))
}

/// Depth and text of a list item.
fn item(line: &str) -> Option<(u8, &str)> {
    let text = line.trim_start();
    let indent = line.len() - text.len();
    let bullet = ["- ", "* ", "• ", "– ", "+ "].iter().find_map(|mark| text.strip_prefix(mark));
    let item = bullet.or_else(|| {
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let after = &text[digits..];
        let marked = after.strip_prefix(". ").or_else(|| after.strip_prefix(") "));
        marked.filter(|_| (1..=2).contains(&digits))
    })?;
    let depth = u8::try_from(indent / 2).unwrap_or(u8::MAX).min(5);
    (!item.trim().is_empty()).then_some((depth, item))
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
    fn headings_lists_and_paragraphs() {
        check(
            "RETURNS\n\nSend it back.\n\nHow it works\n---\n1. Ask\n2. Send\n   it\n",
            &["# RETURNS", "Send it back.", "## How it works", "- Ask", "- Send it"],
        );
        check(
            "Intro.\n\nREFUNDS\nWe pay\nback.\n\nYou need:\n\n- a box\n  - tape\n",
            &["Intro.", "## REFUNDS", "We pay\nback.", "You need:", "- a box", "  - tape"],
        );
        check("x\n\nShipping:\n\nFree from $50.", &["x", "### Shipping", "Free from $50."]);
    }

    #[test]
    fn ordinary_lines_are_no_headings() {
        check("Q: How long?\nA: 14 days.", &["Q: How long?\nA: 14 days."]);
        check("$5.95", &["$5.95"]);
        check("OK.", &["OK."]);
        check("2026. A good year", &["2026. A good year"]);
    }
}
