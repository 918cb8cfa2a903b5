#!/bin/sh
# Fetches graphql-js, and Shopify's schema unless SHOPCLERK_SHOPIFY_SCHEMAS names a folder with admin_2026-07.json.gz;
# serves the sample store, and compares.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"; [ -z "${pid:-}" ] || kill "$pid" 2>/dev/null || true' EXIT
npm install --silent --no-save --prefix "$work" graphql@16 >&2 || {
  echo "error: no second opinion: npm cannot fetch graphql@16" >&2; exit 1; }
schemas=${SHOPCLERK_SHOPIFY_SCHEMAS:-}
if [ -z "$schemas" ]; then
  (cd "$work" && npm pack --silent @shopify/dev-mcp@1.16.0 >/dev/null && tar xzf shopify-dev-mcp-1.16.0.tgz) || {
    echo "error: no second opinion: npm cannot fetch @shopify/dev-mcp, which holds Shopify's schema" >&2; exit 1; }
  schemas="$work/package/dist/data"
fi
cp "$here/compare.mjs" "$work/compare.mjs"
"${SHOPCLERK:-shopclerk}" sandbox --fixture "$here/../../api/demo/shop" --port 0 --json >"$work/served" 2>"$work/notes" &
pid=$!
for _ in 1 2 3 4 5 6 7 8 9 10; do [ -s "$work/served" ] && break; sleep 1; done
[ -s "$work/served" ] || { cat "$work/notes" >&2; exit 1; }
node "$work/compare.mjs" "$schemas/admin_2026-07.json.gz" "$here/../.." "$work/served"
