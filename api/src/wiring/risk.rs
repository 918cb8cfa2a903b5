//! The file that `shopclerk eval calibrate` has written, where the settings name one; and what it holds for.

use super::{House, LoadedModels, WiringError, intents};
use engine::RiskModel;
use engine::decide::{RiskError, System};
use engine::ports::{Embedder, ModelId};
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use std::sync::Arc;

/// A named file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RiskFileError {
    #[error("{path}: the file that engine.risk names cannot be read", path = .path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{path}: {source}", path = .path.display())]
    Unusable { path: PathBuf, source: RiskError },
}

impl House {
    /// The risk that decides in the place of the coverage bound, if the settings name one. It is refused where it was
    /// fitted with other models or settings: what it promises would not hold.
    pub fn risk(&self, models: &LoadedModels) -> Result<Option<Arc<RiskModel>>, WiringError> {
        let Some((path, model)) = self.risk_file()? else { return Ok(None) };
        model.holds_for(&self.system(models)).map_err(|source| RiskFileError::Unusable { path, source })?;
        Ok(Some(Arc::new(model)))
    }

    /// The file as it stands, whatever it was fitted with.
    pub fn risk_file(&self) -> Result<Option<(PathBuf, RiskModel)>, RiskFileError> {
        let path = self.config.engine.risk.clone();
        if path.as_os_str().is_empty() {
            return Ok(None);
        }
        let text = std::fs::read_to_string(&path)
            .map_err(|source| RiskFileError::Unreadable { path: path.clone(), source })?;
        match RiskModel::parse(&text) {
            Ok(model) => Ok(Some((path, model))),
            Err(source) => Err(RiskFileError::Unusable { path, source }),
        }
    }

    /// Models and settings that decide what is found and said.
    pub fn system(&self, models: &LoadedModels) -> System {
        let name = |model: Option<&ModelId>| model.map_or("none".to_owned(), ToString::to_string);
        let asked = self.system_of(models.embedder.as_ref());
        let understood = ("understanding.head".to_owned(), intents::fingerprint(models.intents.as_deref()));
        System {
            settings: asked.settings.into_iter().chain([understood]).collect(),
            reranker: name(models.reranker.as_ref().map(|reranker| reranker.model())),
            generator: name(models.generator.as_ref().map(|generator| generator.model())),
            embedder: asked.embedder,
        }
    }

    /// The same where nothing but the embedder is asked.
    pub fn system_of(&self, embedder: &dyn Embedder) -> System {
        let (engine, index) = (&self.config.engine, &self.config.index);
        let settings = [
            ("shopclerk", env!("CARGO_PKG_VERSION").to_owned()),
            ("engine.candidates", engine.candidates.to_string()),
            ("engine.passages", engine.passages.to_string()),
            ("engine.search", format!("{:?}", engine.search).to_lowercase()),
            ("engine.certain", engine.certain.to_string()),
            ("engine.evidence_sentences", engine.evidence_sentences.to_string()),
            ("engine.max_tokens", engine.max_tokens.to_string()),
            ("index.language", index.language.clone()),
            ("index.chunk_max_chars", index.chunk_max_chars.to_string()),
            ("index.chunk_min_chars", index.chunk_min_chars.to_string()),
            ("index.rrf_k", index.rrf_k.to_string()),
            ("index.dense_weight", index.dense_weight.to_string()),
            ("index.lexical_weight", index.lexical_weight.to_string()),
            ("index.depth", index.depth.to_string()),
        ];
        System {
            embedder: embedder.model().to_string(),
            reranker: "none".into(),
            generator: "none".into(),
            settings: settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        }
    }
}

/// What tells two files apart, in results that must not be mixed.
pub fn fingerprint(model: &RiskModel) -> String {
    let text = serde_json::to_string(model).unwrap_or_default();
    hex::encode(&Sha256::digest(text)[..6])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::shipped;
    use crate::machine::Machine;
    use crate::wiring::{HouseClock, Places, SaidPlaces};
    use engine::fakes::BagEmbedder;

    fn house(risk: &std::path::Path) -> House {
        let mut config = shipped().unwrap();
        config.engine.risk = risk.to_owned();
        let places = Places::find(SaidPlaces { data: None, models: None }, &config, &|_| None);
        House { config, places, machine: Machine::look(), clock: HouseClock::default() }
    }

    fn models() -> LoadedModels {
        LoadedModels { embedder: Arc::new(BagEmbedder::new("bag", 8)), reranker: None, generator: None, intents: None }
    }

    #[test]
    fn the_file_is_named_in_what_is_wrong_with_it() {
        assert!(house("".as_ref()).risk(&models()).unwrap().is_none());
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("risk.json");
        let refused = || house(&path).risk(&models()).unwrap_err().to_string();
        assert!(refused().contains("risk.json: the file that engine.risk names cannot be read"), "{}", refused());
        std::fs::write(&path, r#"{"format":9}"#).unwrap();
        assert!(refused().contains("risk.json: its format is 9"), "{}", refused());
    }

    #[test]
    fn what_was_fitted_here_is_used_and_what_was_fitted_elsewhere_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("risk.json");
        let house = house(&path);
        let mut model = serde_json::to_value(RiskModel::open()).unwrap();
        model["fitted_on"] = serde_json::json!({
            "files": ["p/f"], "questions": 1, "answers": 1, "clusters": 1, "content": "", "date": null,
            "system": house.system(&models()), "penalty": 1.0, "seed": 1, "incomplete_tolerated": false,
        });
        std::fs::write(&path, model.to_string()).unwrap();
        assert!(house.risk(&models()).unwrap().is_some());
        let other = LoadedModels { embedder: Arc::new(BagEmbedder::new("other", 8)), ..models() };
        let refused = house.risk(&other).unwrap_err().to_string();
        assert!(refused.contains("fitted with the embedder bag@fake, and here it is other@fake"), "{refused}");
    }
}
