//! `shopclerk actions`: what was prepared for customers and waits for a person.

use super::{CommandError, Exit, operator};
use crate::{
    db::{
        actions::{ActionRecord, ActionState, AuditLine},
        desk::Desks,
    },
    shopify::approve::{self, Ended},
    wiring::House,
};
use clap::{Args, Subcommand};
use engine::{
    StoreId, StorePass,
    live::{ActionId, Approval},
};
use jiff::Timestamp;
use serde_json::json;
use std::io::{IsTerminal, Write};

pub const EXAMPLES: &str = "\
Nothing that the engine prepares is done until a person approves it here. What was approved is sent to Shopify once,
also when the command is run twice or was cut off, and only if the order is still as it was.

Examples:
  shopclerk actions list --store mystore
  shopclerk actions show act_1a2b --store mystore
  shopclerk actions approve act_1a2b --store mystore --by \"Mia\"";

#[derive(Debug, Args)]
pub struct ActionsArgs {
    #[command(subcommand)]
    pub command: ActionsCommand,
}

#[derive(Debug, Subcommand)]
pub enum ActionsCommand {
    /// What waits for a person, oldest first.
    List {
        /// Name of the store.
        #[arg(long)]
        store: StoreId,
        /// Also what was decided.
        #[arg(long)]
        all: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// What one of them will do, what speaks against it, and who did what about it.
    Show {
        id: String,
        /// Name of the store.
        #[arg(long)]
        store: StoreId,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Do it: shows what it will do and asks, then sends it to Shopify.
    Approve {
        id: String,
        /// Name of the store.
        #[arg(long)]
        store: StoreId,
        /// Who approves; it stands in the audit.
        #[arg(long, value_name = "NAME")]
        by: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// Never do it.
    Reject {
        id: String,
        /// Name of the store.
        #[arg(long)]
        store: StoreId,
        /// Who rejects; it stands in the audit.
        #[arg(long, value_name = "NAME")]
        by: String,
    },
}

pub async fn run(house: &House, args: ActionsArgs) -> Result<Exit, CommandError> {
    let desks = house.desks();
    match args.command {
        ActionsCommand::List { store, all, json } => list(&desks, &operator(&store), all, json).await,
        ActionsCommand::Show { id, store, json } => show(&desks, &operator(&store), &ActionId(id), json).await,
        ActionsCommand::Approve { id, store, by, yes } => {
            approve(house, &desks, &operator(&store), &ActionId(id), by, yes).await
        }
        ActionsCommand::Reject { id, store, by } => reject(&desks, &operator(&store), &ActionId(id), by).await,
    }
}

async fn list(desks: &Desks, pass: &StorePass, all: bool, json: bool) -> Result<Exit, CommandError> {
    let records = desks.actions(agent(pass)?, all).await?;
    if json {
        println!("{:#}", json!(records));
        return Ok(Exit::Done);
    }
    if records.is_empty() {
        eprintln!("no action waits for a person");
    }
    for ActionRecord { prepared, state, .. } in records {
        let warnings = match prepared.warnings.len() {
            0 => String::new(),
            count => format!("  ({count} warnings)"),
        };
        println!("{}  {:<8}  {:.0}  {}{warnings}", prepared.id.0, state.as_str(), prepared.prepared_at, prepared.says);
    }
    Ok(Exit::Done)
}

async fn show(desks: &Desks, pass: &StorePass, id: &ActionId, json: bool) -> Result<Exit, CommandError> {
    let record = find(desks, pass, id).await?;
    let audit = desks.audit_of(agent(pass)?, Some(id)).await?;
    if json {
        println!("{:#}", json!({ "action": record, "audit": audit }));
        return Ok(Exit::Done);
    }
    print!("{}", to_text(&record));
    println!("state      {}", record.state.as_str());
    for AuditLine { at, who, what, detail, .. } in audit {
        println!("{at:.0}  {who}: {what}  {detail}");
    }
    Ok(Exit::Done)
}

async fn approve(
    house: &House,
    desks: &Desks,
    pass: &StorePass,
    id: &ActionId,
    by: String,
    yes: bool,
) -> Result<Exit, CommandError> {
    let record = find(desks, pass, id).await?;
    match record.state {
        ActionState::Waiting | ActionState::Started => {}
        ActionState::Done => {
            eprintln!("it was done before; nothing was sent again");
            return Ok(Exit::Done);
        }
        ActionState::Failed | ActionState::Rejected => {
            return Err(CommandError::Said(format!(
                "the action is {}; what is not done now must be prepared anew",
                record.state.as_str()
            )));
        }
    }
    print!("{}", to_text(&record));
    if !yes && !asked("do it? [y/N] ")? {
        eprintln!("nothing was done");
        return Ok(Exit::NotGood);
    }
    // The one place where a person's word becomes the value that the executor needs.
    #[expect(clippy::disallowed_methods, reason = "a person said yes to this action, just now")]
    let approval = Approval::by_person(record.prepared, by, Timestamp::now());
    let shop = super::shopify::shop(house, pass).await?;
    match approve::carry_out(&house.places.data, desks, pass, &shop.connection, approval).await? {
        Ended::Done(said) => {
            println!("done: {said}");
            Ok(Exit::Done)
        }
        Ended::DoneBefore => {
            println!("it was done before; nothing was sent again");
            Ok(Exit::Done)
        }
        Ended::Refused(why) => Err(CommandError::Said(format!("nothing was sent: {why}"))),
        Ended::Failed(why) => Err(CommandError::Said(format!("Shopify refused it, and nothing was done: {why}"))),
        Ended::Unknown(why) => Err(CommandError::Said(format!(
            "it is not known whether it was done ({why}); run the same command again, it is not done twice"
        ))),
    }
}

async fn reject(desks: &Desks, pass: &StorePass, id: &ActionId, by: String) -> Result<Exit, CommandError> {
    find(desks, pass, id).await?;
    let line = AuditLine {
        at: Timestamp::now(),
        who: by,
        what: "rejected".into(),
        action: id.0.clone(),
        detail: String::new(),
    };
    let states = (ActionState::Waiting, ActionState::Rejected);
    if !desks.move_action(agent(pass)?, id, states, &line).await? {
        let now = find(desks, pass, id).await?.state;
        return Err(CommandError::Said(format!("the action is {} and can no longer be rejected", now.as_str())));
    }
    eprintln!("rejected");
    Ok(Exit::Done)
}

async fn find(desks: &Desks, pass: &StorePass, id: &ActionId) -> Result<ActionRecord, CommandError> {
    desks.action(agent(pass)?, id).await?.ok_or_else(|| {
        CommandError::Said(format!(
            "there is no action '{}' in this store; `shopclerk actions list` prints the ids",
            id.0
        ))
    })
}

fn agent(pass: &StorePass) -> Result<engine::AgentPass<'_>, CommandError> {
    pass.as_agent().map_err(|denied| CommandError::Said(denied.to_string()))
}

fn to_text(record: &ActionRecord) -> String {
    let prepared = &record.prepared;
    let mut text = format!("order      {}\nit will    {}\n", prepared.order, prepared.says);
    for warning in &prepared.warnings {
        text.push_str(&format!("warning    {warning}\n"));
    }
    text
}

fn asked(question: &str) -> Result<bool, CommandError> {
    if !std::io::stdin().is_terminal() {
        return Err(CommandError::Said("nobody is here to be asked; approve with --yes".into()));
    }
    eprint!("{question}");
    std::io::stderr().flush().map_err(CommandError::io("the question cannot be asked"))?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(CommandError::io("the answer cannot be read"))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
