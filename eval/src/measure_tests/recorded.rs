//! Runs that are recorded.

use super::*;
use crate::record::{Header, Recorder, replay, risk_of, settings_of};
use engine::ports::Ports;
use engine::{HandoffReason, RiskModel};

#[tokio::test]
async fn a_recorded_run_replays_with_the_turns_that_only_tell_a_delay() {
    let (dir, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(dir.path());
    let path = out.path().join("record.jsonl");
    let tasks = [Task::Replay, Task::Decisions];
    let plain = measure(&plan(dir.path(), None, &tasks), &InMemory, &Silent).await.unwrap();
    for run in 0..2 {
        let record = Some(Arc::new(Recorder::open(&path).unwrap()));
        let plan = AskPlan { record, ..plan(dir.path(), None, &tasks) };
        let taped = measure(&plan, &InMemory, &Silent).await.unwrap();
        // A tape changes nothing of what is said.
        for (plain, taped) in plain.asked.iter().zip(&taped.asked) {
            assert_eq!(plain.lines, taped.lines, "run {run}");
        }
    }
    let rebuild = |header: &Header, ports: Ports| {
        let (config, _) = settings_of(header, store(None).engine.config())?;
        Ok(Engine::new(ports, config))
    };
    let replayed = replay(&path, &rebuild).await.unwrap();
    // The messages, and the one after t1#2, which was due for a handoff. The second run has added nothing.
    let turns = plain.asked.iter().map(|asked| asked.lines.len()).sum::<usize>() + 1;
    assert_eq!((replayed.turns.len(), replayed.identical()), (turns, turns), "{:?}", replayed.turns);
    assert!(replayed.unreadable.is_empty() && !replayed.cut);
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), turns + 2);
}

/// An engine that never trusts an answer.
struct Mistrustful;

impl Mistrustful {
    fn doubting(store: IndexedStore) -> IndexedStore {
        let mut risk = RiskModel { threshold: 0.9, ..RiskModel::open() };
        risk.scorer.bias = 0.0;
        IndexedStore { engine: store.engine.with_risk(Some(Arc::new(risk))), ..store }
    }
}

#[async_trait]
impl PackIndex for Mistrustful {
    async fn open(&self, shelf: &Shelf) -> Result<IndexedStore, IndexError> {
        Ok(Self::doubting(store(Some(shelf))))
    }

    async fn fallback(&self) -> Result<(String, Option<Shelf>, IndexedStore), IndexError> {
        Ok(("nothing".into(), None, Self::doubting(store(None))))
    }
}

#[tokio::test]
async fn what_decided_is_in_the_results_and_in_the_record() {
    let (dir, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(dir.path());
    let path = out.path().join("record.jsonl");
    let record = Some(Arc::new(Recorder::open(&path).unwrap()));
    let plan = AskPlan { record, ..plan(dir.path(), None, &[Task::Decisions]) };
    let measured = measure(&plan, &Mistrustful, &Silent).await.unwrap();
    let doubted = line(&measured.asked[0], "d1");
    assert_eq!(doubted.handoff.as_ref().unwrap().reason, HandoffReason::LowConfidence);
    assert!(doubted.signals.is_some());
    let with = |header: &Header, ports: Ports| {
        let (config, _) = settings_of(header, store(None).engine.config())?;
        Ok(Engine::new(ports, config).with_risk(risk_of(header)?))
    };
    let replayed = replay(&path, &with).await.unwrap();
    assert_eq!((replayed.turns.len(), replayed.identical()), (3, 3), "{:?}", replayed.turns);
    let without = |header: &Header, ports: Ports| {
        let (config, _) = settings_of(header, store(None).engine.config())?;
        Ok(Engine::new(ports, config))
    };
    assert!(replay(&path, &without).await.unwrap().differing().any(|turn| turn.id == "d1"));
}

#[tokio::test]
async fn a_peers_calls_are_not_recorded() {
    let (dir, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(dir.path());
    let chat = Arc::new(Scripted(&[("", "Yes.")], Default::default()));
    let peer = Some(Peer { chat, system_prompt: SYSTEM_PROMPT.into(), context: None });
    let record = Some(Arc::new(Recorder::open(&out.path().join("record.jsonl")).unwrap()));
    let plan = AskPlan { peer, record, ..plan(dir.path(), None, &[Task::Decisions]) };
    let error = measure(&plan, &InMemory, &Silent).await.unwrap_err();
    assert!(matches!(error, MeasureError::RecordOfPeer), "{error}");
}
