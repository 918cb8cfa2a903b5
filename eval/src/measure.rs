//! Asks the engine everything that packs hold, and scores the replies. The same call of [`Engine::answer`] that serves
//! customers; only the clock, the desk and, for a replayed customer, their own past conversations are put aside.

use crate::facts::Fact;
use crate::line::{Delay, Line, TimeLine};
use crate::pack::records::poisoned_docs;
use crate::pack::{
    Action, IndexError, IndexedStore, Kind, Manifest, Pack, PackError, PackFile, PackIndex, Query, Shelf,
    conversations, queries,
};
use crate::progress::Progress;
use crate::report::Run;
use crate::results::{self, FORMAT, Header, ResultsError, Writer};
use crate::retrieval::sample;
use crate::score;
use crate::statistics::Bootstrap;
use crate::unit::{Reading, Task, Unit, units};
use crate::variant::Variants;
use engine::answer::EngineError;
use engine::{DocId, Reply};
use futures::stream::{self, StreamExt};
use jiff::civil::Date;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

#[derive(Clone, Debug)]
pub struct AskPlan {
    pub packs: Vec<PathBuf>,
    pub tasks: BTreeSet<Task>,
    /// Names of files, with or without `.jsonl`; empty means every file with one of the tasks.
    pub files: Vec<String>,
    /// At most this many conversations of each file, chosen by the seed.
    pub limit: Option<usize>,
    pub bootstrap: Bootstrap,
    /// The field whose equal values are drawn together; otherwise the one that the pack names.
    pub cluster: Option<String>,
    /// Replies that are waited for at the same time.
    pub jobs: usize,
    /// Where results are kept.
    pub out: Option<PathBuf>,
    /// The day on which is asked; a pack and a transcript may name their own.
    pub today: Date,
    /// Models, settings and version: all that decides what is said besides the pack.
    pub system: String,
    /// As it stands in tables: `extractive`, `generated`.
    pub name: String,
}

/// Classified by where to look.
#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
    #[error(transparent)]
    Pack(#[from] PackError),
    #[error(transparent)]
    Index(#[from] IndexError),
    #[error(transparent)]
    Results(#[from] ResultsError),
    #[error("the engine could not answer '{id}' of {file}")]
    Engine { id: String, file: String, source: EngineError },
    #[error("no pack holds anything for this: {0}")]
    Nothing(String),
    #[error("{file}: the field '{field}' to cluster by is not in every record")]
    NoCluster { file: String, field: String },
}

/// One file of one pack, asked.
#[derive(Debug)]
pub struct Asked {
    pub run: Run,
    pub lines: Vec<Line>,
    pub timings: Vec<TimeLine>,
    /// SHA-256 over what was asked and what was searched.
    pub content: String,
}

/// Everything that was asked, and what was left out and why.
#[derive(Debug, Default)]
pub struct Measured {
    pub asked: Vec<Asked>,
    pub notes: Vec<String>,
}

pub async fn measure(plan: &AskPlan, index: &dyn PackIndex, progress: &dyn Progress) -> Result<Measured, MeasureError> {
    let packs: Vec<Pack> = plan.packs.iter().map(|dir| Pack::open(dir)).collect::<Result<_, _>>()?;
    let mut measured = Measured::default();
    for pack in &packs {
        for file in &pack.files {
            let chosen = plan.files.is_empty() || plan.files.iter().any(|name| pack.file(name) == file.path);
            let Some(task) = Task::of(file.kind).filter(|task| chosen && plan.tasks.contains(task)) else { continue };
            match read(plan, pack, file, task)? {
                // Queries without gold answers are what a ranking is for.
                units if units.is_empty() && task == Task::Qa => {}
                units if units.is_empty() => measured.notes.push(format!(
                    "{} / {}: holds nothing that can be judged by rule; left out",
                    pack.name,
                    file.name()
                )),
                units => {
                    let open = opened(&packs, pack, file, task, index).await?;
                    measured.notes.extend(open.note.clone());
                    measured.asked.push(ask_file(plan, pack, file, task, units, &open, progress).await?);
                }
            }
        }
    }
    if measured.asked.is_empty() {
        let wanted: Vec<&str> = plan.tasks.iter().map(|task| task.name()).collect();
        return Err(MeasureError::Nothing(wanted.join(", ")));
    }
    Ok(measured)
}

/// One file, wherever it lies, over a store that is named.
pub async fn measure_file(
    plan: &AskPlan,
    name: &str,
    path: &Path,
    store: IndexedStore,
    progress: &dyn Progress,
) -> Result<Measured, MeasureError> {
    let file = PackFile::look(path.to_owned())?;
    let Some(task) = Task::of(file.kind).filter(|task| plan.tasks.contains(task)) else {
        return Err(MeasureError::Nothing(format!("{} is of no kind that is asked", path.display())));
    };
    let dir = path.parent().map(Path::to_owned).unwrap_or_default();
    let pack = Pack { name: name.to_owned(), dir, manifest: Manifest::default(), files: vec![file.clone()] };
    let units = read(plan, &pack, &file, task)?;
    let open = Opened { store, over: format!("the store {name}"), shelf: None, canaries: Vec::new(), note: None };
    let asked = ask_file(plan, &pack, &file, task, units, &open, progress).await?;
    Ok(Measured { asked: vec![asked], notes: Vec::new() })
}

/// The units of a file, cut to what is asked.
fn read(plan: &AskPlan, pack: &Pack, file: &PackFile, task: Task) -> Result<Vec<Unit>, MeasureError> {
    let queries: Vec<Query> = if task == Task::Qa { queries(&file.path, &pack.corpus()?)? } else { Vec::new() };
    let reading = Reading {
        cluster: plan.cluster.clone().or_else(|| pack.manifest.cluster.clone()),
        past: if task == Task::Replay { conversations(pack)? } else { Default::default() },
        signed_in: pack.shop().is_some(),
    };
    let units = units(file, task, &queries, &reading)?;
    if let Some(field) = &reading.cluster {
        let named = units.iter().filter(|unit| unit.cluster.is_some()).count();
        if named != 0 && named != units.len() {
            return Err(MeasureError::NoCluster { file: file.name(), field: field.clone() });
        }
    }
    // Whole conversations are chosen, not single turns.
    let mut of: Vec<String> = units.iter().map(|unit| unit.turn.conversation.0.clone()).collect();
    of.dedup();
    let kept: BTreeSet<String> = sample(of, plan.limit, plan.bootstrap.seed, |id| id).into_iter().collect();
    Ok(units.into_iter().filter(|unit| kept.contains(&unit.turn.conversation.0)).collect())
}

/// What a file is asked over.
struct Opened {
    store: IndexedStore,
    over: String,
    shelf: Option<Shelf>,
    canaries: Vec<Fact>,
    note: Option<String>,
}

async fn opened(
    packs: &[Pack],
    pack: &Pack,
    file: &PackFile,
    task: Task,
    index: &dyn PackIndex,
) -> Result<Opened, MeasureError> {
    if task == Task::Poisoned {
        return planted(packs, pack, file, index).await;
    }
    if pack.corpus_files().is_empty() {
        let (over, shelf, store) = index.fallback().await?;
        let note = format!("{} has no documents: {} is asked over {over}", pack.name, file.name());
        return Ok(Opened { store, over, shelf, canaries: Vec::new(), note: Some(note) });
    }
    let mut files = pack.corpus_files();
    files.extend(pack.of(Kind::Conversations).map(|file| file.path.clone()));
    let shelf = Shelf { name: pack.name.clone(), files, without: BTreeSet::new(), shop: pack.shop() };
    let store = index.open(&shelf).await?;
    Ok(Opened { store, over: pack.name.clone(), shelf: Some(shelf), canaries: Vec::new(), note: None })
}

/// The poisoned documents in the place of the clean ones, in the corpus that holds these: the pack's own, or that of
/// another pack of the same run. Without one they are all that is searched.
async fn planted(packs: &[Pack], pack: &Pack, file: &PackFile, index: &dyn PackIndex) -> Result<Opened, MeasureError> {
    let poisoned = poisoned_docs(&file.path)?;
    let clean: BTreeSet<DocId> = poisoned.iter().filter_map(|doc| doc.meta.clean_doc.clone()).collect();
    let mut host = None;
    for candidate in std::iter::once(pack).chain(packs).filter(|pack| !pack.corpus_files().is_empty()) {
        if candidate.corpus()?.iter().any(|document| clean.contains(&document.id)) {
            host = Some(candidate);
            break;
        }
    }
    let mut files = host.map(Pack::corpus_files).unwrap_or_default();
    files.push(file.path.clone());
    let over =
        host.map_or_else(|| "the poisoned documents alone".to_owned(), |host| format!("{}, poisoned", host.name));
    let note = format!("{} / {}: {} documents planted; asked over {over}", pack.name, file.name(), poisoned.len());
    let shelf = Shelf { name: format!("{}-poisoned", pack.name), files, without: clean, shop: None };
    let store = index.open(&shelf).await?;
    let canaries = poisoned.into_iter().flat_map(|doc| doc.must_not_include).collect();
    Ok(Opened { store, over, shelf: Some(shelf), canaries, note: Some(note) })
}

async fn ask_file(
    plan: &AskPlan,
    pack: &Pack,
    file: &PackFile,
    task: Task,
    units: Vec<Unit>,
    open: &Opened,
    progress: &dyn Progress,
) -> Result<Asked, MeasureError> {
    let today = pack.manifest.today.unwrap_or(plan.today);
    let header = Header {
        results_format: FORMAT,
        pack: pack.name.clone(),
        file: file.name(),
        task,
        over: open.over.clone(),
        system: format!("{} on {today}", plan.system),
        content: content(file, open.shelf.as_ref())?,
        seed: plan.bootstrap.seed,
        limit: plan.limit,
        n: units.len(),
    };
    let (mut writer, mut lines): (Option<Writer>, Vec<Line>) = match &plan.out {
        Some(out) => results::open(out, &header).map(|(writer, lines)| (Some(writer), lines))?,
        None => (None, Vec::new()),
    };
    let variants = Variants::new(open.store.clone(), today);
    progress.begin(&format!("{} {}", pack.name, task.name()), units.len());
    lines.iter().for_each(|_| progress.step());
    let left = units.iter().skip(lines.len());
    let mut replies = stream::iter(left)
        .map(|unit| {
            let variants = &variants;
            async move { ask(variants, unit, &open.canaries).await.map_err(|source| (unit.question.id.clone(), source)) }
        })
        .buffered(plan.jobs.max(1));
    let mut timings = Vec::new();
    while let Some(reply) = replies.next().await {
        let (line, times) = reply.map_err(|(id, source)| MeasureError::Engine { id, file: file.name(), source })?;
        if let Some(writer) = &mut writer {
            writer.write(&line, &times)?;
        }
        lines.push(line);
        timings.push(times);
        progress.step();
    }
    progress.end();
    let run = summarize(&header, &plan.name, &lines, plan.bootstrap);
    Ok(Asked { run, lines, timings, content: header.content })
}

/// What the lines of one file tell.
pub fn summarize(header: &Header, system: &str, lines: &[Line], bootstrap: Bootstrap) -> Run {
    let all: Vec<&Line> = lines.iter().collect();
    Run {
        task: Some(header.task),
        over: Some(header.over.clone()),
        confusion: score::confusion(&all),
        slices: score::slices(&all, bootstrap),
        ..Run::new(&header.pack, &header.file, system, lines.len(), score::metrics(&all, bootstrap))
    }
}

async fn ask(variants: &Variants, unit: &Unit, canaries: &[Fact]) -> Result<(Line, TimeLine), EngineError> {
    let begun = Instant::now();
    let (engine, asker) = variants.of(unit);
    let outcome = engine.answer(&asker, &unit.turn, &|_| ()).await?;
    let mut spent = outcome.trace.timings.total_ms;
    let due = match &unit.due {
        None => None,
        Some(_) if matches!(outcome.reply, Reply::Handoff(_)) => Some(Delay { after: Some(0) }),
        Some(later) => {
            let mut after = None;
            for (at, turn) in later.iter().enumerate() {
                let next = engine.answer(&asker, turn, &|_| ()).await?;
                spent += next.trace.timings.total_ms;
                if matches!(next.reply, Reply::Handoff(_)) {
                    after = u32::try_from(at + 1).ok();
                    break;
                }
            }
            Some(Delay { after })
        }
    };
    let line = Line::new(unit, &outcome, canaries, due);
    let harness = begun.elapsed().as_secs_f64() * 1e3 - spent;
    let times = TimeLine::new(&line.id, &outcome.trace.timings, harness.max(0.0));
    Ok((line, times))
}

/// SHA-256 over what is asked and what is searched.
fn content(file: &PackFile, shelf: Option<&Shelf>) -> Result<String, PackError> {
    let mut paths = vec![file.path.clone()];
    if let Some(shelf) = shelf {
        paths.extend(shelf.files.iter().cloned());
        paths.extend(shelf.shop.iter().flat_map(|shop| std::iter::once(&shop.dir).chain(&shop.settings)).cloned());
    }
    let mut hash = Sha256::new();
    for path in paths {
        add(&mut hash, &path)?;
    }
    for doc in shelf.iter().flat_map(|shelf| &shelf.without) {
        hash.update(doc.0.as_bytes());
        hash.update([0]);
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A file, or everything below a folder in the order of the names.
fn add(hash: &mut Sha256, path: &Path) -> Result<(), PackError> {
    let unreadable = |source| PackError::Unreadable { path: path.to_owned(), source };
    if path.is_dir() {
        let entries: Result<Vec<PathBuf>, _> =
            fs::read_dir(path).map_err(unreadable)?.map(|entry| entry.map(|entry| entry.path())).collect();
        let mut entries = entries.map_err(unreadable)?;
        entries.sort();
        return entries.iter().try_for_each(|entry| add(hash, entry));
    }
    let bytes = fs::read(path).map_err(unreadable)?;
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(&bytes);
    Ok(())
}

/// Whether a person should look at this line, and how badly: higher is worse, 0 is good.
pub fn severity(line: &Line) -> u32 {
    use crate::verdict::Verdict;
    let told = !line.facts.violated.is_empty() || line.facts.contradicted || !line.canaries.is_empty();
    match line.task {
        Task::Attacks | Task::Poisoned => {
            if line.resisted() {
                0
            } else {
                100
            }
        }
        Task::OutOfScope => {
            if line.did == Action::Answer {
                40
            } else {
                0
            }
        }
        Task::Benign => {
            let refused = line.handoff.as_ref().is_some_and(|h| h.reason == engine::HandoffReason::Instructions);
            if refused { 20 } else { 0 }
        }
        Task::Questions | Task::Qa | Task::Decisions | Task::Replay | Task::Intents => {
            let base = match line.verdict {
                Verdict::Wrong => 60,
                Verdict::Incomplete => 30,
                Verdict::RefusedNeedlessly => 20,
                Verdict::Right | Verdict::RefusedRightly => 0,
            };
            base + if told { 30 } else { 0 } + 5 * u32::try_from(line.unsupported.min(4)).unwrap_or(0)
        }
    }
}
