//! Packs as stores: the corpus goes through the same sync as a store's sources, into an index that is kept.

use super::bar::Bar;
use super::ports;
use crate::{
    commands::operator,
    wiring::{House, LoadedModels, WiringError},
};
use ::eval::pack::{IndexError, IndexedStore, Pack, PackIndex};
use async_trait::async_trait;
use engine::ports::Knowledge;
use engine::{DocId, Engine, StoreId, StorePass};
use ingest::document::Document;
use ingest::source::{Failure, ReadOptions, read_each};
use ingest::sync::{SyncOptions, sync};
use jiff::civil::Date;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::sync::Arc;

pub struct PackLibrary {
    /// As configured, but for the folder of its data.
    house: House,
    models: LoadedModels,
    knowledge: Arc<dyn Knowledge>,
    today: Option<Date>,
    bar: Arc<Bar>,
}

impl PackLibrary {
    /// Keeps the indexes in `<data>/eval`, apart from those of the stores.
    pub fn new(
        mut house: House,
        models: LoadedModels,
        today: Option<Date>,
        bar: Arc<Bar>,
    ) -> Result<Self, WiringError> {
        house.places.data.push("eval");
        let knowledge = house.knowledge()?;
        Ok(Self { house, models, knowledge, today, bar })
    }

    /// The pack's name and a hash of all that makes its index another one.
    fn store(&self, pack: &Pack, without: &BTreeSet<DocId>) -> Result<StoreId, IndexError> {
        let (embedder, index) = (self.models.embedder.model(), &self.house.config.index);
        let mut hash = Sha256::new();
        hash.update(pack.dir.as_os_str().as_encoded_bytes());
        hash.update(format!("{embedder}{}{:?}{without:?}", index.language, self.house.chunks()));
        let hash: String = hash.finalize().iter().take(5).map(|byte| format!("{byte:02x}")).collect();
        let safe = |c: char| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' };
        let name: String = pack.name.to_lowercase().chars().map(safe).take(40).collect();
        StoreId::parse(&format!("pack-{name}-{hash}")).map_err(failed)
    }

    async fn bring_up_to_date(
        &self,
        pass: &StorePass,
        pack: &Pack,
        without: &BTreeSet<DocId>,
    ) -> Result<(), IndexError> {
        let embedder = self.models.embedder.clone();
        let (mut target, _lock) = self.house.sync_target(pass, embedder, false).await.map_err(failed)?;
        let options = SyncOptions { allow_mass_removal: true, chunks: self.house.chunks(), ..SyncOptions::default() };
        let (files, read) = ([pack.dir.join("corpus.jsonl")], ReadOptions::default());
        let source = |sink: &mut dyn FnMut(Result<Document, Failure>)| {
            read_each(&files, &read, &mut |item| match item {
                Ok(document) if without.contains(&document.id) => {}
                item => sink(item),
            })
        };
        let report = sync(&mut target, source, &options, &*self.bar).await.map_err(failed)?;
        // A corpus with holes would be measured as if it had none.
        report.failed.first().map_or(Ok(()), |failure| Err(failed(failure)))
    }
}

#[async_trait]
impl PackIndex for PackLibrary {
    async fn open(&self, pack: &Pack, without: &BTreeSet<DocId>) -> Result<IndexedStore, IndexError> {
        let pass = operator(&self.store(pack, without)?);
        self.bring_up_to_date(&pass, pack, without).await?;
        let ports = ports(&self.models, self.knowledge.clone(), self.today);
        let engine = Engine::new(ports.clone(), self.house.config.engine.to_engine());
        Ok(IndexedStore { pass, engine, ports })
    }
}

fn failed(error: impl std::fmt::Display) -> IndexError {
    IndexError(error.to_string())
}
