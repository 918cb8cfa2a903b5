//! What handoffs are about, and the earlier ones about the same.

use super::{
    DbError,
    desk::{Desks, record},
};
use engine::{
    HandoffCase, HandoffId, StorePass,
    package::{About, Link, PastContact},
};
use sqlx::{SqliteConnection, sqlite::SqliteRow};
use std::collections::HashSet;

/// An agent reads the latest; what is older stands in the desk.
const MOST: usize = 10;

/// Files a handoff under what it is about; once, however often its turn is reported.
pub(super) async fn keep(
    connection: &mut SqliteConnection,
    id: &HandoffId,
    case: &HandoffCase,
) -> Result<(), sqlx::Error> {
    for subject in case.package.iter().flat_map(|package| package.subjects()) {
        let insert = "INSERT INTO contacts (subject, handoff, conversation) VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
        let insert = sqlx::query(insert).bind(subject).bind(&id.0).bind(&case.conversation.0);
        insert.execute(&mut *connection).await?;
    }
    Ok(())
}

impl Desks {
    /// Earlier handoffs of the conversation, about one of the orders or of the customer, newest first.
    pub(super) async fn past_contacts(&self, pass: &StorePass, about: About<'_>) -> Result<Vec<PastContact>, DbError> {
        let db = self.desk(pass.store()).await?;
        let mut seen = HashSet::new();
        let mut found: Vec<PastContact> = Vec::new();
        let mut add = |link: Link, rows: &[SqliteRow]| -> Result<(), DbError> {
            for row in rows {
                let read = record(&db, row)?;
                if !seen.insert(read.id.clone()) {
                    continue;
                }
                found.push(PastContact {
                    conversation: read.case.conversation,
                    turn: read.case.turn,
                    at: read.opened_at,
                    reason: read.case.reason,
                    question: read.case.question,
                    resolved: read.resolved_at.is_some(),
                    link,
                    channel: None,
                });
            }
            Ok(())
        };
        let own = "SELECT * FROM handoffs WHERE conversation = ? AND turn < ? ORDER BY opened_at DESC, id LIMIT ?";
        let own = sqlx::query(own).bind(&about.conversation.0).bind(about.turn).bind(MOST as i64);
        add(Link::Conversation, &own.fetch_all(&db.pool).await.map_err(|e| db.query_error(e))?)?;
        for (link, subject) in about.subjects() {
            let others = "SELECT h.* FROM contacts c JOIN handoffs h ON h.id = c.handoff \
                          WHERE c.subject = ? AND h.conversation <> ? ORDER BY h.opened_at DESC, h.id LIMIT ?";
            let others = sqlx::query(others).bind(subject).bind(&about.conversation.0).bind(MOST as i64);
            add(link, &others.fetch_all(&db.pool).await.map_err(|e| db.query_error(e))?)?;
        }
        found.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.conversation.0.cmp(&b.conversation.0)));
        found.truncate(MOST);
        Ok(found)
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test acts for its own stores")]
mod tests {
    use super::*;
    use engine::{
        ConversationId, StoreId,
        identity::{CustomerId, OrderNumber},
        package::{FeedbackKind, feedback},
        ports::{Clock, Handoffs},
    };
    use jiff::Timestamp;
    use serde_json::json;
    use std::sync::Arc;

    struct Noon;
    impl Clock for Noon {
        fn now(&self) -> Timestamp {
            "2026-11-20T12:00:00Z".parse().unwrap()
        }
    }

    fn case(conversation: &str, turn: u32, order: &str, customer: Option<&str>) -> HandoffCase {
        let package = json!({
            "made_at": "2026-11-20T12:00:00Z", "summary": "A. B.", "connected": true, "asks": [],
            "who": { "tier": "verified", "customer_id": customer, "segment": [] }, "sentiment": "neutral",
            "timeline": [], "open_questions": [], "orders": [], "past": [], "sources": [],
            "known": { "orders": [order], "emails": [], "given": [], "products": [] },
            "suggestion": { "sentences": [{ "text": "It is on its way.",
                "trust": { "trust": "quoted", "doc": "pages/a.md" } }], "dropped": [] },
        });
        let case = json!({
            "conversation": conversation, "turn": turn, "reason": "no_evidence", "evidence": "",
            "question": format!("{conversation}?"), "looked_at": [], "draft": null, "package": package,
        });
        serde_json::from_value(case).unwrap()
    }

    #[tokio::test]
    async fn a_contact_is_found_by_order_customer_and_conversation_and_in_its_own_store_only() {
        let dir = tempfile::tempdir().unwrap();
        let desks = Desks::new(dir.path().into(), Arc::new(Noon));
        let pass = |store: &str| StorePass::for_operator(StoreId::parse(store).unwrap(), "test");
        let one = pass("one");
        for case in [
            case("mail", 0, "#1001", Some("7001")),
            case("chat", 0, "#1002", Some("7001")),
            case("other", 0, "#1003", Some("7002")),
            case("here", 0, "#1009", None),
        ] {
            desks.open(&one, &case).await.unwrap();
            desks.open(&one, &case).await.unwrap();
        }
        let here = ConversationId("here".into());
        let (order, customer) = (OrderNumber::parse("#1001").unwrap(), CustomerId::parse("7001").unwrap());
        let about = |orders, customer| About { conversation: &here, turn: 1, orders, email: None, customer };
        let found = async |about| {
            let found = desks.past(&one, about).await.unwrap();
            found.into_iter().map(|p| (p.conversation.0, p.link)).collect::<Vec<_>>()
        };
        let named = |name: &str, link| (name.to_owned(), link);
        let own = named("here", Link::Conversation);
        assert_eq!(found(about(&[], None)).await, *std::slice::from_ref(&own));
        let orders = [order];
        assert_eq!(found(about(&orders, None)).await, [own.clone(), named("mail", Link::Order)]);
        // Found twice is listed once, by the closer link.
        let all = [named("chat", Link::Customer), own, named("mail", Link::Order)];
        assert_eq!(found(about(&orders, Some(&customer))).await, all);
        assert_eq!(desks.past(&pass("two"), about(&orders, Some(&customer))).await.unwrap(), []);
    }

    #[tokio::test]
    async fn feedback_is_counted_by_what_it_is_about_and_said_once_for_each_turn() {
        let dir = tempfile::tempdir().unwrap();
        let desks = Desks::new(dir.path().into(), Arc::new(Noon));
        let pass = StorePass::for_operator(StoreId::parse("one").unwrap(), "test");
        let agent = pass.as_agent().unwrap();
        let conversation = ConversationId("mail".into());
        for turn in 0..2 {
            let case = case("mail", turn, "#1001", None);
            desks.open(&pass, &case).await.unwrap();
            for sent in ["It is on its way.", "It is on its way to you now."] {
                let found = feedback(&case, sent);
                desks.put_feedback(agent, (&conversation, turn), "Mia", Noon.now(), &found).await.unwrap();
            }
        }
        let all = desks.changed_most(agent, 10).await.unwrap();
        let counts: Vec<_> = all.iter().map(|c| (c.kind, c.about.as_str(), c.used, c.edited, c.rejected)).collect();
        assert_eq!(
            counts,
            [
                (FeedbackKind::Answer, "suggestion", 0, 2, 0),
                (FeedbackKind::Passage, "pages/a.md", 0, 2, 0),
                (FeedbackKind::Rule, "no_evidence", 2, 0, 0),
            ]
        );
        let turns: Vec<u32> =
            desks.handoffs_of(agent, &conversation).await.unwrap().iter().map(|record| record.case.turn).collect();
        assert_eq!(turns, [1, 0]);
    }
}
