//! `shopclerk answers calibrate`: the weights of the matcher, fitted with the embedder that is in use.

use super::args::CalibrateArgs;
use crate::{
    commands::{CommandError, Exit},
    db::answers::model_in,
    wiring::House,
};
use ::eval::{
    matcher::{Calibrated, SHIPPED, calibrate, parse},
    statistics::{bins, wilson},
};
use serde_json::json;
use std::path::Path;

pub async fn run(house: &House, args: CalibrateArgs) -> Result<Exit, CommandError> {
    let mut answers = if args.only { Vec::new() } else { parse(SHIPPED, "the shipped questions")? };
    for path in &args.pairs {
        let text = std::fs::read_to_string(path);
        let text = text.map_err(CommandError::io(format!("{}: the file cannot be read", path.display())))?;
        answers.extend(parse(&text, &path.display().to_string())?);
    }
    let embedder = house.load_embedder().await?;
    let calibrated = calibrate(&answers, embedder.as_ref()).await?;
    let written = serde_json::to_string_pretty(&calibrated.model);
    let written =
        written.map_err(|e| CommandError::Said(format!("the weights cannot be written as JSON: {e}")))? + "\n";
    for path in args.out.iter().cloned().chain(args.take.then(|| model_in(&house.places.data))) {
        write(&path, &written)?;
        eprintln!("written: {}", path.display());
    }
    if args.json {
        println!("{:#}", json!({ "model": calibrated.model, "barred": calibrated.barred }));
    } else {
        print!("{}", to_text(&calibrated, args.verbose));
    }
    Ok(Exit::Done)
}

/// Beside it first, so that a server never reads half a file.
fn write(path: &Path, text: &str) -> Result<(), CommandError> {
    let doing = || CommandError::io(format!("{}: the weights cannot be written", path.display()));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(doing())?;
    let file = tempfile::NamedTempFile::new_in(folder).map_err(doing())?;
    std::fs::write(file.path(), text).map_err(doing())?;
    file.persist(path).map_err(|error| doing()(error.error))?;
    Ok(())
}

fn to_text(calibrated: &Calibrated, verbose: bool) -> String {
    let Calibrated { model, judged, barred } = calibrated;
    let fitted = &model.fitted;
    let same = judged.iter().filter(|(pair, _)| pair.same).count();
    let mut text = format!(
        "{} pairs of {} shops ({same} answer the question), {barred} more refused by rule; embedder {}\n\
         on shops left out: calibration error {:.3}, AUC {:.3}\n",
        fitted.pairs, fitted.shops, model.embedder, fitted.calibration_error, fitted.auc
    );
    let used: Vec<bool> = judged.iter().filter(|(_, p)| *p as f32 >= model.bound).map(|(pair, _)| pair.same).collect();
    let right = used.iter().filter(|same| **same).count();
    if let Some(interval) = wilson(right, used.len()) {
        text.push_str(&format!(
            "bound {:.2}: {right} of {} used are right ({:.1} %, 95 % interval {:.1} to {:.1}), {:.1} % of what could be \
             answered is\n",
            model.bound,
            used.len(),
            100.0 * interval.value,
            100.0 * interval.low,
            100.0 * interval.high,
            100.0 * fitted.recall
        ));
    }
    text.push_str("probability   pairs   said   came true\n");
    let observed: Vec<(f64, bool)> = judged.iter().map(|(pair, p)| (*p, pair.same)).collect();
    for (at, bin) in bins(&observed).iter().enumerate().filter(|(_, bin)| bin.n > 0) {
        let n = bin.n as f64;
        let from = at as f64 / 10.0;
        text.push_str(&format!(
            "{from:.1} to {:.1}    {:>5}   {:.2}   {:.2}\n",
            from + 0.1,
            bin.n,
            bin.said / n,
            bin.came as f64 / n
        ));
    }
    if verbose {
        let mut sorted: Vec<_> = judged.iter().collect();
        sorted.sort_by(|a, b| b.1.total_cmp(&a.1));
        for (pair, probability) in sorted {
            let is = if pair.same { "same " } else { "other" };
            text.push_str(&format!("{probability:.2} {is} {} › {}: {}\n", pair.shop, pair.answer, pair.question));
        }
    }
    text
}
