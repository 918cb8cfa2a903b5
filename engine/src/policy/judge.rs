//! Which rule a message falls under, before anything is looked up.

use super::{Lane, Phase, Policy, Watched};
use crate::handoff::HandoffReason;
use crate::live::LiveKind;
use crate::text::sentences;
use crate::understand::{Family, Intent, Understanding};
use regex::Regex;
use serde::Serialize;
use std::fmt;
use std::sync::LazyLock;

/// What is to be done with a message.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Ruling {
    /// Pages and live data, whichever knows.
    Look,
    /// The customer's own order knows, even where no pattern has seen it.
    Live { kinds: Vec<LiveKind> },
    /// Something is to be done. `how`: it is asked how, so that a page may be the answer.
    Act { how: bool },
    /// A person, whatever a page says.
    Person { reason: HandoffReason },
    /// About nothing that a page or an order knows.
    SmallTalk { about: Intent },
}

/// Which rule it was, for people.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Why {
    /// `never.wholesale`, `intents.cancel`; empty where none fired.
    pub rule: String,
    /// The words that triggered it, or how sure the intent is.
    pub because: String,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.rule, self.because)
    }
}

/// A ruling and its reason.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ruled {
    pub ruling: Ruling,
    pub why: Why,
    /// Whose topic it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    pub phase: Phase,
    /// What it is about, where that is sure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intent: Option<Intent>,
}

struct Patterns {
    how: Regex,
    supposed: Regex,
    courtesy: Regex,
    order: Regex,
    leaves: Regex,
}

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let re = |pattern: &str| Regex::new(&format!("(?i){pattern}")).expect("constant");
    Patterns {
        how: re(
            r"\b(?:how|where|when|until when) (?:do|can|could|should|would|may|to|long|much|many|soon|does)\b|\bwhat (?:do|must|should) (?:i|we) (?:have|need|do)\b|\bwhat (?:is|are|if|happens)\b|\b(?:is it|it is) possible\b|(?:^|[.!?,;]\s+|\band )\W*(?:so |and |hi |hello |hey )?(?:can|may|could) (?:i|we|you still)\b|\b(?:is|are) there\b|\b(?:in )?(?:which|what) cases?\b|\bdo you (?:accept|offer|have|take|allow|charge)\b",
        ),
        supposed: re(
            r"\b(?:what (?:happens |do (?:i|you) do )?(?:if|when)|what if|in case|if (?:i|my|an?|the|it|something|one|they|you)\b|does (?:the|your) (?:warranty|guarantee|policy))",
        ),
        courtesy: re(r"^\W*(?:let me know|tell me if you|please let|thanks?|thank you|hi|hello|hey)\b"),
        leaves: re(
            r"\b(?:leave|leaving|submit|submitting|send|sending|give|giving|write|writing|post|posting|make|share|add)\b[^.?!]{0,25}\b(?:reviews?|feedback|opinions?|comments?|ratings?)\b|\b(?:where|how)\b[^.?!]{0,40}\b(?:reviews?|feedback|opinions?|comments?)\b",
        ),
        order: re(
            r"#\s?[a-z]{0,4}\d{3,}|\b[a-z]{0,4}-?\d{5,}\b|\b(?:order|purchase) (?:number |no\.? )?[a-z]{0,4}\d{3,}\b",
        ),
    }
});

/// A part of a message decides against the whole only when it is this sure.
const PART: f32 = 0.8;
/// A person is called, whatever a page says, only where it is this sure.
const GRAVE: f32 = 0.6;

impl Policy {
    /// The first rule that fires: what is never automated, exceptions, then what the message is about.
    pub fn rule(&self, text: &str, understood: &Understanding) -> Ruled {
        let watched = |list: &'_ [Watched], text: &str, reason| {
            list.iter().find_map(|w| {
                let hit = w.words.find(text).filter(|_| speaks(w, understood))?;
                Some((w.id.clone(), w.owner.clone(), hit.as_str().to_owned(), reason))
            })
        };
        let never = watched(&self.never, text, HandoffReason::NeverAutomated).map(|hit| ("never", hit));
        let hit = never.or_else(|| {
            // What is only supposed is no exception; told is what stands in a sentence that supposes nothing.
            let told: Vec<&str> = sentences(text).into_iter().filter(|s| !PATTERNS.supposed.is_match(s)).collect();
            watched(&self.exceptions, &told.join("\n"), HandoffReason::Exception).map(|hit| ("exceptions", hit))
        });
        if let Some((list, (id, owner, words, reason))) = hit {
            let why = Why { rule: format!("{list}.{id}"), because: words };
            return Ruled { ruling: Ruling::Person { reason }, why, owner, phase: Phase::Answer, intent: None };
        }
        let Some((intent, probability)) = self.about(understood) else {
            let why = Why { rule: String::new(), because: "no intent is sure".into() };
            return Ruled { ruling: Ruling::Look, why, owner: None, phase: Phase::Answer, intent: None };
        };
        let rule = self.of(intent);
        let grave = matches!(intent.family(), Family::Exception | Family::Conversation) && intent != Intent::OutOfScope;
        if grave && probability < GRAVE {
            let why = Why { rule: String::new(), because: format!("{intent} is only {probability:.2} sure") };
            return Ruled { ruling: Ruling::Look, why, owner: None, phase: Phase::Answer, intent: None };
        }
        let ruling = match rule.phase {
            Phase::Off | Phase::Suggest => Ruling::Person { reason: HandoffReason::NotAutomated },
            Phase::Answer => ruling(intent, rule.lane, text),
        };
        let why = Why { rule: format!("intents.{intent}"), because: format!("{probability:.2} sure") };
        Ruled { ruling, why, owner: rule.owner.clone(), phase: rule.phase, intent: Some(intent) }
    }

    /// What decides: the gravest thing that is sure, of the message or of one of its sentences.
    fn about(&self, understood: &Understanding) -> Option<(Intent, f32)> {
        let top = understood.intent()?;
        // Close relatives share the probability: what family it is can be sure where the intent is not.
        let family = understood.probability_of(top.intent.family());
        let whole = (family >= self.sure).then_some((top.intent, family));
        let grave = |intent: Intent| match intent.family() {
            Family::Exception => 4,
            Family::Conversation if matches!(intent, Intent::Human | Intent::Complaint) => 3,
            Family::Transaction => 2,
            Family::Status => 1,
            Family::Information | Family::Conversation => 0,
        };
        let part = understood
            .parts
            .iter()
            .filter(|p| p.probability >= PART && grave(p.intent) > whole.map_or(0, |(intent, _)| grave(intent)))
            .max_by(|a, b| grave(a.intent).cmp(&grave(b.intent)).then(a.probability.total_cmp(&b.probability)))
            .map(|p| (p.intent, p.probability));
        let small = |intent: Intent| intent.family() == Family::Conversation && grave(intent) == 0;
        match (whole, part) {
            (_, Some(part)) => Some(part),
            // A greeting in front of something else is not what it is about.
            (Some((intent, _)), None) if small(intent) => {
                understood.parts.iter().find(|p| !small(p.intent)).map(|p| (p.intent, p.probability)).or(whole)
            }
            (whole, None) => whole,
        }
    }
}

fn ruling(intent: Intent, lane: Lane, text: &str) -> Ruling {
    let supposed = only_supposed(text);
    let how = PATTERNS.how.is_match(text) && !PATTERNS.order.is_match(text);
    match (intent.family(), lane) {
        (Family::Conversation, Lane::SelfService) => match intent {
            Intent::Human => Ruling::Person { reason: HandoffReason::CustomerAsked },
            Intent::Complaint => Ruling::Person { reason: HandoffReason::Complaint },
            // Who wants to leave a review has not praised anybody yet.
            Intent::Praise if PATTERNS.leaves.is_match(text) => Ruling::Person { reason: HandoffReason::NeedsAction },
            _ => Ruling::SmallTalk { about: intent },
        },
        (Family::Conversation, Lane::Assisted | Lane::Specialist) => Ruling::Person {
            reason: if intent == Intent::Human { HandoffReason::CustomerAsked } else { HandoffReason::Complaint },
        },
        (Family::Exception, Lane::SelfService) => Ruling::Look,
        (Family::Exception, Lane::Assisted | Lane::Specialist) if supposed => Ruling::Look,
        (Family::Exception, Lane::Assisted | Lane::Specialist) => Ruling::Person { reason: HandoffReason::Exception },
        (Family::Transaction, Lane::SelfService) => Ruling::Look,
        (Family::Transaction, Lane::Assisted) => Ruling::Act { how: how || supposed },
        (Family::Transaction, Lane::Specialist) => Ruling::Person { reason: HandoffReason::NeedsAction },
        (Family::Status, Lane::SelfService) => match intent {
            Intent::Tracking => Ruling::Live { kinds: vec![LiveKind::Status, LiveKind::Tracking] },
            Intent::OrderDetails => Ruling::Live { kinds: vec![LiveKind::Items, LiveKind::Total] },
            _ => Ruling::Live { kinds: vec![LiveKind::Refund] },
        },
        (Family::Information, Lane::SelfService) => Ruling::Look,
        (Family::Status | Family::Information, Lane::Assisted | Lane::Specialist) => {
            Ruling::Person { reason: HandoffReason::NotAutomated }
        }
    }
}

/// Whether a message tells of nothing that happened: it supposes, and says no more than courtesies besides ("let me know
/// if you need a photo" supposes nothing about the matter).
fn only_supposed(text: &str) -> bool {
    let all = sentences(text);
    let about = |s: &&&str| !PATTERNS.courtesy.is_match(s);
    all.iter().any(|s| !PATTERNS.courtesy.is_match(s) && PATTERNS.supposed.is_match(s))
        && all.iter().filter(about).all(|s| PATTERNS.supposed.is_match(s) || PATTERNS.how.is_match(s))
}

/// Whether a list of words is meant for the customer's language.
fn speaks(watched: &Watched, understood: &Understanding) -> bool {
    let known = understood.language;
    watched.languages.is_empty() || known.is_none_or(|known| watched.languages.iter().any(|l| l == known))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understand::Sure;

    fn about(intent: Intent, probability: f32) -> Understanding {
        Understanding { intents: vec![Sure { intent, probability }], ..Understanding::default() }
    }

    #[track_caller]
    fn check(text: &str, intent: Intent, probability: f32, expect: Ruling) {
        assert_eq!(Policy::default().rule(text, &about(intent, probability)).ruling, expect, "{text}");
    }

    #[test]
    fn each_family_goes_its_way() {
        use HandoffReason::{Complaint, CustomerAsked, Exception};
        check("cancel it", Intent::Cancel, 0.9, Ruling::Act { how: false });
        check("cancel it", Intent::Cancel, 0.3, Ruling::Look);
        check("how do I cancel an order?", Intent::Cancel, 0.9, Ruling::Act { how: true });
        check("how do I cancel order 113542617?", Intent::Cancel, 0.9, Ruling::Act { how: false });
        check("the zip tore", Intent::Damaged, 0.9, Ruling::Person { reason: Exception });
        check("What happens if my item arrives damaged?", Intent::Damaged, 0.9, Ruling::Look);
        let told = "The zip tore. Let me know if you need a photo.";
        check(told, Intent::Damaged, 0.9, Ruling::Person { reason: Exception });
        check("let me file a claim", Intent::Complaint, 0.9, Ruling::Person { reason: Complaint });
        check("somebody real", Intent::Human, 0.9, Ruling::Person { reason: CustomerAsked });
        check("hi", Intent::Greeting, 0.9, Ruling::SmallTalk { about: Intent::Greeting });
        check("what do you accept", Intent::PaymentMethods, 0.9, Ruling::Look);
        let kinds = vec![LiveKind::Refund];
        check("any news of my money", Intent::RefundStatus, 0.9, Ruling::Live { kinds });
    }

    #[test]
    fn a_sure_part_decides_and_a_greeting_does_not() {
        let sure = |intent, probability| Sure { intent, probability };
        let part = Understanding { parts: vec![sure(Intent::Damaged, 0.95)], ..about(Intent::Material, 0.8) };
        let ruled = Policy::default().rule("Is it wool? It came torn.", &part);
        assert_eq!(ruled.intent, Some(Intent::Damaged));
        let greeting = Understanding { parts: vec![sure(Intent::Stock, 0.85)], ..about(Intent::Greeting, 0.6) };
        assert_eq!(Policy::default().rule("Hi there! Is the tent in stock?", &greeting).intent, Some(Intent::Stock));
    }

    #[test]
    fn what_is_never_automated_comes_first() {
        let section = "[[never]]\nid = \"wholesale\"\nwords = [\"wholesale\"]\n[[exceptions]]\nid = \"fire\"\nlanguages = [\"en\"]\nwords = [\"caught fire\"]\n[intents.stock]\nphase = \"suggest\"";
        let (policy, problems) = toml::from_str::<super::super::PolicySection>(section).unwrap().policy();
        assert!(problems.is_empty());
        let ruled = policy.rule("Do you sell wholesale?", &about(Intent::Price, 0.9));
        assert_eq!(ruled.ruling, Ruling::Person { reason: HandoffReason::NeverAutomated });
        assert_eq!(ruled.why, Why { rule: "never.wholesale".into(), because: "wholesale".into() });
        let fire = policy.rule("My stove caught fire", &Understanding::default());
        assert_eq!(fire.why.rule, "exceptions.fire");
        let both = policy.rule("My stove caught fire. Let me know if you need photos.", &Understanding::default());
        assert_eq!(both.why.rule, "exceptions.fire");
        assert_eq!(policy.rule("What if it caught fire?", &Understanding::default()).ruling, Ruling::Look);
        let suggested = policy.rule("is it in stock", &about(Intent::Stock, 0.9));
        assert_eq!(suggested.ruling, Ruling::Person { reason: HandoffReason::NotAutomated });
    }
}
