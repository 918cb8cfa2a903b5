# Each target is one line that a person could type. Build output lies outside the checkout, so that a second clean
# checkout builds fast.
export CARGO_TARGET_DIR ?= $(HOME)/.cache/shopclerk/target

.PHONY: demo test second-opinion bench lint tools schemas

# The sample store from nothing to answers, then a server to try. ONCE=1 ends after the answers.
demo: tools
	cargo build --release --locked --workspace --bin shopclerk
	"$(CARGO_TARGET_DIR)/release/shopclerk" demo --store-dir api/demo $(if $(ONCE),--once)

# Shopify's published schemas, against which the operations are checked. Without npm the check is left out, aloud.
SCHEMAS ?= $(HOME)/.cache/shopclerk/schemas
DEV_MCP := @shopify/dev-mcp@1.16.0

schemas:
	@mkdir -p "$(SCHEMAS)"
	@if [ -e "$(SCHEMAS)/admin_2026-10.json.gz" ]; then exit 0; fi; \
	cd "$(SCHEMAS)" && npm pack --silent $(DEV_MCP) >/dev/null && \
	tar xzf shopify-dev-mcp-*.tgz --strip-components=3 package/dist/data/admin_2026-07.json.gz package/dist/data/admin_2026-10.json.gz && \
	rm -f shopify-dev-mcp-*.tgz \
	|| echo "LEFT OUT: npm cannot fetch $(DEV_MCP), so the operations are not checked against Shopify's schemas" >&2

# Everything that needs no weights and no network.
test: tools schemas
	cargo test --release --locked --workspace --doc
	@if [ -e "$(SCHEMAS)/admin_2026-10.json.gz" ]; then export SHOPCLERK_SHOPIFY_SCHEMAS="$(SCHEMAS)"; fi; \
	if cargo nextest --version >/dev/null 2>&1; then \
	  echo cargo nextest run --release --locked --workspace; cargo nextest run --release --locked --workspace; \
	else \
	  echo cargo test --release --locked --workspace --lib --bins --tests; \
	  cargo test --release --locked --workspace --lib --bins --tests; \
	fi

# The sandbox's answers against those of graphql-js on Shopify's own schema, over the same fixture. Needs Node and npm.
second-opinion: tools
	@command -v node >/dev/null && command -v npm >/dev/null || { echo "error: no second opinion: node and npm are missing" >&2; exit 1; }
	cargo build --release --locked --workspace --bin shopclerk
	SHOPCLERK="$(CARGO_TARGET_DIR)/release/shopclerk" sh tests/second_opinion/run.sh

MODELS ?= $(HOME)/.cache/shopclerk/models
GGUF ?= $(firstword $(wildcard $(MODELS)/qwen2.5*-1.5b/*.gguf))

# Speed of index, embedder and generator; docs/performance.md says what each number means. The two models must be
# here: shopclerk models pull minilm-l6, and a generator.
bench: tools
	cargo bench --locked --workspace --bench index
	cargo bench --locked --workspace --bench embed -- --models "$(MODELS)" --texts "$(CURDIR)/api/demo/questions.jsonl"
	cargo bench --locked --workspace --bench generate -- --model "$(GGUF)" --threads 2 --prefill 256 --decode 32

# Format, lints, advisories and licences, unused dependencies. Installs the two tools that it lacks.
lint: tools
	cargo fmt --all --check
	cargo clippy --release --locked --workspace --all-targets -- -D warnings
	@cargo deny --version >/dev/null 2>&1 || cargo install --locked cargo-deny
	cargo deny --config .ci/deny.toml check
	@cargo machete --version >/dev/null 2>&1 || cargo install --locked cargo-machete
	cargo machete

tools:
	@command -v cargo >/dev/null || { echo "error: cargo is missing; install Rust from https://rustup.rs" >&2; exit 1; }
	@command -v python3 >/dev/null || { echo "error: python3 is missing; it fetches weights where the model hub is out of reach" >&2; exit 1; }
