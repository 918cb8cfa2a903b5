//! A handoff as a person reads it.

use engine::{HandoffCase, HandoffReason, identity::Tier};

/// Everything that is known of the case, as plain text: reason, question, what was looked at, what could be done.
pub fn agent_note(case: &HandoffCase) -> String {
    let last = format!("Conversation {}, message {}", case.conversation.0, case.turn.saturating_add(1));
    if case.package.is_some() {
        return format!("{}\n\n{last}", engine::package::plain(case).trim_end());
    }
    let mut lines = vec![format!("Why a person: {}", reason(case.reason))];
    if !case.evidence.trim().is_empty() {
        lines.push(format!("Because of: {}", case.evidence.trim()));
    }
    lines.push(format!("Customer: {}", tier(case.tier)));
    lines.push(String::new());
    lines.push("The customer wrote:".into());
    lines.extend(case.question.trim().lines().map(|line| format!("> {line}")));
    if let Some(action) = &case.action {
        lines.push(String::new());
        lines.push(format!("Prepared, waiting for your approval: {}", action.says));
        lines.push(format!("  shopclerk actions approve {}", action.id.0));
        lines.extend(action.warnings.iter().map(|warning| format!("  Beware: {warning}")));
    }
    if let Some(draft) = case.draft.as_deref().map(str::trim).filter(|draft| !draft.is_empty()) {
        lines.push(String::new());
        lines.push("A draft that did not pass the check. Do not send it unread:".into());
        lines.extend(draft.lines().map(|line| format!("> {line}")));
    }
    if !case.looked_at.is_empty() {
        lines.push(String::new());
        lines.push("Looked at:".into());
        for seen in &case.looked_at {
            let url = seen.url.as_deref().map(|url| format!(" {url}")).unwrap_or_default();
            lines.push(format!("- {}{url}", seen.title));
        }
    }
    lines.push(String::new());
    lines.push(last);
    lines.join("\n")
}

/// What the customer added, where it cannot be put down to them.
pub fn follow_up_note(text: &str) -> String {
    format!("The customer wrote in the chat:\n\n{}", text.trim())
}

/// One line, for a subject.
pub fn subject(question: &str) -> String {
    const CHARS: usize = 80;
    let question = question.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut: String = question.chars().take(CHARS).collect();
    let dots = if cut.len() < question.len() { "…" } else { "" };
    format!("Needs a person: {cut}{dots}")
}

fn reason(reason: HandoffReason) -> &'static str {
    match reason {
        HandoffReason::CustomerAsked => "the customer asked for one",
        HandoffReason::NeedsLiveData => "the question needs an order or an account that could not be looked up",
        HandoffReason::NeedsAction => "something must be done, not said",
        HandoffReason::Sensitive => "the matter is for a person to decide",
        HandoffReason::NoEvidence => "no source of the store covers the question",
        HandoffReason::LowConfidence => "an answer is not certain enough to be right",
        HandoffReason::Ungrounded => "no answer stood up to its sources",
        HandoffReason::SourcesDisagree => "the store's sources disagree",
        HandoffReason::Exception => "something went wrong with an order",
        HandoffReason::Complaint => "the customer complains",
        HandoffReason::NeverAutomated => "a topic that the store leaves to people",
        HandoffReason::NotAutomated => "of a kind that the store does not let the assistant answer",
        HandoffReason::Segment => "a customer whom the store leaves to its people",
        HandoffReason::Repeated => "the customer has asked the same too often",
        HandoffReason::Instructions => "the message tries to instruct the assistant",
        HandoffReason::Unavailable => "the assistant could not answer in time",
    }
}

fn tier(tier: Option<Tier>) -> &'static str {
    match tier {
        None | Some(Tier::Anonymous) => "not known",
        Some(Tier::Claimed) => "gave an order number and an e-mail address",
        Some(Tier::Verified) => "proved who they are",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::ConversationId;

    #[test]
    fn a_note_says_what_a_person_needs() {
        let case = HandoffCase {
            conversation: ConversationId("c-1".into()),
            turn: 2,
            reason: HandoffReason::SourcesDisagree,
            evidence: "30 days, 14 days".into(),
            question: "How long?\nReally?".into(),
            looked_at: vec![engine::handoff::LookedAt {
                doc: engine::evidence::DocId("pages/returns.md".into()),
                title: "Returns".into(),
                url: Some("https://shop.example/returns".into()),
            }],
            draft: Some("45 days.".into()),
            tier: Some(Tier::Claimed),
            action: None,
            package: None,
        };
        let note = agent_note(&case);
        for part in [
            "sources disagree",
            "30 days, 14 days",
            "> How long?\n> Really?",
            "> 45 days.",
            "- Returns https://shop.example/returns",
            "Conversation c-1, message 3",
            "order number",
        ] {
            assert!(note.contains(part), "{part}: {note}");
        }
        assert_eq!(subject(&case.question), "Needs a person: How long? Really?");
        let long = HandoffCase { question: "é".repeat(200), ..case };
        assert!(subject(&long.question).chars().count() < 100 && subject(&long.question).ends_with('…'));
    }
}
