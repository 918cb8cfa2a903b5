//! The intent head of the embedder that is in use: the configured file, or one that is fitted at the first start from
//! the shipped labels and the store's own, and kept.

use super::House;
use engine::ports::{Embedder, ModelError};
use engine::understand::fit::{FitConfig, FitError, Labelled, cross_validate, fit};
use engine::understand::labels::{self, LabelError, Utterance};
use engine::understand::{Head, HeadError, IntentReader, UnknownLabel};
use futures::stream::{self, StreamExt, TryStreamExt};
use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

/// Utterances that are embedded at the same time; the embedder makes batches of them.
const AT_ONCE: usize = 32;
/// Folds for the temperature of a head that is fitted at the start.
const FOLDS: usize = 3;

/// Why there is no head.
#[derive(Debug, thiserror::Error)]
pub enum IntentsError {
    #[error("{}: cannot be read", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{}: cannot be written", path.display())]
    Unwritable { path: PathBuf, source: io::Error },
    #[error("{}: {source}", path.display())]
    Labels { path: PathBuf, source: LabelError },
    #[error("{}: {problem}; write it again with: shopclerk train intents", path.display())]
    Damaged { path: PathBuf, problem: String },
    #[error("{}", path.display())]
    Unfit { path: PathBuf, source: HeadError },
    #[error("no intents can be learned from these labels")]
    Fit(#[from] FitError),
    #[error("the embedder could not read a label")]
    Embedder(#[from] ModelError),
    #[error("[understanding.meaning]")]
    Meaning(#[from] UnknownLabel),
    #[error("fitting ended unexpectedly")]
    Join(#[from] tokio::task::JoinError),
}

impl House {
    /// `None` where the settings want none.
    pub async fn intents(&self, embedder: &Arc<dyn Embedder>) -> Result<Option<Arc<IntentReader>>, IntentsError> {
        let understanding = &self.config.understanding;
        let head = match understanding.head.as_str() {
            "none" => return Ok(None),
            "auto" => {
                let utterances = utterances(&understanding.labels)?;
                let path = self.places.data.join("heads").join(name(&utterances, &embedder.model().0));
                match kept(&path, embedder.as_ref()) {
                    Some(head) => head,
                    None => {
                        let head = learn(embedder, &utterances).await?;
                        write(&path, &head)?;
                        head
                    }
                }
            }
            file => load(Path::new(file), embedder.as_ref())?,
        };
        Ok(Some(Arc::new(IntentReader::new(Arc::new(head), &understanding.meaning)?)))
    }
}

/// The shipped labels and those of the files.
pub fn utterances(files: &[PathBuf]) -> Result<Vec<Utterance>, IntentsError> {
    let shipped = labels::read(labels::SHIPPED);
    let mut all = shipped.map_err(|source| IntentsError::Labels { path: "the shipped labels".into(), source })?;
    for path in files {
        all.extend(read(path)?);
    }
    Ok(all)
}

/// One file of labels.
pub fn read(path: &Path) -> Result<Vec<Utterance>, IntentsError> {
    let text = fs::read_to_string(path).map_err(|source| IntentsError::Unreadable { path: path.to_owned(), source })?;
    labels::read(&text).map_err(|source| IntentsError::Labels { path: path.to_owned(), source })
}

/// The vector of every utterance, in their order.
pub async fn embed(embedder: &dyn Embedder, utterances: &[Utterance]) -> Result<Vec<Labelled>, ModelError> {
    let bar = ProgressBar::new(utterances.len() as u64).with_message("reading labels");
    if let Ok(style) = ProgressStyle::with_template("{msg:>14} {wide_bar} {pos}/{len} {eta}") {
        bar.set_style(style);
    }
    let vectors = stream::iter(utterances)
        .map(|utterance| async {
            let vector = embedder.embed_query(&utterance.text).await?;
            bar.inc(1);
            Ok::<_, ModelError>(Labelled { values: vector.values, label: utterance.intent.clone() })
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await;
    bar.finish_and_clear();
    vectors
}

async fn learn(embedder: &Arc<dyn Embedder>, utterances: &[Utterance]) -> Result<Head, IntentsError> {
    let examples = embed(embedder.as_ref(), utterances).await?;
    let (model, vocabulary) = (embedder.model().clone(), labels::vocabulary(utterances));
    let fitting = tokio::task::spawn_blocking(move || {
        let (_, temperature) = cross_validate(&model, &examples, FOLDS, FitConfig::default())?;
        fit(&model, &examples, temperature, FitConfig::default())
    });
    Ok(Head { vocabulary, ..fitting.await?? })
}

/// What tells two heads apart, in results that must not be mixed: their labels, what these mean, and the words that they
/// were fitted on. Not the weights: fitted again from the same labels, these may differ in a last bit.
pub fn fingerprint(reader: Option<&IntentReader>) -> String {
    let Some((head, meaning)) = reader.map(IntentReader::parts) else { return "none".into() };
    let mut hash = Sha256::new();
    hash.update(format!("{:?}{}{:?}", head.labels, head.fitted_on.n, head.vocabulary));
    for (label, intent) in meaning {
        hash.update(format!("{label}\0{intent:?}\0"));
    }
    format!("{} labels {}", head.labels.len(), &hex::encode(hash.finalize())[..12])
}

/// One that was fitted before, if it is whole and fits.
fn kept(path: &Path, embedder: &dyn Embedder) -> Option<Head> {
    path.exists().then(|| load(path, embedder).ok()).flatten()
}

pub fn load(path: &Path, embedder: &dyn Embedder) -> Result<Head, IntentsError> {
    let text = fs::read_to_string(path).map_err(|source| IntentsError::Unreadable { path: path.to_owned(), source })?;
    let head: Head = serde_json::from_str(&text)
        .map_err(|error| IntentsError::Damaged { path: path.to_owned(), problem: error.to_string() })?;
    head.check(embedder.model(), embedder.dimensions())
        .map_err(|source| IntentsError::Unfit { path: path.to_owned(), source })?;
    Ok(head)
}

/// Whole or not at all.
pub fn write(path: &Path, head: &Head) -> Result<(), IntentsError> {
    let failed = |source| IntentsError::Unwritable { path: path.to_owned(), source };
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(dir).map_err(failed)?;
    let mut file = tempfile::NamedTempFile::new_in(dir).map_err(failed)?;
    serde_json::to_writer(&mut file, head).map_err(|error| failed(error.into()))?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// Another embedder, other labels or another way to fit are another file.
fn name(utterances: &[Utterance], model: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(format!("{:?}", FitConfig::default()));
    for utterance in utterances {
        hash.update(format!("{}\0{}\0", utterance.intent, utterance.text));
    }
    let safe: String = model.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    format!("{safe}-{}.json", &hex::encode(hash.finalize())[..12])
}
