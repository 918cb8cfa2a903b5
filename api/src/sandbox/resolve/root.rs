//! The fields at the top: queries by id or identifier, lists of everything, and mutations.

use super::{Held, Node, Resolved, Run, by_id, connection, guard, refuse, value};
use crate::sandbox::{
    VERSIONS, mutate, schema,
    world::{text, type_of},
};
use apollo_compiler::{
    Name, name,
    resolvers::{ObjectValue, ResolveInfo, ResolvedValue},
    response::JsonValue,
};
use serde_json::{Value, json};
use std::borrow::Cow;

/// `QueryRoot` or `Mutation`.
pub struct Root<'a> {
    pub run: &'a Run<'a>,
    pub ty: Name,
}

impl Root<'_> {
    fn query<'r>(&'r self, info: &'r ResolveInfo<'r>) -> Resolved<'r> {
        let run = self.run;
        let made = |made: Value| value(run, info, Cow::Owned(made));
        match info.field_name() {
            "shop" => {
                let shop = run.world().shop.clone();
                Ok(ResolvedValue::object(Node::new(run, name!("Shop"), Held::Stored(shop))))
            }
            "nodes" => {
                let ids = info.arguments().get("ids").and_then(JsonValue::as_array).map(Vec::as_slice);
                let each =
                    ids.unwrap_or_default().iter().map(|id| by_id(run, "nodes", id.as_str().unwrap_or_default()));
                Ok(ResolvedValue::List(Box::new(each)))
            }
            "customerByIdentifier" => {
                let given = info.arguments().get("identifier").and_then(JsonValue::as_object);
                let given: Vec<_> = given.into_iter().flatten().filter(|(_, v)| !v.is_null()).collect();
                let [(key, wanted)] = given.as_slice() else {
                    let message = "Exactly one field of the identifier must be given.";
                    return Err(refuse(message, json!({"code": "BAD_REQUEST"})));
                };
                let wanted = wanted.as_str().unwrap_or_default();
                let found = match key.as_str() {
                    "id" => Some(wanted.to_owned()).filter(|gid| type_of(gid) == "Customer"),
                    _ => {
                        let world = run.world();
                        let same = |id: &&String| {
                            world.get(id).and_then(|c| text(c, "email")).is_some_and(|e| e.eq_ignore_ascii_case(wanted))
                        };
                        world.all("Customer").iter().find(same).cloned()
                    }
                };
                found.map_or(Ok(ResolvedValue::null()), |gid| by_id(run, info.field_name(), &gid))
            }
            "publicApiVersions" => {
                made(VERSIONS.iter().map(|v| json!({"handle": v, "supported": true})).collect::<Vec<_>>().into())
            }
            "currentAppInstallation" => {
                let scopes = run.context.scopes.iter().map(|handle| json!({"handle": handle}));
                made(json!({
                    "id": "gid://shopify/AppInstallation/1",
                    "accessScopes": scopes.collect::<Vec<_>>(),
                }))
            }
            field => {
                let named = info.field_definition().ty.inner_named_type();
                if let Some(node) = schema::node_type(named) {
                    return connection::at_top(run, info, run.world().all(node));
                }
                let id = info.arguments().get("id").and_then(JsonValue::as_str);
                match id.filter(|gid| schema::fits(type_of(gid), named)) {
                    Some(gid) => by_id(run, field, gid),
                    None => Ok(ResolvedValue::null()),
                }
            }
        }
    }
}

impl ObjectValue for Root<'_> {
    fn type_name(&self) -> &str {
        &self.ty
    }

    fn resolve_field<'r>(&'r self, info: &'r ResolveInfo<'r>) -> Resolved<'r> {
        guard(self.run, &self.ty, info)?;
        if self.ty == "Mutation" {
            let payload = mutate::apply(self.run, info)?;
            return value(self.run, info, Cow::Owned(payload));
        }
        if self.run.drops(&info.field_definition().ty) {
            return Ok(ResolvedValue::null());
        }
        self.query(info)
    }
}
