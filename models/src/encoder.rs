//! Tokenizer and BERT together, on a pool of threads of their own.

use crate::{
    bert::{Bert, BertError, Tensors, TokenVectors},
    catalog::{Architecture, Entry, TextRules},
    tokenizer::{TextTokenizer, TokenizerError, Tokens},
    weights::PulledModel,
};
use rayon::prelude::*;
use std::path::Path;

/// How an encoder shares the machine. Embedder and cross-encoder have one each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncoderConfig {
    /// Threads that compute.
    pub threads: usize,
    /// Jobs that wait before the next one is refused.
    pub queue: usize,
    /// Tokens that a thread takes at once. A question waits for one such batch at most.
    pub batch_tokens: usize,
}

impl EncoderConfig {
    /// A queue of 64 jobs, and batches that stay within the second-level cache.
    pub fn standard(threads: usize) -> Self {
        Self { threads, queue: 64, batch_tokens: 256 }
    }
}

/// Why a model could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("{model} is a {architecture:?}, which this version does not load as {wanted}")]
    Architecture { model: String, architecture: Architecture, wanted: &'static str },
    #[error("{model} lacks {what} in the catalogue")]
    Incomplete { model: String, what: &'static str },
    #[error(transparent)]
    Weights(#[from] BertError),
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    #[error("{model}: the tokenizer has {tokenizer} ids, the weights only {weights}")]
    Vocabulary { model: String, tokenizer: usize, weights: usize },
    #[error("the threads of {model} could not be started: {reason}")]
    Threads { model: String, reason: String },
}

pub(crate) struct Encoder {
    pub(crate) tokenizer: TextTokenizer,
    pub(crate) bert: Bert,
    pub(crate) rules: TextRules,
    pub(crate) config: EncoderConfig,
    pool: rayon::ThreadPool,
}

impl Encoder {
    pub(crate) fn load(
        entry: &Entry,
        files: &PulledModel,
        config: EncoderConfig,
        wanted: &'static str,
    ) -> Result<(Self, Tensors), LoadError> {
        let model = || entry.name.clone();
        if !matches!(entry.architecture, Architecture::Bert | Architecture::XlmRoberta) {
            return Err(LoadError::Architecture { model: model(), architecture: entry.architecture, wanted });
        }
        let incomplete = |what| LoadError::Incomplete { model: model(), what };
        let shape = entry.bert.as_ref().ok_or_else(|| incomplete("its sizes (`bert`)"))?;
        let rules = entry.text.clone().ok_or_else(|| incomplete("its rules for texts (`text`)"))?;
        let tokenizer: &Path = files.file("tokenizer.json").ok_or_else(|| incomplete("the file tokenizer.json"))?;
        let tokenizer = TextTokenizer::load(tokenizer, rules.max_tokens)?;
        if tokenizer.vocabulary() > shape.vocab {
            return Err(LoadError::Vocabulary {
                model: model(),
                tokenizer: tokenizer.vocabulary(),
                weights: shape.vocab,
            });
        }
        let tensors = Tensors::open(files.weights())?;
        let bert = Bert::load(&tensors, shape)?;
        let name = entry.name.clone();
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(config.threads.max(1))
            .thread_name(move |index| format!("{name}-{index}"))
            .build()
            .map_err(|error| LoadError::Threads { model: model(), reason: error.to_string() })?;
        Ok((Self { tokenizer, bert, rules, config, pool }, tensors))
    }

    /// Runs the texts and takes from each what is wanted of its token vectors, in the order given.
    /// `take` is given a batch, the place in it and the text that stands there.
    pub(crate) fn run<T: Send>(
        &self,
        texts: &[Tokens],
        take: impl Fn(&TokenVectors, usize, &Tokens) -> T + Sync,
    ) -> Vec<T> {
        let threads = self.config.threads.max(1);
        let groups = groups(texts, self.config.batch_tokens, threads);
        // A lone text has no neighbour for the other threads: they share its products instead.
        let each = if groups.len() == 1 { threads } else { 1 };
        let run = |group: &Vec<usize>| {
            let tokens: Vec<&Tokens> = group.iter().map(|&index| &texts[index]).collect();
            let vectors = self.bert.forward(&tokens, each);
            tokens.iter().enumerate().map(|(index, text)| take(&vectors, index, text)).collect::<Vec<T>>()
        };
        let taken: Vec<Vec<T>> = self.pool.install(|| groups.par_iter().with_max_len(1).map(run).collect());
        let mut ordered: Vec<(usize, T)> = groups.into_iter().flatten().zip(taken.into_iter().flatten()).collect();
        ordered.sort_unstable_by_key(|(index, _)| *index);
        ordered.into_iter().map(|(_, value)| value).collect()
    }
}

/// Indices of the texts in groups of about equal work: the longest text first, always to the lightest group.
fn groups(texts: &[Tokens], batch_tokens: usize, threads: usize) -> Vec<Vec<usize>> {
    let total: usize = texts.iter().map(Tokens::len).sum();
    let rounds = total.div_ceil((batch_tokens * threads).max(1)).max(1);
    let count = (rounds * threads).min(texts.len());
    let mut groups = vec![(0, Vec::new()); count];
    let mut order: Vec<usize> = (0..texts.len()).collect();
    order.sort_by_key(|&index| std::cmp::Reverse(texts[index].len()));
    for index in order {
        if let Some(lightest) = groups.iter_mut().min_by_key(|(tokens, _)| *tokens) {
            lightest.0 += texts[index].len();
            lightest.1.push(index);
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_hold_every_text_once_and_share_the_work() {
        let check = |lengths: &[usize], batch: usize, threads: usize, expect: usize| {
            let texts: Vec<Tokens> = lengths
                .iter()
                .map(|&n| Tokens { ids: vec![0; n], types: vec![0; n], special: vec![false; n] })
                .collect();
            let groups = groups(&texts, batch, threads);
            assert_eq!(groups.len(), expect, "{lengths:?}");
            let mut all: Vec<usize> = groups.concat();
            all.sort_unstable();
            assert_eq!(all, (0..lengths.len()).collect::<Vec<_>>());
            let work = |group: &Vec<usize>| group.iter().map(|&i| lengths[i]).sum::<usize>();
            let (most, least) = (groups.iter().map(work).max(), groups.iter().map(work).min());
            assert!(most.unwrap_or(0) - least.unwrap_or(0) <= lengths.iter().copied().max().unwrap_or(0));
        };
        check(&[], 100, 2, 0);
        check(&[7], 100, 2, 1);
        check(&[7, 9], 100, 2, 2);
        check(&[50, 40, 30, 20, 10, 60, 90], 100, 2, 4);
        check(&[10; 20], 100, 1, 2);
    }
}
