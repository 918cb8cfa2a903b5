//! The difference between the sources and the index.

use crate::{
    chunk::{self, ChunkConfig},
    document::Document,
    index::point::{PointSummary, Prepared},
    source::Failure,
};
use engine::evidence::DocId;
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
    /// Documents in the index before the sync.
    pub known: usize,
    pub removed: Vec<DocId>,
    pub failed: Vec<Failure>,
    /// Chunks of the new and the changed documents.
    pub chunks: usize,
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

pub(super) struct Planner<'c> {
    config: &'c ChunkConfig,
    /// The sources of the documents that searches see, where that is another thing than what is written to.
    published: BTreeMap<DocId, String>,
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

impl<'c> Planner<'c> {
    /// `published` is empty unless it is another thing than `contents`.
    pub fn new(contents: Vec<PointSummary>, published: Vec<PointSummary>, config: &'c ChunkConfig) -> Self {
        let mut known: BTreeMap<DocId, Known> = BTreeMap::new();
        let mut plan = Plan::default();
        for PointSummary { id, key } in contents {
            let Some(key) = key else {
                plan.obsolete.push(id);
                continue;
            };
            plan.embedded.insert(key.chunk_hash, id);
            let document = known.entry(key.doc).or_default();
            document.source = key.source;
            let version = document.versions.entry(key.hash).or_default();
            version.chunks = key.chunks;
            version.stored.insert(key.chunk);
            version.points.push(id);
        }
        let keys = published.into_iter().filter_map(|point| point.key);
        let published: BTreeMap<DocId, String> = keys.map(|key| (key.doc, key.source)).collect();
        plan.known = known.len().max(published.len());
        Self { config, published, known, seen: HashSet::new(), plan }
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
        let chunks = chunk::chunks(&document, self.config);
        let chunks = chunks.into_iter().map(|chunk| {
            let embedded = chunk::embedding_text(&document, &chunk);
            (chunk, embedded)
        });
        let chunks = chunks.collect();
        self.compare(Prepared::new(document, chunks));
    }

    fn compare(&mut self, prepared: Prepared) {
        let mut known = self.known.remove(&prepared.document.id).unwrap_or_default();
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
        for (id, known) in self.known {
            let points = known.versions.into_values().flat_map(|version| version.points).collect();
            unseen.insert(id, (known.source, Some(points)));
        }
        for (id, source) in self.published {
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{document::Block, index::point::PointKey};
    use engine::evidence::SourceKind;

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
        let config = ChunkConfig::default();
        let mut planner = Planner::new(vec![], vec![], &config);
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
        let config = ChunkConfig::default();
        let mut planner = Planner::new(contents, vec![], &config);
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
        let config = ChunkConfig::default();
        let mut planner = Planner::new(vec![], published, &config);
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
}
