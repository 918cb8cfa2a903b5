//! What this crate makes of the data that it is given, for `eval/check/check.py` to compare with other
//! implementations. JSON in, JSON out.

use eval::calibrate::bound::{binomial_cdf, clopper_pearson_upper};
use eval::calibrate::isotonic::{isotonic, platt};
use eval::calibrate::logistic::fit;
use eval::calibrate::quality::{auc, brier};
use eval::line::Line;
use eval::ranking::{Judgement, METRICS, score};
use eval::robustness::pass_power;
use eval::score::{COST, metrics};
use eval::statistics::{
    Bootstrap, Part, calibration_error, cohen_kappa, holm, mcnemar, needed, needed_paired, quantile, quantile_interval,
    weighted_kappa, wilson,
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::error::Error;
use std::io::{Read, stdin};
use std::time::Instant;

#[derive(Deserialize)]
struct Input {
    rankings: Vec<Ranking>,
    /// Label and deed.
    decisions: Vec<(String, String)>,
    /// Probability and whether it came true.
    calibration: Vec<(f64, bool)>,
    rates: Vec<(usize, usize)>,
    discordant: Vec<(usize, usize)>,
    p_values: Vec<f64>,
    values: Vec<f64>,
    clusters: Vec<String>,
    /// The same messages under two systems.
    paired: Vec<(f64, f64)>,
    quantiles: Vec<f64>,
    /// Ratings of two judges, from 0 to 4.
    ratings: Vec<(usize, usize)>,
    /// Right tries, tries, and how many must all be right.
    passes: Vec<(usize, usize, usize)>,
    /// Rate, difference, share of discordant pairs.
    sizes: Vec<(f64, f64, f64)>,
    logistic: Regression,
    /// Scores and labels.
    scored: Vec<(f64, bool)>,
    isotonic: Vec<(f64, f64)>,
    /// Failures, tries, rate or error.
    binomial: Vec<(usize, usize, f64)>,
}

#[derive(Deserialize)]
struct Regression {
    rows: Vec<Vec<f64>>,
    labels: Vec<f64>,
    penalty: f64,
}

#[derive(Deserialize)]
struct Ranking {
    ranked: Vec<engine::DocId>,
    relevant: Vec<Judgement>,
}

fn line(label: &str, did: &str) -> Result<Line, serde_json::Error> {
    serde_json::from_value(json!({
        "id": "", "conversation": "", "turn": 0, "task": "decisions", "text": "", "action": label, "accept": [],
        "scored": true, "did": did, "accepted": label == did, "verdict": "right", "reply": "", "citations": [],
        "facts": {"required": 0, "clean": true, "missing": [], "violated": [], "polar": false, "contradicted": false},
        "sentences": 0, "unsupported": 0, "retrieved": [], "by": {},
    }))
}

#[expect(clippy::print_stdout, reason = "what is asked for")]
fn main() -> Result<(), Box<dyn Error>> {
    let mut text = String::new();
    stdin().read_to_string(&mut text)?;
    let input: Input = serde_json::from_str(&text)?;
    let rankings: Vec<Value> = input
        .rankings
        .iter()
        .map(|one| {
            let scores = score(&one.ranked, &one.relevant).map(|scores| scores.values().to_vec());
            json!(
                scores.map(|values| METRICS.iter().copied().zip(values).collect::<std::collections::BTreeMap<_, _>>())
            )
        })
        .collect();
    let lines: Vec<Line> = input.decisions.iter().map(|(label, did)| line(label, did)).collect::<Result<_, _>>()?;
    let draw = Bootstrap { resamples: 2000, seed: 1 };
    let begun = Instant::now();
    let decisions = metrics(&lines.iter().collect::<Vec<_>>(), draw, COST);
    let scoring_ms = begun.elapsed().as_secs_f64() * 1e3;
    let rows: Vec<&[f64]> = input.logistic.rows.iter().map(Vec::as_slice).collect();
    let logistic = fit(&rows, &input.logistic.labels, input.logistic.penalty)?;
    let (scores, labels): (Vec<f64>, Vec<bool>) = input.scored.iter().copied().unzip();
    let (x, y): (Vec<f64>, Vec<f64>) = input.isotonic.iter().copied().unzip();
    let part = |of: f64| Part { of, all: 1.0 };
    let (a, b): (Vec<Part>, Vec<Part>) = input.paired.iter().map(|(a, b)| (part(*a), part(*b))).unzip();
    let mut sorted = input.values.clone();
    sorted.sort_by(f64::total_cmp);
    println!(
        "{}",
        json!({
            "rankings": rankings,
            "decisions": decisions,
            "scoring_ms": scoring_ms,
            "calibration_error": calibration_error(&input.calibration),
            "wilson": input.rates.iter().map(|(k, n)| wilson(*k, *n)).collect::<Vec<_>>(),
            "mcnemar": input.discordant.iter().map(|(b, c)| mcnemar(*b, *c)).collect::<Vec<_>>(),
            "holm": holm(&input.p_values),
            "mean": draw.mean(&input.values, None),
            "mean_clustered": draw.mean(&input.values, Some(&input.clusters)),
            "permutation": draw.permutation(&a, &b, None),
            "kappa": cohen_kappa(&input.ratings, 5),
            "weighted_kappa": weighted_kappa(&input.ratings, 5),
            "passes": input.passes.iter().map(|(right, n, k)| pass_power(*right, *n, *k)).collect::<Vec<_>>(),
            "sizes": input.sizes.iter().map(|(p, d, share)| (needed(*p, p + d), needed_paired(*share, *d))).collect::<Vec<_>>(),
            "quantile_intervals": input.quantiles.iter().map(|q| quantile_interval(&sorted, *q)).collect::<Vec<_>>(),
            "logistic": {"weights": logistic.weights, "bias": logistic.bias},
            "platt": platt(&scores, &labels),
            "isotonic": isotonic(&x, &y),
            "brier": brier(&input.calibration),
            "auc": auc(&input.calibration),
            "binomial_cdf": input.binomial.iter().map(|(k, n, p)| binomial_cdf(*k, *n, *p)).collect::<Vec<_>>(),
            "clopper_pearson":
                input.binomial.iter().map(|(k, n, e)| clopper_pearson_upper(*k, *n, *e)).collect::<Vec<_>>(),
            "quantiles": input.quantiles.iter().map(|q| quantile(&sorted, *q)).collect::<Vec<_>>(),
        })
    );
    Ok(())
}
