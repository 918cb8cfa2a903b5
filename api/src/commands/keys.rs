//! `shopclerk keys`: who may call the HTTP API.

use super::{
    CommandError, Exit,
    cli::{KeysArgs, KeysCommand},
};
use crate::{db::keys::role_name, wiring::House};
use jiff::Timestamp;

pub async fn run(house: &House, args: KeysArgs) -> Result<Exit, CommandError> {
    let keys = house.keys().await?;
    match args.command {
        KeysCommand::Create { store, role } => {
            let made = keys.create(&store, role.into(), Timestamp::now()).await?;
            eprintln!(
                "{} for the store '{store}', role {}. It is shown once and kept nowhere:",
                made.record.id,
                role_name(made.record.role)
            );
            // Alone on standard output, so that KEY=$(shopclerk keys create ...) works.
            println!("{}", made.secret);
        }
        KeysCommand::List { store } => {
            let records = keys.list(store.as_ref()).await?;
            if records.is_empty() {
                eprintln!("no keys; make one with `shopclerk keys create --store STORE`");
            }
            for key in records {
                let state = key.revoked_at.map_or_else(|| "in force".into(), |at| format!("revoked {at:.0}"));
                println!(
                    "{}  {}...  {:<20} {:<10}  made {:.0}  {state}",
                    key.id,
                    key.prefix,
                    key.store.as_str(),
                    role_name(key.role),
                    key.created_at
                );
            }
        }
        KeysCommand::Revoke { id } => {
            if !keys.revoke(&id, Timestamp::now()).await? {
                return Err(CommandError::Said(format!(
                    "there is no key '{id}' in force; `shopclerk keys list` prints the ids"
                )));
            }
            eprintln!("{id} is revoked; a running server refuses it within two seconds");
        }
    }
    Ok(Exit::Done)
}
