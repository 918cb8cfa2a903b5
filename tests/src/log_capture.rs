//! What the server logs, kept for a look.

use api::config::{Log, LogFormat};
use serde_json::Value;
use std::{
    io::Write,
    sync::{Arc, Mutex},
};

/// Everything that this thread's tasks log, at every level, until it is dropped.
pub struct LogCapture {
    written: Written,
    _logging: tracing::subscriber::DefaultGuard,
    /// While only one subscriber lives, tracing lets whichever thread comes first decide whether a line is wanted, and
    /// the threads of the other tests want none.
    _second: tracing::Dispatch,
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("not poisoned").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl LogCapture {
    pub fn start() -> Self {
        let written = Written::default();
        let writer = written.clone();
        let log = Log { filter: "trace".into(), format: LogFormat::Json };
        let second = tracing::Dispatch::new(api::log::subscriber(&log, std::io::sink));
        let logging = tracing::subscriber::set_default(api::log::subscriber(&log, move || writer.clone()));
        Self { written, _logging: logging, _second: second }
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.written.0.lock().expect("not poisoned").clone()).expect("UTF-8")
    }

    /// The lines so far with this message.
    pub fn lines(&self, message: &str) -> Vec<Value> {
        let text = self.text();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        lines.filter(|line| line["fields"]["message"] == message).collect()
    }
}
