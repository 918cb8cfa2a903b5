//! The difference between the sources and the index.

use super::{Scope, SyncOptions};
use crate::{
    chunk,
    document::{Document, Origin},
    index::point::{PointSummary, Prepared},
    source::Failure,
};
use engine::{
    evidence::{DocId, SourceKind},
    store::compare::PageText,
};
use std::collections::{BTreeMap, HashMap, HashSet};
use uuid::Uuid;

/// What a sync is going to do.
#[derive(Debug, Default)]
pub struct Plan {
    /// Documents of which the index holds nothing that is complete.
    pub new: usize,
    /// Documents of which it holds another version.
    pub changed: usize,
    pub unchanged: usize,
    /// Documents that stay although their source was not read.
    pub kept: usize,
    /// Documents that a rebuild would lose because their source could not be read.
    pub forgotten: usize,
    /// Documents in the index before the sync, of those that it speaks for.
    pub known: usize,
    pub removed: Vec<DocId>,
    pub failed: Vec<Failure>,
    /// Chunks of the new and the changed documents.
    pub chunks: usize,
    /// The policies and pages that were read.
    pub(super) pages: Vec<PageText>,
    pub(super) pending: Vec<Pending>,
    /// Points that no document needs: those of removed documents, and what killed runs left.
    pub(super) obsolete: Vec<Uuid>,
    /// A point with the vector of each embedded text, by the hash of the text.
    pub(super) embedded: HashMap<String, Uuid>,
}

/// A document to be stored.
#[derive(Debug)]
pub(super) struct Pending {
    pub prepared: Prepared,
    /// The points of its other versions, to be removed when it is stored.
    pub replaces: Vec<Uuid>,
    pub is_new: bool,
}

pub(super) struct Planner<'o> {
    options: &'o SyncOptions,
    /// The sources of the documents that searches see, where that is another thing than what is written to.
    published: BTreeMap<DocId, String>,
    /// Documents of the published ones that the sync does not speak for, with their versions.
    elsewhere: HashSet<(DocId, String)>,
    known: BTreeMap<DocId, Known>,
    seen: HashSet<DocId>,
    plan: Plan,
}

/// What the index holds of a document.
#[derive(Default)]
struct Known {
    source: String,
    /// Its points by version.
    versions: HashMap<String, Version>,
    /// Versions that the sync does not speak for.
    others: HashMap<String, Version>,
}

#[derive(Default)]
struct Version {
    chunks: usize,
    stored: HashSet<usize>,
    points: Vec<Uuid>,
}

impl Version {
    fn is_complete(&self) -> bool {
        self.stored.len() == self.chunks && self.points.len() == self.chunks
    }
}

impl<'o> Planner<'o> {
    /// `published` is empty unless it is another thing than `contents`.
    pub fn new(contents: Vec<PointSummary>, published: Vec<PointSummary>, options: &'o SyncOptions) -> Self {
        let mut known: BTreeMap<DocId, Known> = BTreeMap::new();
        let mut plan = Plan::default();
        for PointSummary { id, key } in contents {
            let Some(key) = key else {
                plan.obsolete.push(id);
                continue;
            };
            plan.embedded.insert(key.chunk_hash, id);
            let covered = options.scope.covers(&key.doc, &key.source);
            let document = known.entry(key.doc).or_default();
            let versions = if covered {
                document.source = key.source;
                &mut document.versions
            } else {
                &mut document.others
            };
            let version = versions.entry(key.hash).or_default();
            version.chunks = key.chunks;
            version.stored.insert(key.chunk);
            version.points.push(id);
        }
        let keys = published.into_iter().filter_map(|point| point.key);
        let (covered, elsewhere): (Vec<_>, Vec<_>) = keys.partition(|key| options.scope.covers(&key.doc, &key.source));
        let published: BTreeMap<DocId, String> = covered.into_iter().map(|key| (key.doc, key.source)).collect();
        plan.known = known.values().filter(|known| !known.versions.is_empty()).count().max(published.len());
        let elsewhere = elsewhere.into_iter().map(|key| (key.doc, key.hash)).collect();
        Self { options, published, elsewhere, known, seen: HashSet::new(), plan }
    }

    /// How many documents searches see that the sync does not speak for, where what they see is another thing than
    /// what is written to.
    pub fn published_elsewhere(&self) -> usize {
        self.elsewhere.iter().map(|(doc, _)| doc).collect::<HashSet<_>>().len()
    }

    pub fn take(&mut self, item: Result<Document, Failure>) {
        let document = match item {
            Ok(document) => document,
            Err(failure) => return self.plan.failed.push(failure),
        };
        if !self.seen.insert(document.id.clone()) {
            let reason =
                format!("the id '{}' was already read from another source: rename one of the two", document.id);
            let path = document.file.clone().into();
            return self.plan.failed.push(Failure { path, file: document.file, line: None, reason });
        }
        if document.kind == SourceKind::Policy {
            self.plan.pages.push(document.page_text());
        }
        let chunks = chunk::chunks(&document, &self.options.chunks);
        let chunks = chunks.into_iter().map(|chunk| {
            let embedded = chunk::embedding_text(&document, &chunk);
            (chunk, embedded)
        });
        let chunks = chunks.collect();
        self.compare(Prepared::new(document, chunks));
    }

    fn compare(&mut self, prepared: Prepared) {
        let mut known = self.known.remove(&prepared.document.id).unwrap_or_default();
        let others = std::mem::take(&mut known.others);
        if self.options.scope == Scope::Origin(Origin::Files) && others.values().any(Version::is_complete) {
            let reason = format!(
                "the id '{}' is held by a document from Shopify, which is kept: leave this one out of the folder",
                prepared.document.id
            );
            let file = prepared.document.file;
            self.plan.failed.push(Failure { path: file.clone().into(), file, line: None, reason });
            self.plan.obsolete.extend(known.versions.into_values().flat_map(|version| version.points));
            return self.keep_one(&prepared.document.id, others);
        }
        known.versions.extend(others);
        let is_new = !known.versions.values().any(Version::is_complete);
        let same = known.versions.remove(&prepared.hash);
        let others: Vec<Uuid> = known.versions.into_values().flat_map(|version| version.points).collect();
        match same {
            // An empty document has no chunks and is therefore never stored: known only as a former version.
            Some(version) if version.is_complete() => {
                self.plan.unchanged += 1;
                self.plan.obsolete.extend(others);
            }
            None if prepared.chunks.is_empty() && others.is_empty() => self.plan.unchanged += 1,
            _ => {
                if is_new {
                    self.plan.new += 1;
                } else {
                    self.plan.changed += 1;
                }
                self.plan.chunks += prepared.chunks.len();
                self.plan.pending.push(Pending { prepared, replaces: others, is_new });
            }
        }
    }

    pub fn finish(mut self) -> Plan {
        let unread: Vec<String> = self.plan.failed.iter().map(|failure| failure.file.clone()).collect();
        let is_unread = |source: &str| {
            unread.iter().any(|file: &String| {
                file.is_empty()
                    || source == file.as_str()
                    || source.strip_prefix(file.as_str()).is_some_and(|rest| rest.starts_with('/'))
            })
        };
        let mut unseen: BTreeMap<DocId, (String, Option<Vec<Uuid>>)> = BTreeMap::new();
        for (id, known) in std::mem::take(&mut self.known) {
            self.keep_one(&id, known.others);
            if !known.versions.is_empty() {
                let points = known.versions.into_values().flat_map(|version| version.points).collect();
                unseen.insert(id, (known.source, Some(points)));
            }
        }
        for (id, source) in std::mem::take(&mut self.published) {
            if !self.seen.contains(&id) {
                unseen.entry(id).or_insert((source, None));
            }
        }
        for (id, (source, points)) in unseen {
            match points {
                Some(_) if is_unread(&source) => self.plan.kept += 1,
                None if is_unread(&source) => self.plan.forgotten += 1,
                points => {
                    self.plan.removed.push(id);
                    self.plan.obsolete.extend(points.unwrap_or_default());
                }
            }
        }
        self.plan
    }

    /// Of a document that the sync does not speak for, one whole version stays: the newer one, if a killed sync left
    /// two. Parts of a version go; the sync that they belong to stores them again.
    fn keep_one(&mut self, id: &DocId, versions: HashMap<String, Version>) {
        let mut versions: Vec<(String, Version)> = versions.into_iter().collect();
        let is_old = |hash: &String| self.elsewhere.contains(&(id.clone(), hash.clone()));
        versions.sort_by_cached_key(|(hash, version)| (!version.is_complete(), is_old(hash), hash.clone()));
        for (at, (_, version)) in versions.into_iter().enumerate() {
            if at > 0 || !version.is_complete() {
                self.plan.obsolete.extend(version.points);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{document::Block, index::point::PointKey};

    fn document(id: &str, text: &str) -> Document {
        Document {
            id: DocId(id.into()),
            kind: SourceKind::Policy,
            title: id.into(),
            url: None,
            owner: None,
            tags: vec![],
            valid_from: None,
            valid_to: None,
            file: format!("pages/{id}.md"),
            blocks: vec![Block::Paragraph(text.into())],
        }
    }

    /// The points that storing the documents leaves.
    fn contents(documents: &[Document]) -> Vec<PointSummary> {
        let options = SyncOptions::default();
        let mut planner = Planner::new(vec![], vec![], &options);
        documents.iter().for_each(|document| planner.take(Ok(document.clone())));
        let model = engine::ports::ModelId("m@1".into());
        let point = |pending: &Pending, at| {
            let fields = serde_json::to_value(pending.prepared.fields(at)).unwrap();
            let key: PointKey = serde_json::from_value(fields).unwrap();
            PointSummary { id: pending.prepared.point_id(&model, at), key: Some(key) }
        };
        let points =
            |pending: &Pending| (0..pending.prepared.chunks.len()).map(|at| point(pending, at)).collect::<Vec<_>>();
        planner.finish().pending.iter().flat_map(points).collect()
    }

    fn failure(file: &str) -> Failure {
        Failure { path: file.into(), file: file.into(), line: None, reason: "broken".into() }
    }

    fn plan(contents: Vec<PointSummary>, items: Vec<Result<Document, Failure>>) -> Plan {
        scoped(SyncOptions::default().scope, contents, vec![], items)
    }

    fn scoped(
        scope: Scope,
        contents: Vec<PointSummary>,
        published: Vec<PointSummary>,
        items: Vec<Result<Document, Failure>>,
    ) -> Plan {
        let options = SyncOptions { scope, ..SyncOptions::default() };
        let mut planner = Planner::new(contents, published, &options);
        items.into_iter().for_each(|item| planner.take(item));
        planner.finish()
    }

    #[test]
    fn the_difference() {
        let stored =
            contents(&[document("same", "a"), document("edited", "b"), document("gone", "c"), document("broken", "d")]);
        let plan = plan(
            stored,
            vec![
                Ok(document("same", "a")),
                Ok(document("edited", "B")),
                Ok(document("fresh", "e")),
                Err(failure("pages/broken.md")),
            ],
        );
        assert_eq!((plan.new, plan.changed, plan.unchanged, plan.kept, plan.known), (1, 1, 1, 1, 4));
        assert_eq!(plan.removed, [DocId("gone".into())]);
        assert_eq!((plan.pending.len(), plan.obsolete.len()), (2, 1));
        assert_eq!(plan.pending.iter().map(|pending| pending.replaces.len()).sum::<usize>(), 1);
    }

    #[test]
    fn a_rebuild_knows_what_it_would_lose() {
        let published = contents(&[document("a", "x"), document("b", "y"), document("c", "z")]);
        let options = SyncOptions::default();
        let mut planner = Planner::new(vec![], published, &options);
        planner.take(Ok(document("a", "x")));
        planner.take(Err(failure("pages/b.md")));
        let plan = planner.finish();
        assert_eq!((plan.new, plan.forgotten, plan.known), (1, 1, 3));
        assert_eq!(plan.removed, [DocId("c".into())]);
    }

    #[test]
    fn a_folder_that_cannot_be_read_keeps_what_is_below_it() {
        for (file, kept) in [("pages", 1), ("page", 0), ("", 1), ("pages/a", 0)] {
            let plan = plan(contents(&[document("a", "x")]), vec![Err(failure(file))]);
            assert_eq!(plan.kept, kept, "{file:?}");
        }
    }

    #[test]
    fn half_a_document_is_stored_again_and_strays_go() {
        let long = "A sentence that says something. ".repeat(200);
        let mut stored = contents(&[document("long", &long)]);
        assert!(stored.len() > 1, "the test needs a document of several chunks");
        stored.pop();
        stored.push(PointSummary { id: Uuid::nil(), key: None });
        let plan = plan(stored, vec![Ok(document("long", &long))]);
        assert_eq!((plan.new, plan.changed, plan.unchanged), (1, 0, 0));
        assert_eq!(plan.obsolete, [Uuid::nil()]);
        assert!(plan.pending[0].replaces.is_empty(), "its own points are written over, not removed");
    }

    #[test]
    fn one_id_from_two_sources_is_reported() {
        let plan = plan(vec![], vec![Ok(document("a", "x")), Ok(document("a", "y"))]);
        assert_eq!((plan.new, plan.failed.len()), (1, 1));
        assert!(plan.failed[0].reason.contains("'a'"));
    }

    fn from_shopify(id: &str, text: &str) -> Document {
        Document { file: format!("shopify://products/{id}"), ..document(id, text) }
    }

    #[test]
    fn each_origin_speaks_for_its_own() {
        let stored = || contents(&[document("page", "a"), document("both", "b"), from_shopify("product", "c")]);
        let files = scoped(Scope::Origin(Origin::Files), stored(), vec![], vec![Ok(document("page", "a"))]);
        assert_eq!((files.unchanged, files.known, files.obsolete.len()), (1, 2, 1));
        assert_eq!(files.removed, [DocId("both".into())]);
        let shopify = vec![Ok(from_shopify("both", "B"))];
        let shopify = scoped(Scope::Origin(Origin::Shopify), stored(), vec![], shopify);
        assert_eq!((shopify.changed, shopify.known), (1, 1), "Shopify takes the id over");
        assert_eq!(shopify.removed, [DocId("product".into())]);
        let kept = scoped(Scope::Origin(Origin::Files), stored(), vec![], vec![Ok(document("product", "mine"))]);
        assert_eq!((kept.failed.len(), kept.new), (1, 0), "and does not give it back");
        assert!(kept.failed[0].reason.contains("Shopify"));
        let some = Scope::Documents([DocId("page".into()), DocId("gone".into())].into());
        let some = scoped(some, stored(), vec![], vec![]);
        assert_eq!((some.removed, some.known, some.obsolete.len()), (vec![DocId("page".into())], 1, 1));
    }

    #[test]
    fn of_a_document_elsewhere_one_whole_version_stays() {
        let long = |word: &str| from_shopify("product", &format!("A {word} that says something. ").repeat(200));
        let (old, new) = (contents(&[long("line")]), contents(&[long("word")]));
        assert!(old.len() > 2 && new.len() > 2);
        let scope = || Scope::Origin(Origin::Files);
        let ids = |points: &[PointSummary]| {
            let mut ids: Vec<Uuid> = points.iter().map(|point| point.id).collect();
            ids.sort();
            ids
        };
        let both = || old.iter().chain(&new).cloned().collect::<Vec<_>>();
        // A killed sync had stored the new version and not yet removed the old one.
        let mut plan = scoped(scope(), both(), old.clone(), vec![]);
        plan.obsolete.sort();
        assert_eq!((plan.obsolete, plan.removed.len()), (ids(&old), 0));
        // It had stored a part of the new version.
        let mut contents = both();
        let lost = contents.pop().unwrap();
        let mut plan = scoped(scope(), contents, old.clone(), vec![]);
        plan.obsolete.sort();
        let part: Vec<Uuid> = ids(&new).into_iter().filter(|id| *id != lost.id).collect();
        assert_eq!(plan.obsolete, part);
    }
}
