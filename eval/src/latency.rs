//! How long replies took, by stage. Kept apart from the results: no two runs are alike.

use crate::line::TimeLine;
use crate::statistics::{Quantile, quantile_interval};
use serde::Serialize;

/// Milliseconds, each with the interval of its order statistics.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Stage {
    pub stage: &'static str,
    pub n: usize,
    pub p50: Quantile,
    pub p95: Quantile,
    pub p99: Quantile,
}

#[derive(Clone, Debug, Serialize)]
pub struct FileLatency {
    pub pack: String,
    pub file: String,
    pub stages: Vec<Stage>,
    /// Prompt tokens that the generator had still in its cache, per reply that it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached_tokens: Option<f64>,
}

impl FileLatency {
    pub fn new(pack: &str, file: &str, times: &[TimeLine]) -> Self {
        let cached: Vec<usize> = times.iter().filter_map(|time| time.cached_tokens).collect();
        let mean = cached.iter().sum::<usize>() as f64 / cached.len().max(1) as f64;
        Self {
            pack: pack.to_owned(),
            file: file.to_owned(),
            stages: stages(times),
            cached_tokens: (!cached.is_empty()).then_some(mean),
        }
    }

    pub fn table(&self) -> String {
        let mut text = table(&self.stages);
        if let Some(cached) = self.cached_tokens {
            text.push_str(&format!("  {cached:.0} prompt tokens per reply were still in the cache\n\n"));
        }
        text
    }
}

/// Quantiles of each stage over the replies; of the whole, and of what the harness added. Empty without replies.
pub fn stages(times: &[TimeLine]) -> Vec<Stage> {
    type Read = fn(&TimeLine) -> f64;
    let named: [(&'static str, Read); 8] = [
        ("live", |t| t.live_ms),
        ("embed", |t| t.embed_ms),
        ("search", |t| t.search_ms),
        ("rerank", |t| t.rerank_ms),
        ("select", |t| t.select_ms),
        ("draft", |t| t.draft_ms),
        ("total", |t| t.total_ms),
        ("harness", |t| t.harness_ms),
    ];
    let stage = |(stage, read): (&'static str, Read)| {
        let mut values: Vec<f64> = times.iter().map(read).collect();
        values.sort_by(f64::total_cmp);
        let at = |q| quantile_interval(&values, q);
        Some(Stage { stage, n: values.len(), p50: at(0.5)?, p95: at(0.95)?, p99: at(0.99)? })
    };
    named.into_iter().filter_map(stage).collect()
}

/// `?` stands for an end that so few replies cannot bound.
pub fn table(stages: &[Stage]) -> String {
    if stages.is_empty() {
        return String::new();
    }
    let end = |end: Option<f64>| end.map_or_else(|| "?".to_owned(), |end| format!("{end:.1}"));
    let cell = |q: Quantile| format!("{:.1} [{}, {}]", q.value, end(q.low), end(q.high));
    let line = |s: &Stage| format!("  {:<8} {:>24} {:>24} {:>24}\n", s.stage, cell(s.p50), cell(s.p95), cell(s.p99));
    let head = format!("  {:<8} {:>24} {:>24} {:>24}\n", "ms", "p50", "p95", "p99");
    stages.iter().map(line).fold(head, |text, line| text + &line) + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latency_is_by_quantile() {
        let line = |total_ms: f64| {
            let mut line = TimeLine::new("", &engine::answer::Timings::default(), 0.0);
            (line.total_ms, line.cached_tokens) = (total_ms, Some(10));
            line
        };
        let found = FileLatency::new("p", "f", &[5.0, 1.0, 2.0, 4.0, 3.0].map(line));
        let total = found.stages.iter().find(|stage| stage.stage == "total").unwrap();
        assert_eq!((total.p50.value, total.p50.low, total.p50.high), (3.0, None, None));
        assert!((total.p95.value - 4.8).abs() < 1e-12);
        assert!(found.table().contains("3.0 [?, ?]") && found.table().contains("  10 prompt tokens per reply"));
        assert!(stages(&[]).is_empty() && table(&[]).is_empty());
    }
}
