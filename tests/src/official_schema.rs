//! Shopify's published Admin schemas, and what of ours does not fit them.
//!
//! The npm package `@shopify/dev-mcp` (ISC) holds an introspection result for each version; `make schemas` fetches it.

use apollo_compiler::{ExecutableDocument, Name, Schema, ast, schema::ExtendedType, validation::Valid};
use flate2::read::GzDecoder;
use serde_json::Value;
use std::{fmt::Write, fs::File, path::Path};

/// Reads `admin_<version>.json.gz`.
pub fn read(path: &Path) -> Result<Valid<Schema>, String> {
    let named = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    let file = File::open(path).map_err(|e| named(&e))?;
    let introspection: Value = serde_json::from_reader(GzDecoder::new(file)).map_err(|e| named(&e))?;
    let schema = introspection.pointer("/data/__schema").ok_or_else(|| named(&"holds no introspection result"))?;
    from_introspection(schema).map_err(|e| named(&e))
}

/// The schema that an introspection result (GraphQL specification, section 4) describes. Descriptions are left out.
pub fn from_introspection(schema: &Value) -> Result<Valid<Schema>, String> {
    let sdl = sdl(schema);
    Schema::parse_and_validate(&sdl, "official.graphql").map_err(|e| e.errors.to_string())
}

fn sdl(schema: &Value) -> String {
    // apollo-compiler 1 does not know it.
    let mut sdl = String::from("directive @oneOf on INPUT_OBJECT\n");
    let root = |key: &str| schema[key]["name"].as_str();
    sdl.push_str("schema {");
    for (operation, key) in [("query", "queryType"), ("mutation", "mutationType"), ("subscription", "subscriptionType")]
    {
        if let Some(name) = root(key) {
            let _ = write!(sdl, " {operation}: {name}");
        }
    }
    sdl.push_str(" }\n");
    const BUILT_IN: [&str; 5] = ["oneOf", "include", "skip", "deprecated", "specifiedBy"];
    for directive in list(&schema["directives"]).iter().filter(|d| !BUILT_IN.contains(&text(d, "name"))) {
        let places: Vec<&str> = list(&directive["locations"]).iter().filter_map(Value::as_str).collect();
        let _ = writeln!(sdl, "directive @{}{} on {}", text(directive, "name"), args(directive), places.join(" | "));
    }
    for of_type in list(&schema["types"]) {
        let name = text(of_type, "name");
        if name.starts_with("__") || ["String", "Int", "Float", "Boolean", "ID"].contains(&name) {
            continue;
        }
        let names = |key: &str, between: &str| {
            list(&of_type[key]).iter().map(|t| text(t, "name")).collect::<Vec<_>>().join(between)
        };
        let interfaces = match names("interfaces", " & ") {
            none if none.is_empty() => none,
            some => format!(" implements {some}"),
        };
        let _ = match text(of_type, "kind") {
            "SCALAR" => writeln!(sdl, "scalar {name}"),
            "OBJECT" => writeln!(sdl, "type {name}{interfaces} {{\n{}}}", fields(&of_type["fields"])),
            "INTERFACE" => writeln!(sdl, "interface {name}{interfaces} {{\n{}}}", fields(&of_type["fields"])),
            "UNION" => writeln!(sdl, "union {name} = {}", names("possibleTypes", " | ")),
            "ENUM" => {
                let values: String = list(&of_type["enumValues"])
                    .iter()
                    .map(|value| format!("  {}{}\n", text(value, "name"), deprecated(value)))
                    .collect();
                writeln!(sdl, "enum {name} {{\n{values}}}")
            }
            "INPUT_OBJECT" => {
                let one_of = if of_type["isOneOf"] == true { " @oneOf" } else { "" };
                writeln!(sdl, "input {name}{one_of} {{\n{}}}", fields(&of_type["inputFields"]))
            }
            _ => Ok(()),
        };
    }
    sdl
}

fn fields(of: &Value) -> String {
    list(of).iter().map(|field| format!("  {}\n", field_or_argument(field))).collect()
}

fn args(of: &Value) -> String {
    let args: Vec<String> = list(&of["args"]).iter().map(field_or_argument).collect();
    if args.is_empty() { String::new() } else { format!("({})", args.join(" ")) }
}

fn field_or_argument(of: &Value) -> String {
    let default = of["defaultValue"].as_str().map(|value| format!(" = {value}")).unwrap_or_default();
    format!("{}{}: {}{default}{}", text(of, "name"), args(of), type_name(&of["type"]), deprecated(of))
}

fn type_name(of: &Value) -> String {
    match text(of, "kind") {
        "NON_NULL" => format!("{}!", type_name(&of["ofType"])),
        "LIST" => format!("[{}]", type_name(&of["ofType"])),
        _ => text(of, "name").to_owned(),
    }
}

/// A required input may not be deprecated, says the validator; Shopify has some that are.
fn deprecated(of: &Value) -> String {
    let required = of["type"]["kind"] == "NON_NULL" && of["defaultValue"].is_null() && of.get("args").is_none();
    if of["isDeprecated"] != true || required {
        return String::new();
    }
    let reason = of["deprecationReason"].as_str().unwrap_or_default();
    format!(" @deprecated(reason: {})", Value::from(reason))
}

fn list(of: &Value) -> &[Value] {
    of.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text<'a>(of: &'a Value, key: &str) -> &'a str {
    of[key].as_str().unwrap_or_default()
}

/// What a comparison found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Gone, or another type: what was built on it breaks.
    pub breaks: Vec<String>,
    /// Still there, and to be replaced.
    pub deprecated: Vec<String>,
}

/// Whether every operation is valid against the official schema.
pub fn check_operations(official: &Valid<Schema>, operations: &[(&str, &str)], found: &mut Findings) {
    for (name, document) in operations {
        let parsed = ExecutableDocument::parse_and_validate(official, *document, format!("{name}.graphql"));
        match parsed {
            Ok(parsed) if parsed.operations.named.contains_key(*name) => {}
            Ok(_) => found.breaks.push(format!("{name}: the document holds no operation of this name")),
            Err(error) => found.breaks.push(format!("{name}: {}", error.errors)),
        }
    }
}

/// Whether everything in `ours` stands in `official` with the same type.
pub fn check_subset(official: &Schema, ours: &Schema, found: &mut Findings) {
    for (name, mine) in &ours.types {
        if mine.is_built_in() {
            continue;
        }
        let Some(theirs) = official.types.get(name) else {
            found.breaks.push(format!("{name}: there is no such type"));
            continue;
        };
        match (mine, theirs) {
            (ExtendedType::Scalar(_), ExtendedType::Scalar(_)) => {}
            (ExtendedType::Object(mine), ExtendedType::Object(theirs)) => {
                implements(name, &mine.implements_interfaces, &theirs.implements_interfaces, found);
                for (field, mine) in &mine.fields {
                    check_field(&format!("{name}.{field}"), mine, theirs.fields.get(field).map(|f| &***f), found);
                }
            }
            (ExtendedType::Interface(mine), ExtendedType::Interface(theirs)) => {
                for (field, mine) in &mine.fields {
                    check_field(&format!("{name}.{field}"), mine, theirs.fields.get(field).map(|f| &***f), found);
                }
            }
            (ExtendedType::Union(mine), ExtendedType::Union(theirs)) => {
                for member in mine.members.iter().filter(|m| !theirs.members.contains(*m)) {
                    found.breaks.push(format!("{name}: {} is no member of it", member.name));
                }
            }
            (ExtendedType::Enum(mine), ExtendedType::Enum(theirs)) => {
                for value in mine.values.keys() {
                    match theirs.values.get(value) {
                        None => found.breaks.push(format!("{name}.{value}: there is no such value")),
                        Some(theirs) => note(&format!("{name}.{value}"), &theirs.directives, found),
                    }
                }
            }
            (ExtendedType::InputObject(mine), ExtendedType::InputObject(theirs)) => {
                for (field, mine) in &mine.fields {
                    let theirs = theirs.fields.get(field).map(|f| &***f);
                    check_input(&format!("{name}.{field}"), mine, theirs, found);
                }
            }
            _ => found.breaks.push(format!("{name}: is of another kind")),
        }
    }
}

fn implements<'a, T: PartialEq + std::ops::Deref<Target = Name> + 'a>(
    name: &Name,
    mine: impl IntoIterator<Item = &'a T>,
    theirs: impl IntoIterator<Item = &'a T> + Clone,
    found: &mut Findings,
) {
    for interface in mine {
        if !theirs.clone().into_iter().any(|t| t == interface) {
            found.breaks.push(format!("{name}: does not implement {}", **interface));
        }
    }
}

fn check_field(place: &str, mine: &ast::FieldDefinition, theirs: Option<&ast::FieldDefinition>, found: &mut Findings) {
    let Some(theirs) = theirs else {
        found.breaks.push(format!("{place}: there is no such field"));
        return;
    };
    if mine.ty != theirs.ty {
        found.breaks.push(format!("{place}: is {}, ours says {}", theirs.ty, mine.ty));
    }
    note(place, &theirs.directives, found);
    for argument in &mine.arguments {
        let theirs = theirs.arguments.iter().find(|a| a.name == argument.name).map(|a| &**a);
        check_input(&format!("{place}({}:)", argument.name), argument, theirs, found);
    }
}

fn check_input(
    place: &str,
    mine: &ast::InputValueDefinition,
    theirs: Option<&ast::InputValueDefinition>,
    found: &mut Findings,
) {
    match theirs {
        None => found.breaks.push(format!("{place}: there is no such input")),
        Some(theirs) => {
            if mine.ty != theirs.ty {
                found.breaks.push(format!("{place}: is {}, ours says {}", theirs.ty, mine.ty));
            }
            note(place, &theirs.directives, found);
        }
    }
}

fn note(place: &str, directives: &ast::DirectiveList, found: &mut Findings) {
    if let Some(deprecated) = directives.get("deprecated") {
        let reason = deprecated.specified_argument_by_name("reason").map(|r| r.to_string()).unwrap_or_default();
        found.deprecated.push(format!("{place}: {}", reason.trim_matches('"')));
    }
}
