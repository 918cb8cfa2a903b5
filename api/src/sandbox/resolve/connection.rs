//! Connections: filtered, sorted, cut into pages. A cursor names the node after which a page goes on and the value that
//! the nodes are sorted by, so that nodes which come or go in between move no page.

use super::{Held, Node, Resolved, Run, node_of, refuse, search};
use crate::sandbox::{
    schema,
    world::{Fields, money, number_of, text, type_of},
};
use apollo_compiler::{
    Name, name,
    resolvers::{FieldError, ObjectValue, ResolveInfo, ResolvedValue},
    response::JsonValue,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use std::{cmp::Ordering, sync::Arc};

/// The most nodes of one page.
const MOST: u64 = 250;

/// One node with the place it has in the order.
struct Item {
    fields: Arc<Fields>,
    key: Key,
}

/// What nodes are sorted by: a value, and then the number of the id.
struct Key {
    value: Value,
    id: u64,
}

impl Key {
    /// `UPDATED_AT` sorts by `updatedAt`; without a key, or by relevance, nodes stand as they came.
    fn new(sort: &str, at: usize, fields: &Fields) -> Self {
        let id = text(fields, "id").and_then(number_of).unwrap_or(at as u64);
        let value = match sort {
            "" | "RELEVANCE" | "POSITION" => Value::from(at),
            "ID" => Value::Null,
            "ORDER_NUMBER" => fields.get("number").cloned().unwrap_or_default(),
            "INVENTORY_TOTAL" => fields.get("totalInventory").cloned().unwrap_or_default(),
            "TOTAL_PRICE" => money(fields, "totalPriceSet").map_or(Value::Null, |m| m.minor.into()),
            other => fields.get(&camel(other)).filter(|v| v.is_string() || v.is_number()).cloned().unwrap_or_default(),
        };
        Self { value, id }
    }

    fn compare(&self, other: &Self) -> Ordering {
        let by_value = match (&self.value, &other.value) {
            (Value::Number(a), Value::Number(b)) => a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal),
            (Value::String(a), Value::String(b)) => a.cmp(b),
            (Value::Null, Value::Null) => Ordering::Equal,
            (Value::Null, _) => Ordering::Less,
            (_, Value::Null) => Ordering::Greater,
            _ => Ordering::Equal,
        };
        by_value.then(self.id.cmp(&other.id))
    }

    fn cursor(&self) -> String {
        STANDARD.encode(json!({"last_id": self.id, "last_value": self.value}).to_string())
    }

    fn of_cursor(cursor: &str) -> Option<Self> {
        let read: Value = serde_json::from_slice(&STANDARD.decode(cursor).ok()?).ok()?;
        Some(Self { value: read.get("last_value")?.clone(), id: read.get("last_id")?.as_u64()? })
    }
}

fn camel(name: &str) -> String {
    let mut words = name.split('_').map(str::to_lowercase);
    let first = words.next().unwrap_or_default();
    words.fold(first, |mut all, word| {
        let mut letters = word.chars();
        all.extend(letters.next().map(|c| c.to_ascii_uppercase()));
        all.push_str(letters.as_str());
        all
    })
}

/// A connection over the nodes that a field holds.
pub fn within<'r>(run: &'r Run<'r>, info: &'r ResolveInfo<'r>, value: &Value) -> Resolved<'r> {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    let found = items.iter().filter_map(|item| match item {
        Value::String(gid) => run.object(gid),
        Value::Object(fields) => Some(Arc::new(fields.clone())),
        _ => None,
    });
    let items = sorted(run, info, found.collect());
    // A bulk operation reads what is within a node whole.
    let page = if run.bulk.is_some() { Page::whole(items) } else { page(info, items)? };
    Ok(connection(run, info, page))
}

/// A connection at the top: over all objects with these ids. A bulk operation reads it in portions.
pub fn at_top<'r>(run: &'r Run<'r>, info: &'r ResolveInfo<'r>, ids: &[String]) -> Resolved<'r> {
    let items = sorted(run, info, ids.iter().filter_map(|gid| run.object(gid)).collect());
    let page = match run.bulk {
        Some(bulk) => {
            run.notes.lock().expect("no holder panics").top_nodes = items.len();
            Page::whole(items.into_iter().skip(bulk.skip).take(bulk.take).collect())
        }
        None => page(info, items)?,
    };
    Ok(connection(run, info, page))
}

fn connection<'r>(run: &'r Run<'r>, info: &'r ResolveInfo<'r>, page: Page) -> ResolvedValue<'r> {
    let ty = info.field_definition().ty.inner_named_type().clone();
    let node = schema::node_type(&ty).cloned().unwrap_or(name!("Node"));
    ResolvedValue::object(Connection { run, ty, node, page })
}

fn sorted(run: &Run<'_>, info: &ResolveInfo<'_>, mut found: Vec<Arc<Fields>>) -> Vec<Item> {
    let argument = |name: &str| info.arguments().get(name).filter(|v| !v.is_null());
    let node = schema::node_type(info.field_definition().ty.inner_named_type());
    if let Some(search) = search(run, info, node.map(Name::as_str).unwrap_or_default()) {
        let world = run.world();
        found.retain(|fields| search.matches(&world, fields));
    }
    if let Some(keys) = argument("keys").and_then(JsonValue::as_array) {
        let named = |m: &Fields| format!("{}.{}", text(m, "namespace").unwrap_or(""), text(m, "key").unwrap_or(""));
        found.retain(|m| keys.iter().any(|key| key.as_str() == Some(&named(m))));
    }
    let sort = argument("sortKey").and_then(JsonValue::as_str).unwrap_or_default();
    let placed = found.into_iter().enumerate();
    let mut items: Vec<Item> = placed.map(|(at, fields)| Item { key: Key::new(sort, at, &fields), fields }).collect();
    items.sort_by(|a, b| a.key.compare(&b.key));
    if reversed(info) {
        items.reverse();
    }
    items
}

fn reversed(info: &ResolveInfo<'_>) -> bool {
    info.arguments().get("reverse").and_then(JsonValue::as_bool).unwrap_or(false)
}

struct Page {
    items: Vec<Item>,
    has_next: bool,
    has_previous: bool,
}

impl Page {
    fn whole(items: Vec<Item>) -> Self {
        Self { items, has_next: false, has_previous: false }
    }
}

fn page(info: &ResolveInfo<'_>, items: Vec<Item>) -> Result<Page, FieldError> {
    let bad = |message: &str| refuse(message, json!({"code": "BAD_REQUEST"}));
    let argument = |name: &str| info.arguments().get(name).filter(|v| !v.is_null());
    let count = |name: &str| match argument(name).map(JsonValue::as_u64) {
        None => Ok(None),
        Some(Some(n)) if n <= MOST => Ok(usize::try_from(n).ok()),
        Some(_) => Err(bad(&format!("{name} must be a number from 0 to {MOST}"))),
    };
    let cursor = |name: &str| {
        let Some(text) = argument(name).and_then(JsonValue::as_str) else { return Ok(None) };
        let key = Key::of_cursor(text).ok_or_else(|| bad("Invalid cursor for current pagination sort."))?;
        let passed = |item: &Item| match item.key.compare(&key) {
            Ordering::Equal => name == "after",
            order => (order == Ordering::Less) != reversed(info),
        };
        Ok(Some(items.partition_point(passed)))
    };
    let from = cursor("after")?.unwrap_or(0);
    let to = cursor("before")?.unwrap_or(items.len()).max(from);
    let (start, end) = match (count("first")?, count("last")?) {
        (None, None) => return Err(bad("you must provide one of first or last")),
        (Some(_), Some(_)) => return Err(bad("providing both first and last is not supported")),
        (Some(first), None) => (from, to.min(from + first)),
        (None, Some(last)) => (from.max(to.saturating_sub(last)), to),
    };
    let (has_next, has_previous) = (end < items.len(), start > 0);
    let items = items.into_iter().skip(start).take(end - start).collect();
    Ok(Page { items, has_next, has_previous })
}

struct Connection<'a> {
    run: &'a Run<'a>,
    ty: Name,
    node: Name,
    page: Page,
}

impl Connection<'_> {
    fn object(&self, item: &Item) -> ResolvedValue<'_> {
        let own = text(&item.fields, "id").map(type_of).filter(|ty| schema::fits(ty, &self.node));
        let ty = own.and_then(|ty| Name::new(ty).ok()).unwrap_or_else(|| self.node.clone());
        node_of(self.run, &ty, Held::Stored(item.fields.clone()))
    }
}

impl ObjectValue for Connection<'_> {
    fn type_name(&self) -> &str {
        &self.ty
    }

    fn resolve_field<'r>(&'r self, info: &'r ResolveInfo<'r>) -> Resolved<'r> {
        Ok(match info.field_name() {
            "nodes" => ResolvedValue::list(self.page.items.iter().map(|item| self.object(item))),
            "edges" => {
                let ty = info.field_definition().ty.inner_named_type();
                let edge = |item| ResolvedValue::object(Edge { connection: self, ty: ty.clone(), item });
                ResolvedValue::list(self.page.items.iter().map(edge))
            }
            "pageInfo" => {
                let made = json!({
                    "hasNextPage": self.page.has_next,
                    "hasPreviousPage": self.page.has_previous,
                    "startCursor": self.page.items.first().map(|item| item.key.cursor()),
                    "endCursor": self.page.items.last().map(|item| item.key.cursor()),
                });
                let fields = made.as_object().cloned().unwrap_or_default();
                ResolvedValue::object(Node::new(self.run, name!("PageInfo"), Held::Made(fields)))
            }
            _ => return Err(self.unknown_field_error(info)),
        })
    }
}

struct Edge<'a> {
    connection: &'a Connection<'a>,
    ty: Name,
    item: &'a Item,
}

impl ObjectValue for Edge<'_> {
    fn type_name(&self) -> &str {
        &self.ty
    }

    fn resolve_field<'r>(&'r self, info: &'r ResolveInfo<'r>) -> Resolved<'r> {
        match info.field_name() {
            "node" => Ok(self.connection.object(self.item)),
            "cursor" => Ok(ResolvedValue::leaf(self.item.key.cursor())),
            _ => Err(self.unknown_field_error(info)),
        }
    }
}
