//! What can be said to `shopclerk eval calibrate`.

use crate::commands::CommandError;
use crate::commands::eval::args::Answering;
use ::eval::calibrate::CalibrationKind;
use clap::{Args, ValueEnum};
use engine::StoreId;
use engine::decide::{BoundMethod, Costs, Stage};
use jiff::civil::Date;
use std::path::PathBuf;

/// Asks labelled questions with nothing held back, fits the probability that an answer is right, and looks for the
/// threshold that costs least among those that keep the bound. Half of the clusters are held out: nothing is learned
/// from them, and the bound is proved on them.
#[derive(Debug, Args)]
pub struct CalibrateArgs {
    /// A folder with documents and labelled messages. May be repeated.
    #[arg(long, value_name = "DIR", required_unless_present_any = ["questions", "matcher"])]
    pub pack: Vec<PathBuf>,
    /// Only this file of the packs.
    #[arg(long, value_name = "NAME")]
    pub file: Vec<String>,
    /// The synced store that --questions, or packs without documents, are asked over.
    #[arg(long, value_name = "STORE", conflicts_with = "over")]
    pub store: Option<StoreId>,
    /// A file of labelled messages, asked over --store.
    #[arg(long, value_name = "FILE", requires = "store", conflicts_with = "pack")]
    pub questions: Option<PathBuf>,
    /// Packs without documents are asked over the documents of this pack.
    #[arg(long, value_name = "DIR")]
    pub over: Option<PathBuf>,
    /// Fit a matcher of questions instead: JSON lines with question, answer_question and same (true or false).
    #[arg(long, value_name = "PAIRS", conflicts_with_all = ["pack", "questions"])]
    pub matcher: Option<PathBuf>,
    /// The file for the engine; the setting engine.risk names it.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// What mistakes cost: a wrong answer, a handoff that was not needed, an answer where a person had to decide.
    #[arg(long, value_name = "COSTS", default_value = "wrong=5,needless=1,missed=5", value_parser = costs)]
    pub costs: Costs,
    /// How many answers may be wrong at most: of the answers (binomial), of all questions (crc).
    #[arg(long, value_name = "SHARE", default_value_t = 0.02, value_parser = share)]
    pub max_wrong: f64,
    /// How sure the binomial bound must be.
    #[arg(long, value_name = "SHARE", default_value_t = 0.95, value_parser = share)]
    pub confidence: f64,
    #[arg(long, value_enum, default_value = "binomial")]
    pub bound: BoundArg,
    /// Write a file although no threshold keeps the bound; it says that it has none.
    #[arg(long)]
    pub without_bound: bool,
    /// Folds of the cross-fitting.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(2..=100))]
    pub folds: u16,
    /// Share of the clusters that nothing is learned from.
    #[arg(long, value_name = "SHARE", default_value_t = 0.5, value_parser = share)]
    pub held_out: f64,
    /// How the scores become probabilities.
    #[arg(long, value_enum, default_value = "platt")]
    pub calibration: CalibrationArg,
    /// Look at the evidence only, which stops hopeless questions before a generator is asked and streams the rest; or at
    /// the finished draft too, which holds every sentence back until then.
    #[arg(long, value_enum, default_value = "evidence")]
    pub signals: SignalsArg,
    /// An answer that lacks a required fact, and says nothing forbidden, counts as right.
    #[arg(long)]
    pub tolerate_incomplete: bool,
    /// A folder for what was said; a run that was cut off goes on here.
    #[arg(long, value_name = "DIR")]
    pub results: Option<PathBuf>,
    /// The day that the file names as its own.
    #[arg(long, value_name = "DATE")]
    pub date: Option<Date>,
    /// One self-contained page with the plots.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Print one JSON object as the last line.
    #[arg(long)]
    pub json: bool,
    /// At most so many questions or conversations of each file, chosen by the seed.
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// Of every draw.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    #[command(flatten)]
    pub answering: Answering,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BoundArg {
    /// So sure that of the answers at most so many are wrong (exact binomial tests in a fixed sequence).
    Binomial,
    /// On average at most so many of all questions are answered wrongly (conformal risk control).
    Crc,
}

impl From<BoundArg> for BoundMethod {
    fn from(bound: BoundArg) -> Self {
        match bound {
            BoundArg::Binomial => Self::Binomial,
            BoundArg::Crc => Self::Crc,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CalibrationArg {
    None,
    /// Two parameters.
    Platt,
    /// Any rising curve; needs a thousand answers.
    Isotonic,
}

impl From<CalibrationArg> for CalibrationKind {
    fn from(kind: CalibrationArg) -> Self {
        match kind {
            CalibrationArg::None => Self::None,
            CalibrationArg::Platt => Self::Platt,
            CalibrationArg::Isotonic => Self::Isotonic,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SignalsArg {
    Evidence,
    Draft,
}

impl From<SignalsArg> for Stage {
    fn from(signals: SignalsArg) -> Self {
        match signals {
            SignalsArg::Evidence => Self::Evidence,
            SignalsArg::Draft => Self::Draft,
        }
    }
}

/// Strictly between 0 and 1.
fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if share > 0.0 && share < 1.0 => Ok(share),
        Ok(_) | Err(_) => Err("say a share between 0 and 1, such as 0.02".into()),
    }
}

/// `wrong=5,needless=1,missed=5`; what is not named keeps these values.
fn costs(text: &str) -> Result<Costs, String> {
    let mut costs = Costs { wrong: 5.0, needless: 1.0, missed: 5.0 };
    for part in text.split(',') {
        let (name, value) = part.split_once('=').ok_or_else(|| format!("'{part}' is not NAME=NUMBER"))?;
        let value = value.trim().parse().ok().filter(|value: &f64| value.is_finite() && *value >= 0.0);
        let value = value.ok_or_else(|| format!("'{part}' names no cost of 0 or more"))?;
        match name.trim() {
            "wrong" => costs.wrong = value,
            "needless" => costs.needless = value,
            "missed" => costs.missed = value,
            other => return Err(format!("'{other}' is no cost: say wrong, needless or missed")),
        }
    }
    Ok(costs)
}

impl CalibrateArgs {
    /// What the types cannot say.
    pub fn check(&self) -> Result<(), CommandError> {
        if self.html.as_ref() == Some(&self.out) {
            return Err(CommandError::Said("--html and --out name the same file: name two".into()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_named() {
        assert_eq!(costs("needless=2, wrong=10").unwrap(), Costs { wrong: 10.0, needless: 2.0, missed: 5.0 });
        for (text, expected) in [
            ("5", "'5' is not NAME=NUMBER"),
            ("wrong=-1", "no cost of 0 or more"),
            ("wrong=NaN", "no cost of 0 or more"),
            ("handoff=1", "'handoff' is no cost"),
        ] {
            let found = costs(text).unwrap_err();
            assert!(found.contains(expected), "{found}");
        }
        assert!(share("0").is_err() && share("2 %").is_err() && share("0.02") == Ok(0.02));
    }
}
