//! The mirror into the index: only documents from Shopify are compared, those from files stay.

use crate::{
    approved::recheck::{RecheckError, Reopened, has_desk, recheck},
    db::{DbError, mirror::Mirror},
    wiring::{House, WiringError},
};
use engine::{StorePass, evidence::DocId, ports::Embedder};
use futures::{StreamExt, stream};
use ingest::{
    document::{Document, Origin},
    source::Failure,
    sync::{Scope, Silent, SyncError, SyncOptions, SyncProgress, SyncReport, sync_stream},
};
use std::{collections::HashSet, path::PathBuf, sync::Arc};

/// More documents than this, and more than half of all, do not go without being told that they may.
const MASS_REMOVAL: usize = 10;

/// Writes a store's index.
#[derive(Clone)]
pub struct IndexWriter {
    pub house: House,
    pub embedder: Arc<dyn Embedder>,
}

#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error(transparent)]
    Wiring(#[from] WiringError),
    #[error(transparent)]
    Sync(#[from] SyncError),
    #[error("the index is up to date, and approved answers could not be compared with it")]
    Recheck(#[from] RecheckError),
}

/// How much of the mirror is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// What was marked since it was last compared.
    Marked,
    /// All of it.
    All,
}

impl IndexWriter {
    /// Makes the index hold what the mirror holds. `None`: nothing was marked.
    pub async fn sync(
        &self,
        pass: &StorePass,
        mirror: &Mirror,
        extent: Extent,
        allow_mass_removal: bool,
        progress: &dyn SyncProgress,
    ) -> Result<Option<SyncReport>, IndexError> {
        // Before the documents: what is marked while they are read stays marked.
        let marked = mirror.dirty_documents().await?;
        let (marks, ids): (Vec<_>, HashSet<DocId>) = marked.into_iter().unzip();
        if extent == Extent::Marked && ids.is_empty() {
            return Ok(None);
        }
        let (mut target, _lock) = self.house.sync_target(pass, self.embedder.clone(), false).await?;
        let mut options = SyncOptions { allow_mass_removal, chunks: self.house.chunks(), ..SyncOptions::default() };
        let report = match extent {
            Extent::All => {
                options.scope = Scope::Origin(Origin::Shopify);
                let documents = mirror.documents().map(|read| read.map_err(unread));
                sync_stream(&mut target, documents, &options, progress).await?
            }
            Extent::Marked => {
                let documents = mirror.documents_of(&ids).await?;
                refuse_mass_removal(mirror, ids.len() - documents.len(), allow_mass_removal).await?;
                options.scope = Scope::Documents(ids);
                // Of a few documents all may go; whether that is too many of the whole was asked above.
                options.allow_mass_removal = true;
                sync_stream(&mut target, stream::iter(documents.into_iter().map(Ok)), &options, progress).await?
            }
        };
        self.recheck(pass).await?;
        mirror.documents_done(&marks).await?;
        Ok(Some(report))
    }

    /// Approved answers that rest on what changed are no longer said. Before the marks are taken off: what is cut off here
    /// is done again.
    pub async fn recheck(&self, pass: &StorePass) -> Result<(), IndexError> {
        if !has_desk(&self.house.places.data, pass) {
            return Ok(());
        }
        let desks = self.house.desks();
        let reopened = recheck(&desks, &self.house.place(pass)?, pass).await;
        desks.close(pass.store()).await;
        for Reopened { id, .. } in reopened? {
            tracing::warn!(store.id = %pass.store(), answer.id = %id, "an approved answer went back to review");
        }
        Ok(())
    }

    pub async fn sync_marked(&self, pass: &StorePass, mirror: &Mirror) -> Result<Option<SyncReport>, IndexError> {
        self.sync(pass, mirror, Extent::Marked, false, &Silent).await
    }
}

async fn refuse_mass_removal(mirror: &Mirror, removed: usize, allowed: bool) -> Result<(), IndexError> {
    if allowed || removed <= MASS_REMOVAL {
        return Ok(());
    }
    let of = removed + mirror.visible().await?;
    if removed * 2 > of { Err(SyncError::MassRemoval { removed, of }.into()) } else { Ok(()) }
}

/// A mirror that cannot be read keeps every document in the index.
fn unread(error: DbError) -> Failure {
    Failure {
        path: PathBuf::from("shopify.sqlite"),
        file: String::new(),
        line: None,
        reason: crate::error::chain(&error),
    }
}

/// Everything that the mirror holds, for a rebuild of the whole index.
pub async fn everything(mirror: &Mirror) -> Vec<Result<Document, Failure>> {
    mirror.documents().map(|read| read.map_err(unread)).collect().await
}
