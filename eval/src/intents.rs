//! How good an intent head is on utterances that it was fitted without: accuracy, what it takes one label for, and
//! whether its probabilities mean what they say.

mod html;
mod measured;

pub use html::page;
pub use measured::{IntentsError, of_file};

use crate::statistics::{Bootstrap, Estimate, calibration_error, wilson};
use engine::understand::fit::OutOfFold;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Confusions and utterances that a table shows.
const SHOWN: usize = 12;

/// The cross-validated report of one set of labels.
#[derive(Clone, Debug, Serialize)]
pub struct Validated {
    pub n: usize,
    pub folds: usize,
    pub temperature: f32,
    /// Share whose likeliest label is right.
    pub intent_accuracy: Estimate,
    /// Mean of the labels' F1, each counting the same.
    pub macro_f1: f64,
    pub calibration_error: Option<Estimate>,
    pub labels: Vec<OfLabel>,
    /// The label, what it was taken for, how often; the most frequent first.
    pub confused: Vec<(String, String, usize)>,
    /// What abstaining below a probability does.
    pub abstaining: Vec<Abstaining>,
    /// Surest and wrong: labels to look at first.
    pub worst: Vec<Wrong>,
    #[serde(skip)]
    observations: Vec<(f64, bool)>,
}

#[derive(Clone, Debug, Serialize)]
pub struct OfLabel {
    pub label: String,
    pub n: usize,
    pub precision: f64,
    pub recall: f64,
    pub f1: f64,
}

#[derive(Clone, Debug, Serialize)]
pub struct Abstaining {
    pub below: f64,
    /// Share of all that still gets a label.
    pub kept: f64,
    /// Accuracy on these.
    pub accuracy: Option<f64>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Wrong {
    pub text: String,
    pub label: String,
    pub guess: String,
    pub probability: f32,
}

impl Validated {
    /// `texts` in the order of the guesses.
    pub fn new(guesses: &[OutOfFold], texts: &[String], folds: usize, temperature: f32, seed: u64) -> Self {
        let right = guesses.iter().filter(|g| g.label == g.guess).count();
        let observations: Vec<(f64, bool)> =
            guesses.iter().map(|g| (f64::from(g.probability), g.label == g.guess)).collect();
        let labels = of_labels(guesses);
        let mut confused: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for guess in guesses.iter().filter(|g| g.label != g.guess) {
            *confused.entry((&guess.label, &guess.guess)).or_default() += 1;
        }
        let mut confused: Vec<(String, String, usize)> =
            confused.into_iter().map(|((a, b), n)| (a.to_owned(), b.to_owned(), n)).collect();
        confused.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| a.cmp(b)));
        let mut worst: Vec<Wrong> = guesses
            .iter()
            .zip(texts)
            .filter(|(g, _)| g.label != g.guess)
            .map(|(g, text)| Wrong {
                text: text.clone(),
                label: g.label.clone(),
                guess: g.guess.clone(),
                probability: g.probability,
            })
            .collect();
        worst.sort_by(|a, b| b.probability.total_cmp(&a.probability).then_with(|| a.text.cmp(&b.text)));
        let bootstrap = Bootstrap { resamples: 2000, seed };
        Self {
            n: guesses.len(),
            folds,
            temperature,
            intent_accuracy: wilson(right, guesses.len()).unwrap_or(Estimate { value: 0.0, low: 0.0, high: 1.0 }),
            macro_f1: labels.iter().map(|l| l.f1).sum::<f64>() / labels.len().max(1) as f64,
            calibration_error: bootstrap.statistic(&observations, None, calibration_error),
            labels,
            confused,
            abstaining: [0.3, 0.5, 0.7, 0.8, 0.9].map(|below| abstaining(&observations, below)).to_vec(),
            worst,
            observations,
        }
    }

    /// For a terminal.
    pub fn table(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(
            text,
            "{} utterances, {} labels, {} folds\naccuracy {:.3} [{:.3}, {:.3}]   macro F1 {:.3}   calibration error {}   temperature {:.2}\n",
            self.n,
            self.labels.len(),
            self.folds,
            self.intent_accuracy.value,
            self.intent_accuracy.low,
            self.intent_accuracy.high,
            self.macro_f1,
            self.calibration_error.map_or("–".to_owned(), |e| format!("{:.3}", e.value)),
            self.temperature
        );
        let _ = writeln!(text, "{:<24} {:>5} {:>9} {:>7} {:>6}", "label", "n", "precision", "recall", "F1");
        for l in &self.labels {
            let _ = writeln!(text, "{:<24} {:>5} {:>9.3} {:>7.3} {:>6.3}", l.label, l.n, l.precision, l.recall, l.f1);
        }
        let _ = writeln!(text, "\nmost often taken for another");
        for (label, guess, n) in self.confused.iter().take(SHOWN) {
            let _ = writeln!(text, "{n:>5}  {label} → {guess}");
        }
        let _ = writeln!(text, "\nabstaining below   kept   accuracy on these");
        for a in &self.abstaining {
            let accuracy = a.accuracy.map_or("–".to_owned(), |accuracy| format!("{accuracy:.3}"));
            let _ = writeln!(text, "{:>16.1} {:>6.3} {accuracy:>10}", a.below, a.kept);
        }
        text
    }

    /// The most confused labels and how often each was taken for each: rows are what they are.
    pub fn matrix(&self) -> (Vec<String>, Vec<Vec<usize>>) {
        let names: Vec<String> = self.labels.iter().map(|l| l.label.clone()).collect();
        let at = |name: &str| names.iter().position(|n| n == name);
        let mut matrix = vec![vec![0; names.len()]; names.len()];
        for (i, label) in self.labels.iter().enumerate() {
            matrix[i][i] = (label.recall * label.n as f64).round() as usize;
        }
        for (label, guess, n) in &self.confused {
            if let (Some(row), Some(column)) = (at(label), at(guess)) {
                matrix[row][column] = *n;
            }
        }
        (names, matrix)
    }
}

fn of_labels(guesses: &[OutOfFold]) -> Vec<OfLabel> {
    let mut counts: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for guess in guesses {
        counts.entry(&guess.label).or_default()[0] += 1;
        counts.entry(&guess.guess).or_default()[1] += 1;
        if guess.label == guess.guess {
            counts.entry(&guess.label).or_default()[2] += 1;
        }
    }
    let share = |of: usize, all: usize| if all == 0 { 0.0 } else { of as f64 / all as f64 };
    counts
        .into_iter()
        .map(|(label, [n, guessed, right])| OfLabel {
            label: label.to_owned(),
            n,
            precision: share(right, guessed),
            recall: share(right, n),
            f1: share(2 * right, n + guessed),
        })
        .collect()
}

fn abstaining(observations: &[(f64, bool)], below: f64) -> Abstaining {
    let kept: Vec<bool> = observations.iter().filter(|(p, _)| *p >= below).map(|(_, right)| *right).collect();
    let right = kept.iter().filter(|right| **right).count();
    Abstaining {
        below,
        kept: kept.len() as f64 / observations.len().max(1) as f64,
        accuracy: (!kept.is_empty()).then(|| right as f64 / kept.len() as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_for_what_is_counted() {
        let guess = |label: &str, guess: &str, probability: f32| OutOfFold {
            label: label.into(),
            guess: guess.into(),
            probability,
        };
        let guesses = [guess("a", "a", 0.9), guess("a", "b", 0.8), guess("b", "b", 0.4), guess("b", "b", 0.95)];
        let texts = ["1", "2", "3", "4"].map(str::to_owned);
        let report = Validated::new(&guesses, &texts, 2, 1.0, 1);
        assert_eq!(report.intent_accuracy.value, 0.75);
        assert_eq!(report.confused, [("a".to_owned(), "b".to_owned(), 1)]);
        assert_eq!(report.worst[0].text, "2");
        let (a, b) = (&report.labels[0], &report.labels[1]);
        assert_eq!((a.precision, a.recall), (1.0, 0.5));
        assert!((b.precision - 2.0 / 3.0).abs() < 1e-12 && b.recall == 1.0);
        assert_eq!(report.matrix().1, [[1, 1], [0, 2]]);
        assert_eq!(report.abstaining[1].kept, 0.75);
        assert!(report.table().contains("a → b"));
        assert!(page(&report).contains("</svg>"));
    }
}
