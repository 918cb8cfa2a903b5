//! A store's own conversations for `eval import`, from its database, in the shape of an export.

use crate::{
    commands::{CommandError, operator},
    db::{
        desk::Desks,
        finished::{Finished, Said},
    },
};
use ::eval::import::Held;
use engine::StoreId;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// What is over, one record for each context: a conversation that was opened anew is two.
pub async fn held(desks: &Desks, store: &StoreId) -> Result<Held, CommandError> {
    let pass = operator(store);
    let agent = pass.as_agent().map_err(|denied| CommandError::Said(denied.to_string()))?;
    let records: Vec<Value> = desks.finished(agent).await?.iter().map(record).collect();
    if records.is_empty() {
        return Err(CommandError::Said(format!(
            "no conversation of the store '{store}' is over yet: resolve some, or name the files of an export"
        )));
    }
    Ok(Held { name: format!("the conversations of {store}").into(), records })
}

/// Ids are a caller's own words, and agents are people: of both a digest is enough to tell one from another.
fn record(finished: &Finished) -> Value {
    let Finished { conversation, epoch, channel, contact, turns } = finished;
    let people: Vec<Value> =
        turns.iter().filter_map(|said| said.who.as_ref()).map(|who| json!({ "name": who })).collect();
    json!({
        "id": format!("{}-{epoch}", digest(conversation)),
        "channel": channel,
        // By which conversations of one customer are told; an import writes a hash of it.
        "customer_id": contact.clone().unwrap_or_else(|| digest(conversation)),
        // Who is named here is masked in what was said.
        "customer": contact.as_ref().map(|email| json!({ "email": email })),
        "sender": people,
        "turns": turns.iter().map(turn).collect::<Vec<_>>(),
    })
}

fn turn(said: &Said) -> Value {
    let Said { role, who, text, at } = said;
    let role = if role == "person" { "agent" } else { role };
    json!({ "role": role, "author": who.as_deref().map(digest), "text": text, "at": at })
}

fn digest(text: &str) -> String {
    hex::encode(&Sha256::digest(text)[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_names_nobody_but_whom_it_masks() {
        let said = |role: &str, who: Option<&str>, text: &str| Said {
            role: role.into(),
            who: who.map(str::to_owned),
            text: text.into(),
            at: "2026-11-25T12:00:00Z".into(),
        };
        let finished = Finished {
            conversation: "anna@mail.example".into(),
            epoch: 1,
            channel: "api".into(),
            contact: None,
            turns: vec![said("customer", None, "Hi"), said("bot", None, "Hello"), said("person", Some("Mia"), "Yes")],
        };
        let record = record(&finished);
        let roles: Vec<&str> =
            record["turns"].as_array().unwrap().iter().map(|t| t["role"].as_str().unwrap()).collect();
        assert_eq!(roles, ["customer", "bot", "agent"]);
        assert_eq!(record["sender"], json!([{ "name": "Mia" }]));
        assert!(!record["id"].as_str().unwrap().contains("anna") && !record["turns"].to_string().contains("Mia"));
        assert!(record["id"].as_str().unwrap().ends_with("-1"));
    }
}
