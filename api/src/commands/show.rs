//! Bars on standard error, and replies as people read them.

use engine::{Reply, Trace, reply::Answer};
use indicatif::{ProgressBar, ProgressStyle};
use ingest::sync::{Plan, SyncProgress};
use models::weights::Progress;
use std::{
    fmt::Write,
    io::IsTerminal,
    sync::{Mutex, PoisonError},
};

/// One bar at a time. Where standard error is no terminal, a line at the beginning of each step instead.
pub struct Bar {
    bar: Mutex<Option<ProgressBar>>,
    terminal: bool,
}

impl Bar {
    pub fn new() -> Self {
        Self { bar: Mutex::new(None), terminal: std::io::stderr().is_terminal() }
    }

    fn start(&self, label: &str, total: Option<u64>, template: &str) {
        if !self.terminal {
            eprintln!("{label}");
            return;
        }
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new).with_style(style);
        bar.set_message(label.to_owned());
        self.replace(Some(bar));
    }

    fn replace(&self, bar: Option<ProgressBar>) {
        let mut held = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(old) = std::mem::replace(&mut *held, bar) {
            old.finish_and_clear();
        }
    }

    fn with(&self, act: impl FnOnce(&ProgressBar)) {
        if let Some(bar) = self.bar.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            act(bar);
        }
    }

    /// Things rather than bytes.
    pub fn count(&self, label: &str, total: usize) {
        self.start(label, Some(total as u64), "{msg} {wide_bar} {pos}/{len} {eta}");
    }

    pub fn set(&self, done: usize) {
        self.with(|bar| bar.set_position(done as u64));
    }

    /// Both at once, where the total is not known at the beginning.
    pub fn reached(&self, done: usize, total: usize) {
        self.with(|bar| {
            bar.set_length(total as u64);
            bar.set_position(done as u64);
        });
    }

    /// A line that stays above the bar.
    pub fn line(&self, text: &str) {
        let held = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        match held.as_ref() {
            Some(bar) => bar.suspend(|| eprintln!("{text}")),
            None => eprintln!("{text}"),
        }
    }

    pub fn clear(&self) {
        self.replace(None);
    }
}

impl Progress for Bar {
    fn begin(&self, label: &str, total: Option<u64>) {
        let template = "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
        self.start(label, total, if total.is_some() { template } else { "{msg} {spinner} {bytes} {bytes_per_sec}" });
    }

    fn advance(&self, bytes: u64) {
        self.with(|bar| bar.inc(bytes));
    }

    fn end(&self) {
        self.clear();
    }

    fn note(&self, text: &str) {
        self.line(text);
    }
}

impl SyncProgress for Bar {
    fn planned(&self, plan: &Plan) {
        let Plan { new, changed, unchanged, .. } = plan;
        self.line(&format!(
            "{new} new, {changed} changed, {unchanged} unchanged, {} to remove, {} not read",
            plan.removed.len(),
            plan.failed.len()
        ));
        if plan.chunks > 0 {
            self.count("embedding", plan.chunks);
        }
    }

    fn stored(&self, done: usize, _: usize) {
        self.set(done);
    }

    fn publishing(&self) {
        self.clear();
    }
}

/// The answer with its citation numbers, and below it the sources; or the handoff.
pub fn reply(reply: &Reply) -> String {
    match reply {
        Reply::Answer(answer) => format!("{}\n{}", marked(answer), sources(answer)),
        Reply::Offer(offer) => format!("{}\n{}\n  {}", marked(&offer.answer), sources(&offer.answer), offer.offer),
        Reply::Clarify(asks) => {
            let choices: String = asks.choices.iter().map(|choice| format!("\n  - {choice}")).collect();
            format!("{}{choices}", asks.message)
        }
        Reply::NeedsIdentity(asks) => format!("{}\n  (asks who is asking)", asks.message),
        Reply::Handoff(handoff) => {
            let mut text = format!("{}\n\n  handed to a person: {}", handoff.message, reason(handoff.case.reason));
            if !handoff.case.evidence.is_empty() {
                let _ = write!(text, " ({})", handoff.case.evidence);
            }
            for seen in &handoff.case.looked_at {
                let _ = write!(text, "\n  looked at: {}{}", seen.title, link(seen.url.as_deref()));
            }
            text.push('\n');
            text
        }
    }
}

fn marked(answer: &Answer) -> String {
    let sentence = |s: &engine::reply::Sentence| {
        let cites: String = s.cites.iter().map(|n| format!("[{n}]")).collect();
        format!("{} {cites}", s.text)
    };
    answer.sentences().iter().map(sentence).collect::<Vec<_>>().join(" ")
}

fn sources(answer: &Answer) -> String {
    let mut text = String::new();
    for citation in answer.citations() {
        let place = place(&citation.title, &citation.heading);
        let _ = writeln!(text, "  [{}] {place}{}", citation.number, link(citation.url.as_deref()));
    }
    text
}

fn place(title: &str, heading: &[String]) -> String {
    std::iter::once(title).chain(heading.iter().map(String::as_str)).collect::<Vec<_>>().join(" › ")
}

fn link(url: Option<&str>) -> String {
    url.map(|url| format!(", {url}")).unwrap_or_default()
}

pub fn reason(reason: engine::HandoffReason) -> &'static str {
    crate::wire::HandoffReason::from(reason).as_str()
}

/// Where the time went, on one line.
pub fn timings(trace: &Trace) -> String {
    let t = &trace.timings;
    let mut text = format!(
        "{:.0} ms (embed {:.0}, search {:.0}, rerank {:.0}, select {:.0}, draft {:.0}",
        t.total_ms, t.embed_ms, t.search_ms, t.rerank_ms, t.select_ms, t.draft_ms
    );
    if let Some(first) = t.first_sentence_ms {
        let _ = write!(text, "; first sentence after {first:.0}");
    }
    text.push(')');
    if let Some(g) = &trace.generated {
        let _ = write!(
            text,
            "; {} prompt tokens ({} cached), {} said",
            g.prompt_tokens, g.cached_tokens, g.generated_tokens
        );
    }
    text
}

/// Everything that led to a reply.
pub fn explain(trace: &Trace) -> String {
    let mut text = String::from("Found, best first (dense, lexical, fused, rerank):\n");
    let score = |score: Option<f32>| score.map_or_else(|| "    -".into(), |s| format!("{s:5.2}"));
    for passage in &trace.passages {
        let s = passage.scores;
        let place = place(&passage.title, &passage.heading);
        let _ = writeln!(
            text,
            "  {} {} {:.4} {}  {:<12} {}  {place}",
            score(s.dense),
            score(s.lexical),
            s.fused,
            score(s.rerank),
            passage.kind.as_str(),
            passage.id
        );
    }
    if let Some(matched) = &trace.approved {
        let used = match &matched.unused {
            None => "said".to_owned(),
            Some(why) => format!("not said: {}", json(why).trim_matches('"')),
        };
        let _ = writeln!(
            text,
            "\nApproved answer {} ({:.2}, {used}): {}",
            matched.id, matched.probability, matched.question
        );
    }
    let _ = writeln!(text, "\nCoverage: {}", json(&trace.coverage));
    if let Some(signals) = &trace.signals {
        let _ = writeln!(text, "Signals: {}", json(signals));
    }
    if let Some(threshold) = &trace.threshold {
        let _ = writeln!(text, "Threshold: {}", json(threshold));
    }
    if let Some(prompt) = &trace.prompt {
        let _ = writeln!(text, "\nPrompt, system:\n{}", indented(&prompt.system));
        for message in &prompt.messages {
            let _ = writeln!(text, "Prompt, {}:\n{}", json(&message.role).trim_matches('"'), indented(&message.text));
        }
    }
    if let Some(draft) = &trace.draft {
        let _ = writeln!(text, "\nDraft:\n{}", indented(draft));
    }
    if !trace.weighed.is_empty() {
        text.push_str("\nWeighed against its passage:\n");
        for weighed in &trace.weighed {
            let _ = writeln!(text, "  {:.2} {}", weighed.probability, weighed.sentence);
        }
    }
    if !trace.dropped.is_empty() {
        text.push_str("\nDropped by the check:\n");
        for dropped in &trace.dropped {
            let _ = writeln!(text, "  {}\n    {}", dropped.sentence, dropped.reason);
        }
    }
    text
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

/// Bytes as people say them.
pub fn size(bytes: u64) -> String {
    const MB: u64 = 1_000_000;
    match bytes {
        b if b >= 1000 * MB => format!("{:.1} GB", b as f64 / 1e9),
        b if b >= MB => format!("{:.0} MB", b as f64 / 1e6),
        b => format!("{:.0} kB", b as f64 / 1e3),
    }
}
