//! What happens next and by when, as far as the store's settings say it. Nothing else is promised.

use super::Package;
use crate::store::StoreProfile;
use crate::store::hours::Words;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// What a customer is told about the reply of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "promise", rename_all = "snake_case")]
pub enum Promise {
    /// Somebody replies by then: the settings say within how much open time.
    By { at: Timestamp },
    /// Nobody is there now; people are back then.
    From { at: Timestamp },
    /// People are there until then; when they reply is not promised.
    Until { at: Timestamp },
}

/// A promise is not made to the minute.
const STEP: i64 = 5 * 60;

impl Promise {
    /// What the settings allow to say; `None` where they name no hours.
    pub fn of(profile: &StoreProfile, now: Timestamp) -> Option<Self> {
        let hours = profile.hours.as_ref()?;
        let zone = &profile.time_zone;
        if let Some(within) = hours.reply_within {
            return Some(Self::By { at: rounded_up(hours.after(now, within, zone)?) });
        }
        match hours.open_until(now, zone) {
            Some(at) => Some(Self::Until { at }),
            None => hours.next_open(now, zone).map(|at| Self::From { at }),
        }
    }

    pub fn at(self) -> Timestamp {
        match self {
            Self::By { at } | Self::From { at } | Self::Until { at } => at,
        }
    }

    /// As a sentence, in the store's own words for the language where it has some, else in English.
    pub fn says(self, profile: &StoreProfile, now: Timestamp, language: Option<&str>) -> String {
        let own = words(profile, language);
        let english = Words::default();
        let words = own.unwrap_or(&english);
        let at = self.at().to_zoned(profile.time_zone.clone());
        let today = now.to_zoned(profile.time_zone.clone()).date();
        let day = if at.date() == today {
            words.today.clone()
        } else if today.tomorrow().is_ok_and(|tomorrow| tomorrow == at.date()) {
            words.tomorrow.clone()
        } else if own.is_some() {
            // No names of days are known in the store's language; this form is read in all of them.
            at.strftime("%Y-%m-%d").to_string()
        } else {
            at.strftime("on %A, %B %-d").to_string()
        };
        let template = match self {
            Self::By { .. } => &words.by,
            Self::From { .. } => &words.from,
            Self::Until { .. } => &words.until,
        };
        let zone = profile.time_zone.iana_name().unwrap_or("UTC");
        let time = at.strftime("%-H:%M").to_string();
        template.replace("{day}", &day).replace("{time}", &time).replace("{zone}", zone)
    }
}

impl Package {
    /// What the customer reads: what was not done, that a person takes over, and by when as far as the settings say.
    /// `message` is used where the store has no words of its own.
    pub(crate) fn tells(&self, profile: Option<&StoreProfile>, message: &str, first: Option<&str>) -> String {
        let language = self.language.as_deref();
        let in_language = profile.and_then(|p| words(p, language)).and_then(|words| words.handoff.as_deref());
        let own = in_language.or_else(|| profile.and_then(|p| p.handoff_message.as_deref()));
        let promise = profile.zip(self.promise).map(|(p, promise)| promise.says(p, self.made_at, language));
        let parts = [first, Some(own.unwrap_or(message)), promise.as_deref()];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

/// The store's own words for a language (`fr` for `fr-CA` as well).
fn words<'p>(profile: &'p StoreProfile, language: Option<&str>) -> Option<&'p Words> {
    let all = &profile.hours.as_ref()?.words;
    let language = language?;
    all.get(language).or_else(|| all.get(language.split('-').next().unwrap_or(language)))
}

fn rounded_up(at: Timestamp) -> Timestamp {
    let over = at.as_second().rem_euclid(STEP);
    let whole = at.as_second() - over;
    let up = if over == 0 && at.subsec_nanosecond() == 0 { 0 } else { STEP };
    Timestamp::from_second(whole).and_then(|t| t.checked_add(SignedDuration::from_secs(up))).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::samples::profile;
    use crate::store::hours::{Hours, Span};
    use jiff::civil::time;

    fn store(within: Option<i64>) -> StoreProfile {
        let span = Some(Span { from: time(9, 0, 0, 0), to: time(17, 0, 0, 0) });
        let hours = Hours {
            week: [span, span, span, span, span, None, None],
            reply_within: within.map(SignedDuration::from_hours),
            words: [(
                "fr".to_owned(),
                Words {
                    handoff: Some("Je transmets.".into()),
                    by: "Réponse {day} avant {time} ({zone}).".into(),
                    from: "De retour {day} à {time}.".into(),
                    until: "Présents {day} jusqu'à {time}.".into(),
                    today: "aujourd'hui".into(),
                    tomorrow: "demain".into(),
                },
            )]
            .into(),
            ..Hours::default()
        };
        StoreProfile { hours: Some(hours), time_zone: jiff::tz::TimeZone::get("Europe/Berlin").unwrap(), ..profile() }
    }

    #[track_caller]
    fn check(within: Option<i64>, now: &str, language: Option<&str>, expect: &str) {
        let (store, now) = (store(within), now.parse().unwrap());
        assert_eq!(Promise::of(&store, now).unwrap().says(&store, now, language), expect);
    }

    #[test]
    fn a_promise_is_what_the_settings_state() {
        // Wednesday, 12:58:30 in Berlin.
        let noon = "2026-11-25T11:58:30Z";
        check(Some(4), noon, None, "A colleague will reply here today by 17:00 (Europe/Berlin).");
        check(Some(5), noon, None, "A colleague will reply here tomorrow by 10:00 (Europe/Berlin).");
        check(None, noon, None, "Our team is here today until 17:00 (Europe/Berlin).");
        let evening = "2026-11-25T19:00:00Z";
        check(None, evening, Some("en"), "Our team is back tomorrow from 9:00 (Europe/Berlin).");
        let friday = "2026-11-27T19:00:00Z";
        check(None, friday, None, "Our team is back on Monday, November 30 from 9:00 (Europe/Berlin).");
        check(Some(4), friday, None, "A colleague will reply here on Monday, November 30 by 13:00 (Europe/Berlin).");
        check(Some(4), noon, Some("fr-CA"), "Réponse aujourd'hui avant 17:00 (Europe/Berlin).");
        check(None, friday, Some("fr"), "De retour 2026-11-30 à 9:00.");
        // A language without words of its own is told in English.
        check(None, evening, Some("de"), "Our team is back tomorrow from 9:00 (Europe/Berlin).");
    }

    #[test]
    fn without_hours_nothing_is_said() {
        let now = "2026-11-25T12:00:00Z".parse().unwrap();
        assert_eq!(Promise::of(&profile(), now), None);
        let closed = StoreProfile { hours: Some(Hours::default()), ..profile() };
        assert_eq!(Promise::of(&closed, now), None);
    }
}
