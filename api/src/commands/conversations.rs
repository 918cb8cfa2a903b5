//! `shopclerk conversations`: what was said, and who has the word.

use super::{CommandError, Exit, operator};
use crate::{
    db::{
        conversations::{Conversation, Owner, StoredTurn, TurnRole},
        desk::Desks,
        ownership::{From, Move, Moved},
        retention::Purged,
    },
    store::{Days, StoreSettings},
    wiring::House,
};
use clap::{Args, Subcommand};
use engine::{AgentPass, ConversationId, StoreId, StorePass};
use serde_json::json;

pub const EXAMPLES: &str = "\
While a person has a conversation, the bot says nothing in it: also not what it is just thinking about. After `resolve`
the customer's next message opens the conversation anew, and the bot knows nothing of what was said before.

Examples:
  shopclerk conversations list --store mystore
  shopclerk conversations show c_1a2b --store mystore
  shopclerk conversations take-over c_1a2b --store mystore --by Mia
  shopclerk conversations give-back c_1a2b --store mystore --by Mia
  shopclerk conversations resolve c_1a2b --store mystore --by Mia
  shopclerk conversations purge --store mystore --older-than 90d --dry-run";

#[derive(Debug, Args)]
pub struct ConversationsArgs {
    #[command(subcommand)]
    pub command: ConversationsCommand,
}

#[derive(Debug, Subcommand)]
pub enum ConversationsCommand {
    /// Those that are not resolved, the latest first.
    List {
        /// Name of the store.
        #[arg(long)]
        store: StoreId,
        /// Also those that are resolved.
        #[arg(long)]
        all: bool,
        /// At most so many.
        #[arg(long, default_value_t = 100)]
        limit: u32,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Everything that was said in one.
    Show {
        id: String,
        /// Name of the store.
        #[arg(long)]
        store: StoreId,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// A person speaks from now on.
    TakeOver(MoveArgs),
    /// The bot speaks again, and knows what was said meanwhile.
    GiveBack(MoveArgs),
    /// It is done, with the handoffs that it waited for.
    Resolve(MoveArgs),
    /// Open one that is resolved: the bot speaks, and begins anew.
    Reopen(MoveArgs),
    /// Remove what was said long ago, with its handoffs. What waits for a person, or is a person's, stays. A server
    /// does this daily for stores with `[retention]`.
    Purge {
        /// Name of the store.
        #[arg(long)]
        store: StoreId,
        /// Days since the last thing that was said, such as 90d [default: `conversations` under [retention]].
        #[arg(long, value_name = "DAYS")]
        older_than: Option<Days>,
        /// Only count.
        #[arg(long)]
        dry_run: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub struct MoveArgs {
    pub id: String,
    /// Name of the store.
    #[arg(long)]
    pub store: StoreId,
    /// Who does it; it stands in the audit.
    #[arg(long, value_name = "NAME")]
    pub by: String,
}

pub async fn run(house: &House, args: ConversationsArgs) -> Result<Exit, CommandError> {
    let desks = house.desks();
    match args.command {
        ConversationsCommand::List { store, all, limit, json } => {
            list(&desks, &operator(&store), (all, limit), json).await
        }
        ConversationsCommand::Show { id, store, json } => {
            show(&desks, &operator(&store), &ConversationId(id), json).await
        }
        ConversationsCommand::TakeOver(args) => moved(&desks, args, Move::TakeOver).await,
        ConversationsCommand::GiveBack(args) => moved(&desks, args, Move::GiveBack).await,
        ConversationsCommand::Resolve(args) => moved(&desks, args, Move::Resolve).await,
        ConversationsCommand::Reopen(args) => moved(&desks, args, Move::Reopen).await,
        ConversationsCommand::Purge { store, older_than, dry_run, json } => {
            let days = match older_than {
                Some(days) => days,
                None => kept_for(house, &store)?,
            };
            purge(&desks, &operator(&store), (days, dry_run), json).await
        }
    }
}

async fn list(desks: &Desks, pass: &StorePass, (all, limit): (bool, u32), json: bool) -> Result<Exit, CommandError> {
    let found = desks.conversations(agent(pass)?, all, limit).await?;
    if json {
        println!("{:#}", json!(found));
        return Ok(Exit::Done);
    }
    if found.is_empty() {
        eprintln!("no conversation is open");
    }
    for conversation in found {
        let Conversation { id, channel, owner, last_at, .. } = &conversation;
        println!("{last_at:.0}  {:<9} {:<24}  {}", channel.as_str(), said_of(owner), id.0);
    }
    Ok(Exit::Done)
}

async fn show(desks: &Desks, pass: &StorePass, id: &ConversationId, json: bool) -> Result<Exit, CommandError> {
    let (conversation, turns) = desks.conversation(agent(pass)?, id).await?.ok_or_else(|| no_such(id))?;
    if json {
        println!("{:#}", json!({ "conversation": conversation, "turns": turns }));
        return Ok(Exit::Done);
    }
    println!("owner      {}", said_of(&conversation.owner));
    println!("channel    {}", conversation.channel.as_str());
    let mut epoch = 0;
    for turn in &turns {
        if turn.epoch != epoch {
            epoch = turn.epoch;
            println!("---------- opened anew");
        }
        println!("{:.0}  {}: {}", turn.at, speaker(turn), turn.text);
    }
    Ok(Exit::Done)
}

async fn moved(desks: &Desks, args: MoveArgs, wanted: Move) -> Result<Exit, CommandError> {
    let MoveArgs { id, store, by } = args;
    let (pass, id, by) = (operator(&store), ConversationId(id), by.trim());
    if by.is_empty() {
        return Err(CommandError::Said("say who does it: --by NAME".into()));
    }
    match desks.move_conversation(agent(&pass)?, &id, (wanted, by, From::Here)).await? {
        Moved::Done(conversation, true) => eprintln!("{}: {}", wanted.as_str(), said_of(&conversation.owner)),
        Moved::Done(conversation, false) => eprintln!("nothing to do: {}", said_of(&conversation.owner)),
        Moved::NoSuchConversation => return Err(no_such(&id)),
        Moved::Not(why) => return Err(CommandError::Said(why.into())),
    }
    Ok(Exit::Done)
}

/// How long the store's settings keep conversations.
fn kept_for(house: &House, store: &StoreId) -> Result<Days, CommandError> {
    let settings = StoreSettings::of(&house.places.data, store)?;
    settings.retention.conversations.ok_or_else(|| {
        CommandError::Said(format!(
            "the settings of the store '{store}' keep conversations for good: say --older-than, or write \
             conversations = \"365d\" under [retention]"
        ))
    })
}

async fn purge(
    desks: &Desks,
    pass: &StorePass,
    (days, dry_run): (Days, bool),
    json: bool,
) -> Result<Exit, CommandError> {
    let before = desks.days_ago(days.count());
    let purged = if dry_run { desks.would_purge(pass, before).await? } else { desks.purge(pass, before).await? };
    if json {
        let counts = desks.kept_counts(pass).await?;
        let told = json!({ "before": before, "dry_run": dry_run, "purged": purged, "counted": counts });
        println!("{told:#}");
        return Ok(Exit::Done);
    }
    let went = if dry_run { "would go" } else { "went" };
    let Purged { conversations, turns, handoffs, open } = purged;
    println!(
        "{conversations} conversations with {turns} turns and {handoffs} handoffs {went}; {open} older than {days} are open and stay"
    );
    Ok(Exit::Done)
}

fn no_such(id: &ConversationId) -> CommandError {
    CommandError::Said(format!(
        "there is no conversation '{}' in this store; `shopclerk conversations list --all` prints the ids",
        id.0
    ))
}

fn agent(pass: &StorePass) -> Result<AgentPass<'_>, CommandError> {
    pass.as_agent().map_err(|denied| CommandError::Said(denied.to_string()))
}

fn said_of(owner: &Owner) -> String {
    match owner {
        Owner::Bot => "the bot answers".into(),
        Owner::Waiting => "waits for a person".into(),
        Owner::Person(name) => format!("{name} has it"),
        Owner::Resolved => "resolved".into(),
    }
}

fn speaker(turn: &StoredTurn) -> &str {
    match turn.role {
        TurnRole::Customer => "customer",
        TurnRole::Bot => "bot",
        TurnRole::Person => turn.who.as_deref().unwrap_or("a person"),
    }
}
