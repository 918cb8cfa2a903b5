//! A prepared action is done when a person approves it, once, whatever happens on the way.

use super::sandbox;
use api::{
    db::actions::{ActionState, AuditLine},
    sandbox::{Fault, FaultKind, RunningSandbox},
    shopify::approve::{ApproveError, Ended, carry_out},
};
use engine::{
    ConversationId, HandoffCase, HandoffReason,
    live::{
        Action, ActionId, Address, Approval, Gid, Money, PreparedAction,
        action::{RefundLine, ReturnLine},
    },
    ports::Handoffs,
};
use jiff::Timestamp;
use tests::{
    connected::{Connected, brisk},
    shop_fixture as fixture,
};

const FULFILLMENT: &str = "gid://shopify/Fulfillment/2500000000";
const ORDER: &str = "gid://shopify/Order/5000010000";

fn kinds() -> [(&'static str, Action); 4] {
    let order = || Gid(ORDER.into());
    let address = Address {
        name: Some("Anna Berg".into()),
        address1: Some("Storgata 1".into()),
        address2: None,
        city: Some("Oslo".into()),
        province_code: None,
        zip: Some("0155".into()),
        country_code: Some("NO".into()),
        phone: None,
    };
    let line = ReturnLine {
        fulfillment_line: Gid("gid://shopify/FulfillmentLineItem/2600000000".into()),
        quantity: 1,
        note: "too small".into(),
    };
    [
        ("returnRequest", Action::RequestReturn { order: order(), lines: vec![line] }),
        ("orderUpdate", Action::ChangeAddress { order: order(), address }),
        (
            "refundCreate",
            Action::Refund {
                order: order(),
                lines: vec![RefundLine { line: Gid("gid://shopify/LineItem/1400000000".into()), quantity: 1 }],
                shipping: None,
                amount: Money::parse("49.00", "EUR").unwrap(),
                note: String::new(),
            },
        ),
        ("orderCancel", Action::Cancel { order: order(), reason: "CUSTOMER".into(), restock: true, notify: false }),
    ]
}

/// Prepares the action, as an answer would, and takes it down from the desk.
async fn prepared(store: &Connected, sandbox: &RunningSandbox, action: Action, at: u32) -> PreparedAction {
    if matches!(action, Action::Cancel { .. }) {
        // Only what has not left can be cancelled.
        let called_off = serde_json::json!({"id": FULFILLMENT, "status": "CANCELLED", "displayStatus": "CANCELED"});
        sandbox.put("Fulfillment", called_off).unwrap();
    }
    let updated = sandbox.object(ORDER).unwrap()["updatedAt"].as_str().unwrap().parse().unwrap();
    let prepared = PreparedAction {
        id: ActionId(format!("act-{at}")),
        conversation: ConversationId("c".into()),
        turn: at,
        order: engine::identity::OrderNumber::parse(fixture::ORDERS[0]).unwrap(),
        action,
        idempotency_key: format!("key-{at}"),
        says: "do it".into(),
        warnings: Vec::new(),
        prepared_at: sandbox.now(),
        order_updated_at: updated,
    };
    let case = HandoffCase {
        conversation: prepared.conversation.clone(),
        turn: at,
        reason: HandoffReason::NeedsAction,
        evidence: String::new(),
        question: "?".into(),
        looked_at: Vec::new(),
        draft: None,
        tier: None,
        action: Some(Box::new(prepared.clone())),
        package: None,
    };
    store.desks.open(&store.pass, &case).await.unwrap();
    // A turn that is reported again changes nothing.
    store.desks.open(&store.pass, &case).await.unwrap();
    let kept = store.desks.action(store.pass.as_agent().unwrap(), &prepared.id).await.unwrap().unwrap();
    assert_eq!((&kept.prepared, kept.state), (&prepared, ActionState::Waiting));
    prepared
}

async fn approve(store: &Connected, action: &PreparedAction) -> Ended {
    try_to_approve(store, action).await.unwrap()
}

#[expect(clippy::disallowed_methods, reason = "the test is the person")]
async fn try_to_approve(store: &Connected, action: &PreparedAction) -> Result<Ended, ApproveError> {
    let approval = Approval::by_person(action.clone(), "Mia".into(), Timestamp::now());
    carry_out(&store.data, &store.desks, &store.pass, &store.shop.connection, approval).await
}

async fn state(store: &Connected, action: &PreparedAction) -> ActionState {
    store.desks.action(store.pass.as_agent().unwrap(), &action.id).await.unwrap().unwrap().state
}

fn effects(sandbox: &RunningSandbox) -> Vec<String> {
    sandbox.effects().into_iter().map(|effect| effect.mutation).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn approved_twice_and_at_once_is_done_once() {
    for (at, (mutation, action)) in kinds().into_iter().enumerate() {
        let sandbox = sandbox(1, brisk()).await;
        let dir = tempfile::tempdir().unwrap();
        let store = Connected::open(dir.path(), &sandbox.url()).await;
        let action = prepared(&store, &sandbox, action, at as u32).await;
        let (one, two) = tokio::join!(approve(&store, &action), approve(&store, &action));
        let ends = [&one, &two];
        assert!(ends.iter().any(|end| matches!(end, Ended::Done(_))), "{mutation}: {ends:?}");
        assert!(ends.contains(&&Ended::DoneBefore), "{mutation}: {ends:?}");
        assert_eq!(approve(&store, &action).await, Ended::DoneBefore, "{mutation}");
        assert_eq!(effects(&sandbox), [mutation]);
        let audit = store.desks.audit_of(store.pass.as_agent().unwrap(), Some(&action.id)).await.unwrap();
        let said: Vec<(&str, &str)> = audit.iter().map(|line| (line.who.as_str(), line.what.as_str())).collect();
        assert_eq!(said, [("Mia", "approved"), ("Mia", "done")], "{mutation}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_and_a_killed_process_do_not_do_it_twice() {
    for kind in [FaultKind::ServerError, FaultKind::Cut, FaultKind::Truncated] {
        for (at, (mutation, action)) in kinds().into_iter().enumerate() {
            let sandbox = sandbox(1, brisk()).await;
            let dir = tempfile::tempdir().unwrap();
            let store = Connected::open(dir.path(), &sandbox.url()).await;
            let action = prepared(&store, &sandbox, action, at as u32).await;
            // Shopify does it and fails to say so, at some request or other; where the order cannot be read, nothing is
            // sent, and it is approved again.
            sandbox.set_faults(vec![Fault { kind, share: 0.4 }]);
            let mut ended = None;
            while ended.is_none() {
                ended = try_to_approve(&store, &action).await.ok();
            }
            let mut ended = ended.unwrap();
            sandbox.set_faults(Vec::new());
            if matches!(ended, Ended::Unknown(_)) {
                assert_eq!(state(&store, &action).await, ActionState::Started, "{kind:?} {mutation}");
                ended = approve(&store, &action).await;
            }
            assert!(matches!(ended, Ended::Done(_) | Ended::DoneBefore), "{kind:?} {mutation}: {ended:?}");
            assert_eq!(effects(&sandbox), [mutation], "{kind:?}");
            assert_eq!(state(&store, &action).await, ActionState::Done);
        }
    }
    // Killed after it was written down that it begins, and before anything was sent.
    let sandbox = sandbox(1, brisk()).await;
    let dir = tempfile::tempdir().unwrap();
    let store = Connected::open(dir.path(), &sandbox.url()).await;
    let (mutation, action) = kinds().into_iter().next().unwrap();
    let action = prepared(&store, &sandbox, action, 9).await;
    let line = AuditLine {
        at: Timestamp::now(),
        who: "Mia".into(),
        what: "approved".into(),
        action: action.id.0.clone(),
        detail: String::new(),
    };
    let agent = store.pass.as_agent().unwrap();
    let states = (ActionState::Waiting, ActionState::Started);
    assert!(store.desks.move_action(agent, &action.id, states, &line).await.unwrap());
    assert!(matches!(approve(&store, &action).await, Ended::Done(_)));
    assert_eq!(effects(&sandbox), [mutation]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_changed_is_not_touched_and_a_refusal_is_final() {
    let sandbox = sandbox(1, brisk()).await;
    let dir = tempfile::tempdir().unwrap();
    let store = Connected::open(dir.path(), &sandbox.url()).await;
    let [(_, returning), (_, moving), (_, refund), _] = kinds();
    let action = prepared(&store, &sandbox, returning, 0).await;
    sandbox.put("Order", serde_json::json!({ "id": ORDER, "tags": ["looked at"] })).unwrap();
    let Ended::Refused(why) = approve(&store, &action).await else { panic!("it was not refused") };
    assert!(why.contains("changed"), "{why}");
    assert_eq!((effects(&sandbox).len(), state(&store, &action).await), (0, ActionState::Waiting));

    // More than was paid: Shopify's own words end it.
    let Action::Refund { order, lines, .. } = refund else { unreachable!() };
    let amount = Money::parse("4900.00", "EUR").unwrap();
    let action =
        prepared(&store, &sandbox, Action::Refund { order, lines, shipping: None, amount, note: String::new() }, 1);
    let action = action.await;
    assert!(matches!(approve(&store, &action).await, Ended::Failed(_)));
    assert!(matches!(approve(&store, &action).await, Ended::Refused(_)));
    assert_eq!((effects(&sandbox).len(), state(&store, &action).await), (0, ActionState::Failed));

    // What was rejected stays so, and the audit cannot be rewritten.
    let action = prepared(&store, &sandbox, moving, 2).await;
    let agent = store.pass.as_agent().unwrap();
    let line = AuditLine {
        at: Timestamp::now(),
        who: "Mia".into(),
        what: "rejected".into(),
        action: action.id.0.clone(),
        detail: String::new(),
    };
    let states = (ActionState::Waiting, ActionState::Rejected);
    assert!(store.desks.move_action(agent, &action.id, states, &line).await.unwrap());
    assert!(!store.desks.move_action(agent, &action.id, states, &line).await.unwrap());
    assert!(matches!(approve(&store, &action).await, Ended::Refused(_)));
    assert_eq!(effects(&sandbox).len(), 0);
    let audit = store.desks.audit_of(agent, None).await.unwrap();
    // Besides, that the conversations were handed over.
    assert_eq!(audit.iter().filter(|line| line.what != "handed over").count(), 4);
}
