//! `eval compare`, `eval gate` and `eval report`: what is made of folders of results. No model is asked.

use super::unprintable;
use crate::commands::{CommandError, Exit};
use ::eval::compare::Told;
use ::eval::page::{self, Beside};
use ::eval::results::{self, ResultsError, write_whole};
use ::eval::robustness::Robustness;
use ::eval::statistics::Bootstrap;
use ::eval::{Report, compare as comparing, gate as gates, judge};
use clap::Args;
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub struct CompareArgs {
    /// The results that are compared with.
    #[arg(value_name = "A")]
    a: PathBuf,
    /// The results that may be better.
    #[arg(value_name = "B")]
    b: PathBuf,
    /// Print one JSON object as the last line.
    #[arg(long)]
    json: bool,
    /// Write the tables as Markdown, for a pull request.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Of bootstrap and permutations.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Debug, Args)]
pub struct GateArgs {
    /// The folder of the results that are judged.
    #[arg(value_name = "RESULTS")]
    results: PathBuf,
    /// A `summary.json` of a run that was good, less what shall not be gated.
    #[arg(long, value_name = "FILE")]
    baseline: PathBuf,
    /// How far beyond the baseline's interval a value may lie.
    #[arg(long, value_name = "X", default_value_t = 0.0)]
    tolerance: f64,
    /// Print one JSON object as the last line.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub struct ReportArgs {
    /// A folder that --out has written.
    #[arg(value_name = "RESULTS")]
    results: PathBuf,
    /// One self-contained page.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Tables as Markdown.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Tables as CSV.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Put the table of the main numbers into a page, between its lines `<!-- eval:begin -->` and
    /// `<!-- eval:end -->`.
    #[arg(long, value_name = "FILE")]
    into: Option<PathBuf>,
    /// Print one JSON object as the last line.
    #[arg(long)]
    json: bool,
}

pub fn compare(args: &CompareArgs) -> Result<Exit, CommandError> {
    let comparison = comparing::compare(&args.a, &args.b, Bootstrap { resamples: 2000, seed: args.seed })?;
    let text = comparison.markdown();
    println!("{text}");
    let count = |told| comparison.rows.iter().filter(|row| row.told == told).count();
    println!(
        "{} better, {} worse, {} cannot be told (5 %, Holm-corrected over {} metrics)",
        count(Told::Better),
        count(Told::Worse),
        count(Told::CannotBeTold),
        comparison.rows.len()
    );
    if let Some(file) = &args.markdown {
        write_whole(file, &text)?;
    }
    if args.json {
        println!("{}", serde_json::to_string(&comparison).map_err(unprintable)?);
    }
    Ok(Exit::Done)
}

pub fn gate(args: &GateArgs) -> Result<Exit, CommandError> {
    let (baseline, mut now) = (read_report(&args.baseline)?, summaries(&args.results)?);
    // What a judge said gates only where its agreement with people is known.
    now.runs.extend(judge::read_book(&args.results)?.gateable(&baseline).map_err(CommandError::Said)?);
    let checked = gates::gate(&baseline, &now, args.tolerance);
    if checked.is_empty() {
        let problem = "holds no metric that could be gated";
        return Err(CommandError::Said(format!("{}: {problem}", args.baseline.display())));
    }
    print!("{}", gates::table(&checked));
    let failed = checked.iter().filter(|one| !one.passed).count();
    println!("{failed} of {} failed", checked.len());
    if args.json {
        println!("{}", json!({ "passed": failed == 0, "checked": checked }));
    }
    Ok(if failed == 0 { Exit::Done } else { Exit::NotGood })
}

pub fn report(args: &ReportArgs) -> Result<Exit, CommandError> {
    let summary = summaries(&args.results)?;
    let files = match results::read(&args.results) {
        Err(ResultsError::Empty { .. }) if !summary.runs.is_empty() => Vec::new(),
        files => files?,
    };
    let beside = Beside { robustness: robustness(&args.results)?, judged: judge::read_book(&args.results)? };
    let markdown = || {
        let mut text = summary.markdown();
        if !beside.robustness.changed.is_empty() {
            text.push_str(&format!("\n{}", beside.robustness.markdown()));
        }
        for judged in &beside.judged.judged {
            let scores = Report { runs: judged.runs.clone() };
            text.push_str(&format!("\nJudged by {}: {}\n\n{}", judged.model, judged.trust(), scores.markdown()));
        }
        text
    };
    type Make<'a> = &'a dyn Fn() -> String;
    let outputs: [(&Option<PathBuf>, Make<'_>); 3] = [
        (&args.html, &|| page::html(&summary, &files, &beside)),
        (&args.markdown, &markdown),
        (&args.csv, &|| summary.csv()),
    ];
    for (file, make) in outputs {
        if let Some(file) = file {
            write_whole(file, &make())?;
            println!("{}", file.display());
        }
    }
    if let Some(file) = &args.into {
        let text = fs::read_to_string(file).map_err(CommandError::io(format!("{} cannot be read", file.display())))?;
        let new = between_marks(&text, &summary.headlines()).ok_or_else(|| {
            CommandError::Said(format!("{}: has no lines {BEGIN} and {END} in this order", file.display()))
        })?;
        write_whole(file, &new)?;
        println!("{}", file.display());
    }
    if args.html.is_none() && args.markdown.is_none() && args.csv.is_none() && args.into.is_none() {
        print!("{}", markdown());
    }
    if args.json {
        println!("{}", serde_json::to_string(&summary).map_err(unprintable)?);
    }
    Ok(Exit::Done)
}

/// What `eval robustness` has left in a folder; empty where it has not run.
fn robustness(dir: &Path) -> Result<Robustness, CommandError> {
    let path = dir.join("robustness.json");
    if !path.is_file() {
        return Ok(Robustness::default());
    }
    let text = fs::read_to_string(&path).map_err(CommandError::io(format!("{} cannot be read", path.display())))?;
    let wrong =
        |error| CommandError::Said(format!("{}: {error}; run `shopclerk eval robustness` again", path.display()));
    serde_json::from_str(&text).map_err(wrong)
}

const BEGIN: &str = "<!-- eval:begin -->";
const END: &str = "<!-- eval:end -->";

/// The text with something else between the two marks.
fn between_marks(text: &str, table: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{table}\n{END}{after}"))
}

/// Rankings and answers of one folder.
fn summaries(dir: &Path) -> Result<Report, CommandError> {
    let mut report = Report::default();
    for name in ["rankings.json", "summary.json"] {
        let path = dir.join(name);
        if path.is_file() {
            report.runs.extend(read_report(&path)?.runs);
        }
    }
    if report.runs.is_empty() {
        return Err(ResultsError::Empty { path: dir.to_owned() }.into());
    }
    Ok(report)
}

fn read_report(path: &Path) -> Result<Report, CommandError> {
    let text = fs::read_to_string(path).map_err(CommandError::io(format!("{} cannot be read", path.display())))?;
    serde_json::from_str(&text).map_err(|error| {
        CommandError::Said(format!("{}: {error}; it should be a summary.json that --out has written", path.display()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_between_the_marks_is_put_anew() {
        let page = format!("before\n{BEGIN}\nold\n{END}\nafter\n");
        let new = between_marks(&page, "| new |\n").unwrap();
        assert_eq!(new, format!("before\n{BEGIN}\n\n| new |\n\n{END}\nafter\n"));
        assert_eq!(between_marks(&new, "| new |\n").unwrap(), new, "twice is the same as once");
        assert_eq!(between_marks("no marks", ""), None);
    }
}
