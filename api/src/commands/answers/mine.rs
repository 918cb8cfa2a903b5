//! `shopclerk answers mine`: what is asked most, counted, with a draft for each question.

use super::args::MineArgs;
use crate::{
    approved::{
        mine::{Cluster, Drafted, Drafter, clusters},
        questions::{Gathered, Origin, Reader},
    },
    commands::{CommandError, Exit, ask::Unfiled, operator, show::Bar},
    store::{StoreError, StoreSettings},
    wiring::{House, LoadedModels},
};
use engine::{Engine, StorePass};
use serde_json::json;
use std::sync::Arc;

pub async fn run(mut house: House, args: MineArgs) -> Result<Exit, CommandError> {
    if args.no_generator || args.dry_run {
        house.config.models.generator = "none".into();
    }
    if !(0.0..=1.0).contains(&args.near) {
        return Err(CommandError::Said(format!("--near: {} is no cosine; say a number from 0 to 1", args.near)));
    }
    house.move_to(&args.store);
    let pass = operator(&args.store);
    let desks = house.desks();
    let from = if args.from.is_empty() { Origin::ALL.to_vec() } else { args.from.clone() };
    let gathered = reader(&house, &args)?.gather(&desks, &house.place(&pass)?, &pass, &from).await?;
    let models = house.load_models().await?;
    let bar = Bar::new();
    bar.count("embedding", gathered.asked.len());
    let found = clusters(&gathered, models.embedder.as_ref(), args.near, &|done, total| bar.reached(done, total)).await;
    bar.clear();
    let mut found = found.map_err(crate::approved::mine::MineError::from)?;
    let all = found.len();
    found.truncate(args.limit);
    let mut drafted = Vec::new();
    if !args.dry_run {
        let engine = engine(&house, &models, &desks)?;
        drafted = draft(&engine, &desks, &pass, &found, &bar).await?;
    }
    if args.json {
        let outcomes = (0..found.len()).map(|i| json!({ "cluster": found[i], "draft": drafted.get(i) }));
        let outcomes: Vec<_> = outcomes.collect();
        let left_out: Vec<_> = gathered.left_out.iter().map(|(why, n)| json!({ "why": why, "count": n })).collect();
        println!(
            "{:#}",
            json!({ "questions": gathered.asked.len(), "left_out": left_out, "clusters": all, "looked_at": outcomes })
        );
    } else {
        print!("{}", to_text(&gathered, all, &found, &drafted));
    }
    Ok(Exit::Done)
}

/// The engine that serves customers, before a desk that files nothing.
fn engine(house: &House, models: &LoadedModels, desks: &Arc<crate::db::desk::Desks>) -> Result<Engine, CommandError> {
    Ok(house.engine(models, Arc::new(Unfiled), &house.live(desks)?)?)
}

fn reader(house: &House, args: &MineArgs) -> Result<Reader, CommandError> {
    let pattern = match StoreSettings::of(&house.places.data, &args.store) {
        Ok(settings) => settings.basics.order_number_pattern.to_string(),
        // Shopify's own numbers, where nothing else is said.
        Err(StoreError::Missing(_)) => r"#\d{4,}".to_owned(),
        Err(error) => return Err(error.into()),
    };
    Reader::new(&pattern).map_err(|e| CommandError::Said(e.to_string()))
}

async fn draft(
    engine: &Engine,
    desks: &crate::db::desk::Desks,
    pass: &StorePass,
    found: &[Cluster],
    bar: &Bar,
) -> Result<Vec<Drafted>, CommandError> {
    let drafter = Drafter { engine, desks, pass };
    let known = drafter.known().await?;
    bar.count("drafting", found.len());
    let mut drafted = Vec::new();
    for (at, cluster) in found.iter().enumerate() {
        let outcome = drafter.draft(cluster, &known).await;
        bar.set(at + 1);
        drafted.push(outcome.inspect_err(|_| bar.clear())?);
    }
    bar.clear();
    Ok(drafted)
}

fn to_text(gathered: &Gathered, all: usize, found: &[Cluster], drafted: &[Drafted]) -> String {
    let mut text = format!("{} questions, {all} different ones", gathered.asked.len());
    for (why, count) in &gathered.left_out {
        text.push_str(&format!("; {count} {}", why.as_str()));
    }
    text.push('\n');
    for (at, cluster) in found.iter().enumerate() {
        text.push_str(&format!("{:>5} x  {}\n", cluster.asked, cluster.question));
        for also in cluster.variants.iter().filter(|v| **v != cluster.question).take(2) {
            text.push_str(&format!("         also: {also}\n"));
        }
        let Some(outcome) = drafted.get(at) else { continue };
        let line = match outcome {
            Drafted::Saved { id, text } => format!("drafted as {id}: {text}"),
            Drafted::Covered { id } => format!("answered by {id}"),
            Drafted::Known { id } => format!("known as {id}"),
            Drafted::Live => "answered from live data".to_owned(),
            Drafted::Conversation => "only a past conversation answers it; write it on a page".to_owned(),
            Drafted::AsksBack => "a question back is the answer".to_owned(),
            Drafted::Unanswered { why } => {
                format!("the pages do not answer it ({})", crate::commands::show::reason(*why))
            }
        };
        text.push_str(&format!("         {line}\n"));
    }
    let count = |is: &dyn Fn(&Drafted) -> bool| drafted.iter().filter(|d| is(d)).count();
    let saved = count(&|d| matches!(d, Drafted::Saved { .. }));
    let covered = count(&|d| matches!(d, Drafted::Covered { .. }));
    let known = count(&|d| matches!(d, Drafted::Known { .. }));
    if !drafted.is_empty() {
        text.push_str(&format!("{saved} drafted, {covered} answered already, {known} known\n"));
    }
    text
}
