//! What a store was asked before: the questions that a person was called for, and how past conversations began.

use super::{Base, CounterfactualError};
use crate::wiring::House;
use ::eval::counterfactual::{Asked, Question};
use engine::SourceKind;
use ingest::document::{AGENT, CUSTOMER};

/// Handoffs that are looked at, the latest first.
const HANDOFFS: u32 = 10_000;

/// Both, where there are any. A question that was asked twice is asked once.
pub async fn past_questions(house: &House, base: &Base) -> Result<Vec<Asked>, CounterfactualError> {
    let store = base.store.pass.store();
    let plain = |id: String, text: String| Question { id: Some(id), text, ..Question::default() };
    let mut seen = std::collections::HashSet::new();
    let mut is_new = |text: &str| !text.trim().is_empty() && seen.insert(text.trim().to_lowercase());
    let mut asked = Vec::new();
    // A desk that is not there is not made.
    if house.places.data.join("stores").join(store.as_str()).join("desk.sqlite").is_file()
        && let Ok(agent) = base.store.pass.as_agent()
    {
        let handoffs = house.desks().latest_handoffs(agent, HANDOFFS).await?;
        let questions = handoffs.into_iter().filter(|record| is_new(&record.case.question));
        let questions = questions.map(|record| plain(record.id.0, record.case.question));
        asked.push(Asked::unlabelled(store.as_str(), "handoffs", questions));
    }
    let documents = base.documents().await?;
    let conversations = documents.into_iter().filter(|known| known.kind == SourceKind::Conversation);
    let openings = conversations.filter_map(|known| {
        let said = known.opening.strip_prefix(CUSTOMER)?;
        let said = said.split(&format!("\n{AGENT}")).next()?.trim().to_owned();
        // Not from the conversation itself, which holds its answer.
        let question = Question { without: vec![known.id.clone()], ..plain(known.id.0, said) };
        is_new(&question.text).then_some(question)
    });
    asked.push(Asked::unlabelled(store.as_str(), "conversations", openings.collect::<Vec<_>>()));
    asked.retain(|asked| !asked.units.is_empty());
    Ok(asked)
}
