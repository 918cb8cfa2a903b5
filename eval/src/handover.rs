//! Whether a person who takes over would have to ask for anything that was said already. Read with eyes of our own from
//! the note that the person sees, not from the engine's account of what it understood.

use crate::facts::{Fact, Statement};
use engine::{HandoffCase, HandoffReason, Speaker, Turn, package::plain};
use regex::Regex;
use std::collections::BTreeSet;
use std::sync::LazyLock;

static MAIL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)\b([a-z0-9])[a-z0-9._%+-]*@([a-z0-9-]+(?:\.[a-z0-9-]+)+)").expect("constant"));
static ORDER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"#[A-Za-z]{0,3}\d{4,}|\b[A-Z]{1,3}\d{5,}\b").expect("constant"));
static AMOUNT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"[$€£]\s?\d[\d,]*(?:\.\d{1,2})?").expect("constant"));
static DAY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\b\d{4}-\d{2}-\d{2}\b|\b(?:january|february|march|april|june|july|august|september|october|november|december) \d{1,2}\b",
    )
    .expect("constant")
});

/// What is missing in the case of a message, in words; empty where nothing is.
pub fn missing(turn: &Turn, known_customer: bool, case: &HandoffCase) -> Vec<String> {
    let mut missing: BTreeSet<String> = BTreeSet::new();
    let mut need = |there: bool, what: &str| {
        if !there {
            missing.insert(what.to_owned());
        }
    };
    let here = case.conversation == turn.conversation && case.turn == turn.number;
    need(here && case.question == turn.text, "the message that is handed over");
    need(case.tier.is_some(), "how far the customer is known");
    let Some(package) = case.package.as_deref() else {
        need(false, "the package");
        return missing.into_iter().collect();
    };
    need(sentences(&package.summary) == 2, "a summary of two sentences");
    need(package.open_questions.iter().any(|q| q == &turn.text), "the open question");
    // That a search found nothing is evidence, too.
    let known = !case.evidence.is_empty() || !package.sources.is_empty() || package.tried().next().is_some();
    need(known, "what triggered it, or what was looked at");
    let could_act = package.connected && !package.orders.is_empty() && known_customer;
    if matches!(case.reason, HandoffReason::NeedsAction | HandoffReason::Exception) && could_act {
        need(case.action.is_some() || package.no_action.is_some(), "the action, or why there is none");
    }
    let note = plain(case);
    let (shown, states) = (note.to_uppercase(), Statement::read(&note));
    for text in said(turn) {
        for number in ORDER.find_iter(&text) {
            let bare = number.as_str().trim_start_matches('#').to_uppercase();
            need(shown.contains(&bare), &format!("order {}", number.as_str()));
        }
        for address in MAIL.captures_iter(&text) {
            let masked = format!("{}…@{}", &address[1], &address[2]).to_uppercase();
            need(shown.contains(&masked), "an e-mail address that the customer gave");
        }
        for value in AMOUNT.find_iter(&text).chain(DAY.find_iter(&text)) {
            need(states.states(&Fact::One(value.as_str().to_owned())), value.as_str());
        }
    }
    missing.into_iter().collect()
}

/// The customer's messages.
fn said(turn: &Turn) -> impl Iterator<Item = String> {
    let before = turn.history.iter().filter(|m| m.role == Speaker::Customer).map(|m| m.text.clone());
    before.chain([turn.text.clone()])
}

/// Sentences by their end marks: a mark, then white space and something that begins one, or the end.
fn sentences(text: &str) -> usize {
    let chars: Vec<char> = text.trim().chars().collect();
    let ends = |at: usize| {
        let next = chars[at + 1..].iter().find(|c| !matches!(c, '”' | '"' | ')' | '’'));
        matches!(chars[at], '.' | '!' | '?') && next.is_none_or(|c| c.is_whitespace())
    };
    (0..chars.len()).filter(|at| ends(*at)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unit::Unit;
    use engine::fakes::{self, MemoryKnowledge};
    use engine::{Asker, Engine, EngineConfig, Message, Reply, StoreId, StorePass, Turn};

    #[expect(clippy::disallowed_methods, reason = "a test is its own operator")]
    async fn handed_over(turn: &Turn) -> HandoffCase {
        let pass = StorePass::for_operator(StoreId::parse("one").unwrap(), "test");
        let config = EngineConfig {
            candidates: 20,
            passages: 6,
            search: engine::ports::SearchMode::Fused,
            coverage: 0.5,
            certain: 0.9,
            evidence_sentences: 8,
            max_tokens: 100,
            handoff_message: "A person will take over.".into(),
        };
        let engine = Engine::new(fakes::ports(MemoryKnowledge::default()), config);
        match engine.answer(&Asker::Anonymous(pass), turn, &|_| ()).await.unwrap().reply {
            Reply::Handoff(handoff) => handoff.case,
            other => panic!("{other:?}"),
        }
    }

    fn unit(turn: Turn) -> Unit {
        let question: crate::pack::Question =
            serde_json::from_value(serde_json::json!({"id": "q", "text": turn.text, "action": "handoff"})).unwrap();
        Unit {
            task: crate::unit::Task::Decisions,
            question,
            turn,
            customer: None,
            without: BTreeSet::new(),
            at: None,
            scored: true,
            suggested: false,
            clean: true,
            due: None,
            by: Default::default(),
            cluster: None,
        }
    }

    #[tokio::test]
    async fn a_case_lacks_what_its_note_does_not_show() {
        let mut turn = Turn::single("c", "I want to talk to a human");
        turn.number = 1;
        turn.history = vec![Message {
            role: Speaker::Customer,
            text: "#12345 of November 3, ann.lee@mail.example, cost $1,017.50".into(),
        }];
        let unit = unit(turn.clone());
        let whole = handed_over(&turn).await;
        assert_eq!(missing(&unit.turn, unit.customer.is_some(), &whole), [] as [&str; 0], "{}", plain(&whole));

        let mut case = whole.clone();
        let package = case.package.as_mut().unwrap();
        package.known = Default::default();
        package.timeline.clear();
        package.summary = "One. Two. Three.".into();
        package.open_questions.clear();
        let lost = missing(&unit.turn, unit.customer.is_some(), &case);
        for what in ["#12345", "November 3", "e-mail", "$1,017.50", "two sentences", "open question"] {
            assert!(lost.iter().any(|lost| lost.contains(what)), "{what}: {lost:?}");
        }
        assert_eq!(
            missing(&unit.turn, unit.customer.is_some(), &HandoffCase { package: None, ..whole }),
            ["the package"]
        );
    }

    #[tokio::test]
    async fn another_message_or_no_tier_is_not_complete() {
        let turn = Turn::single("c", "human");
        let case = handed_over(&turn).await;
        let other = unit(Turn::single("d", "human"));
        assert_eq!(missing(&other.turn, false, &case), ["the message that is handed over"]);
        let case = HandoffCase { tier: None, evidence: String::new(), ..case };
        let lost = missing(&turn, false, &case);
        assert_eq!(lost, ["how far the customer is known", "what triggered it, or what was looked at"]);
    }
}
