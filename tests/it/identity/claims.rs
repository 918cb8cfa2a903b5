//! Claims are counted before anybody looks, and answered in classes of time.

use super::*;
use engine::{ConversationId, identity::OrderNumber};
use std::time::Instant;

fn claim(store: &str, conversation: &str, number: u32, email: &str) -> OrderClaim {
    OrderClaim {
        pass: tests::app::pass(store),
        conversation: ConversationId(conversation.into()),
        number: OrderNumber::parse(&number.to_string()).unwrap(),
        email: Email::parse(email).unwrap(),
    }
}

/// What a claim is answered with, in a word.
async fn make(app: &TestApp, claim: OrderClaim) -> &'static str {
    match app.storefront.as_ref().expect("a storefront").claimed(&claim).await {
        Ok(Some(_)) => "hit",
        Ok(None) => "miss",
        Err(StorefrontError::TooManyTries) => "too many",
        Err(error) => panic!("{error}"),
    }
}

async fn all(app: &TestApp, claims: impl IntoIterator<Item = OrderClaim>) -> Vec<&'static str> {
    futures::future::join_all(claims.into_iter().map(|claim| make(app, claim))).await
}

async fn start(change: impl FnOnce(&mut tests::app::Setup)) -> (TestApp, Arc<OneOrder>) {
    let orders = storefront();
    let app = TestApp::with(|setup| {
        setup.ports.storefront = Some(orders.clone());
        change(setup);
    })
    .await;
    (app, orders)
}

#[tokio::test]
async fn five_a_conversation_then_nobody_learns_what_is_right() {
    let (app, orders) = start(|_| {}).await;
    // Ten guesses at once: exactly five are looked up.
    let guesses = (2001..2011).map(|number| claim("one", "c-1", number, STRANGER));
    let answers = all(&app, guesses).await;
    assert_eq!(answers.iter().filter(|answer| **answer == "miss").count(), 5, "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| **answer == "too many").count(), 5, "{answers:?}");
    assert_eq!(orders.claims.load(Ordering::SeqCst), 5);
    // The right one as well, in this conversation; in another one, and at another store's, it is free.
    assert_eq!(make(&app, claim("one", "c-1", 1001, BETH)).await, "too many");
    assert_eq!(make(&app, claim("one", "c-2", 1001, BETH)).await, "hit");
    assert_eq!(make(&app, claim("two", "c-1", 1001, BETH)).await, "hit");
    app.clock.advance(3600);
    assert_eq!(make(&app, claim("one", "c-1", 1001, BETH)).await, "hit");
}

#[tokio::test]
async fn ten_an_address_from_wherever() {
    let (app, orders) = start(|_| {}).await;
    let guesses = (0..12).map(|i| claim("one", &format!("c-{i}"), 2000 + i, BETH));
    let answers = all(&app, guesses).await;
    assert_eq!(answers.iter().filter(|answer| **answer == "miss").count(), 10, "{answers:?}");
    assert_eq!(make(&app, claim("one", "c-99", 1001, BETH)).await, "too many");
    assert_eq!(orders.claims.load(Ordering::SeqCst), 10);
}

#[tokio::test]
async fn asking_again_about_the_same_order_is_no_further_try() {
    let (app, _) = start(|_| {}).await;
    for _ in 0..2 {
        assert_eq!(all(&app, (0..8).map(|_| claim("one", "c-1", 1001, BETH))).await, ["hit"; 8]);
    }
    let guesses = (2001..2006).map(|number| claim("one", "c-1", number, BETH));
    let answers = all(&app, guesses).await;
    assert_eq!(answers.iter().filter(|answer| **answer == "miss").count(), 4, "{answers:?}");
    assert_eq!(make(&app, claim("one", "c-1", 1001, BETH)).await, "hit", "what was answered before still is");
}

#[tokio::test]
async fn a_store_takes_so_many_a_minute() {
    let (app, _) = start(|setup| setup.identity.claims_per_store = 3).await;
    let guesses = (0..5).map(|i| claim("one", &format!("c-{i}"), 2000 + i, &format!("g{i}@mail.example")));
    let answers = all(&app, guesses).await;
    assert_eq!(answers.iter().filter(|answer| **answer == "miss").count(), 3, "{answers:?}");
    app.clock.advance(60);
    assert_eq!(make(&app, claim("one", "c-9", 1001, BETH)).await, "hit");
}

#[tokio::test]
async fn a_hit_comes_no_sooner_than_a_slower_miss() {
    let orders = Arc::new(OneOrder { slow_miss: Duration::from_millis(120), ..OneOrder::default() });
    let app = TestApp::with(|setup| setup.ports.storefront = Some(orders)).await;
    for (claim, expect) in [
        (claim("one", "c-1", 1001, BETH), "hit"),
        (claim("one", "c-1", 1002, BETH), "miss"),
        (claim("one", "c-1", 1001, STRANGER), "miss"),
    ] {
        let asked = Instant::now();
        assert_eq!(make(&app, claim).await, expect);
        // How much later than the class it comes is the machine's affair.
        assert!(asked.elapsed() >= Duration::from_millis(300), "{expect}: {:?}", asked.elapsed());
    }
}
