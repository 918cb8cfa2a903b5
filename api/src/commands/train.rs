//! `shopclerk train`: what is learned from labels.

use super::{CommandError, Exit};
use crate::wiring::{House, IntentsError, intents};
use ::eval::intents::{Validated, page};
use ::eval::results::write_whole;
use clap::{Args, Subcommand};
use engine::ports::Embedder;
use engine::understand::fit::{FitConfig, cross_validate, fit};
use engine::understand::labels::{Utterance, vocabulary};
use engine::understand::{Head, Intent};
use std::path::PathBuf;
use std::sync::Arc;

pub const EXAMPLES: &str = "\
A file of labels holds one JSON object a line: {\"text\": \"wheres my parcel\", \"intent\": \"tracking\"}. The shipped labels
are used beside yours unless --only is said. Without --out nothing is written: the report says how good the head is on
utterances that it was fitted without.

Examples:
  shopclerk train intents                                       the shipped labels alone
  shopclerk train intents --labels mine.jsonl --out head.json   then set [understanding] head = \"head.json\"
  shopclerk train intents --labels other.jsonl --only --html report.html";

#[derive(Debug, Args)]
pub struct TrainArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The intent head: a linear layer over the embedder, seconds on two cores, with a cross-validated report.
    #[command(after_help = EXAMPLES)]
    Intents(IntentArgs),
}

#[derive(Debug, Args)]
struct IntentArgs {
    /// JSON lines with `text` and `intent`.
    #[arg(long, value_name = "FILE")]
    labels: Vec<PathBuf>,
    /// Without the shipped labels.
    #[arg(long, requires = "labels")]
    only: bool,
    /// Where the head is written.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Parts that the labels are cut into for the report.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u8).range(2..=20))]
    folds: u8,
    /// The report as one self-contained page: confusion, reliability, every label.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Print one JSON object as the last line.
    #[arg(long)]
    json: bool,
    /// Of the intervals.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub async fn run(house: House, args: TrainArgs) -> Result<Exit, CommandError> {
    let What::Intents(args) = args.what;
    let utterances = wanted(&args)?;
    let embedder: Arc<dyn Embedder> = house.load_embedder().await?;
    let examples = intents::embed(embedder.as_ref(), &utterances).await.map_err(IntentsError::from)?;
    let (model, folds) = (embedder.model().clone(), usize::from(args.folds));
    let fitted = tokio::task::spawn_blocking(move || {
        let (guesses, temperature) = cross_validate(&model, &examples, folds, FitConfig::default())?;
        Ok::<_, engine::understand::fit::FitError>((
            guesses,
            fit(&model, &examples, temperature, FitConfig::default())?,
        ))
    });
    let (guesses, head) = fitted.await.map_err(IntentsError::from)?.map_err(IntentsError::from)?;
    let head = Head { vocabulary: vocabulary(&utterances), ..head };
    let texts: Vec<String> = utterances.into_iter().map(|u| u.text).collect();
    let report = Validated::new(&guesses, &texts, folds, head.temperature, args.seed);
    print!("{}", report.table());
    let foreign: Vec<&str> =
        head.labels.iter().map(String::as_str).filter(|label| Intent::parse(label).is_none()).collect();
    if !foreign.is_empty() {
        println!(
            "\n{} labels are no intents of ours and need a line each under [understanding.meaning], such as:\n  {} = \"tracking\"",
            foreign.len(),
            foreign[0]
        );
    }
    if let Some(path) = &args.html {
        write_whole(path, &page(&report))?;
        println!("{}", path.display());
    }
    if let Some(path) = &args.out {
        intents::write(path, &head)?;
        println!("{}", path.display());
    }
    if args.json {
        let text = serde_json::to_string(&report);
        println!("{}", text.map_err(|error| CommandError::Said(format!("the report is not JSON: {error}")))?);
    }
    Ok(Exit::Done)
}

fn wanted(args: &IntentArgs) -> Result<Vec<Utterance>, IntentsError> {
    if !args.only {
        return intents::utterances(&args.labels);
    }
    let read: Result<Vec<_>, _> = args.labels.iter().map(|path| intents::read(path)).collect();
    Ok(read?.into_iter().flatten().collect())
}
