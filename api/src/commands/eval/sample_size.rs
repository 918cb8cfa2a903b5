//! `eval sample-size`: how many conversations it takes to tell two systems apart.

use crate::commands::{CommandError, Exit};
use ::eval::statistics::{needed, needed_paired};
use clap::Args;
use serde_json::json;

#[derive(Debug, Args)]
pub struct SampleSizeArgs {
    /// The rate of the one system, such as its accuracy.
    #[arg(long, value_name = "RATE", default_value_t = 0.9)]
    p: f64,
    /// How far apart the two rates are.
    #[arg(long, value_name = "X", default_value_t = 0.02)]
    difference: f64,
    /// Both systems answer the same messages, and fare differently on this share of them.
    #[arg(long, value_name = "SHARE")]
    discordant: Option<f64>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// What two systems over the same messages seldom go below and seldom above.
const USUAL: [f64; 3] = [0.05, 0.1, 0.2];

pub fn run(args: &SampleSizeArgs) -> Result<Exit, CommandError> {
    let SampleSizeArgs { p, difference, .. } = *args;
    let other = if p + difference < 1.0 { p + difference } else { p - difference };
    if !(p > 0.0 && p < 1.0 && difference > 0.0 && other > 0.0) {
        let said =
            "--p is a rate between 0 and 1, and --difference leaves the other rate there, too: --p .9 --difference .02";
        return Err(CommandError::Said(said.into()));
    }
    let independent = needed(p, other);
    let shares = args.discordant.map_or_else(|| USUAL.to_vec(), |share| vec![share]);
    let paired: Vec<(f64, Option<f64>)> =
        shares.into_iter().map(|share| (share, needed_paired(share, difference))).collect();
    if let (Some(share), [(_, None)]) = (args.discordant, paired.as_slice()) {
        let said = format!("--discordant: systems that differ on {share} of the messages cannot be {difference} apart");
        return Err(CommandError::Said(said));
    }
    println!("To tell {p} from {other} four times out of five (two-sided, 5 %):");
    println!("  {independent:>7.0} messages for each system, where they answer different ones");
    for (share, n) in &paired {
        match n {
            Some(n) => {
                println!("  {n:>7.0} messages, where both answer the same ones and fare differently on {share} of them")
            }
            None => println!("        - where they fare differently on {share}: that cannot give the difference"),
        }
    }
    if args.json {
        let paired: Vec<_> = paired.iter().map(|(share, n)| json!({ "discordant": share, "n": n })).collect();
        println!(
            "{}",
            json!({ "p": p, "difference": difference, "power": 0.8, "independent": independent, "paired": paired })
        );
    }
    Ok(Exit::Done)
}
