//! The questions that many ask, put together, and an answer to each drafted by the engine itself.
//!
//! A draft holds sentences that passed the engine's check, and rests on the passages that they cite. Nothing of it is
//! said to a customer before a person approves it. Mining twice drafts nothing twice: a question that any answer of the
//! store holds already, a rejected one too, is left alone.

use super::questions::{Gathered, Origin};
use crate::db::{DbError, actions::AuditLine, desk::Desks};
use engine::{
    Asker, Engine, HandoffReason, Reply, SourceKind, StorePass, Turn,
    access::Denied,
    answer::EngineError,
    approved::{
        AnswerId, ApprovedAnswer, Limits, RestsOn, State,
        matching::{Asks, Near, likeness},
    },
    ports::{Embedder, ModelError},
    reply::Offer,
    text::words,
};
use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap, HashSet};

/// In the audit, for what no person did.
const MINING: &str = "mining";
/// Variants of a question that a draft takes along.
const VARIANTS: usize = 5;
/// Questions that are embedded together.
const BATCH: usize = 64;

/// Questions that mean the same, as far as words and vectors tell.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cluster {
    /// The one that is most like all of them.
    pub question: String,
    /// Different wordings, the most asked first.
    pub variants: Vec<String>,
    pub asked: usize,
    pub from: BTreeMap<Origin, usize>,
}

/// What became of a cluster.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Drafted {
    Saved {
        id: AnswerId,
        text: String,
    },
    /// An approved answer answers it.
    Covered {
        id: AnswerId,
    },
    /// An answer of the store holds the question, whatever its state.
    Known {
        id: AnswerId,
    },
    /// The answer is made of live facts, which code says better.
    Live,
    /// Only what an agent once said answers it: words of a conversation are not signed off.
    Conversation,
    /// The engine calls a person: the store's pages do not answer it.
    Unanswered {
        why: HandoffReason,
    },
    /// The engine asks back.
    AsksBack,
}

#[derive(Debug, thiserror::Error)]
pub enum MineError {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error("the questions cannot be embedded")]
    Model(#[from] ModelError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Denied(#[from] Denied),
}

/// Puts questions together whose vectors are near (`least` to the mean of a cluster) and that speak of the same country,
/// numbers and subject. The most asked first. The same questions always make the same clusters.
pub async fn clusters(
    gathered: &Gathered,
    embedder: &dyn Embedder,
    least: f32,
    progress: &(dyn Fn(usize, usize) + Send + Sync),
) -> Result<Vec<Cluster>, ModelError> {
    let mut wordings: BTreeMap<String, Wording> = BTreeMap::new();
    for (origin, text) in &gathered.asked {
        let wording = wordings.entry(words(text).join(" ")).or_insert_with(|| Wording::new(text));
        *wording.from.entry(*origin).or_default() += 1;
        // Of spellings of one wording the first in order stands for all.
        if *text < wording.text {
            wording.text.clone_from(text);
        }
    }
    let mut wordings: Vec<Wording> = wordings.into_values().collect();
    wordings.sort_by(|a, b| b.asked().cmp(&a.asked()).then_with(|| a.text.cmp(&b.text)));
    let mut groups: Vec<Group> = Vec::new();
    let total = wordings.len();
    let mut done = 0;
    while !wordings.is_empty() {
        let batch: Vec<Wording> = wordings.drain(..BATCH.min(wordings.len())).collect();
        let texts: Vec<String> = batch.iter().map(|w| w.text.clone()).collect();
        let vectors = embedder.embed_passages(&texts).await?;
        for (wording, vector) in batch.into_iter().zip(vectors) {
            let near = groups.iter_mut().map(|group| (group.near(&vector.values), group));
            let near =
                near.filter(|(cosine, group)| *cosine >= least && group.speaks_of_the_same(&wording.asks, *cosine));
            match near.max_by(|a, b| a.0.total_cmp(&b.0)) {
                Some((_, group)) => group.add(wording, vector.values),
                None => groups.push(Group::new(wording, vector.values)),
            }
        }
        done += texts.len();
        progress(done, total);
    }
    let mut clusters: Vec<Cluster> = groups.into_iter().map(Group::cluster).collect();
    clusters.sort_by(|a, b| b.asked.cmp(&a.asked).then_with(|| a.question.cmp(&b.question)));
    Ok(clusters)
}

struct Wording {
    text: String,
    asks: Asks,
    from: BTreeMap<Origin, usize>,
}

impl Wording {
    fn new(text: &str) -> Self {
        Self { text: text.to_owned(), asks: Asks::read(text, None), from: BTreeMap::new() }
    }

    fn asked(&self) -> usize {
        self.from.values().sum()
    }
}

struct Group {
    members: Vec<(Wording, Vec<f32>)>,
    sum: Vec<f32>,
}

impl Group {
    fn new(wording: Wording, vector: Vec<f32>) -> Self {
        Self { sum: vector.clone(), members: vec![(wording, vector)] }
    }

    fn add(&mut self, wording: Wording, vector: Vec<f32>) {
        self.sum.iter_mut().zip(&vector).for_each(|(sum, value)| *sum += value);
        self.members.push((wording, vector));
    }

    /// Cosine to the mean.
    fn near(&self, vector: &[f32]) -> f32 {
        let length = self.sum.iter().map(|v| v * v).sum::<f32>().sqrt();
        if length > 0.0 { self.sum.iter().zip(vector).map(|(a, b)| a * b).sum::<f32>() / length } else { 0.0 }
    }

    /// Vectors hardly tell "return" from "exchange" and Canada from Mexico.
    fn speaks_of_the_same(&self, asks: &Asks, cosine: f32) -> bool {
        let (first, _) = &self.members[0];
        let near = Near { variant: cosine, answer: 0.0, other: None };
        let like = likeness(asks, &first.asks, "", near);
        like.uncovered == 0.0 && like.unasked == 0.0 && like.polarity == 0.0 && like.topic < 1.0 && like.kind < 0.5
    }

    fn cluster(self) -> Cluster {
        let best = self
            .members
            .iter()
            .enumerate()
            .max_by(|(i, a), (j, b)| self.near(&a.1).total_cmp(&self.near(&b.1)).then(j.cmp(i)));
        let question = best.map(|(_, (wording, _))| wording.text.clone()).unwrap_or_default();
        let mut from: BTreeMap<Origin, usize> = BTreeMap::new();
        for (origin, n) in self.members.iter().flat_map(|(wording, _)| &wording.from) {
            *from.entry(*origin).or_default() += n;
        }
        let variants = self.members.into_iter().map(|(wording, _)| wording.text).collect();
        Cluster { question, variants, asked: from.values().sum(), from }
    }
}

/// Drafts answers. Each is kept before the next is begun, so that a kill loses none.
pub struct Drafter<'a> {
    /// Files no handoff: nobody has asked.
    pub engine: &'a Engine,
    pub desks: &'a Desks,
    pub pass: &'a StorePass,
}

impl Drafter<'_> {
    /// The questions of all answers that the store has, as their words.
    pub async fn known(&self) -> Result<HashMap<String, AnswerId>, MineError> {
        let all = self.desks.all_answers(self.pass.as_agent()?, None).await?;
        let each =
            all.into_iter().flat_map(|a| a.questions.into_iter().map(move |q| (words(&q).join(" "), a.id.clone())));
        Ok(each.collect())
    }

    pub async fn draft(&self, cluster: &Cluster, known: &HashMap<String, AnswerId>) -> Result<Drafted, MineError> {
        let wordings = std::iter::once(&cluster.question).chain(&cluster.variants);
        if let Some(id) = wordings.clone().find_map(|q| known.get(&words(q).join(" "))) {
            return Ok(Drafted::Known { id: id.clone() });
        }
        let asker = Asker::Anonymous(self.pass.clone());
        let outcome = self.engine.answer(&asker, &Turn::single("mined", &*cluster.question), &|_| {}).await?;
        if let Some(matched) = outcome.trace.approved.filter(|matched| matched.unused.is_none()) {
            return Ok(Drafted::Covered { id: matched.id });
        }
        let answer = match outcome.reply {
            Reply::Answer(answer) | Reply::Offer(Offer { answer, .. }) => answer,
            Reply::Handoff(handoff) => return Ok(Drafted::Unanswered { why: handoff.case.reason }),
            Reply::Clarify(_) | Reply::NeedsIdentity(_) => return Ok(Drafted::AsksBack),
        };
        let cited = |passage| outcome.trace.passages.iter().find(|p| &p.id == passage).map(RestsOn::of);
        let rests_on: Option<Vec<RestsOn>> = answer.citations().iter().map(|c| cited(&c.passage)).collect();
        let Some(rests_on) = rests_on else { return Ok(Drafted::Live) };
        let chats = outcome.trace.passages.iter().filter(|p| p.kind == SourceKind::Conversation);
        if chats.into_iter().any(|chat| rests_on.iter().any(|rest| rest.passage == chat.id)) {
            return Ok(Drafted::Conversation);
        }
        // What stands in braces would be read as a placeholder.
        let text = answer.text().replace(['{', '}'], "");
        let mut seen = HashSet::new();
        let questions = wordings.filter(|q| seen.insert(words(q).join(" "))).take(VARIANTS).cloned().collect();
        let draft = ApprovedAnswer {
            id: id_of(&cluster.question),
            questions,
            text: text.clone(),
            rests_on,
            state: State::Draft,
            limits: Limits::default(),
            approved_by: None,
            approved_at: None,
            version: 1,
            asked: cluster.asked,
        };
        let line = AuditLine {
            at: Timestamp::now(),
            who: MINING.into(),
            what: "drafted".into(),
            action: draft.id.0.clone(),
            detail: format!("asked {} times", cluster.asked),
        };
        let id = draft.id.clone();
        Ok(if self.desks.add_answer(self.pass.as_agent()?, &draft, &line).await? {
            Drafted::Saved { id, text }
        } else {
            Drafted::Known { id }
        })
    }
}

/// The same question always has the same id.
pub fn id_of(question: &str) -> AnswerId {
    let digest = Sha256::digest(words(question).join(" ").as_bytes());
    AnswerId(format!("ans_{}", hex::encode(&digest[..5])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::fakes::BagEmbedder;

    #[tokio::test]
    async fn questions_that_mean_the_same_are_counted_together() {
        let asked = [
            "How long do I have to return an item?",
            "how long do i have to return an item",
            "How long do I have to return the item?",
            "How long do I have to exchange an item?",
            "Do you ship to Canada?",
            "Do you ship to Mexico?",
            "Do you ship to Canada, please?",
        ];
        let gather = |texts: &[&str]| Gathered {
            asked: texts.iter().map(|text| (Origin::Conversations, (*text).to_owned())).collect(),
            ..Gathered::default()
        };
        let embedder = BagEmbedder::new("bag", 256);
        let found = clusters(&gather(&asked), &embedder, 0.6, &|_, _| {}).await.unwrap();
        let counts: Vec<(&str, usize)> = found.iter().map(|c| (c.question.as_str(), c.asked)).collect();
        assert_eq!(
            counts,
            [
                ("How long do I have to return an item?", 3),
                ("Do you ship to Canada, please?", 2),
                ("Do you ship to Mexico?", 1),
                ("How long do I have to exchange an item?", 1),
            ]
        );
        assert_eq!(found[0].from[&Origin::Conversations], 3);
        let mut shuffled = asked;
        shuffled.reverse();
        assert_eq!(clusters(&gather(&shuffled), &embedder, 0.6, &|_, _| {}).await.unwrap(), found);
        assert_eq!(id_of("Do you ship?"), id_of("do you ship"));
    }
}
