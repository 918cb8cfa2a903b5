//! Products that nobody sells, as many as a measurement needs; the same seed gives the same catalogue.

use engine::evidence::{DocId, SourceKind};
use ingest::document::{Block, Document};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};

const THINGS: [&str; 24] = [
    "jacket", "tent", "backpack", "kettle", "lamp", "blanket", "mug", "bottle", "scarf", "boot", "glove", "knife",
    "stove", "rope", "helmet", "sock", "shirt", "hammock", "towel", "compass", "shovel", "cooler", "pillow", "chair",
];
const MATERIALS: [&str; 12] = [
    "merino wool",
    "waxed cotton",
    "ripstop nylon",
    "stainless steel",
    "recycled polyester",
    "cork",
    "linen",
    "titanium",
    "oak",
    "goose down",
    "silicone",
    "enamel",
];
const WORDS: [&str; 40] = [
    "light", "warm", "folds", "into", "its", "own", "pocket", "keeps", "dry", "in", "heavy", "rain", "tested", "on",
    "long", "walks", "seams", "are", "taped", "by", "hand", "easy", "to", "clean", "fits", "most", "cars", "made",
    "for", "winter", "nights", "without", "plastic", "parts", "that", "break", "spare", "strap", "included", "quiet",
];

/// `count` products, each a few chunks long.
pub fn products(count: usize, seed: u64) -> impl Iterator<Item = Document> {
    let mut random = StdRng::seed_from_u64(seed);
    (0..count).map(move |number| product(number, &mut random))
}

fn product(number: usize, random: &mut StdRng) -> Document {
    let thing = pick(&THINGS, random);
    let material = pick(&MATERIALS, random);
    let title = format!("{} {thing} {number}", capitalized(material));
    let mut blocks = vec![Block::Paragraph(sentences(random, 5))];
    blocks.push(Block::Heading { level: 2, text: "Details".into() });
    for _ in 0..4 {
        blocks.push(Block::Item { depth: 0, text: sentences(random, 1) });
    }
    blocks.push(Block::Heading { level: 2, text: "Variants".into() });
    let header: Vec<String> = ["Size", "SKU", "Price", "Weight"].map(str::to_owned).into();
    for size in ["S", "M", "L"] {
        let price = format!("{}.{:02} EUR", random.random_range(5..400), random.random_range(0..100));
        let weight = format!("{} g", random.random_range(80..4000));
        let cells = vec![size.to_owned(), format!("SK-{number:05}-{size}"), price, weight];
        blocks.push(Block::Row { header: header.clone(), cells });
    }
    Document {
        id: DocId(format!("product:{thing}-{number}")),
        file: format!("products-{}.csv", number / 1000),
        kind: SourceKind::Product,
        title,
        url: Some(format!("https://shop.example/products/{thing}-{number}")),
        owner: None,
        tags: vec![thing.to_owned(), material.replace(' ', "-")],
        valid_from: None,
        valid_to: None,
        blocks,
    }
}

/// A few sentences about a product; the same number and seed, the same sentences.
pub fn description(number: usize, seed: u64) -> String {
    let mut random = StdRng::seed_from_u64(seed.wrapping_mul(1_000_003) ^ number as u64);
    let (thing, material) = (pick(&THINGS, &mut random), pick(&MATERIALS, &mut random));
    format!("A {thing} of {material}. {}", sentences(&mut random, 6))
}

/// A question that one of the products answers.
pub fn question(seed: u64) -> String {
    let mut random = StdRng::seed_from_u64(seed);
    format!(
        "is the {} {} {} {}",
        pick(&MATERIALS, &mut random),
        pick(&THINGS, &mut random),
        pick(&WORDS, &mut random),
        pick(&WORDS, &mut random)
    )
}

fn sentences(random: &mut StdRng, count: usize) -> String {
    let sentence = |random: &mut StdRng| {
        let words: Vec<&str> = (0..random.random_range(6..16)).map(|_| pick(&WORDS, random)).collect();
        format!("{}.", capitalized(&words.join(" ")))
    };
    (0..count).map(|_| sentence(random)).collect::<Vec<_>>().join(" ")
}

fn pick<'w>(words: &[&'w str], random: &mut StdRng) -> &'w str {
    words.choose(random).expect("the lists are not empty")
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
