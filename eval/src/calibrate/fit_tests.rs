//! From labelled questions to a file, on questions whose truth is known.

use super::fit::{CalibrateError, Calibrated, LEAST, Plan, calibrate};
use super::isotonic::CalibrationKind;
use super::logistic::probability;
use super::threshold::Wanted;
use super::{Item, Said, table};
use crate::page;
use crate::statistics::{Bootstrap, SplitMix64};
use engine::RiskModel;
use engine::decide::{BoundMethod, Calibration, Costs, Signal, Signals};
use std::collections::BTreeSet;

const NAMES: [&str; 4] = ["cosine", "overlap", "margin:unknown", "topic"];

fn plan(method: BoundMethod, at_most: f64) -> Plan {
    Plan {
        names: NAMES.map(str::to_owned).to_vec(),
        folds: 5,
        held_out: 0.5,
        calibration: CalibrationKind::Platt,
        wanted: Wanted { method, at_most, confidence: 0.9 },
        bootstrap: Bootstrap { resamples: 50, seed: 3 },
    }
}

/// Two questions to a cluster. The cosine tells, the overlap is noise, the third and fourth never change.
fn items(n: usize) -> Vec<Item> {
    let mut random = SplitMix64::new(9);
    let mut uniform = move || random.below(1_000_000) as f64 / 1e6;
    (0..n)
        .map(|i| {
            let (cosine, noise) = (uniform(), uniform());
            let right = uniform() < probability(12.0 * cosine - 4.0);
            let said = match (uniform() < 0.1, right) {
                (true, _) => Said::Nothing,
                (false, true) => Said::Right,
                (false, false) => Said::Wrong,
            };
            Item {
                features: vec![cosine, noise, 0.0, 1.0],
                said,
                cluster: (i / 2).to_string(),
                cost_given: if right { 0.0 } else { 5.0 },
                cost_held: 1.0,
            }
        })
        .collect()
}

fn model(calibrated: &Calibrated) -> RiskModel {
    RiskModel {
        scorer: calibrated.scorer.clone(),
        threshold: calibrated.threshold,
        bound: calibrated.bound.as_ref().ok().cloned(),
        ..RiskModel::open()
    }
}

#[test]
fn what_is_fitted_here_is_what_the_engine_computes() {
    let items = items(1600);
    for kind in [CalibrationKind::None, CalibrationKind::Platt, CalibrationKind::Isotonic] {
        let plan = Plan { calibration: kind, ..plan(BoundMethod::Binomial, 0.1) };
        let found = calibrate(&items, &plan).unwrap();
        let text = serde_json::to_string(&model(&found)).unwrap();
        let read = RiskModel::parse(&text).unwrap();
        assert_eq!((&read.scorer, read.threshold), (&found.scorer, found.threshold));
        let weighed: Vec<&str> = read.scorer.features.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(weighed, ["cosine", "overlap"], "what never changes has no weight");
        let item = items.iter().find(|item| item.cluster == found.held[0].cluster).unwrap();
        let mut signals = Signals::default();
        signals.set(Signal::Cosine, item.features[0]);
        signals.set(Signal::Overlap, item.features[1]);
        signals.set(Signal::Margin, 0.3);
        signals.set(Signal::Topic, item.features[3]);
        assert!((read.probability_right(&signals) - found.held[0].probability).abs() < 1e-5, "{kind:?}");
        let calibrated = match (&read.scorer.calibration, kind) {
            (Calibration::None, CalibrationKind::None) => true,
            (Calibration::Platt { slope, .. }, CalibrationKind::Platt) => (0.7..1.4).contains(slope),
            (Calibration::Isotonic { .. }, CalibrationKind::Isotonic) => true,
            (Calibration::None | Calibration::Platt { .. } | Calibration::Isotonic { .. }, _) => false,
        };
        assert!(calibrated, "{:?}", read.scorer.calibration);
    }
}

#[test]
fn what_is_promised_was_seen_by_no_weight() {
    let items = items(1600);
    let found = calibrate(&items, &plan(BoundMethod::Binomial, 0.1)).unwrap();
    let clusters = |judged: &[super::threshold::Judged]| -> BTreeSet<String> {
        judged.iter().map(|one| one.cluster.clone()).collect()
    };
    assert!(clusters(&found.fitted).is_disjoint(&clusters(&found.held)));
    assert_eq!((found.fitted.len(), found.held.len(), found.clusters), (800, 800, 800));
    let bound = found.bound.clone().unwrap();
    assert_eq!((bound.risk_upper, bound.confidence), (0.1, Some(0.9)));
    assert!(bound.n > 100 && (bound.wrong as f64) < 0.1 * bound.n as f64, "{bound:?}");
    let quality = found.held_out.unwrap();
    assert!(quality.auc.value > 0.85 && quality.calibration_error.value < 0.08, "{quality:?}");
    // Neither everything nor nothing is answered: both cost more.
    let cost = found.cost_at(found.threshold);
    assert!(cost < found.cost_at(0.0) && cost < found.cost_at(f64::INFINITY));
    // The same again is the same.
    let again = calibrate(&items, &plan(BoundMethod::Binomial, 0.1)).unwrap();
    assert_eq!(model(&again), model(&found));
    let crc = calibrate(&items, &plan(BoundMethod::Crc, 0.05)).unwrap().bound.unwrap();
    assert_eq!((crc.n, crc.confidence, crc.risk_upper), (400, None, 0.05));
}

#[test]
fn too_little_is_said_to_be_too_little() {
    let few = calibrate(&items(30), &plan(BoundMethod::Binomial, 0.1)).unwrap_err();
    assert!(matches!(few, CalibrateError::TooFew { wrong, .. } if wrong < LEAST), "{few}");
    let found = calibrate(&items(300), &plan(BoundMethod::Binomial, 0.001)).unwrap();
    let shortfall = found.bound.clone().unwrap_err();
    assert!(shortfall.at_most > 0.001 && shortfall.n < 150, "{shortfall:?}");
    assert!(model(&found).bound.is_none());
    let text = table::text(&found);
    assert!(text.contains("no threshold keeps the bound of 0.1 % with 90 % confidence"), "{text}");
    assert!(text.contains("labelled questions like these are needed") || text.contains("no number of such"), "{text}");
}

#[test]
fn the_page_shows_what_was_chosen_and_no_name_becomes_markup() {
    let found = calibrate(&items(1600), &plan(BoundMethod::Binomial, 0.1)).unwrap();
    let mut model = model(&found);
    model.scorer.features[0].name = "<img src=x>".into();
    model.costs = Costs { wrong: 5.0, needless: 1.0, missed: 5.0 };
    let page = page::calibration::html("<b>pack</b>", &found, &model, &table::text(&found));
    assert!(!page.contains("<img") && !page.contains("<b>"), "{page}");
    assert!(page.contains(&format!("at {:.4}", found.threshold)));
    assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
    assert_eq!(page.matches("<figure>").count(), 4);
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("NaN"));
}
