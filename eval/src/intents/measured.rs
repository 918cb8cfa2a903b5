//! How well a head fitted on a pack's own labels tells them, over the embedder that serves customers.

use super::Validated;
use crate::pack::PackError;
use crate::pack::records::utterances;
use crate::retrieval::sample;
use engine::ports::{Embedder, ModelError};
use engine::understand::fit::{FitConfig, FitError, Labelled, cross_validate};
use futures::stream::{self, StreamExt, TryStreamExt};
use std::path::Path;

/// Parts that the labels are cut into; each is told by a head that never saw it.
const FOLDS: usize = 5;
/// Utterances that are embedded at the same time; the embedder makes batches of them.
const AT_ONCE: usize = 32;

/// Why nothing is known of a file's labels.
#[derive(Debug, thiserror::Error)]
pub enum IntentsError {
    #[error(transparent)]
    Pack(#[from] PackError),
    #[error("the embedder could not read an utterance of {file}")]
    Embedder { file: String, source: ModelError },
    #[error("fitting ended unexpectedly")]
    Join(#[from] tokio::task::JoinError),
}

/// The file's utterances, at most `limit` of them as the seed draws them, each told by a head that was fitted without
/// it. `Err` inside: too little is labelled for that. The same file, embedder and seed give the same numbers.
pub async fn of_file(
    path: &Path,
    embedder: &dyn Embedder,
    limit: Option<usize>,
    seed: u64,
) -> Result<Result<Validated, FitError>, IntentsError> {
    let labelled = utterances(path)?.into_iter().filter(|utterance| utterance.intent.is_some()).collect();
    let labelled = sample(labelled, limit, seed, |utterance| &utterance.id);
    let examples: Vec<Labelled> = stream::iter(&labelled)
        .map(|utterance| async {
            let vector = embedder.embed_query(&utterance.text).await?;
            Ok(Labelled { values: vector.values, label: utterance.intent.clone().unwrap_or_default() })
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await
        .map_err(|source| IntentsError::Embedder { file: path.display().to_string(), source })?;
    let model = embedder.model().clone();
    let fitting =
        tokio::task::spawn_blocking(move || cross_validate(&model, &examples, FOLDS, FitConfig::default())).await?;
    let texts: Vec<String> = labelled.into_iter().map(|utterance| utterance.text).collect();
    Ok(fitting.map(|(guesses, temperature)| Validated::new(&guesses, &texts, FOLDS, temperature, seed)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::fakes::BagEmbedder;

    async fn check(lines: &str, limit: Option<usize>) -> Result<Validated, FitError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), lines).unwrap();
        of_file(file.path(), &BagEmbedder::new("bag", 64), limit, 1).await.unwrap()
    }

    #[tokio::test]
    async fn labels_that_differ_in_their_words_are_told_and_wrong_labels_are_not() {
        let line = |id: &str, text: String, intent: &str| {
            serde_json::json!({"id": id, "text": text, "intent": intent, "expected_action": null}).to_string() + "\n"
        };
        let told: String = (0..10)
            .flat_map(|i| {
                [
                    line(&format!("a{i}"), format!("where is parcel {i}"), "tracking"),
                    line(&format!("b{i}"), format!("cancel subscription number {i}"), "cancel"),
                ]
            })
            .collect();
        let report = check(&told, None).await.unwrap();
        assert_eq!((report.n, report.folds, report.intent_accuracy.value), (20, 5, 1.0));
        assert!(report.intent_accuracy.low > 0.8 && report.intent_accuracy.low < 1.0);
        // One of the ten is labelled as what it is not, and the others say so.
        let wrong = told.replace(
            &line("a3", "where is parcel 3".into(), "tracking"),
            &line("a3", "where is parcel 3".into(), "cancel"),
        );
        let report = check(&wrong, None).await.unwrap();
        assert_eq!(report.intent_accuracy.value, 0.95);
        assert_eq!(check(&wrong, None).await.unwrap().intent_accuracy, report.intent_accuracy);
        assert_eq!(check(&told, Some(12)).await.unwrap().n, 12);
    }

    #[tokio::test]
    async fn one_label_is_too_little() {
        let found = check("{\"id\":\"a\",\"text\":\"t\",\"intent\":\"x\",\"expected_action\":null}\n", None).await;
        assert!(matches!(found, Err(FitError::OneLabel(_))));
    }
}
