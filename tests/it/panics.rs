//! What a panic says stays out of what the server writes.

use api::config::{Log, LogFormat};
use std::{
    io,
    process::{Command, Stdio},
};

/// Says to [`child`] that it is one.
const ORDERS: &str = "SHOPCLERK_TEST_PANICS_CHILD";
const CUSTOMERS: &str = "kari@example.com wants her order";

/// In a process of its own: a hook is for the whole process.
#[test]
fn a_panic_is_logged_by_its_place_and_not_by_its_words() {
    let ended = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "panics::child", "--ignored", "--nocapture"])
        .env(ORDERS, "1")
        .env("RUST_BACKTRACE", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(ended.status.success(), "{ended:?}");
    let (out, error) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(!format!("{out}{error}").contains("kari"), "{out}{error}");
    let lines: Vec<serde_json::Value> = error.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let fields: Vec<&serde_json::Value> = lines.iter().map(|line| &line["fields"]).collect();
    assert_eq!(fields.len(), 3, "{error}");
    for (field, thread) in fields.iter().zip(["reader", "tokio", "unnamed"]) {
        assert!(field["panic.place"].as_str().unwrap().contains("panics.rs:"), "{field}");
        assert!(field["panic.thread"].as_str().unwrap().starts_with(thread), "{field}");
    }
}

/// The process that panics; does nothing without orders.
#[test]
#[ignore = "run by the other test of this file, in a process of its own"]
fn child() {
    if std::env::var_os(ORDERS).is_none() {
        return;
    }
    let log = Log { filter: "info".into(), format: LogFormat::Json };
    tracing::subscriber::set_global_default(api::log::subscriber(&log, io::stderr)).unwrap();
    api::log::report_panics();
    let named = std::thread::Builder::new().name("reader".into());
    assert!(named.spawn(|| panic!("{CUSTOMERS}")).unwrap().join().is_err());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    #[expect(clippy::unnecessary_literal_unwrap, reason = "its panic is what is looked at")]
    let task = runtime.spawn(async { Err::<(), _>(CUSTOMERS.to_owned()).unwrap() });
    assert!(runtime.block_on(task).is_err());
    let cut = std::thread::spawn(|| CUSTOMERS.get(..200).expect(CUSTOMERS).len());
    assert!(cut.join().is_err());
}
