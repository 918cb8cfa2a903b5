//! Fits the weights by which the engine tells whether a drafted sentence says what its passage says.
//!
//! Logistic regression with a ridge whose strength is chosen out of fold. Everything that is told of the fit is of shops
//! that the weights had not seen (one shop left out at a time, and with it all sentences about its passages); so are the
//! words by which rarity is told. The labelled sentences are our own and ship with the program.

mod pairs;

pub use pairs::{Flaw, Labelled, PairsError, SHIPPED, Unsupported, parse};

use crate::calibrate::crossfit::{Fit, PENALTIES};
use crate::calibrate::logistic::{FitError, log_loss, probability};
use crate::calibrate::{Example, quality::auc};
use crate::statistics::calibration_error;
use engine::check::score::{Fitted, SupportModel, VERSION};
use engine::check::signs::{Compared, Rarity, SIGNS, Signs, compare};
use engine::check::{Checker, DraftSentence};
use engine::evidence::{DocId, Evidence, Passage, PassageId, Scores, SourceKind};
use engine::ports::{Embedder, ModelError};
use engine::select::{Question, Unit, units_of};
use engine::{StoreId, StorePass};
use std::collections::BTreeSet;

/// Of what a passage says, at most this share may be lost to the bound. A lost sentence costs little, as the passage's own
/// words are said instead; one that claims too much costs a customer.
pub const LOST: f64 = 0.25;

/// A sentence before its passage.
#[derive(Clone, Debug)]
pub struct Pair {
    pub shop: String,
    pub passage: String,
    pub sentence: String,
    /// What is wrong with it; nothing where the passage says it.
    pub flaw: Option<Flaw>,
    /// Whether the typed check lets it through.
    pub passes: bool,
    /// That the passage says it, by weights that have not seen its shop.
    pub probability: f64,
}

impl Pair {
    pub fn is_supported(&self) -> bool {
        self.flaw.is_none()
    }
}

/// What came of a fit.
#[derive(Clone, Debug)]
pub struct Calibrated {
    pub model: SupportModel,
    pub pairs: Vec<Pair>,
    /// Of the ridge.
    pub penalty: f64,
}

#[derive(Debug, thiserror::Error)]
pub enum SupportError {
    #[error("the sentences cannot be embedded")]
    Model(#[from] ModelError),
    #[error("the weights need sentences of both kinds about at least 3 shops; there are {sentences} of {shops}")]
    TooFew { sentences: usize, shops: usize },
    #[error("the weights cannot be fitted")]
    Fit(#[from] FitError),
}

/// A passage and its sentences, compared as the engine does it.
struct Read {
    labelled: Labelled,
    passage: Passage,
    /// One for each sentence, the supported ones first.
    compared: Vec<Option<Compared>>,
}

impl Read {
    async fn new(labelled: &Labelled, embedder: &dyn Embedder) -> Result<Self, ModelError> {
        let passage = passage_of(labelled);
        let units = units_of(std::slice::from_ref(&passage));
        let texts: Vec<String> =
            units.iter().map(Unit::with_context).chain(labelled.sentences().map(|(text, _)| text.to_owned())).collect();
        let vectors = embedder.embed_passages(&texts).await?;
        let mut vectors: Vec<Vec<f32>> = vectors.into_iter().map(|v| v.values).collect();
        let said = vectors.split_off(units.len());
        let units: Vec<&Unit> = units.iter().collect();
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
        let compared = labelled.sentences().zip(&said).map(|((text, _), said)| {
            let cosines: Vec<f32> = vectors.iter().map(|v| dot(said, v)).collect();
            compare(text, &units, &cosines)
        });
        let compared = compared.collect();
        Ok(Self { labelled: labelled.clone(), passage, compared })
    }

    fn signs(&self, rarity: &Rarity) -> Vec<Signs> {
        self.compared.iter().map(|c| c.as_ref().map_or_else(Signs::default, |c| c.signs(rarity))).collect()
    }

    /// Whether the typed check lets each sentence through.
    fn passes(&self) -> Vec<bool> {
        let evidence = Evidence::gather(&pass(), vec![self.passage.clone()]).expect("a passage of the same store");
        let question = Question::read(&self.labelled.title);
        let checker = Checker::new(&question, &evidence);
        let draft = |text: &str| DraftSentence { text: text.to_owned(), cites: vec![1] };
        self.labelled.sentences().map(|(text, _)| checker.check(&draft(text)).is_ok()).collect()
    }
}

impl Labelled {
    /// Every sentence with what is wrong with it.
    fn sentences(&self) -> impl Iterator<Item = (&str, Option<Flaw>)> {
        let supported = self.supported.iter().map(|text| (text.as_str(), None));
        supported.chain(self.unsupported.iter().map(|u| (u.text.as_str(), Some(u.kind))))
    }

    fn whole(&self) -> String {
        format!("{}\n{}", self.title, self.text)
    }
}

/// Of no shop that exists.
#[expect(clippy::disallowed_methods, reason = "there is no store behind the labelled sentences")]
fn pass() -> StorePass {
    StorePass::for_operator(StoreId::parse("labelled-sentences").expect("a constant"), "labelled sentences")
}

fn passage_of(labelled: &Labelled) -> Passage {
    Passage {
        id: PassageId(format!("{}/{}#0", labelled.shop, labelled.passage)),
        doc: DocId(format!("{}/{}", labelled.shop, labelled.passage)),
        store: pass().store().clone(),
        kind: SourceKind::Policy,
        title: labelled.title.clone(),
        heading: Vec::new(),
        text: labelled.text.clone(),
        url: None,
        tags: Vec::new(),
        valid_from: None,
        valid_to: None,
        span: (0, labelled.text.len()),
        scores: Scores::default(),
    }
}

/// Weights of all sentences, and how well such weights do on a shop that they have not seen.
pub async fn calibrate(labelled: &[Labelled], embedder: &dyn Embedder) -> Result<Calibrated, SupportError> {
    let shops: BTreeSet<&str> = labelled.iter().map(|l| l.shop.as_str()).collect();
    let sentences = labelled.iter().flat_map(Labelled::sentences);
    let (n, supported) = sentences.fold((0, 0), |(n, yes), (_, flaw)| (n + 1, yes + usize::from(flaw.is_none())));
    if shops.len() < 3 || supported == 0 || supported == n {
        return Err(SupportError::TooFew { sentences: n, shops: shops.len() });
    }
    let mut read = Vec::new();
    for one in labelled {
        read.push(Read::new(one, embedder).await?);
    }
    // Each shop with the rest that its weights see.
    let folds: Vec<Fold> = shops.iter().map(|shop| Fold::without(shop, &read)).collect();
    let mut best: Option<(f64, f64, Vec<f64>)> = None;
    for penalty in PENALTIES {
        let scores: Vec<f64> = folds.iter().map(|fold| fold.scores(penalty)).collect::<Result<Vec<_>, _>>()?.concat();
        let truths = folds.iter().flat_map(|fold| &fold.held).map(|e| f64::from(u8::from(e.label)));
        let loss: f64 = scores.iter().zip(truths).map(|(score, truth)| log_loss(*score, truth)).sum();
        if best.as_ref().is_none_or(|(least, ..)| loss <= *least) {
            best = Some((loss, penalty, scores));
        }
    }
    let (_, penalty, scores) = best.ok_or(FitError::OneLabel)?;
    let mut scores = scores.into_iter().map(probability);
    let mut pairs = Vec::new();
    // In the order of the folds.
    for shop in &shops {
        for one in read.iter().filter(|r| r.labelled.shop == *shop) {
            for ((text, flaw), passes) in one.labelled.sentences().zip(one.passes()) {
                pairs.push(Pair {
                    shop: one.labelled.shop.clone(),
                    passage: one.labelled.passage.clone(),
                    sentence: text.to_owned(),
                    flaw,
                    passes,
                    probability: scores.next().unwrap_or_default(),
                });
            }
        }
    }
    let judged: Vec<(f64, bool)> = pairs.iter().map(|p| (p.probability, p.is_supported())).collect();
    let bound = bound(&judged);
    let share = |of: bool, kept: bool| {
        let all: Vec<bool> = judged.iter().filter(|(_, is)| *is == of).map(|(p, _)| (*p >= bound) == kept).collect();
        all.iter().filter(|is| **is).count() as f64 / all.len().max(1) as f64
    };
    let rarity = Rarity::of(read.iter().map(|r| r.labelled.whole()).collect::<Vec<_>>().iter().map(String::as_str));
    let all: Vec<Example> = read.iter().flat_map(|r| examples(r, &rarity)).collect();
    let (intercept, weights) = raw(&Fit::of(&all.iter().collect::<Vec<_>>(), penalty)?);
    let model = SupportModel {
        version: VERSION,
        embedder: embedder.model().clone(),
        intercept: intercept as f32,
        weights: Signs::from_values(weights.map(|w| w as f32)),
        bound: bound as f32,
        fitted: Fitted {
            pairs: pairs.len(),
            passages: read.len(),
            shops: shops.len(),
            calibration_error: calibration_error(&judged) as f32,
            auc: auc(&judged) as f32,
            kept: share(true, true) as f32,
            dropped: share(false, false) as f32,
        },
        rarity,
    };
    Ok(Calibrated { model, pairs, penalty })
}

/// One shop's sentences, and those of all others.
struct Fold {
    held: Vec<Example>,
    seen: Vec<Example>,
}

impl Fold {
    fn without(shop: &str, read: &[Read]) -> Self {
        let (held, seen): (Vec<&Read>, Vec<&Read>) = read.iter().partition(|r| r.labelled.shop == shop);
        let texts: Vec<String> = seen.iter().map(|r| r.labelled.whole()).collect();
        let rarity = Rarity::of(texts.iter().map(String::as_str));
        let of = |reads: &[&Read]| reads.iter().flat_map(|r| examples(r, &rarity)).collect();
        Self { held: of(&held), seen: of(&seen) }
    }

    fn scores(&self, penalty: f64) -> Result<Vec<f64>, FitError> {
        let fit = Fit::of(&self.seen.iter().collect::<Vec<_>>(), penalty)?;
        Ok(self.held.iter().map(|example| fit.score(&example.features)).collect())
    }
}

fn examples(read: &Read, rarity: &Rarity) -> Vec<Example> {
    let example = |(signs, (_, flaw)): (Signs, (&str, Option<Flaw>))| Example {
        features: signs.values().map(f64::from).to_vec(),
        label: flaw.is_none(),
        cluster: read.labelled.shop.clone(),
    };
    read.signs(rarity).into_iter().zip(read.labelled.sentences()).map(example).collect()
}

/// Weights of the signs as they come, out of weights of standardized ones.
fn raw(fit: &Fit) -> (f64, [f64; SIGNS]) {
    let (mut intercept, mut weights) = (fit.logistic.bias, [0.0; SIGNS]);
    for ((at, mean, scale), weight) in fit.standard.kept.iter().zip(&fit.logistic.weights) {
        weights[*at] = weight / scale;
        intercept -= weight * mean / scale;
    }
    (intercept, weights)
}

/// The highest hundredth that loses at most [`LOST`] of what is supported.
fn bound(judged: &[(f64, bool)]) -> f64 {
    let supported: Vec<f64> = judged.iter().filter(|(_, is)| *is).map(|(p, _)| *p).collect();
    let lost = |bound: f64| supported.iter().filter(|p| **p < bound).count() as f64;
    let steps = (0..=100).rev().map(|step| f64::from(step) / 100.0);
    steps.into_iter().find(|step| lost(*step) <= LOST * supported.len() as f64).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::fakes::BagEmbedder;

    #[test]
    fn the_bound_loses_no_more_than_it_may() {
        let judged: Vec<(f64, bool)> = (0..100).map(|i| (f64::from(i) / 100.0, true)).chain([(0.9, false)]).collect();
        assert_eq!(bound(&judged), 0.25, "a quarter of a hundred lie below");
        assert_eq!(bound(&[(0.4, true), (0.9, false)]), 0.4);
    }

    #[tokio::test]
    async fn our_own_sentences_can_be_fitted_and_twice_gives_the_same() {
        let labelled = parse(SHIPPED, "pairs.jsonl").unwrap();
        let embedder = BagEmbedder::new("bag", 512);
        let one = calibrate(&labelled, &embedder).await.unwrap();
        let fitted = &one.model.fitted;
        assert!(fitted.pairs > 600 && fitted.shops >= 15, "{fitted:?}");
        assert!(fitted.auc > 0.8, "even a bag of words tells much: {fitted:?}");
        assert!(fitted.kept >= 0.75 && fitted.dropped > 0.5, "{fitted:?}");
        let some = &labelled[..12];
        let (first, second) = (calibrate(some, &embedder).await.unwrap(), calibrate(some, &embedder).await.unwrap());
        assert_eq!(first.model, second.model);
        // What is written is what is read.
        let json = serde_json::to_string(&one.model).unwrap();
        assert_eq!(SupportModel::parse(&json).unwrap(), one.model);
    }

    #[tokio::test]
    async fn too_little_to_learn_from_is_said() {
        let labelled = parse(SHIPPED, "pairs.jsonl").unwrap();
        let error = calibrate(&labelled[..4], &BagEmbedder::new("bag", 64)).await.unwrap_err().to_string();
        assert!(error.contains("at least 3 shops"), "{error}");
    }
}
