//! `shopclerk demo`: from nothing to answers on the sample store, then a server to try.

use super::{
    CommandError, Exit,
    cli::DemoArgs,
    interruptible,
    models::pull,
    operator, serve,
    show::{self, Bar},
    sync,
};
use crate::{
    deliver::Deliverer,
    shopify::supervisor::Supervisor,
    store::{self, StoreSettings},
    wiring::House,
};
use ::models::weights::WeightsError;
use engine::{
    Asker, CustomerPass, Engine, Role, StoreId, StorePass, Turn,
    identity::{CustomerKey, Email},
    ports::Clock,
};
use eval::{
    pack::{Question, questions},
    verdict::{Response, judge},
};
use ingest::{
    mask::MaskConfig,
    source::{Currency, ReadOptions, Tally, read_each},
    sync::{SyncOptions, SyncReport},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Instant,
};

const STORE: &str = "demo";
/// What of the sample store is knowledge. Beside it lie its questions and its settings.
pub(crate) const SOURCES: [&str; 3] = ["pages/", "products.csv", "conversations/"];

/// The part of `demo.toml` that says what to ask.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DemoFile {
    questions: Vec<String>,
    /// Questions about orders and stock, answered from the sandbox.
    live: Vec<LiveQuestion>,
}

/// A question about live data, and who asks it.
#[derive(Clone, Deserialize)]
struct LiveQuestion {
    #[serde(default)]
    verified: Option<Email>,
    #[serde(flatten)]
    question: Question,
}

/// The sample store, ready to be asked.
struct Prepared {
    house: House,
    app: crate::App,
    supervisor: Supervisor,
    deliverer: Deliverer,
    questions: Vec<LiveQuestion>,
}

pub async fn run(house: House, args: DemoArgs) -> Result<Exit, CommandError> {
    // Before anything else, so that a port that is taken is known at once.
    let listener = if args.once { None } else { Some(serve::listen(house.config.http.bind).await?) };
    let Prepared { house, app, supervisor, deliverer, questions } = interruptible(prepare(house, &args)).await?;
    let Some(listener) = listener else {
        let good = interruptible(ask_all(&app, &questions)).await?;
        return Ok(if good { Exit::Done } else { Exit::NotGood });
    };
    let key = fresh_key(&house).await?;
    let background = [tokio::spawn(supervisor.run()), tokio::spawn(deliverer.run())];
    let bind = house.config.http.bind;
    println!("serves     http://{bind} from now on\n");
    // The questions of the demo are asked beside those that come over HTTP, and do not hold them up.
    let asking = async {
        ask_all(&app, &questions).await?;
        println!("{}", next_steps(&format!("http://{bind}"), &key));
        std::future::pending::<Result<Exit, CommandError>>().await
    };
    let ended = tokio::select! {
        served = serve::until_stopped(&house, listener, app.clone()) => served,
        failed = asking => failed,
    };
    background.iter().for_each(tokio::task::JoinHandle::abort);
    ended
}

fn next_steps(url: &str, key: &str) -> String {
    let auth = format!("-H 'authorization: Bearer {key}'");
    let program = std::env::current_exe().map_or_else(|_| "shopclerk".into(), |path| path.display().to_string());
    format!(
        "It answers at {url}. Try:\n\n  \
         curl {auth} --json '{{\"question\": \"Do you ship to Canada?\"}}' {url}/v1/ask\n  \
         curl -N -H 'accept: text/event-stream' {auth} --json '{{\"question\": \"How do I wash a down jacket?\"}}' \
         {url}/v1/ask\n  \
         curl {auth} {url}/v1/stores/{STORE}/handoffs\n\n\
         Your own store:\n\n  \
         {program} sync --store mystore PATH\n  \
         {program} ask --store mystore \"...\"\n\n\
         Ctrl-C stops it.\n"
    )
}

/// A new key for every start; those of earlier demos are of no use to anybody.
async fn fresh_key(house: &House) -> Result<String, CommandError> {
    let (store, keys, now) = (demo_store()?, house.keys().await?, Timestamp::now());
    for old in keys.list(Some(&store)).await?.iter().filter(|key| key.revoked_at.is_none()) {
        keys.revoke(&old.id, now).await?;
    }
    Ok(keys.create(&store, Role::Agent, now).await?.secret)
}

async fn prepare(mut house: House, args: &DemoArgs) -> Result<Prepared, CommandError> {
    let started = Instant::now();
    let dir = &args.store_dir;
    let demo: DemoFile = read_toml(&dir.join("demo.toml"))?;
    let settings = install(&house, dir)?;
    house.move_to(&demo_store()?);
    let shop = &settings.basics;
    if let Some(message) = &shop.handoff_message {
        house.config.engine.handoff_message.clone_from(message);
    }
    let chosen = chosen(dir, &demo.questions)?.into_iter().map(|question| LiveQuestion { verified: None, question });
    let questions = chosen.chain(demo.live).collect();
    let pass = operator(&demo_store()?);

    pull_models(&mut house, args).await?;
    let step = Instant::now();
    let models = house.load_models().await?;
    let names: Vec<_> = [Some(models.embedder.model()), models.generator.as_ref().map(|g| g.model())]
        .into_iter()
        .flatten()
        .map(ToString::to_string)
        .collect();
    println!("models     {}, loaded in {:.1} s", names.join(", "), step.elapsed().as_secs_f64());

    let step = Instant::now();
    let from_settings = |key: &'static str| {
        move |e: String| CommandError::Said(format!("{}: {key}: {e}", dir.join("store.toml").display()))
    };
    let currency: Currency = shop.currency.code().parse().map_err(from_settings("currency"))?;
    let mask = MaskConfig::keeping(vec![shop.name.clone()])
        .with_order_number(shop.order_number_pattern.as_str())
        .map_err(|e| from_settings("order_number_pattern")(e.to_string()))?;
    let read = ReadOptions { currency, mask, ..ReadOptions::default() };
    let report = sync_sample(&house, &pass, dir, &read, models.embedder.clone()).await?;
    println!(
        "index      {}",
        sync::to_text(&report, step.elapsed().as_secs_f64()).trim_end().replace('\n', "\n           ")
    );
    sync::finish(&report)?;
    let compared = sync::said(&sync::disagreements(&settings, &report));
    println!("rules      {}", compared.trim_end().replace('\n', "\n           "));

    let (app, supervisor, deliverer) = house.serving(&models, operator).await?;
    let today = house.clock.now().to_zoned(settings.hours.time_zone.clone()).date();
    println!("orders     from a sandbox in place of Shopify, in whose world it is {today}");
    println!("ready      after {:.1} s", started.elapsed().as_secs_f64());
    Ok(Prepared { house, app, supervisor, deliverer, questions })
}

/// The sample store's settings, with a sandbox over its own orders in place of a shop.
fn install(house: &House, dir: &Path) -> Result<StoreSettings, CommandError> {
    let file = dir.join("store.toml");
    let settings = fs::read_to_string(&file).map_err(CommandError::io(format!(
        "{} cannot be read; name the sample store with --store-dir DIR",
        file.display()
    )))?;
    let fixture = dir.join("shop");
    let fixture = fixture.canonicalize().map_err(CommandError::io(format!("{} cannot be found", fixture.display())))?;
    let connection = Connected { shopify: Sandboxed { shop: "fjellvik.myshopify.com", sandbox: &fixture } };
    let connection = toml::to_string(&connection).map_err(|e| CommandError::Said(e.to_string()))?;
    let written = || {
        let mut whole = tempfile::NamedTempFile::new()?;
        io::Write::write_all(&mut whole, format!("{settings}\n{connection}").as_bytes())?;
        Ok(whole)
    };
    let whole = written().map_err(CommandError::io("the sample store's settings cannot be written"))?;
    Ok(store::install(&house.places.data, &demo_store()?, whole.path())?)
}

/// The part of the settings that the demo adds.
#[derive(Serialize)]
struct Connected<'a> {
    shopify: Sandboxed<'a>,
}

#[derive(Serialize)]
struct Sandboxed<'a> {
    shop: &'a str,
    sandbox: &'a Path,
}

/// Whether every reply is what the sample store expects.
async fn ask_all(app: &crate::App, questions: &[LiveQuestion]) -> Result<bool, CommandError> {
    let pass = operator(&demo_store()?);
    let mut wrong = 0;
    println!();
    for (number, question) in questions.iter().enumerate() {
        if !ask(&app.engine, &pass, number + 1, question).await? {
            wrong += 1;
        }
    }
    match wrong {
        0 => println!("All {} as expected.\n", questions.len()),
        wrong => println!("{wrong} of {} not as expected.\n", questions.len()),
    }
    Ok(wrong == 0)
}

/// The embedder must be had; without a generator the demo goes on, and says so.
async fn pull_models(house: &mut House, args: &DemoArgs) -> Result<(), CommandError> {
    let profile = house.machine.profile();
    let memory = house.machine.memory.map_or_else(|| "unknown memory".into(), show::size);
    println!("machine    {} cores, {memory}: profile '{}'", house.machine.cores, profile.name);
    let catalog = house.catalog()?;
    pull(house, catalog.get(&house.config.models.embedder)?, None).await?;
    match house.config.models.reranker.as_str() {
        "none" | "late-interaction" => {}
        name => drop(pull(house, catalog.get(name)?, None).await?),
    }
    if args.no_generator {
        house.config.models.generator = "none".into();
    }
    let wanted: Vec<String> = match house.config.models.generator.as_str() {
        "none" => return Ok(()),
        "auto" => profile.generators.iter().map(|name| (*name).to_owned()).collect(),
        name => vec![name.to_owned()],
    };
    let mut missing = Vec::new();
    // One that is here is better than a download of the first choice.
    if house.config.models.generator == "auto" && house.generator_entry()?.is_some() {
        return Ok(());
    }
    for name in &wanted {
        match pull(house, catalog.get(name)?, None).await {
            Ok(_) => return Ok(()),
            Err(CommandError::Weights(error @ (WeightsError::NoSource(_) | WeightsError::NoSpace { .. }))) => {
                missing.push(error.to_string());
            }
            Err(error) => return Err(error),
        }
    }
    for error in missing {
        eprintln!("{error}");
    }
    if !wanted.is_empty() {
        eprintln!("\nGoing on WITHOUT A GENERATOR: the answers are sentences of the sources.\n");
    }
    house.config.models.generator = "none".into();
    Ok(())
}

async fn sync_sample(
    house: &House,
    pass: &StorePass,
    dir: &Path,
    read: &ReadOptions,
    embedder: std::sync::Arc<dyn engine::ports::Embedder>,
) -> Result<SyncReport, CommandError> {
    // An index of another embedder is of no use to the demo: it is built again, and nobody has to be asked.
    let (mut target, _lock) = match house.sync_target(pass, embedder.clone(), false).await {
        Err(crate::wiring::WiringError::Knowledge(engine::ports::KnowledgeError::OtherModel { .. })) => {
            house.sync_target(pass, embedder, true).await?
        }
        target => target?,
    };
    let options = SyncOptions { chunks: house.chunks(), allow_mass_removal: true, ..SyncOptions::default() };
    let bar = Bar::new();
    let source =
        |sink: &mut dyn FnMut(Result<ingest::document::Document, ingest::source::Failure>)| sources(dir, read, sink);
    let report = ingest::sync::sync(&mut target, source, &options, &bar).await;
    bar.clear();
    Ok(report?)
}

/// The sample store's knowledge, under the names that its questions use.
fn sources(
    dir: &Path,
    read: &ReadOptions,
    sink: &mut dyn FnMut(Result<ingest::document::Document, ingest::source::Failure>),
) -> Tally {
    let is_knowledge = |file: &str| SOURCES.iter().any(|source| file.starts_with(source));
    let mut tally = read_each(&[dir.to_owned()], read, &mut |item| {
        let file = match &item {
            Ok(document) => &document.file,
            Err(failure) => &failure.file,
        };
        if is_knowledge(file) {
            sink(item);
        }
    });
    let below = |path: &PathBuf| path.strip_prefix(dir).is_ok_and(|file| is_knowledge(&file.to_string_lossy()));
    tally.skipped.retain(|skipped| below(&skipped.path));
    tally
}

/// Prints the answer; whether it is what the sample store expects.
#[expect(clippy::disallowed_methods, reason = "the customers of the sample store are invented")]
async fn ask(engine: &Engine, pass: &StorePass, number: usize, asks: &LiveQuestion) -> Result<bool, CommandError> {
    let LiveQuestion { verified, question } = asks;
    let asker = match verified {
        None => Asker::Anonymous(pass.clone()),
        Some(email) => {
            let customer = CustomerKey::Email(email.clone());
            Asker::Verified(CustomerPass::for_operator(pass.clone(), customer, "the demo's own customer"))
        }
    };
    // The same conversation at every start, so that a handoff is opened once.
    let mut turn = Turn::single(format!("demo-{}", question.id), question.text.clone());
    turn.country.clone_from(&question.country);
    let outcome = engine.answer(&asker, &turn, &|_| {}).await?;
    let judged = judge(question, &Response::from(&outcome.reply));
    let good = judged.verdict.is_good();
    let who = if verified.is_some() { "  (a customer who is logged in)" } else { "" };
    println!("{number}. {}{who}", question.text);
    for line in show::reply(&outcome.reply).lines() {
        println!("{}", format!("   {line}").trim_end());
    }
    println!("     {}", show::timings(&outcome.trace));
    println!("   {} {}", if good { "✓" } else { "✗" }, judged.verdict.name().replace('_', " "));
    for (label, facts) in [("missing", &judged.missing), ("must not be said", &judged.violated)] {
        for fact in facts {
            println!("     {label}: {fact}");
        }
    }
    println!();
    Ok(good)
}

fn chosen(dir: &Path, ids: &[String]) -> Result<Vec<Question>, CommandError> {
    let file = dir.join("questions.jsonl");
    let all = questions(&file).map_err(|e| CommandError::Said(crate::error::chain(&e)))?;
    let find = |id: &String| {
        all.iter().find(|question| &question.id == id).cloned().ok_or_else(|| {
            CommandError::Said(format!("{}: there is no question '{id}', which demo.toml names", file.display()))
        })
    };
    ids.iter().map(find).collect()
}

fn read_toml<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, CommandError> {
    let what = format!("{} cannot be read; name the sample store with --store-dir DIR", path.display());
    let text = fs::read_to_string(path).map_err(CommandError::io(what))?;
    toml::from_str(&text).map_err(|e| CommandError::Said(format!("{}: {e}", path.display())))
}

fn demo_store() -> Result<StoreId, CommandError> {
    StoreId::parse(STORE).map_err(|e| CommandError::Said(e.to_string()))
}
