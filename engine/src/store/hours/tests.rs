use super::*;
use jiff::civil::{date, time};

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Weekdays from 9 to 17.
fn office() -> Hours {
    let span = Some(Span { from: time(9, 0, 0, 0), to: time(17, 0, 0, 0) });
    Hours { week: [span, span, span, span, span, None, None], ..Hours::default() }
}

#[test]
fn the_next_opening_skips_nights_weekends_and_holidays() {
    let berlin = zone("Europe/Berlin");
    let mut hours = office();
    hours.exceptions.insert(date(2026, 12, 24), Some(Span { from: time(9, 0, 0, 0), to: time(12, 0, 0, 0) }));
    hours.exceptions.insert(date(2026, 12, 25), None);
    let check = |now: &str, open: &str| {
        assert_eq!(hours.next_open(at(now), &berlin), Some(at(open)), "{now}");
    };
    // Wednesday at noon in Berlin: now.
    check("2026-11-25T11:00:00Z", "2026-11-25T11:00:00Z");
    // At opening to the second, and at closing to the second.
    check("2026-11-25T08:00:00Z", "2026-11-25T08:00:00Z");
    check("2026-11-25T16:00:00Z", "2026-11-26T08:00:00Z");
    // Before opening, after closing, and over a weekend.
    check("2026-11-25T03:00:00Z", "2026-11-25T08:00:00Z");
    check("2026-11-27T16:30:00Z", "2026-11-30T08:00:00Z");
    // Christmas Eve after the short day: the 25th is closed, then comes a weekend.
    check("2026-12-24T11:30:00Z", "2026-12-28T08:00:00Z");
    // Late in the evening of Sunday in UTC it is Monday in Berlin already.
    check("2026-11-29T23:30:00Z", "2026-11-30T08:00:00Z");
}

#[test]
fn clocks_that_are_put_forward_and_back_move_the_instant_not_the_hour() {
    let berlin = zone("Europe/Berlin");
    let mut hours = office();
    hours.week = [hours.week[0]; 7];
    // Summer time begins on March 29, 2026 and ends on October 25, 2026.
    assert_eq!(hours.next_open(at("2026-03-28T20:00:00Z"), &berlin), Some(at("2026-03-29T07:00:00Z")));
    assert_eq!(hours.next_open(at("2026-10-24T20:00:00Z"), &berlin), Some(at("2026-10-25T08:00:00Z")));
    // Opening at 02:30 on the day on which 02:30 does not exist: an hour later, for a day that is an hour shorter.
    let early = Span { from: time(2, 30, 0, 0), to: time(6, 0, 0, 0) };
    hours.exceptions.insert(date(2026, 3, 29), Some(early));
    let (from, to) = hours.opening(date(2026, 3, 29), &berlin).unwrap();
    assert_eq!((from, to), (at("2026-03-29T01:30:00Z"), at("2026-03-29T04:00:00Z")));
    // A span that lies within the skipped hour opens at no time that is before its end.
    let swallowed = Span { from: time(2, 0, 0, 0), to: time(2, 0, 0, 1) };
    hours.exceptions.insert(date(2026, 3, 29), Some(swallowed));
    assert!(hours.opening(date(2026, 3, 29), &berlin).is_none_or(|(from, to)| from < to));
}

#[test]
fn open_time_is_counted_over_closed_days() {
    let berlin = zone("Europe/Berlin");
    let hours = office();
    let four = SignedDuration::from_hours(4);
    // Friday 15:00 with two hours left: Monday 11:00.
    assert_eq!(hours.after(at("2026-11-27T14:00:00Z"), four, &berlin), Some(at("2026-11-30T10:00:00Z")));
    // To the very end of the day.
    assert_eq!(hours.after(at("2026-11-27T12:00:00Z"), four, &berlin), Some(at("2026-11-27T16:00:00Z")));
    // On a day off it begins with the next one.
    assert_eq!(hours.after(at("2026-11-28T12:00:00Z"), four, &berlin), Some(at("2026-11-30T12:00:00Z")));
    // Over the end of summer time: the clock says 13:00, the instant is an hour later than it was.
    assert_eq!(hours.after(at("2026-10-23T16:00:00Z"), four, &berlin), Some(at("2026-10-26T12:00:00Z")));
}

#[test]
fn a_store_without_hours_promises_nothing() {
    let utc = TimeZone::UTC;
    let never = Hours::default();
    assert!(never.is_empty());
    assert_eq!(never.next_open(at("2026-11-25T12:00:00Z"), &utc), None);
    assert_eq!(never.after(at("2026-11-25T12:00:00Z"), SignedDuration::from_hours(1), &utc), None);
    let once = Hours { exceptions: [(date(2026, 1, 1), None)].into(), ..Hours::default() };
    assert!(once.is_empty());
}
