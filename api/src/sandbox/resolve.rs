//! Fields of the schema, looked up in the store as a query asks for them. apollo-compiler executes; here is only where
//! a value comes from.

mod connection;
mod root;

use super::{
    RequestContext, schema,
    search::Search,
    world::{Fields, World, text, type_of},
};
use apollo_compiler::{
    Name,
    ast::Type,
    name,
    resolvers::{FieldError, ObjectValue, ResolveInfo, ResolvedValue},
    response::JsonValue,
};
use serde_json::{Value, json};
use std::{borrow::Cow, ops::Deref, sync::Arc, sync::Mutex};

pub use root::Root;

/// One execution: the store as it stands, who asks, and what is noted on the way.
pub struct Run<'a> {
    pub world: Mutex<Arc<World>>,
    pub context: &'a RequestContext<'a>,
    pub bulk: Option<BulkPage>,
    pub notes: Mutex<Notes>,
}

/// A bulk operation reads a connection at the top in portions, and those within it whole.
#[derive(Clone, Copy, Debug)]
pub struct BulkPage {
    pub skip: usize,
    pub take: usize,
}

#[derive(Default)]
pub struct Notes {
    /// `extensions.search`: terms that were left out, by path.
    pub search: Vec<Value>,
    /// Fields so far that may be null, and which of them is to be.
    pub nullable: usize,
    pub drop: Option<usize>,
    /// How many nodes the connection at the top has, for a bulk operation.
    pub top_nodes: usize,
}

/// An error of a field with what Shopify adds to it. apollo-compiler's own error is only a text, so the rest travels in
/// it and is taken out again by [`super::reply`].
pub fn refuse(message: &str, extensions: Value) -> FieldError {
    FieldError { message: format!("{}{}", json!([message, extensions]), MARK) }
}

type Resolved<'r> = Result<ResolvedValue<'r>, FieldError>;

/// Ends a message that [`refuse`] made; no other text has it.
pub const MARK: char = '\u{1}';

impl<'a> Run<'a> {
    pub fn new(world: Arc<World>, context: &'a RequestContext<'a>, bulk: Option<BulkPage>) -> Self {
        Self { world: Mutex::new(world), context, bulk, notes: Mutex::default() }
    }

    fn world(&self) -> Arc<World> {
        self.world.lock().expect("no holder panics").clone()
    }

    /// The object, unless the token's reach does not include it.
    pub fn object(&self, gid: &str) -> Option<Arc<Fields>> {
        let world = self.world();
        let fields = world.get(gid)?.clone();
        self.in_reach(&world, &fields).then_some(fields)
    }

    /// Orders of the last 60 days only, and what belongs to them, without `read_all_orders`.
    fn in_reach(&self, world: &World, fields: &Fields) -> bool {
        let Some(since) = self.context.scopes.orders_since(self.context.now) else { return true };
        let created = match text(fields, "id").map(type_of) {
            Some("Order") => text(fields, "createdAt"),
            _ => text(fields, "order").and_then(|gid| text(world.get(gid)?, "createdAt")),
        };
        let created = created.and_then(|at| at.parse::<jiff::Timestamp>().ok());
        created.is_none_or(|at| at >= since)
    }

    /// Whether this field, which may be null, is the one that shall be.
    fn drops(&self, ty: &Type) -> bool {
        if ty.is_non_null() {
            return false;
        }
        let mut notes = self.notes.lock().expect("no holder panics");
        notes.nullable += 1;
        notes.drop == Some(notes.nullable - 1)
    }
}

/// Fields of the store, of a part of an object, or made for the occasion.
pub enum Held<'a> {
    Stored(Arc<Fields>),
    Part(&'a Fields),
    Made(Fields),
}

impl Deref for Held<'_> {
    type Target = Fields;
    fn deref(&self) -> &Fields {
        match self {
            Held::Stored(fields) => fields,
            Held::Part(fields) => fields,
            Held::Made(fields) => fields,
        }
    }
}

/// Any object of the schema whose fields stand in JSON.
pub struct Node<'a> {
    run: &'a Run<'a>,
    ty: Name,
    fields: Held<'a>,
}

impl<'a> Node<'a> {
    pub fn new(run: &'a Run<'a>, ty: Name, fields: Held<'a>) -> Self {
        Self { run, ty, fields }
    }

    fn resolve<'r>(&'r self, info: &'r ResolveInfo<'r>) -> Resolved<'r> {
        let (run, ty) = (self.run, &info.field_definition().ty);
        guard(run, &self.ty, info)?;
        if run.drops(ty) {
            return Ok(ResolvedValue::null());
        }
        match (self.ty.as_str(), info.field_name()) {
            ("Customer", "orders") => {
                let own = text(&self.fields, "id").unwrap_or_default();
                let world = run.world();
                let all = world
                    .all("Order")
                    .iter()
                    .filter(|id| world.get(id).is_some_and(|o| text(o, "customer") == Some(own)));
                connection::within(run, info, &all.cloned().collect::<Vec<_>>().into())
            }
            ("Shop", "shopPolicies") => {
                let ids = run.world().all("ShopPolicy").to_vec();
                let found = ids.into_iter().filter_map(|gid| run.object(&gid));
                let made = found.map(|p| ResolvedValue::object(Node::new(run, name!("ShopPolicy"), Held::Stored(p))));
                Ok(ResolvedValue::list(made.collect::<Vec<_>>()))
            }
            (_, field) => value(run, info, Cow::Borrowed(self.fields.get(field).unwrap_or(&Value::Null))),
        }
    }
}

impl ObjectValue for Node<'_> {
    fn type_name(&self) -> &str {
        &self.ty
    }

    fn resolve_field<'r>(&'r self, info: &'r ResolveInfo<'r>) -> Resolved<'r> {
        self.resolve(info)
    }
}

/// Refuses a field that the token's scopes do not open.
pub fn guard(run: &Run<'_>, holder: &str, info: &ResolveInfo<'_>) -> Result<(), FieldError> {
    guard_type(run, holder, info.field_name(), info.field_definition().ty.inner_named_type())
}

fn guard_type(run: &Run<'_>, holder: &str, field: &str, returns: &str) -> Result<(), FieldError> {
    match run.context.scopes.missing(holder, field, returns) {
        None => Ok(()),
        Some(access) => Err(refuse(
            &format!("Access denied for {field} field. Required access: {access}"),
            json!({
                "code": "ACCESS_DENIED",
                "documentation": "https://shopify.dev/api/usage/access-scopes",
                "requiredAccess": access,
            }),
        )),
    }
}

/// A value of the store as the field's type wants it. What is absent is null, an empty list or false.
pub fn value<'r>(run: &'r Run<'r>, info: &'r ResolveInfo<'r>, value: Cow<'r, Value>) -> Resolved<'r> {
    let ty = &info.field_definition().ty;
    if schema::node_type(ty.inner_named_type()).is_some() {
        return connection::within(run, info, &value);
    }
    if !ty.is_list() {
        return single(run, info.field_name(), ty, value);
    }
    let first = info.arguments().get("first").and_then(JsonValue::as_u64);
    let most = first.and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX);
    let items: Vec<Cow<'r, Value>> = match value {
        Cow::Borrowed(Value::Array(items)) => items.iter().map(Cow::Borrowed).collect(),
        Cow::Owned(Value::Array(items)) => items.into_iter().map(Cow::Owned).collect(),
        _ => Vec::new(),
    };
    let item_type = ty.item_type();
    // Whatever a list points at that is gone is not in the list.
    let gone =
        |item: &Value| schema::is_composite(item_type) && item.as_str().is_some_and(|gid| run.object(gid).is_none());
    let kept: Vec<_> = items.into_iter().filter(|item| !gone(item)).take(most).collect();
    let each = kept.into_iter().map(move |item| single(run, info.field_name(), item_type, item));
    Ok(ResolvedValue::List(Box::new(each)))
}

fn single<'r>(run: &'r Run<'r>, field: &str, ty: &Type, value: Cow<'r, Value>) -> Resolved<'r> {
    let named = ty.inner_named_type();
    if !schema::is_composite(ty) {
        let absent = value.is_null() && ty.is_non_null() && *named == "Boolean";
        let leaf = if absent { JsonValue::Bool(false) } else { value.into_owned().into() };
        return Ok(ResolvedValue::Leaf(leaf));
    }
    match value {
        Cow::Borrowed(Value::Object(fields)) => Ok(node_of(run, named, Held::Part(fields))),
        Cow::Owned(Value::Object(fields)) => Ok(node_of(run, named, Held::Made(fields))),
        Cow::Borrowed(Value::String(gid)) => by_id(run, field, gid),
        Cow::Owned(Value::String(gid)) => by_id(run, field, &gid),
        _ => Ok(ResolvedValue::null()),
    }
}

fn node_of<'r>(run: &'r Run<'r>, named: &Name, fields: Held<'r>) -> ResolvedValue<'r> {
    let is_object = schema::kind(named).is_some_and(|t| t.is_object());
    let said = text(&fields, "__typename").filter(|_| !is_object).and_then(|c| Name::new(c).ok());
    ResolvedValue::object(Node::new(run, said.unwrap_or_else(|| named.clone()), fields))
}

/// The object with that id; null if it is gone or out of reach.
pub fn by_id<'r>(run: &'r Run<'r>, field: &str, gid: &str) -> Resolved<'r> {
    let ty = Name::new(type_of(gid)).ok().filter(|ty| schema::kind(ty).is_some_and(|t| t.is_object()));
    let Some((ty, fields)) = ty.zip(run.object(gid)) else { return Ok(ResolvedValue::null()) };
    // A field such as `node` may return anything: what it returns decides.
    guard_type(run, "", field, &ty)?;
    Ok(ResolvedValue::object(Node::new(run, ty, Held::Stored(fields))))
}

/// A connection's `query`, read; terms that are left out are noted for the reply.
fn search(run: &Run<'_>, info: &ResolveInfo<'_>, ty: &str) -> Option<Search> {
    let query = info.arguments().get("query")?.as_str()?;
    let search = Search::new(ty, query, run.context.now);
    if !search.warnings.is_empty() {
        let warnings = search.warnings.iter();
        let warnings = warnings.map(|w| json!({"field": w.field, "code": w.code, "message": w.message}));
        let path = info.field_selections()[0].response_key().as_str();
        let note = json!({"path": [path], "query": query, "warnings": warnings.collect::<Vec<_>>()});
        run.notes.lock().expect("no holder panics").search.push(note);
    }
    Some(search)
}
