//! A process that is killed after something was taken and before that was marked sends the same again, with the same
//! key.

use super::{Helpdesk, System, case, desks, send_all, settings, store};
use engine::ports::Handoffs;
use std::{
    path::Path,
    process::{Child, Command, Stdio},
};
use tests::helpdesk::Faults;

/// Says to [`child`] which data folder it sends from.
const ORDERS: &str = "SHOPCLERK_TEST_DELIVERY_CHILD";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_taken_and_not_marked_is_sent_again_with_the_same_key() {
    for system in [System::Webhook, System::Zendesk, System::Gorgias] {
        let dir = tempfile::tempdir().unwrap();
        let mut helpdesk = Helpdesk::start(system).await;
        settings(dir.path(), &helpdesk.settings());
        let desks = desks(dir.path());
        let id = desks.open(&store(), &case("c-1", 0)).await.unwrap();

        helpdesk.faults(Faults::Hang);
        let mut child = start(dir.path());
        helpdesk.taken().await;
        // It has arrived, and the process that sent it does not know.
        child.kill().unwrap();
        child.wait().unwrap();
        let line = desks.outbox(store().as_agent().unwrap(), false, 10).await.unwrap().remove(0);
        assert!(line.attempts >= 1 && line.next_at.is_some(), "{line:?}");
        let requests = helpdesk.known().requests;

        helpdesk.faults(Faults::Never);
        let ended = tokio::task::spawn_blocking({
            let mut child = start(dir.path());
            move || child.wait().unwrap()
        });
        assert!(ended.await.unwrap().success());
        assert!(helpdesk.known().requests > requests, "{system:?}: it was not sent again");
        let effects = helpdesk.effects();
        assert_eq!(effects.len(), 1, "{system:?}: {effects:?}");
        assert!(effects[0].key.starts_with(&id.0), "{:?}", effects[0].key);
        assert_eq!(desks.outbox(store().as_agent().unwrap(), false, 10).await.unwrap(), []);
    }
}

fn start(data: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "delivery::killed::child", "--ignored", "--quiet"])
        .env(ORDERS, data)
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

/// The process that is killed; does nothing without orders.
#[test]
#[ignore = "run by the other test of this file, which kills it"]
fn child() {
    let Some(data) = std::env::var_os(ORDERS) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let data = Path::new(&data);
        send_all(data, &desks(data)).await;
    });
}
