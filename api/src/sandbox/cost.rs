//! What a query costs, and the bucket it is paid from.
//!
//! Shopify publishes: a scalar or enum 0, an object 1, an interface or union its dearest selection, a mutation 10, a
//! connection "sized by first and last", a single query at most 1000 points, 100 points a second restored on the
//! standard plan. How a connection is sized is not published. Here it costs 2 and the cost of one node times 2 ln(n),
//! at least once: so `product { variants(first: 250) { nodes { inventoryItem { id } } } }` costs 25, as a reply of
//! Shopify's that its developer forum shows does. The numbers are this sandbox's; only their use is Shopify's.

use super::schema;
use apollo_compiler::{
    ExecutableDocument, Name,
    executable::{Field, Operation, OperationType, Selection, SelectionSet},
    response::{JsonMap, JsonValue},
    schema::ExtendedType,
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Instant};

/// A query that asks for more is not run.
pub const MAX_QUERY_COST: u64 = 1000;
const MUTATION: f64 = 10.0;
const CONNECTION: f64 = 2.0;

/// What one connection of `n` nodes multiplies its node's cost by.
fn size(n: f64) -> f64 {
    if n < 1.0 { 0.0 } else { (2.0 * n.ln()).max(1.0) }
}

struct Meter<'a> {
    document: &'a ExecutableDocument,
    variables: &'a JsonMap,
}

/// The cost before a query runs.
pub fn requested(document: &ExecutableDocument, operation: &Operation, variables: &JsonMap) -> u64 {
    let meter = Meter { document, variables };
    let base = base(operation);
    (base + meter.selections(&operation.selection_set, None)).floor() as u64
}

/// The cost of what came out.
pub fn actual(document: &ExecutableDocument, operation: &Operation, variables: &JsonMap, data: &JsonMap) -> u64 {
    let meter = Meter { document, variables };
    (base(operation) + meter.selections(&operation.selection_set, Some(data))).floor() as u64
}

fn base(operation: &Operation) -> f64 {
    if operation.operation_type == OperationType::Mutation { MUTATION } else { 0.0 }
}

impl Meter<'_> {
    /// With `data`: what these selections brought; without: what they may.
    fn selections(&self, set: &SelectionSet, data: Option<&JsonMap>) -> f64 {
        let mut always = 0.0;
        // Selections of different types exclude one another.
        let mut by_type: BTreeMap<&Name, f64> = BTreeMap::new();
        for selection in &set.selections {
            match selection {
                Selection::Field(field) => {
                    always += match data {
                        None => self.requested_field(field),
                        Some(data) => data.get(field.response_key().as_str()).map_or(0.0, |v| self.brought(field, v)),
                    }
                }
                Selection::FragmentSpread(spread) => {
                    let Some(fragment) = self.document.fragments.get(&spread.fragment_name) else { continue };
                    let cost = self.selections(&fragment.selection_set, data);
                    *by_type.entry(fragment.type_condition()).or_default() += cost;
                }
                Selection::InlineFragment(inline) => {
                    let cost = self.selections(&inline.selection_set, data);
                    *by_type.entry(&inline.selection_set.ty).or_default() += cost;
                }
            }
        }
        let own = by_type.remove(&set.ty).unwrap_or_default();
        always + own + by_type.into_values().fold(0.0, f64::max)
    }

    fn requested_field(&self, field: &Field) -> f64 {
        if is_leaf(field) {
            return 0.0;
        }
        let count = self.count(field);
        if is_connection(field) {
            let nodes = |node| size(count.unwrap_or(0.0)) * (1.0 + self.selections(node, None));
            return CONNECTION + self.node_selection(&field.selection_set).map_or(0.0, nodes);
        }
        let one = 1.0 + self.selections(&field.selection_set, None);
        if field.ty().is_list() { size(count.unwrap_or(1.0)) * one } else { one }
    }

    fn brought(&self, field: &Field, value: &JsonValue) -> f64 {
        if is_leaf(field) {
            return 0.0;
        }
        match value {
            JsonValue::Object(object) if is_connection(field) => {
                let node = self.node_selection(&field.selection_set);
                CONNECTION + node.map_or(0.0, |node| self.several(node, &nodes(object)))
            }
            JsonValue::Object(object) => 1.0 + self.selections(&field.selection_set, Some(object)),
            JsonValue::Array(items) => {
                let items: Vec<&JsonMap> = items.iter().filter_map(JsonValue::as_object).collect();
                self.several(&field.selection_set, &items)
            }
            _ => 0.0,
        }
    }

    fn several(&self, set: &SelectionSet, items: &[&JsonMap]) -> f64 {
        let sum: f64 = items.iter().map(|item| 1.0 + self.selections(set, Some(item))).sum();
        let count = items.len() as f64;
        if items.is_empty() { 0.0 } else { size(count) * sum / count }
    }

    /// What is selected of a connection's nodes.
    fn node_selection<'s>(&'s self, set: &'s SelectionSet) -> Option<&'s SelectionSet> {
        set.selections.iter().find_map(|selection| match selection {
            Selection::Field(field) if field.name == "nodes" || field.name == "node" => Some(&field.selection_set),
            Selection::Field(field) if field.name == "edges" => self.node_selection(&field.selection_set),
            Selection::Field(_) => None,
            Selection::FragmentSpread(spread) => {
                self.node_selection(&self.document.fragments.get(&spread.fragment_name)?.selection_set)
            }
            Selection::InlineFragment(inline) => self.node_selection(&inline.selection_set),
        })
    }

    /// `first` or `last`, written out or as a variable.
    fn count(&self, field: &Field) -> Option<f64> {
        ["first", "last"].iter().find_map(|name| {
            let value = field.argument_by_name(name).ok()?;
            let number = match value.as_variable() {
                Some(variable) => self.variables.get(variable.as_str())?.as_i64(),
                None => value.to_i32().map(i64::from),
            };
            number.map(|n| n.clamp(0, 250) as f64)
        })
    }
}

fn is_leaf(field: &Field) -> bool {
    let ty = schema::get().types.get(field.ty().inner_named_type());
    matches!(ty, Some(ExtendedType::Scalar(_) | ExtendedType::Enum(_)) | None)
}

fn is_connection(field: &Field) -> bool {
    schema::node_type(field.ty().inner_named_type()).is_some()
}

fn nodes(connection: &JsonMap) -> Vec<&JsonMap> {
    let list = |key: &str| connection.get(key).and_then(JsonValue::as_array).map(Vec::as_slice).unwrap_or_default();
    let edges = list("edges").iter().filter_map(|edge| edge.as_object()?.get("node")?.as_object());
    list("nodes").iter().filter_map(JsonValue::as_object).chain(edges).collect()
}

/// The leaky bucket of one app on one store.
#[derive(Debug)]
pub struct Bucket {
    maximum: f64,
    /// Points a second.
    restore_rate: f64,
    available: f64,
    at: Instant,
}

impl Bucket {
    pub fn full(maximum: f64, restore_rate: f64) -> Self {
        Self { maximum, restore_rate, available: maximum, at: Instant::now() }
    }

    fn restore(&mut self) {
        let now = Instant::now();
        let gained = now.duration_since(self.at).as_secs_f64() * self.restore_rate;
        self.available = (self.available + gained).min(self.maximum);
        self.at = now;
    }

    /// Takes the points if they are there.
    pub fn take(&mut self, points: u64) -> bool {
        self.restore();
        let enough = points as f64 <= self.available;
        if enough {
            self.available -= points as f64;
        }
        enough
    }

    /// Gives back what a query did not use.
    pub fn give_back(&mut self, points: u64) {
        self.available = (self.available + points as f64).min(self.maximum);
    }

    pub fn drain(&mut self) {
        self.restore();
        self.available = 0.0;
    }

    /// `extensions.cost` of a reply; `actual` is None for a query that did not run.
    pub fn report(&mut self, requested: u64, actual: Option<u64>) -> Value {
        self.restore();
        json!({
            "requestedQueryCost": requested,
            "actualQueryCost": actual,
            "throttleStatus": {
                "maximumAvailable": self.maximum,
                "currentlyAvailable": self.available.floor() as u64,
                "restoreRate": self.restore_rate,
            },
        })
    }
}
