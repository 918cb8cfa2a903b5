//! One store's settings: `<data>/stores/<store>/store.toml`. One struct for each concern; every key stands with a
//! comment in the sample store's file, `api/demo/store.toml`.

mod file;
mod handover;
mod hours;
mod identity;
mod retention;
mod secret;
mod shopify;
#[cfg(test)]
mod tests;

pub use file::{Problem, Problems};
pub use handover::{Chatwoot, Gorgias, Handover, Handovers, Mail, MailReplies, Slack, Webhook, Zendesk};
pub use hours::Hours;
pub use identity::{Identity, Security, Smtp, TokenKey};
pub use retention::{Days, NotDays, Retention};
pub use secret::Secret;
pub use shopify::{Access, Shopify};

use engine::{
    StoreId, StoreProfile,
    delivery::{CancelRules, DeliveryRules},
    identity::Email,
    policy::{Policy, PolicySection},
    returns::ReturnRules,
    store::{Country, written::is_country},
};
use file::Sections;
use iso_currency::Currency;
use regex::Regex;
use serde::{Deserialize, Deserializer, de::Error};
use std::{
    fs, io,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

/// A store's settings, read and validated.
#[derive(Clone, Debug)]
pub struct StoreSettings {
    pub store: StoreId,
    pub basics: Basics,
    pub countries: Vec<Country>,
    pub hours: Hours,
    pub shopify: Option<Shopify>,
    pub identity: Identity,
    pub handover: Handover,
    pub retention: Retention,
    pub returns: Option<ReturnRules>,
    pub delivery: Option<DeliveryRules>,
    pub cancel: Option<CancelRules>,
    pub policy: Arc<Policy>,
    path: PathBuf,
    /// When the file was last written, as far as the file system says.
    modified: Option<SystemTime>,
}

/// The keys above all sections.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Basics {
    /// As customers see it.
    pub name: String,
    pub domain: String,
    #[serde(deserialize_with = "currency")]
    pub currency: Currency,
    /// The first is the default.
    pub languages: Vec<String>,
    #[serde(default, deserialize_with = "optional_email")]
    pub contact_email: Option<Email>,
    #[serde(default = "any_number", deserialize_with = "pattern")]
    pub order_number_pattern: Regex,
    pub handoff_message: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CountrySection {
    code: String,
    name: String,
    #[serde(deserialize_with = "currency")]
    currency: Currency,
}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(
        "there are no settings of the store '{0}' yet; write them with: shopclerk store set --store {0} --file FILE"
    )]
    Missing(StoreId),
    #[error("{}: the settings cannot be read", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{}: the settings cannot be written", path.display())]
    Unwritable { path: PathBuf, source: io::Error },
    #[error("{0}")]
    Invalid(Problems),
}

impl StoreSettings {
    pub fn load(path: &Path, store: &StoreId) -> Result<Self, StoreError> {
        let unreadable = |source| StoreError::Unreadable { path: path.to_owned(), source };
        // Before the text: a change in between is then noticed as one.
        let modified = fs::metadata(path).and_then(|file| file.modified()).ok();
        let text = fs::read_to_string(path).map_err(unreadable)?;
        let settings = Self::parse(&text, path, store).map_err(StoreError::Invalid)?;
        Ok(Self { modified, ..settings })
    }

    /// The settings of a store in the data folder.
    pub fn of(data: &Path, store: &StoreId) -> Result<Self, StoreError> {
        let path = path_in(data, store);
        if !path.exists() {
            return Err(StoreError::Missing(store.clone()));
        }
        Self::load(&path, store)
    }

    /// Whether the file is another one since it was read.
    pub fn is_stale(&self) -> bool {
        fs::metadata(&self.path).and_then(|file| file.modified()).ok() != self.modified
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The part that decides what is said.
    pub fn profile(&self) -> StoreProfile {
        let basics = &self.basics;
        StoreProfile {
            store: self.store.clone(),
            name: basics.name.clone(),
            domain: basics.domain.clone(),
            currency: basics.currency,
            time_zone: self.hours.time_zone.clone(),
            order_number: basics.order_number_pattern.clone(),
            contact_email: basics.contact_email.as_ref().map(|email| email.expose().to_owned()),
            handoff_message: basics.handoff_message.clone(),
            languages: basics.languages.clone(),
            countries: self.countries.clone(),
            identity: self.identity.ways(),
            returns: self.returns.clone(),
            delivery: self.delivery.clone(),
            cancel: self.cancel.clone(),
            hours: self.hours.profile(),
            policy: self.policy.clone(),
        }
    }

    /// From a text that stands, or would stand, in `path`.
    pub fn parse(text: &str, path: &Path, store: &StoreId) -> Result<Self, Problems> {
        let mut file = Sections::parse(text);
        if !file.is_toml() {
            file.finish(path)?;
            return Err(Problems { path: path.to_owned(), list: Vec::new() });
        }
        let countries: Option<Vec<CountrySection>> = file.take("countries");
        let hours: Option<Hours> = file.take("hours");
        let shopify: Option<Shopify> = file.take("shopify");
        let identity: Identity = file.take("identity").unwrap_or_default();
        let handover: Handover = file.take("handover").unwrap_or_default();
        let retention: Retention = file.take("retention").unwrap_or_default();
        let returns = file.take("returns");
        let delivery = file.take("delivery");
        let cancel = file.take("cancel");
        let policy: PolicySection = file.take("policy").unwrap_or_default();
        let has_hours = file.has("hours");
        let basics: Option<Basics> = file.take_rest();

        if !has_hours {
            file.wrong("hours", "is missing; write at least time_zone, in which the store's days are counted");
        }
        if let Some(basics) = &basics {
            for (key, text) in [("name", &basics.name), ("domain", &basics.domain)] {
                if text.trim().is_empty() {
                    file.wrong(key, "is empty");
                }
            }
            if basics.languages.is_empty() {
                file.wrong("languages", "name at least one, such as \"en\"");
            }
        }
        for country in countries.iter().flatten().filter(|country| !is_country(&country.code)) {
            file.wrong("countries", format!("'{}' is no country code; write two capitals, such as US", country.code));
        }
        let mut wrong: Vec<(String, String)> = Vec::new();
        let mut below = |section: &str, found: Vec<(&'static str, String)>| {
            wrong.extend(found.into_iter().map(|(key, text)| (format!("{section}.{key}"), text)));
        };
        below("hours", hours.as_ref().map(Hours::check).unwrap_or_default());
        below("shopify", shopify.as_ref().map(Shopify::check).unwrap_or_default());
        below("identity", identity.check(shopify.as_ref()));
        below("handover", handover.check(&identity));
        let (policy, problems) = policy.policy();
        wrong.extend(problems.into_iter().map(|problem| (format!("policy.{}", problem.key), problem.text)));
        for (key, text) in wrong {
            file.wrong(&key, text);
        }
        file.finish(path)?;
        let (Some(basics), Some(hours)) = (basics, hours) else {
            // What is not there was a problem above.
            return Err(Problems { path: path.to_owned(), list: Vec::new() });
        };
        let countries = countries.unwrap_or_default();
        Ok(Self {
            store: store.clone(),
            basics,
            countries: countries
                .into_iter()
                .map(|CountrySection { code, name, currency }| Country { code, name, currency })
                .collect(),
            hours,
            shopify,
            identity,
            handover,
            retention,
            returns,
            delivery,
            cancel,
            policy: Arc::new(policy),
            path: path.to_owned(),
            modified: None,
        })
    }
}

/// Where a store's settings stand.
pub fn path_in(data: &Path, store: &StoreId) -> PathBuf {
    data.join("stores").join(store.as_str()).join("store.toml")
}

/// Every store of the data folder that has settings, by name. One that is wrong hinders no other.
pub fn all_in(data: &Path) -> Vec<(StoreId, Result<StoreSettings, StoreError>)> {
    let folders = fs::read_dir(data.join("stores")).into_iter().flatten().flatten();
    let mut stores: Vec<StoreId> = folders.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    stores.retain(|store| path_in(data, store).exists());
    stores.sort();
    stores.into_iter().map(|store| (store.clone(), StoreSettings::of(data, &store))).collect()
}

/// Puts a file in the place of a store's settings, whole or not at all, readable by its owner only. A file that is
/// wrong changes nothing.
pub fn install(data: &Path, store: &StoreId, file: &Path) -> Result<StoreSettings, StoreError> {
    let text = fs::read_to_string(file).map_err(|source| StoreError::Unreadable { path: file.to_owned(), source })?;
    StoreSettings::parse(&text, file, store).map_err(StoreError::Invalid)?;
    let path = path_in(data, store);
    let folder = path.parent().unwrap_or(data);
    let write = || -> io::Result<()> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
        // Made with 0600.
        let mut copy = tempfile::NamedTempFile::new_in(folder)?;
        io::Write::write_all(&mut copy, text.as_bytes())?;
        copy.as_file().sync_all()?;
        copy.persist(&path).map_err(|e| e.error)?;
        Ok(())
    };
    write().map_err(|source| StoreError::Unwritable { path: path.clone(), source })?;
    StoreSettings::load(&path, store)
}

/// Whether a host is this machine: what is sent to it does not leave it.
fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Without a pattern: `#1001` and longer, as Shopify numbers orders unless told otherwise.
fn any_number() -> Regex {
    Regex::new(r"#?\d{4,}").expect("constant")
}

fn currency<'de, D: Deserializer<'de>>(d: D) -> Result<Currency, D::Error> {
    let code = String::deserialize(d)?;
    Currency::from_code(&code)
        .ok_or_else(|| D::Error::custom(format!("'{code}' is no currency of ISO 4217; write a code such as USD")))
}

fn pattern<'de, D: Deserializer<'de>>(d: D) -> Result<Regex, D::Error> {
    let pattern = String::deserialize(d)?;
    match Regex::new(&pattern) {
        Ok(regex) if regex.is_match("") => {
            Err(D::Error::custom("matches the empty text, so it would match everything"))
        }
        Ok(regex) => Ok(regex),
        Err(error) => Err(D::Error::custom(format!("is no regular expression: {error}"))),
    }
}

fn optional_email<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Email>, D::Error> {
    identity::email(d).map(Some)
}
