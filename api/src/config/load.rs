//! Three layers into one [`Config`], and an error that names the layer, the key and the line.

use super::{Config, validate};
use std::{
    collections::BTreeMap,
    fmt, fs,
    path::{Path, PathBuf},
};
use toml::{
    Table, Value,
    de::{DeTable, DeValue},
};

const SHIPPED: &str = include_str!("../../shopclerk.toml");
/// Read when it is there and no other was named.
const BESIDE: &str = "shopclerk.toml";
const PREFIX: &str = "SHOPCLERK_";

/// Where settings come from, as the command line and the environment say it.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Named by the user: must exist. Otherwise `./shopclerk.toml` is read if it is there.
    pub file: Option<PathBuf>,
    /// All variables of the process; the ones that begin with `SHOPCLERK_` and name a key count.
    pub env: Vec<(String, String)>,
}

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{path}: the file cannot be read", path = path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{path}:{line}: {problem}", path = path.display())]
    Syntax { path: PathBuf, line: usize, problem: String },
    #[error("{origin}: {key}: {problem}")]
    Setting { origin: Origin, key: String, problem: String },
}

/// Who set a key last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Shipped,
    File { path: PathBuf, line: usize },
    Env(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shipped => f.write_str("the shipped shopclerk.toml"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Env(name) => write!(f, "the environment variable {name}"),
        }
    }
}

/// What the shipped file says, with nothing over it.
pub fn shipped() -> Result<Config, ConfigError> {
    Layers::new()?.finish()
}

pub fn load(sources: &Sources) -> Result<Config, ConfigError> {
    let mut layers = Layers::new()?;
    let beside = Path::new(BESIDE);
    let file = sources.file.as_deref().or_else(|| beside.is_file().then_some(beside));
    if let Some(path) = file {
        let text =
            fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        layers.file(path, &text)?;
    }
    layers.env(&sources.env)?;
    layers.finish()
}

/// The merged table so far, and who set what. Each layer's keys are tried one at a time, so that a bad one is blamed
/// on its own line.
struct Layers {
    merged: Table,
    origins: BTreeMap<String, Origin>,
}

impl Layers {
    fn new() -> Result<Self, ConfigError> {
        let merged = SHIPPED.parse().map_err(|e: toml::de::Error| ConfigError::Setting {
            origin: Origin::Shipped,
            key: "the file".into(),
            problem: e.message().into(),
        })?;
        Ok(Self { merged, origins: BTreeMap::new() })
    }

    fn file(&mut self, path: &Path, text: &str) -> Result<(), ConfigError> {
        let syntax = |e: toml::de::Error| ConfigError::Syntax {
            path: path.to_owned(),
            line: line_of(text, e.span().map_or(0, |span| span.start)),
            problem: e.message().to_owned(),
        };
        let table: Table = text.parse().map_err(syntax)?;
        let spans = DeTable::parse(text).map_err(syntax)?;
        for (keys, value) in leaves(&table) {
            let line = line_of(text, position(spans.get_ref(), &keys));
            self.set(&keys, value, Origin::File { path: path.to_owned(), line })?;
        }
        Ok(())
    }

    /// `SHOPCLERK_A__B` sets `a.b`. A variable without `__` is not a setting of this file.
    fn env(&mut self, env: &[(String, String)]) -> Result<(), ConfigError> {
        for (name, said) in env {
            let Some((table, key)) = name.strip_prefix(PREFIX).and_then(|rest| rest.split_once("__")) else { continue };
            let keys = [table.to_lowercase(), key.to_lowercase()];
            let value = match self.merged.get(&keys[0]).and_then(|t| t.get(&keys[1])) {
                // The shipped value says what is meant: "8" is a string for a string's key, a number for a number's.
                Some(Value::String(_)) | None => Value::String(said.clone()),
                Some(_) => {
                    let parsed: Result<Table, _> = format!("value = {said}").parse();
                    parsed
                        .ok()
                        .and_then(|mut table| table.remove("value"))
                        .unwrap_or_else(|| Value::String(said.clone()))
                }
            };
            self.set(&keys, value, Origin::Env(name.clone()))?;
        }
        Ok(())
    }

    fn set(&mut self, keys: &[String], value: Value, origin: Origin) -> Result<(), ConfigError> {
        let mut table = &mut self.merged;
        let (last, above) = keys.split_last().expect("a leaf has a key");
        for key in above {
            let entry = table.entry(key.clone()).or_insert_with(|| Value::Table(Table::new()));
            match entry {
                Value::Table(inner) => table = inner,
                _ => {
                    return Err(ConfigError::Setting {
                        origin,
                        key: keys.join("."),
                        problem: format!("'{key}' is a value, not a table"),
                    });
                }
            }
        }
        table.insert(last.clone(), value);
        let key = keys.join(".");
        match self.merged.clone().try_into::<Config>() {
            Ok(_) => {
                self.origins.insert(key, origin);
                Ok(())
            }
            Err(e) => Err(ConfigError::Setting { origin, key, problem: e.message().trim_end().into() }),
        }
    }

    fn finish(self) -> Result<Config, ConfigError> {
        let config: Config = self.merged.try_into().map_err(|e| ConfigError::Setting {
            origin: Origin::Shipped,
            key: "the file".into(),
            problem: e.message().into(),
        })?;
        validate::check(&config).map_err(|(key, problem)| ConfigError::Setting {
            origin: self.origins.get(key).cloned().unwrap_or(Origin::Shipped),
            key: key.into(),
            problem,
        })?;
        Ok(config)
    }
}

/// Every value that is not a table, with the keys that lead to it. An empty table counts as one, so that a misspelt
/// `[htpp]` is not passed over.
fn leaves(table: &Table) -> Vec<(Vec<String>, Value)> {
    fn walk(table: &Table, path: &mut Vec<String>, out: &mut Vec<(Vec<String>, Value)>) {
        for (key, value) in table {
            path.push(key.clone());
            match value {
                Value::Table(inner) if !inner.is_empty() => walk(inner, path, out),
                // Nothing is said in it; only its name is checked.
                Value::Table(_) if SHIPPED_TABLES.contains(&key.as_str()) => {}
                other => out.push((path.clone(), other.clone())),
            }
            path.pop();
        }
    }
    let mut out = Vec::new();
    walk(table, &mut Vec::new(), &mut out);
    out
}

const SHIPPED_TABLES: [&str; 9] =
    ["http", "log", "data", "models", "index", "engine", "understanding", "limits", "identity"];

/// Byte at which a key stands.
fn position(table: &DeTable<'_>, keys: &[String]) -> usize {
    let mut at = 0;
    let mut table = Some(table);
    for key in keys {
        let Some((name, value)) = table.and_then(|t| t.iter().find(|(name, _)| name.get_ref().as_ref() == key)) else {
            break;
        };
        at = name.span().start;
        table = match value.get_ref() {
            DeValue::Table(inner) => Some(inner),
            _ => None,
        };
    }
    at
}

fn line_of(text: &str, byte: usize) -> usize {
    text.as_bytes()[..byte.min(text.len())].iter().filter(|b| **b == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str, env: &[(&str, &str)]) -> Result<Config, String> {
        let env: Vec<_> = env.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        let run = || -> Result<Config, ConfigError> {
            let mut layers = Layers::new()?;
            layers.file(Path::new("my.toml"), text)?;
            layers.env(&env)?;
            layers.finish()
        };
        run().map_err(|e| e.to_string())
    }

    #[test]
    fn the_shipped_file_parses_and_holds() {
        let config = shipped().unwrap();
        assert_eq!(config.http.bind.port(), 8787);
        for table in SHIPPED.parse::<Table>().unwrap().keys() {
            assert!(SHIPPED_TABLES.contains(&table.as_str()), "{table}");
        }
    }

    #[test]
    fn every_key_of_the_shipped_file_has_a_comment() {
        let lines: Vec<_> = SHIPPED.lines().collect();
        for (i, line) in lines.iter().enumerate().filter(|(_, line)| line.contains(" = ") && !line.starts_with('#')) {
            let explained = lines[..i].iter().rev().take_while(|l| !l.is_empty() && !l.starts_with('['));
            assert!(explained.into_iter().any(|l| l.starts_with('#')), "no comment above: {line}");
        }
    }

    #[test]
    fn the_environment_wins_over_the_file_and_the_file_over_the_shipped_one() {
        let text = "[http]\nbind = \"0.0.0.0:1\"\nkeep_alive_ms = 7\n";
        let config = with(text, &[("SHOPCLERK_HTTP__BIND", "0.0.0.0:2"), ("SHOPCLERK_LIMITS__WAITING", "3")]).unwrap();
        assert_eq!((config.http.bind.port(), config.http.keep_alive_ms, config.limits.waiting), (2, 7, 3));
        // Not settings: the data folder's own variable, and other programs'.
        with("", &[("SHOPCLERK_DATA", "x"), ("PATH", "/bin"), ("SHOPCLERKX__A", "1")]).unwrap();
    }

    #[test]
    fn errors_name_the_place_and_the_key() {
        type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);
        let cases: &[Case<'_>] = &[
            ("[http\n", &[], "my.toml:1: "),
            ("\n[http]\nport = 1\n", &[], "my.toml:3: http.port: unknown field `port`"),
            ("[htpp]\n", &[], "my.toml:1: htpp: unknown field `htpp`"),
            ("[http]\nbind = 8787\n", &[], "my.toml:2: http.bind: invalid type"),
            ("http = 1\n", &[], "my.toml:1: http: invalid type"),
            ("[models]\ndevice = \"cuda:0\"\n", &[], "my.toml:2: models.device: unknown variant `cuda:0`"),
            ("[engine]\n\ncandidates = 2\npassages = 5\n", &[], "my.toml:4: engine.passages: "),
            (
                "",
                &[("SHOPCLERK_LIMITS__WAITING", "many")],
                "the environment variable SHOPCLERK_LIMITS__WAITING: limits.waiting: ",
            ),
            (
                "",
                &[("SHOPCLERK_LIMITS__CONCURRENT", "0")],
                "the environment variable SHOPCLERK_LIMITS__CONCURRENT: limits.concurrent: ",
            ),
            (
                "",
                &[("SHOPCLERK_HTPP__BIND", "x")],
                "the environment variable SHOPCLERK_HTPP__BIND: htpp.bind: unknown field",
            ),
        ];
        for (text, env, expect) in cases {
            let error = with(text, env).expect_err(text);
            assert!(error.starts_with(expect), "{text:?}: {error}");
        }
    }

    #[test]
    fn secrets_do_not_print() {
        let config = with("", &[("SHOPCLERK_INDEX__API_KEY", "hush")]).unwrap();
        assert_eq!(config.index.api_key.expose(), Some("hush"));
        assert!(!format!("{config:?}").contains("hush"));
    }
}
