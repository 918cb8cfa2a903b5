//! Fits the weights by which the engine tells whether an approved answer answers a question.
//!
//! Logistic regression with a ridge, by Newton's method; the numbers that are told are of shops that the weights had
//! not seen (one shop left out at a time). The bound is the lowest probability from which on at most
//! [`WRONG`] of those pairs are wrong. The labelled questions are our own and ship with the program (`pairs.jsonl`).

mod fit;
mod pairs;

pub use fit::{Weights, fit};
pub use pairs::{Answered, PairsError, SHIPPED, parse};

use crate::statistics::calibration_error;
use engine::approved::matching::{Asks, FEATURES, Fitted, Likeness, MatchModel, Near, VERSION, barred, likeness};
use engine::ports::{Embedder, ModelError};
use std::collections::BTreeSet;

/// Of what is used, this share may be wrong.
pub const WRONG: f64 = 0.02;
/// Below this bound an answer is as likely wrong as right, whatever was seen.
const LEAST: f64 = 0.5;
/// With fewer pairs above it, a bound rests on nothing.
const ENOUGH: usize = 20;

/// A question before the answer that is nearest to it, or its own.
#[derive(Clone, Debug)]
pub struct Pair {
    pub shop: String,
    pub question: String,
    pub answer: String,
    pub likeness: Likeness,
    /// Whether the answer answers it.
    pub same: bool,
}

/// What came of a fit.
#[derive(Clone, Debug)]
pub struct Calibrated {
    pub model: MatchModel,
    /// Each pair with the probability that weights which had not seen its shop gave it.
    pub judged: Vec<(Pair, f64)>,
    /// Pairs that the engine refuses without weighing them (another country, an order number); all of them negative.
    pub barred: usize,
}

#[derive(Debug, thiserror::Error)]
pub enum MatcherError {
    #[error("the questions cannot be embedded")]
    Model(#[from] ModelError),
    #[error("the weights need pairs of at least 3 shops, of both kinds; there are {pairs} of {shops}")]
    TooFew { pairs: usize, shops: usize },
    #[error(
        "no bound leaves at most {} in 100 of the used answers wrong with {ENOUGH} pairs above it; label more questions",
        WRONG * 100.0
    )]
    NoBound,
}

/// Every question of the labelled ones before its own answer, and those that are answered also before the nearest other
/// answer of the same shop: likenesses as the engine computes them.
pub async fn pairs(answers: &[Answered], embedder: &dyn Embedder) -> Result<(Vec<Pair>, usize), MatcherError> {
    // As the engine does it: questions as questions, what was approved as passages.
    let mut vectors = std::collections::HashMap::new();
    let variants: BTreeSet<&String> = answers.iter().flat_map(|a| a.variants.iter().chain([&a.text])).collect();
    let variants: Vec<String> = variants.into_iter().cloned().collect();
    for batch in variants.chunks(64) {
        for (text, vector) in batch.iter().zip(embedder.embed_passages(batch).await?) {
            vectors.insert(text.clone(), vector.values);
        }
    }
    let mut asked = std::collections::HashMap::new();
    for question in answers.iter().flat_map(|a| a.ask.iter().chain(&a.near)) {
        asked.insert(question.as_str(), embedder.embed_query(question).await?.values);
    }
    let similar = |a: &str, b: &str| -> f32 { asked[a].iter().zip(&vectors[b]).map(|(x, y)| x * y).sum() };
    let nearest = |question: &str, answer: &Answered| {
        let scored = answer.variants.iter().map(|v| (similar(question, v), v.clone()));
        scored.max_by(|a, b| a.0.total_cmp(&b.0)).expect("the parser refuses an answer without a question")
    };
    let (mut pairs, mut refused) = (Vec::new(), 0);
    for own in answers {
        let others: Vec<&Answered> = answers.iter().filter(|a| a.shop == own.shop && a.answer != own.answer).collect();
        let labelled = own.ask.iter().map(|q| (q, true)).chain(own.near.iter().map(|q| (q, false)));
        for (question, answered) in labelled {
            let tops: Vec<(f32, &Answered)> = others.iter().map(|other| (nearest(question, other).0, *other)).collect();
            let rival = tops.iter().max_by(|a, b| a.0.total_cmp(&b.0));
            let mine = nearest(question, own).0;
            let mut add = |answer: &Answered, best_other: Option<f32>, same: bool| {
                let (cosine, variant) = nearest(question, answer);
                let (asks, read) = (Asks::read(question, None), Asks::read(&variant, None));
                if barred(&asks, &read, &variant, &answer.text) {
                    refused += 1;
                    return;
                }
                let near = Near { variant: cosine, answer: similar(question, &answer.text), other: best_other };
                let likeness = likeness(&asks, &read, &answer.text, near);
                let (shop, question, answer) = (own.shop.clone(), question.clone(), answer.answer.clone());
                pairs.push(Pair { shop, question, answer, likeness, same });
            };
            add(own, rival.map(|(cosine, _)| *cosine), answered);
            if let (true, Some((_, rival))) = (answered, rival) {
                let rest = tops.iter().filter(|(_, other)| other.answer != rival.answer).map(|(cosine, _)| *cosine);
                add(rival, Some(rest.fold(mine, f32::max)), false);
            }
        }
    }
    Ok((pairs, refused))
}

/// Weights of all pairs, and how well such weights do on a shop that they have not seen.
pub async fn calibrate(answers: &[Answered], embedder: &dyn Embedder) -> Result<Calibrated, MatcherError> {
    let (pairs, barred) = pairs(answers, embedder).await?;
    let shops: BTreeSet<&str> = pairs.iter().map(|p| p.shop.as_str()).collect();
    let both = pairs.iter().any(|p| p.same) && pairs.iter().any(|p| !p.same);
    if shops.len() < 3 || !both {
        return Err(MatcherError::TooFew { pairs: pairs.len(), shops: shops.len() });
    }
    let rows = |of: &dyn Fn(&Pair) -> bool| -> Vec<([f64; FEATURES], bool)> {
        let row = |p: &Pair| (p.likeness.values().map(f64::from), p.same);
        pairs.iter().filter(|p| of(p)).map(row).collect()
    };
    let unseen: Vec<(&str, Weights)> = shops.iter().map(|shop| (*shop, fit(&rows(&|p| p.shop != *shop)))).collect();
    let probability = |p: &Pair| {
        let weights = unseen.iter().find(|(shop, _)| *shop == p.shop).map(|(_, weights)| weights);
        weights.expect("each shop was left out once").probability(&p.likeness.values().map(f64::from))
    };
    let judged: Vec<(f64, bool)> = pairs.iter().map(|p| (probability(p), p.same)).collect();
    let bound = bound(&judged).ok_or(MatcherError::NoBound)?;
    let used: Vec<bool> = judged.iter().filter(|(p, _)| *p >= bound).map(|(_, same)| *same).collect();
    let right = used.iter().filter(|same| **same).count() as f64;
    let fitted = Fitted {
        pairs: pairs.len(),
        shops: shops.len(),
        calibration_error: calibration_error(&judged) as f32,
        auc: auc(&judged) as f32,
        precision: (right / used.len() as f64) as f32,
        recall: (right / judged.iter().filter(|(_, same)| *same).count() as f64) as f32,
    };
    let all = fit(&rows(&|_| true));
    let model = MatchModel {
        version: VERSION,
        embedder: embedder.model().clone(),
        intercept: all.intercept as f32,
        weights: Likeness::from_values(all.weights.map(|w| w as f32)),
        bound: bound as f32,
        fitted,
    };
    let judged = pairs.into_iter().zip(judged).map(|(pair, (probability, _))| (pair, probability)).collect();
    Ok(Calibrated { model, judged, barred })
}

/// The lowest hundredth above which at most [`WRONG`] is wrong.
fn bound(judged: &[(f64, bool)]) -> Option<f64> {
    let good = |bound: f64| {
        let used = judged.iter().filter(|(p, _)| *p >= bound);
        let (n, wrong) = used.fold((0, 0), |(n, wrong), (_, same)| (n + 1, wrong + usize::from(!same)));
        (n, wrong as f64 <= WRONG * n as f64)
    };
    let steps = (0..50).map(|step| LEAST + f64::from(step) / 100.0);
    let mut lowest = None;
    for step in steps.rev() {
        let (n, is_good) = good(step);
        if n >= ENOUGH && is_good {
            lowest = Some(step);
        }
    }
    lowest
}

/// The probability that a right pair is placed above a wrong one; equals count half (Mann and Whitney 1947).
pub fn auc(judged: &[(f64, bool)]) -> f64 {
    let (mut above, mut all) = (0.0, 0.0);
    for (right, _) in judged.iter().filter(|(_, same)| *same) {
        for (wrong, _) in judged.iter().filter(|(_, same)| !same) {
            all += 1.0;
            above += if right > wrong {
                1.0
            } else if right == wrong {
                0.5
            } else {
                0.0
            };
        }
    }
    if all > 0.0 { above / all } else { 0.5 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::fakes::BagEmbedder;

    #[test]
    fn the_area_is_the_share_of_pairs_in_order() {
        assert_eq!(auc(&[(0.9, true), (0.1, false)]), 1.0);
        assert_eq!(auc(&[(0.1, true), (0.9, false)]), 0.0);
        assert_eq!(auc(&[(0.5, true), (0.5, false)]), 0.5);
        assert_eq!(auc(&[(0.9, true), (0.4, true), (0.6, false), (0.2, false)]), 0.75);
    }

    #[test]
    fn the_bound_leaves_few_wrong() {
        let mut judged: Vec<(f64, bool)> = (0..100).map(|i| (0.7 + f64::from(i) / 400.0, true)).collect();
        judged.extend([(0.65, false), (0.62, false), (0.61, false)]);
        assert_eq!(bound(&judged), Some(0.62), "two of 102 are few enough, three of 103 are not");
        let coin: Vec<(f64, bool)> = (0..100).map(|i| (0.9, i % 2 == 0)).collect();
        assert_eq!(bound(&coin), None);
        assert_eq!(bound(&judged[..10]), None, "ten pairs are no ground for a bound");
    }

    #[tokio::test]
    async fn our_own_pairs_can_be_fitted_and_twice_gives_the_same() {
        let answers = parse(SHIPPED, "pairs.jsonl").unwrap();
        let embedder = BagEmbedder::new("bag", 512);
        let (one, barred) = pairs(&answers, &embedder).await.unwrap();
        assert!(one.len() > 300 && barred > 3, "{} pairs, {barred} barred", one.len());
        let share = one.iter().filter(|p| p.same).count() as f64 / one.len() as f64;
        assert!(share > 0.2 && share < 0.5, "{share}");
        let rows: Vec<([f64; FEATURES], bool)> =
            one.iter().map(|p| (p.likeness.values().map(f64::from), p.same)).collect();
        let (first, second) = (fit(&rows), fit(&rows));
        assert_eq!((first.intercept, first.weights), (second.intercept, second.weights));
        let judged: Vec<(f64, bool)> = rows.iter().map(|(x, same)| (first.probability(x), *same)).collect();
        assert!(auc(&judged) > 0.8, "a bag of words tells much: {}", auc(&judged));
        assert!(calibration_error(&judged) < 0.08, "what it was fitted on is calibrated");
    }
}
