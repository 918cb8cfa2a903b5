//! How long replies took, by stage. Kept apart from the results: no two runs are alike.

use crate::line::TimeLine;
use crate::statistics::quantile;
use serde::Serialize;

/// Milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Stage {
    pub stage: &'static str,
    pub p50: f64,
    pub p95: f64,
    pub p99: f64,
}

#[derive(Clone, Debug, Serialize)]
pub struct FileLatency {
    pub pack: String,
    pub file: String,
    pub stages: Vec<Stage>,
}

/// Quantiles of each stage over the replies; of the whole, and of what the harness added. Empty without replies.
pub fn stages(times: &[TimeLine]) -> Vec<Stage> {
    type Read = fn(&TimeLine) -> f64;
    let named: [(&'static str, Read); 7] = [
        ("embed", |t| t.embed_ms),
        ("search", |t| t.search_ms),
        ("rerank", |t| t.rerank_ms),
        ("select", |t| t.select_ms),
        ("draft", |t| t.draft_ms),
        ("total", |t| t.total_ms),
        ("harness", |t| t.harness_ms),
    ];
    if times.is_empty() {
        return Vec::new();
    }
    let stage = |(stage, read): (&'static str, Read)| {
        let mut values: Vec<f64> = times.iter().map(read).collect();
        values.sort_by(f64::total_cmp);
        Stage { stage, p50: quantile(&values, 0.5), p95: quantile(&values, 0.95), p99: quantile(&values, 0.99) }
    };
    named.map(stage).to_vec()
}

pub fn table(stages: &[Stage]) -> String {
    if stages.is_empty() {
        return String::new();
    }
    let line = |s: &Stage| format!("  {:<8} {:>8.1} {:>8.1} {:>8.1}\n", s.stage, s.p50, s.p95, s.p99);
    let head = format!("  {:<8} {:>8} {:>8} {:>8}\n", "ms", "p50", "p95", "p99");
    stages.iter().map(line).fold(head, |text, line| text + &line) + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latency_is_by_quantile() {
        let line = |total_ms: f64| TimeLine {
            id: String::new(),
            embed_ms: 1.0,
            search_ms: 0.0,
            rerank_ms: 0.0,
            select_ms: 0.0,
            draft_ms: 0.0,
            total_ms,
            harness_ms: 0.0,
        };
        let found = stages(&[5.0, 1.0, 2.0, 4.0, 3.0].map(line));
        let total = found.iter().find(|stage| stage.stage == "total").unwrap();
        assert_eq!(total.p50, 3.0);
        assert!((total.p95 - 4.8).abs() < 1e-12);
        assert!(stages(&[]).is_empty() && table(&[]).is_empty());
    }
}
