//! What is changed, and the copy that it is tried on.

use super::CounterfactualError;
use super::base::{Base, read_options};
use super::trial::Trial;
use crate::commands::operator;
use crate::store::StoreSettings;
use crate::wiring::{House, LoadedModels};
use ::eval::counterfactual::Replaced;
use ::eval::pack::IndexedStore;
use engine::ports::KnowledgeError;
use engine::{DocId, Profiles, SourceKind};
use ingest::document::Document;
use ingest::index::erase::Place;
use ingest::index::known::{self, KnownDocument};
use ingest::source::{Failure, read_all};
use ingest::sync::{Scope, SyncOptions, SyncProgress, sync};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A file in the place of what is: `FILE`, or `DOCUMENT=FILE` where it cannot be told which page it replaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub replaces: Option<DocId>,
    pub path: PathBuf,
}

impl FromStr for Change {
    type Err = String;

    fn from_str(said: &str) -> Result<Self, String> {
        let change = match said.split_once('=') {
            // A file may have the sign in its name.
            Some((doc, path)) if !Path::new(said).exists() => {
                Self { replaces: Some(DocId(doc.to_owned())), path: path.into() }
            }
            Some(_) | None => Self { replaces: None, path: said.into() },
        };
        if change.path.is_file() { Ok(change) } else { Err(format!("there is no file {}", change.path.display())) }
    }
}

#[derive(Clone, Debug, Default)]
pub struct Changes {
    pub files: Vec<Change>,
    /// Documents that are taken away.
    pub remove: Vec<String>,
}

/// A store with the changes in it.
pub(super) struct Tried {
    pub store: IndexedStore,
    pub replaced: Vec<Replaced>,
    pub rules: bool,
    pub notes: Vec<String>,
    /// The folder of the copy.
    copy: Option<Trial>,
}

impl Changes {
    /// Makes the copy. What is in its folder from an earlier trial is thrown away.
    pub(super) async fn tried_on(
        &self,
        house: &House,
        models: &LoadedModels,
        base: &Base,
        progress: &dyn SyncProgress,
    ) -> Result<Tried, CounterfactualError> {
        let is_rules = |change: &&Change| change.path.extension().is_some_and(|extension| extension == "toml");
        let (rules, pages): (Vec<&Change>, Vec<&Change>) = self.files.iter().partition(is_rules);
        if self.files.is_empty() && self.remove.is_empty() {
            return Err(CounterfactualError::Nothing);
        }
        let mut tried = Tried {
            store: base.store.clone(),
            replaced: Vec::new(),
            rules: !rules.is_empty(),
            notes: Vec::new(),
            copy: None,
        };
        if !pages.is_empty() || !self.remove.is_empty() {
            self.put_pages(&pages, house, models, base, progress, &mut tried).await?;
        }
        for change in rules {
            let settings = StoreSettings::load(&change.path, base.store.pass.store())?;
            let profiles = Profiles::default();
            profiles.set(settings.profile());
            tried.store.engine = tried.store.engine.clone().with_profiles(profiles);
            tried.replaced.push(Replaced {
                from: change.path.display().to_string(),
                what: "rules",
                replaces: None,
                by: None,
            });
            if base.store.ports.storefront.is_none() {
                let note = "no shop is connected, so rules about orders change no reply here";
                tried.notes.push(note.to_owned());
            }
        }
        Ok(tried)
    }

    async fn put_pages(
        &self,
        pages: &[&Change],
        house: &House,
        models: &LoadedModels,
        base: &Base,
        progress: &dyn SyncProgress,
        tried: &mut Tried,
    ) -> Result<(), CounterfactualError> {
        let known = base.documents().await?;
        let mut documents: Vec<Document> = Vec::new();
        for change in pages {
            for (document, replaced) in read(change, base, &known)? {
                if documents.iter().any(|other| other.id == document.id) {
                    let problem = format!("another --change takes the place of {} already", document.id);
                    return Err(CounterfactualError::File { path: change.path.clone(), problem });
                }
                documents.push(document);
                tried.replaced.push(replaced);
            }
        }
        let mut ids: HashSet<DocId> = documents.iter().map(|document| document.id.clone()).collect();
        for name in &self.remove {
            let id = known.iter().find(|known| known.id.0 == *name).map(|known| known.id.clone());
            ids.insert(
                id.ok_or_else(|| CounterfactualError::NoDocument { name: name.clone(), near: near(name, &known) })?,
            );
            tried.replaced.push(Replaced { from: name.clone(), what: "removed", replaces: None, by: None });
        }
        let pass = operator(base.store.pass.store());
        let Place::Edge(from) = &base.place else {
            return Err(CounterfactualError::OnServer(pass.store().to_string()));
        };
        let there = &tried.copy.insert(Trial::of_changes(house, pass.store())?).house;
        let to = there.library().shelf(&pass).map_err(KnowledgeError::from)?;
        known::copy(from, &to).await?;
        let (mut target, _lock) = there.sync_target(&pass, models.embedder.clone(), false).await?;
        let options = SyncOptions {
            // Nothing but these: of the rest the copy holds what the index holds.
            scope: Scope::Documents(ids),
            allow_mass_removal: true,
            chunks: there.chunks(),
            ..SyncOptions::default()
        };
        let source = |sink: &mut dyn FnMut(Result<Document, Failure>)| {
            documents.into_iter().for_each(|document| sink(Ok(document)));
            Default::default()
        };
        let report = sync(&mut target, source, &options, progress).await?;
        if let Some(failure) = report.failed.first() {
            let problem = failure.reason.clone();
            return Err(CounterfactualError::File { path: failure.path.clone(), problem });
        }
        tried.store.ports.knowledge = there.knowledge()?;
        tried.store.engine = tried.store.engine.with_ports(tried.store.ports.clone());
        Ok(())
    }
}

/// The documents of a file, each in the place of what it replaces.
fn read(
    change: &Change,
    base: &Base,
    known: &[KnownDocument],
) -> Result<Vec<(Document, Replaced)>, CounterfactualError> {
    let wrong = |problem: String| CounterfactualError::File { path: change.path.clone(), problem };
    let sources = read_all(std::slice::from_ref(&change.path), &read_options(base.settings.as_ref())?);
    if let Some(failure) = sources.failures.first() {
        return Err(wrong(failure.reason.clone()));
    }
    if sources.documents.is_empty() {
        return Err(wrong("no document was found in it; a page is Markdown, HTML, text or PDF".into()));
    }
    if change.replaces.is_some() && sources.documents.len() > 1 {
        return Err(wrong("it holds several documents, which cannot take the place of one".into()));
    }
    let mut placed = Vec::new();
    for document in sources.documents {
        let found = match &change.replaces {
            Some(id) => {
                let named = known.iter().find(|known| known.id == *id);
                let none = || CounterfactualError::NoDocument { name: id.0.clone(), near: near(&id.0, known) };
                Some((named.ok_or_else(none)?, "id"))
            }
            None => replaced_by(&document, change, known)?,
        };
        let replaced = Replaced {
            from: change.path.display().to_string(),
            what: "page",
            replaces: found.map(|(old, _)| old.id.0.clone()),
            by: found.map(|(_, by)| by),
        };
        placed.push((
            match found {
                Some((old, _)) => in_place_of(document, old),
                None => document,
            },
            replaced,
        ));
    }
    Ok(placed)
}

/// The document that has the same id, path, address or title, and which of them it is.
fn replaced_by<'k>(
    document: &Document,
    change: &Change,
    known: &'k [KnownDocument],
) -> Result<Option<(&'k KnownDocument, &'static str)>, CounterfactualError> {
    let name = change.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let below = format!("/{name}");
    let same = |a: &str, b: &str| a.trim().to_lowercase() == b.trim().to_lowercase();
    let is_page = |known: &&KnownDocument| known.kind != SourceKind::Conversation;
    let by_id: Vec<&KnownDocument> = known.iter().filter(|known| known.id == document.id).collect();
    let by_path = known.iter().filter(|known| known.id.0.ends_with(&below)).collect();
    let by_url = known.iter().filter(|known| known.url.is_some() && known.url == document.url).collect();
    let by_title = known.iter().filter(is_page).filter(|known| same(&known.title, &document.title)).collect();
    for (found, by) in [(by_id, "id"), (by_path, "path"), (by_url, "address"), (by_title, "title")] {
        match found.as_slice() {
            [] => {}
            [one] => return Ok(Some((one, by))),
            several => {
                let documents = several.iter().map(|known| known.id.0.clone()).collect();
                return Err(CounterfactualError::Ambiguous { path: change.path.clone(), documents });
            }
        }
    }
    Ok(None)
}

/// The new text in the old place. What the new page does not say of itself stays as it was.
fn in_place_of(document: Document, old: &KnownDocument) -> Document {
    let dated = document.valid_from.is_some() || document.valid_to.is_some();
    Document {
        id: old.id.clone(),
        file: old.file.clone(),
        kind: old.kind,
        url: document.url.or_else(|| old.url.clone()),
        owner: document.owner.or_else(|| old.owner.clone()),
        tags: if document.tags.is_empty() { old.tags.clone() } else { document.tags },
        valid_from: if dated { document.valid_from } else { old.valid_from },
        valid_to: if dated { document.valid_to } else { old.valid_to },
        ..document
    }
}

/// Documents whose names are like this one.
fn near(name: &str, known: &[KnownDocument]) -> Vec<String> {
    let mut like: Vec<(f64, &str)> =
        known.iter().map(|known| (strsim::jaro_winkler(name, &known.id.0), known.id.0.as_str())).collect();
    like.sort_by(|a, b| b.0.total_cmp(&a.0));
    like.into_iter().filter(|(likeness, _)| *likeness > 0.8).take(3).map(|(_, id)| id.to_owned()).collect()
}
