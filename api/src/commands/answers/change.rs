//! What a person does with an answer: approve, edit, reject.

use super::{Shelf, args::EditArgs, files, line, looked_at, name};
use crate::{
    approved::passages::{changed, doc_of, successor},
    commands::{CommandError, Exit},
};
use engine::{
    approved::{AnswerId, ApprovedAnswer, RestsOn, State},
    evidence::{DocId, PassageId},
};
use jiff::Timestamp;
use std::{collections::HashSet, io::Read, path::Path};

/// Approves one after the other; one that cannot be is reported, and the others are approved.
pub async fn approve(
    shelf: &Shelf<'_>,
    ids: Vec<String>,
    by: Option<String>,
    anyway: Option<String>,
) -> Result<Exit, CommandError> {
    let by = name(by);
    let mut failed = None;
    for id in ids.into_iter().map(AnswerId) {
        match approve_one(shelf, &id, &by, anyway.as_ref()).await {
            Ok(()) => {}
            Err(error) if failed.is_none() => failed = Some(error),
            Err(error) => eprintln!("error: {error}"),
        }
    }
    failed.map_or(Ok(Exit::Done), Err)
}

async fn approve_one(shelf: &Shelf<'_>, id: &AnswerId, by: &str, anyway: Option<&String>) -> Result<(), CommandError> {
    let answer = shelf.find(id).await?;
    let rests_on = current(shelf, &answer).await?;
    let unchanged = answer.state == State::Approved && rests_on == answer.rests_on;
    let next = ApprovedAnswer {
        rests_on,
        state: State::Approved,
        approved_by: Some(by.to_owned()),
        approved_at: Some(Timestamp::now()),
        version: answer.version + 1,
        ..answer
    };
    let taken_on = looked_at(&next, anyway)?;
    if unchanged {
        println!("{id} is approved already");
        return Ok(());
    }
    shelf.keep(&next, line(by, "approved", id, taken_on)).await?;
    println!("{id} is approved: {}", next.questions.first().map(String::as_str).unwrap_or_default());
    Ok(())
}

/// The passages that the answer rests on as they stand today. What changed is told; one that is gone ends it.
async fn current(shelf: &Shelf<'_>, answer: &ApprovedAnswer) -> Result<Vec<RestsOn>, CommandError> {
    let id = &answer.id;
    let docs: HashSet<DocId> = answer.rests_on.iter().map(|rest| rest.doc.clone()).collect();
    let now = shelf.passages(&docs).await?;
    let mut rests_on: Vec<RestsOn> = Vec::new();
    for was in &answer.rests_on {
        let Some(next) = successor(was, &now) else {
            return Err(CommandError::Said(format!(
                "{id} rests on {}, which the index does not hold any more; name what it rests on now: \
                 shopclerk answers edit {id} --store {} --rests-on DOC#N",
                was.doc,
                shelf.pass.store()
            )));
        };
        if let Some(change) = changed(was, &now) {
            println!("{id}: since it was written, {change}");
        }
        if !rests_on.contains(next) {
            rests_on.push(next.clone());
        }
    }
    Ok(rests_on)
}

pub async fn reject(shelf: &Shelf<'_>, id: &AnswerId, why: String, by: Option<String>) -> Result<Exit, CommandError> {
    let answer = shelf.find(id).await?;
    let state = State::Rejected { why: why.clone() };
    let next = ApprovedAnswer { state, version: answer.version + 1, ..answer };
    shelf.keep(&next, line(&name(by), "rejected", id, why)).await?;
    println!("{id} is rejected, and is not drafted again");
    Ok(Exit::Done)
}

pub async fn edit(shelf: &Shelf<'_>, args: &EditArgs) -> Result<Exit, CommandError> {
    let id = AnswerId(args.id.clone());
    let answer = shelf.find(&id).await?;
    let mut next = ApprovedAnswer { state: State::Draft, version: answer.version + 1, ..answer.clone() };
    if args.text.is_none() && args.question.is_empty() && args.rests_on.is_empty() {
        let Some(written) = files::in_editor(&answer)? else {
            println!("nothing was changed");
            return Ok(Exit::Done);
        };
        let named: Vec<&str> = answer.rests_on.iter().map(|rest| rest.passage.0.as_str()).collect();
        next.rests_on = if written.rests_on == named {
            current(shelf, &answer).await?
        } else {
            resolve(shelf, &written.rests_on).await?
        };
        (next.questions, next.text, next.limits) = (written.questions, written.text, written.limits);
    } else {
        if let Some(file) = &args.text {
            next.text = read(file)?.trim_end().to_owned();
        }
        for question in &args.question {
            if !next.questions.contains(question) {
                next.questions.push(question.clone());
            }
        }
        next.rests_on = match args.rests_on.as_slice() {
            [] => current(shelf, &answer).await?,
            named => resolve(shelf, named).await?,
        };
    }
    let same = (&next.questions, &next.text, &next.limits, &next.rests_on)
        == (&answer.questions, &answer.text, &answer.limits, &answer.rests_on);
    if same {
        println!("nothing was changed");
        return Ok(Exit::Done);
    }
    let taken_on = looked_at(&next, args.anyway.as_ref())?;
    shelf.keep(&next, line(&name(args.by.clone()), "edited", &id, taken_on)).await?;
    println!("{id} is changed and waits: shopclerk answers approve {id} --store {}", shelf.pass.store());
    Ok(Exit::Done)
}

/// Passages by name, as the index holds them.
pub async fn resolve(shelf: &Shelf<'_>, names: &[String]) -> Result<Vec<RestsOn>, CommandError> {
    let wanted: Vec<PassageId> = names.iter().map(|name| PassageId(name.trim().to_owned())).collect();
    let docs: HashSet<DocId> = wanted.iter().filter_map(doc_of).collect();
    let now = shelf.passages(&docs).await?;
    let find = |id: &PassageId| {
        now.iter().find(|passage| &passage.passage == id).cloned().ok_or_else(|| {
            let of_it: Vec<&str> =
                now.iter().filter(|p| Some(&p.doc) == doc_of(id).as_ref()).map(|p| p.passage.0.as_str()).collect();
            CommandError::Said(if of_it.is_empty() {
                format!(
                    "the index holds no page or product '{id}'; `shopclerk ask --explain` shows passages by name, such as \
                     pages/returns.md#0 (an answer cannot rest on a past conversation)"
                )
            } else {
                format!("there is no passage '{id}'; there are: {}", of_it.join(", "))
            })
        })
    };
    wanted.iter().map(find).collect()
}

fn read(file: &Path) -> Result<String, CommandError> {
    if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map_err(CommandError::io("the text cannot be read"))?;
        return Ok(text);
    }
    std::fs::read_to_string(file).map_err(CommandError::io(format!("{}: the file cannot be read", file.display())))
}
