//! `eval counterfactual`: which replies a change would change, before it goes live.

use super::bar::Bar;
use super::index::{Over, PackLibrary};
use super::{asking, unprintable};
use crate::commands::{CommandError, Exit};
use crate::counterfactual::{Asking, Base, Change, Changes, ask, past_questions};
use crate::wiring::House;
use ::eval::counterfactual::{Asked, file, html, of_pack};
use ::eval::pack::{Kind, Pack, PackIndex, Shelf};
use ::eval::results::write_whole;
use ::eval::statistics::Bootstrap;
use clap::Args;
use engine::StoreId;
use jiff::Zoned;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Debug, Args)]
#[command(after_help = "\
Nothing that is live is touched: the changed page goes into a copy of the index below the data folder (eval/counterfactual), \
changed rules into this command's own engine. The report holds what customers wrote.

Examples:
  shopclerk eval counterfactual --store mystore --change new/returns.md
  shopclerk eval counterfactual --store mystore --change store.toml --questions asked.jsonl --html change.html
  shopclerk eval counterfactual --pack mypack --change pages/returns.md=draft.md --remove promo-2025")]
pub struct CounterfactualArgs {
    /// A synced store. Its orders are asked where a sandbox stands in for the shop, or with --live.
    #[arg(long, value_name = "STORE", required_unless_present = "pack", conflicts_with = "pack")]
    store: Option<StoreId>,
    /// A pack with documents.
    #[arg(long, value_name = "DIR")]
    pack: Option<PathBuf>,
    /// A page in the place of the one with the same id, path, address or title, or settings of a store (.toml) in the
    /// place of its own. May be repeated; DOCUMENT=FILE says which document a page replaces.
    #[arg(long, value_name = "FILE")]
    change: Vec<Change>,
    /// A document that is taken away. May be repeated.
    #[arg(long, value_name = "DOCUMENT")]
    remove: Vec<String>,
    /// What is asked: JSON lines with a text (and id, email, country), or a file of any kind that a pack may hold
    /// [default: the pack's own; the store's handoffs and how its past conversations began].
    #[arg(long, value_name = "FILE", visible_alias = "conversations")]
    questions: Vec<PathBuf>,
    /// What the store's knowledge is made of, to be read anew in place of its index. Needed where that is on a server.
    #[arg(long, value_name = "PATH", requires = "store")]
    sources: Vec<PathBuf>,
    /// Questions with an e-mail address may look at orders of the real shop.
    #[arg(long, requires = "store")]
    live: bool,
    /// Write the report as one self-contained page, side by side.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Keep both runs as results here (`before/`, `after/`), for `eval report` and `eval compare`.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print one JSON object as the last line.
    #[arg(long)]
    json: bool,
    /// Answer in the sentences of the sources.
    #[arg(long)]
    no_generator: bool,
    /// The day on which is asked; a shop's world has its own.
    #[arg(long, value_name = "DATE")]
    today: Option<Date>,
    /// At most so many conversations of each file, chosen by the seed.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Of --limit and of the bootstrap.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Replies that are waited for at the same time.
    #[arg(long, value_name = "N", default_value_t = 2)]
    jobs: usize,
}

pub async fn run(mut house: House, args: &CounterfactualArgs) -> Result<Exit, CommandError> {
    if args.no_generator {
        house.config.models.generator = "none".into();
    }
    let models = house.load_models().await?;
    let risk = house.risk(&models)?;
    let bar = Arc::new(Bar::new());
    // What is served for a pack lives as long as the library.
    let (base, own, _library) = match (&args.store, &args.pack) {
        (Some(store), _) if args.sources.is_empty() => (Base::of_store(&house, &models, store, args.live)?, None, None),
        (Some(store), _) => {
            (Base::of_sources(&house, &models, store, args.live, &args.sources, &*bar).await?, None, None)
        }
        (None, Some(dir)) => {
            // The copy is an embedded one, so what it is a copy of is, too.
            house.config.index.url.clear();
            let library = PackLibrary::new(house.clone(), models.clone(), Over::Sample, bar.clone())?;
            let library = library.with_risk(risk.clone());
            let (base, own) = of_pack_dir(dir, &library).await?;
            (base, Some(own), Some(library))
        }
        (None, None) => return Err(CommandError::Said("name a store (--store) or a pack (--pack)".into())),
    };
    let asked = match (args.questions.is_empty(), own) {
        (false, _) => {
            let name = base.store.pass.store().as_str();
            let signed_in = base.store.ports.storefront.is_some();
            args.questions.iter().map(|path| file(name, path, signed_in)).collect::<Result<Vec<_>, _>>()?
        }
        (true, Some(own)) => own,
        (true, None) => past_questions(&house, &base).await?,
    };
    let asked: Vec<Asked> = asked.into_iter().map(|asked| asked.limited(args.limit, args.seed)).collect();
    if asked.iter().all(|asked| asked.units.is_empty()) {
        let nothing =
            "there is nothing to ask: name a file with --questions FILE.jsonl ({\"text\": \"...\"}, one a line)";
        return Err(CommandError::Said(nothing.into()));
    }
    let changes = Changes { files: args.change.clone(), remove: args.remove.clone() };
    let asking = Asking {
        today: args.today.unwrap_or_else(|| Zoned::now().with_time_zone(TimeZone::UTC).date()),
        jobs: args.jobs,
    };
    let (mut what_if, puts) = ask(&house, &models, &base, &changes, &asked, asking, (&*bar, &*bar)).await?;
    let kept = args.out.is_none().then(tempfile::tempdir).transpose();
    let kept = kept.map_err(CommandError::io("no temporary folder can be made"))?;
    let out = args.out.as_deref().or_else(|| kept.as_ref().map(|dir| dir.path())).unwrap_or(Path::new("."));
    let judged: Vec<_> = asked.iter().zip(&puts).map(|(asked, puts)| (asked, puts.as_slice())).collect();
    what_if.judge(
        &judged,
        &asking::system(&house, &models, risk.as_deref()),
        out,
        Bootstrap { resamples: 2000, seed: args.seed },
    )?;
    print!("{}", what_if.text());
    if let Some(path) = &args.html {
        write_whole(path, &html(&what_if))?;
        println!("{}", path.display());
    }
    if args.json {
        println!("{}", serde_json::to_string(&what_if).map_err(unprintable)?);
    }
    Ok(Exit::Done)
}

/// A pack's documents, and what it asks itself.
async fn of_pack_dir(dir: &Path, library: &PackLibrary) -> Result<(Base, Vec<Asked>), CommandError> {
    let pack = Pack::open(dir)?;
    let mut files = pack.corpus_files();
    files.extend(pack.of(Kind::Conversations).map(|file| file.path.clone()));
    if files.is_empty() {
        let none = format!("{}: it holds no documents, so there is no page to change", dir.display());
        return Err(CommandError::Said(none));
    }
    let shelf = Shelf { name: pack.name.clone(), files, without: BTreeSet::new(), shop: pack.shop() };
    let store = library.open(&shelf).await?;
    let settings = library.shop_settings(store.pass.store());
    let place = library.place(&store.pass)?;
    Ok((Base::of_pack(store, place, settings), of_pack(&pack)?))
}
