//! `shopclerk store`: a store's settings.

use super::{CommandError, Exit};
use crate::{
    db::outbox::Destination,
    store::{self, Access, StoreSettings},
    wiring::House,
};
use clap::{Args, Subcommand};
use engine::{
    StoreId,
    returns::{Effect, Rule},
};
use serde_json::{Value, json};
use std::{fmt::Write, path::PathBuf};

pub const EXAMPLES: &str = "\
One commented file says everything about a store: its name, its return, delivery and cancellation rules, how Shopify is
reached, how customers prove who they are. Start from the sample store's, api/demo/store.toml. Secrets may stand in it
as env:NAME or file:/PATH; none is ever printed.

Examples:
  shopclerk store check --file mystore.toml            whether it is right, with line and key of what is not
  shopclerk store set --store mystore --file mystore.toml
  shopclerk store show --store mystore";

#[derive(Debug, Args)]
pub struct StoreArgs {
    #[command(subcommand)]
    pub command: StoreCommand,
}

#[derive(Debug, Subcommand)]
pub enum StoreCommand {
    /// Whether the settings are right.
    Check {
        /// Name of the store whose settings are checked.
        #[arg(long, required_unless_present = "file")]
        store: Option<StoreId>,
        /// A file that is nobody's settings yet.
        #[arg(long, value_name = "FILE", conflicts_with = "store")]
        file: Option<PathBuf>,
    },
    /// Check a file and make it the store's settings. A running server takes them up by itself.
    Set {
        /// Name of the store: a-z, 0-9 and '-'.
        #[arg(long)]
        store: StoreId,
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
    },
    /// What is in force.
    Show {
        #[arg(long)]
        store: StoreId,
        /// Print it as JSON.
        #[arg(long)]
        json: bool,
    },
}

pub async fn run(house: &House, args: StoreArgs) -> Result<Exit, CommandError> {
    let data = &house.places.data;
    match args.command {
        StoreCommand::Check { store, file } => {
            let settings = match (&file, &store) {
                (Some(file), _) => StoreSettings::load(file, &unnamed()?)?,
                (None, Some(store)) => StoreSettings::of(data, store)?,
                (None, None) => return Err(CommandError::Said("say --store NAME or --file FILE".into())),
            };
            println!("{}: right", settings.path().display());
            for note in notes(&settings) {
                println!("  note: {note}");
            }
        }
        StoreCommand::Set { store, file } => {
            let settings = store::install(data, &store, &file)?;
            println!("{store}: {} now holds what {} says", settings.path().display(), file.display());
            for note in notes(&settings) {
                println!("  note: {note}");
            }
        }
        StoreCommand::Show { store, json } => {
            let settings = StoreSettings::of(data, &store)?;
            if json {
                println!("{:#}", to_json(&settings));
            } else {
                print!("{}", to_text(&settings));
            }
        }
    }
    Ok(Exit::Done)
}

/// A file can be checked before its store has a name.
fn unnamed() -> Result<StoreId, CommandError> {
    StoreId::parse("unnamed").map_err(|e| CommandError::Said(e.to_string()))
}

/// What is not wrong and may still surprise.
fn notes(settings: &StoreSettings) -> Vec<&'static str> {
    let mut notes = Vec::new();
    if settings.shopify.is_none() {
        notes.push("without [shopify] no order is looked up; such questions go to a person");
    }
    if settings.returns.is_none() {
        notes.push("without [returns] nothing is computed about a return; the pages answer");
    }
    if settings.delivery.is_none() {
        notes.push("without [delivery] no parcel is called late or lost");
    }
    if settings.cancel.is_none() {
        notes.push("without [cancel] nothing is computed about a cancellation; the pages answer");
    }
    notes
}

fn to_text(settings: &StoreSettings) -> String {
    let mut text = String::new();
    let mut line = |label: &str, value: &str| {
        let _ = writeln!(text, "{label:<10} {value}");
    };
    let basics = &settings.basics;
    line("store", &format!("{}: {} ({})", settings.store, basics.name, basics.domain));
    line("file", &settings.path().display().to_string());
    let countries: Vec<&str> = settings.countries.iter().map(|country| country.code.as_str()).collect();
    line("sells in", &format!("{}; {}; {}", basics.currency.code(), countries.join(", "), basics.languages.join(", ")));
    line("zone", settings.hours.time_zone.iana_name().unwrap_or("fixed offset"));
    match &settings.shopify {
        None => line("shopify", "not set"),
        Some(shopify) => {
            line("shopify", &format!("{}, API {}, {} ms", shopify.shop, shopify.api_version, shopify.deadline_ms));
            if let Some(folder) = &shopify.sandbox {
                line("", &format!("a sandbox with {}", folder.display()));
            }
            if let Some(endpoint) = &shopify.endpoint {
                line("", &format!("through {endpoint}"));
            }
            match shopify.access() {
                Some(Access::Token(token)) => line("", &format!("access_token {}", token.from())),
                Some(Access::Client { id, secret }) => {
                    line("", &format!("client_id {id}, client_secret {}", secret.from()));
                }
                None => {}
            }
            let webhooks = shopify.webhook_secret().map_or_else(|| "not set".into(), |s| s.from().to_string());
            line("", &format!("webhook secret {webhooks}"));
        }
    }
    let identity = &settings.identity;
    let mut ways: Vec<String> = [("claim", identity.claim), ("app proxy", identity.app_proxy), ("code", identity.code)]
        .iter()
        .filter(|(_, on)| *on)
        .map(|(name, _)| (*name).to_owned())
        .collect();
    ways.extend(identity.tokens.iter().map(|key| format!("token {} {}", key.key_id, key.secret.from())));
    line("identity", &if ways.is_empty() { "nobody can prove who they are".to_owned() } else { ways.join(", ") });
    if let Some(smtp) = &identity.smtp {
        line("", &format!("mail through {}:{} as {}", smtp.host, smtp.port, smtp.from.expose()));
    }
    let told: Vec<&str> =
        Destination::ALL.into_iter().filter(|to| settings.handover.has(*to)).map(Destination::as_str).collect();
    line("handover", &if told.is_empty() { "nobody is told of handoffs".to_owned() } else { told.join(", ") });
    match &settings.returns {
        None => line("returns", "not set"),
        Some(rules) => {
            for (i, rule) in rules.rules.iter().chain([&rules.default]).enumerate() {
                line(if i == 0 { "returns" } else { "" }, &format!("{}: {}", rule.id, effect(rule)));
            }
        }
    }
    match &settings.delivery {
        None => line("delivery", "not set"),
        Some(rules) => {
            for (i, method) in rules.methods.iter().enumerate() {
                let (from, to) = method.business_days;
                let to = if from == to {
                    format!("{to} business {}", if to == 1 { "day" } else { "days" })
                } else {
                    format!("{from} to {to} business days")
                };
                let provinces = if method.provinces.is_empty() {
                    String::new()
                } else {
                    format!(" ({})", method.provinces.join(", "))
                };
                line(
                    if i == 0 { "delivery" } else { "" },
                    &format!("{} to {}{provinces}: {to}", method.names.join(" or "), method.countries.join(", ")),
                );
            }
        }
    }
    match &settings.cancel {
        None => line("cancel", "not set"),
        Some(rules) => {
            let faster = rules.faster.iter().map(|f| format!(", {}: {} minutes", f.methods.join(" or "), f.minutes));
            line("cancel", &format!("{} minutes{}", rules.minutes, faster.collect::<String>()));
        }
    }
    text
}

fn effect(rule: &Rule) -> String {
    match &rule.effect {
        Effect::Days(days) => format!("{days} days from delivery"),
        Effect::Until(date) => format!("until {date}"),
        Effect::Never(why) => format!("never, because {why}"),
        Effect::NeverUnless(provided) => format!("only while {provided}"),
    }
}

fn to_json(settings: &StoreSettings) -> Value {
    let basics = &settings.basics;
    let secret = |secret: Option<&store::Secret>| secret.map(|s| s.from().to_string());
    let identity = &settings.identity;
    json!({
        "store": settings.store,
        "file": settings.path(),
        "name": basics.name,
        "domain": basics.domain,
        "currency": basics.currency.code(),
        "languages": basics.languages,
        "countries": settings.countries.iter().map(|c| json!({ "code": c.code, "name": c.name, "currency": c.currency.code() })).collect::<Vec<_>>(),
        "order_number_pattern": basics.order_number_pattern.as_str(),
        "time_zone": settings.hours.time_zone.iana_name(),
        "shopify": settings.shopify.as_ref().map(|s| json!({
            "shop": s.shop,
            "api_version": s.api_version,
            "endpoint": s.endpoint,
            "sandbox": s.sandbox,
            "deadline_ms": s.deadline_ms,
            "access_token": secret(s.access_token.as_ref()),
            "client_id": s.client_id,
            "client_secret": secret(s.client_secret.as_ref()),
            "webhook_secret": secret(s.webhook_secret()),
        })),
        "identity": {
            "claim": identity.claim,
            "app_proxy": identity.app_proxy,
            "code": identity.code,
            "tokens": identity.tokens.iter().map(|key| json!({ "key_id": key.key_id, "secret": secret(Some(&key.secret)) })).collect::<Vec<_>>(),
            "smtp": identity.smtp.as_ref().map(|s| json!({
                "host": s.host, "port": s.port, "user": s.user, "password": secret(s.password.as_ref()),
                "from": s.from.expose(),
            })),
        },
        "handover": {
            "silent_while_waiting": settings.handover.silent_while_waiting,
            "attempts": settings.handover.attempts,
            "destinations": Destination::ALL.into_iter().filter(|to| settings.handover.has(*to)).collect::<Vec<_>>(),
        },
        "returns": settings.returns.as_ref().map(|rules| rules.rules.iter().chain([&rules.default]).map(|rule| json!({
            "id": rule.id, "says": effect(rule), "page": rule.page,
        })).collect::<Vec<_>>()),
        "delivery": settings.delivery.as_ref().map(|rules| rules.methods.iter().map(|m| json!({
            "names": m.names, "countries": m.countries, "provinces": m.provinces, "business_days": m.business_days,
        })).collect::<Vec<_>>()),
        "cancel": settings.cancel.as_ref().map(|rules| json!({ "minutes": rules.minutes })),
    })
}
