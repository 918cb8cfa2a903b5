//! How an order was paid and what is left to pay with: the owner's matter, and nobody else's.

use super::*;

/// Beth has gift cards and store credit, Carl a gift card.
fn stored(email: &str, last: &str, minor: i64) -> StoredValue {
    let card = GiftCard {
        last: LastFour::of(last),
        balance: usd(minor),
        enabled: true,
        expires_on: Some("2027-06-30".parse().unwrap()),
    };
    StoredValue {
        store: StoreId::parse("one").unwrap(),
        customer: None,
        email: Email::parse(email).ok(),
        gift_cards: Some(vec![card]),
        credit: Some(vec![usd(1250)]),
    }
}

fn shop_with_money() -> MemoryStorefront {
    let mut shop = shop();
    for order in &mut shop.orders {
        let last = if order.number == number(10300) { "1111" } else { "4336" };
        order.payments = vec![Payment {
            kind: PaymentKind::Sale,
            status: PaymentStatus::Success,
            amount: order.total,
            method: Some(PaymentMethod::Card {
                brand: Some("Mastercard".into()),
                last: LastFour::of(last),
                wallet: None,
            }),
            at: Some(order.created_at),
        }];
    }
    shop.stored = vec![stored(EMAIL, "7f2k", 6000), stored("carl@mail.example", "9z9z", 9900)];
    shop
}

async fn ask_about_money(asker: &Asker, text: &str) -> Told {
    tell(shop_with_money(), profile(), asker, &Turn::single("c", text)).await.unwrap()
}

#[tokio::test]
async fn payments_and_balances_are_the_owners_alone() {
    let (card, left) = ("Which card did I use for FV10234?", "How much is left on my gift card?");
    let told = ask_about_money(&beth(), card).await.text();
    assert!(told.starts_with("Order #FV10234 was paid with a Mastercard ending in 4336: $177.59 on "), "{told}");
    let told = ask_about_money(&beth(), left).await.text();
    assert_eq!(told, "Your gift card ending in 7f2k has $60.00 left (valid until June 30, 2027).");
    // Both at once, and beside an order.
    let told = ask_about_money(&beth(), "What is my gift card balance? And where is FV10234?").await.text();
    assert!(
        told.starts_with("Your gift card ending in 7f2k") && told.contains("Order #FV10234 is on its way"),
        "{told}"
    );
    // Number and e-mail are not enough, and nothing is looked up for them.
    for asker in [anonymous(), claim(10234, EMAIL)] {
        for text in [card, left, "How much store credit do I have? My e-mail is beth@mail.example, order FV10234"] {
            let told = ask_about_money(&asker, text).await;
            let Reply::NeedsIdentity(asks) = &told.reply else { panic!("{text}: {}", told.text()) };
            assert!(
                !asks.ways.contains(&IdentityWay::OrderNumberAndEmail) || asks.message.starts_with(ASK),
                "{asks:?}"
            );
            assert_eq!(told.calls, 0, "{text}");
            assert!(!told.text().contains('$') && !told.text().contains("ending"), "{}", told.text());
        }
    }
    // Another customer hears of their own, or of nothing.
    let dora = Asker::Verified(verified("one", "dora@mail.example"));
    let told = ask_about_money(&dora, left).await.text();
    assert!(told.starts_with("I see no gift card in your account."), "{told}");
    let told = ask_about_money(&dora, card).await.text();
    assert!(told.starts_with(NOT_YOURS) && !told.contains("4336"), "{told}");
}

#[tokio::test]
async fn a_key_that_may_not_read_balances_is_no_error() {
    let turn = Turn::single("c", "How much is left on my gift card?");
    let told = tell(shop(), profile(), &beth(), &turn).await.unwrap();
    assert_eq!(told.reason(), Some(HandoffReason::NeedsLiveData), "{}", told.text());
    let credit_only = StoredValue { gift_cards: None, ..stored(EMAIL, "7f2k", 6000) };
    let with = |stored: StoredValue| MemoryStorefront { stored: vec![stored], ..shop() };
    let told = tell(with(credit_only.clone()), profile(), &beth(), &turn).await.unwrap();
    assert_eq!(told.reason(), Some(HandoffReason::NeedsLiveData), "{}", told.text());
    let turn = Turn::single("c", "How much store credit do I have?");
    let told = tell(with(credit_only), profile(), &beth(), &turn).await.unwrap();
    assert_eq!(told.text(), "You have $12.50 of store credit.");
}

#[tokio::test]
async fn a_payment_is_changed_by_a_person_who_need_not_ask_what_is_left() {
    for text in ["Can I use my gift card balance for that order instead?", "can I pay with the rest of my gift card?"] {
        let told = ask_about_money(&beth(), text).await;
        assert_eq!(told.reason(), Some(HandoffReason::NeedsAction), "{text}");
        assert!(told.text().starts_with("Your gift card ending in 7f2k has $60.00 left"), "{}", told.text());
        assert!(told.action().is_none());
        let nobody = ask_about_money(&anonymous(), text).await;
        assert_eq!((nobody.reason(), nobody.calls), (Some(HandoffReason::NeedsAction), 0), "{text}");
        assert!(!nobody.text().contains('$'), "{}", nobody.text());
    }
}

#[tokio::test]
async fn a_balance_that_a_careless_shop_returns_is_looked_at_again() {
    let look = async |store: &str, asker: &Asker| {
        let shop = Careless(shop_with_money(), StoreId::parse(store).unwrap());
        let (profile, turn) = (profile(), Turn::single("c", "How much is left on my gift card?"));
        let question = LiveQuestion::read(&turn, &profile.order_number).unwrap();
        flow::Live { storefront: &shop, profile: &profile, asker, turn: &turn, now: now() }.look(&question).await
    };
    assert!(look("two", &beth()).await.is_err());
    // Beth's, whoever asks.
    let carl = Asker::Verified(verified("one", "carl@mail.example"));
    let step = look("one", &carl).await.unwrap();
    let flow::Step::Said { composed, .. } = step else { panic!("{step:?}") };
    assert!(composed.text().starts_with("I see no gift card in your account."), "{}", composed.text());
}
