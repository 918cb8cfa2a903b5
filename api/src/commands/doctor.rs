//! `shopclerk doctor`: what this machine can hold, and what is here.

use super::{CommandError, Exit, show};
use crate::{
    error::chain,
    machine::Machine,
    shopify::shop::connection,
    store::{self, StoreError, StoreSettings},
    wiring::House,
};
use engine::StoreId;
use ingest::{
    index::generation::Generations,
    shopify::{Deadline, Shop, doctor::Need},
};
use models::{catalog::Entry, weights::WeightsError};
use std::{fs, path::Path, process::Command, time::Duration};

pub async fn run(house: &House) -> Result<Exit, CommandError> {
    // The settings were read and validated before any command runs.
    println!("settings   right; listens on {}", house.config.http.bind);
    let Machine { cores, memory } = house.machine;
    let memory = memory.map_or_else(|| "unknown memory".into(), |bytes| format!("{} of memory", show::size(bytes)));
    let profile = house.machine.profile();
    println!("machine    {cores} cores, {memory}: profile '{}'", profile.name);

    let mut good = folder("data", &house.places.data);
    good &= folder("models", &house.places.models);

    let catalog = house.catalog()?;
    println!("embedder   {}", state(house, catalog.get(&house.config.models.embedder)?, &mut good));
    match house.config.models.reranker.as_str() {
        name @ ("none" | "late-interaction") => println!("reranker   {name}"),
        name => println!("reranker   {}", state(house, catalog.get(name)?, &mut good)),
    }
    match house.generator_entry()? {
        Some(entry) => println!("generator  {}", state(house, &entry, &mut good)),
        None if house.config.models.generator == "auto" && !profile.generators.is_empty() => println!(
            "generator  none is here; answers are sentences of the sources. Fetch one: shopclerk models pull {}",
            profile.generators.join(", or ")
        ),
        None => println!("generator  none; answers are sentences of the sources"),
    }
    good &= risk(house);
    stores(house)?;
    for (store, settings) in store::all_in(&house.places.data) {
        good &= shop(&store, settings).await;
    }
    let pip = Command::new("python3").args(["-m", "pip", "--version"]).output();
    let pip = pip.is_ok_and(|output| output.status.success());
    let pip =
        if pip { "here: weights can come from wheels" } else { "not here: weights come from the hub or a folder" };
    println!("pip        {pip}");
    Ok(if good { Exit::Done } else { Exit::NotGood })
}

/// What decides whether an answer is given.
fn risk(house: &House) -> bool {
    match house.risk_file() {
        Ok(None) => {
            println!("risk       no file; answers are given from a coverage of {} on", house.config.engine.coverage)
        }
        Ok(Some((path, model))) => {
            let promised = model.bound.map_or("it promises nothing".to_owned(), |bound| {
                format!("at most {} wrong ({:?}, {} clusters)", bound.risk_upper, bound.method, bound.n)
            });
            println!("risk       {}: answers are given from {:.4} on; {promised}", path.display(), model.threshold);
        }
        Err(error) => {
            println!("risk       {}", chain(&error));
            return false;
        }
    }
    true
}

/// What Shopify says of a store's connection: which version answers, what the key may do, and what is missing.
async fn shop(store: &StoreId, settings: Result<StoreSettings, StoreError>) -> bool {
    let say = |what: &str| println!("shopify    {store}: {}", what.replace('\n', "\n           "));
    let shopify = match settings {
        Ok(StoreSettings { shopify: Some(shopify), .. }) => shopify,
        Ok(_) => {
            say("not connected; questions about orders go to a person");
            return true;
        }
        Err(error) => {
            say(&chain(&error));
            return false;
        }
    };
    let connection = match connection(&shopify, store) {
        Ok(connection) => connection,
        Err(error) => {
            say(&chain(&error));
            return false;
        }
    };
    let check = match connection.check(Deadline::within(Duration::from_millis(shopify.deadline_ms))).await {
        Ok(check) => check,
        Err(error) => {
            say(&chain(&error));
            return false;
        }
    };
    let complaints = check.complaints();
    let Shop { name, currency, time_zone, .. } = check.shop.as_ref();
    let served = check.served.as_deref().unwrap_or("unknown");
    let place = if shopify.sandbox.is_some() { " (the sandbox within this process)" } else { "" };
    say(&format!("{name}, {currency}, {time_zone}; version {} asked, {served} served{place}", check.asked));
    for scope in check.scopes.iter().filter(|scope| !scope.granted && scope.need != Need::Required) {
        println!("           without {}: {}", scope.scope, scope.why);
    }
    for complaint in &complaints {
        println!("           {complaint}");
    }
    complaints.is_empty()
}

fn folder(name: &str, path: &Path) -> bool {
    let writable = fs::create_dir_all(path).and_then(|()| tempfile_in(path));
    match writable {
        Ok(()) => println!("{name:<10} {}", path.display()),
        Err(ref error) => println!("{name:<10} {} cannot be written: {error}", path.display()),
    }
    writable.is_ok()
}

fn tempfile_in(path: &Path) -> std::io::Result<()> {
    let probe = path.join(format!(".doctor-{}", std::process::id()));
    fs::write(&probe, b"")?;
    fs::remove_file(probe)
}

fn state(house: &House, entry: &Entry, good: &mut bool) -> String {
    match house.model_dir().installed(entry) {
        Ok(files) => format!("{} is here", files.id),
        Err(error) => {
            *good = false;
            match error {
                WeightsError::Missing { .. } => {
                    let size = show::size(entry.bytes());
                    format!("{} is not here ({size}): shopclerk models pull {}", entry.name, entry.name)
                }
                error => error.to_string(),
            }
        }
    }
}

fn stores(house: &House) -> Result<(), CommandError> {
    if let Some(server) = house.server() {
        println!("index      at {}", server.url);
        return Ok(());
    }
    let folder = house.places.data.join("stores");
    let mut names: Vec<StoreId> = fs::read_dir(&folder)
        .map(|entries| entries.flatten().filter_map(|e| e.file_name().to_str()?.parse().ok()).collect())
        .unwrap_or_default();
    names.sort();
    if names.is_empty() {
        println!("stores     none yet: shopclerk sync --store NAME PATH, or shopclerk demo");
    }
    for name in names {
        let indexed = Generations::new(folder.join(name.as_str()).join("index")).current()?.is_some();
        println!("store      {name}: {}", if indexed { "indexed" } else { "not synced yet" });
    }
    Ok(())
}
