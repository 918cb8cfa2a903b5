//! What a type cannot say about a setting.

use super::Config;

/// The key that is wrong and what to do about it.
type Problem = (&'static str, String);

pub(super) fn check(config: &Config) -> Result<(), Problem> {
    let at_least_one = [
        ("http.request_timeout_ms", config.http.request_timeout_ms),
        ("http.keep_alive_ms", config.http.keep_alive_ms),
        ("models.queue", config.models.queue as u64),
        ("index.depth", config.index.depth as u64),
        ("engine.candidates", config.engine.candidates as u64),
        ("engine.passages", config.engine.passages as u64),
        ("engine.evidence_sentences", config.engine.evidence_sentences as u64),
        ("engine.max_tokens", config.engine.max_tokens as u64),
        ("limits.question_chars", config.limits.question_chars as u64),
        ("limits.body_bytes", config.limits.body_bytes as u64),
        ("limits.concurrent", config.limits.concurrent as u64),
        ("limits.retry_after_s", config.limits.retry_after_s),
        ("identity.claims_per_conversation", config.identity.claims_per_conversation.into()),
        ("identity.claims_per_address", config.identity.claims_per_address.into()),
        ("identity.claims_per_store", config.identity.claims_per_store.into()),
        ("identity.codes_per_conversation", config.identity.codes_per_conversation.into()),
        ("identity.codes_per_address", config.identity.codes_per_address.into()),
        ("identity.codes_per_store", config.identity.codes_per_store.into()),
        ("identity.proxied_per_store", config.identity.proxied_per_store.into()),
    ];
    for (key, value) in at_least_one {
        if value == 0 {
            return Err((key, "must be at least 1".into()));
        }
    }
    if config.index.chunk_min_chars > config.index.chunk_max_chars || config.index.chunk_max_chars == 0 {
        return Err(("index.chunk_max_chars", "must be at least 1 and not below index.chunk_min_chars".into()));
    }
    for (key, value) in [
        ("index.rrf_k", config.index.rrf_k),
        ("index.dense_weight", config.index.dense_weight),
        ("index.lexical_weight", config.index.lexical_weight),
    ] {
        if !value.is_finite() || value < 0.0 {
            return Err((key, format!("{value} is not a weight; say 0 or more")));
        }
    }
    if !(0.0..=1.0).contains(&config.engine.certain) {
        return Err(("engine.certain", format!("{} is not a probability; say 0 to 1", config.engine.certain)));
    }
    for (key, value) in [("engine.coverage", config.engine.coverage), ("engine.certain", config.engine.certain)] {
        if !(0.0..=1.0).contains(&value) {
            return Err((key, format!("{value} is not a probability; say 0 to 1")));
        }
    }
    if config.engine.passages > config.engine.candidates {
        let (passages, candidates) = (config.engine.passages, config.engine.candidates);
        return Err((
            "engine.passages",
            format!("{passages} passages cannot be chosen from {candidates} candidates; raise engine.candidates"),
        ));
    }
    if config.engine.handoff_message.trim().is_empty() {
        return Err(("engine.handoff_message", "say what a customer reads when a person takes over".into()));
    }
    for (key, name) in [
        ("models.embedder", &config.models.embedder),
        ("models.reranker", &config.models.reranker),
        ("models.generator", &config.models.generator),
    ] {
        if name.trim().is_empty() {
            return Err((key, "names no model; `shopclerk models list` prints the names".into()));
        }
    }
    let url = &config.index.url;
    if !url.is_empty() && !url.starts_with("http://") && !url.starts_with("https://") {
        return Err(("index.url", format!("'{url}' is not a URL; say http://HOST:6334, or leave it empty")));
    }
    if tracing_subscriber::EnvFilter::try_new(&config.log.filter).is_err() {
        return Err(("log.filter", format!("'{}' is not a filter; say info, or info,api=debug", config.log.filter)));
    }
    Ok(())
}
