//! `eval import`: exported conversations in, a pack out. The masking is that of `shopclerk sync`.

use super::{own, unprintable};
use crate::commands::{CommandError, Exit};
use crate::store::{StoreError, StoreSettings};
use crate::wiring::House;
use ::eval::import::{Held, ImportPlan, Imported, Masked, Source, Texts, import};
use clap::{Args, ValueEnum};
use engine::StoreId;
use ingest::mask::{MaskClass, MaskConfig, MaskReport, Masker};
use ingest::source;
use jiff::civil::Date;
use serde_json::Value;
use std::fmt::Write as _;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ImportArgs {
    /// What wrote the files.
    #[arg(long, value_enum)]
    from: FromArg,
    /// Files or folders of .json and .jsonl; messages may stand in the conversations or in files of their own. Without
    /// one, --from shopclerk --store STORE reads the store's own finished conversations from its database.
    #[arg(value_name = "PATH", required_unless_present = "store")]
    paths: Vec<PathBuf>,
    /// The folder of the pack. An import into a pack that is there adds to it, and keeps what a person has labelled.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// A regular expression for the store's order numbers, besides #1001 and "order 1001" [default: that of --store].
    #[arg(long, value_name = "REGEX")]
    order_number: Option<String>,
    /// The store whose settings give the form of order numbers; with --from shopclerk and no PATH, the store whose
    /// finished conversations are read.
    #[arg(long, value_name = "STORE")]
    store: Option<StoreId>,
    /// Do not mask order numbers: a replay against a shop's fixture needs them.
    #[arg(long)]
    keep_order_numbers: bool,
    /// A word that is no name of a person: the store's, a brand's. May be repeated.
    #[arg(long, value_name = "WORD")]
    keep: Vec<String>,
    /// Only conversations that began on this day (UTC) or later.
    #[arg(long, value_name = "DATE")]
    since: Option<Date>,
    /// Also write conversations.jsonl: the conversations as documents to answer from. A replay leaves out those of the
    /// customer who is asking.
    #[arg(long)]
    with_documents: bool,
    /// Print one JSON object as the last line.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Names, e-mails, telephone numbers, addresses, card, parcel and order numbers are masked before anything is written;
private notes are never read. What can be read is imported; what cannot is named by file and line (exit code 3).

Examples:
  shopclerk eval import --from chatwoot export/ --out packs/mystore
  shopclerk eval import --from zendesk tickets.jsonl users.json comments/ --out packs/mystore --since 2026-01-01
  shopclerk eval import --from jsonl chats.jsonl --out packs/mystore --order-number 'FV\\d{5}' --keep-order-numbers
  shopclerk eval import --from shopclerk --store mystore --out packs/mystore
  shopclerk eval label packs/mystore --only suggested
  shopclerk eval replay --pack packs/mystore --store mystore --confirmed-only --out results/replay";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FromArg {
    /// Conversations and messages as the API returns them.
    Chatwoot,
    /// Tickets with comments, or the pages of tickets, users, comments and ticket events.
    Zendesk,
    /// Tickets with messages, or the pages of both.
    Gorgias,
    /// Documents of the kind "conversation", as a sync reads them; or, without files, a store's own database.
    Shopclerk,
    /// {id, turns: [{role, text, at?}]}, one a line.
    Jsonl,
}

impl From<FromArg> for Source {
    fn from(from: FromArg) -> Self {
        match from {
            FromArg::Chatwoot => Self::Chatwoot,
            FromArg::Zendesk => Self::Zendesk,
            FromArg::Gorgias => Self::Gorgias,
            FromArg::Shopclerk => Self::Shopclerk,
            FromArg::Jsonl => Self::Jsonl,
        }
    }
}

/// Failures that are printed; `--json` has all of them.
const NAMED: usize = 20;

pub async fn run(house: &House, args: ImportArgs) -> Result<Exit, CommandError> {
    let mut mask = MaskConfig::keeping(args.keep.clone());
    let of_store = match &args.store {
        Some(store) => order_number_of(house, store)?,
        None => None,
    };
    if let Some(pattern) = args.order_number.as_ref().or(of_store.as_ref()) {
        mask = mask.with_order_number(pattern).map_err(|e| CommandError::Said(format!("--order-number: {e}")))?;
    }
    let held = match (&args.store, args.from) {
        (Some(store), FromArg::Shopclerk) if args.paths.is_empty() => own::held(&house.desks(), store).await?,
        (_, _) if args.paths.is_empty() => {
            return Err(CommandError::Said(
                "name the files of the export; only --from shopclerk reads a store's own database".into(),
            ));
        }
        (_, _) => Held::default(),
    };
    let sources = Sources { masker: Masker::new(&mask), keep: args.keep_order_numbers.then_some(MaskClass::Order) };
    let plan = ImportPlan {
        source: args.from.into(),
        paths: args.paths,
        held,
        out: args.out,
        since: args.since,
        documents: args.with_documents,
    };
    let imported = tokio::task::spawn_blocking(move || import(&plan, &sources))
        .await
        .map_err(|error| CommandError::Said(format!("the import stopped: {error}")))??;
    print!("{}", told(&imported));
    if args.json {
        println!("{}", serde_json::to_string(&imported).map_err(unprintable)?);
    }
    Ok(if imported.failures.is_empty() { Exit::Done } else { Exit::SomeFailed })
}

fn order_number_of(house: &House, store: &StoreId) -> Result<Option<String>, CommandError> {
    match StoreSettings::of(&house.places.data, store) {
        Ok(settings) => Ok(Some(settings.profile().order_number.as_str().to_owned())),
        Err(StoreError::Missing(_)) => Err(CommandError::Said(format!(
            "there are no settings of the store {store}: give --order-number instead, or write them (shopclerk store)"
        ))),
        Err(error) => Err(error.into()),
    }
}

fn told(imported: &Imported) -> String {
    let mut text = format!(
        "{}: {} conversations with {} turns; the pack holds {}\n",
        imported.file.display(),
        imported.conversations,
        imported.turns,
        imported.in_pack
    );
    let listed = |counts: &std::collections::BTreeMap<String, usize>| {
        let counts = counts.iter().map(|(name, count)| format!("{count} {name}"));
        Some(counts.collect::<Vec<_>>().join(", ")).filter(|text| !text.is_empty()).unwrap_or_else(|| "nothing".into())
    };
    let _ = writeln!(text, "  labels suggested: {}", listed(&imported.suggested));
    if imported.kept > 0 {
        let _ = writeln!(text, "  labels of persons kept: {}", imported.kept);
    }
    let _ = writeln!(text, "  masked: {}", listed(&imported.masked));
    for (reason, count) in &imported.skipped {
        let _ = writeln!(text, "  left out: {count} {reason}");
    }
    for id in &imported.left_as_they_were {
        let _ = writeln!(text, "  {id}: the export tells it otherwise now; it stays as it was for its labels' sake");
    }
    for failure in imported.failures.iter().take(NAMED) {
        let _ = writeln!(text, "  failed: {failure}");
    }
    if imported.failures.len() > NAMED {
        let _ = writeln!(text, "  and {} more could not be read; --json names them", imported.failures.len() - NAMED);
    }
    text
}

/// HTML, quoted mail and masking as the sources of a store are read.
struct Sources {
    masker: Masker,
    keep: Option<MaskClass>,
}

impl Texts for Sources {
    fn of_html(&self, html: &str) -> String {
        source::html_text(html)
    }

    fn own_words(&self, message: &str) -> String {
        source::own_words(message)
    }

    fn people(&self, record: &Value) -> Vec<String> {
        source::people(record)
    }

    fn mask(&self, people: &[String], texts: &[String]) -> Masked {
        let mut report = MaskReport::default();
        let names = self.masker.names(people.iter().map(String::as_str), texts.iter().map(String::as_str));
        let texts = self.masker.mask_all(texts, &names, self.keep, &mut report);
        let found = MaskClass::ALL.into_iter().filter(|class| report.count(*class) > 0);
        Masked { texts, counts: found.map(|class| (class.as_str().to_owned(), report.count(class))).collect() }
    }
}

#[cfg(test)]
#[path = "import_tests.rs"]
mod tests;
