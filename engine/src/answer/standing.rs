//! What the one who asks is to the store: their segment, who therefore answers them, and what a mistake costs.

use super::{Engine, EngineError, names_an_order};
use crate::decide::Stakes;
use crate::handoff::HandoffReason;
use crate::identity::Asker;
use crate::live::flow::{Person, Step};
use crate::package::{Came, Tried, Watched};
use crate::policy::{Policy, Ruling, Segment};
use crate::ports::Storefront;
use crate::trace::Trace;
use crate::turn::Turn;
use std::sync::Arc;
use std::time::Duration;

/// Who asks is looked up for this long; then they are treated like everybody. Short: a shop that is slow here is asked
/// for the order afterwards, and the customer waits for both.
const PATIENCE: Duration = Duration::from_millis(800);

impl Engine {
    pub(super) fn policy(&self, asker: &Asker) -> Arc<Policy> {
        let profile = self.profiles.get(asker.store_pass().store());
        profile.map_or_else(|| self.policy.clone(), |profile| profile.policy.clone())
    }

    /// The segment of a customer who has proved who they are: what somebody says of themselves makes nobody a member.
    /// The shop is asked once a turn, and only by a store that has segments; where it fails, nobody is in one.
    async fn segment<'p>(&self, asker: &Asker, policy: &'p Policy, trace: &mut Trace) -> Option<&'p Segment> {
        let (Asker::Verified(customer), Some(storefront)) = (asker, &self.ports.storefront) else { return None };
        if policy.segments.is_empty() {
            return None;
        }
        // A shop that has just failed is not waited for again.
        let failed = trace.reads.tried.iter().any(|tried| matches!(tried.came(), Some(Came::Failed { .. })));
        if !trace.reads.has_looked_for_customer() && !failed {
            let watched = Watched::new(storefront.as_ref(), std::mem::take(&mut trace.reads));
            let late = tokio::time::timeout(PATIENCE, watched.customer(customer)).await.is_err();
            trace.reads = watched.into_reads();
            if late {
                let why = format!("no answer within {} ms", PATIENCE.as_millis());
                trace.reads.tried.push(Tried::Customer { came: Came::Failed { why } });
            }
        }
        policy.segment(&trace.reads.customer.as_ref()?.value.tags)
    }

    /// A customer of a segment that people answer, whatever is asked, and what the person gets. What a person does
    /// anyway keeps its own reason, which says more; what is to be done is prepared as for everybody.
    pub(super) async fn straight_to_a_person(
        &self,
        asker: &Asker,
        turn: &Turn,
        rule: Option<&(HandoffReason, String)>,
        trace: &mut Trace,
    ) -> Result<Option<Person>, EngineError> {
        let policy = self.policy(asker);
        let Some(ruled) = trace.ruled.clone() else { return Ok(None) };
        let profile = self.profiles.get(asker.store_pass().store());
        let besides = rule.is_some() || names_an_order(turn, profile.as_deref());
        // Nobody is looked up for a greeting, nor by a store that gives no segment to people.
        let takes = |segment: &Segment| segment.takes(&ruled.ruling, besides);
        if !policy.segments.iter().any(takes) {
            return Ok(None);
        }
        let Some(segment) = self.segment(asker, &policy, trace).await.filter(|segment| takes(segment)) else {
            return Ok(None);
        };
        let mut person = Person {
            reason: HandoffReason::Segment,
            words: segment.rule(),
            first: None,
            tier: asker.tier(),
            action: None,
            looked_at: Vec::new(),
        };
        let act = match &ruled.ruling {
            Ruling::Person { reason } => {
                person.reason = *reason;
                person.words = format!("{}, {}", ruled.why, person.words);
                return Ok(Some(person));
            }
            Ruling::Act { .. } => Some((HandoffReason::NeedsAction, ruled.why.to_string())),
            Ruling::Look | Ruling::Live { .. } | Ruling::SmallTalk { .. } => {
                rule.filter(|(reason, _)| *reason == HandoffReason::NeedsAction).cloned()
            }
        };
        if act.is_some()
            && let Step::Person(prepared) =
                self.live(asker, turn, act.as_ref(), &ruled.ruling, ruled.intent, trace).await?
            && prepared.action.is_some()
        {
            (person.action, person.looked_at) = (prepared.action, prepared.looked_at);
        }
        Ok(Some(person))
    }

    /// What a mistake in this turn costs.
    pub(super) async fn stakes(&self, asker: &Asker, trace: &mut Trace) -> Stakes {
        let policy = self.policy(asker);
        let intent = trace.ruled.as_ref().and_then(|ruled| ruled.intent);
        let segment = self.segment(asker, &policy, trace).await;
        Stakes::of(&policy, intent, segment, trace.reads.customer.is_some())
    }
}
