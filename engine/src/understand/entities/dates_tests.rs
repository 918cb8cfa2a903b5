//! Tables of days: a clock that stands, zones, a change of the clock, of the month, of the year.

use super::*;
use jiff::civil::Date;
use jiff::tz::TimeZone;

fn when(now: &str, zone: &str, month_first: bool) -> When {
    When { now: now.parse().unwrap(), time_zone: TimeZone::get(zone).unwrap(), month_first }
}

/// Saturday, November 21, 2026, 9 a.m. in Chicago.
fn saturday() -> When {
    when("2026-11-21T15:00:00Z", "America/Chicago", true)
}

#[track_caller]
fn check(when: &When, text: &str, expect: &[(Relation, &str, &str)]) {
    let found: Vec<(Relation, Date, Date)> =
        dates(text, when).into_iter().map(|d| (d.relation, d.from, d.to)).collect();
    let expect: Vec<(Relation, Date, Date)> =
        expect.iter().map(|(r, from, to)| (*r, from.parse().unwrap(), to.parse().unwrap())).collect();
    assert_eq!(found, expect, "{text}");
}

#[track_caller]
fn one(when: &When, text: &str, relation: Relation, day: &str) {
    check(when, text, &[(relation, day, day)]);
}

use Relation::{After, Before, By, On, Since};

#[test]
fn weekdays() {
    let at = saturday();
    one(&at, "Will it arrive before Friday?", Before, "2026-11-27");
    one(&at, "Will it arrive by Monday?", By, "2026-11-23");
    one(&at, "can it be here on wed", On, "2026-11-25");
    one(&at, "I need it until Saturday", By, "2026-11-21");
    one(&at, "will it come before Saturday", Before, "2026-11-28");
    one(&at, "I have been waiting since Monday", Since, "2026-11-16");
    one(&at, "I ordered it on Monday", On, "2026-11-16");
    one(&at, "it was supposed to arrive on Thursday", On, "2026-11-19");
    one(&at, "last Friday I wrote to you", On, "2026-11-20");
    one(&at, "by this Thursday", By, "2026-11-26");
    one(&at, "Friday at the latest", By, "2026-11-27");
    one(&at, "by Friday next week", By, "2026-11-27");
    one(&at, "by Friday, December 4", By, "2026-12-04");
    one(&at, "by Tuesday the 24th", By, "2026-11-24");
    check(&at, "Do you deliver on Saturdays?", &[]);
    check(&at, "the sun sat on the wed", &[]);
}

#[test]
fn next_friday_is_read_both_ways() {
    let monday = when("2026-11-23T15:00:00Z", "America/Chicago", true);
    let found = dates("will it arrive by next Friday", &monday);
    assert_eq!(
        (found[0].from, found[0].or.map(|or| or.0)),
        ("2026-12-04".parse().unwrap(), Some("2026-11-27".parse().unwrap()))
    );
    // On a Saturday the coming one is the one of the week after: one reading.
    assert_eq!(dates("by next Friday", &saturday())[0].or, None);
}

#[test]
fn days_that_are_counted() {
    let at = saturday();
    one(&at, "will it arrive today?", On, "2026-11-21");
    one(&at, "by tomorrow", By, "2026-11-22");
    one(&at, "the day after tomorrow", On, "2026-11-23");
    one(&at, "I ordered yesterday", On, "2026-11-20");
    one(&at, "will it be here in two days", On, "2026-11-23");
    one(&at, "in a week", On, "2026-11-28");
    one(&at, "in a couple of days", On, "2026-11-23");
    one(&at, "3 days ago", On, "2026-11-18");
    one(&at, "I bought it two weeks ago", On, "2026-11-07");
    one(&at, "no update, I have been waiting for ten days", Since, "2026-11-11");
    check(&at, "within 5 days", &[(By, "2026-11-21", "2026-11-26")]);
    one(&at, "in 3 business days", On, "2026-11-25");
    one(&at, "in a month", On, "2026-12-21");
    check(&at, "within 30 days of delivery", &[]);
    check(&at, "the return window is 30 days", &[]);
    check(&at, "valid for 30 days", &[]);
}

#[test]
fn weeks_months_and_their_ends() {
    let at = saturday();
    check(&at, "will it come next week", &[(On, "2026-11-23", "2026-11-29")]);
    check(&at, "this week", &[(On, "2026-11-16", "2026-11-22")]);
    check(&at, "before next week", &[(Before, "2026-11-23", "2026-11-29")]);
    check(&at, "over the weekend", &[(On, "2026-11-21", "2026-11-22")]);
    check(&at, "next weekend", &[(On, "2026-11-28", "2026-11-29")]);
    check(&at, "I bought it last month", &[(On, "2026-10-01", "2026-10-31")]);
    one(&at, "by the end of the month", By, "2026-11-30");
    one(&at, "before the end of next month", Before, "2026-12-31");
    check(&at, "by the end of the week", &[(By, "2026-11-22", "2026-11-22")]);
    check(&at, "will you restock in March?", &[(On, "2027-03-01", "2027-03-31")]);
    check(&at, "it may be in March 2027", &[(On, "2027-03-01", "2027-03-31")]);
    check(&at, "I ordered in October", &[(On, "2026-10-01", "2026-10-31")]);
    check(&at, "will it come in November", &[(On, "2026-11-01", "2026-11-30")]);
    check(&at, "it may march on", &[]);
}

#[test]
fn days_of_a_month_and_a_change_of_the_year() {
    let at = saturday();
    one(&at, "by the 24th", By, "2026-11-24");
    one(&at, "before the 3rd", Before, "2026-12-03");
    one(&at, "I have it since the 15th", Since, "2026-11-15");
    one(&at, "by the 31st", By, "2026-12-31");
    one(&at, "will it arrive on 3 March", On, "2027-03-03");
    one(&at, "by March 3rd", By, "2027-03-03");
    one(&at, "on the 3rd of March, 2027", On, "2027-03-03");
    one(&at, "I ordered on November 20", On, "2026-11-20");
    one(&at, "until January 2", By, "2027-01-02");
    one(&at, "since December 28", Since, "2025-12-28");
    one(&at, "by 2026-12-01", By, "2026-12-01");
    let eve = when("2026-12-31T18:00:00Z", "America/Chicago", true);
    one(&eve, "will it come tomorrow", On, "2027-01-01");
    one(&eve, "I ordered on December 30", On, "2026-12-30");
    one(&eve, "will it arrive by Friday", By, "2027-01-01");
    one(&eve, "will it arrive by February 29", By, "2028-02-29");
    for none in
        ["on the 2nd floor", "for the 3rd time", "the 1st order", "by the 32nd", "on February 30", "3 may be broken"]
    {
        check(&at, none, &[]);
    }
}

#[test]
fn figures_are_read_as_the_store_writes_them_and_the_other_way_is_kept() {
    let read = |when: &When, text: &str| {
        let found = dates(text, when);
        assert_eq!(found.len(), 1, "{text}");
        (found[0].from.to_string(), found[0].or.map(|or| or.0.to_string()))
    };
    let pair = |a: &str, b: Option<&str>| (a.to_owned(), b.map(str::to_owned));
    let us = saturday();
    let uk = when("2026-11-21T15:00:00Z", "Europe/London", false);
    assert_eq!(read(&us, "will it come by 12/03"), pair("2026-12-03", Some("2027-03-12")));
    assert_eq!(read(&uk, "will it come by 12/03"), pair("2027-03-12", Some("2026-12-03")));
    assert_eq!(read(&us, "by 25/12"), pair("2026-12-25", None));
    assert_eq!(read(&us, "ordered 11/20/2026"), pair("2026-11-20", None));
    assert_eq!(read(&uk, "by 03/03/27"), pair("2027-03-03", None));
    assert_eq!(read(&us, "bis zum 3.12. bitte"), pair("2026-12-03", None));
    assert_eq!(read(&us, "am 3.12.2026"), pair("2026-12-03", None));
    for none in ["we are open 24/7", "1/2 price", "size 10/12", "it costs $3.12", "version 3.12", "12/45"] {
        assert_eq!(dates(none, &us), [], "{none}");
    }
}

#[test]
fn holidays() {
    let at = saturday();
    one(&at, "will it arrive for Christmas?", By, "2026-12-25");
    one(&at, "before Christmas Eve", Before, "2026-12-24");
    one(&at, "in time for Thanksgiving", By, "2026-11-26");
    one(&at, "will you have it on Black Friday", On, "2026-11-27");
    one(&at, "by Easter", By, "2027-03-28");
    one(&at, "by Christmas 2027", By, "2027-12-25");
    one(&at, "vor Weihnachten", Before, "2026-12-25");
    check(&at, "it is a Christmas gift", &[]);
    check(&at, "for Christmas gifts", &[]);
    check(&at, "the Black Friday sale", &[]);
}

#[test]
fn german_and_french() {
    let at = when("2026-11-21T15:00:00Z", "Europe/Berlin", false);
    one(&at, "Kommt es vor Freitag an?", Before, "2026-11-27");
    one(&at, "bis Montag", By, "2026-11-23");
    one(&at, "spätestens am 24. Dezember", By, "2026-12-24");
    one(&at, "seit Montag warte ich", Since, "2026-11-16");
    one(&at, "vor zwei Tagen bestellt", On, "2026-11-19");
    one(&at, "in drei Tagen", On, "2026-11-24");
    one(&at, "kommt es morgen?", On, "2026-11-22");
    check(&at, "Guten Morgen", &[]);
    check(&at, "nächste Woche", &[(On, "2026-11-23", "2026-11-29")]);
    one(&at, "arrivera-t-il avant vendredi ?", Before, "2026-11-27");
    one(&at, "d'ici lundi", By, "2026-11-23");
    one(&at, "le 3 mars 2027", On, "2027-03-03");
    one(&at, "depuis mardi", Since, "2026-11-17");
    one(&at, "dans deux jours", On, "2026-11-23");
    one(&at, "demain", On, "2026-11-22");
}

#[test]
fn days_are_days_of_the_store() {
    // Half past eleven in the evening of Saturday in Chicago; Sunday elsewhere.
    let late = |zone| when("2026-11-22T05:30:00Z", zone, true);
    one(&late("America/Chicago"), "tomorrow", On, "2026-11-22");
    one(&late("Europe/Berlin"), "tomorrow", On, "2026-11-23");
    one(&late("Pacific/Auckland"), "by Monday", By, "2026-11-23");
    // Half an hour before the clocks go back: 24 hours later it is still the same day's end, an hour earlier.
    let autumn = when("2026-10-31T23:30:00-05:00", "America/Chicago", true);
    one(&autumn, "in 2 days", On, "2026-11-02");
    check(&autumn, "within 24 hours", &[(By, "2026-10-31", "2026-11-01")]);
    // Before they go forward: 24 hours reach into the day after.
    let spring = when("2027-03-13T23:30:00-06:00", "America/Chicago", true);
    check(&spring, "within 24 hours", &[(By, "2027-03-13", "2027-03-15")]);
    one(&spring, "in one day", On, "2027-03-14");
}

#[test]
fn several_days_and_their_places() {
    let at = saturday();
    let text = "Größe L – ordered on Monday, I need it before Friday or by the 28th.";
    let found = dates(text, &at);
    let said: Vec<&str> = found.iter().map(|d| &text[d.span.0..d.span.1]).collect();
    assert_eq!(said, ["on Monday", "before Friday", "by the 28th"]);
    one(&at, "can it be here after Monday", After, "2026-11-23");
    assert_eq!(dates("", &at), []);
}
