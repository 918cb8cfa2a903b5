//! The file of a record: written line by line, gone on with after a kill, readable by its owner only.

use super::call::Call;
use super::tape::Tape;
use super::vectors::{self, Vectors};
use super::{FORMAT, RecordError};
use engine::identity::{CustomerId, CustomerKey, CustomerPass, Email, OrderClaim, OrderNumber};
use engine::ports::{ModelId, Ports};
use engine::reply::IdentityWay;
use engine::understand::IntentReader;
use engine::{Asker, ConversationId, Outcome, RiskModel, StoreId, StorePass, Turn};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

#[derive(Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
pub(super) enum RecordLine {
    Header(Box<Header>),
    Turn(Box<TurnLine>),
}

/// With what the turns that follow were answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    pub format: u32,
    pub pack: String,
    pub file: String,
    /// What was searched.
    pub over: String,
    /// Models, settings and version, for people.
    pub system: String,
    pub store: StoreId,
    /// `EngineConfig`.
    pub engine: Value,
    pub models: Models,
    /// Live data could be asked for.
    pub storefront: bool,
    /// The store's settings, where the engine knew any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<Settings>,
    /// Whole files that the engine was given besides, by what they are.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Models {
    pub embedder: ModelId,
    pub dimensions: usize,
    pub reranker: Option<ModelId>,
    pub generator: Option<ModelId>,
}

/// Names in [`Header::files`].
pub(super) const HEAD: &str = "intents.head";
pub(super) const MEANING: &str = "intents.meaning";
pub(super) const RISK: &str = "risk";

impl Header {
    /// With what tells the engine what a message is about, whole.
    pub fn with_intents(mut self, intents: Option<&IntentReader>) -> Self {
        if let Some((head, meaning)) = intents.map(IntentReader::parts) {
            let text = |value: serde_json::Result<String>| value.unwrap_or_default();
            self.files.insert(HEAD.into(), text(serde_json::to_string(head)));
            self.files.insert(MEANING.into(), text(serde_json::to_string(meaning)));
        }
        self
    }

    /// With the risk that decides what is said from the pages, whole.
    pub fn with_risk(mut self, risk: Option<&RiskModel>) -> Self {
        if let Some(risk) = risk {
            self.files.insert(RISK.into(), serde_json::to_string(risk).unwrap_or_default());
        }
        self
    }
}

impl Models {
    pub fn of(ports: &Ports) -> Self {
        Self {
            embedder: ports.embedder.model().clone(),
            dimensions: ports.embedder.dimensions(),
            reranker: ports.reranker.as_ref().map(|reranker| reranker.model().clone()),
            generator: ports.generator.as_ref().map(|generator| generator.model().clone()),
        }
    }
}

/// A store's settings without its secrets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// The store's TOML, less the sections that hold secrets.
    pub toml: String,
    /// How customers can say who they are, which those sections decide.
    pub identity: Vec<IdentityWay>,
}

/// One turn: what was asked, by whom, every call, and what came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TurnLine {
    pub id: String,
    /// 0 is the message that is judged; later ones look for a handoff that was due.
    #[serde(default)]
    pub later: usize,
    pub asker: AskerLine,
    pub turn: Turn,
    pub calls: Vec<Call>,
    /// Vectors that no earlier line holds, by the input of their call.
    #[serde(default)]
    pub vectors: BTreeMap<String, String>,
    pub reply: Value,
    /// Without times.
    pub trace: Map<String, Value>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskerLine {
    Anonymous,
    Claimed { conversation: ConversationId, number: OrderNumber, email: Email },
    VerifiedId(CustomerId),
    VerifiedEmail(Email),
}

impl From<&Asker> for AskerLine {
    fn from(asker: &Asker) -> Self {
        match asker {
            Asker::Anonymous(_) => Self::Anonymous,
            Asker::Claimed(OrderClaim { pass: _, conversation, number, email }) => {
                Self::Claimed { conversation: conversation.clone(), number: number.clone(), email: email.clone() }
            }
            Asker::Verified(customer) => match customer.customer() {
                CustomerKey::Id(id) => Self::VerifiedId(id.clone()),
                CustomerKey::Email(email) => Self::VerifiedEmail(email.clone()),
            },
        }
    }
}

impl AskerLine {
    #[expect(clippy::disallowed_methods, reason = "a record is replayed by whoever may read it")]
    pub fn asker(self, pass: StorePass) -> Asker {
        let verified = |pass, key| Asker::Verified(CustomerPass::for_operator(pass, key, "the replay of a record"));
        match self {
            Self::Anonymous => Asker::Anonymous(pass),
            Self::Claimed { conversation, number, email } => {
                Asker::Claimed(OrderClaim { pass, conversation, number, email })
            }
            Self::VerifiedId(id) => verified(pass, CustomerKey::Id(id)),
            Self::VerifiedEmail(email) => verified(pass, CustomerKey::Email(email)),
        }
    }
}

/// What a turn left, less its times.
pub(super) fn outcome_values(outcome: &Outcome) -> (Value, Map<String, Value>) {
    let reply = serde_json::to_value(&outcome.reply).unwrap_or_default();
    let mut trace = match serde_json::to_value(&outcome.trace) {
        Ok(Value::Object(trace)) => trace,
        Ok(_) | Err(_) => Map::new(),
    };
    trace.shift_remove("timings");
    (reply, trace)
}

/// A file of records that is being written.
#[derive(Debug)]
pub struct Recorder {
    path: PathBuf,
    vectors: Vectors,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    file: File,
    headers: Vec<Header>,
    /// The last header that stands in the file.
    current: Option<Header>,
    /// That of the turns that come next; it is written when there is one.
    next: Option<Header>,
    /// Turns that are there: pack, file, id, later.
    turns: HashSet<(String, String, String, usize)>,
    written: HashSet<String>,
}

impl Recorder {
    /// Starts a file, or goes on with one behind its last whole line.
    pub fn open(path: &Path) -> Result<Self, RecordError> {
        let io = |source| RecordError::Io { path: path.to_owned(), source };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(io)?;
        // One that was there before may have been made by somebody else.
        #[cfg(unix)]
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600)).map_err(io)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(io)?;
        bytes.truncate(bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1));
        let vectors = Vectors::default();
        let mut state = State {
            file,
            headers: Vec::new(),
            current: None,
            next: None,
            turns: HashSet::new(),
            written: HashSet::new(),
        };
        for (at, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let no_record = |problem| RecordError::NoRecord { path: path.to_owned(), line: at + 1, problem };
            match serde_json::from_slice(line).map_err(|error| no_record(error.to_string()))? {
                RecordLine::Header(header) => {
                    check_format(path, at + 1, header.format)?;
                    state.headers.push((*header).clone());
                    state.current = Some(*header);
                }
                RecordLine::Turn(turn) => {
                    let Some(of) = &state.current else { return Err(no_record("a turn without a header".into())) };
                    state.turns.insert((of.pack.clone(), of.file.clone(), turn.id, turn.later));
                    for (name, text) in turn.vectors {
                        let vector = vectors::from_text(&text);
                        let vector = vector.ok_or_else(|| no_record(format!("the vector {name} is none")))?;
                        vectors.keep(&name, vector);
                        state.written.insert(name);
                    }
                }
            }
        }
        let end = state.file.set_len(bytes.len() as u64).and_then(|()| state.file.seek(SeekFrom::End(0)));
        end.map_err(io)?;
        Ok(Self { path: path.to_owned(), vectors, state: Mutex::new(state) })
    }

    /// The turns that follow are of this file, with these settings.
    pub fn begin(&self, header: &Header) -> Result<(), RecordError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let same_file = |known: &&Header| (&known.pack, &known.file) == (&header.pack, &header.file);
        if let Some(known) = state.headers.iter().filter(same_file).find(|known| *known != header) {
            let parts = [
                (known.over == header.over && known.store == header.store, "what was searched"),
                (known.models == header.models && known.system == header.system, "the models or the settings"),
                (known.engine == header.engine, "the engine's settings"),
                (known.settings == header.settings, "the store's settings"),
            ];
            let what = parts.into_iter().find(|(same, _)| !same).map_or("what the engine was given", |(_, what)| what);
            return Err(RecordError::OtherRun { path: self.path.clone(), file: header.file.clone(), what });
        }
        state.next = Some(header.clone());
        Ok(())
    }

    /// Those of all turns so far; a tape of the next turn runs over them.
    pub fn vectors(&self) -> &Vectors {
        &self.vectors
    }

    /// Adds a turn. One that is there already, from a run that was cut off, is not written again.
    pub fn write(&self, mut line: TurnLine) -> Result<(), RecordError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (pack, file) = state.next.as_ref().map(|of| (of.pack.clone(), of.file.clone())).unwrap_or_default();
        if !state.turns.insert((pack, file, line.id.clone(), line.later)) {
            return Ok(());
        }
        if state.current != state.next
            && let Some(header) = state.next.clone()
        {
            self.append(&mut state, &RecordLine::Header(Box::new(header.clone())))?;
            state.headers.push(header.clone());
            state.current = Some(header);
        }
        for call in &line.calls {
            if let Some(vector) = self.vectors.get(&call.input).filter(|_| !state.written.contains(&call.input)) {
                line.vectors.insert(call.input.clone(), vectors::to_text(&vector));
                state.written.insert(call.input.clone());
            }
        }
        self.append(&mut state, &RecordLine::Turn(Box::new(line)))
    }

    fn append(&self, state: &mut State, line: &RecordLine) -> Result<(), RecordError> {
        let io = |source| RecordError::Io { path: self.path.clone(), source };
        let mut bytes = serde_json::to_vec(line).map_err(|error| io(error.into()))?;
        bytes.push(b'\n');
        state.file.write_all(&bytes).map_err(io)
    }
}

impl TurnLine {
    pub fn new(id: &str, later: usize, asker: &Asker, turn: &Turn, outcome: &Outcome, tape: &Tape) -> Self {
        let (reply, trace) = outcome_values(outcome);
        Self {
            id: id.to_owned(),
            later,
            asker: asker.into(),
            turn: turn.clone(),
            calls: tape.calls(),
            vectors: BTreeMap::new(),
            reply,
            trace,
        }
    }
}

pub(super) fn check_format(path: &Path, line: usize, format: u32) -> Result<(), RecordError> {
    if format == FORMAT { Ok(()) } else { Err(RecordError::Format { path: path.to_owned(), line, found: format }) }
}
