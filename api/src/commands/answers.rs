//! `shopclerk answers`: answers in the store's own words, from the questions that many ask to what is said.

mod args;
mod calibrate;
mod change;
mod files;
mod mine;
#[cfg(test)]
mod tests;

pub use args::{AnswersArgs, EXAMPLES};

use super::{CommandError, Exit, operator};
use crate::{
    approved::{passages, recheck::RecheckError},
    db::{actions::AuditLine, desk::Desks},
    wiring::House,
};
use args::{AnswersCommand, StateName};
use engine::{
    AgentPass, StoreId, StorePass,
    approved::{AnswerId, ApprovedAnswer, RestsOn, verify::verify},
    evidence::DocId,
};
use jiff::Timestamp;
use serde_json::json;
use std::{collections::HashSet, sync::Arc};

pub async fn run(house: House, args: AnswersArgs) -> Result<Exit, CommandError> {
    match args.command {
        AnswersCommand::List { store, state, json } => list(&Shelf::of(&house, &store), state, json).await,
        AnswersCommand::Show { id, store, json } => show(&Shelf::of(&house, &store), &AnswerId(id), json).await,
        AnswersCommand::Approve { ids, store, by, anyway } => {
            change::approve(&Shelf::of(&house, &store), ids, by, anyway).await
        }
        AnswersCommand::Edit(edit) => change::edit(&Shelf::of(&house, &edit.store), &edit).await,
        AnswersCommand::Reject { id, store, why, by } => {
            change::reject(&Shelf::of(&house, &store), &AnswerId(id), why, by).await
        }
        AnswersCommand::Mine(args) => mine::run(house, args).await,
        AnswersCommand::Import { file, store, by } => files::import(&Shelf::of(&house, &store), &file, by).await,
        AnswersCommand::Export { store, state } => files::export(&Shelf::of(&house, &store), state).await,
        AnswersCommand::Calibrate(args) => calibrate::run(&house, args).await,
    }
}

/// A store's answers and its index.
struct Shelf<'h> {
    house: &'h House,
    pass: StorePass,
    desks: Arc<Desks>,
}

impl<'h> Shelf<'h> {
    fn of(house: &'h House, store: &StoreId) -> Self {
        Self { house, pass: operator(store), desks: house.desks() }
    }

    fn agent(&self) -> Result<AgentPass<'_>, CommandError> {
        self.pass.as_agent().map_err(|denied| CommandError::Said(denied.to_string()))
    }

    async fn all(&self, state: Option<StateName>) -> Result<Vec<ApprovedAnswer>, CommandError> {
        Ok(self.desks.all_answers(self.agent()?, state.map(StateName::as_str)).await?)
    }

    async fn find(&self, id: &AnswerId) -> Result<ApprovedAnswer, CommandError> {
        self.desks.find_answer(self.agent()?, id).await?.ok_or_else(|| {
            CommandError::Said(format!(
                "there is no answer '{id}' in this store; `shopclerk answers list` prints the ids"
            ))
        })
    }

    /// The passages of these documents as the index holds them now.
    async fn passages(&self, docs: &HashSet<DocId>) -> Result<Vec<RestsOn>, CommandError> {
        let place = self.house.place(&self.pass)?;
        Ok(passages::of_documents(&place, &self.pass, docs).await.map_err(RecheckError::from)?)
    }

    /// Keeps what was changed, unless somebody else was faster.
    async fn keep(&self, answer: &ApprovedAnswer, line: AuditLine) -> Result<(), CommandError> {
        if self.desks.change_answer(self.agent()?, answer, &line).await? {
            return Ok(());
        }
        let id = &answer.id;
        Err(CommandError::Said(format!(
            "somebody changed '{id}' meanwhile, so nothing was written; look at it with `shopclerk answers show {id}` and \
             try again"
        )))
    }
}

/// A line of the audit about an answer.
fn line(who: &str, what: &str, answer: &AnswerId, detail: impl Into<String>) -> AuditLine {
    AuditLine {
        at: Timestamp::now(),
        who: who.to_owned(),
        what: what.to_owned(),
        action: answer.0.clone(),
        detail: detail.into(),
    }
}

/// Whoever sits at the machine, where no name was given.
fn name(by: Option<String>) -> String {
    by.or_else(|| std::env::var("USER").ok()).filter(|n| !n.trim().is_empty()).unwrap_or_else(|| "command line".into())
}

/// Refuses what a person must not put in force unseen: values that stand in no passage, a no that was a yes. What is
/// taken on with `--anyway` is returned for the audit.
fn looked_at(answer: &ApprovedAnswer, anyway: Option<&String>) -> Result<String, CommandError> {
    let id = &answer.id;
    let doubts = verify(answer).map_err(|unsound| CommandError::Said(format!("{id}: {unsound}")))?;
    match anyway {
        _ if doubts.is_empty() => Ok(String::new()),
        Some(reason) => {
            let sentences: Vec<&str> = doubts.iter().map(|d| d.sentence.as_str()).collect();
            Ok(format!("anyway, because {reason}: {}", sentences.join(" ")))
        }
        None => {
            let mut text = format!("{id} says what its passages do not, so nothing was written:");
            for doubt in &doubts {
                text.push_str(&format!("\n  \"{}\"\n    {}", doubt.sentence, doubt.why));
            }
            text.push_str(
                "\nmend the text (shopclerk answers edit), name the passage that says so (--rests-on), or take it on \
                 yourself with --anyway REASON",
            );
            Err(CommandError::Said(text))
        }
    }
}

async fn list(shelf: &Shelf<'_>, state: Option<StateName>, as_json: bool) -> Result<Exit, CommandError> {
    let answers = shelf.all(state).await?;
    if as_json {
        println!("{:#}", json!(answers));
        return Ok(Exit::Done);
    }
    if answers.is_empty() {
        eprintln!("no answers{}; draft some with `shopclerk answers mine`", state.map_or("", |_| " in this state"));
    }
    for ApprovedAnswer { id, state, asked, questions, .. } in answers {
        let question = questions.first().map(String::as_str).unwrap_or_default();
        println!("{id}  {:<8}  {asked:>4} x  {question}", state.as_str());
        if !state.why().is_empty() {
            println!("    {}", state.why());
        }
    }
    Ok(Exit::Done)
}

async fn show(shelf: &Shelf<'_>, id: &AnswerId, as_json: bool) -> Result<Exit, CommandError> {
    let answer = shelf.find(id).await?;
    let audit: Vec<AuditLine> = {
        let all = shelf.desks.audit_of(shelf.agent()?, None).await?;
        all.into_iter().filter(|line| line.action == id.0).collect()
    };
    if as_json {
        println!("{:#}", json!({ "answer": answer, "audit": audit }));
        return Ok(Exit::Done);
    }
    print!("{}", to_text(&answer));
    for AuditLine { at, who, what, detail, .. } in audit {
        println!("{at:.0}  {who}: {what}  {detail}");
    }
    Ok(Exit::Done)
}

fn to_text(answer: &ApprovedAnswer) -> String {
    let ApprovedAnswer { id, questions, text, rests_on, state, limits, asked, version, .. } = answer;
    let mut out = format!("{id}  {}  (version {version}, asked {asked} times)\n", state.as_str());
    if !state.why().is_empty() {
        out.push_str(&format!("why        {}\n", state.why()));
    }
    for question in questions {
        out.push_str(&format!("question   {question}\n"));
    }
    out.push_str(&format!("says       {}\n", text.trim_end().replace('\n', "\n           ")));
    for rest in rests_on {
        let place: Vec<&str> = std::iter::once(&rest.title).chain(&rest.heading).map(String::as_str).collect();
        out.push_str(&format!("rests on   {} ({})\n", rest.passage, place.join(" › ")));
        out.push_str(&format!("           {}\n", rest.text.trim_end().replace('\n', "\n           ")));
    }
    for (what, values) in
        [("countries", &limits.countries), ("products", &limits.products), ("subjects", &limits.subjects)]
    {
        if !values.is_empty() {
            out.push_str(&format!("only for   {what}: {}\n", values.join(", ")));
        }
    }
    if let (Some(by), Some(at)) = (&answer.approved_by, answer.approved_at) {
        out.push_str(&format!("approved   by {by}, {at:.0}\n"));
    }
    out
}
