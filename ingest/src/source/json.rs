//! Fields of JSON whose shape other systems decide.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value;

pub(crate) fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key)?.as_str().map(str::trim).filter(|t| !t.is_empty())
}

/// An id, which some systems write as a number and others as a string.
pub(crate) fn id(value: &Value, key: &str) -> Option<String> {
    match value.get(key)? {
        Value::String(id) if !id.trim().is_empty() => Some(id.trim().to_owned()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

pub(crate) fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

pub(crate) fn truth(value: &Value, key: &str) -> Option<bool> {
    value.get(key)?.as_bool()
}

/// The day of a time in seconds or milliseconds since 1970, or in ISO 8601.
pub(crate) fn day(value: &Value, key: &str) -> Option<Date> {
    match value.get(key)? {
        Value::Number(number) => {
            let seconds = number.as_f64()? as i64;
            let seconds = if seconds > 100_000_000_000 { seconds / 1000 } else { seconds };
            Some(jiff::Timestamp::from_second(seconds).ok()?.to_zoned(TimeZone::UTC).date())
        }
        Value::String(time) => time.get(..10)?.parse().ok(),
        _ => None,
    }
}

/// An object's text, plain if it has one, otherwise from its HTML.
pub(crate) fn body(value: &Value, plain: &[&str], html: &[&str]) -> String {
    if let Some(text) = plain.iter().find_map(|key| text(value, key)) {
        return text.to_owned();
    }
    html_text(html.iter().find_map(|key| text(value, key)).unwrap_or_default())
}

/// The text of a message that was written as HTML.
pub fn html_text(html: &str) -> String {
    let blocks = super::html::parse(html).blocks;
    blocks.iter().map(crate::document::Block::text).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use serde_json::json;

    #[test]
    fn days_are_read_from_every_form_of_time() {
        for (time, expect) in [
            (json!(1_772_323_200), Some(date(2026, 3, 1))),
            (json!(1_772_323_200_000_i64), Some(date(2026, 3, 1))),
            (json!("2026-03-01T10:00:00Z"), Some(date(2026, 3, 1))),
            (json!("2026-03-01T10:00:00.123456"), Some(date(2026, 3, 1))),
            (json!("yesterday, at noon"), None),
            (json!(null), None),
            (json!("é"), None),
        ] {
            assert_eq!(day(&json!({ "at": time }), "at"), expect, "{time}");
        }
    }
}
