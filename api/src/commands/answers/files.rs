//! Answers as TOML: to be edited, exported and imported.

use super::{Shelf, args::StateName, change::resolve, line, name};
use crate::{
    approved::mine::id_of,
    commands::{CommandError, Exit},
};
use engine::approved::{AnswerId, ApprovedAnswer, Limits, State, verify::verify};
use serde::{Deserialize, Serialize};
use std::{io::Write, path::Path, process::Command};

/// An answer as a person writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// Made of the first question where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// For the reader: what is imported waits for approval, whatever stands here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    pub questions: Vec<String>,
    pub text: String,
    pub rests_on: Vec<String>,
    #[serde(default, skip_serializing_if = "Limits::is_empty")]
    pub limits: Limits,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    answers: Vec<toml::Spanned<toml::Value>>,
}

impl Written {
    fn of(answer: &ApprovedAnswer) -> Self {
        Self {
            id: Some(answer.id.0.clone()),
            state: Some(answer.state.as_str().to_owned()),
            questions: answer.questions.clone(),
            text: answer.text.clone(),
            rests_on: answer.rests_on.iter().map(|rest| rest.passage.0.clone()).collect(),
            limits: answer.limits.clone(),
        }
    }
}

pub async fn export(shelf: &Shelf<'_>, state: Option<StateName>) -> Result<Exit, CommandError> {
    #[derive(Serialize)]
    struct All {
        answers: Vec<Written>,
    }
    let answers = shelf.all(state).await?.iter().map(Written::of).collect();
    let text = toml::to_string_pretty(&All { answers });
    print!("{}", text.map_err(|e| CommandError::Said(format!("the answers cannot be written as TOML: {e}")))?);
    Ok(Exit::Done)
}

/// Takes each answer that is right; one that is wrong is named with its line, and the others are taken.
pub async fn import(shelf: &Shelf<'_>, path: &Path, by: Option<String>) -> Result<Exit, CommandError> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(CommandError::io(format!("{}: the file cannot be read", path.display())))?;
    let file: File = toml::from_str(&text).map_err(|e| CommandError::Said(format!("{}: {e}", path.display())))?;
    let by = name(by);
    let (mut taken, mut same, mut failed) = (0, 0, 0);
    for entry in file.answers {
        let line = text[..entry.span().start.min(text.len())].matches('\n').count() + 1;
        let value = entry.into_inner();
        match import_one(shelf, value, &by).await {
            Ok(true) => taken += 1,
            Ok(false) => same += 1,
            Err(error) => {
                failed += 1;
                eprintln!("{}:{line}: {error}", path.display());
            }
        }
    }
    println!("{taken} answers were taken and wait for approval, {same} are here already, {failed} are wrong");
    Ok(if failed > 0 { Exit::SomeFailed } else { Exit::Done })
}

/// `false`: it is here already, in these words.
async fn import_one(shelf: &Shelf<'_>, value: toml::Value, by: &str) -> Result<bool, CommandError> {
    let written: Written = value.try_into().map_err(|e: toml::de::Error| CommandError::Said(e.message().to_owned()))?;
    let first = written.questions.first().cloned().unwrap_or_default();
    let id = written.id.clone().map_or_else(|| id_of(&first), AnswerId);
    let known = shelf.desks.find_answer(shelf.agent()?, &id).await?;
    if known.as_ref().is_some_and(|known| {
        Written { state: written.state.clone(), ..Written::of(known) }
            == Written { id: Some(id.0.clone()), ..written.clone() }
    }) {
        return Ok(false);
    }
    let rests_on = resolve(shelf, &written.rests_on).await?;
    let answer = ApprovedAnswer {
        id: id.clone(),
        questions: written.questions,
        text: written.text.trim_end().to_owned(),
        rests_on,
        state: State::Draft,
        limits: written.limits,
        approved_by: None,
        approved_at: None,
        version: known.as_ref().map_or(1, |k| k.version + 1),
        asked: known.as_ref().map_or(0, |k| k.asked),
    };
    // Doubts are for whoever approves it; what can be in no answer is said now.
    verify(&answer).map_err(|unsound| CommandError::Said(unsound.to_string()))?;
    let line = line(by, "imported", &id, "");
    if known.is_some() {
        shelf.keep(&answer, line).await?;
        return Ok(true);
    }
    Ok(shelf.desks.add_answer(shelf.agent()?, &answer, &line).await?)
}

/// The answer as it was left in `$EDITOR`; `None` where nothing was changed.
pub fn in_editor(answer: &ApprovedAnswer) -> Result<Option<Written>, CommandError> {
    let editor = ["VISUAL", "EDITOR"].iter().find_map(|v| std::env::var(v).ok()).filter(|e| !e.trim().is_empty());
    let Some(editor) = editor else {
        return Err(CommandError::Said(
            "there is no $EDITOR; set it, or say what changes with --text FILE, --question and --rests-on".into(),
        ));
    };
    let before = Written { id: None, state: None, ..Written::of(answer) };
    let text = toml::to_string_pretty(&before).map_err(|e| CommandError::Said(e.to_string()))?;
    let doing = || CommandError::io("the answer cannot be handed to the editor");
    let mut file = tempfile::Builder::new().suffix(".toml").tempfile().map_err(doing())?;
    file.write_all(text.as_bytes()).and_then(|()| file.flush()).map_err(doing())?;
    let mut words = editor.split_whitespace();
    let program = words.next().unwrap_or_default();
    let ended = Command::new(program).args(words).arg(file.path()).status();
    let ended = ended.map_err(CommandError::io(format!("{editor}: the editor cannot be started")))?;
    if !ended.success() {
        return Err(CommandError::Said(format!("{editor} ended with an error, so nothing was changed")));
    }
    let after = std::fs::read_to_string(file.path()).map_err(doing())?;
    let written: Result<Written, _> = toml::from_str(&after);
    match written {
        Ok(written) => Ok((written != before).then_some(written)),
        Err(error) => {
            // What was written is not lost by a typing error.
            let kept = file.keep().map(|(_, path)| path.display().to_string()).unwrap_or_default();
            Err(CommandError::Said(format!("what was written is no answer: {error}\nit is kept in {kept}")))
        }
    }
}
