//! What an agent made of a suggestion: told by comparing what was suggested with what was sent.

use super::{Suggested, Suggestion, Trust};
use crate::handoff::{HandoffCase, HandoffReason};
use crate::text::{sentences, words};
use serde::{Deserialize, Serialize};

/// One finding about one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feedback {
    pub kind: FeedbackKind,
    /// The document (`pages/returns.md`, `order:#1001`), the reason of the handoff, or `suggestion`.
    pub about: String,
    pub verdict: FeedbackVerdict,
    /// What was suggested of it.
    pub before: String,
    /// What was sent in its place; empty where nothing was.
    pub after: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedbackKind {
    /// The suggested reply as a whole.
    Answer,
    /// What one document gave to it.
    Passage,
    /// The reason for which a person was called. `rejected` means that it need not have been: the agent sent what the
    /// engine had ready, word by word, and nothing in it was unverified.
    Rule,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedbackVerdict {
    Used,
    Edited,
    Rejected,
}

impl FeedbackKind {
    pub const ALL: [Self; 3] = [Self::Answer, Self::Passage, Self::Rule];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Passage => "passage",
            Self::Rule => "rule",
        }
    }
}

impl FeedbackVerdict {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Used => "used",
            Self::Edited => "edited",
            Self::Rejected => "rejected",
        }
    }
}

/// From here on two sentences are one that was edited.
const ALIKE: f64 = 0.5;

/// What the agent's own reply says about the suggestion of a case.
pub fn feedback(case: &HandoffCase, sent: &str) -> Vec<Feedback> {
    let nothing = Suggestion::default();
    let suggestion = case.package.as_deref().map_or(&nothing, |package| &package.suggestion);
    let reply: Vec<&str> = sentences(sent);
    let fates: Vec<(&Suggested, Fate<'_>)> = suggestion.sentences.iter().map(|s| (s, fate(&s.text, &reply))).collect();
    let mut found = Vec::new();
    if !fates.is_empty() {
        let added = reply.iter().any(|sentence| fates.iter().all(|(_, fate)| fate.sent != Some(*sentence)));
        let mut verdict = together(fates.iter().map(|(_, fate)| fate.verdict));
        if added && verdict == FeedbackVerdict::Used {
            verdict = FeedbackVerdict::Edited;
        }
        let (before, after) = (suggestion.text(), sent.trim().to_owned());
        found.push(Feedback { kind: FeedbackKind::Answer, about: "suggestion".into(), verdict, before, after });
    }
    let mut docs: Vec<&str> = Vec::new();
    for doc in suggestion.sentences.iter().flat_map(docs_of) {
        if !docs.contains(&doc) {
            docs.push(doc);
        }
    }
    for doc in docs {
        let of: Vec<&(&Suggested, Fate<'_>)> = fates.iter().filter(|(s, _)| docs_of(s).any(|d| d == doc)).collect();
        let join = |parts: Vec<&str>| parts.join(" ");
        found.push(Feedback {
            kind: FeedbackKind::Passage,
            about: doc.to_owned(),
            verdict: together(of.iter().map(|(_, fate)| fate.verdict)),
            before: join(of.iter().map(|(s, _)| s.text.as_str()).collect()),
            after: join(of.iter().filter_map(|(_, fate)| fate.sent).collect()),
        });
    }
    let verified = suggestion.sentences.iter().all(|s| match s.trust {
        Trust::Live { .. } | Trust::Quoted { .. } => true,
        Trust::Unverified { .. } => false,
    });
    let whole = found.first().is_some_and(|f| f.kind == FeedbackKind::Answer && f.verdict == FeedbackVerdict::Used);
    // Who asks for a person, or for something to be done, gets one, whatever is replied.
    let needless = match case.reason {
        HandoffReason::NeedsLiveData
        | HandoffReason::NoEvidence
        | HandoffReason::LowConfidence
        | HandoffReason::Ungrounded
        | HandoffReason::SourcesDisagree
        | HandoffReason::NotAutomated
        | HandoffReason::Unavailable => whole && verified,
        HandoffReason::CustomerAsked
        | HandoffReason::NeedsAction
        | HandoffReason::Sensitive
        | HandoffReason::Exception
        | HandoffReason::Complaint
        | HandoffReason::NeverAutomated
        | HandoffReason::Segment
        | HandoffReason::Repeated
        | HandoffReason::Instructions => false,
    };
    found.push(Feedback {
        kind: FeedbackKind::Rule,
        about: reason_name(case.reason),
        verdict: if needless { FeedbackVerdict::Rejected } else { FeedbackVerdict::Used },
        before: case.evidence.clone(),
        after: String::new(),
    });
    found
}

/// What became of one suggested sentence.
#[derive(Clone, Copy)]
struct Fate<'s> {
    verdict: FeedbackVerdict,
    sent: Option<&'s str>,
}

fn fate<'s>(suggested: &str, reply: &[&'s str]) -> Fate<'s> {
    let plain = |text: &str| words(text).join(" ");
    let wanted = plain(suggested);
    if let Some(same) = reply.iter().find(|sentence| plain(sentence) == wanted) {
        return Fate { verdict: FeedbackVerdict::Used, sent: Some(same) };
    }
    let near = reply.iter().map(|sentence| (strsim::normalized_levenshtein(&plain(sentence), &wanted), *sentence));
    match near.max_by(|a, b| a.0.total_cmp(&b.0)) {
        Some((likeness, sentence)) if likeness >= ALIKE => {
            Fate { verdict: FeedbackVerdict::Edited, sent: Some(sentence) }
        }
        Some(_) | None => Fate { verdict: FeedbackVerdict::Rejected, sent: None },
    }
}

/// All used is used, all rejected is rejected, everything else was edited.
fn together(mut verdicts: impl Iterator<Item = FeedbackVerdict>) -> FeedbackVerdict {
    let first = verdicts.next().unwrap_or(FeedbackVerdict::Rejected);
    if verdicts.all(|v| v == first) { first } else { FeedbackVerdict::Edited }
}

fn docs_of(sentence: &Suggested) -> impl Iterator<Item = &str> {
    let docs = match &sentence.trust {
        Trust::Live { docs, .. } => docs.as_slice(),
        Trust::Quoted { doc } => std::slice::from_ref(doc),
        Trust::Unverified { .. } => &[],
    };
    docs.iter().map(|doc| doc.0.as_str())
}

/// The reason as it is written elsewhere (`needs_live_data`).
fn reason_name(reason: HandoffReason) -> String {
    serde_json::to_value(reason).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::DocId;
    use FeedbackVerdict::{Edited, Rejected, Used};

    fn case(reason: HandoffReason, sentences: &[(&str, Trust)]) -> HandoffCase {
        let json = serde_json::json!({"conversation": "c", "turn": 0, "reason": reason, "evidence": "e",
            "question": "q", "looked_at": [], "draft": null, "package": {
                "made_at": "2026-11-21T15:00:00Z", "time_zone": null, "summary": "", "connected": true, "asks": [],
                "who": {"tier": "anonymous", "segment": []}, "language": null, "sentiment": "neutral",
                "timeline": [], "open_questions": [],
                "known": {"orders": [], "emails": [], "given": [], "products": []}, "orders": [], "no_action": null,
                "past": [], "sources": [], "suggestion": {"sentences": [], "dropped": []}, "promise": null}});
        let mut case: HandoffCase = serde_json::from_value(json).unwrap();
        let package = case.package.as_deref_mut().unwrap();
        package.suggestion.sentences =
            sentences.iter().map(|(text, trust)| Suggested { text: (*text).into(), trust: trust.clone() }).collect();
        case
    }

    fn quoted(doc: &str) -> Trust {
        Trust::Quoted { doc: DocId(doc.into()) }
    }

    #[track_caller]
    fn check(case: &HandoffCase, sent: &str, expect: &[(FeedbackKind, &str, FeedbackVerdict)]) {
        let found = feedback(case, sent);
        let found: Vec<_> = found.iter().map(|f| (f.kind, f.about.as_str(), f.verdict)).collect();
        assert_eq!(found, expect, "{sent}");
    }

    #[test]
    fn what_was_sent_tells_what_was_thought_of_each_part() {
        use FeedbackKind::{Answer, Passage, Rule};
        let suggested = [
            ("You can return it within 30 days.", quoted("returns")),
            ("Return shipping costs $6.95.", quoted("fees")),
        ];
        let case = case(HandoffReason::NoEvidence, &suggested);
        let all = |answer, returns, fees, rule| {
            [
                (Answer, "suggestion", answer),
                (Passage, "returns", returns),
                (Passage, "fees", fees),
                (Rule, "no_evidence", rule),
            ]
        };
        check(
            &case,
            "You can return it within 30 days. Return shipping costs $6.95.",
            &all(Used, Used, Used, Rejected),
        );
        check(
            &case,
            "you can return it within 30 days\nReturn shipping costs $6.95!",
            &all(Used, Used, Used, Rejected),
        );
        check(
            &case,
            "You can return it within 60 days. Return shipping costs $6.95.",
            &all(Edited, Edited, Used, Used),
        );
        check(&case, "You can return it within 30 days.", &all(Edited, Used, Rejected, Used));
        check(&case, "Please call us on Monday about this.", &all(Rejected, Rejected, Rejected, Used));
        check(
            &case,
            "You can return it within 30 days. Return shipping costs $6.95. Best wishes, Mia from the team",
            &all(Edited, Used, Used, Used),
        );
        check(&case, "", &all(Rejected, Rejected, Rejected, Used));
    }

    #[test]
    fn a_handoff_that_was_asked_for_is_never_needless() {
        use FeedbackKind::{Answer, Passage, Rule};
        let case = case(HandoffReason::CustomerAsked, &[("It is on its way.", quoted("order:#1"))]);
        let expect = [(Answer, "suggestion", Used), (Passage, "order:#1", Used), (Rule, "customer_asked", Used)];
        check(&case, "It is on its way.", &expect);
        let unverified = [("It is 90 days.", Trust::Unverified { why: "no".into() })];
        let case = super::tests::case(HandoffReason::Ungrounded, &unverified);
        check(&case, "It is 90 days.", &[(Answer, "suggestion", Used), (Rule, "ungrounded", Used)]);
    }

    #[test]
    fn without_a_suggestion_only_the_rule_is_judged() {
        let case = case(HandoffReason::Sensitive, &[]);
        check(&case, "We are sorry.", &[(FeedbackKind::Rule, "sensitive", Used)]);
    }
}
