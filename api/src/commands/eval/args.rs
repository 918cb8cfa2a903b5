//! What can be said to `shopclerk eval`.

use ::eval::statistics::Bootstrap;
use ::eval::suite::Mode;
use clap::{Args, Subcommand, ValueEnum};
use engine::StoreId;
use engine::ports::SearchMode;
use jiff::civil::Date;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct EvalArgs {
    #[command(subcommand)]
    pub what: What,
}

#[derive(Debug, Subcommand)]
pub enum What {
    /// Do the searches find the documents that answer? (files of queries with judged documents)
    Retrieval(RetrievalArgs),
    /// Are the answers and handoffs of a synced store right? (a file of questions with required facts)
    Questions(QuestionsArgs),
    /// Are the answers over a pack's corpus right? (files of queries with gold answers)
    Qa(PacksArgs),
    /// Is it answered, asked back or handed over as it should be? (decisions, intents, what is out of scope)
    Decisions(PacksArgs),
    /// Is an attack obeyed, is a harmless question refused? (attacks, harmless messages, poisoned documents)
    Attacks(PacksArgs),
    /// Conversations again, turn by turn, with what was really said before as history.
    Replay(PacksArgs),
    /// Everything that the packs hold.
    All(PacksArgs),
    /// Is a live value wrong, missing or shown to somebody who may not see it? (a shop's fixture, through the sandbox)
    Live(super::live::LiveArgs),
    /// Do replies change with typing errors, politeness, other words for the same? (paired with the originals)
    #[command(after_help = super::robustness::EXAMPLES)]
    Robustness(super::robustness::RobustnessArgs),
    /// A local model rates replies by a rubric; beside its scores stands how far it agrees with people.
    #[command(after_help = super::judge::EXAMPLES)]
    Judge(super::judge::JudgeArgs),
    /// Replies drawn at random for people to read by a protocol, and what they found, with intervals.
    #[command(after_help = super::reading::EXAMPLES)]
    Read(super::reading::ReadArgs),
    /// How many conversations it takes to tell two systems apart.
    SampleSize(super::sample_size::SampleSizeArgs),
    /// Make a pack from exported conversations: masked, with labels that rules suggest.
    Import(super::import::ImportArgs),
    /// Confirm or change suggested labels, in the terminal or in a spreadsheet; compare two labellers.
    Label(super::label::LabelArgs),
    /// Which answers may be given? Fits the risk of being wrong on labelled questions, and proves a bound.
    Calibrate(Box<super::calibrate::CalibrateArgs>),
    /// Two folders of results: what got better, what got worse, what cannot be told, and which messages flipped.
    Compare(super::results::CompareArgs),
    /// For CI: exit code 1 if a metric fell out of the interval that a baseline gave it.
    Gate(super::results::GateArgs),
    /// A folder of results as a page, as tables and as JSON.
    Report(super::results::ReportArgs),
    /// Answers recorded turns (--record) again without models, index, shop or network, and names the step at which a
    /// difference begins. Exit code 1 if there is one.
    Trace(super::trace::TraceArgs),
    /// Before a page or a rule goes live: which replies to past questions would be others?
    Counterfactual(super::counterfactual::CounterfactualArgs),
}

#[derive(Debug, Args)]
pub struct Common {
    /// Print one JSON object as the last line.
    #[arg(long)]
    pub json: bool,
    /// A folder for the results: one line for each message, and the metrics. A run that was cut off goes on here.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// At most so many questions or conversations of each file, chosen by the seed.
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// Of the bootstrap and of --limit.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

impl Common {
    pub fn bootstrap(&self) -> Bootstrap {
        Bootstrap { resamples: 2000, seed: self.seed }
    }
}

#[derive(Debug, Args)]
pub struct RetrievalArgs {
    /// A folder with documents and files of queries.
    #[arg(long, value_name = "DIR", required = true)]
    pub pack: Vec<PathBuf>,
    /// Only this file of the packs.
    #[arg(long, value_name = "NAME")]
    pub file: Vec<String>,
    #[arg(long, value_enum, default_value = "full")]
    pub mode: Vec<ModeArg>,
    /// Only questions that other documents answer too, without the documents that hold them word for word.
    #[arg(long)]
    pub without_verbatim: bool,
    /// Search every kind of document, not only the kinds that answer the file.
    #[arg(long)]
    pub whole_corpus: bool,
    /// A file with ids of documents to leave out, one a line.
    #[arg(long, value_name = "FILE")]
    pub exclude_docs: Option<PathBuf>,
    /// Only our own numbers.
    #[arg(long)]
    pub no_baselines: bool,
    /// Queries with the same value of this field are drawn together by the bootstrap.
    #[arg(long, value_name = "FIELD")]
    pub cluster: Option<String>,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ModeArg {
    /// What a customer's question goes through.
    Full,
    /// Vectors and words, without rerank.
    Fused,
    /// Vectors only.
    Dense,
    /// Words only.
    Lexical,
}

impl From<ModeArg> for Mode {
    fn from(mode: ModeArg) -> Self {
        match mode {
            ModeArg::Full => Self::Full,
            ModeArg::Fused => Self::Search(SearchMode::Fused),
            ModeArg::Dense => Self::Search(SearchMode::Dense),
            ModeArg::Lexical => Self::Search(SearchMode::Lexical),
        }
    }
}

#[derive(Debug, Args)]
pub struct QuestionsArgs {
    /// Name of the synced store.
    #[arg(long)]
    pub store: StoreId,
    /// Messages with labels, of any kind that a pack may hold.
    #[arg(long, value_name = "FILE")]
    pub file: PathBuf,
    /// With the store's approved answers, as they stand when the run begins. Nothing is written to them; the results name
    /// the set.
    #[arg(long, conflicts_with_all = ["record", "endpoint"])]
    pub approved: bool,
    #[command(flatten)]
    pub answering: Answering,
    #[command(flatten)]
    pub peering: Peering,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Args)]
pub struct PacksArgs {
    /// A folder with documents and things to ask. May be repeated.
    #[arg(long, value_name = "DIR", required = true)]
    pub pack: Vec<PathBuf>,
    /// Only this file of the packs.
    #[arg(long, value_name = "NAME")]
    pub file: Vec<String>,
    /// Packs without documents are asked over this synced store [default: the sample store].
    #[arg(long, value_name = "STORE", conflicts_with = "over")]
    pub store: Option<StoreId>,
    /// Packs without documents are asked over the documents of this pack.
    #[arg(long, value_name = "DIR")]
    pub over: Option<PathBuf>,
    /// With the approved answers of --store, as they stand when the run begins, where its index is asked; a pack with
    /// documents of its own is asked without. Nothing is written to them; the results name the set.
    #[arg(long, requires = "store", conflicts_with_all = ["record", "endpoint"])]
    pub approved: bool,
    #[command(flatten)]
    pub answering: Answering,
    #[command(flatten)]
    pub peering: Peering,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Args)]
pub struct Answering {
    /// Answer in the sentences of the sources.
    #[arg(long)]
    pub no_generator: bool,
    /// The day on which the questions are asked; today where absent and the pack names none.
    #[arg(long, value_name = "DATE")]
    pub today: Option<Date>,
    /// Records with the same value of this field (`source.task`) are drawn together by the bootstrap [default: what the
    /// pack names; a conversation in a replay].
    #[arg(long, value_name = "FIELD")]
    pub cluster: Option<String>,
    /// Replies that are waited for at the same time. The results do not depend on it.
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub jobs: usize,
    /// Leave out labels that a rule suggested and no person has confirmed (see eval label).
    #[arg(long)]
    pub confirmed_only: bool,
    /// Write down every call of a model, of the index, of the shop and of the clock, one line for each turn, so that
    /// `eval trace FILE` can answer the turns again from the file alone. Of the engine's own calls, so not with
    /// --endpoint. The file holds what customers wrote and what
    /// was read about them: only you can read it (mode 0600), and it belongs in no repository. A run that was cut off
    /// goes on here.
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Also print every reply that was not right.
    #[arg(long)]
    pub verbose: bool,
}

/// Somebody else's engine or model, scored on the same messages by the same code.
#[derive(Debug, Args)]
#[command(next_help_heading = "A peer instead of our engine")]
pub struct Peering {
    /// An OpenAI-compatible endpoint: its base, such as http://localhost:8080/v1. What a text of it is taken for (an
    /// answer, a question, a handoff) stands in docs/evaluation.md. Without --with-context no weights of ours are needed.
    #[arg(long, value_name = "URL", conflicts_with = "record")]
    pub endpoint: Option<String>,
    /// The model that is asked for there.
    #[arg(long, value_name = "NAME", default_value = "default", requires = "endpoint")]
    pub endpoint_model: String,
    /// The environment variable that holds the key. It is written nowhere.
    #[arg(long, value_name = "VAR", requires = "endpoint")]
    pub endpoint_key_env: Option<String>,
    /// What the peer is told instead of the shipped prompt, which asks for {"action", "reply"}.
    #[arg(long, value_name = "FILE", requires = "endpoint")]
    pub system_prompt: Option<PathBuf>,
    /// Put the passages that our own retrieval found into the prompt: compares generators instead of engines.
    #[arg(long, requires = "endpoint")]
    pub with_context: bool,
    /// Seconds that one reply may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 120, requires = "endpoint",
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub endpoint_timeout: u64,
}
