//! What is said holds no value that the order does not, and no value that the asker may not see.

use super::tests::{compose, sent};
use super::{PERSON, Scene, claimed, order};
use crate::live::samples::{at, event, line, now, parcel, profile, usd, work};
use crate::live::*;
use crate::reply::IdentityWay;
use crate::store::StoreProfile;
use crate::value::{Value, values};
use jiff::Timestamp;

#[test]
fn a_claim_opens_where_it_is_and_nothing_else() {
    let everything = "Where is my order FV10234? What did I order? How much did I pay? What address is my order going to? Has my order been refunded? Can I still return order FV10234? When does FV10234 arrive? What's the tracking number for FV10234?";
    let mut of = samples::order(10234);
    sent(
        &mut of,
        ParcelStatus::Delivered,
        &[(ParcelEventStatus::Delivered, 1, "Left with neighbour Mrs Aranda, 77 Lakeview Terrace")],
    );
    of.parcels[0].delivered_at = Some(at(1));
    of.cancelled = None;
    of.pending = vec![work(&of, FulfillmentOrderStatus::OnHold, &[HoldReason::HighRiskOfFraud])];
    let owner = compose(everything, |scene, said| order(scene, &of, said));
    let said = compose(everything, |scene, said| *said = claimed(scene, &of.as_claimed()));
    let answer = said.clone().answer().unwrap();
    let mut told = vec![said.text()];
    told.extend(answer.citations().iter().map(|c| c.quote.clone()));
    for secret in [
        "Aranda",
        "Lakeview",
        "Ely",
        "55731",
        "Hibbing",
        "555",
        "Trail Jacket",
        "Wool Socks",
        "129",
        "177.59",
        "14.50",
        "6.95",
        "$",
        "risk",
        "FRAUD",
    ] {
        assert!(told.iter().all(|t| !t.contains(secret)), "{secret} in {told:?}");
    }
    assert!(
        said.text().contains("was delivered on Friday, November 20, 2026 and was left with a neighbour."),
        "{}",
        said.text()
    );
    let ways = "please ask for a code to the e-mail address on file, or sign in to the store.";
    assert!(said.text().contains(ways), "{}", said.text());
    // Only what the store has switched on is offered.
    let bare = StoreProfile { identity: vec![IdentityWay::OrderNumberAndEmail], ..profile() };
    let said = compose(everything, |scene, said| {
        *said = claimed(&Scene { profile: &bare, ..*scene }, &of.as_claimed());
    });
    assert!(!said.text().contains("code") && said.text().ends_with(PERSON), "{}", said.text());
    for known in ["77 Lakeview Terrace", "Trail Jacket", "$177.59"] {
        assert!(owner.text().contains(known), "the owner is told {known}");
    }
}

/// Every day, amount and number that may be said of an order: its facts, and the days that the rules count from them.
fn known(of: &Order) -> Vec<Value> {
    let profile = profile();
    let quoted = serde_json::to_string(of).unwrap();
    let instants: Vec<Timestamp> = quoted.split('"').filter_map(|t| t.parse().ok()).collect();
    let mut days: Vec<jiff::civil::Date> =
        instants.iter().map(|t| crate::returns::day(*t, &profile.time_zone)).collect();
    days.push(crate::returns::day(now(), &profile.time_zone));
    let rules = profile.delivery.as_ref().unwrap();
    for day in days.clone() {
        days.extend((0..=8).filter_map(|n| rules.add_business_days(day, n)));
        days.extend([10, 30].map(|n| day.checked_add(jiff::Span::new().days(n)).unwrap()));
    }
    // A parcel counts as lost on the day after its last business day; what leaves later arrives later.
    for day in days.clone() {
        days.push(day.tomorrow().unwrap());
        days.extend((3..=5).filter_map(|n| rules.add_business_days(day, n)));
    }
    let mut known: Vec<Value> =
        days.iter().map(|d| Value::Date { year: Some(d.year()), month: d.month(), day: d.day() }).collect();
    let json: serde_json::Value = serde_json::from_str(&quoted).unwrap();
    let mut stack = vec![&json];
    while let Some(value) = stack.pop() {
        match value {
            serde_json::Value::Object(map) => {
                if let (Some(minor), Some(_)) = (map.get("minor"), map.get("currency")) {
                    known.push(Value::Money {
                        minor: minor.as_i64().unwrap(),
                        currency: Some(crate::value::Currency::Usd),
                    });
                }
                stack.extend(map.values());
            }
            serde_json::Value::Array(list) => stack.extend(list),
            serde_json::Value::String(text) => known.extend(values(text).into_iter().map(|f| f.value)),
            serde_json::Value::Number(n) => {
                known.push(Value::Number { thousandths: n.as_i64().unwrap() * 1000, unit: None })
            }
            serde_json::Value::Null | serde_json::Value::Bool(_) => {}
        }
    }
    let pieces: u32 = of.items.iter().map(|i| i.quantity).sum();
    for n in
        [pieces, of.parcels.len() as u32].into_iter().chain(of.items.iter().map(|i| i.quantity - i.current_quantity))
    {
        known.extend(values(&format!("{n} items and {n}")).into_iter().map(|f| f.value));
    }
    let hour = |t: Timestamp| {
        let t = t.to_zoned(profile.time_zone.clone());
        Value::TimeOfDay(i64::from(t.hour()) * 60 + i64::from(t.minute()))
    };
    known.push(hour(of.created_at.saturating_add(jiff::SignedDuration::from_mins(60)).unwrap()));
    // What the settings say themselves.
    known.extend(values("within 30 days of delivery, within 7 days, $7.50").into_iter().map(|f| f.value));
    known
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(400))]
    #[test]
    fn every_value_that_is_said_is_a_value_of_the_order(
        placed in 0i64..60,
        states in proptest::collection::vec((0usize..ParcelStatus::KNOWN.len(), 0i64..40, 0usize..ParcelEventStatus::KNOWN.len(), -3i64..9), 0..3),
        work_state in proptest::option::of((0usize..FulfillmentOrderStatus::KNOWN.len(), 0usize..HoldReason::KNOWN.len(), 1i64..40)),
        prices in proptest::collection::vec((1i64..90_000, 1u32..4, 0u32..2), 1..4),
        money in 0usize..FinancialStatus::KNOWN.len(),
        refunds in proptest::collection::vec((1i64..9_000, 0i64..30, 0usize..4), 0..3),
        cancelled in proptest::option::of(0usize..CancelReason::KNOWN.len()),
    ) {
        let mut of = samples::order(10234);
        of.created_at = at(placed);
        of.items = prices.iter().zip(1..).map(|((price, quantity, gone), n)| LineItem {
            current_quantity: quantity.saturating_sub(*gone),
            ..line(n, ["Trail Jacket", "Wool Socks", "Tent"][n as usize - 1], *quantity, *price)
        }).collect();
        of.subtotal = usd(of.items.iter().map(|i| i.total.minor).sum());
        of.total = usd(of.subtotal.minor + of.shipping.minor + of.tax.minor);
        of.financial = Some(FinancialStatus::from(FinancialStatus::KNOWN[money]));
        for (n, (state, ago, seen, due)) in (1..).zip(states) {
            let mut p = parcel(&of, n, ParcelStatus::from(ParcelStatus::KNOWN[state]));
            p.created_at = at(ago);
            p.events = vec![event(ParcelEventStatus::from(ParcelEventStatus::KNOWN[seen]), ago / 2, "")];
            p.delivered_at = (p.status == Some(ParcelStatus::Delivered)).then(|| at(ago / 2));
            p.estimated_delivery_at = (due >= 0).then(|| at(-due));
            of.parcels.push(p);
        }
        if let Some((state, hold, due)) = work_state {
            let state = FulfillmentOrderStatus::from(FulfillmentOrderStatus::KNOWN[state]);
            let due = (state == FulfillmentOrderStatus::Scheduled).then(|| at(-due));
            of.pending = vec![PendingWork { fulfill_at: due, ..work(&of, state, &[HoldReason::from(HoldReason::KNOWN[hold])]) }];
        }
        for (amount, ago, status) in refunds {
            let status = ["SUCCESS", "PENDING", "FAILURE", "UNKNOWN"][status].to_owned();
            let way = RefundTransaction { amount: usd(amount), gateway: Some("paypal".into()), status, processed_at: Some(at(ago)) };
            of.refunds.push(Refund { id: Gid("r".into()), created_at: at(ago), total: usd(amount), items: Vec::new(), transactions: vec![way] });
        }
        of.cancelled = cancelled.map(|c| Cancelled { at: at(placed / 2), reason: Some(CancelReason::from(CancelReason::KNOWN[c])) });
        let known = known(&of);
        let everything = "Where is my order FV10234? What's the tracking number of FV10234? When will FV10234 arrive? What did I order? How much did I pay? Has my order been refunded? Can I still return order FV10234? What address is order FV10234 going to? Can FV10234 be cancelled?";
        let said = compose(everything, |scene, said| order(scene, &of, said));
        proptest::prop_assert!(!said.is_empty());
        for found in values(&said.text()) {
            proptest::prop_assert!(known.iter().any(|k| found.value.stands_in(k)), "{} in {}", found.value, said.text());
        }
        let told = compose(everything, |scene, said| *said = claimed(scene, &of.as_claimed())).text();
        proptest::prop_assert!(!told.contains('$') && !told.contains("Jacket") && !told.contains("Lakeview"), "{}", told);
    }
}
