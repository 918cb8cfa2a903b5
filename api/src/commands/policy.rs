//! `shopclerk policy`: is the policy right, and which rule does a message fall under?

mod explain;
mod named;

use super::{CommandError, Exit};
use crate::store::{StoreError, StoreSettings};
use crate::wiring::House;
use clap::{Args, Subcommand};
use engine::{Policy, StoreId};
use explain::{Asks, explain};
use std::path::PathBuf;
use std::sync::Arc;

pub const EXAMPLES: &str = "\
The policy is the section [policy] of the store's settings; every key stands with a comment in the sample store's
api/demo/store.toml. Change it with `shopclerk store set`, and see before what would change with
`shopclerk eval counterfactual`.

Examples:
  shopclerk policy check --file store.toml --store mystore
  shopclerk policy explain --store mystore \"my parcel came torn open\"
  shopclerk policy explain --store mystore \"how long is the warranty?\" --tags vip
  shopclerk policy explain --store mystore \"will two trail jakets arrive before Friday?\"
  shopclerk policy intents --store mystore";

#[derive(Debug, Args)]
pub struct PolicyArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Every problem of a file, each with its line.
    Check {
        /// Name of the store.
        #[arg(long)]
        store: StoreId,
        /// Instead of the settings in force.
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// What a message is about and names, where the customer stands, which rule it falls under and why, what a mistake
    /// costs, and how sure an answer from the pages must therefore be.
    Explain {
        /// Name of the store.
        #[arg(long)]
        store: StoreId,
        /// Instead of the settings in force.
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        /// As a customer would write it.
        message: String,
        /// As a customer would be treated who has proved who they are, and whom the shop has given these tags.
        #[arg(long, value_name = "TAG,…", value_delimiter = ',')]
        tags: Option<Vec<String>>,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Every intent with its lane, phase, owner and costs.
    Intents {
        /// Name of the store.
        #[arg(long)]
        store: StoreId,
        /// Instead of the settings in force.
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
}

pub async fn run(house: &House, args: PolicyArgs) -> Result<Exit, CommandError> {
    match args.what {
        What::Check { store, file } => {
            let policy = policy(house, &store, file.as_ref())?;
            let own = policy.intents().filter(|(intent, rule)| Policy::default().of(*intent) != *rule).count();
            println!(
                "the policy is right: {own} intents of its own, {} topics for people only, {} lists of exceptions, {} segments",
                policy.never.len(),
                policy.exceptions.len(),
                policy.segments.len()
            );
        }
        What::Explain { store, file, message, tags, json } => {
            let settings = settings(house, &store, file.as_ref())?;
            let mut house = house.clone();
            // Days are counted from the store's own today.
            house.move_to(&store);
            let asks = Asks { store: &store, settings: settings.as_ref(), message: &message, tags: tags.as_deref() };
            explain(&house, asks, json).await?;
        }
        What::Intents { store, file } => {
            println!("{:<20} {:<13} {:<9} {:<14} wrong/handoff", "intent", "lane", "phase", "owner");
            for (intent, rule) in policy(house, &store, file.as_ref())?.intents() {
                println!(
                    "{:<20} {:<13} {:<9} {:<14} {}/{}",
                    intent.label(),
                    word(&rule.lane),
                    word(&rule.phase),
                    rule.owner.as_deref().unwrap_or("–"),
                    rule.costs.wrong,
                    rule.costs.handoff
                );
            }
        }
    }
    Ok(Exit::Done)
}

/// Those of a file, or in force; `None` where a store has no settings.
fn settings(house: &House, store: &StoreId, file: Option<&PathBuf>) -> Result<Option<StoreSettings>, CommandError> {
    let settings = match file {
        Some(path) => StoreSettings::load(path, store),
        None => StoreSettings::of(&house.places.data, store),
    };
    match settings {
        Ok(settings) => Ok(Some(settings)),
        Err(StoreError::Missing(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The default where a store has no settings.
fn policy(house: &House, store: &StoreId, file: Option<&PathBuf>) -> Result<Arc<Policy>, CommandError> {
    Ok(settings(house, store, file)?.map(|settings| settings.policy).unwrap_or_default())
}

/// A value as JSON says it, without the quotes.
fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(serde_json::Value::Object(fields)) => {
            let each = fields.into_iter().map(|(key, value)| match (key.as_str(), value) {
                ("do", serde_json::Value::String(word)) => word,
                (key, value) => format!("{key} = {value}"),
            });
            each.collect::<Vec<_>>().join(", ")
        }
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}
