//! Bulk operations: a query that runs on its own, reads every connection whole, and leaves its result as a file of JSON
//! lines. A row of a connection within a node carries that node's id as `__parentId`; rows of one portion come before
//! the rows within them, as they may without `groupObjects`.

use super::{
    RequestContext, Shared,
    access::Scopes,
    resolve::{BulkPage, Notes, Root, Run},
    schema,
    world::{World, iso, text, type_of},
};
use apollo_compiler::{
    ExecutableDocument,
    executable::{Field, OperationType, Selection, SelectionSet},
    name,
    resolvers::Execution,
    response::{JsonMap, JsonValue},
    validation::Valid,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::{
    io::{BufWriter, Write},
    sync::Arc,
};

/// Bulk queries of one shop at a time, from 2026-01.
const AT_ONCE: usize = 5;
const MOST_CONNECTIONS: usize = 5;
const DEEPEST: usize = 2;
/// Nodes at the top that are read at once.
const PORTION: usize = 500;

type Refusal = (&'static str, String);

/// Looks at a query as Shopify does before it takes it.
pub fn prepare(world: &World, query: &str) -> Result<Valid<ExecutableDocument>, Refusal> {
    let invalid = |what: String| ("INVALID", what);
    let document = ExecutableDocument::parse_and_validate(schema::get(), query, "bulk.graphql")
        .map_err(|e| invalid(format!("Invalid bulk query: {}", first_message(&e.errors))))?;
    let operation =
        document.operations.get(None).map_err(|e| invalid(format!("Invalid bulk query: {}", e.message())))?;
    if operation.operation_type != OperationType::Query {
        return Err(invalid("Bulk queries must be queries.".into()));
    }
    if !operation.variables.is_empty() {
        return Err(invalid("Bulk queries cannot have variables.".into()));
    }
    let mut shape = Shape::default();
    shape.look(&document, &operation.selection_set, 0);
    if shape.connections == 0 {
        return Err(invalid("Bulk queries must contain at least one connection.".into()));
    }
    if shape.connections > MOST_CONNECTIONS {
        return Err(invalid(format!("Bulk queries cannot contain more than {MOST_CONNECTIONS} connections.")));
    }
    if shape.depth > DEEPEST {
        return Err(invalid(format!(
            "Bulk queries cannot contain connections with a nesting depth greater than {DEEPEST}."
        )));
    }
    if shape.at_top != 1 {
        return Err(invalid("Bulk queries must have one connection at the top.".into()));
    }
    let running = world.all("BulkOperation").iter().filter_map(|id| text(world.get(id)?, "status"));
    if running.filter(|status| matches!(*status, "CREATED" | "RUNNING" | "CANCELING")).count() >= AT_ONCE {
        return Err(("LIMIT_REACHED", format!("No more than {AT_ONCE} bulk queries can run at once on this shop.")));
    }
    Ok(document)
}

fn first_message(errors: &apollo_compiler::validation::DiagnosticList) -> String {
    errors.iter().next().map(|e| e.to_json().message).unwrap_or_default()
}

#[derive(Default)]
struct Shape {
    connections: usize,
    depth: usize,
    at_top: usize,
}

impl Shape {
    fn look(&mut self, document: &ExecutableDocument, set: &SelectionSet, depth: usize) {
        for selection in &set.selections {
            match selection {
                Selection::Field(field) => {
                    let within = depth + usize::from(is_connection(field));
                    if is_connection(field) {
                        self.connections += 1;
                        self.depth = self.depth.max(within);
                        self.at_top += usize::from(depth == 0);
                    }
                    self.look(document, &field.selection_set, within);
                }
                Selection::InlineFragment(inline) => self.look(document, &inline.selection_set, depth),
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = document.fragments.get(&spread.fragment_name) {
                        self.look(document, &fragment.selection_set, depth);
                    }
                }
            }
        }
    }
}

fn is_connection(field: &Field) -> bool {
    schema::node_type(field.ty().inner_named_type()).is_some()
}

/// Writes the operation down.
pub fn enter(world: &mut World, now: Timestamp, query: &str) -> String {
    let gid = world.new_id("BulkOperation");
    let fields = json!({
        "id": gid, "status": "CREATED", "createdAt": iso(now), "query": query,
        "objectCount": "0", "rootObjectCount": "0",
    });
    world.put(&gid, fields.as_object().cloned().unwrap_or_default());
    gid
}

pub fn cancel(world: &mut World, now: Timestamp, gid: &str) -> Result<(), &'static str> {
    let found = world.edit(gid).filter(|_| type_of(gid) == "BulkOperation").ok_or("Bulk operation does not exist")?;
    if !matches!(text(found, "status"), Some("CREATED" | "RUNNING")) {
        return Err("A bulk operation cannot be canceled when it is finished");
    }
    found.insert("status".into(), "CANCELED".into());
    found.insert("completedAt".into(), iso(now).into());
    Ok(())
}

/// Runs it on a thread of its own.
pub(super) fn start(shared: Arc<Shared>, scopes: Scopes, gid: String, document: Valid<ExecutableDocument>) {
    std::thread::spawn(move || {
        std::thread::sleep(shared.options.bulk_delay);
        if !still(&shared, &gid, "CREATED", "RUNNING") {
            return;
        }
        let ended = run(&shared, &scopes, &gid, &document);
        std::thread::sleep(shared.options.bulk_delay);
        let now = iso(shared.clock.now());
        match ended {
            Ok(Some(file)) => {
                let url = format!("{}/bulk/{}.jsonl", shared.url(), uuid::Uuid::new_v4());
                let empty = file.as_file().metadata().map_or(0, |m| m.len()) == 0;
                shared.files.lock().expect("no holder panics").insert(url.clone(), Arc::new(file));
                // A result without rows has no file.
                let url = if empty { Value::Null } else { url.into() };
                set(&shared, &gid, &[("status", "COMPLETED".into()), ("url", url), ("completedAt", now.into())]);
            }
            Ok(None) => return,
            Err(code) => set(
                &shared,
                &gid,
                &[("status", "FAILED".into()), ("errorCode", code.into()), ("completedAt", now.into())],
            ),
        }
        shared.emit("bulk_operations/finish", &gid);
    });
}

/// Moves on from one status to the next, unless it was canceled meanwhile.
fn still(shared: &Shared, gid: &str, from: &str, to: &str) -> bool {
    let mut guard = shared.world.lock().expect("no holder panics");
    let Some(found) = Arc::make_mut(&mut guard).edit(gid) else { return false };
    let goes_on = text(found, "status") == Some(from);
    if goes_on {
        found.insert("status".into(), to.into());
    }
    goes_on
}

fn set(shared: &Shared, gid: &str, fields: &[(&str, Value)]) {
    let mut guard = shared.world.lock().expect("no holder panics");
    let Some(found) = Arc::make_mut(&mut guard).edit(gid) else { return };
    for (name, value) in fields {
        found.insert((*name).into(), value.clone());
    }
}

/// The result's file; None if it was canceled; an error code.
fn run(
    shared: &Arc<Shared>,
    scopes: &Scopes,
    gid: &str,
    document: &Valid<ExecutableDocument>,
) -> Result<Option<tempfile::NamedTempFile>, &'static str> {
    const FAILED: &str = "INTERNAL_SERVER_ERROR";
    let operation = document.operations.get(None).map_err(|_| FAILED)?;
    let variables = Valid::assume_valid(JsonMap::new());
    let context = RequestContext { shared, scopes: scopes.clone(), now: shared.clock.now(), variables: &variables };
    // All of it on the store as it stood when the operation began.
    let world = shared.world();
    let file = tempfile::NamedTempFile::new().map_err(|_| FAILED)?;
    let mut out = BufWriter::new(file.reopen().map_err(|_| FAILED)?);
    let (mut skip, mut rows, mut roots) = (0, 0u64, 0u64);
    loop {
        let page = BulkPage { skip, take: PORTION };
        let run = Run::new(world.clone(), &context, Some(page));
        let root = Root { run: &run, ty: name!("QueryRoot") };
        let response =
            Execution::new(schema::get(), document).operation(operation).execute_sync(&root).map_err(|_| FAILED)?;
        if !response.errors.is_empty() {
            let denied = response.errors.iter().any(|e| e.message.contains("ACCESS_DENIED"));
            return Err(if denied { "ACCESS_DENIED" } else { FAILED });
        }
        let mut found = Rows { document, tops: Vec::new(), children: Vec::new() };
        found.split(&operation.selection_set, response.data.unwrap_or_default(), None);
        roots += found.tops.len() as u64;
        for row in found.tops.iter().chain(&found.children) {
            serde_json::to_writer(&mut out, row).map_err(|_| FAILED)?;
            out.write_all(b"\n").map_err(|_| FAILED)?;
            rows += 1;
        }
        skip += PORTION;
        set(shared, gid, &[("objectCount", rows.to_string().into()), ("rootObjectCount", roots.to_string().into())]);
        let Notes { top_nodes, .. } = *run.notes.lock().expect("no holder panics");
        if skip >= top_nodes {
            break;
        }
        if !still(shared, gid, "RUNNING", "RUNNING") {
            return Ok(None);
        }
    }
    out.flush().map_err(|_| FAILED)?;
    drop(out);
    Ok(still(shared, gid, "RUNNING", "RUNNING").then_some(file))
}

/// A response cut into rows.
struct Rows<'a> {
    document: &'a ExecutableDocument,
    tops: Vec<JsonMap>,
    children: Vec<JsonMap>,
}

impl Rows<'_> {
    /// What is left of an object when its connections became rows.
    fn split(&mut self, set: &SelectionSet, mut object: JsonMap, parent: Option<&JsonValue>) -> JsonMap {
        for selection in &set.selections {
            match selection {
                Selection::Field(field) => {
                    let key = field.response_key().as_str();
                    if is_connection(field) {
                        if let Some(JsonValue::Object(connection)) = object.remove(key) {
                            self.rows(&field.selection_set, connection, parent);
                        }
                    } else if let Some(JsonValue::Object(part)) = object.get(key).cloned() {
                        let part = self.split(&field.selection_set, part, parent);
                        object.insert(key, JsonValue::Object(part));
                    }
                }
                Selection::InlineFragment(inline) => object = self.split(&inline.selection_set, object, parent),
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.document.fragments.get(&spread.fragment_name) {
                        object = self.split(&fragment.selection_set, object, parent);
                    }
                }
            }
        }
        object
    }

    fn rows(&mut self, set: &SelectionSet, mut connection: JsonMap, parent: Option<&JsonValue>) {
        for field in set.selections.iter().filter_map(Selection::as_field) {
            let list = match connection.remove(field.response_key().as_str()) {
                Some(JsonValue::Array(list)) => list,
                _ => continue,
            };
            let node_field = |f: &&apollo_compiler::Node<Field>| f.name == "node";
            let inner = match field.name.as_str() {
                "nodes" => Some((&field.selection_set, None)),
                "edges" => {
                    let fields = field.selection_set.selections.iter().filter_map(Selection::as_field);
                    fields.into_iter().find(node_field).map(|f| (&f.selection_set, Some(f.response_key().as_str())))
                }
                _ => None,
            };
            let Some((node_set, within)) = inner else { continue };
            for item in list {
                let node = match (item, within) {
                    (JsonValue::Object(mut edge), Some(key)) => edge.remove(key),
                    (node, _) => Some(node),
                };
                let Some(JsonValue::Object(node)) = node else { continue };
                let id = node.get("id").cloned();
                let mut row = self.split(node_set, node, id.as_ref().or(parent));
                match parent {
                    Some(parent) => {
                        row.insert("__parentId", parent.clone());
                        self.children.push(row);
                    }
                    None => self.tops.push(row),
                }
            }
        }
    }
}
