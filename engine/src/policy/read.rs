//! `[policy]` as it stands in a file.

use super::{Costs, Lane, Phase, Policy, Segment, Voice, Watched};
use crate::understand::Intent;
use regex::{Regex, RegexBuilder};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The section, before it is made sense of.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PolicySection {
    sure: Option<f32>,
    offer_after: Option<u32>,
    hand_over_after: Option<u32>,
    repeats_within: Option<u32>,
    intents: BTreeMap<String, IntentSection>,
    never: Vec<WatchedSection>,
    exceptions: Vec<WatchedSection>,
    segments: Vec<SegmentSection>,
    voice: Option<Voice>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct IntentSection {
    lane: Option<Lane>,
    phase: Option<Phase>,
    costs: Option<Costs>,
    owner: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WatchedSection {
    id: String,
    /// Words or phrases; `*` stands for the rest of a word.
    words: Vec<String>,
    #[serde(default)]
    languages: Vec<String>,
    owner: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SegmentSection {
    id: String,
    tags: Vec<String>,
    #[serde(default)]
    straight_to_a_person: bool,
    #[serde(default = "one")]
    value: f64,
    #[serde(default = "one")]
    service_risk: f64,
    #[serde(default = "one")]
    cost_to_serve: f64,
}

/// Days for which it is kept what customers asked. A question of an older conversation is another question.
pub const MAX_REPEATS: u32 = 90;

fn one() -> f64 {
    1.0
}

/// Whether costs can be multiplied and divided by it, and what that is called.
fn is_factor(number: f64) -> bool {
    (1e-6..=1e6).contains(&number)
}

const FACTOR: &str = "from 0.000001 to 1000000";

/// What is wrong, and where: the key within `policy`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {text}")]
pub struct PolicyProblem {
    pub key: String,
    pub text: String,
}

impl PolicySection {
    /// The policy, and everything that is wrong with the section; what is wrong is left out.
    pub fn policy(&self) -> (Policy, Vec<PolicyProblem>) {
        let mut problems = Vec::new();
        let mut policy = Policy::default();
        let mut wrong = |key: String, text: String| problems.push(PolicyProblem { key, text });
        if let Some(sure) = self.sure {
            if (0.0..=1.0).contains(&sure) {
                policy.sure = sure;
            } else {
                wrong("sure".into(), format!("{sure} is no probability; write a number from 0 to 1"));
            }
        }
        policy.offer_after = self.offer_after.unwrap_or(policy.offer_after);
        policy.hand_over_after = self.hand_over_after.unwrap_or(policy.hand_over_after);
        if policy.hand_over_after == 0 {
            wrong("hand_over_after".into(), "0 tries is none; write at least 1".into());
        }
        policy.repeats_within = self.repeats_within.unwrap_or(policy.repeats_within);
        if policy.repeats_within > MAX_REPEATS {
            let days = std::mem::replace(&mut policy.repeats_within, MAX_REPEATS);
            wrong("repeats_within".into(), format!("{days} days are too many; write at most {MAX_REPEATS}"));
        }
        for (label, section) in &self.intents {
            let key = format!("intents.{label}");
            let Some(intent) = Intent::parse(label) else {
                let near = Intent::ALL
                    .iter()
                    .map(|i| i.label())
                    .max_by(|a, b| strsim::jaro_winkler(a, label).total_cmp(&strsim::jaro_winkler(b, label)));
                wrong(key, format!("there is no intent of that name; did you mean {}?", near.unwrap_or_default()));
                continue;
            };
            let Some(rule) = policy.intents.get_mut(&intent) else { continue };
            rule.lane = section.lane.unwrap_or(rule.lane);
            rule.phase = section.phase.unwrap_or(rule.phase);
            rule.owner = section.owner.clone().or(rule.owner.take());
            if let Some(costs) = section.costs {
                if is_factor(costs.wrong) && is_factor(costs.handoff) {
                    rule.costs = costs;
                } else {
                    // What costs nothing would decide alone.
                    wrong(format!("{key}.costs"), format!("a cost is a number {FACTOR}"));
                }
            }
        }
        for (name, sections, to) in
            [("never", &self.never, &mut policy.never), ("exceptions", &self.exceptions, &mut policy.exceptions)]
        {
            for (i, section) in sections.iter().enumerate() {
                match watched(section) {
                    Ok(words) => to.push(Watched {
                        id: section.id.clone(),
                        languages: section.languages.clone(),
                        words,
                        owner: section.owner.clone(),
                    }),
                    Err(text) => wrong(format!("{name}[{}].words", i + 1), text),
                }
            }
        }
        for (i, section) in self.segments.iter().enumerate() {
            let key = |name: &str| format!("segments[{}].{name}", i + 1);
            if section.id.trim().is_empty() {
                wrong(key("id"), "is empty; it is the name by which a reason shows the segment".into());
            }
            if policy.segments.iter().any(|other| other.id == section.id) {
                wrong(key("id"), format!("there is another segment '{}'; give each a name of its own", section.id));
            }
            if section.tags.is_empty() {
                wrong(key("tags"), "without a tag nobody belongs to it; name at least one".into());
            }
            let factors = [
                ("value", section.value),
                ("service_risk", section.service_risk),
                ("cost_to_serve", section.cost_to_serve),
            ];
            for (name, factor) in factors {
                if !is_factor(factor) {
                    wrong(key(name), format!("{factor} is no factor; write a number {FACTOR}, 1 changes nothing"));
                }
            }
            policy.segments.push(Segment {
                id: section.id.clone(),
                tags: section.tags.clone(),
                straight_to_a_person: section.straight_to_a_person,
                value: section.value,
                service_risk: section.service_risk,
                cost_to_serve: section.cost_to_serve,
            });
        }
        policy.voice = self.voice.clone().unwrap_or_default();
        let Voice { what_i_do, thanks, offer } = &policy.voice;
        for (name, line) in [("what_i_do", what_i_do), ("thanks", thanks), ("offer", offer)] {
            if line.trim().is_empty() {
                let text = "is empty; write what customers shall read, or leave the key out".to_owned();
                problems.push(PolicyProblem { key: format!("voice.{name}"), text });
            }
        }
        (policy, problems)
    }
}

/// Phrases as one pattern: whole words, white space as it comes, `*` for the rest of a word.
fn watched(section: &WatchedSection) -> Result<Regex, String> {
    let phrases: Vec<String> = section.words.iter().map(|w| w.trim()).filter(|w| !w.is_empty()).map(phrase).collect();
    if phrases.is_empty() {
        return Err("without words it never fires; write at least one".into());
    }
    let pattern = format!(r"\b(?:{})\b", phrases.join("|"));
    RegexBuilder::new(&pattern).case_insensitive(true).build().map_err(|error| error.to_string())
}

fn phrase(text: &str) -> String {
    let words = text.split_whitespace().map(|word| regex::escape(word).replace(r"\*", r"[\w'’-]*"));
    words.collect::<Vec<_>>().join(r"\s+")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Policy, Vec<String>) {
        let (policy, problems) = toml::from_str::<PolicySection>(text).unwrap().policy();
        (policy, problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn what_is_said_changes_what_is_meant() {
        let (policy, problems) = read(
            r#"
            sure = 0.7
            [intents.cancel]
            lane = "self-service"
            phase = "suggest"
            owner = "orders"
            costs = { wrong = 20, handoff = 2 }
            [[never]]
            id = "wholesale"
            words = ["wholesale", "bulk  order*"]
            [[segments]]
            id = "vip"
            tags = ["VIP"]
            value = 3
            "#,
        );
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(policy.sure, 0.7);
        let cancel = policy.of(Intent::Cancel);
        assert_eq!(
            (cancel.lane, cancel.phase, cancel.owner.as_deref()),
            (Lane::SelfService, Phase::Suggest, Some("orders"))
        );
        assert_eq!(policy.of(Intent::Damaged).lane, Lane::Specialist);
        assert!(policy.never[0].words.is_match("About BULK orders: what is the price?"));
        assert!(!policy.never[0].words.is_match("a bulky parcel"));
        assert_eq!(policy.segment(&["vip".to_owned()]).map(|s| s.id.as_str()), Some("vip"));
    }

    #[test]
    fn of_several_segments_the_one_that_goes_to_people_counts_first_and_then_the_weightiest() {
        let (policy, problems) = read(
            r#"
            [[segments]]
            id = "club"
            tags = ["club"]
            value = 3
            cost_to_serve = 2
            [[segments]]
            id = "press"
            tags = ["press", "blogger"]
            service_risk = 2
            [[segments]]
            id = "vip"
            tags = ["vip"]
            straight_to_a_person = true
            "#,
        );
        assert_eq!(problems, Vec::<String>::new());
        let of = |tags: &[&str]| {
            let tags: Vec<String> = tags.iter().map(|tag| (*tag).to_owned()).collect();
            policy.segment(&tags).map(|segment| (segment.id.as_str(), segment.weight()))
        };
        assert_eq!(of(&["Club"]), Some(("club", 1.5)));
        assert_eq!(of(&["club", "blogger"]), Some(("press", 2.0)));
        assert_eq!(of(&["club", "blogger", "VIP"]), Some(("vip", 1.0)));
        assert_eq!(of(&["wholesale"]), None);
    }

    #[test]
    fn every_problem_is_named() {
        let (_, problems) = read(
            r#"
            sure = 1.5
            repeats_within = 400
            [intents.canel]
            lane = "assisted"
            [intents.stock]
            costs = { wrong = -1, handoff = 1 }
            [[exceptions]]
            id = "x"
            words = [" "]
            [[segments]]
            id = "s"
            tags = []
            [[segments]]
            id = "s"
            tags = ["s"]
            value = 0
            service_risk = -2
            cost_to_serve = inf
            "#,
        );
        assert_eq!(
            problems,
            [
                "sure: 1.5 is no probability; write a number from 0 to 1",
                "repeats_within: 400 days are too many; write at most 90",
                "intents.canel: there is no intent of that name; did you mean cancel?",
                "intents.stock.costs: a cost is a number from 0.000001 to 1000000",
                "exceptions[1].words: without words it never fires; write at least one",
                "segments[1].tags: without a tag nobody belongs to it; name at least one",
                "segments[2].id: there is another segment 's'; give each a name of its own",
                "segments[2].value: 0 is no factor; write a number from 0.000001 to 1000000, 1 changes nothing",
                "segments[2].service_risk: -2 is no factor; write a number from 0.000001 to 1000000, 1 changes nothing",
                "segments[2].cost_to_serve: inf is no factor; write a number from 0.000001 to 1000000, 1 changes nothing",
            ]
        );
        assert!(toml::from_str::<PolicySection>("[intents.cancel]\nlanes = 1").is_err());
    }
}
