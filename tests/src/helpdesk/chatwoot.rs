//! Chatwoot's API for agent bots: messages and the status of a conversation. A bot's token may not read messages.

use super::{ACCOUNT, AGENT_TOKEN, Asked, BOT_TOKEN, Effect, Known, Reply, only, text};
use axum::http::{Method, StatusCode};
use serde_json::json;

pub(super) fn reply(asked: &Asked<'_>, known: &Known) -> Result<Reply, String> {
    let path = asked.path.strip_prefix(&format!("/api/v1/accounts/{ACCOUNT}/conversations/")).ok_or("no such path")?;
    let (conversation, what) = path.split_once('/').ok_or("what of it?")?;
    let conversation: u64 = conversation.parse().map_err(|_| "a conversation has a number")?;
    let token = asked.header("api_access_token")?;
    match (asked.method.clone(), what) {
        (Method::GET, "messages") => {
            if token != AGENT_TOKEN {
                return Ok(Reply::Seen(StatusCode::UNAUTHORIZED, json!({ "error": "not for bots" })));
            }
            let of_it = known.effects.iter().map(|effect| &effect.what);
            let of_it = of_it.filter(|what| what["conversation"] == conversation && what["content"].is_string());
            let messages: Vec<_> = of_it.collect();
            Ok(Reply::Seen(StatusCode::OK, json!({ "meta": {}, "payload": messages })))
        }
        (Method::POST, "messages") => {
            bot(token)?;
            let body = asked.json()?;
            only(&body, &["content", "message_type", "private", "content_type"])?;
            let content = text(&body, "content")?;
            if body["message_type"] != "outgoing" || !body["private"].is_boolean() || body["content_type"] != "text" {
                return Err("not an outgoing text".into());
            }
            let message = json!({
                "id": known.effects.len() + 1,
                "conversation": conversation,
                "content": content,
                "message_type": 1,
                "private": body["private"],
                "created_at": jiff::Timestamp::now().as_second(),
            });
            let effect = Effect { key: content.to_owned(), what: message.clone() };
            Ok(Reply::Done(effect, StatusCode::OK, message))
        }
        (Method::POST, "toggle_status") => {
            bot(token)?;
            let body = asked.json()?;
            only(&body, &["status", "snoozed_until"])?;
            let status = text(&body, "status")?;
            if !["open", "resolved", "pending", "snoozed"].contains(&status) {
                return Err(format!("no status {status}"));
            }
            let what = json!({ "conversation": conversation, "status": status });
            let effect = Effect { key: format!("status:{conversation}:{status}"), what };
            Ok(Reply::Done(effect, StatusCode::OK, json!({ "payload": { "success": true } })))
        }
        _ => Err("no such request".into()),
    }
}

fn bot(token: &str) -> Result<(), String> {
    if token == BOT_TOKEN { Ok(()) } else { Err("another token".into()) }
}
