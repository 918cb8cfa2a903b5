//! Tables in HTML: rows that can stand alone, because each repeats the header.

use super::html::DROPPED;
use super::lines::one_line;
use crate::document::Block;
use ego_tree::iter::Edge;
use scraper::{ElementRef, Node};
use std::collections::BTreeMap;

/// Wider or longer spans than this are a mistake in the page.
const MAX_SPAN: usize = 200;

#[derive(Clone)]
struct Cell {
    text: String,
    header: bool,
    /// How many columns it covers.
    wide: usize,
}

/// The table's rows, or `None` if the table only lays out a page: it holds tables or headings, or has one column.
pub(super) fn blocks(table: ElementRef<'_>) -> Option<Vec<Block>> {
    if is_layout(table) {
        return None;
    }
    let (grid, in_head) = grid(table);
    let columns = grid.iter().map(Vec::len).max().unwrap_or(0);
    if columns < 2 {
        return None;
    }
    let mut blocks: Vec<Block> = caption(table).map(Block::Paragraph).into_iter().collect();
    let marked = grid.iter().take(in_head).len();
    let all_header = |row: &Vec<Cell>| row.len() > 1 && row.iter().all(|c| c.header || c.text.is_empty());
    let head = match marked {
        0 if grid.first().is_some_and(all_header) => grid.iter().take_while(|row| all_header(row)).count(),
        // Two columns without any header are names and values ("Material | Wool"), wider ones start with their header.
        0 if columns > 2 && grid.len() > 1 && !grid.iter().flatten().any(|c| c.header) => 1,
        marked => marked,
    };
    let header = merged(&grid[..head], columns);
    for row in &grid[head..] {
        let cells: Vec<String> = row.iter().map(|c| c.text.clone()).collect();
        if cells.iter().all(String::is_empty) {
            continue;
        }
        let spanned = row[0].wide == row.len();
        blocks.push(match cells.as_slice() {
            [only] => Block::Paragraph(only.clone()),
            [first, ..] if spanned => Block::Paragraph(first.clone()),
            [name, value] if head == 0 => Block::Row { header: vec![name.clone()], cells: vec![value.clone()] },
            _ => Block::Row { header: header.clone(), cells },
        });
    }
    Some(blocks)
}

fn is_layout(table: ElementRef<'_>) -> bool {
    let lays_out = |name: &str| matches!(name, "table" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6");
    table.descendants().skip(1).any(|n| n.value().as_element().is_some_and(|e| lays_out(e.name())))
}

fn caption(table: ElementRef<'_>) -> Option<String> {
    let caption = table.children().filter_map(ElementRef::wrap).find(|e| e.value().name() == "caption")?;
    Some(text_of(caption)).filter(|t| !t.is_empty())
}

/// The cells in their places, with spans filled in, and how many of the first rows stand in a `thead`.
fn grid(table: ElementRef<'_>) -> (Vec<Vec<Cell>>, usize) {
    let mut grid: Vec<Vec<Cell>> = Vec::new();
    let mut in_head = 0;
    // Column -> what a cell further up still covers.
    let mut hanging: BTreeMap<usize, (usize, Cell)> = BTreeMap::new();
    for row in table.descendants().filter_map(ElementRef::wrap).filter(|e| e.value().name() == "tr") {
        let parent = row.parent().and_then(|p| p.value().as_element()).map(|e| e.name().to_owned());
        let mut cells: Vec<Cell> = Vec::new();
        let mut next_hanging = BTreeMap::new();
        let fill = |cells: &mut Vec<Cell>, next: &mut BTreeMap<usize, (usize, Cell)>| {
            while let Some((left, cell)) = hanging.get(&cells.len()) {
                if *left > 1 {
                    next.insert(cells.len(), (left - 1, cell.clone()));
                }
                cells.push(cell.clone());
            }
        };
        for cell in row.children().filter_map(ElementRef::wrap).filter(|e| matches!(e.value().name(), "td" | "th")) {
            fill(&mut cells, &mut next_hanging);
            let span = |name: &str| cell.attr(name).and_then(|v| v.trim().parse::<usize>().ok()).unwrap_or(1);
            let wide = span("colspan").clamp(1, MAX_SPAN - cells.len().min(MAX_SPAN - 1));
            let filled = Cell { text: text_of(cell), header: cell.value().name() == "th", wide };
            for _ in 0..wide {
                if cells.len() >= MAX_SPAN {
                    break;
                }
                let down = span("rowspan").clamp(1, MAX_SPAN);
                if down > 1 {
                    next_hanging.insert(cells.len(), (down - 1, filled.clone()));
                }
                cells.push(filled.clone());
            }
        }
        fill(&mut cells, &mut next_hanging);
        hanging = next_hanging;
        if cells.is_empty() {
            continue;
        }
        if parent.as_deref() == Some("thead") && in_head == grid.len() {
            in_head += 1;
        }
        grid.push(cells);
    }
    (grid, in_head)
}

/// The header rows as one: "US" above "Men" reads "US Men".
fn merged(rows: &[Vec<Cell>], columns: usize) -> Vec<String> {
    if rows.is_empty() {
        return Vec::new();
    }
    let column = |i: usize| {
        let mut parts: Vec<&str> = rows.iter().filter_map(|r| r.get(i)).map(|c| c.text.as_str()).collect();
        parts.retain(|p| !p.is_empty());
        parts.dedup();
        parts.join(" ")
    };
    (0..columns).map(column).collect()
}

fn text_of(element: ElementRef<'_>) -> String {
    let mut text = String::new();
    let mut dropped = None;
    for edge in element.traverse() {
        match edge {
            Edge::Open(node) if dropped.is_none() => match node.value() {
                Node::Text(t) => text.push_str(t),
                Node::Element(e) if DROPPED.contains(&e.name()) => dropped = Some(node.id()),
                Node::Element(e) if e.name() == "li" && !text.trim().is_empty() => text.push_str(", "),
                Node::Element(e) if matches!(e.name(), "br" | "p" | "div") => text.push(' '),
                _ => {}
            },
            Edge::Close(node) if dropped == Some(node.id()) => dropped = None,
            _ => {}
        }
    }
    one_line(&text)
}

#[cfg(test)]
mod tests {
    use crate::source::html;

    fn check(body: &str, expect: &[&str]) {
        let blocks = html::parse(body).blocks;
        assert_eq!(blocks.iter().map(|b| b.text()).collect::<Vec<_>>(), expect, "{body}");
    }

    #[test]
    fn headers_come_from_thead_th_or_the_first_row() {
        let rows = ["Size: S; EU: 36", "Size: M; EU: 38"];
        check("<table><thead><tr><td>Size<td>EU</thead><tr><td>S<td>36<tr><td>M<td>38</table>", &rows);
        check("<table><tr><th>Size<th>EU<tr><th>S<td>36<tr><th>M<td>38</table>", &rows);
        check("<table><tr><td>Size<td>EU<td>US<tr><td>S<td>36<td>6</table>", &["Size: S; EU: 36; US: 6"]);
        check("<table><tr><td>Material<td>Wool<tr><th>Weight<td>300 g</table>", &["Material: Wool", "Weight: 300 g"]);
    }

    #[test]
    fn spans_are_filled_in() {
        check(
            "<table><tr><th rowspan=2>Size<th colspan=2>Shoe<tr><th>EU<th>US<tr><td rowspan=2>S<td>36<td>6<tr><td>37<td>7</table>",
            &["Size: S; Shoe EU: 36; Shoe US: 6", "Size: S; Shoe EU: 37; Shoe US: 7"],
        );
        check(
            "<table><thead><tr><th rowspan=2>Size<th colspan=2>Shoe<tr><th>EU<th>US</thead><tr><td>S<td>36<td>6</table>",
            &["Size: S; Shoe EU: 36; Shoe US: 6"],
        );
        check("<table><tr><td colspan=9999999 rowspan=99999>x</table>y", &["x", "y"]);
    }

    #[test]
    fn tables_that_lay_out_a_page_are_read_through() {
        check("<table><tr><td><h2>A</h2><p>b</p><td>c</table>", &["A", "b", "c"]);
        check("<table><tr><td><table><tr><th>A<th>B<tr><td>1<td>2</table></table>", &["A: 1; B: 2"]);
        check(
            "<table><caption>Chest</caption><tr><th>A<th>B<tr><td>1<td>a<ul><li>b<li>c</ul></table>",
            &["Chest", "A: 1; B: a, b, c"],
        );
    }
}
