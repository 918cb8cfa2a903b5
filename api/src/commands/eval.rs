//! `shopclerk eval`: measures with the engine, the index and the models that serve customers.

mod args;
mod asking;
mod bar;
mod calibrate;
mod counterfactual;
mod desk;
mod endpoint;
mod import;
mod index;
mod judge;
mod label;
mod live;
mod memory;
mod own;
mod reading;
mod results;
mod retrieval;
mod robustness;
mod sample_size;
mod shop;
mod signed_off;
mod trace;
mod unsearched;

pub use args::EvalArgs;

use super::{CommandError, Exit};
use crate::wiring::{House, LoadedModels, SystemClock};
use ::eval::report::Report;
use ::eval::unit::Task;
use args::{Common, What};
use desk::NoDesk;
use engine::ports::{Knowledge, Ports};
use std::sync::Arc;

pub async fn run(house: House, args: EvalArgs) -> Result<Exit, CommandError> {
    match args.what {
        What::Retrieval(args) => {
            let report = retrieval::measure(house, &args, None).await?;
            finish(&args.common, report)
        }
        What::Questions(args) => asking::over_store(house, &args).await,
        What::Qa(args) => asking::over_packs(house, &args, &[Task::Qa]).await,
        What::Decisions(args) => {
            asking::over_packs(house, &args, &[Task::Decisions, Task::Intents, Task::OutOfScope, Task::Questions]).await
        }
        What::Attacks(args) => asking::over_packs(house, &args, &[Task::Attacks, Task::Benign, Task::Poisoned]).await,
        What::Replay(args) => asking::over_packs(house, &args, &[Task::Replay]).await,
        What::All(args) => asking::everything(house, &args).await,
        What::Live(args) => live::run(house, args).await,
        What::Robustness(args) => robustness::run(house, &args).await,
        What::Judge(args) => judge::run(house, &args).await,
        What::Read(args) => reading::run(&args),
        What::SampleSize(args) => sample_size::run(&args),
        What::Import(args) => import::run(&house, args).await,
        What::Label(args) => label::run(args).await,
        What::Calibrate(args) => calibrate::run(house, &args).await,
        What::Compare(args) => results::compare(&args),
        What::Gate(args) => results::gate(&args),
        What::Report(args) => results::report(&args),
        What::Trace(args) => trace::run(&house, &args).await,
        What::Counterfactual(args) => counterfactual::run(house, &args).await,
    }
}

/// The engine's ports without its desk: what is asked here must reach no person.
pub(crate) fn ports(models: &LoadedModels, knowledge: Arc<dyn Knowledge>) -> Ports {
    let LoadedModels { embedder, reranker, generator, intents: _ } = models.clone();
    let (handoffs, clock) = (Arc::new(NoDesk), Arc::new(SystemClock));
    Ports {
        embedder,
        reranker,
        generator,
        knowledge,
        handoffs,
        approved: None,
        catalogue: None,
        contacts: None,
        storefront: None,
        clock,
    }
}

/// The last line of `--json`; slices are in the folder of the results.
fn finish(common: &Common, mut report: Report) -> Result<Exit, CommandError> {
    if common.json {
        for run in &mut report.runs {
            run.slices.clear();
            run.confusion = None;
        }
        println!("{}", serde_json::to_string(&report).map_err(unprintable)?);
    }
    Ok(Exit::Done)
}

fn unprintable(error: serde_json::Error) -> CommandError {
    CommandError::Said(format!("the results cannot be written as JSON: {error}"))
}
