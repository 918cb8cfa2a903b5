//! Does the index find the documents that answer a question?

use crate::pack::{CorpusDocument, Query};
use crate::progress::Progress;
use crate::ranking::{Judgement, METRICS, RankingScores};
use crate::rankings::{self, RankingHeader, ranking};
use crate::report::Metrics;
use crate::results::ResultsError;
use crate::searcher::{SearchError, Searcher};
use crate::statistics::{Bootstrap, Estimate};
use engine::{DocId, SourceKind};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::{BTreeSet, HashSet};
use std::path::Path;

/// How many documents of a ranking are looked at; what stands below it is not found.
pub const DEPTH: usize = 100;
/// How many documents of a ranking are written to the results.
pub(crate) const SHOWN: usize = 10;

/// What one searcher made of one query.
#[derive(Clone, Debug)]
pub struct Ranked {
    pub query: String,
    pub scores: RankingScores,
    /// The first ten.
    pub documents: Vec<DocId>,
}

/// Classified by where to look.
#[derive(Debug, thiserror::Error)]
pub enum RankError {
    #[error(transparent)]
    Search(#[from] SearchError),
    #[error(transparent)]
    Results(#[from] ResultsError),
}

/// A line of the results file.
#[derive(Debug, Serialize)]
pub struct RankedLine<'a> {
    pub pack: &'a str,
    pub file: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<&'a str>,
    pub system: &'a str,
    pub id: &'a str,
    pub scores: serde_json::Map<String, serde_json::Value>,
    pub ranked: Vec<&'a DocId>,
}

impl Ranked {
    pub fn line<'a>(
        &'a self,
        pack: &'a str,
        file: &'a str,
        variant: Option<&'a str>,
        system: &'a str,
    ) -> RankedLine<'a> {
        let scores =
            METRICS.iter().zip(self.scores.values()).map(|(name, value)| ((*name).into(), value.into())).collect();
        let ranked = self.documents.iter().collect();
        RankedLine { pack, file, variant, system, id: &self.query, scores, ranked }
    }
}

/// Asks `searcher` every query. The results stand in the order of the queries. With a header they are kept in its
/// folder, and what is there already is not asked again.
pub async fn rank_all(
    searcher: &dyn Searcher,
    queries: &[Query],
    kept: Option<(&Path, &RankingHeader)>,
    progress: &dyn Progress,
) -> Result<Vec<Ranked>, RankError> {
    let (mut file, mut results) = match kept {
        Some((dir, header)) => rankings::open(dir, header, queries).map(|(file, done)| (Some(file), done))?,
        None => (None, Vec::with_capacity(queries.len())),
    };
    progress.begin(searcher.name(), queries.len());
    results.iter().for_each(|_| progress.step());
    for query in queries.iter().skip(results.len()) {
        let documents = searcher.rank(&query.text, DEPTH).await?;
        let ids: Vec<DocId> = documents.into_iter().map(|(doc, _)| doc).collect();
        if let Some(file) = &mut file {
            file.write(query, &ids)?;
        }
        results.extend(ranking(query, ids));
        progress.step();
    }
    progress.end();
    Ok(results)
}

/// Means over all queries. `clusters` as in [`Bootstrap::mean`].
pub fn summarize(results: &[Ranked], clusters: Option<&[String]>, bootstrap: Bootstrap) -> Metrics {
    let columns = METRICS.iter().enumerate().filter_map(|(column, name)| {
        let values: Vec<f64> = results.iter().map(|result| result.scores.values()[column]).collect();
        Some(((*name).to_owned(), bootstrap.mean(&values, clusters)?))
    });
    Metrics(columns.collect())
}

/// How much higher the nDCG@10 of `ours` is than that of `theirs` on the same queries, query by query.
pub fn gain(ours: &[Ranked], theirs: &[Ranked], clusters: Option<&[String]>, bootstrap: Bootstrap) -> Option<Estimate> {
    let differences: Vec<f64> =
        ours.iter().zip(theirs).map(|(our, their)| our.scores.ndcg_10 - their.scores.ndcg_10).collect();
    bootstrap.mean(&differences, clusters)
}

/// The group of each query by a field of its record; `None` where a record lacks it.
pub fn clusters(queries: &[Query], field: &str) -> Option<Vec<String>> {
    queries.iter().map(|query| query.rest.get(field)?.as_str().map(str::to_owned)).collect()
}

/// The harder variant of a file whose questions were cut from the corpus: the questions that other documents answer
/// too (`alt_docs`), and the documents to remove first because one of these questions stands in them word for word.
pub fn without_verbatim(queries: &[Query], corpus: &[CorpusDocument]) -> (Vec<Query>, BTreeSet<DocId>) {
    let mut kept: Vec<Query> = queries.iter().filter(|query| !query.alt_docs.is_empty()).cloned().collect();
    let asked: Vec<String> = kept.iter().map(|query| plain(query.question.as_deref().unwrap_or(&query.text))).collect();
    let removed: BTreeSet<DocId> = corpus
        .iter()
        .filter(|document| {
            let text = plain(&document.text);
            asked.iter().any(|question| text.contains(question.as_str()))
        })
        .map(|document| document.id.clone())
        .collect();
    for query in &mut kept {
        let left = query.alt_docs.iter().filter(|doc| !removed.contains(doc));
        query.relevant = left.map(|doc| Judgement { doc_id: doc.clone(), grade: 1 }).collect();
    }
    kept.retain(|query| !query.relevant.is_empty());
    (kept, removed)
}

/// The documents of kinds that no query of the file is answered by: a file about products is measured among products.
pub fn other_kinds(queries: &[Query], corpus: &[CorpusDocument]) -> BTreeSet<DocId> {
    let answering: HashSet<&DocId> =
        queries.iter().flat_map(|query| &query.relevant).filter(|j| j.grade > 0).map(|j| &j.doc_id).collect();
    let kinds: HashSet<SourceKind> =
        corpus.iter().filter(|document| answering.contains(&document.id)).map(|document| document.kind).collect();
    corpus.iter().filter(|document| !kinds.contains(&document.kind)).map(|document| document.id.clone()).collect()
}

fn plain(text: &str) -> String {
    text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// At most `limit` of `items`, chosen by the seed and left in their order.
pub fn sample<T>(items: Vec<T>, limit: Option<usize>, seed: u64, id: impl Fn(&T) -> &str) -> Vec<T> {
    let Some(limit) = limit.filter(|limit| *limit < items.len()) else {
        return items;
    };
    let mut order: Vec<(Vec<u8>, usize)> = items
        .iter()
        .enumerate()
        .map(|(at, item)| {
            (Sha256::new().chain_update(seed.to_le_bytes()).chain_update(id(item)).finalize().to_vec(), at)
        })
        .collect();
    order.sort();
    let chosen: BTreeSet<usize> = order.into_iter().take(limit).map(|(_, at)| at).collect();
    items.into_iter().enumerate().filter(|(at, _)| chosen.contains(at)).map(|(_, item)| item).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::Bm25;
    use crate::progress::Silent;

    fn corpus() -> Vec<CorpusDocument> {
        [
            ("faq", "Can I  return shoes?\nYes, for 30 days."),
            ("policy", "Shoes: return for 30 days."),
            ("gift", "Gift cards"),
        ]
        .map(|(id, text)| {
            let kind = if id == "gift" { SourceKind::Product } else { SourceKind::Policy };
            CorpusDocument { id: DocId(id.into()), kind, title: String::new(), text: text.into() }
        })
        .to_vec()
    }

    fn queries() -> Vec<Query> {
        [
            r#"{"id":"1","text":"can i return shoes? (FAQ)","question":"Can I return shoes?","user":"u1",
                "relevant":[{"doc_id":"faq","grade":2},{"doc_id":"policy","grade":1}],"alt_docs":["policy"]}"#,
            r#"{"id":"2","text":"gift","relevant":[{"doc_id":"gift","grade":1}],"user":"u2"}"#,
        ]
        .map(|line| serde_json::from_str(line).unwrap())
        .to_vec()
    }

    #[tokio::test]
    async fn a_run_scores_in_order_and_says_the_same_twice() {
        let index = Bm25::new(&corpus());
        let bootstrap = Bootstrap { resamples: 200, seed: 3 };
        let results = rank_all(&index, &queries(), None, &Silent).await.unwrap();
        assert_eq!(results.iter().map(|r| r.query.as_str()).collect::<Vec<_>>(), ["1", "2"]);
        let summary = summarize(&results, None, bootstrap);
        assert_eq!(summary, summarize(&rank_all(&index, &queries(), None, &Silent).await.unwrap(), None, bootstrap));
        assert_eq!(summary.0.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), METRICS);
        assert_eq!(gain(&results, &results, None, bootstrap).unwrap().value, 0.0);
        let line = serde_json::to_string(&results[1].line("p", "f", None, "bm25")).unwrap();
        assert_eq!(
            line,
            r#"{"pack":"p","file":"f","system":"bm25","id":"2","scores":{"ndcg@10":1.0,"recall@5":1.0,"recall@10":1.0,"mrr":1.0,"hit@1":1.0,"hit@5":1.0},"ranked":["gift"]}"#
        );
    }

    #[test]
    fn the_documents_that_hold_the_question_go() {
        let (kept, removed) = without_verbatim(&queries(), &corpus());
        assert_eq!(removed.into_iter().map(|doc| doc.0).collect::<Vec<_>>(), ["faq"]);
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0].relevant, [Judgement { doc_id: DocId("policy".into()), grade: 1 }]);
    }

    #[test]
    fn a_file_is_measured_among_the_kinds_that_answer_it() {
        let ids = |queries: &[Query]| other_kinds(queries, &corpus()).into_iter().map(|doc| doc.0).collect::<Vec<_>>();
        assert_eq!(ids(&queries()[..1]), ["gift"]);
        assert_eq!(ids(&queries()[1..]), ["faq", "policy"]);
        assert!(ids(&queries()).is_empty());
    }

    #[test]
    fn clusters_need_the_field_everywhere() {
        assert_eq!(clusters(&queries(), "user"), Some(vec!["u1".into(), "u2".into()]));
        assert_eq!(clusters(&queries(), "question"), None);
    }

    #[test]
    fn samples_repeat_and_keep_the_order() {
        let items: Vec<String> = (0..50).map(|i| format!("{i:02}")).collect();
        let take = |seed| sample(items.clone(), Some(10), seed, |item| item.as_str());
        assert_eq!(take(1).len(), 10);
        assert_eq!(take(1), take(1));
        assert_ne!(take(1), take(2));
        assert!(take(1).is_sorted());
        assert_eq!(sample(items.clone(), None, 1, |item| item.as_str()), items);
    }
}
