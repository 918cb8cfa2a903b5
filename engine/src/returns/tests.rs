//! Dates here were counted by hand on a calendar.

pub(crate) mod orders;
mod properties;

use super::*;
use crate::live::*;
use orders::{at, chicago, date, gid, item, order, parcel, usd};

const RULES: &str = r#"
[default]
id = "standard"
days = 30
conditions = ["unworn"]
fee = { US = "7.50 USD", CA = "11.00 CAD" }
fee_waived = ["you are a member"]
steps = ["Open the returns page."]
page = "pages/returns.md"

[[rules]]
id = "final-sale"
when = [{ tags = ["final-sale"] }]
never = "it is a final sale item"
steps = ["If it is damaged, tell us."]

[[rules]]
id = "gift-card"
when = [{ gift_card = true }]
never = "it is a gift card"

[[rules]]
id = "engraved"
when = [{ variants = ["*with engraving"] }, { attributes = ["Engraving"] }]
never = "it is engraved"

[[rules]]
id = "no-fuel-in-canada"
when = [{ tags = ["fuel"], countries = ["CA"] }]
never = "fuel may not cross the border"

[[rules]]
id = "hygiene"
when = [{ tags = ["hygiene"] }]
never_unless = "its seal is unopened"
conditions = ["with the seal whole"]

[[rules]]
id = "holiday"
when = [{ ordered_from = 2026-11-01, ordered_to = "2026-12-24" }]
until = 2027-01-31
fee = { US = "0.00 USD" }
"#;

fn rules() -> ReturnRules {
    toml::from_str(RULES).unwrap()
}

fn judged(order: &Order, today: &str) -> Verdict {
    judge(&rules(), order, &order.items[0], date(today), &chicago())
}

fn open(until: &str) -> Standing {
    Standing::Open { until: LastDay::On(date(until)) }
}

fn closed(since: &str) -> Standing {
    Standing::Closed { since: date(since) }
}

#[test]
fn the_last_day_is_counted_in_the_stores_zone() {
    let check = |placed: &str, delivered: &str, today: &str, rule: &str, expect: Standing| {
        let order = order(placed, vec![item(1, 1, &[])], vec![parcel(1, &[(1, 1)], Some(delivered))]);
        let verdict = judged(&order, today);
        assert_eq!((verdict.rule.as_str(), &verdict.standing), (rule, &expect), "delivered {delivered}, on {today}");
    };
    let early = "2026-01-01T12:00:00Z";
    // 23:30 in Chicago is the next day in UTC.
    check(early, "2026-09-10T04:30:00Z", "2026-10-09", "standard", open("2026-10-09"));
    check(early, "2026-09-10T04:30:00Z", "2026-10-10", "standard", closed("2026-10-09"));
    // Clocks go back on 2026-11-01 and forward on 2027-03-14.
    check(early, "2026-10-31T04:30:00Z", "2026-11-29", "standard", open("2026-11-29"));
    check(early, "2026-11-02T05:30:00Z", "2026-11-29", "standard", open("2026-12-01"));
    check(early, "2026-11-02T06:30:00Z", "2026-11-29", "standard", open("2026-12-02"));
    check(early, "2027-03-14T05:59:00Z", "2027-04-01", "standard", open("2027-04-12"));
    check(early, "2027-03-15T04:59:00Z", "2027-04-01", "standard", open("2027-04-13"));
    check(early, "2027-03-15T05:00:00Z", "2027-04-01", "standard", open("2027-04-14"));
    // Ends of months, a year's end, leap days.
    check(early, "2026-01-31T18:00:00Z", "2026-02-01", "standard", open("2026-03-02"));
    check(early, "2026-04-30T18:00:00Z", "2026-05-01", "standard", open("2026-05-30"));
    check(early, "2026-12-31T18:00:00Z", "2027-01-30", "standard", open("2027-01-30"));
    check(early, "2028-01-31T18:00:00Z", "2028-03-01", "standard", open("2028-03-01"));
    check(early, "2028-01-31T18:00:00Z", "2028-03-02", "standard", closed("2028-03-01"));
    check(early, "2028-02-29T18:00:00Z", "2028-03-30", "standard", open("2028-03-30"));
    // The holiday season begins and ends at the store's midnight.
    check("2026-11-01T04:59:59Z", "2026-11-05T18:00:00Z", "2026-12-05", "standard", open("2026-12-05"));
    check("2026-11-01T05:00:00Z", "2026-11-05T18:00:00Z", "2026-12-06", "holiday", open("2027-01-31"));
    check("2026-12-25T05:59:59Z", "2027-01-05T18:00:00Z", "2027-01-31", "holiday", open("2027-01-31"));
    check("2026-12-25T05:59:59Z", "2027-01-05T18:00:00Z", "2027-02-01", "holiday", closed("2027-01-31"));
    check("2026-12-25T06:00:00Z", "2027-01-05T18:00:00Z", "2027-02-01", "standard", open("2027-02-04"));
    // It arrived when the fixed day was over: no rule says what then.
    let late = Standing::Unknown { why: Missing::WindowBeforeDelivery };
    check("2026-12-20T12:00:00Z", "2027-02-03T18:00:00Z", "2027-02-04", "holiday", late);
}

#[test]
fn classes_that_are_excluded_beat_every_window() {
    let check = |change: &dyn Fn(&mut LineItem, &mut Order), rule: &str, expect: Standing| {
        let mut line = item(1, 1, &[]);
        // In the holiday season, so that a window with a fixed day would hold.
        let mut order =
            order("2026-11-10T12:00:00Z", Vec::new(), vec![parcel(1, &[(1, 1)], Some("2026-11-12T18:00:00Z"))]);
        change(&mut line, &mut order);
        order.items = vec![line];
        let verdict = judged(&order, "2026-11-21");
        assert_eq!((verdict.rule.as_str(), &verdict.standing), (rule, &expect));
    };
    let never = |why: &str| Standing::Never { why: why.into() };
    let unknown = |why| Standing::Unknown { why };
    let tag = |line: &mut LineItem, tag: &str| line.product_tags.push(tag.into());
    check(&|l, _| tag(l, "Final-Sale"), "final-sale", never("it is a final sale item"));
    check(&|l, _| l.gift_card = true, "gift-card", never("it is a gift card"));
    check(&|l, _| l.variant_title = Some("Cream / With engraving".into()), "engraved", never("it is engraved"));
    check(&|l, _| l.variant_title = Some("Cream / None".into()), "holiday", open("2027-01-31"));
    check(&|l, _| l.attributes = vec![("engraving".into(), "For Ida".into())], "engraved", never("it is engraved"));
    check(&|l, _| l.attributes = vec![("Engraving".into(), "None".into())], "holiday", open("2027-01-31"));
    // The tags went with the product: nothing may be promised.
    check(&|l, _| l.product = None, "final-sale", unknown(Missing::Product));
    check(&|l, _| (l.product, l.gift_card) = (None, true), "gift-card", never("it is a gift card"));
    // A rule of one country, and an order that names none.
    let country = |order: &mut Order, code: Option<&str>| {
        order.shipping_address.as_mut().unwrap().country_code = code.map(str::to_owned);
    };
    check(&|l, _| tag(l, "fuel"), "holiday", open("2027-01-31"));
    check(
        &|l, o| {
            tag(l, "fuel");
            country(o, Some("CA"));
        },
        "no-fuel-in-canada",
        never("fuel may not cross the border"),
    );
    check(
        &|l, o| {
            tag(l, "fuel");
            country(o, None);
        },
        "no-fuel-in-canada",
        unknown(Missing::Country),
    );
    check(&|_, o| country(o, None), "holiday", open("2027-01-31"));
    // Hygiene: the window of the season, and only with the proviso.
    let sealed = Standing::OpenIf { until: LastDay::On(date("2027-01-31")), provided: "its seal is unopened".into() };
    check(&|l, _| tag(l, "hygiene"), "holiday", sealed);
    let later =
        Standing::NotYet { days: None, until: Some(date("2027-01-31")), provided: Some("its seal is unopened".into()) };
    check(
        &|l, o| {
            tag(l, "hygiene");
            o.parcels.clear();
        },
        "holiday",
        later,
    );
}

#[test]
fn what_is_left_and_where_it_is_decide_before_the_window() {
    let check = |name: &str, quantity: u32, order: Order, expect: Standing| {
        let verdict = judged(&order, "2026-09-20");
        assert_eq!((verdict.quantity, &verdict.standing), (quantity, &expect), "{name}");
    };
    let placed = "2026-09-01T12:00:00Z";
    let here = Some("2026-09-10T18:00:00Z");
    let gone = |why: &str| Standing::NothingLeft { why: why.into() };
    let not_yet = Standing::NotYet { days: Some(30), until: None, provided: None };
    let unknown = Standing::Unknown { why: Missing::DeliveryDate };
    let ahead = Standing::Open { until: LastDay::DaysAfterTheRest(30) };
    let one = |parcels: Vec<Parcel>| order(placed, vec![item(1, 1, &[])], parcels);
    let with = |status: Option<ParcelStatus>, delivered: Option<&str>| {
        one(vec![Parcel { status, ..parcel(1, &[(1, 1)], delivered) }])
    };
    let returned = |status: ReturnStatus, quantity: u32, refunded: u32| Return {
        id: gid("Return", 1),
        name: "#FV10234-R1".into(),
        status,
        created_at: at("2026-09-12T12:00:00Z"),
        closed_at: None,
        decline_note: Some("worn".into()),
        items: vec![ReturnItem { line: Some(gid("LineItem", 1)), title: None, quantity, refunded_quantity: refunded }],
    };

    let mut cancelled = one(Vec::new());
    cancelled.cancelled = Some(Cancelled { at: at(placed), reason: None });
    check("cancelled", 0, cancelled, gone("the order was cancelled"));
    check("not sent", 0, one(Vec::new()), not_yet.clone());
    check("on its way", 0, one(vec![parcel(1, &[(1, 1)], None)]), not_yet.clone());
    check("called off", 0, with(Some(ParcelStatus::Canceled), None), not_yet);
    check("delivered", 1, one(vec![parcel(1, &[(1, 1)], here)]), open("2026-10-10"));
    check("no tracking", 0, with(Some(ParcelStatus::Fulfilled), None), unknown.clone());
    check("no status", 0, with(None, None), unknown.clone());
    check("delivered, no date", 0, with(Some(ParcelStatus::Delivered), None), unknown.clone());
    check("contradiction", 0, with(Some(ParcelStatus::Failure), here), unknown.clone());
    check("lost", 0, with(Some(ParcelStatus::Failure), None), Standing::Lost { parcel: "#FV10234-F1".into() });
    let mut scanned = with(Some(ParcelStatus::Delivered), None);
    scanned.parcels[0].events = vec![ParcelEvent {
        status: ParcelEventStatus::Delivered,
        at: at("2026-09-09T18:00:00Z"),
        message: None,
        city: None,
        province: None,
        country: None,
    }];
    check("delivered by its events", 1, scanned, open("2026-10-09"));
    let mut expected = with(Some(ParcelStatus::Fulfilled), None);
    expected.parcels[0].estimated_delivery_at = Some(at("2026-09-22T18:00:00Z"));
    check("expected", 0, expected, Standing::NotYet { days: Some(30), until: None, provided: None });

    // The window begins with the last parcel.
    let two = |parcels: Vec<Parcel>| order(placed, vec![item(1, 2, &[]), item(2, 1, &[])], parcels);
    let later = Some("2026-09-18T18:00:00Z");
    check("two parcels", 2, two(vec![parcel(1, &[(1, 2)], here), parcel(2, &[(2, 1)], later)]), open("2026-10-18"));
    check("the other on its way", 2, two(vec![parcel(1, &[(1, 2)], here), parcel(2, &[(2, 1)], None)]), ahead.clone());
    check("the other not sent", 2, two(vec![parcel(1, &[(1, 2)], here)]), ahead.clone());
    check("half of it here", 1, two(vec![parcel(1, &[(1, 1), (2, 1)], here), parcel(2, &[(1, 1)], None)]), ahead);
    let mut removed = two(vec![parcel(1, &[(1, 2)], here)]);
    removed.items[1].current_quantity = 0;
    check("the other was refunded unsent", 2, removed, open("2026-10-10"));
    let mut unclear = two(vec![parcel(1, &[(1, 2)], here), parcel(2, &[(2, 1)], None)]);
    unclear.parcels[1].status = Some(ParcelStatus::MarkedAsFulfilled);
    check("nobody knows about the other", 2, unclear, unknown);
    // A gift card has no delivery that could be waited for.
    let mut gift = two(vec![parcel(1, &[(1, 2)], here), parcel(2, &[(2, 1)], None)]);
    gift.items[1].requires_shipping = false;
    gift.parcels[1].status = Some(ParcelStatus::Fulfilled);
    check("a gift card beside it", 2, gift, open("2026-10-10"));

    let of_two = || two(vec![parcel(1, &[(1, 2), (2, 1)], here)]);
    let with_return = |r: Return, current: u32| {
        let mut order = of_two();
        order.items[0].current_quantity = current;
        order.returns = vec![r];
        order
    };
    check("one in a return", 1, with_return(returned(ReturnStatus::Open, 1, 0), 2), open("2026-10-10"));
    check("one returned and refunded", 1, with_return(returned(ReturnStatus::Closed, 1, 1), 1), open("2026-10-10"));
    let asked = gone("a return of it was already requested (#FV10234-R1)");
    check("both asked for", 0, with_return(returned(ReturnStatus::Requested, 2, 0), 2), asked);
    let running = gone("a return of it is already open (#FV10234-R1)");
    check("both in a return", 0, with_return(returned(ReturnStatus::Open, 2, 0), 2), running);
    check("both returned", 0, with_return(returned(ReturnStatus::Closed, 2, 2), 0), gone("it was already returned"));
    check("called off", 2, with_return(returned(ReturnStatus::Canceled, 2, 0), 2), open("2026-10-10"));
    let declined = Standing::Declined { name: "#FV10234-R1".into(), note: Some("worn".into()) };
    check("declined", 2, with_return(returned(ReturnStatus::Declined, 1, 0), 2), declined);
    let mut refunded = of_two();
    refunded.items[0].current_quantity = 0;
    check("removed", 0, refunded.clone(), gone("it was removed from the order"));
    refunded.refunds = vec![Refund {
        id: gid("Refund", 1),
        created_at: at(placed),
        total: usd("10"),
        items: vec![RefundItem { line: gid("LineItem", 1), title: "Item 1".into(), quantity: 2 }],
        transactions: Vec::new(),
    }];
    check("refunded", 0, refunded, gone("it was already refunded"));
}

#[test]
fn a_window_can_count_from_the_items_own_parcel() {
    let mut rules = rules();
    rules.counts_from = CountsFrom::ItemDelivery;
    let parcels = vec![
        parcel(1, &[(1, 1)], Some("2026-09-05T18:00:00Z")),
        parcel(2, &[(1, 1)], Some("2026-09-07T18:00:00Z")),
        parcel(3, &[(2, 1)], None),
    ];
    let order = order("2026-09-01T12:00:00Z", vec![item(1, 2, &[]), item(2, 1, &[])], parcels);
    let verdict = judge(&rules, &order, &order.items[0], date("2026-09-20"), &chicago());
    assert_eq!(verdict.standing, open("2026-10-07"));
}

#[test]
fn a_rule_inherits_what_it_does_not_say_and_an_excluded_class_nothing() {
    let here = vec![parcel(1, &[(1, 1)], Some("2026-11-12T18:00:00Z"))];
    let season = order("2026-11-10T12:00:00Z", vec![item(1, 1, &["hygiene"])], here.clone());
    let verdict = judged(&season, "2026-11-21");
    assert_eq!(verdict.conditions, ["unworn", "with the seal whole"]);
    assert_eq!(verdict.fee, Some(usd("0")));
    assert_eq!((verdict.steps.len(), verdict.fee_waived.len(), verdict.page), (1, 1, None));
    assert_eq!(verdict.also, [RuleRef { rule: "hygiene".into(), page: None, url: None }]);
    let usual = order("2026-08-10T12:00:00Z", vec![item(1, 1, &[])], here.clone());
    let verdict = judged(&usual, "2026-11-21");
    assert_eq!((verdict.fee, verdict.page.as_deref()), (Some(usd("7.50")), Some("pages/returns.md")));
    let never = order("2026-11-10T12:00:00Z", vec![item(1, 1, &["final-sale"])], here);
    let verdict = judged(&never, "2026-11-21");
    assert_eq!((verdict.fee, verdict.conditions.len(), verdict.fee_waived.len()), (None, 0, 0));
    assert_eq!(verdict.steps, ["If it is damaged, tell us."]);
}

#[test]
fn rules_that_contradict_themselves_are_refused() {
    let check = |text: &str, expect: &str| {
        let error = toml::from_str::<ReturnRules>(text).unwrap_err();
        assert!(error.message().contains(expect), "{text}: {}", error.message());
    };
    let default = "default = { id = \"d\", days = 30 }\n";
    check("default = { id = \"d\" }", "exactly one of");
    check("default = { id = \"d\", days = 30, never = \"it is x\" }", "exactly one of");
    check("default = { id = \"d\", days = 99999 }", "3650");
    check("default = { id = \"d\", never_unless = \"it is sealed\" }", "default rule needs");
    check("default = { id = \"d\", days = 30, when = [{ tags = [\"a\"] }] }", "default rule holds for every item");
    check("default = { id = \"d\", days = 30, fee = { US = \"7.50\" } }", "7.50 USD");
    check("default = { id = \"d\", days = 30, fee = { usa = \"7.50 USD\" } }", "country code");
    check(&format!("{default}[[rules]]\nid = \"a\"\ndays = 14"), "say with `when`");
    check(&format!("{default}[[rules]]\nid = \"a\"\nwhen = [{{}}]\ndays = 14"), "empty `when`");
    check(
        &format!("{default}[[rules]]\nid = \"d\"\nwhen = [{{ tags = [\"a\"] }}]\ndays = 14"),
        "two rules have the id",
    );
    check(
        &format!("{default}[[rules]]\nid = \"a\"\nwhen = [{{ tags = [\"a\"] }}]\nnever = \" \""),
        "a clause is missing",
    );
    check(&format!("{default}[[rules]]\nid = \"a\"\nwhen = [{{ tgas = [\"a\"] }}]\ndays = 14"), "unknown field");
    check(
        &format!(
            "{default}[[rules]]\nid = \"a\"\nwhen = [{{ ordered_from = 2026-02-02, ordered_to = 2026-02-01 }}]\ndays = 1"
        ),
        "after `ordered_to`",
    );
}
