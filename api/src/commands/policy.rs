//! `shopclerk policy`: is the policy right, and which rule does a message fall under?

use super::{CommandError, Exit, operator};
use crate::store::{StoreError, StoreSettings};
use crate::wiring::House;
use clap::{Args, Subcommand};
use engine::package::{any_order_number, mask};
use engine::ports::{Clock, Embedder};
use engine::understand::entities::{Counted, DateMention, ProductMention, Quantity, When};
use engine::understand::{Reading, Titles, conversation};
use engine::{Intent, Policy, StoreId, Turn, Understanding};
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;

pub const EXAMPLES: &str = "\
The policy is the section [policy] of the store's settings; every key stands with a comment in the sample store's
api/demo/store.toml. Change it with `shopclerk store set`, and see before what would change with
`shopclerk eval counterfactual`.

Examples:
  shopclerk policy check --file store.toml --store mystore
  shopclerk policy explain --store mystore \"my parcel came torn open\"
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
        #[arg(long)]
        store: StoreId,
        /// Instead of the settings in force.
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// What a message is about and names, where the customer stands, which rule it falls under, and why.
    Explain {
        #[arg(long)]
        store: StoreId,
        /// Instead of the settings in force.
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        /// As a customer would write it.
        message: String,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Every intent with its lane, phase, owner and costs.
    Intents {
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
        What::Explain { store, file, message, json } => {
            let settings = settings(house, &store, file.as_ref())?;
            let mut house = house.clone();
            // Days are counted from the store's own today.
            house.move_to(&store);
            explain(&house, &store, settings.as_ref(), (&message, json)).await?;
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

async fn explain(
    house: &House,
    store: &StoreId,
    settings: Option<&StoreSettings>,
    (message, json): (&str, bool),
) -> Result<(), CommandError> {
    let policy = settings.map(|settings| settings.policy.clone()).unwrap_or_default();
    let turn = Turn::single("explain", message);
    let mut understood = Understanding::of_words(&turn);
    let mut reader = None;
    if house.config.understanding.head != "none" {
        let embedder: Arc<dyn Embedder> = house.load_embedder().await?;
        reader = house.intents(&embedder).await?;
        if let Some(reader) = &reader {
            let failed = |error| CommandError::Said(format!("the message cannot be read: {error}"));
            let whole = embedder.embed_query(message).await.map_err(failed)?;
            understood.read(reader, embedder.as_ref(), message, &whole).await;
        }
    }
    let profile = settings.map(StoreSettings::profile);
    let now = house.clock.now();
    let when = profile.as_ref().map_or_else(|| When { now, ..When::default() }, |profile| When::of(profile, now));
    let titles = house.catalogue().titles(&operator(store)).await;
    let by = Reading {
        when: &when,
        order_number: profile.as_ref().map_or_else(|| any_order_number(), |profile| &profile.order_number),
        titles: Some(&titles),
        common: &|stem| reader.as_ref().is_some_and(|reader| reader.knows(stem)),
    };
    understood.name(message, &by);
    let hard = engine::rules::hard_rule(message);
    let ruled = policy.rule(message, &understood);
    if json {
        let hard = hard.map(|(reason, words)| json!({ "reason": reason, "words": words }));
        println!("{}", json!({ "understood": understood, "hard_rule": hard, "ruled": ruled }));
        return Ok(());
    }
    let list = |sure: &[engine::understand::Sure]| {
        let each = sure.iter().map(|s| format!("{} {:.2}", s.intent, s.probability));
        each.collect::<Vec<_>>().join(", ")
    };
    println!("about:      {}", if understood.intents.is_empty() { "–".into() } else { list(&understood.intents) });
    if !understood.parts.is_empty() {
        println!("sentences:  {}", list(&understood.parts));
    }
    named(&understood, message, &titles);
    println!("stage:      {}", understood.stage.map_or("–", engine::understand::Stage::as_text));
    println!("language:   {}", understood.language.unwrap_or("too short to tell"));
    println!("mood:       {:.2} (from -1 to 1)", understood.mood.now);
    if conversation::asks_for_orders(message) {
        println!("orders:     asks which orders there are");
    }
    if let Some((reason, words)) = hard {
        println!("hard rule:  {} (\"{words}\")", super::show::reason(reason));
    }
    println!("rule:       {}", if ruled.why.rule.is_empty() { "none" } else { &ruled.why.rule });
    println!("because:    {}", ruled.why.because);
    println!("then:       {}", word(&ruled.ruling));
    if let Some(owner) = &ruled.owner {
        println!("owner:      {owner}");
    }
    if let Some(intent) = ruled.intent.filter(|intent: &Intent| intent.plain_question().is_some()) {
        println!("else:       the pages are asked \"{}\"", intent.plain_question().unwrap_or_default());
    }
    Ok(())
}

/// What a message names, a line for each kind; each with the words that name it.
fn named(understood: &Understanding, message: &str, titles: &Titles) {
    let entities = &understood.entities;
    let words = |(from, to): (usize, usize)| message.get(from..to).unwrap_or_default();
    let line = |label: &str, all: Vec<String>| {
        if !all.is_empty() {
            println!("{label:<12}{}", all.join("; "));
        }
    };
    line("orders:", entities.orders.iter().map(ToString::to_string).collect());
    line("addresses:", entities.emails.iter().map(|email| mask(email.expose())).collect());
    let product = |p: &ProductMention| format!("{} {:.2} (\"{}\")", p.title, p.score, words(p.span));
    line("products:", entities.products.iter().map(product).collect());
    if titles.is_empty() {
        println!("products:   none are known; `shopclerk sync` reads them");
    }
    let quantity = |q: &Quantity| {
        let of = q.of.map(|of| format!(" of {of}")).unwrap_or_default();
        let unit = if q.unit == Counted::Pair { " in pairs" } else { "" };
        let more = if q.more { " more" } else { "" };
        format!("{}{more}{unit}{of} (\"{}\")", q.count, words(q.span))
    };
    line("counts:", entities.quantities.iter().map(quantity).collect());
    let days = |from, to| if from == to { format!("{from}") } else { format!("{from} to {to}") };
    let date = |d: &DateMention| {
        let or = d.or.map(|(from, to)| format!(", or {}", days(from, to))).unwrap_or_default();
        format!("{} {}{or} (\"{}\")", word(&d.relation), days(d.from, d.to), words(d.span))
    };
    line("days:", entities.dates.iter().map(date).collect());
    line("amounts:", entities.amounts.iter().map(|a| a.value.to_string()).collect());
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
