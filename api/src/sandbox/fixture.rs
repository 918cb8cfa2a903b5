//! The files of a fixture, checked against the schema line by line. A fixture that is wrong anywhere is not served.
//!
//! `shop.json` and one JSON object a line in `orders.jsonl`, `customers.jsonl`, `products.jsonl`, `collections.jsonl`,
//! `pages.jsonl`, `articles.jsonl`, `policies.jsonl`, `gift_cards.jsonl`, each shaped as the Admin API gives that object, with shorthands:
//! a connection is a plain array; a reference is an id; money is a decimal string in the order's (else the shop's)
//! currency. Names that begin with `_` are comments.

mod absorb;
mod fill;
mod lean;

use super::world::{Fields, World};
use absorb::Absorber;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fmt, fs, io,
    path::{Path, PathBuf},
};

/// The files beside `shop.json`, with the type of their objects. Products come before orders, which point at them.
const FILES: [(&str, &str); 8] = [
    ("collections.jsonl", "Collection"),
    ("products.jsonl", "Product"),
    ("customers.jsonl", "Customer"),
    ("orders.jsonl", "Order"),
    ("pages.jsonl", "Page"),
    ("articles.jsonl", "Article"),
    ("policies.jsonl", "ShopPolicy"),
    ("gift_cards.jsonl", "GiftCard"),
];
/// More are counted, not listed.
const LISTED: usize = 20;

/// `shop.json`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShopFile {
    pub now: Timestamp,
    pub shop: Fields,
    /// Test values, no real secrets.
    pub access_token: String,
    pub client_id: String,
    pub client_secret: String,
    pub scopes: Vec<String>,
}

impl fmt::Debug for ShopFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShopFile").field("now", &self.now).field("scopes", &self.scopes).finish_non_exhaustive()
    }
}

/// A loaded fixture.
#[derive(Clone, Debug)]
pub struct Fixture {
    pub shop: ShopFile,
    pub world: World,
    /// Fields that this program's schema has not (`Order.riskLevel`), with how often they occur. They are not served.
    pub unknown: BTreeMap<String, usize>,
}

/// Something in a file that cannot be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    pub file: String,
    /// From 1; 0 for a file that is one object.
    pub line: usize,
    /// `lineItems[0].quantity`; empty for the line itself.
    pub field: String,
    pub what: String,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if !self.field.is_empty() {
            write!(f, ": {}", self.field)?;
        }
        write!(f, ": {}", self.what)
    }
}

#[derive(Debug, thiserror::Error)]
pub enum FixtureError {
    #[error(
        "{path} cannot be read; a fixture is a folder with shop.json, orders.jsonl, customers.jsonl, products.jsonl"
    )]
    Io { path: PathBuf, source: io::Error },
    #[error("the fixture {dir} is not served until these are right:\n{lines}", dir = .dir.display(), lines = listed(.bad))]
    Bad { dir: PathBuf, bad: Vec<BadLine> },
}

fn listed(bad: &[BadLine]) -> String {
    let mut lines: Vec<String> = bad.iter().take(LISTED).map(|b| format!("  {b}")).collect();
    if bad.len() > LISTED {
        lines.push(format!("  and {} more", bad.len() - LISTED));
    }
    lines.join("\n")
}

impl Fixture {
    /// The numbers of all orders, as customers write them.
    pub fn order_names(&self) -> Vec<String> {
        let orders = self.world.all("Order").iter().filter_map(|id| self.world.get(id));
        orders.filter_map(|order| Some(order.get("name")?.as_str()?.to_owned())).collect()
    }

    pub fn load(dir: &Path) -> Result<Self, FixtureError> {
        let mut bad = Vec::new();
        let lines = read_lines(dir, &mut bad)?;
        let shop_path = dir.join("shop.json");
        let lean = lean::is_lean(&lines);
        let shop = match fs::read_to_string(&shop_path) {
            Ok(text) => serde_json::from_str::<ShopFile>(&text)
                .map_err(|e| {
                    bad.push(BadLine { file: "shop.json".into(), line: 0, field: "".into(), what: e.to_string() })
                })
                .ok(),
            Err(e) if lean && e.kind() == io::ErrorKind::NotFound => Some(lean::shop()),
            Err(source) => return Err(FixtureError::Io { path: shop_path, source }),
        };
        let Some(shop) = shop else { return Err(FixtureError::Bad { dir: dir.into(), bad }) };
        let lines = if lean { lean::convert(lines, shop.now, &mut bad) } else { lines };

        let mut absorber = Absorber::new(&shop, bad);
        absorber.shop(&shop.shop);
        for Line { file, number, ty, object } in lines {
            absorber.line(file, number, ty, object);
        }
        let (mut world, bad, unknown) = absorber.finish(&World::default());
        if !bad.is_empty() {
            return Err(FixtureError::Bad { dir: dir.into(), bad });
        }
        fill::everything(&mut world, shop.now);
        Ok(Self { shop, world, unknown })
    }
}

/// One object of a file.
struct Line {
    file: &'static str,
    number: usize,
    ty: &'static str,
    object: Fields,
}

fn read_lines(dir: &Path, bad: &mut Vec<BadLine>) -> Result<Vec<Line>, FixtureError> {
    let mut lines = Vec::new();
    for (file, ty) in FILES {
        let path = dir.join(file);
        let needed = matches!(ty, "Order" | "Customer" | "Product");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound && !needed => continue,
            Err(source) => return Err(FixtureError::Io { path, source }),
        };
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let mut say = |what: String| bad.push(BadLine { file: file.into(), line: at + 1, field: "".into(), what });
            match serde_json::from_str::<Value>(line) {
                Ok(Value::Object(object)) => lines.push(Line { file, number: at + 1, ty, object }),
                Ok(_) => say("not a JSON object".into()),
                Err(e) => say(format!("not JSON: {e}")),
            }
        }
    }
    Ok(lines)
}

/// Takes one more object, or a change to one, into a store that is running. `object` is shaped as a fixture's line;
/// with `id` given and no such object, it is new.
pub(super) fn put(world: &mut World, shop: &ShopFile, ty: &str, object: Fields) -> Result<String, Vec<BadLine>> {
    absorb::put(world, shop, ty, object)
}
