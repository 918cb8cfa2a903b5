//! Every operation, and our part of the schema itself, against Shopify's published schemas.

use apollo_compiler::Schema;
use ingest::shopify::operations::{API_VERSION, OPERATIONS, SCHEMA};
use std::path::PathBuf;
use tests::official_schema::{Findings, check_operations, check_subset, from_introspection, read};

/// The version that is pinned, and the one after it.
const VERSIONS: [&str; 2] = [API_VERSION, "2026-10"];

fn ours() -> apollo_compiler::validation::Valid<Schema> {
    Schema::parse_and_validate(SCHEMA, "schema.graphql").unwrap_or_else(|e| panic!("{}", e.errors))
}

/// `make test` fetches the schemas, and says so when it cannot.
#[test]
fn operations_and_subset_fit_the_official_schemas() {
    let Some(folder) = std::env::var_os("SHOPCLERK_SHOPIFY_SCHEMAS").filter(|folder| !folder.is_empty()) else {
        println!(
            "SKIPPED: SHOPCLERK_SHOPIFY_SCHEMAS names no folder with Shopify's schemas; `make schemas` fetches them"
        );
        return;
    };
    let ours = ours();
    for version in VERSIONS {
        let path = PathBuf::from(&folder).join(format!("admin_{version}.json.gz"));
        let official = read(&path).unwrap_or_else(|e| panic!("{e}\nfetch it again: make schemas"));
        let mut found = Findings::default();
        check_operations(&official, OPERATIONS, &mut found);
        check_subset(&official, &ours, &mut found);
        for place in &found.deprecated {
            println!("WARNING: deprecated in {version}: {place}");
        }
        assert!(found.breaks.is_empty(), "{version}:\n{}", found.breaks.join("\n"));
        println!("{version}: {} operations and {} types fit", OPERATIONS.len(), ours.types.len());
    }
}

#[test]
fn operations_fit_our_own_part() {
    let mut found = Findings::default();
    check_operations(&ours(), OPERATIONS, &mut found);
    assert_eq!(found, Findings::default());
}

/// What the comparison is there for: a field that went, one that changed, one that will go.
#[test]
fn what_does_not_fit_is_found() {
    let of = |kind: &str, name: &str| serde_json::json!({ "kind": kind, "name": name, "ofType": null });
    let field = |name: &str, of_type: &serde_json::Value, old: bool| {
        serde_json::json!({ "name": name, "args": [], "type": of_type, "isDeprecated": old,
            "deprecationReason": old.then_some("Use `total` \"instead\".") })
    };
    let string = of("SCALAR", "String");
    let order = serde_json::json!({ "kind": "OBJECT", "name": "Order", "interfaces": [], "fields": [
        field("name", &serde_json::json!({ "kind": "NON_NULL", "name": null, "ofType": string.clone() }), false),
        field("price", &string, true),
    ]});
    let query = serde_json::json!({ "kind": "OBJECT", "name": "QueryRoot", "interfaces": [], "fields": [
        field("order", &of("OBJECT", "Order"), false),
    ]});
    let official = from_introspection(&serde_json::json!({
        "queryType": { "name": "QueryRoot" }, "mutationType": null, "types": [order, query], "directives": [],
    }))
    .unwrap();
    let ours = "schema { query: QueryRoot } type QueryRoot { order: Order gone: Int } \
        type Order { name: String price: String email: String } enum Nowhere { A }";
    let ours = Schema::parse_and_validate(ours, "ours.graphql").unwrap();
    let mut found = Findings::default();
    check_subset(&official, &ours, &mut found);
    check_operations(
        &official,
        &[("A", "query A { order { email } }"), ("B", "query C { order { name } }")],
        &mut found,
    );
    let breaks = found.breaks.join("\n");
    for expect in [
        "QueryRoot.gone: there is no such field",
        "Order.name: is String!, ours says String",
        "Order.email: there is no such field",
        "Nowhere: there is no such type",
        "type `Order` does not have a field `email`",
        "B: the document holds no operation of this name",
    ] {
        assert!(breaks.contains(expect), "{expect}\n{breaks}");
    }
    assert_eq!(found.breaks.len(), 6, "{breaks}");
    assert_eq!(found.deprecated.len(), 1);
    assert!(found.deprecated[0].starts_with("Order.price: Use `total`"), "{}", found.deprecated[0]);
}
