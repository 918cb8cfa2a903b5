//! `shopclerk sync`: sources in, index out.

use super::{CommandError, Exit, cli::SyncArgs, operator, show::Bar};
use crate::{
    approved::recheck::{has_desk, recheck, told},
    db::mirror::Erased,
    shopify,
    store::{StoreError, StoreSettings},
    wiring::House,
};
use engine::store::compare::{Disagreement, Finding, compare};
use ingest::{
    document::Document,
    mask::MaskConfig,
    source::{Failure, ReadOptions},
    sync::{Scope, SyncOptions, SyncReport, from_paths, sync},
};
use jiff::Timestamp;
use serde_json::json;
use std::time::Instant;

pub async fn run(house: &House, args: SyncArgs) -> Result<Exit, CommandError> {
    let started = Instant::now();
    let mut mask = MaskConfig::keeping(args.keep);
    if let Some(pattern) = &args.order_number {
        mask = mask.with_order_number(pattern).map_err(|e| CommandError::Said(format!("--order-number: {e}")))?;
    }
    let read = ReadOptions { currency: args.currency, mask, ..ReadOptions::default() };
    let mut options =
        SyncOptions { allow_mass_removal: args.allow_mass_removal, chunks: house.chunks(), ..SyncOptions::default() };
    let pass = operator(&args.store);
    let (mut erased, mut from_shopify) = (Erased::default(), Vec::new());
    if let Some(mirror) = house.mirrors().existing(&pass).await? {
        erased = mirror.erased().await?;
        if args.rebuild {
            // Before the files: where both have a document of one id, Shopify's is taken.
            from_shopify = shopify::index::everything(&mirror).await;
        }
    }
    if args.rebuild {
        options.scope = Scope::Everything;
    }
    let files = from_paths(&args.paths, &read)?;
    let is_erased = |item: &Result<Document, Failure>| item.as_ref().is_ok_and(|read| erased.contains(&read.id));
    let source = |sink: &mut dyn FnMut(Result<Document, Failure>)| {
        from_shopify.into_iter().for_each(&mut *sink);
        files(&mut |item| {
            if !is_erased(&item) {
                sink(item);
            }
        })
    };
    let settings = match StoreSettings::of(&house.places.data, &args.store) {
        Ok(settings) => Some(settings),
        Err(StoreError::Missing(_)) => None,
        // The sources are no worse for it.
        Err(error) => {
            eprintln!("the rules are not compared with the pages, because the settings are wrong:\n{error}");
            None
        }
    };
    let embedder = house.load_embedder().await?;
    let (mut target, _lock) = house.sync_target(&pass, embedder, args.rebuild).await?;
    let bar = Bar::new();
    let report = sync(&mut target, source, &options, &bar).await;
    bar.clear();
    let report = report?;
    let seconds = started.elapsed().as_secs_f64();
    // After the index: what it holds now is what answers must rest on.
    let reopened = if has_desk(&house.places.data, &pass) {
        recheck(&house.desks(), &house.place(&pass)?, &pass).await?
    } else {
        Vec::new()
    };
    let disagreements = settings.as_ref().map(|settings| disagreements(settings, &report));
    if args.json {
        let mut json = to_json(&report, disagreements.as_deref(), seconds);
        json["answers_reopened"] = json!(reopened);
        println!("{json:#}");
    } else {
        print!("{}{}", to_text(&report, seconds), disagreements.as_deref().map(said).unwrap_or_default());
        print!("{}", told(&reopened));
    }
    finish(&report)
}

/// Whether the index is what it should be.
pub fn finish(report: &SyncReport) -> Result<Exit, CommandError> {
    if let Some(doc) = report.probe.found.first() {
        return Err(CommandError::Said(format!(
            "{doc} was removed and is still found (and {} more); rebuild the index with --rebuild",
            report.probe.found.len() - 1
        )));
    }
    Ok(if report.failed.is_empty() { Exit::Done } else { Exit::SomeFailed })
}

pub fn to_text(report: &SyncReport, seconds: f64) -> String {
    let SyncReport { new, changed, removed, unchanged, kept, failed, .. } = report;
    let mut text =
        format!("{new} new, {changed} changed, {removed} removed, {unchanged} unchanged, {} failed\n", failed.len());
    for failure in failed {
        text.push_str(&format!("  failed: {failure}\n"));
    }
    if *kept > 0 {
        text.push_str(&format!("  {kept} documents stay as they were, because their source could not be read\n"));
    }
    for skipped in &report.tally.skipped {
        text.push_str(&format!("  left out: {}, {} ({})\n", skipped.path.display(), skipped.reason, skipped.count));
    }
    if report.probe.documents > 0 {
        text.push_str(&format!("  {} removed documents were looked for, none is found\n", report.probe.documents));
    }
    text.push_str(&format!(
        "{} chunks in the index; {} embedded, {} reused, {seconds:.1} s\n",
        report.chunks, report.chunks_embedded, report.chunks_reused
    ));
    text
}

/// Where the store's rules and the pages that were just read say different things.
pub fn disagreements(settings: &StoreSettings, report: &SyncReport) -> Vec<Disagreement> {
    let today = Timestamp::now().to_zoned(settings.hours.time_zone.clone()).date();
    compare(&settings.profile(), &report.pages, today)
}

pub fn said(disagreements: &[Disagreement]) -> String {
    if disagreements.is_empty() {
        return "the rules and the pages agree\n".into();
    }
    let mut text =
        format!("THE RULES AND THE PAGES DISAGREE in {} places; mend the one or the other:\n", disagreements.len());
    for Disagreement { section, rule, key, rule_says, page, finding } in disagreements {
        text.push_str(&format!("  {section}, '{rule}', {key}: the rules say \"{rule_says}\"; "));
        text.push_str(&match finding {
            Finding::Contradicted { sentence } => format!("{page} says \"{sentence}\"\n"),
            Finding::NotStated => format!("{page} does not say so\n"),
            Finding::NoSuchPage => format!("{page}, which it names, was not read\n"),
        });
    }
    text
}

pub fn to_json(report: &SyncReport, disagreements: Option<&[Disagreement]>, seconds: f64) -> serde_json::Value {
    let failed: Vec<_> =
        report.failed.iter().map(|f| json!({ "path": f.path, "line": f.line, "reason": f.reason })).collect();
    let skipped: Vec<_> =
        report.tally.skipped.iter().map(|s| json!({ "path": s.path, "count": s.count, "reason": s.reason })).collect();
    json!({
        "new": report.new,
        "changed": report.changed,
        "removed": report.removed,
        "unchanged": report.unchanged,
        "kept": report.kept,
        "failed": failed,
        "skipped": skipped,
        "chunks": report.chunks,
        "chunks_embedded": report.chunks_embedded,
        "chunks_reused": report.chunks_reused,
        "probed": report.probe.documents,
        // Null where the store has no settings to compare with.
        "disagreements": disagreements,
        "seconds": seconds,
    })
}
