//! A judge over a folder of results, with a generator that says one thing.

use super::*;
use crate::line::{TimeLine, tests::hostile};
use crate::progress::Silent;
use crate::results::{self, Header as Of};
use crate::statistics::Estimate;
use crate::unit::Task;
use engine::answer::Timings;
use engine::fakes::Parrot;

const DRAW: Bootstrap = Bootstrap { resamples: 100, seed: 1 };

/// Forty answers and one handoff.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let header = Of {
        results_format: results::FORMAT,
        pack: "p".into(),
        file: "q.jsonl".into(),
        task: Task::Decisions,
        over: "p".into(),
        system: "s".into(),
        content: "c".into(),
        seed: 1,
        limit: None,
        n: 41,
    };
    let (mut writer, _) = results::open(dir.path(), &header).unwrap();
    for at in 0..41 {
        let did = if at == 40 { Action::Handoff } else { Action::Answer };
        let line = Line { id: format!("m{at}"), did, ..hostile("x") };
        writer.write(&line, &TimeLine::new(&line.id, &Timings::default(), 0.0)).unwrap();
    }
    dir
}

async fn judged(dir: &Path, says: &str, labels: Option<&Labels>) -> Result<Judged, JudgeError> {
    let files = results::read(dir).unwrap();
    let rubric = Rubric::shipped("tone").unwrap();
    judge(dir, &files, &rubric, &Parrot::new(says), labels, (None, DRAW), &Silent).await
}

#[tokio::test]
async fn a_judge_without_labels_is_not_believed() {
    let dir = folder();
    let found = judged(dir.path(), "4", None).await.unwrap();
    let run = &found.runs[0];
    assert_eq!((run.n, run.metrics.get("judge_tone").unwrap().value), (40, 4.0));
    assert_eq!(run.metrics.get("judge_unrated").unwrap().value, 0.0);
    assert!(found.agreement.is_none() && found.trust().contains("not known"), "{}", found.trust());
    // Its scores are kept, and gate nothing.
    let book = read_book(dir.path()).unwrap();
    let baseline = Report { runs: found.runs.clone() };
    let refused = book.gateable(&baseline).unwrap_err();
    assert!(refused.contains("judge_tone is a judge's score") && refused.contains("--labels"), "{refused}");
    assert!(book.gateable(&Report::default()).unwrap().is_empty());
}

#[tokio::test]
async fn a_judge_that_agrees_with_people_may_gate_and_one_that_says_one_thing_may_not() {
    let dir = folder();
    let path = dir.path().join("labels.json");
    let rate = |at: usize| at % 5 + 1;
    let lines: String = (0..40).map(|at| format!("{{\"id\":\"m{at}\",\"rating\":{}}}\n", rate(at))).collect();
    fs::write(&path, lines).unwrap();
    let labels = Labels::read(&path, Scale::OneToFive).unwrap();
    let mut found = judged(dir.path(), "4", Some(&labels)).await.unwrap();
    let agreement = found.agreement.clone().unwrap();
    assert_eq!((agreement.n, agreement.agreed.value), (40, 0.2));
    assert!(!agreement.is_enough() && found.trust().contains("refuses these scores"), "{}", found.trust());
    let good = Estimate { value: 0.8, low: 0.7, high: 0.9 };
    found.agreement = Some(Agreement { weighted_kappa: Some(good), ..agreement });
    let book = JudgedBook { judged: vec![found.clone()] };
    assert_eq!(book.gateable(&Report { runs: found.runs }).unwrap().len(), 1);
}

#[tokio::test]
async fn a_judge_goes_on_where_it_was_cut_and_other_replies_are_another_run() {
    let dir = folder();
    judged(dir.path(), "4", None).await.unwrap();
    let kept = fs::read_dir(dir.path().join(FOLDER)).unwrap().next().unwrap().unwrap().path();
    let whole = fs::read(&kept).unwrap();
    fs::write(&kept, &whole[..whole.len() / 2]).unwrap();
    judged(dir.path(), "4", None).await.unwrap();
    assert!(fs::read(&kept).unwrap() == whole);
    let files = results::read(dir.path()).unwrap();
    let rubric = Rubric { text: "Something else.".into(), ..Rubric::shipped("tone").unwrap() };
    let other = judge(dir.path(), &files, &rubric, &Parrot::new("4"), None, (None, DRAW), &Silent).await;
    assert!(other.unwrap_err().to_string().contains("the rubric or the replies"));
}

#[tokio::test]
async fn what_is_no_rating_is_counted() {
    let dir = folder();
    let found = judged(dir.path(), "I would rather not say.", None).await.unwrap();
    assert_eq!(found.runs[0].metrics.get("judge_unrated").unwrap().value, 1.0);
    assert_eq!(found.runs[0].metrics.get("judge_tone"), None);
}
