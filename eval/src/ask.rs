//! One message, put to whoever answers: its line, its times, and what a record keeps of it.

use crate::facts::Fact;
use crate::line::{Delay, Line, TimeLine};
use crate::pack::Action;
use crate::record::{Recorder, TurnLine};
use crate::said::{Answers, Said, SayError};
use crate::unit::Unit;
use crate::variant::Variants;
use engine::Turn;
use std::time::Instant;

/// Who is asked.
#[derive(Clone, Copy)]
pub(crate) enum By<'a> {
    Whoever(&'a dyn Answers),
    /// The engine, with a tape running: only its calls can be told.
    Recorded(&'a Variants, &'a Recorder),
}

/// How messages are put.
pub(crate) struct Asking<'a> {
    pub by: By<'a>,
    pub canaries: &'a [Fact],
}

impl Asking<'_> {
    /// The turns are those of a record, in the order in which they were answered; none where nothing is recorded.
    pub async fn ask(&self, unit: &Unit) -> Result<(Line, TimeLine, Vec<TurnLine>), SayError> {
        let begun = Instant::now();
        let mut turns = Vec::new();
        let said = self.say(unit, 0, &unit.turn, &mut turns).await?;
        let (timings, cached_tokens) = (said.timings, said.cached_tokens);
        let mut spent = timings.total_ms;
        let due = match &unit.due {
            None => None,
            Some(_) if said.action == Action::Handoff => Some(Delay { after: Some(0) }),
            Some(later) => {
                let mut after = None;
                for (at, turn) in later.iter().enumerate() {
                    let next = self.say(unit, at + 1, turn, &mut turns).await?;
                    spent += next.timings.total_ms;
                    if next.action == Action::Handoff {
                        after = u32::try_from(at + 1).ok();
                        break;
                    }
                }
                Some(Delay { after })
            }
        };
        let line = Line::new(unit, said, self.canaries, due);
        let harness = begun.elapsed().as_secs_f64() * 1e3 - spent;
        let times = TimeLine { cached_tokens, ..TimeLine::new(&line.id, &timings, harness.max(0.0)) };
        Ok((line, times, turns))
    }

    async fn say(&self, unit: &Unit, later: usize, turn: &Turn, turns: &mut Vec<TurnLine>) -> Result<Said, SayError> {
        match self.by {
            By::Whoever(answers) => answers.say(unit, turn).await,
            By::Recorded(variants, recorder) => {
                let (engine, asker, tape) = variants.taped(unit, recorder.vectors());
                let outcome = engine.answer(&asker, turn, &|_| ()).await?;
                turns.push(TurnLine::new(&unit.question.id, later, &asker, turn, &outcome, &tape));
                Ok(Said::by_engine(turn, unit.customer.is_some(), &outcome))
            }
        }
    }
}
