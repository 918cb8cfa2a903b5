// graphql-js, the reference implementation, executes our operations on Shopify's whole schema over the same fixture. It
// shares nothing with the sandbox: the fixture's shorthands are expanded here again. What it does not do is search, so
// lists are narrowed and ordered here by hand.
import { readFileSync, existsSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import {
  buildASTSchema, buildClientSchema, defaultFieldResolver, execute, getNamedType, getNullableType, isCompositeType,
  isListType, isNonNullType, parse, validate,
} from "graphql";

const [schemaFile, root, served] = process.argv.slice(2);
const official = buildClientSchema(JSON.parse(gunzipSync(readFileSync(schemaFile))).data);
const graphql = join(root, "ingest/src/shopify/graphql");
const { url, token } = JSON.parse(readFileSync(served, "utf8"));
let wrong = 0;
const complain = (text) => { wrong += 1; if (wrong <= 20) console.error(text); };

// 1. Our part of the schema, and what the sandbox adds to it, as Shopify has it.
const ours = buildASTSchema(parse(["ingest/src/shopify/graphql/schema.graphql", "api/src/sandbox/extension.graphql"]
  .map((file) => readFileSync(join(root, file), "utf8")).join("\n")), { assumeValidSDL: true });
let fields = 0;
for (const type of Object.values(ours.getTypeMap())) {
  if (type.name.startsWith("__") || !type.getFields) continue;
  const theirs = official.getType(type.name);
  for (const field of Object.values(type.getFields())) {
    fields += 1;
    const same = theirs?.getFields?.()[field.name];
    if (String(same?.type) !== String(field.type)) complain(`${type.name}.${field.name}: ${field.type}, Shopify's is ${same?.type}`);
    for (const argument of field.args ?? []) {
      const known = same?.args.find((a) => a.name === argument.name);
      if (String(known?.type) !== String(argument.type)) complain(`${type.name}.${field.name}(${argument.name}:)`);
    }
  }
}
console.log(`${fields} fields of our schema compared with Shopify's`);

// 2. The fixture, by id.
const shop = JSON.parse(readFileSync(join(root, "api/demo/shop/shop.json"), "utf8"));
const all = new Map();
const top = {};
const keep = (value, currency) => {
  if (Array.isArray(value)) return value.forEach((v) => keep(v, currency));
  if (!value || typeof value !== "object") return;
  value.__currency = value.currencyCode ?? currency;
  if (value.id) all.set(value.id, value);
  Object.values(value).forEach((v) => keep(v, value.__currency));
};
for (const name of ["collections", "products", "customers", "orders", "pages", "articles", "policies", "gift_cards"]) {
  const file = join(root, "api/demo/shop", `${name}.jsonl`);
  top[name] = existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line)) : [];
  keep(top[name], shop.shop.currencyCode);
}
// Without read_all_orders nothing older than 60 days is to be seen.
const since = shop.scopes.includes("read_all_orders") ? "" : new Date(Date.parse(shop.now) - 60 * 864e5).toISOString();
top.orders = top.orders.filter((order) => order.createdAt >= since);

// 3. Shorthands, by the type that a field has.
const number = (node) => Number(node.id.split("/").pop());
const fieldResolver = (source, args, context, info) => {
  let value = defaultFieldResolver(source, args, context, info);
  const type = getNullableType(info.returnType);
  const named = getNamedType(type);
  if (named.name === "MoneyBag" && typeof value === "string") {
    const money = { amount: value, currencyCode: source.__currency };
    return { presentmentMoney: money, shopMoney: money };
  }
  if (named.name === "MoneyV2" && typeof value === "string") return { amount: value, currencyCode: source.__currency };
  // What a refund moves is one of the order's movements, too.
  if (info.parentType.name === "Order" && info.fieldName === "transactions") {
    const known = new Set((value ?? []).map((t) => t.id));
    const moved = (source.refunds ?? []).flatMap((refund) => refund.transactions ?? []);
    value = [...(value ?? []), ...moved.filter((t) => !known.has(t.id))];
  }
  if (named.name.endsWith("Connection")) {
    const nodes = [...(value ?? [])];
    if (args.sortKey === "HAPPENED_AT") nodes.sort((a, b) => (a.happenedAt < b.happenedAt ? -1 : 1));
    if (args.reverse) nodes.reverse();
    const kept = args.keys ? nodes.filter((m) => args.keys.includes(`${m.namespace}.${m.key}`)) : nodes;
    const page = kept.slice(0, args.first).map((node) => (typeof node === "string" ? all.get(node) : node));
    return { nodes: page, edges: page.map((node) => ({ node })), pageInfo: { hasNextPage: kept.length > page.length } };
  }
  if (isListType(type)) return (value ?? []).slice(0, args.first ?? undefined);
  if (isCompositeType(named) && typeof value === "string") return all.get(value) ?? null;
  if (value === undefined && isNonNullType(info.returnType) && named.name === "Boolean") return false;
  return value;
};
const typeResolver = (value) => value.__typename ?? (value.fulfillmentLineItem ? "ReturnLineItem" : value.id?.split("/")[3]);

// 4. The same operations on both.
const ask = async (query, variables, operationName) => {
  const reply = await fetch(`${url}/admin/api/2026-07/graphql.json`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-shopify-access-token": token },
    body: JSON.stringify({ query, variables, operationName }),
  });
  const body = await reply.json();
  if (body.errors?.[0]?.extensions?.code !== "THROTTLED") return body;
  await new Promise((done) => setTimeout(done, 1000));
  return ask(query, variables, operationName);
};
// Cursors are each side's own.
const plain = (value) => JSON.parse(JSON.stringify(value, (key, v) => (key === "endCursor" ? undefined : v)));
const differences = (a, b, path = "") => {
  if (isDeepStrictEqual(a, b)) return [];
  if (!a || !b || typeof a !== "object" || typeof b !== "object") return [`${path}: ${JSON.stringify(a)} here, ${JSON.stringify(b)} by graphql-js`];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((key) => differences(a[key], b[key], `${path}.${key}`));
};
const compare = async (name, file, variables, rootValue) => {
  const text = readFileSync(join(graphql, file), "utf8");
  const document = parse(text);
  validate(official, document).forEach((error) => complain(`${name}: ${error.message}`));
  const theirs = await execute({ schema: official, document, operationName: name, variableValues: variables, rootValue, fieldResolver, typeResolver });
  const mine = await ask(text, variables, name);
  const errors = [...(theirs.errors ?? []), ...(mine.errors ?? [])].map((e) => `${name} ${JSON.stringify(variables)}: ${e.message} ${e.path ?? ""}`);
  const differing = differences(plain(mine.data ?? null), plain(theirs.data)).map((d) => `${name} ${JSON.stringify(variables)}${d}`);
  [...errors, ...differing].forEach(complain);
};
const count = {};
const each = async (name, file, list) => {
  for (const [variables, rootValue] of list) await compare(name, file, variables, rootValue);
  count[name] = list.length;
};
// The operation asks for them in reverse.
const oldestFirst = (a, b) => (a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : number(a) - number(b));
const sizes = { lines: 10, parts: 4, payments: 6 };
await each("OrdersOfCustomer", "orders.graphql", top.customers.map((customer) => [
  { query: `customer_id:${number(customer)}`, first: 2, ...sizes },
  { orders: top.orders.filter((o) => o.customer === customer.id).sort(oldestFirst) },
]));
await each("OrderByClaim", "orders.graphql", top.orders.map((order) => [
  { query: `name:"${order.name}"`, first: 2, parts: 10 }, { orders: [order] },
]));
await each("OrderPayments", "order_payments.graphql", top.orders.map((order) => [{ id: order.id }, { order }]));
const held = (customer) => top.gift_cards.filter((card) =>
  card.customer === customer.id || card.recipientAttributes?.recipient === customer.id);
await each("GiftCardsOfCustomer", "stored_value.graphql", top.customers.map((customer) => [
  { query: `(customer_id:${number(customer)} OR recipient_id:${number(customer)})`, first: 50 }, { giftCards: held(customer) },
]));
await each("StoreCreditOfCustomer", "stored_value.graphql", top.customers.map((customer) => [
  { id: customer.id, first: 20 }, { customerByIdentifier: customer },
]));
await each("ProductsByIds", "products.graphql", top.products.map((product) => [
  { ids: [product.id], variants: 50, metafields: ["custom.material"] }, { nodes: [product] },
]));
await each("Policies", "policies.graphql", [[{}, { shop: { ...shop.shop, shopPolicies: top.policies } }]]);
console.log(`executed by both: ${Object.entries(count).map(([name, n]) => `${name} ${n}x`).join(", ")}`);
console.log(wrong === 0 ? "no difference" : `${wrong} differences`);
process.exit(wrong === 0 ? 0 : 1);
