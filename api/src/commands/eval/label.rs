//! `eval label`: a person goes through suggested labels, in the terminal or in a spreadsheet; two persons are compared.

use super::unprintable;
use crate::commands::{CommandError, Exit};
use ::eval::label::{self, Agreement, LabelError, LabelFile, Session, Signature};
use ::eval::pack::Action;
use ::eval::statistics::Bootstrap;
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use std::io;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct LabelArgs {
    /// The folder of a pack.
    #[arg(value_name = "PACK", required_unless_present = "agreement")]
    pack: Option<PathBuf>,
    /// The file of conversations in the pack.
    #[arg(long, value_name = "NAME", default_value = "transcripts.jsonl")]
    file: String,
    /// Go through these labels only [default: all].
    #[arg(long, value_enum)]
    only: Option<OnlyArg>,
    /// Who decides; written beside each label.
    #[arg(long, value_name = "NAME", env = "USER", hide_env_values = true)]
    by: Option<String>,
    /// Write the labels as a table for a spreadsheet; a row is decided by "ok" under "decision".
    #[arg(long, value_name = "FILE.csv", conflicts_with = "apply")]
    export: Option<PathBuf>,
    /// Read decisions from such a table, or from JSON lines of {id, turn, action, …}.
    #[arg(long, value_name = "FILE")]
    apply: Option<PathBuf>,
    /// Compare the confirmed labels of two files (Cohen's kappa, with its interval).
    #[arg(long, num_args = 2, value_names = ["A", "B"], conflicts_with_all = ["pack", "export", "apply"])]
    agreement: Option<Vec<PathBuf>>,
    /// Of the bootstrap.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print one JSON object as the last line.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Keys, each followed by Enter: a accept, c change, n next, s skip (comes again at the end), u undo (several steps),
q quit, ? what each action means. Every decision is on the disk before the next label is shown; Ctrl-C loses nothing.

Examples:
  shopclerk eval label packs/mystore --only suggested --by nora
  shopclerk eval label packs/mystore --export labels.csv --only suggested
  shopclerk eval label packs/mystore --apply labels.csv --by nora
  cp -r packs/mystore packs/mystore-owen       before anybody labels: two persons must not see each other's labels
  shopclerk eval label --agreement packs/mystore packs/mystore-owen";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OnlyArg {
    /// What a rule suggested and nobody has confirmed.
    Suggested,
}

pub async fn run(args: LabelArgs) -> Result<Exit, CommandError> {
    // Reading a terminal blocks; Ctrl-C is waited for beside it.
    tokio::task::spawn_blocking(move || labelled(&args))
        .await
        .map_err(|error| CommandError::Said(format!("the labelling stopped: {error}")))?
}

fn labelled(args: &LabelArgs) -> Result<Exit, CommandError> {
    let only = args.only.map_or(label::Only::Everything, |only| match only {
        OnlyArg::Suggested => label::Only::Suggested,
    });
    if let Some([a, b]) = args.agreement.as_deref() {
        return agreement(a, b, args);
    }
    let pack = args.pack.clone().unwrap_or_default();
    let mut file = LabelFile::open(&place(&pack, &args.file))?;
    if let Some(to) = &args.export {
        let rows = label::export(&file, only, to)?;
        println!("{}: {rows} labels; write ok under 'decision' and read it back with --apply", to.display());
        return Ok(Exit::Done);
    }
    let by = args.by.clone().filter(|by| !by.trim().is_empty());
    let by = by.ok_or_else(|| CommandError::Said("who is labelling? say it with --by NAME".into()))?;
    if let Some(from) = &args.apply {
        return applied(&mut file, from, &Signature { by, at: Timestamp::now() }, args.json);
    }
    let queue = file.items(only);
    if queue.is_empty() {
        let (all, _) = file.counts();
        println!("{}: nothing to label; {all} labels, all confirmed", file.path().display());
        return Ok(Exit::Done);
    }
    let ended =
        Session::new(&mut file, queue, by, Timestamp::now).run(&mut io::stdin().lock(), &mut io::stdout().lock())?;
    println!("{} decided, {} of the file are still suggested", ended.decided, ended.left);
    if args.json {
        println!("{}", serde_json::to_string(&ended).map_err(unprintable)?);
    }
    Ok(Exit::Done)
}

/// The file of a pack, with or without its ending; a pack may be named by the file itself.
fn place(pack: &Path, name: &str) -> PathBuf {
    if pack.is_file() {
        return pack.to_owned();
    }
    let named = pack.join(name);
    if named.is_file() || name.ends_with(".jsonl") { named } else { pack.join(format!("{name}.jsonl")) }
}

fn applied(file: &mut LabelFile, from: &Path, signature: &Signature, json: bool) -> Result<Exit, CommandError> {
    let applied = label::apply(file, from, signature)?;
    let (all, suggested) = file.counts();
    println!(
        "{} labels decided, {} rows without a decision; {} of {all} labels are confirmed now",
        applied.applied,
        applied.undecided,
        all - suggested
    );
    for failure in &applied.failures {
        println!("  failed: {}, line {}: {}", from.display(), failure.line, failure.reason);
    }
    if json {
        println!("{}", serde_json::to_string(&applied).map_err(unprintable)?);
    }
    Ok(if applied.failures.is_empty() { Exit::Done } else { Exit::SomeFailed })
}

fn agreement(a: &Path, b: &Path, args: &LabelArgs) -> Result<Exit, CommandError> {
    let open = |path: &Path| -> Result<LabelFile, LabelError> {
        LabelFile::open(&if path.is_dir() { place(path, &args.file) } else { path.to_owned() })
    };
    let found = label::agreement(&open(a)?, &open(b)?, Bootstrap { resamples: 2000, seed: args.seed })?;
    print!("{}", compared(&found));
    if args.json {
        println!("{}", serde_json::to_string(&found).map_err(unprintable)?);
    }
    Ok(Exit::Done)
}

fn compared(found: &Agreement) -> String {
    let estimate = |e: ::eval::statistics::Estimate| format!("{:.3} [{:.3}, {:.3}]", e.value, e.low, e.high);
    let mut text = format!("{} turns of {} conversations that both have confirmed\n", found.n, found.conversations);
    text.push_str(&format!("  same action  {}\n", estimate(found.agreed)));
    match found.kappa {
        Some(kappa) => text.push_str(&format!("  kappa        {}\n", estimate(kappa))),
        None => text.push_str("  kappa        cannot be told: both used one action only\n"),
    }
    for one in &found.disagreements {
        text.push_str(&format!("  {}#{}: {} or {}\n", one.id, one.turn, one.first.name(), one.second.name()));
    }
    for (action, row) in Action::ALL.iter().zip(found.confusion) {
        let cells: Vec<String> = row.iter().map(|count| format!("{count:>6}")).collect();
        text.push_str(&format!("  {:<15}{}\n", action.name(), cells.join("")));
    }
    text
}
