//! Asks the engine a file of questions and counts how the replies were.

use crate::pack::{IndexedStore, Question};
use crate::progress::Progress;
use crate::report::Metrics;
use crate::statistics::{quantile, rule_of_three, wilson};
use crate::verdict::{Judged, Response, Verdict, judge};
use engine::Asker;
use engine::answer::EngineError;
use engine::answer::UnitTrace;
use engine::check::Dropped;
use engine::select::Coverage;
use engine::{DocId, HandoffReason, Turn};
use serde::Serialize;
use std::time::Instant;

/// How many documents of a search are written to the results.
const SHOWN: usize = 5;

/// What became of one question.
#[derive(Clone, Debug)]
pub struct Asked {
    pub question: Question,
    pub response: Response,
    pub judged: Judged,
    /// The documents that were found, best first, each once.
    pub retrieved: Vec<DocId>,
    /// Sentences of the draft that did not pass the check, and why.
    pub dropped: Vec<Dropped>,
    pub coverage: Coverage,
    /// The sentences that were weighed, best first, with what spoke for each.
    pub units: Vec<UnitTrace>,
    /// Wall time of the reply in milliseconds. Not part of the results: it differs from run to run.
    pub took_ms: f64,
}

/// A line of the results file. The same pack, config and models give the same bytes.
#[derive(Debug, Serialize)]
pub struct AskedLine<'a> {
    pub id: &'a str,
    pub question: &'a str,
    pub verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handoff: Option<HandoffReason>,
    pub cited: &'a [DocId],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cited_gold: Option<bool>,
    pub missing: &'a [String],
    pub violated: &'a [String],
    pub contradicted: bool,
    pub retrieved: &'a [DocId],
    pub dropped: &'a [Dropped],
    pub coverage: Coverage,
    pub units: &'a [UnitTrace],
    pub tags: &'a [String],
}

impl Asked {
    pub fn line(&self) -> AskedLine<'_> {
        let (answer, handoff, cited) = match &self.response {
            Response::Answer { text, cited } => (Some(text.as_str()), None, cited.as_slice()),
            Response::Asked { .. } => (None, None, [].as_slice()),
            Response::Handoff { reason } => (None, Some(*reason), [].as_slice()),
        };
        AskedLine {
            id: &self.question.id,
            question: &self.question.text,
            verdict: self.judged.verdict,
            answer,
            handoff,
            cited,
            cited_gold: self.judged.cited_gold,
            missing: &self.judged.missing,
            violated: &self.judged.violated,
            contradicted: self.judged.contradicted,
            retrieved: &self.retrieved,
            dropped: &self.dropped,
            coverage: self.coverage,
            units: &self.units,
            tags: &self.question.tags,
        }
    }
}

/// Asks every question once, in order, each in a conversation of its own, through the function that serves customers.
pub async fn ask_all(
    store: &IndexedStore,
    questions: Vec<Question>,
    progress: &dyn Progress,
) -> Result<Vec<Asked>, EngineError> {
    progress.begin("questions", questions.len());
    let mut results = Vec::with_capacity(questions.len());
    for question in questions {
        let mut turn = Turn::single(format!("eval-{}", question.id), question.text.clone());
        turn.country.clone_from(&question.country);
        let begun = Instant::now();
        let outcome = store.engine.answer(&Asker::Anonymous(store.pass.clone()), &turn, &|_| ()).await?;
        let took_ms = begun.elapsed().as_secs_f64() * 1e3;
        let response = Response::from(&outcome.reply);
        let judged = judge(&question, &response);
        let mut retrieved: Vec<DocId> = Vec::new();
        for passage in &outcome.trace.passages {
            if retrieved.len() < SHOWN && !retrieved.contains(&passage.doc) {
                retrieved.push(passage.doc.clone());
            }
        }
        let trace = outcome.trace;
        let (dropped, coverage, units) = (trace.dropped, trace.coverage, trace.units);
        results.push(Asked { question, response, judged, retrieved, dropped, coverage, units, took_ms });
        progress.step();
    }
    progress.end();
    Ok(results)
}

/// Rates with Wilson intervals. A rate over nothing is left out.
pub fn summarize(results: &[Asked]) -> Metrics {
    let is = |verdict| results.iter().filter(|asked| asked.judged.verdict == verdict).count();
    let n = results.len();
    let mut rates: Vec<(&'static str, usize, usize)> =
        Verdict::ALL.iter().map(|verdict| (verdict.name(), is(*verdict), n)).collect();
    rates.push(("accuracy", results.iter().filter(|asked| asked.judged.verdict.is_good()).count(), n));
    rates.push(("accept_accuracy", results.iter().filter(|asked| asked.judged.accepted).count(), n));

    let answered: Vec<&Asked> = results
        .iter()
        .filter(|asked| asked.judged.accepted && matches!(asked.response, Response::Answer { .. }))
        .collect();
    let required: usize = answered.iter().map(|asked| required_facts(&asked.question)).sum();
    let missing: usize = answered.iter().map(|asked| asked.judged.missing.len()).sum();
    rates.push(("fact_recall", required - missing, required));
    let wrong = |asked: &&&Asked| !asked.judged.violated.is_empty() || asked.judged.contradicted;
    rates.push(("wrong_facts", answered.iter().filter(wrong).count(), answered.len()));
    let polar: Vec<&&Asked> = answered.iter().filter(|asked| asked.question.polarity.is_some()).collect();
    rates.push(("polarity_errors", polar.iter().filter(|asked| asked.judged.contradicted).count(), polar.len()));
    let gold: Vec<bool> = answered.iter().filter_map(|asked| asked.judged.cited_gold).collect();
    rates.push(("cited_gold", gold.iter().filter(|cited| **cited).count(), gold.len()));
    Metrics(rates.into_iter().filter_map(|(name, yes, of)| Some((name, wilson(yes, of)?))).collect())
}

/// Facts whose statement is checked; a yes or no counts as one where nothing else is asked for.
fn required_facts(question: &Question) -> usize {
    question.must_include.len() + usize::from(question.must_include.is_empty() && question.polarity.is_some())
}

/// Where no reply was wrong: the rate of wrong replies that this many questions still cannot rule out.
pub fn wrong_not_ruled_out(results: &[Asked]) -> Option<f64> {
    let wrong = results.iter().any(|asked| asked.judged.verdict == Verdict::Wrong);
    if wrong { None } else { rule_of_three(results.len()) }
}

/// Wall time of a reply in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Latency {
    pub p50_ms: f64,
    pub p95_ms: f64,
    pub p99_ms: f64,
}

pub fn latency(results: &[Asked]) -> Option<Latency> {
    let mut times: Vec<f64> = results.iter().map(|asked| asked.took_ms).collect();
    times.sort_by(f64::total_cmp);
    let at = |q| quantile(&times, q);
    (!times.is_empty()).then(|| Latency { p50_ms: at(0.5), p95_ms: at(0.95), p99_ms: at(0.99) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(question: &str, answer: Option<&str>, took_ms: f64) -> Asked {
        let question: Question = serde_json::from_str(question).unwrap();
        let response = match answer {
            Some(text) => Response::Answer { text: text.into(), cited: vec![DocId("a".into())] },
            None => Response::Handoff { reason: HandoffReason::NoEvidence },
        };
        let judged = judge(&question, &response);
        Asked {
            question,
            response,
            judged,
            retrieved: Vec::new(),
            dropped: Vec::new(),
            coverage: Coverage::default(),
            units: Vec::new(),
            took_ms,
        }
    }

    const ANSWER: &str = r#"{"id":"a","text":"t","action":"answer","must_include":["5","6"],"must_not_include":["9"],"gold_docs":["a"]}"#;
    const HANDOFF: &str = r#"{"id":"h","text":"t","action":"handoff"}"#;

    fn results() -> Vec<Asked> {
        vec![
            asked(ANSWER, Some("5 and 6"), 1.0),
            asked(ANSWER, Some("5"), 2.0),
            asked(ANSWER, None, 3.0),
            asked(HANDOFF, None, 4.0),
            asked(HANDOFF, Some("Done"), 5.0),
        ]
    }

    #[track_caller]
    fn value(metrics: &Metrics, name: &str) -> f64 {
        metrics.0.iter().find(|(n, _)| *n == name).unwrap_or_else(|| panic!("no {name}")).1.value
    }

    #[test]
    fn every_reply_is_counted_once() {
        let metrics = summarize(&results());
        let all: f64 = Verdict::ALL.iter().map(|verdict| value(&metrics, verdict.name())).sum();
        assert!((all - 1.0).abs() < 1e-12);
        for (name, expected) in [
            ("right", 0.2),
            ("accuracy", 0.4),
            ("accept_accuracy", 0.6),
            ("fact_recall", 0.75),
            ("wrong_facts", 0.0),
            ("cited_gold", 1.0),
        ] {
            assert!((value(&metrics, name) - expected).abs() < 1e-12, "{name}: {}", value(&metrics, name));
        }
        // No question asks for yes or no, so there is no rate of errors in it.
        assert!(metrics.0.iter().all(|(name, _)| *name != "polarity_errors"));
    }

    #[test]
    fn without_a_wrong_reply_a_bound_is_said() {
        assert_eq!(wrong_not_ruled_out(&results()), None);
        assert_eq!(wrong_not_ruled_out(&results()[..4]), Some(0.75));
    }

    #[test]
    fn lines_hold_no_times() {
        let mut again = results();
        again[0].took_ms = 99.0;
        for (one, other) in results().iter().zip(&again) {
            let line = serde_json::to_string(&one.line()).unwrap();
            assert_eq!(line, serde_json::to_string(&other.line()).unwrap());
        }
        let line = serde_json::to_string(&results()[2].line()).unwrap();
        assert!(line.contains(r#""verdict":"refused_needlessly","handoff":"no_evidence""#), "{line}");
    }

    #[test]
    fn latency_is_by_quantile() {
        let found = latency(&results()).unwrap();
        assert_eq!(found.p50_ms, 3.0);
        assert!((found.p95_ms - 4.8).abs() < 1e-12);
        assert_eq!(latency(&[]), None);
    }
}
