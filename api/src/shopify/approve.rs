//! Carrying out what a person approved: once, also when it is approved twice, when the process is killed in between, and
//! when Shopify does it and fails to say so.
//!
//! An action goes from `waiting` to `started` before anything is sent, and to `done` or `failed` when the answer is there.
//! Who finds it `started` does not know how it ended, so the order is read first: if it is as it was when the action was
//! prepared, nothing was done, and it is sent again; if it shows the effect, it was done. (A refund has a key as well:
//! sent twice, it is one.) Two approvals at one time wait for each other at a lock that a killed process lets go of.

use crate::db::{
    DbError,
    actions::{ActionState, AuditLine},
    desk::Desks,
};
use engine::{AgentPass, StorePass, access::Denied, live::Approval};
use ingest::shopify::{
    Connection, Deadline, OrderState, ShopifyError,
    actions::{self, ActionError},
};
use jiff::Timestamp;
use std::{
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// For everything that is said to Shopify.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long another approval of the store is waited for.
const TURN: Duration = Duration::from_secs(90);

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// What Shopify says came of it.
    Done(String),
    DoneBefore,
    /// Nothing was sent: the order is another one by now, or the action can no longer be approved.
    Refused(String),
    /// Shopify looked at it and did not do it.
    Failed(String),
    /// Nobody knows; approving again finds out.
    Unknown(String),
}

#[derive(Debug, thiserror::Error)]
pub enum ApproveError {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error("the order cannot be read, so nothing was sent")]
    Order(#[source] ShopifyError),
    #[error("{}: approvals of this store cannot be kept apart", path.display())]
    Lock { path: PathBuf, source: io::Error },
    #[error("another approval of this store is running; try again when it has ended")]
    Busy,
    #[error("there is no such action in this store")]
    NoSuchAction,
}

pub async fn carry_out(
    data: &Path,
    desks: &Desks,
    pass: &StorePass,
    connection: &Connection,
    approval: Approval,
) -> Result<Ended, ApproveError> {
    let _turn = turn(data, pass).await?;
    let desk = Desk { desks, agent: pass.as_agent()?, approval: &approval };
    let deadline = Deadline::within(PATIENCE);
    let action = approval.action();
    let record = desks.action(desk.agent, &action.id).await?.ok_or(ApproveError::NoSuchAction)?;
    match record.state {
        ActionState::Done => return Ok(Ended::DoneBefore),
        ActionState::Failed | ActionState::Rejected => {
            return Ok(Ended::Refused(format!("the action is {}", record.state.as_str())));
        }
        ActionState::Waiting | ActionState::Started => {}
    }
    let order = connection.order_state(action.action.order(), deadline).await.map_err(ApproveError::Order)?;
    let unchanged = order.as_ref().is_some_and(|order| order.updated_at == action.order_updated_at);
    if record.state == ActionState::Started {
        match order {
            Some(order) if order.shows(&action.action, action.order_updated_at) => {
                let said = "the order shows it; the answer to the first try was lost".to_owned();
                desk.end(ActionState::Done, "done", &said).await?;
                return Ok(Ended::DoneBefore);
            }
            Some(_) if unchanged => desk.note("approved", "again").await?,
            Some(_) | None => {
                let why =
                    "its first try left no trace, and the order has changed since: look at it in Shopify".to_owned();
                desk.end(ActionState::Failed, "failed", &why).await?;
                return Ok(Ended::Failed(why));
            }
        }
    } else {
        if !unchanged {
            let why = match order {
                Some(OrderState { updated_at, .. }) => format!("the order was changed at {updated_at:.0}"),
                None => "the order is not there any more".to_owned(),
            };
            desk.note("refused", &why).await?;
            return Ok(Ended::Refused(format!("{why}; what is to be done must be prepared anew")));
        }
        let line = desk.line("approved", "");
        let states = (ActionState::Waiting, ActionState::Started);
        if !desks.move_action(desk.agent, &action.id, states, &line).await? {
            return Ok(Ended::Refused("somebody else decided meanwhile".into()));
        }
    }
    match actions::execute(connection, &approval, deadline).await {
        Ok(said) => {
            desk.end(ActionState::Done, "done", &said).await?;
            Ok(Ended::Done(said))
        }
        Err(error) if is_final(&error) => {
            let why = error.to_string();
            desk.end(ActionState::Failed, "failed", &why).await?;
            Ok(Ended::Failed(why))
        }
        Err(error) => {
            let why = error.to_string();
            desk.note("unknown", &why).await?;
            Ok(Ended::Unknown(why))
        }
    }
}

/// Shopify surely did nothing, and would not do it another time.
fn is_final(error: &ActionError) -> bool {
    match error {
        ActionError::Refused(_) => true,
        ActionError::Unclear(_) => false,
        ActionError::Shopify(error) => match error {
            ShopifyError::Unauthorized(_) | ShopifyError::MissingScope { .. } | ShopifyError::Refused { .. } => true,
            ShopifyError::TimedOut
            | ShopifyError::Unavailable(_)
            | ShopifyError::TooCostly { .. }
            | ShopifyError::Unreadable { .. }
            | ShopifyError::Failed(_)
            | ShopifyError::Uncertain { .. } => false,
        },
    }
}

struct Desk<'d> {
    desks: &'d Desks,
    agent: AgentPass<'d>,
    approval: &'d Approval,
}

impl Desk<'_> {
    fn line(&self, what: &str, detail: &str) -> AuditLine {
        AuditLine {
            at: Timestamp::now(),
            who: self.approval.by().to_owned(),
            what: what.to_owned(),
            action: self.approval.action().id.0.clone(),
            detail: detail.to_owned(),
        }
    }

    async fn note(&self, what: &str, detail: &str) -> Result<(), DbError> {
        self.desks.audit(self.agent, &self.line(what, detail)).await
    }

    async fn end(&self, state: ActionState, what: &str, detail: &str) -> Result<(), DbError> {
        let id = &self.approval.action().id;
        let states = (ActionState::Started, state);
        self.desks.move_action(self.agent, id, states, &self.line(what, detail)).await.map(drop)
    }
}

/// The store's lock for approvals. The operating system frees it when the process ends, however it ends.
async fn turn(data: &Path, pass: &StorePass) -> Result<File, ApproveError> {
    let path = data.join("stores").join(pass.store().as_str()).join("actions.lock");
    let failed = |source| ApproveError::Lock { path: path.clone(), source };
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    let started = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if started.elapsed() < TURN => {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Err(TryLockError::WouldBlock) => return Err(ApproveError::Busy),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
    }
}
