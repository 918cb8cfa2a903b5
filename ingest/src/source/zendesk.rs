//! Zendesk's tickets, with the comments and users that its API returns beside them.

use super::conversation::{Conversation, NotRead, OPEN, Side, Turn, people};
use super::json::{body, day, id, list, text, truth};
use serde_json::Value;
use std::collections::HashMap;

/// What an export holds beside its tickets.
#[derive(Default)]
pub(crate) struct Beside<'v> {
    /// By ticket.
    comments: HashMap<&'v str, &'v [Value]>,
    users: HashMap<String, &'v Value>,
}

impl<'v> Beside<'v> {
    pub(crate) fn of(export: &'v Value) -> Self {
        let comments = export.get("comments").and_then(Value::as_object);
        let comments = comments.into_iter().flatten();
        let page = |page: &'v Value| page.as_array().or_else(|| page.get("comments")?.as_array()).map(Vec::as_slice);
        Self {
            comments: comments.filter_map(|(ticket, c)| Some((ticket.as_str(), page(c)?))).collect(),
            users: list(export, "users").iter().filter_map(|user| Some((id(user, "id")?, user))).collect(),
        }
    }
}

pub(crate) fn read(ticket: &Value, beside: &Beside<'_>) -> Result<Conversation, NotRead> {
    let number = id(ticket, "id").ok_or_else(|| NotRead::Broken("it has no 'id'".into()))?;
    match text(ticket, "status") {
        Some("solved" | "closed") => {}
        Some(_) => return Err(OPEN),
        None => return Err(NotRead::Broken("it has no 'status'".into())),
    }
    let own = list(ticket, "comments");
    let comments = if own.is_empty() { beside.comments.get(number.as_str()).copied().unwrap_or(&[]) } else { own };
    let requester = id(ticket, "requester_id");
    let mut turns = Vec::new();
    let mut people = people(ticket);
    let concerned =
        comments.iter().filter_map(|c| id(c, "author_id")).chain(requester.clone()).chain(id(ticket, "assignee_id"));
    for user in concerned.filter_map(|id| beside.users.get(&id)) {
        people.extend(["name", "email", "alias"].iter().filter_map(|key| text(user, key)).map(String::from));
    }
    let mut comments: Vec<&Value> = comments.iter().collect();
    comments.sort_by(|a, b| text(a, "created_at").cmp(&text(b, "created_at")));
    for comment in &comments {
        // Rules and triggers write in the name of the store.
        let channel = comment.get("via").and_then(|via| text(via, "channel")).unwrap_or_default();
        if truth(comment, "public") == Some(false) || matches!(channel, "rule" | "system" | "trigger" | "automation") {
            continue;
        }
        let author = id(comment, "author_id");
        let role = author.as_ref().and_then(|id| beside.users.get(id)).and_then(|user| text(user, "role"));
        let side = match role {
            Some("end-user") => Side::Customer,
            Some("agent" | "admin") => Side::Agent,
            _ if author.is_some() && author == requester => Side::Customer,
            _ => Side::Agent,
        };
        let text = body(comment, &["plain_body", "body"], &["html_body"]);
        if !text.trim().is_empty() {
            turns.push(Turn { side, text });
        }
    }
    if turns.is_empty() {
        turns.extend(text(ticket, "description").map(|text| Turn { side: Side::Customer, text: text.into() }));
    }
    let locale = requester.and_then(|id| beside.users.get(&id).copied()).and_then(|user| text(user, "locale"));
    Ok(Conversation {
        id: format!("conversation:zendesk:{number}"),
        subject: text(ticket, "subject").or_else(|| text(ticket, "raw_subject")).map(String::from),
        language: locale.map(String::from),
        date: day(ticket, "created_at"),
        url: None,
        tags: list(ticket, "tags").iter().filter_map(Value::as_str).map(String::from).collect(),
        people: people.into_iter().filter(|p| !p.is_empty()).collect(),
        turns,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sides(conversation: &Conversation) -> Vec<(Side, &str)> {
        conversation.turns.iter().map(|t| (t.side, t.text.as_str())).collect()
    }

    #[test]
    fn comments_stand_beside_the_ticket_or_in_it() {
        let comments = json!([
            { "author_id": 9, "public": true, "plain_body": "It does not.", "created_at": "2026-01-02" },
            { "author_id": 5, "public": true, "body": "Does it squeak?", "created_at": "2026-01-01" },
            { "author_id": 9, "public": false, "body": "difficult customer", "created_at": "2026-01-03" },
            { "author_id": -1, "public": true, "body": "Rate us", "via": { "channel": "rule" }, "created_at": "2026-01-04" },
            { "author_id": 6, "public": true, "html_body": "<p>My <b>friend</b> too.</p>", "created_at": "2026-01-05" },
        ]);
        let ticket = json!({ "id": 3, "status": "solved", "requester_id": 5, "subject": "Squeak", "tags": ["care"] });
        let export = json!({
            "comments": { "3": comments }, "tickets": [ticket],
            "users": [{ "id": 9, "name": "Ingrid", "role": "agent" }, { "id": 6, "name": "Bo", "role": "end-user", "locale": "sv" },
                      { "id": 5, "name": "Paula Green", "role": "end-user", "locale": "en-US" }],
        });
        let read_beside = read(&ticket, &Beside::of(&export)).unwrap();
        let expect =
            [(Side::Customer, "Does it squeak?"), (Side::Agent, "It does not."), (Side::Customer, "My friend too.")];
        assert_eq!(sides(&read_beside), expect);
        assert!(["Ingrid", "Bo", "Paula Green"].iter().all(|name| read_beside.people.iter().any(|p| p == name)));
        assert_eq!(read_beside.language.as_deref(), Some("en-US"));
        let mut inside = ticket.clone();
        inside["comments"] = comments;
        // Without users, whoever asked for the ticket is the customer.
        assert_eq!(sides(&read(&inside, &Beside::default()).unwrap())[..2], expect[..2]);
    }

    #[test]
    fn open_and_broken_ones_are_told_apart() {
        let none = Beside::default();
        assert_eq!(read(&json!({ "id": 1, "status": "pending" }), &none).unwrap_err(), OPEN);
        assert!(matches!(read(&json!({ "status": "solved" }), &none), Err(NotRead::Broken(_))));
        assert!(matches!(read(&json!({ "id": 1, "status": 5 }), &none), Err(NotRead::Broken(_))));
    }
}
