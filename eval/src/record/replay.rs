//! Answers recorded turns again, from the record alone.

use super::call::quoted;
use super::differ::{Difference, Left, first};
use super::file::{HEAD, Header, MEANING, RISK, RecordLine, TurnLine, check_format, outcome_values};
use super::play::Player;
use super::vectors::{self, Vectors};
use super::{FORMAT, RecordError};
use engine::ports::Ports;
use engine::understand::{Head, IntentReader};
use engine::{Engine, EngineConfig, RiskModel, StorePass};
use serde::Serialize;
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;

/// Makes the engine of a header again, over the ports that are handed in. The binary knows how a store's settings are
/// read; the error says what is in the way.
pub type Rebuild<'a> = &'a (dyn Fn(&Header, Ports) -> Result<Engine, String> + Send + Sync);

/// What came of a file.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Replayed {
    pub turns: Vec<Played>,
    /// Lines that were passed over.
    pub unreadable: Vec<Broken>,
    /// The last line was not finished: the recording was killed.
    pub cut: bool,
}

#[derive(Clone, Debug, Serialize)]
pub struct Played {
    /// Counts from 1.
    pub line: usize,
    pub file: String,
    pub id: String,
    /// Absent where reply and trace are those of the record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<Difference>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Broken {
    pub line: usize,
    pub problem: String,
}

impl Replayed {
    pub fn differing(&self) -> impl Iterator<Item = &Played> {
        self.turns.iter().filter(|turn| turn.difference.is_some())
    }

    pub fn identical(&self) -> usize {
        self.turns.len() - self.differing().count()
    }
}

/// Reads a record and answers its turns. A line that cannot be read, or a turn whose engine cannot be made, loses no
/// other.
pub async fn replay(path: &Path, rebuild: Rebuild<'_>) -> Result<Replayed, RecordError> {
    let io = |source| RecordError::Io { path: path.to_owned(), source };
    let mut lines = BufReader::new(File::open(path).map_err(io)?);
    let mut replayed = Replayed::default();
    let (vectors, mut header) = (Vectors::default(), None);
    let mut text = Vec::new();
    for line in 1.. {
        text.clear();
        if lines.read_until(b'\n', &mut text).map_err(io)? == 0 {
            break;
        }
        let mut broken = |problem: String| replayed.unreadable.push(Broken { line, problem });
        let whole = text.ends_with(b"\n");
        match serde_json::from_slice(&text) {
            Err(_) if !whole => replayed.cut = true,
            Err(error) => broken(error.to_string()),
            Ok(RecordLine::Header(found)) => {
                check_format(path, line, found.format)?;
                header = Some(found);
            }
            Ok(RecordLine::Turn(turn)) => {
                for (name, text) in &turn.vectors {
                    match vectors::from_text(text) {
                        Some(vector) => drop(vectors.keep(name, vector)),
                        None => broken(format!("the vector {name} cannot be read")),
                    }
                }
                match &header {
                    None => broken("no header stands above this turn".into()),
                    Some(header) => match play(header, *turn, &vectors, rebuild).await {
                        Ok((id, difference)) => {
                            replayed.turns.push(Played { line, file: header.file.clone(), id, difference });
                        }
                        Err(problem) => broken(problem),
                    },
                }
            }
        }
    }
    if header.is_none() {
        let problem = format!("no header of a record (format {FORMAT}) was found; --record writes such files");
        return Err(RecordError::NoRecord { path: path.to_owned(), line: 1, problem });
    }
    Ok(replayed)
}

#[expect(clippy::disallowed_methods, reason = "a record is replayed by whoever may read it")]
async fn play(
    header: &Header,
    line: TurnLine,
    vectors: &Vectors,
    rebuild: Rebuild<'_>,
) -> Result<(String, Option<Difference>), String> {
    let id = if line.later == 0 { line.id } else { format!("{}, {} later", line.id, line.later) };
    let player = Player::new(line.calls, vectors.clone(), header.store.clone(), &header.models);
    let engine = rebuild(header, player.ports(&header.models, header.storefront))?;
    let asker = line.asker.asker(StorePass::for_operator(header.store.clone(), "the replay of a record"));
    let answered = engine.answer(&asker, &line.turn, &|_| ()).await;
    let recorded = Left { reply: &line.reply, trace: &line.trace };
    let (calls, heard) = (player.calls(), player.heard());
    let difference = match &answered {
        Ok(outcome) => {
            let (reply, trace) = outcome_values(outcome);
            first(calls, &heard, &recorded, &Left { reply: &reply, trace: &trace })
        }
        Err(error) => {
            let failed = Difference { step: "engine".into(), said: format!("the engine failed: {error}") };
            // What was asked and not recorded is most often why.
            let (reply, trace) = (line.reply.clone(), line.trace.clone());
            Some(first(calls, &heard, &recorded, &Left { reply: &reply, trace: &trace }).unwrap_or(failed))
        }
    };
    Ok((id, difference))
}

/// What told the recorded engine what a message is about.
pub fn intents_of(header: &Header) -> Result<Option<Arc<IntentReader>>, String> {
    let (Some(head), Some(meaning)) = (header.files.get(HEAD), header.files.get(MEANING)) else { return Ok(None) };
    let head: Head = serde_json::from_str(head).map_err(|error| format!("'{HEAD}' cannot be read: {error}"))?;
    let meaning = serde_json::from_str(meaning).map_err(|error| format!("'{MEANING}' cannot be read: {error}"))?;
    IntentReader::new(Arc::new(head), &meaning).map(|reader| Some(Arc::new(reader))).map_err(|error| error.to_string())
}

/// What decided which answers the recorded engine gave; `None` where its coverage bound did.
pub fn risk_of(header: &Header) -> Result<Option<Arc<RiskModel>>, String> {
    let Some(risk) = header.files.get(RISK) else { return Ok(None) };
    let risk = RiskModel::parse(risk).map_err(|error| format!("'{RISK}' cannot be read: {error}"))?;
    Ok(Some(Arc::new(risk)))
}

/// The recorded settings of the engine over those that are configured now: what was added to the engine after the
/// record was made is as configured. The names of these are given, too.
pub fn settings_of(header: &Header, configured: &EngineConfig) -> Result<(EngineConfig, Vec<String>), String> {
    let mut settings = serde_json::to_value(configured).map_err(|error| error.to_string())?;
    let (Value::Object(fields), Value::Object(recorded)) = (&mut settings, &header.engine) else {
        return Err("'engine' is no object".into());
    };
    let added = fields.keys().filter(|name| !recorded.contains_key(*name)).cloned().collect();
    for (name, value) in recorded {
        if fields.contains_key(name) {
            fields.insert(name.clone(), value.clone());
        }
    }
    let config = serde_json::from_value(settings).map_err(|error| {
        format!("the settings of the engine, {}, cannot be read: {error}", quoted(&header.engine.to_string()))
    })?;
    Ok((config, added))
}
