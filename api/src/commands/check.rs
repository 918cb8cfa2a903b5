//! `shopclerk check`: by what a drafted sentence is weighed against the passage that it rests on.

use super::{CommandError, Exit};
use crate::wiring::House;
use ::eval::{
    results::write_whole,
    statistics::{bins, wilson},
    support::{Calibrated, Flaw, Pair, SHIPPED, calibrate, parse},
};
use clap::{Args, Subcommand};
use engine::check::signs::Signs;
use serde_json::json;
use std::path::PathBuf;

pub const EXAMPLES: &str = "\
What a generator writes is checked sentence by sentence: values, yes and no, promises, addresses by rules; and by a
probability that its passage says it. `calibrate` fits that probability on labelled sentences and says how well it does
on shops that it has not seen. Without --out nothing is written.

A file of labelled sentences holds one JSON object a line:
  {\"shop\": \"mine\", \"passage\": \"returns\", \"title\": \"Returns\", \"text\": \"You have 30 days.\",
   \"supported\": [\"There are 30 days to return it.\"],
   \"unsupported\": [{\"kind\": \"number\", \"text\": \"There are 60 days to return it.\"}]}
Kinds: number, unit, subject, negated, exception, condition, opposite, added, topic, absent.

Examples:
  shopclerk check calibrate                                   the shipped sentences alone
  shopclerk check calibrate --pairs mine.jsonl --verbose
  shopclerk check calibrate --out engine/src/check/support.json   the shipped weights again";

#[derive(Debug, Args)]
pub struct CheckArgs {
    #[command(subcommand)]
    command: CheckCommand,
}

#[derive(Debug, Subcommand)]
enum CheckCommand {
    /// Fit the weights by which a drafted sentence is weighed, and say how well they do on shops that they have not seen.
    #[command(after_help = EXAMPLES)]
    Calibrate(CalibrateArgs),
}

#[derive(Debug, Args)]
struct CalibrateArgs {
    /// Own labelled sentences beside the shipped ones. May be repeated.
    #[arg(long, value_name = "FILE")]
    pairs: Vec<PathBuf>,
    /// Leave the shipped sentences out.
    #[arg(long, requires = "pairs")]
    only: bool,
    /// Write the weights to a file.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print every sentence with its probability, the most certain first.
    #[arg(long)]
    verbose: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub async fn run(house: &House, args: CheckArgs) -> Result<Exit, CommandError> {
    let CheckCommand::Calibrate(args) = args.command;
    let mut labelled = if args.only { Vec::new() } else { parse(SHIPPED, "the shipped sentences")? };
    for path in &args.pairs {
        let text = std::fs::read_to_string(path);
        let text = text.map_err(CommandError::io(format!("{}: the file cannot be read", path.display())))?;
        labelled.extend(parse(&text, &path.display().to_string())?);
    }
    let embedder = house.load_embedder().await?;
    let calibrated = calibrate(&labelled, embedder.as_ref()).await?;
    if let Some(path) = &args.out {
        let written = serde_json::to_string_pretty(&calibrated.model);
        let written = written.map_err(|e| CommandError::Said(format!("the weights cannot be written as JSON: {e}")))?;
        write_whole(path, &(written + "\n"))?;
        eprintln!("written: {}", path.display());
    }
    if args.json {
        println!(
            "{:#}",
            json!({ "model": calibrated.model, "penalty": calibrated.penalty, "kinds": kinds(&calibrated) })
        );
    } else {
        print!("{}", to_text(&calibrated, args.verbose));
    }
    Ok(Exit::Done)
}

/// How many sentences of a kind there are, how many the typed check drops, and how many it and the bound drop together.
struct Kind {
    name: &'static str,
    n: usize,
    by_rules: usize,
    by_both: usize,
}

impl Kind {
    fn of(name: &'static str, pairs: &[&Pair], bound: f32) -> Self {
        let by_both = pairs.iter().filter(|p| !p.passes || (p.probability as f32) < bound).count();
        Self { name, n: pairs.len(), by_rules: pairs.iter().filter(|p| !p.passes).count(), by_both }
    }
}

fn by_kind(calibrated: &Calibrated) -> Vec<Kind> {
    let of = |name, take: &dyn Fn(&Pair) -> bool| {
        let pairs: Vec<&Pair> = calibrated.pairs.iter().filter(|p| take(p)).collect();
        Kind::of(name, &pairs, calibrated.model.bound)
    };
    let flaws = Flaw::ALL.into_iter().map(|flaw| of(flaw.as_str(), &|p| p.flaw == Some(flaw)));
    let totals = [of("all of these", &|p| p.flaw.is_some()), of("supported", &|p| p.flaw.is_none())];
    flaws.chain(totals).filter(|kind| kind.n > 0).collect()
}

fn kinds(calibrated: &Calibrated) -> serde_json::Value {
    let of = |k: Kind| json!({ "kind": k.name, "n": k.n, "dropped_by_rules": k.by_rules, "dropped": k.by_both });
    by_kind(calibrated).into_iter().map(of).collect()
}

fn to_text(calibrated: &Calibrated, verbose: bool) -> String {
    let Calibrated { model, pairs, penalty } = calibrated;
    let fitted = &model.fitted;
    let supported = pairs.iter().filter(|p| p.is_supported()).count();
    let mut text = format!(
        "{} sentences about {} passages of {} shops ({supported} stand in their passage); embedder {}; penalty {penalty}\n\
         on shops left out: AUC {:.3}, calibration error {:.3}\n\
         bound {:.2}: {:.1} % of what stands is kept, {:.1} % of the rest is dropped\n\n\
         kind                    n   dropped by rules   with the bound\n",
        fitted.pairs,
        fitted.passages,
        fitted.shops,
        model.embedder,
        fitted.auc,
        fitted.calibration_error,
        model.bound,
        100.0 * fitted.kept,
        100.0 * fitted.dropped
    );
    for Kind { name, n, by_rules, by_both } in by_kind(calibrated) {
        let interval = wilson(by_both, n).map(|i| format!("[{:.2}, {:.2}]", i.low, i.high)).unwrap_or_default();
        let share = |part: usize| part as f64 / n as f64;
        text.push_str(&format!("{name:<20} {n:>4}   {:>16.2}   {:.2} {interval}\n", share(by_rules), share(by_both)));
    }
    text.push_str("\nprobability   sentences   said   came true\n");
    let observed: Vec<(f64, bool)> = pairs.iter().map(|p| (p.probability, p.is_supported())).collect();
    for (at, bin) in bins(&observed).iter().enumerate().filter(|(_, bin)| bin.n > 0) {
        let (n, from) = (bin.n as f64, at as f64 / 10.0);
        let (said, came) = (bin.said / n, bin.came as f64 / n);
        text.push_str(&format!("{from:.1} to {:.1}    {:>9}   {said:.2}   {came:.2}\n", from + 0.1, bin.n));
    }
    text.push_str("\nsign            weight\n");
    for (name, weight) in Signs::NAMES.into_iter().zip(model.weights.values()) {
        text.push_str(&format!("{name:<14} {weight:>7.2}\n"));
    }
    if verbose {
        text.push('\n');
        let mut sorted: Vec<_> = pairs.iter().collect();
        sorted.sort_by(|a, b| b.probability.total_cmp(&a.probability));
        for p in sorted {
            let is = p.flaw.map_or("supported", Flaw::as_str);
            let rules = if p.passes { "" } else { " (dropped by rules)" };
            text.push_str(&format!("{:.2} {is:<18} {}/{}: {}{rules}\n", p.probability, p.shop, p.passage, p.sentence));
        }
    }
    text
}
