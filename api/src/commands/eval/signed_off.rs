//! A store's approved answers in an evaluation: as they stood when the run began, and never written.

use crate::{
    commands::{CommandError, operator},
    db::desk::Desks,
};
use async_trait::async_trait;
use engine::{
    StoreId, StorePass,
    approved::ApprovedSet,
    ports::{Approved, ApprovedError},
};
use sha2::{Digest, Sha256};
use std::{path::Path, sync::Arc};

/// What one store has signed off. Another store, such as a pack's own documents, has none.
#[derive(Clone)]
pub struct SignedOff {
    store: StoreId,
    set: Arc<ApprovedSet>,
}

impl SignedOff {
    pub async fn read(data: &Path, desks: &Desks, store: &StoreId) -> Result<Self, CommandError> {
        let path = data.join("stores").join(store.as_str()).join("desk.sqlite");
        // Opening would make it.
        let set = if path.is_file() { Some(desks.answers(&operator(store)).await) } else { None };
        let set = set.transpose().map_err(|error| CommandError::Said(error.to_string()))?;
        match set.filter(|set| !set.answers.is_empty()) {
            Some(set) => Ok(Self { store: store.clone(), set }),
            None => Err(CommandError::Said(format!(
                "--approved: the store '{store}' has no approved answers; see `shopclerk answers list --store {store}`, \
                 or leave --approved out"
            ))),
        }
    }

    /// What tells this set from another, for the manifest of a run: results with one are not those with another.
    pub fn manifest(&self) -> String {
        let mut hash = Sha256::new();
        for answer in &self.set.answers {
            hash.update(format!("{}@{}:{}\n{:?}\n", answer.id.0, answer.version, answer.text, answer.questions));
        }
        hash.update(format!("{:?}", self.set.model));
        format!(", {} approved answers {}", self.set.answers.len(), hex::encode(&hash.finalize()[..5]))
    }
}

#[async_trait]
impl Approved for SignedOff {
    async fn answers(&self, pass: &StorePass) -> Result<Arc<ApprovedSet>, ApprovedError> {
        Ok(if *pass.store() == self.store { self.set.clone() } else { Arc::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{db::actions::AuditLine, wiring::SystemClock};
    use engine::approved::{AnswerId, ApprovedAnswer, Limits, State};

    #[tokio::test]
    async fn a_run_has_the_set_of_its_beginning_and_names_it() {
        let dir = tempfile::tempdir().unwrap();
        let desks = Desks::new(dir.path().into(), Arc::new(SystemClock));
        let store: StoreId = "one".parse().unwrap();
        let read = async || SignedOff::read(dir.path(), &desks, &store).await;
        let missing = read().await.map(drop).unwrap_err().to_string();
        assert!(missing.contains("no approved answers"), "{missing}");
        assert!(!dir.path().join("stores").exists(), "looking makes nothing");

        let answer = ApprovedAnswer {
            id: AnswerId("ans_1".into()),
            questions: vec!["How long do I have?".into()],
            text: "You have 30 days.".into(),
            rests_on: Vec::new(),
            state: State::Approved,
            limits: Limits::default(),
            approved_by: None,
            approved_at: None,
            version: 1,
            asked: 3,
        };
        let line = AuditLine {
            at: jiff::Timestamp::now(),
            who: "Mia".into(),
            what: "approved".into(),
            action: "ans_1".into(),
            detail: String::new(),
        };
        let pass = operator(&store);
        let agent = pass.as_agent().unwrap();
        assert!(desks.add_answer(agent, &answer, &line).await.unwrap());
        let first = read().await.unwrap();
        let again = read().await.unwrap();
        assert_eq!(first.manifest(), again.manifest());
        assert!(first.manifest().starts_with(", 1 approved answers "), "{}", first.manifest());
        let changed = ApprovedAnswer { text: "You have 14 days.".into(), version: 2, ..answer.clone() };
        assert!(desks.change_answer(agent, &changed, &line).await.unwrap());
        assert_ne!(read().await.unwrap().manifest(), first.manifest());
        // What was approved since is not in it, and another store has nothing.
        assert_eq!(first.answers(&pass).await.unwrap().answers, [answer]);
        assert!(first.answers(&operator(&"two".parse().unwrap())).await.unwrap().answers.is_empty());
    }
}
