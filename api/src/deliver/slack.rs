//! A handoff as a message of a Slack channel, by an incoming webhook.
//!
//! It answers with `ok` and not with the message's time, by which a thread is found, so what the customer adds is a
//! message of its own. Slack cannot be asked whether a message arrived and knows no key, so one that was taken and not
//! confirmed is there twice. Each names the handoff, so that a reader sees what it belongs to.

use super::{
    Failure, FollowUp, HandoffNotice, http,
    text::{agent_note, follow_up_note, subject},
};
use crate::store::{self, Secret};
use reqwest::Client;
use serde_json::{Value, json};

/// Slack refuses a longer text of a section (3,000), also counted after escaping, and a longer header (150).
const SECTION_CHARS: usize = 2_900;
const HEADER_CHARS: usize = 140;

pub struct Slack {
    http: Client,
    url: Secret,
}

impl Slack {
    pub fn new(http: Client, settings: &store::Slack) -> Self {
        Self { http, url: settings.url.clone() }
    }

    pub async fn hand_over(&self, handoff: &HandoffNotice) -> Result<(), Failure> {
        http::send(self.http.post(self.url.expose()).json(&message(handoff))).await.map(drop)
    }

    pub async fn follow_up(&self, said: &FollowUp) -> Result<(), Failure> {
        http::send(self.http.post(self.url.expose()).json(&further(said))).await.map(drop)
    }
}

fn further(said: &FollowUp) -> Value {
    let text = escaped(&follow_up_note(&said.text), SECTION_CHARS);
    let named = format!("Handoff {}, message {}", said.handoff.0, said.number.saturating_add(1));
    json!({
        "text": text,
        "blocks": [
            { "type": "section", "text": { "type": "mrkdwn", "text": text, "verbatim": true } },
            { "type": "context", "elements": [{ "type": "plain_text", "text": named, "emoji": false }] },
        ],
    })
}

fn message(handoff: &HandoffNotice) -> Value {
    let subject = subject(&handoff.case.question);
    let header: String = subject.chars().take(HEADER_CHARS).collect();
    let named = format!("Handoff {}, opened {:.0}", handoff.id.0, handoff.opened_at);
    json!({
        // For notifications, which show no blocks.
        "text": escaped(&subject, SECTION_CHARS),
        "blocks": [
            { "type": "header", "text": { "type": "plain_text", "text": header, "emoji": false } },
            {
                "type": "section",
                "text": { "type": "mrkdwn", "text": escaped(&agent_note(&handoff.case), SECTION_CHARS), "verbatim": true },
            },
            { "type": "context", "elements": [{ "type": "plain_text", "text": named, "emoji": false }] },
        ],
    })
}

/// With what Slack would read as a link, a mention or a channel made harmless, cut where it gets too long.
fn escaped(text: &str, limit: usize) -> String {
    let mut escaped = String::new();
    let mut chars = 0;
    for c in text.chars() {
        let (whole, length) = match c {
            '&' => ("&amp;", 5),
            '<' => ("&lt;", 4),
            '>' => ("&gt;", 4),
            _ => ("", 1),
        };
        chars += length;
        if chars > limit {
            escaped.push('…');
            break;
        }
        if whole.is_empty() { escaped.push(c) } else { escaped.push_str(whole) }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn nothing_of_a_customers_text_is_markup() {
        assert_eq!(escaped("<!channel> & <https://x|y>", 100), "&lt;!channel&gt; &amp; &lt;https://x|y&gt;");
        let cut = escaped(&"<".repeat(100), 10);
        assert_eq!(cut, "&lt;&lt;…");
    }
}
