//! `shopclerk index`: where an index lives.

use super::{
    CommandError, Exit,
    cli::{IndexArgs, IndexCommand},
    operator,
    show::Bar,
};
use crate::wiring::House;
use ingest::index::push::push;

pub async fn run(house: &House, args: IndexArgs) -> Result<Exit, CommandError> {
    let IndexCommand::Push { store, to } = args.command;
    let bar = Bar::new();
    bar.count("pushing", 0);
    let progress = |done: usize, total: usize| bar.reached(done, total);
    let pushed = push(&house.library(), &operator(&store), &house.server_at(&to), &progress).await;
    bar.clear();
    let pushed = pushed?;
    println!("{} chunks of '{store}' are at {to}", pushed.chunks);
    if house.config.index.url != to {
        eprintln!("to answer from there, set index.url = \"{to}\" in shopclerk.toml");
    }
    Ok(Exit::Done)
}
