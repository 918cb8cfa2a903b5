//! `shopclerk shopify`: a store's catalogue from Shopify, its webhooks, and the erasure of a customer.

use super::{CommandError, Exit, operator, show::Bar, sync};
use crate::{
    db::mirror::{Counts, Mirror},
    shopify::{
        fill::{self, FillProgress, FillReport},
        index::{Extent, IndexWriter},
        needles::Person,
        receipt::State,
        refetch,
        shop::Shop,
    },
    wiring::{House, SystemClock},
};
use clap::{Args, Subcommand};
use engine::{StoreId, StorePass, identity::Email};
use ingest::shopify::{Deadline, ShopifyStorefront};
use serde_json::json;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// For the requests of one command that wait for nothing but Shopify.
const PATIENCE: Duration = Duration::from_secs(120);

pub const EXAMPLES: &str = "\
`shopclerk store set` says how the store is reached. While `shopclerk serve` runs, webhooks, the look for what they
missed, and the index follow by themselves; these commands do the same by hand.

Examples:
  shopclerk shopify sync --store mystore                 the first fill, or what changed since
  shopclerk shopify webhooks --store mystore --url https://clerk.example/v1/shopify/mystore/webhooks
  shopclerk shopify status --store mystore
  shopclerk shopify erase --store mystore --customer anna@mail.example --dry-run";

#[derive(Debug, Args)]
pub struct ShopifyArgs {
    #[command(subcommand)]
    pub command: ShopifyCommand,
}

#[derive(Debug, Subcommand)]
pub enum ShopifyCommand {
    /// Make the index hold the shop's products, pages, articles and policies. What was synced from files stays.
    Sync {
        /// Name of the store.
        #[arg(long)]
        store: StoreId,
        /// Read the whole catalogue again, not only what changed.
        #[arg(long)]
        full: bool,
        /// Let more than half of the documents go.
        #[arg(long)]
        allow_mass_removal: bool,
        /// Print the report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Find what webhooks missed: changes by their time, deletions by comparing all ids.
    Reconcile {
        /// Name of the store.
        #[arg(long)]
        store: StoreId,
        /// Print the report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Subscribe to the webhooks that are needed, and end our subscriptions that are not.
    Webhooks {
        /// Name of the store.
        #[arg(long)]
        store: StoreId,
        /// Where this server is reached from outside: https://HOST/v1/shopify/STORE/webhooks
        #[arg(long, value_name = "URL")]
        url: String,
        /// Print the report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// What is mirrored, what waits, and how the last runs ended.
    Status {
        /// Name of the store.
        #[arg(long)]
        store: StoreId,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Erase a customer: databases, index, files that were handed out. Writes a receipt, and looks afterwards whether
    /// anything is left (exit code 1 if so).
    Erase {
        /// Name of the store.
        #[arg(long)]
        store: StoreId,
        /// An e-mail address, or the number of a customer at Shopify.
        #[arg(long, value_name = "EMAIL|ID")]
        customer: String,
        /// A phone number of theirs. May be repeated.
        #[arg(long, value_name = "NUMBER")]
        phone: Vec<String>,
        /// An order of theirs (#1001), where Shopify can no longer name them. May be repeated.
        #[arg(long, value_name = "NAME")]
        order: Vec<String>,
        /// Only say what would go.
        #[arg(long)]
        dry_run: bool,
    },
}

pub async fn run(house: &House, args: ShopifyArgs) -> Result<Exit, CommandError> {
    match args.command {
        ShopifyCommand::Sync { store, full, allow_mass_removal, json } => {
            fill(house, &operator(&store), full, allow_mass_removal, json).await
        }
        ShopifyCommand::Reconcile { store, json } => reconcile(house, &operator(&store), json).await,
        ShopifyCommand::Webhooks { store, url, json } => webhooks(house, &operator(&store), &url, json).await,
        ShopifyCommand::Status { store, json } => status(house, &operator(&store), json).await,
        ShopifyCommand::Erase { store, customer, phone, order, dry_run } => {
            erase(house, &operator(&store), &customer, phone, order, dry_run).await
        }
    }
}

/// The store's connection, by its settings.
pub async fn shop(house: &House, pass: &StorePass) -> Result<Shop, CommandError> {
    connect(house, pass, house.mirrors().of(pass).await?)
}

fn connect(house: &House, pass: &StorePass, mirror: Mirror) -> Result<Shop, CommandError> {
    let storefront = Arc::new(ShopifyStorefront::new(Arc::new(SystemClock)));
    Ok(Shop::connect(&house.places.data, pass, mirror, storefront)?)
}

async fn fill(
    house: &House,
    pass: &StorePass,
    full: bool,
    allow_mass_removal: bool,
    as_json: bool,
) -> Result<Exit, CommandError> {
    let started = Instant::now();
    let shop = shop(house, pass).await?;
    let bar = Bar::new();
    let read = fill::fill(&shop, full, &bar).await;
    bar.clear();
    let read = read?;
    let report = index(house, &shop, Extent::All, allow_mass_removal).await?;
    finish(&read, report, started, as_json)
}

async fn reconcile(house: &House, pass: &StorePass, as_json: bool) -> Result<Exit, CommandError> {
    let started = Instant::now();
    let shop = shop(house, pass).await?;
    let read = fill::catch_up(&shop).await?;
    let report = index(house, &shop, Extent::Marked, false).await?;
    finish(&read, report, started, as_json)
}

async fn index(
    house: &House,
    shop: &Shop,
    extent: Extent,
    allow_mass_removal: bool,
) -> Result<Option<ingest::sync::SyncReport>, CommandError> {
    let writer = IndexWriter { house: house.clone(), embedder: house.load_embedder().await? };
    let bar = Bar::new();
    let work = writer.sync(&shop.pass, &shop.mirror, extent, allow_mass_removal, &bar);
    let synced = shop.mirror.recorded("index", work, |_| "by hand".to_owned()).await;
    bar.clear();
    Ok(synced?)
}

fn finish(
    read: &FillReport,
    report: Option<ingest::sync::SyncReport>,
    started: Instant,
    as_json: bool,
) -> Result<Exit, CommandError> {
    let seconds = started.elapsed().as_secs_f64();
    if as_json {
        let index = report.as_ref().map(|report| sync::to_json(report, None, seconds));
        println!("{:#}", json!({ "read": read, "index": index, "seconds": seconds }));
    } else {
        println!("{read}");
        match &report {
            Some(report) => print!("{}", sync::to_text(report, seconds)),
            None => println!("the index is up to date"),
        }
    }
    report.map_or(Ok(Exit::Done), |report| sync::finish(&report))
}

async fn webhooks(house: &House, pass: &StorePass, url: &str, as_json: bool) -> Result<Exit, CommandError> {
    let shop = shop(house, pass).await?;
    let path = format!("/v1/shopify/{}/webhooks", pass.store());
    if !url.starts_with("https://") && !url.starts_with("http://127.0.0.1") || !url.ends_with(&path) {
        return Err(CommandError::Said(format!("--url: write https://HOST{path}")));
    }
    let report = shop.connection.subscribe(url, Deadline::within(PATIENCE)).await?;
    if as_json {
        println!("{:#}", json!({ "made": report.made, "kept": report.kept, "ended": report.ended }));
    } else {
        println!("{} made, {} kept, {} ended", report.made.len(), report.kept.len(), report.ended.len());
        for topic in &report.made {
            println!("  {topic}");
        }
        eprintln!("customers/data_request, customers/redact and shop/redact are set in the app's own configuration");
    }
    Ok(Exit::Done)
}

async fn status(house: &House, pass: &StorePass, as_json: bool) -> Result<Exit, CommandError> {
    let Some(mirror) = house.mirrors().existing(pass).await? else {
        return Err(CommandError::Said(format!("nothing of '{}' was read from Shopify yet", pass.store())));
    };
    let counts = mirror.counts().await?;
    let runs = mirror.runs(10).await?;
    let times = times(&mirror).await?;
    if as_json {
        println!("{:#}", json!({ "counts": counts, "runs": runs, "times": times }));
        return Ok(Exit::Done);
    }
    let Counts { objects, dirty_objects, dirty_documents, jobs, .. } = counts;
    for (kind, count) in objects {
        println!("{kind:<12}{count}");
    }
    println!("to read     {dirty_objects}\nto index    {dirty_documents}\nrequests    {jobs}");
    for (name, time) in times {
        println!("{name:<12}{time}");
    }
    for run in runs {
        let ended = run.ended.as_deref().unwrap_or("cut off, or running");
        println!("{}  {:<24}{ended}  {}", run.started_at, run.kind, run.detail.unwrap_or_default());
    }
    Ok(Exit::Done)
}

async fn times(mirror: &Mirror) -> Result<Vec<(&'static str, String)>, CommandError> {
    let mut times = Vec::new();
    for name in ["filled", "reconciled", "swept", "uninstalled"] {
        if let Some(time) = mirror.cursor(name).await? {
            times.push((name, time));
        }
    }
    Ok(times)
}

async fn erase(
    house: &House,
    pass: &StorePass,
    customer: &str,
    phones: Vec<String>,
    orders: Vec<String>,
    dry_run: bool,
) -> Result<Exit, CommandError> {
    let mut person = Person { phones: phones.into_iter().collect(), ..Person::default() };
    person.order_names.extend(orders);
    match Email::parse(customer) {
        Ok(email) => drop(person.emails.insert(email.expose().to_owned())),
        Err(_) if !customer.is_empty() && customer.bytes().all(|b| b.is_ascii_digit()) => {
            person.customer_ids.insert(customer.to_owned());
        }
        Err(_) => return Err(CommandError::Said("--customer: name an e-mail address or a customer's number".into())),
    }
    let mirror = house.mirrors().of(pass).await?;
    let unknown = match connect(house, pass, mirror.clone()) {
        Ok(shop) => refetch::complete(&shop, &mut person).await.unknown,
        Err(_) => vec!["the customer's orders: the store is not connected to Shopify".to_owned()],
    };
    let eraser = house.eraser(pass.clone(), mirror, house.desks())?;
    let erased = eraser.customer(&person, "by hand", unknown, dry_run).await?;
    let receipt = &erased.receipt;
    let verb = if dry_run { "would go" } else { "are gone" };
    for (table, rows) in &receipt.rows {
        println!("{rows} rows of {table} {verb}");
    }
    println!("{} documents of the index ({} chunks) {verb}", receipt.documents, receipt.chunks);
    println!("{} files {verb}", receipt.files);
    for not in &receipt.not_looked_for {
        println!("not looked for: {not}");
    }
    if let Some(path) = &erased.path {
        println!("receipt     {}", path.display());
    }
    let Some(probe) = &receipt.probe else { return Ok(Exit::Done) };
    println!("looked at   {} files, {} bytes, {} passages", probe.files, probe.bytes, probe.passages);
    for find in &probe.found {
        let what: Vec<&str> = find.identifiers.iter().map(String::as_str).collect();
        println!("found       {} in {}", what.join(", "), find.place);
    }
    match receipt.state {
        State::Done => {
            println!("nothing is left");
            Ok(Exit::Done)
        }
        State::Found | State::Running => Ok(Exit::NotGood),
    }
}

impl FillProgress for Bar {
    fn waiting(&self) {
        self.line("Shopify prepares the catalogue");
    }

    fn reading(&self, total: usize) {
        self.count("reading", total);
    }

    fn read(&self, done: usize) {
        self.set(done);
    }
}
