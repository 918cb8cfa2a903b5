//! Looking a value of the question up in a table row: "chest 104 cm" in `Chest (cm): 102 to 108`.

use super::stem_set;
use crate::value::{Value, values};
use regex::Regex;
use std::collections::HashSet;
use std::sync::LazyLock;

/// A named cell of a row.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    /// Stems of the header.
    header: HashSet<String>,
    /// Words of the header as they stand, for units.
    words: Vec<String>,
    /// Smallest and largest number, in thousandths.
    from: i64,
    to: i64,
}

/// The cells of a row as [`crate::select::Unit`] carries it: `header: cell; header: cell`.
pub(super) fn cells(text: &str) -> Vec<Cell> {
    let cell = |part: &str| {
        let (header, cell) = part.split_once(": ")?;
        let numbers: Vec<i64> = values(cell)
            .into_iter()
            .filter_map(|v| match v.value {
                Value::Number { thousandths, .. } => Some(thousandths),
                _ => None,
            })
            .collect();
        let words = header.to_lowercase().split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect();
        Some(Cell { header: stem_set(header), words, from: *numbers.iter().min()?, to: *numbers.iter().max()? })
    };
    if text.contains("; ") { text.split("; ").filter_map(cell).collect() } else { Vec::new() }
}

/// Whether the row holds the value in a column that the question means; `None` where it has no such column.
pub(super) fn look_up(asked: &Value, cells: &[Cell], stems: &[String]) -> Option<bool> {
    let Value::Number { thousandths, unit } = asked else { return None };
    let measured = |c: &&Cell| unit.as_ref().is_none_or(|unit| c.words.contains(unit));
    let named = |c: &&Cell| c.header.iter().any(|s| stems.contains(s) && Some(s) != unit.as_ref());
    let mut columns: Vec<&Cell> = cells.iter().filter(measured).filter(named).collect();
    // "I measure 104 cm" names no column: any with that unit will do. A bare number needs its name.
    if columns.is_empty() && unit.is_some() {
        columns = cells.iter().filter(measured).collect();
    }
    (!columns.is_empty()).then(|| columns.iter().any(|c| (c.from..=c.to).contains(thousandths)))
}

/// Whether the text names a span of months ("October through December") around a month that the question names.
pub(super) fn month_in_range(question: &str, text: &str) -> bool {
    const MONTH: &str = "(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*";
    static NAMED: LazyLock<Regex> = LazyLock::new(|| Regex::new(&format!(r"(?i)\b{MONTH}\b")).expect("constant"));
    static SPAN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(&format!(r"(?i)\b{MONTH}\s+(?:to|through|until|till|and|-|–)\s+{MONTH}\b")).expect("constant")
    });
    let number = |name: &str| {
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
            .iter()
            .position(|m| name.eq_ignore_ascii_case(m))
    };
    SPAN.captures_iter(text).any(|span| {
        let (Some(from), Some(to)) = (number(&span[1]), number(&span[2])) else { return false };
        NAMED
            .captures_iter(question)
            .filter_map(|c| number(&c[1]))
            .any(|month| if from <= to { (from..=to).contains(&month) } else { month >= from || month <= to })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::select::Question;

    #[test]
    fn a_value_is_looked_up_in_the_column_that_the_question_names() {
        let check = |question: &str, row: &str, expect: Option<bool>| {
            let question = Question::read(question);
            let found = question.values.iter().find_map(|v| look_up(&v.value, &cells(row), &question.stems));
            assert_eq!(found, expect, "{row}");
        };
        let large = "Size: L; Chest (cm): 102 to 108; Waist (cm): 88 to 94";
        let huge = "Size: XXL; Chest (cm): 117 to 125; Waist (cm): 103 to 112";
        check("My chest is 104 cm", large, Some(true));
        check("My chest is 104 cm", huge, Some(false));
        check("I measure 104 cm", huge, Some(true));
        check("What EU size is a US women's 9?", "EU: 40; US men: 7; US women: 9; UK: 6.5", Some(true));
        check("What EU size is a US women's 9?", "EU: 42; US men: 9; US women: 10.5; UK: 8", Some(false));
        check("Is it 3 years?", large, None);
    }

    #[test]
    fn a_month_lies_in_a_span_of_months() {
        assert!(month_in_range("in November", "From October through December allow 25 business days"));
        assert!(month_in_range("in January", "November to February"));
        assert!(!month_in_range("in March", "From October through December"));
        assert!(!month_in_range("in November", "Repairs take 15 business days"));
    }
}
