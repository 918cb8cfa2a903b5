//! Whatever a customer gives is in the package and in the note, however the conversation goes.

use super::*;
use crate::text::sentences;
use proptest::prelude::*;

fn told(turn: &Turn) -> HandoffCase {
    let profile = profile();
    let (trace, reads) = (crate::trace::Trace::default(), Reads::default());
    let package = assemble(&Told {
        asker: &anonymous(),
        tier: Tier::Anonymous,
        turn,
        profile: Some(&profile),
        reason: HandoffReason::CustomerAsked,
        words: "a human",
        action: None,
        looked_at: &[],
        trace: &trace,
        reads: &reads,
        past: &[],
        connected: false,
        now: now(),
    });
    HandoffCase {
        conversation: turn.conversation.clone(),
        turn: turn.number,
        reason: HandoffReason::CustomerAsked,
        evidence: "a human".into(),
        question: turn.text.clone(),
        looked_at: Vec::new(),
        draft: None,
        tier: Some(Tier::Anonymous),
        action: None,
        package: Some(Box::new(package)),
    }
}

/// A message that gives one thing, and what must be found of it.
fn gives() -> impl Strategy<Value = (String, String)> {
    prop_oneof![
        (10000u32..99999).prop_map(|n| (format!("it is about FV{n}"), format!("#FV{n}"))),
        "[a-z]{3,8}".prop_map(|name| (format!("I am {name}@mail.example"), format!("{}…@mail.example", &name[..1]))),
        (100i64..99999).prop_map(|cents| {
            let amount = format!("${}.{:02}", cents / 100, cents % 100);
            (format!("I paid {amount} for it"), amount)
        }),
        (1u8..29).prop_map(|day| (format!("it came on November {day}"), format!("November {day}"))),
        (2u8..99).prop_map(|n| (format!("I have {n} jackets"), format!("{n} jackets"))),
        Just(("I need it before Friday".to_owned(), "before Friday".to_owned())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_field_that_was_given_is_lost(messages in prop::collection::vec(gives(), 1..24)) {
        let mut turn = Turn::single("c", "let me talk to a human");
        turn.number = u32::try_from(messages.len()).unwrap();
        for (text, _) in &messages {
            turn.history.push(said(Speaker::Customer, text));
            turn.history.push(said(Speaker::Agent, "I see."));
        }
        let case = told(&turn);
        let (note, marked) = (plain(&case), markdown(&case));
        for (text, field) in &messages {
            prop_assert!(note.contains(field.as_str()), "{field} of '{text}' in\n{note}");
            prop_assert!(marked.contains(field.as_str()), "{field} of '{text}' in\n{marked}");
        }
        prop_assert_eq!(complete(&case).missing, Vec::new());
        let stored = serde_json::to_string(&case).unwrap();
        prop_assert_eq!(serde_json::from_str::<HandoffCase>(&stored).unwrap(), case);
    }

    #[test]
    fn a_summary_is_two_sentences_whatever_is_quoted(text in "\\PC{0,200}") {
        let case = told(&Turn::single("c", text));
        let summary = &package(&case).summary;
        prop_assert_eq!(sentences(summary).len(), 2, "{}", summary);
    }

    #[test]
    fn no_text_changes_the_structure_of_a_note(text in "[-#*_<>`~|\\[\\]()!\\n\\ra-z@. ]{0,120}") {
        let case = told(&Turn::single("c", text));
        let note = markdown(&case);
        for line in note.lines() {
            let own = line.is_empty() || line.starts_with("- ") || (line.starts_with("**") && line.ends_with("**"));
            prop_assert!(own, "{line:?} in\n{note}");
        }
        prop_assert!(!note.contains('<'), "{note}");
    }
}
