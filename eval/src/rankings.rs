//! Rankings as they are made: one file for each file of queries and each system, below `rankings/` of the folder of
//! results. A run that was killed goes on behind its last whole line. What is kept is the order of the documents; scores
//! are computed from it, so that a run that was cut ends like one that was not.

use crate::pack::{CorpusDocument, Query};
use crate::ranking::score;
use crate::results::{Appended, ResultsError};
use crate::retrieval::{Ranked, SHOWN};
use engine::DocId;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::Path;

const FORMAT: u32 = 1;

/// Two files with the same header hold the same rankings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RankingHeader {
    rankings_format: u32,
    pub pack: String,
    pub file: String,
    pub variant: Option<String>,
    /// The mode or the baseline.
    pub searcher: String,
    /// Models, index, settings and version.
    pub system: String,
    /// SHA-256 over the queries and the documents that are searched.
    pub content: String,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    query: String,
    ranked: Vec<DocId>,
}

/// A file of rankings that is being written.
#[derive(Debug)]
pub struct Rankings(Appended);

impl RankingHeader {
    pub fn new(pack: &str, file: &str, variant: Option<&str>, searcher: &str, system: &str, content: &str) -> Self {
        Self {
            rankings_format: FORMAT,
            pack: pack.to_owned(),
            file: file.to_owned(),
            variant: variant.map(str::to_owned),
            searcher: searcher.to_owned(),
            system: system.to_owned(),
            content: content.to_owned(),
        }
    }
}

/// Of what is asked and what is searched.
pub fn content(queries: &[Query], corpus: &[CorpusDocument]) -> String {
    let mut hash = Sha256::new();
    let mut add = |text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    };
    for query in queries {
        add(&query.id);
        add(&query.text);
        query.relevant.iter().for_each(|one| add(&format!("{} {}", one.grade, one.doc_id)));
    }
    for document in corpus {
        [&document.id.0, &document.title, &document.text].into_iter().for_each(|text| add(text));
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Opens a file of rankings, or goes on with one. Gives those that are there already: the first of `queries`.
pub fn open(dir: &Path, header: &RankingHeader, queries: &[Query]) -> Result<(Rankings, Vec<Ranked>), ResultsError> {
    let folder = dir.join("rankings");
    fs::create_dir_all(&folder).map_err(|source| ResultsError::Io { path: folder.clone(), source })?;
    let variant = if header.variant.is_some() { ".variant" } else { "" };
    let file = header.file.trim_end_matches(".jsonl");
    let name = format!("{}.{file}{variant}.{}.jsonl", header.pack, header.searcher);
    let (mut kept, text) = Appended::open(folder.join(name))?;
    let mut there = text.lines().enumerate();
    let Some((_, first)) = there.next() else {
        kept.append(header)?;
        return Ok((Rankings(kept), Vec::new()));
    };
    if kept.parse::<RankingHeader>(1, first)? != *header {
        return Err(kept.other_run("the models, the settings or the pack"));
    }
    let mut done = Vec::new();
    for ((at, line), query) in there.zip(queries) {
        let Kept { query: id, ranked } = kept.parse(at + 1, line)?;
        if id != query.id {
            return Err(kept.other_run("the order of the queries"));
        }
        done.extend(ranking(query, ranked));
    }
    Ok((Rankings(kept), done))
}

impl Rankings {
    pub fn write(&mut self, query: &Query, ranked: &[DocId]) -> Result<(), ResultsError> {
        self.0.append(&Kept { query: query.id.clone(), ranked: ranked.to_vec() })
    }
}

/// A ranking with its scores. The loader has refused queries without a relevant document, so there is always one.
pub fn ranking(query: &Query, mut ranked: Vec<DocId>) -> Option<Ranked> {
    let scores = score(&ranked, &query.relevant)?;
    ranked.truncate(SHOWN);
    Some(Ranked { query: query.id.clone(), scores, documents: ranked })
}
