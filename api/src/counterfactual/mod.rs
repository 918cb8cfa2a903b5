//! What would change if a page or a rule changed, tried on a copy: the store's own index, its settings and its
//! conversations are only read.

mod base;
mod changes;
mod past;
mod trial;

pub use base::Base;
pub use changes::{Change, Changes};
pub use past::past_questions;
pub use trial::forget;

use crate::db::DbError;
use crate::shopify::shop::ConnectError;
use crate::store::StoreError;
use crate::wiring::{House, LoadedModels, WiringError};
use ::eval::Progress;
use ::eval::counterfactual::{Asked, Plan, Put, WhatIf, run};
use ::eval::measure::MeasureError;
use engine::ports::KnowledgeError;
use ingest::sync::{SyncError, SyncProgress};
use jiff::civil::Date;
use std::path::PathBuf;

/// Classified by what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum CounterfactualError {
    #[error("nothing is changed: name a page or a TOML file with --change, or a document with --remove")]
    Nothing,
    #[error("{}: {problem}", path.display())]
    File { path: PathBuf, problem: String },
    #[error("there is no document '{name}' in the index{}", did_you_mean(near))]
    NoDocument { name: String, near: Vec<String> },
    #[error(
        "{}: it could take the place of {}; say which: --change DOCUMENT={}", path.display(), documents.join(" or "),
        path.display()
    )]
    Ambiguous { path: PathBuf, documents: Vec<String> },
    #[error(
        "the index of '{0}' is on a server, where nothing may be tried; name what it was made of: --sources PATH \
         (repeatable)"
    )]
    OnServer(String),
    #[error("another counterfactual runs on this data folder; wait until it has finished")]
    Running,
    #[error("{}: the folder of the trial cannot be made", path.display())]
    Folder { path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error(transparent)]
    Wiring(#[from] WiringError),
    #[error(transparent)]
    Knowledge(#[from] KnowledgeError),
    #[error(transparent)]
    Sync(#[from] SyncError),
    #[error(transparent)]
    Db(#[from] DbError),
    #[error(transparent)]
    Measure(#[from] MeasureError),
}

fn did_you_mean(near: &[String]) -> String {
    if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(" or ")) }
}

/// How the questions are put.
#[derive(Clone, Copy, Debug)]
pub struct Asking {
    pub today: Date,
    pub jobs: usize,
}

/// Puts everything to the store as it is and to the changed copy. What is said of each message is given besides the
/// report, file by file, to be judged where labels are.
pub async fn ask(
    house: &House,
    models: &LoadedModels,
    base: &Base,
    changes: &Changes,
    asked: &[Asked],
    asking: Asking,
    (syncing, progress): (&dyn SyncProgress, &dyn Progress),
) -> Result<(WhatIf, Vec<Vec<Put>>), CounterfactualError> {
    let tried = changes.tried_on(house, models, base, syncing).await?;
    let plan =
        Plan { before: &base.store, after: &tried.store, rules: tried.rules, today: asking.today, jobs: asking.jobs };
    let mut what_if = WhatIf::new(tried.replaced.clone());
    what_if.notes.extend(tried.notes.clone());
    let mut all = Vec::new();
    for file in asked {
        let puts = run(&plan, file, progress).await?;
        what_if.take(&puts);
        all.push(puts);
    }
    Ok((what_if, all))
}
