//! A product, as it is read from a catalogue, and the document that it becomes.

use super::html;
use super::lines::one_line;
use super::money::{Amount, Currency};
use crate::document::{Block, Document};
use engine::evidence::SourceKind;

#[derive(Debug, Default)]
pub(crate) struct Product {
    pub handle: String,
    pub title: String,
    pub body_html: String,
    pub vendor: String,
    pub product_type: String,
    pub tags: Vec<String>,
    /// Fields of the merchant's own, as name and value.
    pub facts: Vec<(String, String)>,
    pub options: Vec<String>,
    pub variants: Vec<Variant>,
}

/// Without its stock, which is out of date before it is indexed.
#[derive(Debug, Default)]
pub(crate) struct Variant {
    /// One for each option of the product.
    pub values: Vec<String>,
    pub sku: String,
    pub price: Option<Amount>,
    pub compare_at: Option<Amount>,
    /// Prices of other markets, by the market's name.
    pub markets: Vec<(String, Amount)>,
}

/// Products with more variants are told by price and not by variant.
const ROWS: usize = 30;
/// Shopify's own limit was 100 for long; more say nothing that the lists of options do not.
const LISTED: usize = 100;

impl Product {
    pub(crate) fn document(self, currency: &Currency) -> Document {
        let mut document = Document::new(format!("product:{}", self.handle), SourceKind::Product, self.title.clone());
        document.url = Some(format!("/products/{}", self.handle));
        document.tags.clone_from(&self.tags);
        document.blocks = html::parse(&self.body_html).blocks;
        // Headings of the description stand below "Details", so that they do not take it in.
        for block in &mut document.blocks {
            if let Block::Heading { level, .. } = block {
                *level = (*level + 2).min(6);
            }
        }
        document.blocks.push(Block::Heading { level: 2, text: "Details".into() });
        let mut facts = vec![self.summary(currency)];
        facts.extend(self.option_lines());
        let named = [("Vendor", &self.vendor), ("Type", &self.product_type), ("Tags", &self.tags.join(", "))];
        facts.extend(
            named.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| format!("{name}: {value}")),
        );
        facts.extend(self.facts.iter().map(|(name, value)| format!("{name}: {value}")));
        if let [only] = self.variants.as_slice()
            && !only.sku.is_empty()
        {
            facts.push(format!("SKU: {}", only.sku));
        }
        facts.retain(|f| !f.is_empty());
        if !facts.is_empty() {
            document.blocks.push(Block::Paragraph(facts.join("\n")));
        }
        match self.variants.len() {
            0 | 1 => {}
            2..=LISTED if self.has_one_price() => document.blocks.push(Block::Paragraph(self.variant_line())),
            2..=ROWS => document.blocks.extend(self.rows(currency)),
            _ => document.blocks.extend(self.rows_by_price(currency)),
        }
        document
    }

    /// `Price: $20.00 to $24.00`, and what it was before.
    fn summary(&self, currency: &Currency) -> String {
        let Some(price) = range(self.variants.iter().filter_map(|v| v.price), currency) else { return String::new() };
        let mut line = format!("Price: {price}");
        let before = self.variants.iter().filter_map(|v| v.compare_at.filter(|before| Some(*before) > v.price));
        if let Some(before) = range(before, currency) {
            line.push_str(&format!(" (before: {before})"));
        }
        for market in self.markets() {
            let prices = self.variants.iter().filter_map(|v| v.in_market(market));
            if let Some(price) = range(prices, currency) {
                line.push_str(&format!("\nPrice in {market}: {}", without_currency(&price, currency)));
            }
        }
        line
    }

    /// `Size: S, M, L`, one line for each option.
    fn option_lines(&self) -> Vec<String> {
        let line = |(i, name): (usize, &String)| {
            let mut values: Vec<&str> = Vec::new();
            for value in self.variants.iter().filter_map(|v| v.values.get(i)).filter(|v| !v.is_empty()) {
                if !values.contains(&value.as_str()) {
                    values.push(value);
                }
            }
            if values.is_empty() { String::new() } else { format!("{name}: {}", values.join(", ")) }
        };
        self.options.iter().enumerate().map(line).collect()
    }

    fn has_one_price(&self) -> bool {
        let first = &self.variants[0];
        self.variants
            .iter()
            .all(|v| (v.price, v.compare_at, &v.markets) == (first.price, first.compare_at, &first.markets))
    }

    /// `Variants: S / Red (SKU-1), M / Red (SKU-2)`: which there are, where they all cost the same.
    fn variant_line(&self) -> String {
        let shown = |variant: &Variant| {
            let values: Vec<&str> = variant.values.iter().map(String::as_str).filter(|v| !v.is_empty()).collect();
            match (values.join(" / "), variant.sku.as_str()) {
                (values, "") => values,
                (values, sku) => format!("{values} ({sku})"),
            }
        };
        format!("Variants: {}", self.variants.iter().map(shown).collect::<Vec<_>>().join(", "))
    }

    fn markets(&self) -> Vec<&str> {
        let mut markets: Vec<&str> = Vec::new();
        for (market, _) in self.variants.iter().flat_map(|v| &v.markets) {
            if !markets.contains(&market.as_str()) {
                markets.push(market);
            }
        }
        markets
    }

    fn rows(&self, currency: &Currency) -> Vec<Block> {
        let shown = |amount: Option<Amount>| amount.map(|a| currency.show(&a)).unwrap_or_default();
        let mut header = self.options.clone();
        header.extend(["SKU", "Price", "Compare at price"].map(String::from));
        let row = |variant: &Variant| {
            let mut cells: Vec<String> =
                (0..self.options.len()).map(|i| variant.values.get(i).cloned().unwrap_or_default()).collect();
            cells.push(variant.sku.clone());
            cells.push(shown(variant.price));
            cells.push(shown(variant.compare_at.filter(|before| Some(*before) > variant.price)));
            without_empty(&header, &cells)
        };
        self.variants.iter().map(row).collect()
    }

    /// Which variants have which price, for products with many.
    fn rows_by_price(&self, currency: &Currency) -> Vec<Block> {
        let mut prices: Vec<Amount> = self.variants.iter().filter_map(|v| v.price).collect();
        prices.sort_unstable();
        prices.dedup();
        if prices.len() < 2 || prices.len() > ROWS {
            return Vec::new();
        }
        let row = |price: &Amount| {
            let mut header = vec!["Price".to_owned()];
            let mut cells = vec![currency.show(price)];
            for (i, option) in self.options.iter().enumerate() {
                let mut values: Vec<&str> = Vec::new();
                for variant in self.variants.iter().filter(|v| v.price == Some(*price)) {
                    if let Some(value) = variant.values.get(i).filter(|v| !values.contains(&v.as_str())) {
                        values.push(value);
                    }
                }
                header.push(option.clone());
                cells.push(values.join(", "));
            }
            without_empty(&header, &cells)
        };
        prices.iter().map(row).collect()
    }
}

impl Variant {
    fn in_market(&self, market: &str) -> Option<Amount> {
        self.markets.iter().find(|(name, _)| name == market).map(|(_, amount)| *amount)
    }
}

/// A row says nothing of columns that are empty in it.
fn without_empty(header: &[String], cells: &[String]) -> Block {
    let filled = header.iter().zip(cells).filter(|(_, cell)| !cell.is_empty());
    let (header, cells) = filled.map(|(h, c)| (one_line(h), one_line(c))).unzip();
    Block::Row { header, cells }
}

fn range(amounts: impl Iterator<Item = Amount>, currency: &Currency) -> Option<String> {
    let amounts: Vec<Amount> = amounts.collect();
    let (least, most) = (amounts.iter().min()?, amounts.iter().max()?);
    Some(if least == most {
        currency.show(least)
    } else {
        format!("{} to {}", currency.show(least), currency.show(most))
    })
}

/// The price of another market is in a currency that the file does not name.
fn without_currency(price: &str, currency: &Currency) -> String {
    price.replace(['$', '€', '£'], "").replace(&format!(" {}", currency.code()), "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variant(values: &[&str], price: &str, before: &str) -> Variant {
        Variant {
            values: values.iter().map(|v| (*v).to_owned()).collect(),
            sku: format!("SKU-{}", values.join("-")),
            price: Amount::parse(price),
            compare_at: Amount::parse(before),
            markets: Vec::new(),
        }
    }

    fn check(product: Product, expect: &str) {
        assert_eq!(product.document(&Currency::default()).text(), expect);
    }

    #[test]
    fn variants_are_rows_with_their_options() {
        let product = Product {
            handle: "vest".into(),
            title: "Vest".into(),
            body_html: "<p>Warm.</p><h3>Care</h3><p>Wash cold.</p>".into(),
            vendor: "Fjell".into(),
            tags: vec!["down".into()],
            options: vec!["Size".into()],
            variants: vec![variant(&["S"], "80", "100"), variant(&["M"], "84", "")],
            ..Product::default()
        };
        check(
            product,
            "Warm.\nCare\nWash cold.\nDetails\nPrice: $80.00 to $84.00 (before: $100.00)\nSize: S, M\nVendor: Fjell\n\
             Tags: down\nSize: S; SKU: SKU-S; Price: $80.00; Compare at price: $100.00\nSize: M; SKU: SKU-M; Price: $84.00",
        );
    }

    #[test]
    fn variants_of_one_price_are_one_line() {
        let variants = vec![variant(&["S", "Red"], "8", ""), variant(&["M", "Red"], "8", "")];
        let options = vec!["Size".into(), "Colour".into()];
        let product = Product { handle: "v".into(), options, variants, ..Product::default() };
        check(
            product,
            "Details\nPrice: $8.00\nSize: S, M\nColour: Red\nVariants: S / Red (SKU-S-Red), M / Red (SKU-M-Red)",
        );
    }

    #[test]
    fn many_variants_are_told_by_price() {
        let sizes: Vec<String> = (0..31).map(|i| i.to_string()).collect();
        let variants = sizes.iter().map(|s| variant(&[s], if s == "30" { "9" } else { "8" }, "")).collect();
        let product = Product { handle: "v".into(), options: vec!["Size".into()], variants, ..Product::default() };
        let all = sizes.join(", ");
        let expect = format!(
            "Details\nPrice: $8.00 to $9.00\nSize: {all}\nPrice: $8.00; Size: {}\nPrice: $9.00; Size: 30",
            &all[..all.len() - 4]
        );
        check(product, &expect);
    }
}
