//! Was the reply to a question right?

use crate::facts::Statement;
use crate::pack::{Action, Question};
use crate::polarity::{Said, polarity};
use engine::handoff::HandoffReason;
use engine::{DocId, Reply};
use serde::{Deserialize, Serialize};

/// Every reply is exactly one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Answered, with every required fact and nothing forbidden.
    Right,
    /// Handed over where that is right.
    RefusedRightly,
    /// Said something forbidden, said yes for no, or answered what a person has to.
    Wrong,
    /// Answered, nothing forbidden, but a required fact is missing.
    Incomplete,
    /// Handed over what it should have answered.
    RefusedNeedlessly,
}

impl Verdict {
    pub const ALL: [Self; 5] =
        [Self::Right, Self::RefusedRightly, Self::Wrong, Self::Incomplete, Self::RefusedNeedlessly];

    /// As it stands in the JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::RefusedRightly => "refused_rightly",
            Self::Wrong => "wrong",
            Self::Incomplete => "incomplete",
            Self::RefusedNeedlessly => "refused_needlessly",
        }
    }

    pub fn is_good(self) -> bool {
        matches!(self, Self::Right | Self::RefusedRightly)
    }
}

/// A reply as far as it is judged.
#[derive(Clone, Debug, PartialEq)]
pub enum Response {
    Answer {
        text: String,
        cited: Vec<DocId>,
    },
    /// Asked back, or asked who is asking.
    Asked {
        action: Action,
    },
    Handoff {
        reason: HandoffReason,
    },
}

impl From<&Reply> for Response {
    fn from(reply: &Reply) -> Self {
        match reply {
            Reply::Answer(answer) | Reply::Offer(engine::reply::Offer { answer, .. }) => Self::Answer {
                text: answer.text(),
                cited: answer.citations().iter().map(|citation| citation.doc.clone()).collect(),
            },
            Reply::Clarify(_) => Self::Asked { action: Action::Clarify },
            Reply::NeedsIdentity(_) => Self::Asked { action: Action::NeedsIdentity },
            Reply::Handoff(handoff) => Self::Handoff { reason: handoff.case.reason },
        }
    }
}

impl Response {
    pub fn action(&self) -> Action {
        match self {
            Self::Answer { .. } => Action::Answer,
            Self::Asked { action } => *action,
            Self::Handoff { .. } => Action::Handoff,
        }
    }
}

/// A verdict and what it rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    pub verdict: Verdict,
    /// The engine did something that the pack accepts.
    pub accepted: bool,
    /// Required facts that an answer did not state.
    pub missing: Vec<String>,
    /// Forbidden facts that it stated.
    pub violated: Vec<String>,
    /// It said no for yes, or yes for no, outright.
    pub contradicted: bool,
    /// Whether an answer cites a document that answers the question; `None` where the pack names none or nothing was
    /// answered.
    pub cited_gold: Option<bool>,
}

pub fn judge(question: &Question, response: &Response) -> Judged {
    match response {
        Response::Handoff { .. } | Response::Asked { .. } => {
            let accepted = question.accepts(response.action());
            let verdict = if accepted { Verdict::RefusedRightly } else { Verdict::RefusedNeedlessly };
            Judged { verdict, accepted, missing: vec![], violated: vec![], contradicted: false, cited_gold: None }
        }
        Response::Answer { text, cited } => judge_answer(question, text, cited),
    }
}

fn judge_answer(question: &Question, text: &str, cited: &[DocId]) -> Judged {
    let statement = Statement::read(text);
    let mut missing: Vec<String> =
        question.must_include.iter().filter(|fact| !statement.states(fact)).map(|fact| fact.label()).collect();
    let violated: Vec<String> =
        question.must_not_include.iter().filter(|fact| statement.states(fact)).map(|fact| fact.label()).collect();
    let said = polarity(text);
    let contradicted = matches!((question.polarity, said), (Some(expected), Said::Outright(said)) if said != expected);
    // Read from negations a yes or no is too weak to be called wrong, and where facts are asked for they say more.
    let (Said::Outright(found) | Said::Implied(found)) = said;
    if let Some(expected) = question.polarity.filter(|expected| question.must_include.is_empty() && *expected != found)
    {
        missing.push(expected.name().to_owned());
    }
    let accepted = question.accepts(Action::Answer);
    let verdict = if !accepted || contradicted || !violated.is_empty() {
        Verdict::Wrong
    } else if missing.is_empty() {
        Verdict::Right
    } else {
        Verdict::Incomplete
    };
    let gold = &question.gold_docs;
    let cited_gold = (!gold.is_empty()).then(|| cited.iter().any(|doc| gold.contains(doc)));
    Judged { verdict, accepted, missing, violated, contradicted, cited_gold }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Verdict::{Incomplete, RefusedNeedlessly, RefusedRightly, Right, Wrong};

    fn question(rest: &str) -> Question {
        serde_json::from_str(&format!(r#"{{"id":"x","text":"t",{rest}}}"#)).unwrap()
    }

    fn answer(text: &str) -> Response {
        Response::Answer { text: text.into(), cited: vec![DocId("pages/returns.md".into())] }
    }

    #[track_caller]
    fn check(question: &Question, response: &Response, expected: Verdict) -> Judged {
        let judged = judge(question, response);
        assert_eq!(judged.verdict, expected, "{judged:?}");
        judged
    }

    #[test]
    fn a_question_to_answer() {
        let q = question(
            r#""action":"answer","must_include":["30 days",["free","no charge"]],"must_not_include":["60 days"],"gold_docs":["pages/returns.md"]"#,
        );
        let judged = check(&q, &answer("Returns are free within 30 days."), Right);
        assert_eq!(judged.cited_gold, Some(true));
        let judged = check(&q, &answer("Within a 30-day window."), Incomplete);
        assert_eq!(judged.missing, ["free | no charge"]);
        let judged = check(&q, &answer("Free, for 30 days, or 60 days for members."), Wrong);
        assert_eq!(judged.violated, ["60 days"]);
        let judged = check(&q, &Response::Handoff { reason: HandoffReason::NoEvidence }, RefusedNeedlessly);
        assert!(!judged.accepted && judged.cited_gold.is_none());
    }

    #[test]
    fn a_question_for_a_person() {
        let handoff = Response::Handoff { reason: HandoffReason::NeedsAction };
        let strict = question(r#""action":"handoff""#);
        check(&strict, &handoff, RefusedRightly);
        assert!(!check(&strict, &answer("Done!"), Wrong).accepted);
        let either = question(r#""action":"handoff","accept":["handoff","answer"],"must_include":["order page"]"#);
        check(&either, &handoff, RefusedRightly);
        check(&either, &answer("Use the order page."), Right);
        check(&either, &answer("I see."), Incomplete);
    }

    #[test]
    fn yes_and_no() {
        let no = question(r#""action":"answer","polarity":"no""#);
        check(&no, &answer("No. Wait a year."), Right);
        check(&no, &answer("You cannot."), Right);
        assert_eq!(check(&no, &answer("It takes 12 months."), Incomplete).missing, ["no"]);
        let judged = check(&no, &answer("Yes, within a year."), Wrong);
        assert!(judged.contradicted && judged.missing == ["no"]);
        // With a fact to state, only an outright contradiction counts.
        let yes = question(r#""action":"answer","polarity":"yes","must_include":["$10"]"#);
        check(&yes, &answer("A fee of $10 applies if the bank does not honor the check."), Right);
        check(&yes, &answer("No, only $10."), Wrong);
        check(&yes, &answer("Yes."), Incomplete);
    }
}
