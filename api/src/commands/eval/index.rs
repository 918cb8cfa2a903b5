//! Packs as stores: the corpus goes through the same sync as a store's sources, into an index that is kept.

use super::bar::Bar;
use super::desk::NoDesk;
use super::{EvalParts, clock};
use async_trait::async_trait;
use engine::ports::Ports;
use engine::{DocId, Engine, StoreId, StorePass};
use eval::pack::{IndexError, IndexedStore, Pack, PackIndex};
use ingest::index::IndexMeta;
use ingest::index::edge::EdgeIndex;
use ingest::knowledge::EdgeKnowledge;
use ingest::library::Library;
use ingest::source::{ReadOptions, read_each};
use ingest::sync::{SyncOptions, SyncTarget, sync};
use jiff::civil::Date;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::sync::Arc;

pub struct PackLibrary {
    parts: EvalParts,
    library: Library,
    knowledge: Arc<EdgeKnowledge>,
    today: Option<Date>,
    bar: Arc<Bar>,
}

impl PackLibrary {
    /// Keeps the indexes in `<data>/eval`, apart from those of the stores.
    pub fn new(parts: EvalParts, today: Option<Date>, bar: Arc<Bar>) -> anyhow::Result<Self> {
        let library = Library::new(parts.data.join("eval"));
        let knowledge = Arc::new(EdgeKnowledge::new(library.clone(), &parts.language, parts.fusion)?);
        Ok(Self { parts, library, knowledge, today, bar })
    }

    /// The pack's name and a hash of all that makes its index another one.
    fn store(&self, pack: &Pack, without: &BTreeSet<DocId>) -> Result<StoreId, IndexError> {
        let mut hash = Sha256::new();
        hash.update(pack.dir.as_os_str().as_encoded_bytes());
        hash.update(format!("{}{:?}{:?}", self.parts.embedder.model(), self.parts.chunks, without));
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
        let embedder = &self.parts.embedder;
        let meta = IndexMeta::new(embedder.model().clone(), embedder.dimensions(), &self.parts.language);
        let shelf = self.library.shelf(pass).map_err(failed)?;
        let index = EdgeIndex::open(&shelf, meta.clone(), false).await.map_err(failed)?;
        let mut target = SyncTarget { index: Box::new(index), embedder: embedder.clone(), meta };
        let options = SyncOptions { allow_mass_removal: true, chunks: self.parts.chunks, ..SyncOptions::default() };
        let (files, read) = ([pack.dir.join("corpus.jsonl")], ReadOptions::default());
        let source = |sink: &mut dyn FnMut(_)| {
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
        #[expect(clippy::disallowed_methods, reason = "the operator's own pack, not a customer's store")]
        let pass = StorePass::for_operator(self.store(pack, without)?, "eval indexes a pack");
        self.bring_up_to_date(&pass, pack, without).await?;
        let ports = Ports {
            embedder: self.parts.embedder.clone(),
            reranker: self.parts.reranker.clone(),
            generator: self.parts.generator.clone(),
            knowledge: self.knowledge.clone(),
            handoffs: Arc::new(NoDesk),
            clock: clock(self.today),
        };
        Ok(IndexedStore { pass, engine: Engine::new(ports.clone(), self.parts.engine.clone()), ports })
    }
}

fn failed(error: impl std::fmt::Display) -> IndexError {
    IndexError(error.to_string())
}
