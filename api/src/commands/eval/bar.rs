//! How far an eval has come, on stderr.

use ::eval::Progress;
use indicatif::{ProgressBar, ProgressStyle};
use ingest::sync::{Plan, SyncProgress};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// One bar at a time; indicatif hides it where stderr is no terminal.
pub struct Bar(Mutex<ProgressBar>);

impl Bar {
    pub fn new() -> Self {
        Self(Mutex::new(ProgressBar::hidden()))
    }

    fn show(&self, phase: &str, total: usize) {
        let bar = ProgressBar::new(total as u64).with_message(phase.to_owned());
        if let Ok(style) = ProgressStyle::with_template("{msg:>14} {wide_bar} {pos}/{len} {eta}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        self.clear();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = bar;
    }

    fn bar(&self) -> ProgressBar {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn clear(&self) {
        self.bar().finish_and_clear();
    }
}

impl Progress for Bar {
    fn begin(&self, phase: &str, total: usize) {
        self.show(phase, total);
    }

    fn step(&self) {
        self.bar().inc(1);
    }

    fn end(&self) {
        self.clear();
    }
}

impl SyncProgress for Bar {
    fn planned(&self, plan: &Plan) {
        self.show("indexing", plan.chunks);
    }

    fn stored(&self, done: usize, _total: usize) {
        self.bar().set_position(done as u64);
    }

    fn publishing(&self) {
        self.clear();
    }
}
