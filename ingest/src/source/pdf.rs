//! PDF pages: the text layer, paragraph by paragraph.

use super::lines::tidy;
use super::page::Page;
use super::text;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::time::Duration;

/// A page's worth of time for a large file; a file that takes longer is broken.
const PATIENCE: Duration = Duration::from_secs(60);
/// The library recurses into nested forms.
const STACK: usize = 64 << 20;

pub(crate) fn parse(bytes: &[u8]) -> Result<Page, String> {
    let pages = extract(bytes.to_vec())?;
    if pages.iter().all(|p| p.trim().is_empty()) {
        return Err("no text was found in the PDF: it may hold only pictures of pages; \
                    run text recognition (OCR) over it, or bring its text as a page of its own"
            .into());
    }
    let pages: Vec<String> = without_running_titles(pages).iter().map(|p| unwrap(p)).collect();
    Ok(text::parse(&pages.join("\n\n")))
}

/// The text of each page. On its own thread, as the library panics on some broken files and hangs on others.
fn extract(bytes: Vec<u8>) -> Result<Vec<String>, String> {
    let (send, receive) = mpsc::channel();
    let work = move || {
        let read = catch_unwind(AssertUnwindSafe(|| pdf_extract::extract_text_from_mem_by_pages(&bytes)));
        let _ = send.send(match read {
            Ok(Ok(pages)) => Ok(pages),
            Ok(Err(error)) => Err(reason(&error.to_string())),
            Err(_) => Err(reason("its structure is damaged")),
        });
    };
    let thread = std::thread::Builder::new().name("pdf".into()).stack_size(STACK).spawn(work);
    thread.map_err(|e| format!("the PDF could not be read, as no thread could be started ({e}): try again"))?;
    receive.recv_timeout(PATIENCE).unwrap_or_else(|_| Err(reason("reading it takes more than a minute")))
}

fn reason(error: &str) -> String {
    let lower = error.to_lowercase();
    if lower.contains("encrypt") || lower.contains("decrypt") || lower.contains("password") {
        return "no text was found in the PDF, as it is protected by a password: save it without one".into();
    }
    format!("no text was found in the PDF ({error}): save it again as PDF, or bring its text as a page of its own")
}

/// Without the lines that open or close most pages, such as a running title.
fn without_running_titles(pages: Vec<String>) -> Vec<String> {
    let edge = |page: &str, last: bool| {
        let mut lines = page.lines().filter(|l| !l.trim().is_empty());
        let line = if last { lines.next_back() } else { lines.next() };
        line.map(|l| masked_number(l.trim())).unwrap_or_default()
    };
    let running = |last: bool| {
        let edges: Vec<String> = pages.iter().map(|p| edge(p, last)).filter(|e| !e.is_empty()).collect();
        let repeats = |e: &String| edges.iter().filter(|o| *o == e).count();
        edges.iter().find(|e| pages.len() >= 3 && repeats(e) * 2 > pages.len()).cloned()
    };
    let (first, last) = (running(false), running(true));
    let strip = |page: String| {
        let mut lines: Vec<&str> = page.lines().collect();
        if first.is_some() && first == Some(edge(&page, false)) {
            let at = lines.iter().position(|l| !l.trim().is_empty()).unwrap_or(0);
            lines.remove(at);
        }
        if last.is_some()
            && last == Some(edge(&page, true))
            && let Some(at) = lines.iter().rposition(|l| !l.trim().is_empty())
        {
            lines.remove(at);
        }
        lines.join("\n")
    };
    pages.into_iter().map(strip).collect()
}

/// "Page 3 of 9" is the same line on every page.
fn masked_number(line: &str) -> String {
    line.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect::<String>().replace("00", "0")
}

/// Words that were cut at the end of a line in one piece again. Trailing spaces, of which the text layer is full, gone.
fn unwrap(page: &str) -> String {
    let mut joined = String::new();
    for line in page.lines().map(tidy) {
        let cut = joined.ends_with('-') && joined[..joined.len() - 1].ends_with(char::is_alphabetic);
        if cut && line.starts_with(char::is_lowercase) {
            joined.pop();
        } else if !joined.is_empty() {
            joined.push('\n');
        }
        joined.push_str(&line);
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_cut_at_a_line_end_are_joined() {
        assert_eq!(unwrap("Send it with-  \nin 30 days.\nSize X-\nLarge"), "Send it within 30 days.\nSize X-\nLarge");
    }

    #[test]
    fn running_titles_are_dropped() {
        let pages = (1..=3).map(|i| format!("Returns\ntext {i} is here\nPage {i} of 3")).collect();
        assert_eq!(without_running_titles(pages), ["text 1 is here", "text 2 is here", "text 3 is here"]);
        let two: Vec<String> = vec!["A\nb".into(), "A\nc".into()];
        assert_eq!(without_running_titles(two.clone()), two);
    }
}
