//! What can be said after `shopclerk answers`.

use crate::approved::questions::Origin;
use clap::{Args, Subcommand, ValueEnum};
use engine::StoreId;
use std::path::PathBuf;

pub const EXAMPLES: &str = "\
What many ask is answered in words that a person has signed off: at once, without a generator, with its sources. An
answer names the passages that it rests on; when a sync finds that one of them changed, the answer goes back to review
and is not said until a person approves it again. Live values stand in braces and are filled by code: {store.name},
{store.email}, {store.url}, {return.window}, {order.number}, {order.status}, {order.carrier}, {order.tracking_number},
{order.tracking_url}, {order.delivery}. Where a value is not known for a customer, the answer is not used.

Examples:
  shopclerk answers mine --store mystore                draft answers to what is asked most
  shopclerk answers list --store mystore --state draft
  shopclerk answers show ans_1a2b3c4d5e --store mystore
  shopclerk answers approve ans_1a2b3c4d5e --store mystore --by \"Mia\"
  shopclerk answers edit ans_1a2b3c4d5e --store mystore --text better.txt
  shopclerk answers reject ans_1a2b3c4d5e --store mystore --why \"we no longer do that\"
  shopclerk answers export --store mystore > answers.toml";

#[derive(Debug, Args)]
pub struct AnswersArgs {
    #[command(subcommand)]
    pub command: AnswersCommand,
}

/// Where an answer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StateName {
    /// Nobody has looked at it yet.
    Draft,
    /// Said to customers.
    Approved,
    /// What it rests on changed.
    Review,
    Rejected,
}

impl StateName {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Approved => "approved",
            Self::Review => "review",
            Self::Rejected => "rejected",
        }
    }
}

#[derive(Debug, Subcommand)]
pub enum AnswersCommand {
    /// Every answer, the most asked first.
    List {
        /// Name of the store.
        #[arg(long)]
        store: StoreId,
        /// Only those in this state.
        #[arg(long, value_enum)]
        state: Option<StateName>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// One answer with its questions, the passages it rests on, and who did what about it.
    Show {
        id: String,
        /// Name of the store.
        #[arg(long)]
        store: StoreId,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Put answers in force, as the index stands now. Every value in them must stand in the passages they rest on.
    Approve {
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
        /// Name of the store.
        #[arg(long)]
        store: StoreId,
        /// Who approves; it stands in the audit [default: the user of this machine].
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
        /// Approve although a sentence does not stand in its passages, and say why.
        #[arg(long, value_name = "REASON")]
        anyway: Option<String>,
    },
    /// Change an answer; it waits for approval again. Without --text, --question and --rests-on, $EDITOR is opened.
    Edit(EditArgs),
    /// Never say it; it is not drafted again either.
    Reject {
        id: String,
        /// Name of the store.
        #[arg(long)]
        store: StoreId,
        /// What is wrong with it.
        #[arg(long, value_name = "REASON")]
        why: String,
        /// Who rejects; it stands in the audit [default: the user of this machine].
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
    /// Find what customers ask most and draft answers to it. Run again, it goes on where it was.
    Mine(MineArgs),
    /// Take answers from a TOML file, as `export` writes it. They wait for approval.
    Import {
        file: PathBuf,
        /// Name of the store.
        #[arg(long)]
        store: StoreId,
        /// Who brings them; it stands in the audit [default: the user of this machine].
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
    /// Print the answers as TOML, to be edited and imported.
    Export {
        /// Name of the store.
        #[arg(long)]
        store: StoreId,
        /// Only those in this state.
        #[arg(long, value_enum)]
        state: Option<StateName>,
    },
    /// Fit the weights by which a question is matched to an answer, and say how well they do on shops that they have not
    /// seen.
    Calibrate(CalibrateArgs),
}

#[derive(Debug, Args)]
pub struct EditArgs {
    pub id: String,
    /// Name of the store.
    #[arg(long)]
    pub store: StoreId,
    /// A file with the new text; `-` reads standard input.
    #[arg(long, value_name = "FILE")]
    pub text: Option<PathBuf>,
    /// A question that it also answers. May be repeated.
    #[arg(long, value_name = "QUESTION")]
    pub question: Vec<String>,
    /// Instead of the passages that it rests on now, such as pages/returns.md#0. May be repeated.
    #[arg(long, value_name = "DOC#N")]
    pub rests_on: Vec<String>,
    /// Keep it although a sentence does not stand in its passages, and say why.
    #[arg(long, value_name = "REASON")]
    pub anyway: Option<String>,
    /// Who edits; it stands in the audit [default: the user of this machine].
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
}

#[derive(Debug, Args)]
pub struct MineArgs {
    /// Name of the store.
    #[arg(long)]
    pub store: StoreId,
    /// Where questions are looked for. May be repeated [default: everywhere].
    #[arg(long, value_enum, value_name = "FROM")]
    pub from: Vec<Origin>,
    /// How many of the most asked questions are looked at.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: usize,
    /// Questions whose vectors are at least as near as this are counted together.
    #[arg(long, value_name = "COSINE", default_value_t = 0.8)]
    pub near: f32,
    /// Draft in sentences of the sources, without a generator.
    #[arg(long)]
    pub no_generator: bool,
    /// Only count; draft nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct CalibrateArgs {
    /// Own labelled questions beside the shipped ones: JSON lines of shop, answer, variants, text, ask, near; see
    /// docs/evaluation.md. May be repeated.
    #[arg(long, value_name = "FILE")]
    pub pairs: Vec<PathBuf>,
    /// Leave the shipped questions out.
    #[arg(long, requires = "pairs")]
    pub only: bool,
    /// Write the weights to a file.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Use the weights from now on, for all stores of the data folder. A running server takes them up at the next change
    /// of an answer.
    #[arg(long = "use")]
    pub take: bool,
    /// Print every pair with its probability, the most certain first.
    #[arg(long)]
    pub verbose: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}
