//! Dates here were counted by hand on a calendar.

use super::*;
use crate::live::{Cancelled, ParcelEvent, ParcelEventStatus, PendingItem};
use crate::returns::tests::orders::{at, chicago, date, gid, item, order, parcel};
use proptest::prelude::*;

const RULES: &str = r#"
cutoff = "13:00"
holidays = [2026-11-26, "2026-12-25", 2027-01-01]
lost_after_business_days = { US = 7, CA = 12 }

[[methods]]
names = ["Standard"]
countries = ["US"]
except_provinces = ["AK", "HI"]
business_days = [3, 5]

[[methods]]
names = ["Standard", "Alaska*"]
countries = ["US"]
provinces = ["AK", "HI"]
business_days = [6, 9]

[[methods]]
names = ["Overnight"]
countries = ["US"]
business_days = [1, 1]
cutoff = "12:00"

[[methods]]
names = ["Standard"]
countries = ["CA"]
business_days = [5, 8]
cutoff = "11:00"
"#;

fn rules() -> DeliveryRules {
    toml::from_str(RULES).unwrap()
}

fn to(country: &'static str, province: Option<&'static str>) -> Destination<'static> {
    Destination { country: Some(country), province }
}

#[test]
fn business_days_skip_weekends_and_holidays() {
    let check = |from: &str, days: u32, expect: &str| {
        assert_eq!(rules().add_business_days(date(from), days), Some(date(expect)), "{from} + {days}");
    };
    check("2026-11-20", 0, "2026-11-20");
    check("2026-11-20", 1, "2026-11-23");
    check("2026-11-21", 1, "2026-11-23");
    // Thanksgiving is the 26th.
    check("2026-11-20", 4, "2026-11-27");
    check("2026-11-25", 1, "2026-11-27");
    check("2026-12-24", 1, "2026-12-28");
    check("2026-12-31", 1, "2027-01-04");
    check("2028-02-28", 2, "2028-03-01");
    assert_eq!(rules().add_business_days(Date::MAX, 1), None);
}

#[test]
fn a_parcel_is_expected_by_method_country_and_province() {
    let check = |method: &str, to: Destination<'_>, expect: Option<(&str, &str)>| {
        let expect = expect.map(|(from, to)| (date(from), date(to)));
        assert_eq!(rules().expected(method, to, date("2026-11-17")), expect, "{method} {to:?}");
    };
    check("standard", to("US", Some("MN")), Some(("2026-11-20", "2026-11-24")));
    check("Standard", to("US", Some("AK")), Some(("2026-11-25", "2026-12-01")));
    check("Alaska and Hawaii", to("US", Some("AK")), Some(("2026-11-25", "2026-12-01")));
    check("Standard", to("CA", Some("ON")), Some(("2026-11-24", "2026-11-30")));
    // What is not known widens the range: a claim shows the country only.
    check("Standard", to("US", None), Some(("2026-11-20", "2026-12-01")));
    check("Overnight", to("CA", None), None);
    check("Pigeon", to("US", None), None);
}

#[test]
fn an_order_leaves_on_the_day_of_its_cutoff() {
    let check = |method: &str, to: Destination<'_>, placed: &str, expect: &str| {
        let got = rules().dispatch_day(method, to, at(placed), &chicago());
        assert_eq!(got, Some(date(expect)), "{method} {placed}");
    };
    let us = to("US", Some("MN"));
    // 13:00 in Chicago is 19:00 UTC in winter, 18:00 in summer.
    check("Standard", us, "2026-11-20T18:59:59Z", "2026-11-20");
    check("Standard", us, "2026-11-20T19:00:00Z", "2026-11-23");
    check("Standard", us, "2026-07-20T18:00:00Z", "2026-07-21");
    check("Overnight", us, "2026-11-20T18:00:00Z", "2026-11-23");
    check("Standard", to("CA", None), "2026-11-20T17:30:00Z", "2026-11-23");
    check("Standard", us, "2026-11-21T15:00:00Z", "2026-11-23");
    check("Standard", us, "2026-11-26T15:00:00Z", "2026-11-27");
    // Sunday evening in Chicago is Monday in UTC.
    check("Standard", us, "2026-11-23T03:00:00Z", "2026-11-23");
}

#[test]
fn a_parcel_is_late_after_its_last_day_and_lost_after_days_without_a_scan() {
    let check = |scan: Option<&str>, country: &'static str, today: &str, expect: Overdue| {
        let mut parcel = parcel(1, &[(1, 1)], None);
        parcel.created_at = at("2026-11-02T20:00:00Z");
        parcel.events = scan
            .map(|scan| ParcelEvent {
                status: ParcelEventStatus::InTransit,
                at: at(scan),
                message: None,
                city: None,
                province: None,
                country: None,
            })
            .into_iter()
            .collect();
        let to = Destination { country: Some(country), province: Some("MN") };
        assert_eq!(rules().overdue(&parcel, "Standard", to, date(today), &chicago()), expect, "{scan:?} {today}");
    };
    let on_time = Overdue::No { from: date("2026-11-05"), to: date("2026-11-09") };
    check(None, "US", "2026-11-09", on_time);
    check(None, "US", "2026-11-10", Overdue::Late { since: date("2026-11-09") });
    check(None, "US", "2026-11-11", Overdue::Late { since: date("2026-11-09") });
    check(None, "US", "2026-11-12", Overdue::Lost { since: date("2026-11-12") });
    check(Some("2026-11-06T20:00:00Z"), "US", "2026-11-12", Overdue::Late { since: date("2026-11-09") });
    check(Some("2026-11-06T20:00:00Z"), "US", "2026-11-18", Overdue::Lost { since: date("2026-11-18") });
    check(None, "CA", "2026-11-18", Overdue::Late { since: date("2026-11-12") });
    check(None, "CA", "2026-11-19", Overdue::Lost { since: date("2026-11-19") });
    check(None, "DE", "2027-11-19", Overdue::NoRule);
}

#[test]
fn an_order_can_be_cancelled_for_a_while() {
    let rules: CancelRules = toml::from_str(
        "minutes = 60\nfaster = [{ methods = [\"Express*\"], minutes = 15 }]\npreorders_any_time = true",
    )
    .unwrap();
    let check = |change: &dyn Fn(&mut Order), now: &str, expect: Cancellable| {
        let mut order = order("2026-11-21T14:30:00Z", vec![item(1, 1, &[])], Vec::new());
        change(&mut order);
        assert_eq!(cancellable(&rules, &order, at(now)), expect, "at {now}");
    };
    let until = at("2026-11-21T15:30:00Z");
    let scheduled = |status: FulfillmentOrderStatus| PendingWork {
        id: gid("FulfillmentOrder", 1),
        status,
        fulfill_at: None,
        holds: Vec::new(),
        items: vec![PendingItem { line: gid("LineItem", 1), title: "Item 1".into(), remaining: 1 }],
    };
    check(&|_| {}, "2026-11-21T15:30:00Z", Cancellable::Until { until });
    check(&|_| {}, "2026-11-21T15:30:01Z", Cancellable::TooLate { since: until });
    let fast = at("2026-11-21T14:45:00Z");
    check(
        &|o| o.shipping_method = Some("Express (US)".into()),
        "2026-11-21T14:50:00Z",
        Cancellable::TooLate { since: fast },
    );
    check(&|o| o.shipping_method = None, "2026-11-21T14:50:00Z", Cancellable::Until { until });
    check(&|o| o.parcels = vec![parcel(1, &[(1, 1)], None)], "2026-11-21T14:31:00Z", Cancellable::Shipped);
    check(
        &|o| o.cancelled = Some(Cancelled { at: o.created_at, reason: None }),
        "2026-11-21T14:31:00Z",
        Cancellable::AlreadyCancelled,
    );
    let preorder = FulfillmentOrderStatus::Scheduled;
    check(&|o| o.pending = vec![scheduled(preorder.clone())], "2026-12-21T14:31:00Z", Cancellable::AnyTime);
    // With something that could leave now the order as a whole is no pre-order.
    check(
        &|o| o.pending = vec![scheduled(preorder.clone()), scheduled(FulfillmentOrderStatus::Open)],
        "2026-12-21T14:31:00Z",
        Cancellable::TooLate { since: until },
    );
}

#[test]
fn rules_that_cannot_be_counted_with_are_refused() {
    let check = |text: &str, expect: &str| {
        let error = toml::from_str::<DeliveryRules>(text).unwrap_err();
        assert!(error.message().contains(expect), "{text}: {}", error.message());
    };
    let method = |rest: &str| format!("cutoff = \"13:00\"\n[[methods]]\nnames = [\"S\"]\ncountries = [\"US\"]\n{rest}");
    check(&method("business_days = [5, 3]"), "[fewest, most]");
    check(&method("business_days = [1, 9999]"), "at most 366");
    check("cutoff = \"13:00\"\n[[methods]]\nnames = []\ncountries = [\"US\"]\nbusiness_days = [1, 2]", "`names`");
    check("cutoff = \"13:00\"\nlost_after_business_days = { usa = 7 }", "country code");
    check("cutoff = \"25:00\"", "hour");
    check("cutoff = \"13:00\"\nholidays = [\"2026-02-30\"]", "no day");
}

proptest! {
    #[test]
    fn the_nth_business_day_has_n_business_days_before_it(from in 0i32..4000, n in 0u32..60) {
        let rules = rules();
        let start = date("2024-01-01").checked_add(jiff::Span::new().days(from)).unwrap();
        let end = rules.add_business_days(start, n).unwrap();
        let between = start.series(jiff::Span::new().days(1)).skip(1).take_while(|day| *day <= end);
        prop_assert_eq!(between.filter(|day| rules.is_business_day(*day)).count(), n as usize);
        prop_assert!(n == 0 || rules.is_business_day(end));
    }
}
