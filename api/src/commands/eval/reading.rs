//! `eval read`: replies drawn at random for people to read, and what they found.

use crate::commands::{CommandError, Exit};
use ::eval::reading::{self, Draw};
use ::eval::results;
use clap::Args;
use std::path::PathBuf;

pub const EXAMPLES: &str = "\
Each line of the sheet is a turn: what the customer wrote, what was replied, the sources. A reader writes one verdict under
\"judged\" (unsupported, misleading, missed, beside, needless, clumsy, fine; of several the gravest) and, unless it is fine,
a word under \"why\". The protocol stands in docs/evaluation.md, \"Read by a protocol\".

Examples:
  shopclerk eval read runs/today --answers --n 1000 --out sheet.jsonl       # draw
  shopclerk eval read runs/today --per intent --each 10 --out sheet.jsonl   # ten of each intent
  shopclerk eval read --judged sheet.jsonl                                   # count, with intervals";

#[derive(Debug, Args)]
pub struct ReadArgs {
    /// Folders that --out of other runs has written.
    #[arg(value_name = "RESULTS", required_unless_present = "judged")]
    results: Vec<PathBuf>,
    /// Turns to draw.
    #[arg(long, default_value_t = 1000)]
    n: usize,
    /// Draw the same number of each value of this field of the results (`intent`, `need`, `category`).
    #[arg(long, value_name = "FIELD", conflicts_with = "n")]
    per: Option<String>,
    /// How many of each.
    #[arg(long, value_name = "N", default_value_t = 10, requires = "per")]
    each: usize,
    /// Answers and offers only, no handoffs and no questions back.
    #[arg(long)]
    answers: bool,
    /// Which turns are drawn.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write the sheet here.
    #[arg(long, value_name = "FILE", required_unless_present = "judged")]
    out: Option<PathBuf>,
    /// Count the verdicts of these sheets.
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["results", "out"])]
    judged: Vec<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub fn run(args: &ReadArgs) -> Result<Exit, CommandError> {
    let failed = |error: reading::ReadingError| CommandError::Said(error.to_string());
    if let Some(out) = &args.out {
        let mut files = Vec::new();
        for dir in &args.results {
            files.extend(results::read(dir).map_err(|error| CommandError::Said(error.to_string()))?);
        }
        let per = args.per.clone().map(|field| (field, args.each));
        let draw = Draw { n: args.n, per, answers_only: args.answers, seed: args.seed };
        let sheets = reading::draw(&files, &draw);
        if sheets.is_empty() {
            let field = args.per.as_deref().map(|field| format!(" with a field '{field}'")).unwrap_or_default();
            return Err(CommandError::Said(format!("the results hold no such turn{field}")));
        }
        reading::write(out, &sheets).map_err(failed)?;
        println!("{} turns to read: {}", sheets.len(), out.display());
        return Ok(Exit::Done);
    }
    let mut sheets = Vec::new();
    for path in &args.judged {
        sheets.extend(reading::read(path).map_err(failed)?);
    }
    let tally = reading::tally(&sheets);
    if args.json {
        println!("{}", serde_json::to_string(&tally).map_err(|error| CommandError::Said(error.to_string()))?);
        return Ok(Exit::Done);
    }
    println!("{} read, {} unread", tally.read, tally.unread);
    for share in &tally.verdicts {
        let interval = share.share.map(|e| format!("{:.3} [{:.3}, {:.3}]", e.value, e.low, e.high)).unwrap_or_default();
        let at_most = share.at_most.map(|bound| format!("at most {bound:.4}")).unwrap_or_default();
        println!("  {:<12} {:>5}  {interval}  {at_most}", share.judged.as_text(), share.count);
    }
    Ok(Exit::Done)
}
