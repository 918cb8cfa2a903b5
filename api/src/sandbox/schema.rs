//! The subset of the Admin API's schema that shopclerk uses, and a little more, parsed once.

use apollo_compiler::{
    Name, Schema,
    ast::Type,
    schema::{ExtendedType, FieldDefinition},
    validation::Valid,
};
use ingest::shopify::operations::SCHEMA;
use std::sync::LazyLock;

/// What is served beyond what shopclerk asks.
pub const EXTENSION: &str = include_str!("extension.graphql");

static PARSED: LazyLock<Valid<Schema>> = LazyLock::new(|| {
    let built = Schema::builder().parse(SCHEMA, "schema.graphql").parse(EXTENSION, "extension.graphql").build();
    let valid = built.and_then(Schema::validate);
    valid.unwrap_or_else(|e| panic!("the compiled-in schema:\n{}", e.errors))
});

pub fn get() -> &'static Valid<Schema> {
    &PARSED
}

/// The definition of an object's (or interface's) field.
pub fn field(ty: &str, name: &str) -> Option<&'static FieldDefinition> {
    PARSED.type_field(ty, name).ok().map(|component| &***component)
}

pub fn kind(ty: &str) -> Option<&'static ExtendedType> {
    PARSED.types.get(ty)
}

/// The type of a connection's nodes; None for what is no connection.
pub fn node_type(ty: &str) -> Option<&'static Name> {
    if !ty.ends_with("Connection") {
        return None;
    }
    let through = |holder: &str, name: &str| field(holder, name).map(|f| f.ty.inner_named_type());
    through(ty, "nodes").or_else(|| through(through(ty, "edges")?, "node"))
}

/// Whether an object of type `concrete` may stand where `wanted` is expected.
pub fn fits(concrete: &str, wanted: &str) -> bool {
    concrete == wanted || PARSED.types.get(concrete).is_some() && is_abstract_of(concrete, wanted)
}

fn is_abstract_of(concrete: &str, wanted: &str) -> bool {
    match (kind(wanted), kind(concrete)) {
        (Some(ExtendedType::Interface(_)), Some(ExtendedType::Object(object))) => {
            object.implements_interfaces.iter().any(|i| i.name == *wanted)
        }
        (Some(ExtendedType::Union(union)), _) => union.members.iter().any(|m| m.name == *concrete),
        _ => false,
    }
}

/// Objects, interfaces and unions: what has fields of its own.
pub fn is_composite(ty: &Type) -> bool {
    kind(ty.inner_named_type()).is_some_and(|t| t.is_object() || t.is_interface() || t.is_union())
}
