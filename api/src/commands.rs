//! The command line: one file for each command. Only here is anything printed.
#![allow(clippy::print_stdout, reason = "results go to standard output, everything else to standard error")]

mod actions;
mod answers;
mod ask;
mod assist;
mod check;
mod cli;
mod conversations;
mod demo;
mod doctor;
mod eval;
mod index;
mod keys;
mod models;
mod outbox;
mod policy;
mod sandbox;
mod serve;
mod shopify;
mod show;
mod store;
mod sync;
mod train;

use crate::{
    config::{self, Config, ConfigError, Sources},
    db::DbError,
    log,
    machine::Machine,
    wiring::{House, HouseClock, Places, SaidPlaces, WiringError},
};
pub(crate) use eval::ports as eval_ports;

use clap::Parser;
use cli::{Cli, Command, Global};
use engine::{StoreId, StorePass};
use std::{error::Error, io, process::ExitCode};

/// How a command ended, for scripts. Usage errors are clap's 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Done,
    /// The command ran, and its result is not good: a demo answer that is wrong, weights that do not verify.
    NotGood,
    /// Some sources could not be read; the rest was synced.
    SomeFailed,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::NotGood => 1,
            Exit::SomeFailed => 3,
        })
    }
}

/// What ends a command. The text says what is wrong and the way out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Wiring(#[from] WiringError),
    #[error(transparent)]
    Intents(#[from] crate::wiring::IntentsError),
    #[error(transparent)]
    Db(#[from] DbError),
    #[error(transparent)]
    Catalog(#[from] ::models::catalog::CatalogError),
    #[error(transparent)]
    Weights(#[from] ::models::weights::WeightsError),
    #[error(transparent)]
    Fixture(#[from] crate::sandbox::FixtureError),
    #[error(transparent)]
    Sync(#[from] ingest::sync::SyncError),
    #[error(transparent)]
    Engine(#[from] engine::answer::EngineError),
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    #[error(transparent)]
    Knowledge(#[from] engine::ports::KnowledgeError),
    #[error(transparent)]
    Pack(#[from] ::eval::pack::PackError),
    #[error(transparent)]
    PackIndex(#[from] ::eval::pack::IndexError),
    #[error(transparent)]
    Retrieval(#[from] ::eval::suite::SuiteError),
    #[error(transparent)]
    Measure(#[from] ::eval::measure::MeasureError),
    #[error(transparent)]
    Calibrate(#[from] ::eval::calibrate::CalibrateError),
    #[error(transparent)]
    Results(#[from] ::eval::results::ResultsError),
    #[error(transparent)]
    Judge(#[from] ::eval::judge::JudgeError),
    #[error(transparent)]
    Import(#[from] ::eval::import::ImportError),
    #[error(transparent)]
    Label(#[from] ::eval::label::LabelError),
    #[error(transparent)]
    Connect(#[from] crate::shopify::shop::ConnectError),
    #[error(transparent)]
    Shopify(#[from] ingest::shopify::ShopifyError),
    #[error(transparent)]
    Fill(#[from] crate::shopify::fill::FillError),
    #[error(transparent)]
    ShopifyIndex(#[from] crate::shopify::index::IndexError),
    #[error(transparent)]
    Erase(#[from] crate::shopify::erase::EraseError),
    #[error(transparent)]
    Approve(#[from] crate::shopify::approve::ApproveError),
    #[error(transparent)]
    Recheck(#[from] crate::approved::recheck::RecheckError),
    #[error(transparent)]
    Mine(#[from] crate::approved::mine::MineError),
    #[error(transparent)]
    Matcher(#[from] ::eval::matcher::MatcherError),
    #[error(transparent)]
    Pairs(#[from] ::eval::matcher::PairsError),
    #[error(transparent)]
    Support(#[from] ::eval::support::SupportError),
    #[error(transparent)]
    Sentences(#[from] ::eval::support::PairsError),
    #[error(transparent)]
    Counterfactual(#[from] crate::counterfactual::CounterfactualError),
    #[error("{what}")]
    Io { what: String, source: io::Error },
    #[error("{0}")]
    Said(String),
}

impl CommandError {
    fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { what: what.into(), source }
    }
}

/// Parses the command line, runs the command, and says what went wrong.
pub fn main() -> ExitCode {
    let Cli { global, command } = Cli::parse();
    match start(&global, command) {
        Ok(exit) => exit.into(),
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn start(global: &Global, command: Command) -> Result<Exit, CommandError> {
    let config = read_config(global)?;
    let serving = matches!(command, Command::Serve(_));
    let filter = if serving { config.log.filter.clone() } else { quiet(&config.log.filter) };
    let log = config::Log { filter, format: config.log.format };
    // Fails only if there is a subscriber already, which is then the one that is wanted.
    let _ = tracing::subscriber::set_global_default(log::subscriber(&log, io::stderr));
    if serving {
        log::report_panics();
    }

    let said = SaidPlaces { data: global.data.clone(), models: global.models.clone() };
    let places = Places::find(said, &config, &|name| std::env::var(name).ok());
    let house = House { config, places, machine: Machine::look(), clock: HouseClock::default() };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(CommandError::io("the threads of this program cannot be started"))?;
    let result = runtime.block_on(run(house, command));
    // A download or a model that is still loading must not hold up the end.
    runtime.shutdown_background();
    result
}

async fn run(house: House, command: Command) -> Result<Exit, CommandError> {
    match command {
        // These stop in their own, orderly way.
        Command::Serve(args) => serve::run(house, args).await,
        Command::Demo(args) => demo::run(house, args).await,
        Command::Sandbox(args) => sandbox::run(args).await,
        Command::Models(args) => interruptible(models::run(&house, args)).await,
        Command::Sync(args) => interruptible(sync::run(&house, args)).await,
        Command::Ask(args) => interruptible(ask::run(house, args)).await,
        Command::Keys(args) => interruptible(keys::run(&house, args)).await,
        Command::Store(args) => interruptible(store::run(&house, args)).await,
        Command::Index(args) => interruptible(index::run(&house, args)).await,
        Command::Eval(args) => interruptible(eval::run(house, *args)).await,
        Command::Policy(args) => interruptible(policy::run(&house, args)).await,
        Command::Check(args) => interruptible(check::run(&house, args)).await,
        Command::Train(args) => interruptible(train::run(house, args)).await,
        Command::Shopify(args) => interruptible(shopify::run(&house, args)).await,
        Command::Actions(args) => interruptible(actions::run(&house, args)).await,
        Command::Assist(args) => interruptible(assist::run(&house, args)).await,
        Command::Answers(args) => interruptible(answers::run(house, args)).await,
        Command::Conversations(args) => interruptible(conversations::run(&house, args)).await,
        Command::Outbox(args) => interruptible(outbox::run(&house, args)).await,
        Command::Doctor => interruptible(doctor::run(&house)).await,
    }
}

/// Ctrl-C ends a command at once. Nothing is lost by it: a sync or a pull goes on where it was when it is run again.
async fn interruptible<T>(command: impl Future<Output = Result<T, CommandError>>) -> Result<T, CommandError> {
    tokio::select! {
        result = command => result,
        _ = tokio::signal::ctrl_c() => {
            eprintln!("\nstopped; run the same command again to go on");
            std::process::exit(130);
        }
    }
}

fn read_config(global: &Global) -> Result<Config, ConfigError> {
    let env = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let mut config = config::load(&Sources { file: global.config.clone(), env })?;
    config.models.offline |= global.offline;
    Ok(config)
}

/// A command's own output says what it does; its log is for trouble, unless more was asked for.
fn quiet(filter: &str) -> String {
    if filter == "info" { "warn".into() } else { filter.into() }
}

fn complain(error: &dyn Error) {
    let text = error.to_string();
    eprintln!("error: {text}");
    let (mut said, mut below) = (text, error.source());
    while let Some(cause) = below {
        let text = cause.to_string();
        if !said.ends_with(&text) {
            eprintln!("  because: {text}");
        }
        (said, below) = (text, cause.source());
    }
}

/// The pass of whoever sits at the machine.
#[allow(clippy::disallowed_methods, reason = "who can run this binary on the data folder can read it anyway")]
pub(crate) fn operator(store: &StoreId) -> StorePass {
    StorePass::for_operator(store.clone(), "command line")
}
