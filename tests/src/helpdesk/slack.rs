//! Slack's incoming webhooks. What is posted twice is there twice.

use super::{Asked, Effect, Reply, only, text};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

pub(super) fn reply(asked: &Asked<'_>) -> Result<Reply, String> {
    if asked.method != Method::POST || asked.path != "/services/T0/B0/secret" {
        return Ok(Reply::Seen(StatusCode::NOT_FOUND, json!("no_service")));
    }
    let message = asked.json()?;
    only(&message, &["text", "blocks"])?;
    harmless(text(&message, "text")?)?;
    let blocks =
        message["blocks"].as_array().filter(|blocks| (1..=50).contains(&blocks.len())).ok_or("1 to 50 blocks")?;
    let mut handoff = None;
    for block in blocks {
        match text(block, "type")? {
            "header" => plain(&block["text"], 150)?,
            "section" => {
                if text(block, "text.type")? != "mrkdwn" || text(block, "text.text")?.chars().count() > 3000 {
                    return Err("a section has up to 3000 characters of mrkdwn".into());
                }
                harmless(text(block, "text.text")?)?;
            }
            "context" => {
                let elements = block["elements"].as_array().ok_or("a context has elements")?;
                elements.iter().try_for_each(|element| plain(element, 2000))?;
                handoff =
                    text(&elements[0], "text")?.split_whitespace().nth(1).map(|id| id.trim_matches(',').to_owned());
            }
            other => return Err(format!("no block {other}")),
        }
    }
    let key = handoff.ok_or("which handoff?")?;
    Ok(Reply::Done(Effect { key, what: message }, StatusCode::OK, json!("ok")))
}

fn plain(object: &Value, limit: usize) -> Result<(), String> {
    if text(object, "type")? == "plain_text" && text(object, "text")?.chars().count() <= limit {
        Ok(())
    } else {
        Err(format!("up to {limit} characters of plain text"))
    }
}

/// `<` begins a link, a mention or a channel; a customer's text has none of them.
fn harmless(text: &str) -> Result<(), String> {
    let bare = text.replace("&lt;", "").replace("&gt;", "").replace("&amp;", "");
    if bare.contains(['<', '>', '&']) { Err(format!("not escaped: {text}")) } else { Ok(()) }
}
