//! A person takes over: the case, what the customer is told, and the desk.

use super::{Engine, EngineError};
use crate::handoff::{HandoffCase, HandoffReason, LookedAt};
use crate::identity::Asker;
use crate::live::flow::Person;
use crate::package;
use crate::reply::{Handoff, Reply};
use crate::trace::Trace;
use crate::turn::Turn;

impl Engine {
    pub(super) async fn hand_over(
        &self,
        asker: &Asker,
        turn: &Turn,
        (reason, words): (HandoffReason, String),
        trace: &Trace,
    ) -> Result<Reply, EngineError> {
        let tier = asker.tier();
        let person = Person { reason, words, first: None, tier, action: None, looked_at: Vec::new() };
        self.hand_over_with(asker, turn, person, trace).await
    }

    pub(super) async fn hand_over_with(
        &self,
        asker: &Asker,
        turn: &Turn,
        person: Person,
        trace: &Trace,
    ) -> Result<Reply, EngineError> {
        let pass = asker.store_pass();
        let mut looked_at = person.looked_at.clone();
        for p in &trace.passages {
            if looked_at.len() < 5 && !looked_at.iter().any(|l| l.doc == p.doc) {
                looked_at.push(LookedAt { doc: p.doc.clone(), title: p.title.clone(), url: p.url.clone() });
            }
        }
        let profile = self.profiles.get(pass.store());
        let profile = profile.as_deref();
        let package = package::make(&self.ports, profile, asker, turn, &person, &looked_at, trace).await;
        let message = package.tells(profile, &self.config.handoff_message, person.first.as_deref());
        let case = HandoffCase {
            conversation: turn.conversation.clone(),
            turn: turn.number,
            reason: person.reason,
            evidence: person.words,
            question: turn.text.clone(),
            looked_at,
            draft: trace.draft.clone(),
            tier: Some(person.tier),
            action: person.action.map(Box::new),
            package: Some(Box::new(package)),
        };
        let id = self.ports.handoffs.open(pass, &case).await?;
        Ok(Reply::Handoff(Handoff { id, message, case }))
    }
}
