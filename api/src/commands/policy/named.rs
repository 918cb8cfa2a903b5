//! What a message names, printed.

use super::word;
use engine::package::mask;
use engine::understand::entities::{Counted, DateMention, ProductMention, Quantity};
use engine::understand::{Titles, Understanding};

/// What a message names, a line for each kind; each with the words that name it.
pub(super) fn print(understood: &Understanding, message: &str, titles: &Titles) {
    let entities = &understood.entities;
    let words = |(from, to): (usize, usize)| message.get(from..to).unwrap_or_default();
    let line = |label: &str, all: Vec<String>| {
        if !all.is_empty() {
            println!("{label:<12}{}", all.join("; "));
        }
    };
    line("orders:", entities.orders.iter().map(ToString::to_string).collect());
    line("addresses:", entities.emails.iter().map(|email| mask(email.expose())).collect());
    let product = |p: &ProductMention| format!("{} {:.2} (\"{}\")", p.title, p.score, words(p.span));
    line("products:", entities.products.iter().map(product).collect());
    if titles.is_empty() {
        println!("products:   none are known; `shopclerk sync` reads them");
    }
    let quantity = |q: &Quantity| {
        let of = q.of.map(|of| format!(" of {of}")).unwrap_or_default();
        let unit = if q.unit == Counted::Pair { " in pairs" } else { "" };
        let more = if q.more { " more" } else { "" };
        format!("{}{more}{unit}{of} (\"{}\")", q.count, words(q.span))
    };
    line("counts:", entities.quantities.iter().map(quantity).collect());
    let days = |from, to| if from == to { format!("{from}") } else { format!("{from} to {to}") };
    let date = |d: &DateMention| {
        let or = d.or.map(|(from, to)| format!(", or {}", days(from, to))).unwrap_or_default();
        format!("{} {}{or} (\"{}\")", word(&d.relation), days(d.from, d.to), words(d.span))
    };
    line("days:", entities.dates.iter().map(date).collect());
    line("amounts:", entities.amounts.iter().map(|a| a.value.to_string()).collect());
}
