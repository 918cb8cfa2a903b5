//! Asks everything over what is, and again over what would be where something that the reply rests on is another thing.

use super::change::{Changed, between};
use super::questions::Asked;
use crate::line::{Line, TimeLine};
use crate::measure::MeasureError;
use crate::pack::IndexedStore;
use crate::progress::Progress;
use crate::record::{Searched, Vectors};
use crate::said::Said;
use crate::unit::Unit;
use crate::variant::Variants;
use engine::answer::EngineError;
use engine::{Outcome, Passage};
use futures::stream::{self, StreamExt};
use jiff::civil::Date;

pub struct Plan<'a> {
    pub before: &'a IndexedStore,
    pub after: &'a IndexedStore,
    /// The store's rules change, so that every reply may.
    pub rules: bool,
    pub today: Date,
    pub jobs: usize,
}

/// A message that was put to both.
#[derive(Clone, Debug)]
pub struct Put {
    /// Everything that was searched would bring the same, so the reply is the same without asking again.
    pub untouched: bool,
    pub changed: Option<Changed>,
    pub before: (Line, TimeLine),
    pub after: (Line, TimeLine),
}

/// Everything of one file, in its order.
pub async fn run(plan: &Plan<'_>, asked: &Asked, progress: &dyn Progress) -> Result<Vec<Put>, MeasureError> {
    let both = Both {
        before: Variants::new(plan.before.clone(), plan.today),
        after: Variants::new(plan.after.clone(), plan.today),
        vectors: Vectors::default(),
        plan,
    };
    progress.begin("asking twice", asked.units.len());
    let mut replies = stream::iter(&asked.units)
        .map(|unit| {
            let both = &both;
            async move { both.put(unit).await.map_err(|source| (unit.question.id.clone(), source)) }
        })
        .buffered(plan.jobs.max(1));
    let mut puts = Vec::new();
    while let Some(put) = replies.next().await {
        puts.push(put.map_err(|(id, source)| MeasureError::Engine {
            id,
            file: asked.file.clone(),
            source: source.into(),
        })?);
        progress.step();
    }
    progress.end();
    Ok(puts)
}

struct Both<'a> {
    plan: &'a Plan<'a>,
    before: Variants,
    after: Variants,
    /// A text is embedded once for both.
    vectors: Vectors,
}

impl Both<'_> {
    async fn put(&self, unit: &Unit) -> Result<Put, EngineError> {
        // Whenever it was asked: what counts is what would be said to it today.
        let unit = &Unit { at: None, ..unit.clone() };
        let (engine, asker, tape) = self.before.taped(unit, &self.vectors);
        let before = engine.answer(&asker, &unit.turn, &|_| ()).await?;
        if !self.plan.rules && self.is_untouched(unit, &tape.searches()).await? {
            let line = lines(unit, &before);
            return Ok(Put { untouched: true, changed: None, after: line.clone(), before: line });
        }
        let (engine, asker, _) = self.after.taped(unit, &self.vectors);
        let after = engine.answer(&asker, &unit.turn, &|_| ()).await?;
        Ok(Put {
            untouched: false,
            changed: between(&unit.question.id, &unit.turn.text, &before, &after),
            before: lines(unit, &before),
            after: lines(unit, &after),
        })
    }

    /// Whether every search of the turn would bring the same passages with the same scores. What else the engine asks
    /// follows from them, so then the reply is the same.
    async fn is_untouched(&self, unit: &Unit, searches: &[Searched]) -> Result<bool, EngineError> {
        let knowledge = self.after.ports(unit).knowledge;
        for Searched { query, found } in searches {
            let now = knowledge.search(&self.plan.after.pass, query).await?;
            let same = |(was, is): (&Passage, &Passage)| Passage { store: was.store.clone(), ..is.clone() } == *was;
            if now.len() != found.len() || !found.iter().zip(&now).all(same) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn lines(unit: &Unit, outcome: &Outcome) -> (Line, TimeLine) {
    let line = Line::new(unit, Said::by_engine(&unit.turn, unit.customer.is_some(), outcome), &[], None);
    let times = TimeLine::new(&line.id, &outcome.trace.timings, 0.0);
    (line, times)
}
