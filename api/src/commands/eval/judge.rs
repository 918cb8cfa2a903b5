//! `eval judge`: a local model rates what rules cannot, with its agreement beside it.

use super::bar::Bar;
use super::unprintable;
use crate::commands::{CommandError, Exit};
use crate::wiring::House;
use ::eval::judge::{Labels, Rubric, judge};
use ::eval::results;
use ::eval::statistics::Bootstrap;
use clap::Args;
use std::fs;
use std::path::{Path, PathBuf};

pub const EXAMPLES: &str = "\
A rubric of your own is a TOML file: name (it becomes the metric judge_<name>), scale (\"1-5\" or \"yes-no\") and text
(what the judge is told). Labels are JSON lines with the ids of the results: {\"id\": \"...\", \"rating\": 4}.

Examples:
  shopclerk eval judge results/today --model qwen2.5-1.5b --rubric helpfulness --labels rated.jsonl
  shopclerk eval judge results/today --model qwen2.5-1.5b --rubric brand_voice.toml --limit 200 --json";

#[derive(Debug, Args)]
pub struct JudgeArgs {
    /// A folder that --out has written. What is judged is kept there, and a run that was cut off goes on.
    #[arg(value_name = "RESULTS")]
    results: PathBuf,
    /// The judge, as `models list` prints it [default: the configured generator].
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// What is rated: `tone`, `helpfulness`, or a file of your own.
    #[arg(long, value_name = "RUBRIC", default_value = "helpfulness")]
    rubric: String,
    /// Ratings by people. Without them nobody knows what the scores are worth, and `eval gate` refuses them.
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// At most so many replies, chosen by the seed.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Of the bootstrap and of --limit.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print one JSON object as the last line.
    #[arg(long)]
    json: bool,
}

pub async fn run(mut house: House, args: &JudgeArgs) -> Result<Exit, CommandError> {
    let rubric = rubric(&args.rubric)?;
    let labels = args.labels.as_deref().map(|path| Labels::read(path, rubric.scale)).transpose()?;
    let files = results::read(&args.results)?;
    if let Some(model) = &args.model {
        house.config.models.generator.clone_from(model);
    }
    let generator = house.load_generator().await?.ok_or_else(|| {
        CommandError::Said(
            "no generator is configured that could judge: name one with --model (`shopclerk models list`)".into(),
        )
    })?;
    let bootstrap = Bootstrap { resamples: 2000, seed: args.seed };
    let draw = (args.limit, bootstrap);
    let judged = judge(&args.results, &files, &rubric, &*generator, labels.as_ref(), draw, &Bar::new()).await?;
    for run in &judged.runs {
        println!("{}", run.list());
    }
    println!("judge: {}\n{}", judged.model, judged.trust());
    if args.json {
        println!("{}", serde_json::to_string(&judged).map_err(unprintable)?);
    }
    Ok(Exit::Done)
}

fn rubric(said: &str) -> Result<Rubric, CommandError> {
    if let Some(rubric) = Rubric::shipped(said) {
        return Ok(rubric);
    }
    let path = Path::new(said);
    if !path.is_file() {
        let said = format!("--rubric: '{said}' is no file and none of tone, helpfulness");
        return Err(CommandError::Said(said));
    }
    let text = fs::read_to_string(path).map_err(CommandError::io(format!("{said} cannot be read")))?;
    Rubric::parse(&text).map_err(|error| CommandError::Said(format!("{said}, {error}")))
}
