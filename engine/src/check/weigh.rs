//! A drafted sentence on the scale: [`super::score`] with the vectors that it needs.

use super::score::SupportModel;
use super::signs::compare;
use super::{Checker, Dropped, Standing};
use crate::ports::{Embedder, ModelError};
use crate::vectors::{Vectors, dot, vectors_of};
use serde::Serialize;

/// Weighs what a generator wrote. What stands in a source word for word needs no weighing.
pub struct Weigher<'a> {
    model: &'a SupportModel,
    embedder: &'a dyn Embedder,
    known: &'a Vectors,
}

/// A sentence that was weighed, whether it was said or not.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Weighed {
    pub sentence: String,
    /// That its passage says it.
    pub probability: f32,
}

impl<'a> Weigher<'a> {
    /// `None` where the model weighs another embedder's cosines: then the typed check decides alone.
    pub(crate) fn new(model: &'a SupportModel, embedder: &'a dyn Embedder, known: &'a Vectors) -> Option<Self> {
        (model.embedder == *embedder.model()).then_some(Self { model, embedder, known })
    }

    /// Whether a sentence that has passed the typed check is said, and how it was weighed. What cannot be weighed is
    /// not said: the sources can speak for themselves.
    pub async fn settle(
        &self,
        checker: &Checker<'_>,
        standing: Standing,
    ) -> (Result<Standing, Dropped>, Option<Weighed>) {
        if checker.literal(&standing.text).is_some() {
            return (Ok(standing), None);
        }
        let drop = |reason: String| Err(Dropped { sentence: standing.text.clone(), reason });
        match self.probability(checker, &standing).await {
            Err(error) => (drop(format!("cannot be weighed: {error}")), None),
            Ok(probability) => {
                let weighed = Weighed { sentence: standing.text.clone(), probability };
                if probability < self.model.bound {
                    let reason = format!("says more or other than its source (support {probability:.2})");
                    return (drop(reason), Some(weighed));
                }
                (Ok(standing), Some(weighed))
            }
        }
    }

    async fn probability(&self, checker: &Checker<'_>, standing: &Standing) -> Result<f32, ModelError> {
        let units = checker.rests_on(standing);
        let texts: Vec<String> = units.iter().map(|u| u.with_context()).chain([standing.text.clone()]).collect();
        let vectors = vectors_of(self.embedder, self.known, &texts).await?;
        let Some((said, vectors)) = vectors.split_last() else { return Ok(0.0) };
        let cosines: Vec<f32> = vectors.iter().map(|v| dot(said, v)).collect();
        let compared = compare(&standing.text, &units, &cosines);
        Ok(compared.map_or(0.0, |compared| self.model.probability(&compared.signs(&self.model.rarity))))
    }
}
