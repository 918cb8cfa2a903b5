//! After every sync: do the passages that approved answers rest on still say the same?
//!
//! All answers are compared each time, not only those of documents that the sync reports: a sync that was killed after
//! it published has reported nothing.

use super::passages;
use crate::db::{DbError, actions::AuditLine, desk::Desks};
use engine::{
    StoreId, StorePass,
    access::Denied,
    approved::{AnswerId, ApprovedAnswer, RestsOn, State},
    evidence::DocId,
    ports::KnowledgeError,
};
use ingest::index::erase::Place;
use jiff::Timestamp;
use serde::Serialize;
use std::{collections::HashSet, path::Path};

/// In the audit, for what no person did.
const SYNC: &str = "sync";

/// An answer that is no longer said, and what changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reopened {
    pub id: AnswerId,
    pub question: String,
    pub why: String,
}

#[derive(Debug, thiserror::Error)]
pub enum RecheckError {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error(transparent)]
    Index(#[from] KnowledgeError),
    #[error(transparent)]
    Denied(#[from] Denied),
}

/// Whether the store has a desk at all; one is not made to find it empty.
pub fn has_desk(data: &Path, pass: &StorePass) -> bool {
    data.join("stores").join(pass.store().as_str()).join("desk.sqlite").is_file()
}

/// The stores of a data folder that have a desk.
pub fn with_desks(data: &Path) -> Vec<StoreId> {
    let Ok(folders) = std::fs::read_dir(data.join("stores")) else { return Vec::new() };
    let named = folders.flatten().filter_map(|folder| StoreId::parse(folder.file_name().to_str()?).ok());
    let mut stores: Vec<StoreId> =
        named.filter(|store| data.join("stores").join(store.as_str()).join("desk.sqlite").is_file()).collect();
    stores.sort();
    stores
}

/// Puts the approved answers back to review whose passages changed, and follows those that only moved. Which went back.
pub async fn recheck(desks: &Desks, place: &Place, pass: &StorePass) -> Result<Vec<Reopened>, RecheckError> {
    let agent = pass.as_agent()?;
    let mut reopened = Vec::new();
    // An answer that somebody changes at the same time is looked at again, as it is then.
    loop {
        let approved = desks.all_answers(agent, Some(State::Approved.as_str())).await?;
        let docs: HashSet<DocId> = approved.iter().flat_map(|a| &a.rests_on).map(|rest| rest.doc.clone()).collect();
        let now = passages::of_documents(place, pass, &docs).await?;
        let mut lost = false;
        for answer in approved {
            let Some((next, why)) = compared(&answer, &now) else { continue };
            let what = if why.is_empty() { "moved" } else { "review" };
            let line = AuditLine {
                at: Timestamp::now(),
                who: SYNC.into(),
                what: what.into(),
                action: answer.id.0.clone(),
                detail: why.clone(),
            };
            if !desks.change_answer(agent, &next, &line).await? {
                lost = true;
            } else if !why.is_empty() {
                let question = answer.questions.first().cloned().unwrap_or_default();
                reopened.push(Reopened { id: answer.id, question, why });
            }
        }
        if !lost {
            return Ok(reopened);
        }
    }
}

/// The answer as it is to be kept, and why it is no longer said; `None` where it stands as it is.
fn compared(answer: &ApprovedAnswer, now: &[RestsOn]) -> Option<(ApprovedAnswer, String)> {
    let why: Vec<String> = answer.rests_on.iter().filter_map(|rest| passages::changed(rest, now)).collect();
    let why = why.join("; ");
    let version = answer.version + 1;
    if !why.is_empty() {
        let state = State::Review { why: why.clone() };
        return Some((ApprovedAnswer { state, version, ..answer.clone() }, why));
    }
    let moved: Vec<RestsOn> = answer.rests_on.iter().map(|r| r.stands_in(now).unwrap_or(r).clone()).collect();
    (moved != answer.rests_on).then(|| (ApprovedAnswer { rests_on: moved, version, ..answer.clone() }, why))
}

/// What is told after a sync; empty where nothing was reopened.
pub fn told(reopened: &[Reopened]) -> String {
    if reopened.is_empty() {
        return String::new();
    }
    let mut text = format!(
        "{} approved answers rest on words that changed, went back to review and are not said until a person approves \
         them again:\n",
        reopened.len()
    );
    for Reopened { id, question, why } in reopened {
        text.push_str(&format!("  {id}  {question}\n    {why}\n"));
    }
    text
}
