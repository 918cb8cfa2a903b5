//! `eval calibrate`: from labelled questions to the file that decides what may be said.

mod args;

pub use args::CalibrateArgs;

use super::args::Common;
use super::asking::{ALL, Ready, over};
use super::bar::Bar;
use super::unprintable;
use crate::commands::{CommandError, Exit};
use crate::wiring::House;
use ::eval::Progress;
use ::eval::calibrate::pairs::{self, PairFeatures, PlainFeatures};
use ::eval::calibrate::{Calibrated, Item, Plan, Wanted, calibrate, gather, table};
use ::eval::measure::{Measured, measure, measure_file};
use ::eval::page;
use ::eval::results::write_whole;
use ::eval::statistics::Bootstrap;
use engine::decide::{Decides, FORMAT, FittedOn, System};
use engine::ports::Embedder;
use engine::{RiskModel, Signals};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// What was learned from, whatever it was.
struct Labelled {
    decides: Decides,
    names: Vec<String>,
    items: Vec<Item>,
    files: Vec<String>,
    content: String,
    system: System,
}

pub async fn run(house: House, args: &CalibrateArgs) -> Result<Exit, CommandError> {
    args.check()?;
    let labelled = match &args.matcher {
        Some(path) => matched(&house, args, path).await?,
        None => asked(house, args).await?,
    };
    let plan = Plan {
        names: labelled.names.clone(),
        folds: args.folds.into(),
        held_out: args.held_out,
        calibration: args.calibration.into(),
        wanted: Wanted { method: args.bound.into(), at_most: args.max_wrong, confidence: args.confidence },
        bootstrap: Bootstrap { resamples: 2000, seed: args.seed },
    };
    let calibrated = calibrate(&labelled.items, &plan)?;
    let text = table::text(&calibrated);
    print!("{text}");
    let model = model(args, &labelled, &calibrated);
    let written = model.bound.is_some() || args.without_bound;
    if written {
        let json = serde_json::to_string_pretty(&model).map_err(unprintable)?;
        write_whole(&args.out, &(json + "\n"))?;
        println!("{}", args.out.display());
    } else {
        println!("nothing is written: --without-bound writes what costs least, and promises nothing");
    }
    if let Some(html) = &args.html {
        let what = labelled.files.join(", ");
        write_whole(html, &page::calibration::html(&what, &calibrated, &model, &text))?;
        println!("{}", html.display());
    }
    if args.json {
        println!("{}", summary(&model, &calibrated, written.then_some(&args.out)));
    }
    Ok(if written { Exit::Done } else { Exit::NotGood })
}

/// Everything labelled that the packs hold, with nothing held back.
async fn asked(house: House, args: &CalibrateArgs) -> Result<Labelled, CommandError> {
    let ready = Ready::open(house, &args.answering).await?;
    let common = Common { json: args.json, out: args.results.clone(), limit: args.limit, seed: args.seed };
    let plan = ready.planned(&args.answering, &common, &args.pack, &ALL, &args.file)?;
    let measured = match (&args.questions, &args.store) {
        (Some(file), Some(store)) => {
            measure_file(&plan, store.as_str(), file, ready.store(store).await?, &*ready.bar).await?
        }
        (Some(_) | None, _) => {
            let index = ready.index(over(args.store.as_ref(), args.over.as_deref()))?;
            measure(&plan, &*index, &*ready.bar).await?
        }
    };
    let names = Signals::features(args.signals.into());
    let lines = measured.asked.iter().flat_map(|asked| asked.lines.iter().map(|line| (asked.run.pack.as_str(), line)));
    let gathered = gather(lines, &names, &args.costs, args.tolerate_incomplete);
    for note in measured.notes.iter().chain(&table::passed_over(&gathered)) {
        println!("note: {note}");
    }
    Ok(Labelled {
        decides: Decides::Answer,
        names,
        items: gathered.items,
        files: files(&measured),
        content: digest(measured.asked.iter().map(|asked| asked.content.as_bytes())),
        system: ready.fitted_with().unwrap_or_default(),
    })
}

fn files(measured: &Measured) -> Vec<String> {
    measured.asked.iter().map(|asked| format!("{}/{}", asked.run.pack, asked.run.file)).collect()
}

fn digest<'a>(parts: impl Iterator<Item = &'a [u8]>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
        hash.update([0]);
    }
    hex::encode(hash.finalize())
}

/// How many questions are embedded at once.
const BATCH: usize = 64;

/// Pairs of questions, by what they share and by their embeddings.
async fn matched(house: &House, args: &CalibrateArgs, path: &Path) -> Result<Labelled, CommandError> {
    let pairs = pairs::pairs(path)?;
    let embedder = house.load_embedder().await?;
    let bar = Bar::new();
    bar.begin("pairs", pairs.len().div_ceil(BATCH));
    let mut cosines = Vec::new();
    for batch in pairs.chunks(BATCH) {
        let both = batch.iter().flat_map(|pair| [pair.question.clone(), pair.answer_question.clone()]);
        let vectors = embedder.embed_passages(&both.collect::<Vec<_>>()).await.map_err(|error| {
            CommandError::Said(format!("{}: the questions could not be embedded: {error}", path.display()))
        })?;
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum::<f64>();
        cosines.extend(vectors.chunks(2).map(|pair| dot(&pair[0].values, &pair[1].values)));
        bar.step();
    }
    bar.end();
    let bytes = std::fs::read(path).map_err(CommandError::io(format!("{} cannot be read", path.display())))?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Labelled {
        decides: Decides::SameQuestion,
        names: PlainFeatures.names(),
        items: pairs::items(&pairs, &cosines, &PlainFeatures, &args.costs),
        files: vec![name],
        content: digest(std::iter::once(bytes.as_slice())),
        system: house.system_of(embedder.as_ref()),
    })
}

/// A bound stands in the file where one was proved, and nowhere else.
fn model(args: &CalibrateArgs, labelled: &Labelled, calibrated: &Calibrated) -> RiskModel {
    RiskModel {
        format: FORMAT,
        decides: labelled.decides,
        scorer: calibrated.scorer.clone(),
        threshold: calibrated.threshold,
        costs: args.costs,
        bound: calibrated.bound.as_ref().ok().cloned(),
        quality: calibrated.held_out,
        reliability: calibrated.reliability.clone(),
        fitted_on: Some(FittedOn {
            files: labelled.files.clone(),
            questions: labelled.items.len(),
            answers: calibrated.answers_fitted,
            clusters: calibrated.clusters,
            content: labelled.content.clone(),
            date: args.date,
            system: labelled.system.clone(),
            penalty: calibrated.penalty,
            seed: args.seed,
            incomplete_tolerated: args.tolerate_incomplete,
        }),
    }
}

fn summary(model: &RiskModel, calibrated: &Calibrated, written: Option<&PathBuf>) -> Value {
    let shortfall = calibrated.bound.as_ref().err().map(
        |s| json!({"threshold": s.threshold, "n": s.n, "wrong": s.wrong, "at_most": s.at_most, "needed": s.needed}),
    );
    json!({"calibration": {
        "files": model.fitted_on.as_ref().map(|fitted| &fitted.files),
        "questions": calibrated.all().len(),
        "clusters": calibrated.clusters,
        "threshold": model.threshold,
        "cost": calibrated.cost_at(model.threshold),
        "cost_all_answered": calibrated.cost_at(0.0),
        "cost_none_answered": calibrated.cost_at(f64::INFINITY),
        "answered_share": calibrated.answered_share,
        "bound": model.bound,
        "shortfall": shortfall,
        "out_of_fold": calibrated.out_of_fold,
        "held_out": calibrated.held_out,
        "reliability": model.reliability,
        "penalty": calibrated.penalty,
        "written": written,
    }})
}
