# Each target is one line that a person could type. Build output lies outside the checkout, so that a second clean
# checkout builds fast.
export CARGO_TARGET_DIR ?= $(HOME)/.cache/shopclerk/target

.PHONY: demo test second-opinion bench eval eval-check lint tools schemas

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

# Every folder below PACKS is a pack; the results, a page and a table go to EVAL_OUT, and a run that was cut off goes on
# there. docs/evaluation.md says what each number means; INTO=docs/evaluation.md puts the table of the main numbers there.
EVAL_OUT ?= docs/out/eval
eval: tools
	@test -n "$(PACKS)" || { echo "error: say where the packs are: make eval PACKS=DIR" >&2; exit 1; }
	cargo build --release --locked --workspace --bin shopclerk
	"$(CARGO_TARGET_DIR)/release/shopclerk" eval all $(foreach pack,$(wildcard $(PACKS)/*/),--pack "$(pack)") \
	  --no-generator --out "$(EVAL_OUT)" $(EVAL_FLAGS)
	"$(CARGO_TARGET_DIR)/release/shopclerk" eval report "$(EVAL_OUT)" --html "$(EVAL_OUT)/report.html" \
	  --markdown "$(EVAL_OUT)/report.md" --csv "$(EVAL_OUT)/report.csv" $(if $(INTO),--into "$(INTO)")

# Scores and intervals against other implementations (trec_eval, ranx, scikit-learn, scipy, statsmodels) on random data.
EVAL_VENV ?= $(HOME)/.cache/shopclerk/eval-check
eval-check: tools
	test -x "$(EVAL_VENV)/bin/python" || python3 -m venv "$(EVAL_VENV)"
	"$(EVAL_VENV)/bin/pip" install --quiet --requirement eval/check/requirements.txt
	cargo build --release --locked --package eval --example scores
	"$(EVAL_VENV)/bin/python" eval/check/check.py "$(CARGO_TARGET_DIR)/release/examples/scores"

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
