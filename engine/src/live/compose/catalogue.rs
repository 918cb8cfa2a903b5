//! Stock and price of a product, for everybody.

use super::{Composed, Fact, Scene, and};
use crate::live::{LiveKind, Money, Product, Variant};

pub fn compose(scene: &Scene<'_>, product: &Product, said: &mut Composed) {
    let asked = scene.question.asked.to_lowercase();
    let words = asked.split(|c: char| !c.is_alphanumeric() && c != '.').filter(|w| !w.is_empty());
    // As options write it: "20 L".
    let unit = |w| if matches!(w, "litre" | "litres" | "liter" | "liters") { "l" } else { w };
    let words: Vec<&str> = words.map(unit).collect();
    let variants = meant(product, &words);
    if variants.is_empty() {
        return;
    }
    for kind in &scene.question.kinds {
        match kind {
            LiveKind::Stock => stock(scene, product, &variants, said),
            LiveKind::Price => price(scene, product, &variants, said),
            LiveKind::Status
            | LiveKind::Tracking
            | LiveKind::Delivery
            | LiveKind::Items
            | LiveKind::Total
            | LiveKind::Refund
            | LiveKind::ReturnWindow
            | LiveKind::Address
            | LiveKind::Cancellable
            | LiveKind::Payment
            | LiveKind::Balance => {}
        }
    }
}

/// Variants that have every option value that the question names ("in olive, M"); all where it names none.
pub fn meant<'a>(product: &'a Product, words: &[&str]) -> Vec<&'a Variant> {
    let said = |value: &str| {
        let value = value.to_lowercase();
        let parts: Vec<&str> =
            value.split(|c: char| !c.is_alphanumeric() && c != '.').filter(|w| !w.is_empty()).collect();
        let spoken = parts.iter().map(|p| size(p)).collect::<Vec<_>>();
        !parts.is_empty()
            && words
                .windows(parts.len())
                .any(|w| w.iter().zip(&parts).zip(&spoken).all(|((w, p), s)| *w == *p || Some(*w) == *s))
    };
    let named = |name: &str| {
        product.options.iter().filter(move |(n, _)| n == name).flat_map(|(_, values)| values).any(|v| said(v))
    };
    product.variants.iter().filter(|v| v.options.iter().all(|(name, value)| !named(name) || said(value))).collect()
}

/// How a size is spoken.
fn size(value: &str) -> Option<&'static str> {
    match value {
        "xs" => Some("xsmall"),
        "s" => Some("small"),
        "m" => Some("medium"),
        "l" => Some("large"),
        "xl" => Some("xlarge"),
        _ => None,
    }
}

fn stock(scene: &Scene<'_>, product: &Product, variants: &[&Variant], said: &mut Composed) {
    let label = |v: &&Variant| if v.title == "Default Title" { product.title.clone() } else { v.title.clone() };
    let fact = fact(scene, product, variants);
    let one = std::slice::from_ref(&fact);
    let (there, gone): (Vec<&Variant>, Vec<&Variant>) = variants.iter().partition(|v| v.available);
    let all = variants.len() == product.variants.len() && variants.len() > 1;
    let pieces = |v: &&Variant| match v.stock {
        Some(n) if n > 0 && scene.question.counts => format!("{} ({n} left)", label(v)),
        _ => label(v),
    };
    let title = &product.title;
    match (there.as_slice(), gone.as_slice()) {
        ([], _) if variants.len() == 1 => {
            said.say(format!("The {} is sold out at the moment.", full(product, variants[0])), one);
        }
        ([], _) => said.say(
            format!(
                "The {title} is sold out at the moment{}.",
                if all { " in every option" } else { " in that option" }
            ),
            one,
        ),
        ([v], []) => {
            let left = match v.stock {
                Some(n) if n > 0 && scene.question.counts => format!(": {n} left"),
                _ if v.stock.is_some_and(|n| n <= 0) && v.oversell => {
                    ", made or ordered on demand: none is on the shelf right now".into()
                }
                _ => String::new(),
            };
            said.say(format!("The {} is in stock{left}.", full(product, v)), one);
        }
        (some, none) => {
            let some: Vec<String> = some.iter().map(pieces).collect();
            said.say(format!("The {title} is in stock in {}.", and(&some)), one);
            if !none.is_empty() {
                let none: Vec<String> = none.iter().map(label).collect();
                said.say(format!("It is sold out in {}.", and(&none)), one);
            }
        }
    }
    if let Some(url) = &product.url {
        said.say(format!("Its page is {url}"), one);
    }
}

fn price(scene: &Scene<'_>, product: &Product, variants: &[&Variant], said: &mut Composed) {
    let fact = fact(scene, product, variants);
    let one = std::slice::from_ref(&fact);
    let prices = || variants.iter().map(|v| v.price);
    let (Some(least), Some(most)) = (prices().min_by_key(|m| m.minor), prices().max_by_key(|m| m.minor)) else {
        return;
    };
    if let Some((word, variant)) = extreme(&scene.question.asked, variants) {
        let options: Vec<String> = variant.options.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let details = if options.is_empty() { String::new() } else { format!(" ({})", options.join(", ")) };
        return said
            .say(format!("The {word} {} that is available costs {}{details}.", product.title, variant.price), one);
    }
    let title = if variants.len() == 1 { full(product, variants[0]) } else { product.title.clone() };
    if least == most {
        let before: Vec<Money> =
            variants.iter().filter_map(|v| v.compare_at).filter(|c| c.minor > least.minor).collect();
        let reduced = match before.as_slice() {
            [first, rest @ ..] if before.len() == variants.len() && rest.iter().all(|m| m == first) => {
                format!(", reduced from {first}")
            }
            _ => String::new(),
        };
        said.say(format!("The {title} costs {least}{reduced}."), one);
    } else {
        said.say(format!("The {title} costs between {least} and {most}, depending on the option."), one);
    }
}

/// "The cheapest", of those that can be bought now.
fn extreme<'a>(asked: &str, variants: &[&'a Variant]) -> Option<(&'static str, &'a Variant)> {
    let asked = asked.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| asked.contains(word));
    let there = || variants.iter().copied().filter(|v| v.available);
    if says(&["cheapest", "least expensive", "lowest price", "lowest-price", "most affordable"]) {
        return there().min_by_key(|v| v.price.minor).map(|v| ("cheapest", v));
    }
    let most = says(&["most expensive", "priciest"]);
    most.then(|| there().max_by_key(|v| v.price.minor).map(|v| ("most expensive", v))).flatten()
}

fn full(product: &Product, variant: &Variant) -> String {
    if variant.title == "Default Title" {
        product.title.clone()
    } else {
        format!("{} ({})", product.title, variant.title)
    }
}

fn fact(scene: &Scene<'_>, product: &Product, variants: &[&Variant]) -> Fact {
    let one = |v: &&Variant| {
        let stock = v.stock.map(|n| format!(", stock {n}")).unwrap_or_default();
        let available = if v.available { "available" } else { "sold out" };
        format!("{}: {available}{stock}, {} {}", v.title, v.price.decimal(), v.price.currency.code())
    };
    Fact {
        doc: format!("product:{}", product.handle),
        part: "variants".to_owned(),
        title: product.title.clone(),
        url: product.url.clone(),
        quote: variants.iter().map(one).collect::<Vec<_>>().join("; "),
        read_at: Some(scene.read_at),
    }
}
