//! One call of a port, as it stands in a record.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt;

/// What can be called. Closed: a port that is added decides here what is recorded of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Port {
    #[serde(rename = "clock.now")]
    Now,
    #[serde(rename = "storefront.orders")]
    Orders,
    #[serde(rename = "storefront.claimed")]
    Claimed,
    #[serde(rename = "storefront.customer")]
    Customer,
    #[serde(rename = "storefront.stored_value")]
    StoredValue,
    #[serde(rename = "storefront.knows")]
    Knows,
    #[serde(rename = "storefront.products")]
    Products,
    #[serde(rename = "embedder.query")]
    EmbedQuery,
    #[serde(rename = "knowledge.search")]
    Search,
    #[serde(rename = "reranker.score")]
    Rerank,
    #[serde(rename = "embedder.passage")]
    EmbedPassage,
    #[serde(rename = "generator.generate")]
    Generate,
    #[serde(rename = "handoffs.open")]
    OpenHandoff,
    #[serde(rename = "handoffs.waiting")]
    WaitingHandoffs,
    #[serde(rename = "handoffs.past")]
    PastHandoffs,
}

impl Port {
    pub fn name(self) -> &'static str {
        match self {
            Self::Now => "clock.now",
            Self::Orders => "storefront.orders",
            Self::Claimed => "storefront.claimed",
            Self::Customer => "storefront.customer",
            Self::StoredValue => "storefront.stored_value",
            Self::Knows => "storefront.knows",
            Self::Products => "storefront.products",
            Self::EmbedQuery => "embedder.query",
            Self::Search => "knowledge.search",
            Self::Rerank => "reranker.score",
            Self::EmbedPassage => "embedder.passage",
            Self::Generate => "generator.generate",
            Self::OpenHandoff => "handoffs.open",
            Self::WaitingHandoffs => "handoffs.waiting",
            Self::PastHandoffs => "handoffs.past",
        }
    }

    /// Whether asking the same again changes nothing, so that one recorded reply serves any number of calls.
    pub fn repeats(self) -> bool {
        match self {
            Self::Now | Self::EmbedQuery | Self::Search | Self::Rerank | Self::EmbedPassage => true,
            Self::Orders
            | Self::Claimed
            | Self::Customer
            | Self::StoredValue
            | Self::Knows
            | Self::Products
            | Self::Generate
            | Self::OpenHandoff
            | Self::WaitingHandoffs
            | Self::PastHandoffs => false,
        }
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// Of an embedding: nothing, the vector stands apart under the call's input.
    Ok(Value),
    Error(Value),
    /// The turn was over before it came.
    Unfinished,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    pub port: Port,
    /// Names what was asked; equal inputs have equal names.
    pub input: String,
    /// What was asked, for people: the beginning of it.
    pub short: String,
    pub output: Output,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.port, quoted(&self.short))
    }
}

/// The name of an input: 128 bits of the SHA-256 of what it is.
pub fn name_of(port: Port, input: &impl Serialize) -> String {
    let mut hash = Sha256::new();
    hash.update(port.name());
    hash.update([0]);
    // What cannot be written as JSON is no input of ours; an empty text then stands for it.
    hash.update(serde_json::to_vec(input).unwrap_or_default());
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Letters of an input that a person reads.
const SHORT: usize = 120;

/// The beginning of a text, on one line.
pub fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SHORT) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

pub fn quoted(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("“{text}”") }
}

/// A reply as it is recorded.
pub fn output<T: Serialize, E: Serialize>(result: &Result<T, E>) -> Output {
    let value = |value: serde_json::Result<Value>| value.unwrap_or(Value::Null);
    match result {
        Ok(ok) => Output::Ok(value(serde_json::to_value(ok))),
        Err(error) => Output::Error(value(serde_json::to_value(error))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_written_by_its_name() {
        for port in [Port::Now, Port::Claimed, Port::EmbedPassage, Port::WaitingHandoffs, Port::OpenHandoff] {
            assert_eq!(serde_json::to_value(port).unwrap(), port.name());
        }
    }

    #[test]
    fn inputs_are_told_apart_and_shortened_on_a_letter() {
        assert_ne!(name_of(Port::EmbedQuery, &"a"), name_of(Port::EmbedPassage, &"a"));
        assert_eq!(name_of(Port::Search, &("a", 1)), name_of(Port::Search, &("a", 1)));
        let long = "é".repeat(500);
        assert_eq!(short(&long).chars().count(), SHORT + 1);
        assert_eq!(short(" a\n b "), "a b");
    }
}
