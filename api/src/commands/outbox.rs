//! `shopclerk outbox`: what is to be told to the helpdesk, and what could not be.

use super::{CommandError, Exit, operator};
use crate::{
    db::{
        desk::Desks,
        outbox::{OutboxLine, OutboxState},
    },
    wiring::House,
};
use clap::{Args, Subcommand};
use engine::{AgentPass, StoreId, StorePass};
use serde_json::json;

pub const EXAMPLES: &str = "\
`shopclerk serve` sends what stands here, again and again until it arrived, with the same key each time. What was given
up is dead: find out why (a wrong key, a wrong address), put it right, and have it sent again.

Examples:
  shopclerk outbox list --store mystore
  shopclerk outbox retry --store mystore            everything that was given up
  shopclerk outbox retry 17 --store mystore
  shopclerk outbox drop 17 --store mystore";

#[derive(Debug, Args)]
pub struct OutboxArgs {
    #[command(subcommand)]
    pub command: OutboxCommand,
}

#[derive(Debug, Subcommand)]
pub enum OutboxCommand {
    /// What waits and what was given up, with the reason; oldest first. Exit code 1 if something was given up.
    List {
        /// Name of the store.
        #[arg(long)]
        store: StoreId,
        /// Also what was sent.
        #[arg(long)]
        all: bool,
        /// At most so many.
        #[arg(long, default_value_t = 1000)]
        limit: u32,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Send it again now: one row, or everything that was given up.
    Retry {
        id: Option<i64>,
        /// Name of the store.
        #[arg(long)]
        store: StoreId,
    },
    /// Never send it.
    Drop {
        id: i64,
        /// Name of the store.
        #[arg(long)]
        store: StoreId,
    },
}

pub async fn run(house: &House, args: OutboxArgs) -> Result<Exit, CommandError> {
    let desks = house.desks();
    match args.command {
        OutboxCommand::List { store, all, limit, json } => list(&desks, &operator(&store), (all, limit), json).await,
        OutboxCommand::Retry { id, store } => retry(&desks, &operator(&store), id).await,
        OutboxCommand::Drop { id, store } => {
            if desks.drop_outbox(agent(&operator(&store))?, id).await? {
                eprintln!("dropped");
                Ok(Exit::Done)
            } else {
                Err(no_such(id))
            }
        }
    }
}

async fn list(desks: &Desks, pass: &StorePass, (all, limit): (bool, u32), json: bool) -> Result<Exit, CommandError> {
    let lines = desks.outbox(agent(pass)?, all, limit).await?;
    let dead =
        lines.iter().any(|line| line.state == OutboxState::Dead && line.last_error.as_deref() != Some("dropped"));
    if json {
        println!("{:#}", json!(lines));
    } else {
        if lines.is_empty() {
            eprintln!("nothing waits to be sent");
        }
        lines.iter().for_each(|line| println!("{}", to_text(line)));
    }
    Ok(if dead { Exit::NotGood } else { Exit::Done })
}

async fn retry(desks: &Desks, pass: &StorePass, id: Option<i64>) -> Result<Exit, CommandError> {
    let again = desks.retry_outbox(agent(pass)?, id).await?;
    match (again, id) {
        (0, Some(id)) => Err(no_such(id)),
        (again, _) => {
            eprintln!("{again} to be sent again; a running `shopclerk serve` does it within seconds");
            Ok(Exit::Done)
        }
    }
}

fn no_such(id: i64) -> CommandError {
    CommandError::Said(format!(
        "there is nothing to be sent under {id}: it was sent, dropped or never there; see `shopclerk outbox list --all`"
    ))
}

fn agent(pass: &StorePass) -> Result<AgentPass<'_>, CommandError> {
    pass.as_agent().map_err(|denied| CommandError::Said(denied.to_string()))
}

fn to_text(line: &OutboxLine) -> String {
    let OutboxLine { id, conversation, destination, kind, state, attempts, created_at, next_at, last_error } = line;
    let mut text = format!(
        "{id:>6}  {:<7}  {:<8}  {kind:<13}  {created_at:.0}  {conversation}  attempts {attempts}",
        state.as_str(),
        destination.as_str()
    );
    if let Some(error) = last_error {
        text.push_str(&format!("  last: {error}"));
    }
    if let Some(next) = next_at.filter(|_| *attempts > 0) {
        text.push_str(&format!("  next {next:.0}"));
    }
    text
}
