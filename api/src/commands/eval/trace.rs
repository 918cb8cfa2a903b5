//! `eval trace`: recorded turns, answered again from the record.

use super::unprintable;
use crate::commands::{CommandError, Exit};
use crate::store::StoreSettings;
use crate::wiring::House;
use ::eval::measure::MeasureError;
use ::eval::record::{Header, Replayed, Settings, intents_of, replay, risk_of, settings_of};
use clap::Args;
use engine::ports::Ports;
use engine::{Engine, Profiles, StoreProfile};
use serde_json::json;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub struct TraceArgs {
    /// What --record has written. It holds what customers wrote.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// With the engine's settings of today's configuration, to see where they begin to matter, and not with those that
    /// were recorded.
    #[arg(long)]
    configured: bool,
    /// Print one JSON object as the last line.
    #[arg(long)]
    json: bool,
}

/// Sections of a store's settings that decide what is said and hold no secrets. A section that is not named here is not
/// recorded: one that should be shows itself as a difference, a secret in a file would not.
const SAID: [&str; 6] = ["countries", "hours", "returns", "delivery", "cancel", "policy"];

/// The settings as a record holds them.
pub fn without_secrets(text: &str, settings: &StoreSettings) -> Result<Settings, toml::de::Error> {
    let mut table: toml::Table = text.parse()?;
    let is_section = |value: &toml::Value| {
        value.is_table() || value.as_array().is_some_and(|all| all.iter().any(toml::Value::is_table))
    };
    table.retain(|key, value| !is_section(value) || SAID.contains(&key));
    Ok(Settings { toml: table.to_string(), identity: settings.profile().identity })
}

pub async fn run(house: &House, args: &TraceArgs) -> Result<Exit, CommandError> {
    let rebuild = |header: &Header, ports: Ports| rebuilt(house, args.configured, header, ports);
    let replayed = replay(&args.file, &rebuild).await.map_err(MeasureError::from)?;
    print!("{}", told(&replayed));
    if args.json {
        let json = json!({
            "turns": replayed.turns.len(),
            "identical": replayed.identical(),
            "differing": replayed.differing().collect::<Vec<_>>(),
            "unreadable": replayed.unreadable,
            "cut": replayed.cut,
        });
        println!("{}", serde_json::to_string(&json).map_err(unprintable)?);
    }
    let good = replayed.differing().next().is_none() && replayed.unreadable.is_empty();
    Ok(if good { Exit::Done } else { Exit::NotGood })
}

/// The engine of a record. Whatever else an engine is given (files beside its settings) has to be in the header, too.
fn rebuilt(house: &House, configured: bool, header: &Header, ports: Ports) -> Result<Engine, String> {
    let mut config = house.config.engine.to_engine();
    if !configured {
        (config, _) = settings_of(header, &config)?;
    }
    let profiles = Profiles::default();
    if let Some(settings) = &header.settings {
        let parsed = StoreSettings::parse(&settings.toml, Path::new("the recorded settings"), &header.store);
        let profile = parsed.map_err(|problems| problems.to_string())?.profile();
        profiles.set(StoreProfile { identity: settings.identity.clone(), ..profile });
    }
    Ok(Engine::new(ports, config).with_intents(intents_of(header)?).with_risk(risk_of(header)?).with_profiles(profiles))
}

fn told(replayed: &Replayed) -> String {
    let mut text = String::new();
    for turn in &replayed.turns {
        if let Some(difference) = &turn.difference {
            text.push_str(&format!("{} / {} (line {}): {}\n", turn.file, turn.id, turn.line, difference.said));
        }
    }
    for broken in &replayed.unreadable {
        text.push_str(&format!("line {} was passed over: {}\n", broken.line, broken.problem));
    }
    if replayed.cut {
        text.push_str("the last line was not finished when the recording ended; it was passed over\n");
    }
    let (identical, turns) = (replayed.identical(), replayed.turns.len());
    if identical == turns {
        text.push_str(&format!("identical: {turns} turns\n"));
    } else {
        text.push_str(&format!("{} of {turns} turns differ, {identical} are identical\n", turns - identical));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::StoreId;
    use engine::reply::IdentityWay;

    #[test]
    fn a_record_holds_a_stores_rules_and_none_of_its_secrets() {
        let text = "name = \"S\"\ndomain = \"s.example\"\ncurrency = \"USD\"\nlanguages = [\"en\"]\n\
                    [hours]\ntime_zone = \"UTC\"\n[shopify]\nshop = \"s.myshopify.com\"\naccess_token = \"shpat_1\"\n\
                    [identity]\nclaim = true\n[returns.default]\nid = \"standard\"\ndays = 14\n";
        let store = StoreId::parse("s").unwrap();
        let settings = StoreSettings::parse(text, Path::new("store.toml"), &store).unwrap_or_else(|e| panic!("{e}"));
        let later = format!("{text}[helpdesk.ours]\ntoken = \"hd_1\"\n[[hooks]]\nkey = \"hk_1\"\n");
        let recorded = without_secrets(&later, &settings).unwrap();
        assert!(!recorded.toml.contains("hd_1") && !recorded.toml.contains("hk_1"), "{}", recorded.toml);
        assert!(!recorded.toml.contains("shpat_1") && !recorded.toml.contains("[identity]"), "{}", recorded.toml);
        let parsed = StoreSettings::parse(&recorded.toml, Path::new("store.toml"), &store);
        let profile = parsed.unwrap_or_else(|e| panic!("{e}")).profile();
        assert_eq!(profile.returns, settings.profile().returns);
        assert_eq!(profile.languages, ["en"]);
        assert_eq!(recorded.identity, settings.profile().identity);
        assert!(recorded.identity.contains(&IdentityWay::OrderNumberAndEmail));
    }
}
