//! `eval robustness`: everything once more, in other words and with typing errors.

use super::args::PacksArgs;
use super::asking::{Ready, over, shown, write_summary};
use super::unprintable;
use crate::commands::{CommandError, Exit};
use crate::wiring::House;
use ::eval::measure::{AskPlan, Asked, MeasureError, measure};
use ::eval::report::Report;
use ::eval::results::write_whole;
use ::eval::robustness::{Change, ChangeKind, robustness};
use ::eval::unit::Task;
use clap::{Args, ValueEnum};

pub const EXAMPLES: &str = "\
Every change of every message is asked in its own run; with --out each is a folder of results of its own below
changed/, which `eval compare` and `eval report` read, and a run that was cut off goes on. What each change does stands
in docs/evaluation.md.

Examples:
  shopclerk eval robustness --pack packs/mystore --no-generator --out results/robust
  shopclerk eval robustness --pack packs/mystore --change typos --seeds 5 --rate 0.4 --limit 200
  shopclerk eval compare results/robust results/robust/changed/typos-1";

/// What is asked again. An attack in other words is another attack.
const TASKS: [Task; 6] = [Task::Questions, Task::Qa, Task::Decisions, Task::Replay, Task::Intents, Task::OutOfScope];

#[derive(Debug, Args)]
pub struct RobustnessArgs {
    #[command(flatten)]
    packs: PacksArgs,
    /// Only these changes (repeatable) [default: all].
    #[arg(long, value_enum, value_name = "CHANGE")]
    change: Vec<ChangeArg>,
    /// How often changes are made that a seed decides; pass^k needs more than one.
    #[arg(long, value_name = "K", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=50))]
    seeds: u64,
    /// Share of the longer words that get a typing error.
    #[arg(long, value_name = "SHARE", default_value_t = 0.2)]
    rate: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ChangeArg {
    /// A neighbouring key, a letter left out, two swapped, one doubled.
    Typos,
    /// All in lower case.
    Casing,
    /// Without punctuation, but for that inside a number.
    Punctuation,
    /// A greeting before it, thanks behind it.
    Polite,
    /// "How do I ...?" becomes "I'd like to know how to ...".
    Reworded,
    /// In the words of the records' `paraphrases`.
    Paraphrased,
}

impl From<ChangeArg> for ChangeKind {
    fn from(change: ChangeArg) -> Self {
        match change {
            ChangeArg::Typos => Self::Typos,
            ChangeArg::Casing => Self::Casing,
            ChangeArg::Punctuation => Self::Punctuation,
            ChangeArg::Polite => Self::Polite,
            ChangeArg::Reworded => Self::Reworded,
            ChangeArg::Paraphrased => Self::Paraphrased,
        }
    }
}

pub async fn run(house: House, args: &RobustnessArgs) -> Result<Exit, CommandError> {
    if !(0.0..=1.0).contains(&args.rate) {
        return Err(CommandError::Said("--rate is a share between 0 and 1".into()));
    }
    if args.packs.answering.record.is_some() {
        let one = "--record keeps the turns of one run, and this makes one for each change: record `eval all` instead";
        return Err(CommandError::Said(one.into()));
    }
    let ready = Ready::for_packs(house, &args.packs).await?;
    let index = ready.index(over(args.packs.store.as_ref(), args.packs.over.as_deref()))?;
    let plan = ready.plan(&args.packs, &TASKS)?;
    let original = measure(&plan, &*index, &*ready.bar).await?;
    let mut changed: Vec<(Change, Vec<Asked>)> = Vec::new();
    for change in changes(args) {
        let name = format!("{}-{}", change.kind.name(), change.seed);
        let out = plan.out.as_ref().map(|out| out.join("changed").join(&name));
        let plan = AskPlan { change: Some(change), out, ..plan.clone() };
        match measure(&plan, &*index, &*ready.bar).await {
            Ok(measured) => {
                if let Some(out) = &plan.out {
                    let runs = measured.asked.iter().map(|asked| asked.run.clone()).collect();
                    write_summary(out, "summary.json", &Report { runs })?;
                }
                changed.push((change, measured.asked));
            }
            // No message that this would change: no paraphrases, nothing in upper case.
            Err(MeasureError::Nothing(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let found = robustness(&original.asked, &changed, plan.bootstrap);
    shown(&args.packs.common, &args.packs.answering, original)?;
    println!("{}", found.markdown());
    if let Some(out) = &plan.out {
        let text = serde_json::to_string_pretty(&found).map_err(unprintable)?;
        write_whole(&out.join("robustness.json"), &(text + "\n"))?;
    }
    if args.packs.common.json {
        println!("{}", serde_json::to_string(&found).map_err(unprintable)?);
    }
    Ok(Exit::Done)
}

fn changes(args: &RobustnessArgs) -> Vec<Change> {
    let wanted = |kind: &ChangeKind| {
        args.change.is_empty() || args.change.iter().any(|change| ChangeKind::from(*change) == *kind)
    };
    let kinds = ChangeKind::ALL.into_iter().filter(wanted);
    kinds
        .flat_map(|kind| {
            let seeds = if kind.is_seeded() { args.seeds } else { 1 };
            // Of the run's own seed, so that another run makes other errors; a paraphrase is counted from the first.
            let first = if kind == ChangeKind::Paraphrased { 0 } else { args.packs.common.seed.wrapping_sub(1) };
            (1..=seeds).map(move |seed| Change { kind, seed: first.wrapping_add(seed), rate: args.rate })
        })
        .collect()
}
