//! What an eval puts in the place of people and of the time.

use async_trait::async_trait;
use engine::ports::{Clock, Handoffs, HandoffsError};
use engine::{AgentPass, HandoffCase, HandoffId, StorePass};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// Takes every case and calls nobody.
pub struct NoDesk;

#[async_trait]
impl Handoffs for NoDesk {
    async fn open(&self, _pass: &StorePass, case: &HandoffCase) -> Result<HandoffId, HandoffsError> {
        Ok(HandoffId(format!("eval-{}-{}", case.conversation.0, case.turn)))
    }

    async fn waiting(&self, _agent: AgentPass<'_>) -> Result<Vec<(HandoffId, HandoffCase)>, HandoffsError> {
        Ok(Vec::new())
    }
}

/// Noon (UTC) of the given day, or the time it is.
pub struct EvalClock(pub Option<Date>);

impl Clock for EvalClock {
    fn now(&self) -> Timestamp {
        let noon = self.0.and_then(|day| day.at(12, 0, 0, 0).to_zoned(TimeZone::UTC).ok());
        noon.map_or_else(Timestamp::now, |noon: Zoned| noon.timestamp())
    }
}
