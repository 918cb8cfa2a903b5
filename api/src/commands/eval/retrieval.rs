//! `eval retrieval`.

use super::args::RetrievalArgs;
use super::bar::Bar;
use super::index::{Over, PackLibrary};
use crate::commands::CommandError;
use crate::wiring::{House, LoadedModels};
use ::eval::report::Report;
use ::eval::results::write_whole;
use ::eval::suite::{Mode, RetrievalPlan, Scope, measure_retrieval};
use engine::DocId;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// Measures and prints. `models` are those that are loaded already.
pub async fn measure(
    mut house: House,
    args: &RetrievalArgs,
    models: Option<LoadedModels>,
) -> Result<Report, CommandError> {
    house.config.models.generator = "none".into();
    let models = match models {
        Some(models) => models,
        None => house.load_models().await?,
    };
    let plan = RetrievalPlan {
        packs: args.pack.clone(),
        files: args.file.clone(),
        modes: args.mode.iter().copied().map(Mode::from).collect(),
        scope: if args.whole_corpus { Scope::WholeCorpus } else { Scope::AnsweringKinds },
        without_verbatim: args.without_verbatim,
        exclude: args.exclude_docs.as_deref().map(document_names).transpose()?.unwrap_or_default(),
        candidates: house.config.engine.candidates,
        baselines: !args.no_baselines,
        limit: args.common.limit,
        bootstrap: args.common.bootstrap(),
        cluster: args.cluster.clone(),
        cache: Some(house.places.data.join("eval").join("baselines")),
        out: args.common.out.clone(),
        system: super::asking::system(&house, &models, None),
    };
    let bar = Arc::new(Bar::new());
    let library = PackLibrary::new(house, models.clone(), Over::Sample, bar.clone())?;
    let measured = measure_retrieval(&plan, &library, models.embedder, &*bar).await?;
    for table in measured.report.tables() {
        println!("{table}");
    }
    if let Some(out) = &args.common.out {
        let text: String = measured.lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
        write_whole(&out.join("rankings.jsonl"), &text)?;
        super::asking::write_summary(out, "rankings.json", &measured.report)?;
    }
    Ok(measured.report)
}

fn document_names(file: &Path) -> Result<BTreeSet<DocId>, CommandError> {
    let text = fs::read_to_string(file).map_err(CommandError::io(format!("{} cannot be read", file.display())))?;
    Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| DocId(line.to_owned())).collect())
}
