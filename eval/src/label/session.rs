//! Labelling in a terminal, one line of input at a time: works over ssh, in an editor's shell and from a file.

use super::LabelError;
use super::file::{Decision, Item, LabelFile, Signature, action_of};
use super::show;
use crate::facts::Fact;
use crate::pack::Action;
use crate::pack::records::action;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::io::{BufRead, Write};

/// How a session went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Ended {
    /// Decisions that stand.
    pub decided: usize,
    /// Labels of the file that nobody has confirmed yet.
    pub left: usize,
}

/// What can be taken back.
enum Step {
    Decided {
        at: usize,
        item: Item,
        before: Value,
    },
    Next {
        at: usize,
    },
    /// The item went to the end of the queue.
    Skipped {
        at: usize,
    },
}

pub struct Session<'f> {
    file: &'f mut LabelFile,
    queue: Vec<Item>,
    at: usize,
    by: String,
    now: fn() -> Timestamp,
    steps: Vec<Step>,
}

const KEYS: &str = "a accept, c change, n next, s skip (comes again at the end), u undo, q quit, ? help";
const HELP: &str = "\
  a  the label is right: it is confirmed as it stands
  c  change it: you are asked for the action, what else is right, and the facts
  n  the next one; this one stays as it is
  s  skip: this one comes again at the end
  u  undo the last step, and the one before, and so on
  q  quit; everything decided so far is written already
  answer          an engine that knows the store's documents and live data should answer
  clarify         it should ask back, because the message can mean more than one thing
  needs_identity  it should ask who it is, before it says anything about an order
  handoff         a person has to act or decide";

impl<'f> Session<'f> {
    pub fn new(file: &'f mut LabelFile, queue: Vec<Item>, by: String, now: fn() -> Timestamp) -> Self {
        Self { file, queue, at: 0, by, now, steps: Vec::new() }
    }

    /// Until the queue, the input or the labeller's patience ends.
    pub fn run(&mut self, input: &mut dyn BufRead, out: &mut dyn Write) -> Result<Ended, LabelError> {
        let mut shown = None;
        loop {
            let Some(item) = self.queue.get(self.at).copied() else {
                writeln!(out, "that was the last one; u goes back, q ends")?;
                match line(input, out, "> ")?.as_deref() {
                    Some("u") => self.undo(out)?,
                    Some("q") | None => return Ok(self.ended()),
                    Some(_) => {}
                }
                shown = None;
                continue;
            };
            if shown != Some((self.at, item, self.steps.len())) {
                let (all, suggested) = self.file.counts();
                writeln!(
                    out,
                    "\n[{} of {}; {} of {all} labels confirmed]",
                    self.at + 1,
                    self.queue.len(),
                    all - suggested
                )?;
                writeln!(out, "{}{KEYS}", show::item(self.file, item))?;
            }
            shown = Some((self.at, item, self.steps.len()));
            match line(input, out, "> ")?.as_deref() {
                None | Some("q") => return Ok(self.ended()),
                Some("a") => self.decide(item, &Decision::Accept)?,
                Some("c") => match self.ask(item, input, out)? {
                    Some(decision) => self.decide(item, &decision)?,
                    None => writeln!(out, "left as it was")?,
                },
                Some("n" | "") => {
                    self.steps.push(Step::Next { at: self.at });
                    self.at += 1;
                }
                Some("s") => {
                    let skipped = self.queue.remove(self.at);
                    self.queue.push(skipped);
                    self.steps.push(Step::Skipped { at: self.at });
                }
                Some("u") => self.undo(out)?,
                Some("?" | "h") => writeln!(out, "{HELP}")?,
                Some(_) => writeln!(out, "{KEYS}")?,
            }
        }
    }

    fn ended(&self) -> Ended {
        let decided = self.steps.iter().filter(|step| matches!(step, Step::Decided { .. })).count();
        Ended { decided, left: self.file.counts().1 }
    }

    fn decide(&mut self, item: Item, decision: &Decision) -> Result<(), LabelError> {
        let signature = Signature { by: self.by.clone(), at: (self.now)() };
        let before = self.file.decide(item, decision, &signature)?;
        self.steps.push(Step::Decided { at: self.at, item, before });
        self.at += 1;
        Ok(())
    }

    fn undo(&mut self, out: &mut dyn Write) -> Result<(), LabelError> {
        match self.steps.pop() {
            None => writeln!(out, "nothing to undo")?,
            Some(Step::Next { at }) => self.at = at,
            Some(Step::Skipped { at }) => {
                if let Some(item) = self.queue.pop() {
                    self.queue.insert(at, item);
                }
                self.at = at;
            }
            Some(Step::Decided { at, item, before }) => {
                self.file.restore(item, before)?;
                self.at = at;
                writeln!(out, "undone")?;
            }
        }
        Ok(())
    }

    /// Asks for another label; `None` where the input ends or a line of it says `q`.
    fn ask(&self, item: Item, input: &mut dyn BufRead, out: &mut dyn Write) -> Result<Option<Decision>, LabelError> {
        let label = self.file.label(item);
        let was = action_of(label).unwrap_or(Action::Answer);
        let names: Vec<&str> = Action::ALL.iter().map(|action| action.name()).collect();
        let said = format!("action ({}; empty keeps {}): ", names.join(", "), was.name());
        let Some(action) = until(input, out, &said, |text| if text.is_empty() { Some(was) } else { one(text) })? else {
            return Ok(None);
        };
        let said = "also right (with commas; empty for none): ";
        let Some(also) = until(input, out, said, |text| {
            text.split([',', ' ']).filter(|t| !t.is_empty()).map(one).collect::<Option<Vec<_>>>()
        })?
        else {
            return Ok(None);
        };
        let mut facts = Vec::new();
        for key in ["must_include", "must_not_include"] {
            let now = show::facts(label, key).join("; ");
            let said = format!("{key} (; between facts, | between wordings; empty keeps '{now}', - for none): ");
            let kept = label.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
            let read = |text: &str| if text.is_empty() { Some(kept.clone()) } else { written(text) };
            let Some(found) = until(input, out, &said, read)? else { return Ok(None) };
            facts.push(found);
        }
        let must_not_include = facts.pop().unwrap_or_default();
        let must_include = facts.pop().unwrap_or_default();
        let accept = std::iter::once(action).chain(also.into_iter().filter(|also| *also != action)).collect();
        Ok(Some(Decision::Change { action, accept, must_include, must_not_include }))
    }
}

/// An action by its name or the beginning of it.
fn one(text: &str) -> Option<Action> {
    let text = text.trim().to_lowercase();
    let begins = Action::ALL.into_iter().find(|action| !text.is_empty() && action.name().starts_with(&text));
    action(&text).or(begins)
}

/// Facts as a person writes them, `-` for none; `None` where one of them could never be stated.
pub(super) fn written(text: &str) -> Option<Vec<Value>> {
    if text.trim() == "-" || text.trim().is_empty() {
        return Some(Vec::new());
    }
    let facts = text.split(';').map(str::trim).filter(|fact| !fact.is_empty());
    let fact = |fact: &str| {
        let wordings: Vec<String> = fact.split('|').map(|wording| wording.trim().to_owned()).collect();
        let value = if let [only] = wordings.as_slice() { json!(only) } else { json!(wordings) };
        (!Fact::AnyOf(wordings).is_empty()).then_some(value)
    };
    facts.map(fact).collect()
}

/// Asks until it can be understood.
fn until<T>(
    input: &mut dyn BufRead,
    out: &mut dyn Write,
    said: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, LabelError> {
    loop {
        let Some(text) = line(input, out, said)?.filter(|text| text != "q") else { return Ok(None) };
        if let Some(found) = read(&text) {
            return Ok(Some(found));
        }
        writeln!(out, "'{text}' was not understood; q leaves the label as it was")?;
    }
}

fn line(input: &mut dyn BufRead, out: &mut dyn Write, said: &str) -> Result<Option<String>, LabelError> {
    write!(out, "{said}")?;
    out.flush()?;
    let mut text = String::new();
    if input.read_line(&mut text)? == 0 {
        writeln!(out)?;
        return Ok(None);
    }
    Ok(Some(text.trim().to_owned()))
}
