//! A model that rates what rules cannot: tone, helpfulness, a brand's voice. Never alone: beside its scores stands how far
//! it agrees with people, and without labels that it is not known.
//!
//! The judge is the configured local generator, greedy, one reply at a time: a verdict does not depend on what else is
//! rated, and repeats.

mod agreement;
mod rubric;

pub use agreement::{Agreement, Labels, MODERATE, agreement};
pub use rubric::{Rubric, RubricError, Scale};

use crate::line::Line;
use crate::pack::Action;
use crate::progress::Progress;
use crate::report::{Metrics, Report, Run};
use crate::results::{Appended, ResultsError, ResultsFile, write_whole};
use crate::retrieval::sample;
use crate::statistics::{Bootstrap, FEW, Part};
use engine::ports::{Generator, ModelError, Piece};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::Path;

/// Of one kind of rating by one model, as `judged.json` keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Judged {
    pub rubric: Rubric,
    pub model: String,
    /// One for each file of the results.
    pub runs: Vec<Run>,
    /// With people; `None` where nobody has rated anything.
    pub agreement: Option<Agreement>,
}

/// Everything that was judged in a folder of results.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct JudgedBook {
    pub judged: Vec<Judged>,
}

/// One verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Verdict {
    pack: String,
    file: String,
    id: String,
    /// What the judge said.
    said: String,
    /// As a class of the scale; absent where it said none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    class: Option<usize>,
}

#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Header {
    judge_format: u32,
    rubric: Rubric,
    model: String,
    /// SHA-256 over the replies that are rated.
    content: String,
    n: usize,
}

#[derive(Debug, thiserror::Error)]
pub enum JudgeError {
    #[error(transparent)]
    Results(#[from] ResultsError),
    #[error("the judge could not rate '{id}'")]
    Model { id: String, source: ModelError },
    #[error("there is nothing to rate: none of these results is an answer or a question back")]
    Nothing,
}

const FORMAT: u32 = 1;
/// Beside the results, so that it is not taken for one of them.
const FOLDER: &str = "judged";
const BOOK: &str = "judged.json";

/// Rates the replies of a folder, or goes on with it, and writes what came to `judged.json` there.
pub async fn judge(
    dir: &Path,
    files: &[ResultsFile],
    rubric: &Rubric,
    generator: &dyn Generator,
    labels: Option<&Labels>,
    (limit, bootstrap): (Option<usize>, Bootstrap),
    progress: &dyn Progress,
) -> Result<Judged, JudgeError> {
    let all: Vec<(&ResultsFile, &Line)> =
        files.iter().flat_map(|file| file.lines.iter().map(move |line| (file, line))).filter(rated).collect();
    let chosen = sample(all, limit, bootstrap.seed, |(_, line)| &line.id);
    if chosen.is_empty() {
        return Err(JudgeError::Nothing);
    }
    let model = generator.model().to_string();
    let header = Header {
        judge_format: FORMAT,
        rubric: rubric.clone(),
        model: model.clone(),
        content: content(&chosen),
        n: chosen.len(),
    };
    let (mut kept, mut verdicts) = open(dir, &header)?;
    progress.begin("judging", chosen.len());
    verdicts.iter().for_each(|_| progress.step());
    for (file, line) in chosen.iter().skip(verdicts.len()) {
        let said =
            say(generator, rubric, line).await.map_err(|source| JudgeError::Model { id: line.id.clone(), source })?;
        let verdict = Verdict {
            pack: file.header.pack.clone(),
            file: file.header.file.clone(),
            id: line.id.clone(),
            class: rubric.scale.read(&said),
            said,
        };
        kept.append(&verdict)?;
        verdicts.push(verdict);
        progress.step();
    }
    progress.end();
    let pairs: Vec<(usize, usize)> =
        verdicts.iter().filter_map(|v| Some((v.class?, labels?.of(&v.pack, &v.file, &v.id)?))).collect();
    let judged = Judged {
        rubric: rubric.clone(),
        model,
        runs: runs(&chosen, &verdicts, rubric, bootstrap),
        agreement: agreement(&pairs, rubric.scale, bootstrap),
    };
    keep(dir, &judged)?;
    Ok(judged)
}

/// What is written for a customer: the words of a handoff and of asking who it is are the store's own, always the same.
fn rated((_, line): &(&ResultsFile, &Line)) -> bool {
    !line.failed() && !line.reply.trim().is_empty() && (line.did.states() || line.did == Action::Clarify)
}

fn content(chosen: &[(&ResultsFile, &Line)]) -> String {
    let mut hash = Sha256::new();
    for (file, line) in chosen {
        for text in [&file.header.pack, &file.header.file, &line.id, &line.text, &line.reply] {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        }
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn open(dir: &Path, header: &Header) -> Result<(Appended, Vec<Verdict>), ResultsError> {
    let folder = dir.join(FOLDER);
    fs::create_dir_all(&folder).map_err(|source| ResultsError::Io { path: folder.clone(), source })?;
    let safe = |c: char| if c.is_ascii_alphanumeric() || c == '.' || c == '-' { c } else { '-' };
    let model: String = header.model.chars().map(safe).collect();
    let (mut kept, text) = Appended::open(folder.join(format!("{}.{model}.jsonl", header.rubric.name)))?;
    let mut there = text.lines().enumerate();
    let Some((_, first)) = there.next() else {
        kept.append(header)?;
        return Ok((kept, Vec::new()));
    };
    if kept.parse::<Header>(1, first)? != *header {
        return Err(kept.other_run("the rubric or the replies"));
    }
    let verdicts = there.map(|(at, line)| kept.parse(at + 1, line)).collect::<Result<_, _>>()?;
    Ok((kept, verdicts))
}

async fn say(generator: &dyn Generator, rubric: &Rubric, line: &Line) -> Result<String, ModelError> {
    let mut pieces = generator.generate(rubric.prompt(line)).await?;
    let mut said = String::new();
    while let Some(piece) = pieces.recv().await {
        match piece? {
            Piece::Text(text) => said.push_str(&text),
            Piece::End(_) => break,
        }
    }
    Ok(said.trim().to_owned())
}

fn runs(chosen: &[(&ResultsFile, &Line)], verdicts: &[Verdict], rubric: &Rubric, bootstrap: Bootstrap) -> Vec<Run> {
    let all: Vec<(&ResultsFile, &Line, &Verdict)> =
        chosen.iter().zip(verdicts).map(|((file, line), verdict)| (*file, *line, verdict)).collect();
    let one = |rated: &[(&ResultsFile, &Line, &Verdict)]| {
        let (file, _, _) = rated.first()?;
        let clusters: Option<Vec<String>> = rated.iter().map(|(_, line, _)| line.cluster.clone()).collect();
        let scores: Vec<Part> = rated
            .iter()
            .map(|(_, _, v)| v.class.map_or(Part::default(), |class| Part { of: rubric.scale.value(class), all: 1.0 }))
            .collect();
        let unrated: Vec<Part> =
            rated.iter().map(|(_, _, v)| Part { of: f64::from(u8::from(v.class.is_none())), all: 1.0 }).collect();
        let ratio = |parts: &[Part], share| bootstrap.ratio(parts, clusters.as_deref(), share);
        let is_share = rubric.scale == Scale::YesNo;
        let metrics = [(rubric.metric(), ratio(&scores, is_share)), ("judge_unrated".into(), ratio(&unrated, true))];
        let metrics = metrics.into_iter().filter_map(|(name, estimate)| Some((name, estimate?))).collect();
        let header = &file.header;
        Some(Run {
            task: Some(header.task),
            variant: Some(format!("judged: {}", rubric.name)),
            ..Run::new(&header.pack, &header.file, "judge", rated.len(), Metrics(metrics))
        })
    };
    all.chunk_by(|(a, _, _), (b, _, _)| std::ptr::eq(*a, *b)).filter_map(one).collect()
}

/// Puts it in the place of what the same model said by the same rubric before.
fn keep(dir: &Path, judged: &Judged) -> Result<(), ResultsError> {
    let mut book = read_book(dir)?;
    book.judged.retain(|one| (&one.rubric.name, &one.model) != (&judged.rubric.name, &judged.model));
    book.judged.push(judged.clone());
    let path = dir.join(BOOK);
    let text =
        serde_json::to_string_pretty(&book).map_err(|e| ResultsError::Io { path: path.clone(), source: e.into() })?;
    write_whole(&path, &(text + "\n"))
}

/// What was judged in a folder; empty where nothing was.
pub fn read_book(dir: &Path) -> Result<JudgedBook, ResultsError> {
    let path = dir.join(BOOK);
    if !path.is_file() {
        return Ok(JudgedBook::default());
    }
    let text = fs::read_to_string(&path).map_err(|source| ResultsError::Io { path: path.clone(), source })?;
    serde_json::from_str(&text).map_err(|error| ResultsError::Broken {
        path,
        line: error.line(),
        problem: error.to_string(),
    })
}

impl Judged {
    /// What stands beside the scores, always.
    pub fn trust(&self) -> String {
        let Some(agreement) = &self.agreement else {
            return "agreement with people: not known. No labels were given, so these scores say what a model thinks and \
                    nothing else; `eval gate` refuses them. Rate some replies and name them with --labels."
                .into();
        };
        let few = if agreement.n < FEW { ", too few to rely on" } else { "" };
        let kappa = match agreement.main() {
            None => "kappa cannot be told: one rating was given throughout".to_owned(),
            Some(kappa) => {
                let weighted = if agreement.weighted_kappa.is_some() { "kappa (quadratic weights)" } else { "kappa" };
                format!("{weighted} {:.2} [{:.2}, {:.2}]", kappa.value, kappa.low, kappa.high)
            }
        };
        let gate =
            if agreement.is_enough() { "" } else { "; not surely above 0.4, so `eval gate` refuses these scores" };
        format!(
            "agreement with people on {} replies{few}: {kappa}, the same rating {:.2} [{:.2}, {:.2}]{gate}",
            agreement.n, agreement.agreed.value, agreement.agreed.low, agreement.agreed.high
        )
    }
}

impl JudgedBook {
    /// The runs that a gate may look at, and why it may not look at the others: `Err` names the first that `baseline`
    /// asks for and that nobody can vouch for.
    pub fn gateable(&self, baseline: &Report) -> Result<Vec<Run>, String> {
        let asked = baseline.runs.iter().flat_map(|run| &run.metrics.0).map(|(name, _)| name.as_str());
        for metric in asked.filter(|name| name.starts_with("judge_") && *name != "judge_unrated") {
            let found = self.judged.iter().filter(|judged| judged.rubric.metric() == metric);
            if !found.clone().any(|judged| judged.agreement.as_ref().is_some_and(Agreement::is_enough)) {
                let why = found.map(Judged::trust).next_back().unwrap_or_else(|| "it was not judged".into());
                return Err(format!(
                    "{metric} is a judge's score and cannot be gated: {why}. Take it out of the baseline, or run \
                     `shopclerk eval judge` with --labels"
                ));
            }
        }
        let known = self.judged.iter().filter(|judged| judged.agreement.as_ref().is_some_and(Agreement::is_enough));
        Ok(known.flat_map(|judged| judged.runs.clone()).collect())
    }
}

#[cfg(test)]
mod tests;
