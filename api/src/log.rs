//! Where log lines go.

use crate::config::{Log, LogFormat};
use std::{panic, thread};
use tracing::Subscriber;
use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

/// Lines of one format to one writer. The filter was validated with the configuration.
pub fn subscriber<W>(config: &Log, writer: W) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::builder().parse_lossy(&config.filter);
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_ansi(false);
    match config.format {
        LogFormat::Text => Box::new(builder.finish()),
        LogFormat::Json => Box::new(builder.json().finish()),
    }
}

/// From now on a panic is a line of the log that says where it was and in which thread. What it said is not written
/// anywhere: an index or an `unwrap` that failed repeats what it failed on, and that may be a customer's.
pub fn report_panics() {
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(|| "unknown".to_owned(), ToString::to_string);
        let thread = thread::current();
        tracing::error!(
            panic.place = place,
            panic.thread = thread.name().unwrap_or("unnamed"),
            "something panicked; what it said is not logged"
        );
    }));
}
