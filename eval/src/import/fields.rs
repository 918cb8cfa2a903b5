//! Fields of JSON whose shape other systems decide.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

pub fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key)?.as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// An id, which some systems write as a number and others as a string.
pub fn id(value: &Value, key: &str) -> Option<String> {
    match value.get(key)? {
        Value::String(id) if !id.trim().is_empty() => Some(id.trim().to_owned()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

pub fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

pub fn is(value: &Value, key: &str) -> Option<bool> {
    value.get(key)?.as_bool()
}

/// Seconds or milliseconds since 1970, or ISO 8601; without a zone it is UTC.
pub fn time(value: &Value, key: &str) -> Option<Timestamp> {
    match value.get(key)? {
        Value::Number(number) => seconds(number.as_f64()?),
        Value::String(text) => {
            let text = text.trim();
            let civil = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
            text.parse().ok().or_else(civil).or_else(|| seconds(text.parse().ok()?))
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn seconds(number: f64) -> Option<Timestamp> {
    let seconds = if number > 1e11 { number / 1e3 } else { number };
    Timestamp::from_second(seconds as i64).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_form_of_time_is_read() {
        let expected: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
        for written in [
            json!(1_772_323_200),
            json!(1_772_323_200_000_i64),
            json!("1772323200"),
            json!("2026-03-01T00:00:00Z"),
            json!("2026-03-01T01:00:00+01:00"),
            json!("2026-03-01T00:00:00.000000"),
            json!("2026-03-01"),
        ] {
            assert_eq!(time(&json!({ "at": written }), "at"), Some(expected), "{written}");
        }
        for no_time in [json!(null), json!("soon"), json!({}), json!(true)] {
            assert_eq!(time(&json!({ "at": no_time }), "at"), None, "{no_time}");
        }
    }
}
