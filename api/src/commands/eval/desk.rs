//! What an eval puts in the place of people and of pages.

use async_trait::async_trait;
use engine::package::{About, PastContact};
use engine::ports::{Handoffs, HandoffsError, Knowledge, KnowledgeError, SearchQuery};
use engine::{AgentPass, HandoffCase, HandoffId, Passage, StorePass};

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

    async fn past(&self, _pass: &StorePass, _about: About<'_>) -> Result<Vec<PastContact>, HandoffsError> {
        Ok(Vec::new())
    }
}

/// Knows nothing: what a pack without documents is asked over where nothing else is named.
pub struct NoKnowledge;

#[async_trait]
impl Knowledge for NoKnowledge {
    async fn search(&self, _pass: &StorePass, _query: &SearchQuery) -> Result<Vec<Passage>, KnowledgeError> {
        Ok(Vec::new())
    }
}
