//! Which models there are: role, architecture, licence, files with their hashes, and where the bytes can be had.

use engine::ports::ModelId;
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

const SHIPPED: &str = include_str!("../catalog.toml");

/// What is wrong with a catalogue, and where.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    #[error("{file} could not be read")]
    Read { file: PathBuf, source: std::io::Error },
    #[error("{catalog} is not a catalogue of models")]
    Syntax { catalog: String, source: Box<toml::de::Error> },
    #[error("{catalog}, model '{model}', {field}: {reason}")]
    Invalid { catalog: String, model: String, field: String, reason: String },
    #[error("there is no model '{name}'; there are: {known}")]
    Unknown { name: String, known: String },
}

/// The models by name, in the order of the file.
#[derive(Clone, Debug)]
pub struct Catalog {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CatalogFile {
    #[serde(default)]
    model: Vec<Entry>,
}

/// One model. Its first file is the weights.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub name: String,
    pub role: Role,
    pub architecture: Architecture,
    /// SPDX expression.
    pub licence: String,
    pub description: String,
    /// We have run these very bytes; otherwise they are pinned from public records.
    pub tried: bool,
    pub files: Vec<FileSpec>,
    /// Sizes of a BERT or XLM-R encoder; the tensors are checked against them.
    pub bert: Option<BertShape>,
    /// How an encoder wants its texts.
    pub text: Option<TextRules>,
    /// Meaning of each output of a classifier.
    #[serde(default)]
    pub labels: Vec<String>,
    /// In the order tried.
    #[serde(default, rename = "source")]
    pub sources: Vec<Source>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    Embedder,
    Reranker,
    Generator,
    Verifier,
    Lexicon,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Embedder => "embedder",
            Self::Reranker => "reranker",
            Self::Generator => "generator",
            Self::Verifier => "verifier",
            Self::Lexicon => "lexicon",
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Architecture {
    Bert,
    XlmRoberta,
    DebertaV2,
    Llama,
    Qwen2,
    Qwen3,
    Gemma3,
    Lfm2,
    Vader,
}

/// A file as it must be, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileSpec {
    pub name: String,
    pub bytes: u64,
    /// 64 lower-case hex digits.
    pub sha256: String,
}

/// Sizes of a BERT encoder.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BertShape {
    pub vocab: usize,
    pub hidden: usize,
    pub layers: usize,
    pub heads: usize,
    pub intermediate: usize,
    /// Rows of the position table.
    pub positions: usize,
    /// Row of the first token: 0 for BERT, 2 for XLM-R, which counts after its padding id.
    #[serde(default)]
    pub first_position: usize,
    pub types: usize,
    pub layer_norm_eps: f32,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextRules {
    pub pooling: Pooling,
    /// Vectors get length 1.
    pub normalize: bool,
    /// Longer texts are cut here, special tokens included.
    pub max_tokens: usize,
    #[serde(default)]
    pub query_prefix: String,
    #[serde(default)]
    pub passage_prefix: String,
}

/// What of the token vectors becomes the vector of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pooling {
    Mean,
    Cls,
}

/// Where bytes can be had.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    Hub(HubSource),
    Wheel(WheelSource),
    Local(LocalSource),
}

/// Files of a repository on the model hub, at a pinned revision.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HubSource {
    pub repo: String,
    pub revision: String,
    /// Path in the repository where it is not the file's name.
    #[serde(default)]
    pub paths: BTreeMap<String, String>,
}

/// Python wheels, which are unzipped and never installed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WheelSource {
    /// `name==version` each.
    pub packages: Vec<String>,
    /// For each file one member of each package, in the order of the packages; they are concatenated.
    pub members: BTreeMap<String, Vec<String>>,
}

/// A directory that holds the files under their names.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalSource {
    pub path: PathBuf,
}

impl Catalog {
    /// The catalogue that comes with the program.
    pub fn shipped() -> Result<Self, CatalogError> {
        Self::parse("the shipped catalogue", SHIPPED)
    }

    /// `catalog` is the name used in errors.
    pub fn parse(catalog: &str, text: &str) -> Result<Self, CatalogError> {
        let file: CatalogFile = toml::from_str(text)
            .map_err(|source| CatalogError::Syntax { catalog: catalog.to_owned(), source: Box::new(source) })?;
        for (index, entry) in file.model.iter().enumerate() {
            let invalid = |(field, reason): (String, String)| CatalogError::Invalid {
                catalog: catalog.to_owned(),
                model: entry.name.clone(),
                field,
                reason,
            };
            if file.model[..index].iter().any(|other| other.name == entry.name) {
                return Err(invalid(("name".into(), "stands twice".into())));
            }
            entry.validate().map_err(invalid)?;
        }
        Ok(Self { entries: file.model })
    }

    /// Adds the models of the user's own catalogue; one with a known name takes its place.
    pub fn with_file(mut self, file: &Path) -> Result<Self, CatalogError> {
        let text =
            std::fs::read_to_string(file).map_err(|source| CatalogError::Read { file: file.to_owned(), source })?;
        for entry in Self::parse(&file.display().to_string(), &text)?.entries {
            match self.entries.iter_mut().find(|known| known.name == entry.name) {
                Some(known) => *known = entry,
                None => self.entries.push(entry),
            }
        }
        Ok(self)
    }

    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub fn get(&self, name: &str) -> Result<&Entry, CatalogError> {
        self.entries.iter().find(|entry| entry.name == name).ok_or_else(|| CatalogError::Unknown {
            name: name.to_owned(),
            known: self.entries.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>().join(", "),
        })
    }
}

impl Entry {
    pub fn weights(&self) -> &FileSpec {
        &self.files[0]
    }

    /// Name and the first 16 hex digits of the sha256 of the weights.
    pub fn id(&self) -> ModelId {
        ModelId(format!("{}@{}", self.name, &self.weights().sha256[..16]))
    }

    /// Size on disk.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// The field and what is wrong with it.
    fn validate(&self) -> Result<(), (String, String)> {
        let check = |field: &str, right: bool, reason: &str| match right {
            true => Ok(()),
            false => Err((field.to_owned(), reason.to_owned())),
        };
        check("name", is_plain_name(&self.name), "must be a plain file name")?;
        check("files", !self.files.is_empty(), "is empty")?;
        for file in &self.files {
            let field = format!("files, '{}'", file.name);
            check(&field, is_plain_name(&file.name), "the name must be a plain file name")?;
            check(&field, file.bytes > 0, "bytes is 0")?;
            check(&field, is_sha256(&file.sha256), "sha256 must be 64 lower-case hex digits")?;
        }
        for source in &self.sources {
            match source {
                Source::Hub(hub) => {
                    check("source.hub.revision", is_hex(&hub.revision, 40), "must be a commit: 40 hex digits")?;
                    check("source.hub.repo", hub.repo.split('/').count() == 2, "must be owner/name")?;
                    let known = |name: &String| self.files.iter().any(|file| &file.name == name);
                    check("source.hub.paths", hub.paths.keys().all(known), "names a file that is not in `files`")?;
                }
                Source::Wheel(wheel) => {
                    let pinned =
                        |package: &String| package.split_once("==").is_some_and(|(name, _)| is_plain_name(name));
                    check("source.wheel.packages", !wheel.packages.is_empty(), "is empty")?;
                    check("source.wheel.packages", wheel.packages.iter().all(pinned), "each must be name==version")?;
                    for file in &self.files {
                        let members = wheel.members.get(&file.name).map_or(0, Vec::len);
                        let field = format!("source.wheel.members, '{}'", file.name);
                        check(&field, members == wheel.packages.len(), "must name one member for each package")?;
                    }
                }
                Source::Local(_) => {}
            }
        }
        let encoder = matches!(self.architecture, Architecture::Bert | Architecture::XlmRoberta);
        check("bert", !encoder || self.bert.is_some(), "is missing")?;
        check("text", !encoder || self.text.is_some(), "is missing")?;
        if let Some(bert) = &self.bert {
            check("bert.heads", bert.heads > 0 && bert.hidden % bert.heads == 0, "must divide bert.hidden")?;
            let room = bert.positions.saturating_sub(bert.first_position);
            let fits = self.text.as_ref().is_none_or(|text| (3..=room).contains(&text.max_tokens));
            check("text.max_tokens", fits, "must be at least 3 and fit in bert.positions")?;
        }
        Ok(())
    }
}

/// Safe as a part of a path: no separators, not hidden.
fn is_plain_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    !name.is_empty() && !name.starts_with(['.', '-']) && name.chars().all(plain)
}

fn is_sha256(text: &str) -> bool {
    is_hex(text, 64)
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_catalogue_is_valid_and_says_what_was_not_tried() {
        let catalog = Catalog::shipped().unwrap();
        for entry in catalog.entries() {
            assert!(!entry.sources.is_empty(), "{} has no source", entry.name);
            assert_eq!(!entry.tried, entry.description.contains("not tried"), "{}", entry.name);
            if matches!(entry.role, Role::Embedder | Role::Reranker) {
                assert!(entry.files.iter().any(|file| file.name == "tokenizer.json"), "{}", entry.name);
            }
        }
        assert_eq!(catalog.get("minilm-l6").unwrap().id().0, "minilm-l6@53aa51172d142c89");
        for role in [Role::Embedder, Role::Reranker, Role::Generator, Role::Verifier, Role::Lexicon] {
            assert!(catalog.entries().iter().any(|entry| entry.role == role), "no {role}");
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let error = Catalog::shipped().unwrap().get("minilm").unwrap_err().to_string();
        assert!(error.contains("'minilm'") && error.contains("minilm-l6"), "{error}");
    }

    const OWN: &str = r#"
        [[model]]
        name = "vader"
        role = "lexicon"
        architecture = "vader"
        licence = "MIT"
        tried = true
        description = "ours"
        files = [{ name = "words.txt", bytes = 3, sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" }]
        [[model.source]]
        local = { path = "somewhere" }
    "#;

    #[test]
    fn the_users_catalogue_adds_and_overrides() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("own.toml");
        std::fs::write(&file, OWN.to_owned() + &OWN.replacen("vader", "vader-two", 1)).unwrap();
        let before = Catalog::shipped().unwrap().entries().len();
        let catalog = Catalog::shipped().unwrap().with_file(&file).unwrap();
        assert_eq!(catalog.entries().len(), before + 1);
        assert_eq!(catalog.get("vader").unwrap().description, "ours");
        assert!(matches!(catalog.get("vader-two").unwrap().sources[0], Source::Local(_)));
    }

    #[test]
    fn a_bad_entry_is_named_with_its_field() {
        let check = |from: &str, to: &str, expect: &str| {
            let error = Catalog::parse("own.toml", &OWN.replace(from, to)).unwrap_err().to_string();
            assert!(error.contains("own.toml") && error.contains(expect), "{error}");
        };
        check("ba7816", "BA7816", "model 'vader', files, 'words.txt': sha256");
        check("words.txt", "../words.txt", "plain file name");
        check("bytes = 3", "bytes = 0", "bytes is 0");
        check("name = \"vader\"", "name = \"../vader\"", "name: must be");
        check(
            "local = { path = \"somewhere\" }",
            "hub = { repo = \"a/b\", revision = \"main\" }",
            "source.hub.revision",
        );
        check(
            "local = { path = \"somewhere\" }",
            "wheel = { packages = [\"a==1\", \"b==1\"], members = { \"words.txt\" = [\"x\"] } }",
            "one member for each package",
        );
        check(
            "local = { path = \"somewhere\" }",
            "wheel = { packages = [\"--index-url=x\"], members = {} }",
            "name==version",
        );
        check("architecture = \"vader\"", "architecture = \"bert\"", "bert: is missing");
        check("licence", "license", "is not a catalogue");
    }

    #[test]
    fn a_name_stands_once() {
        let error = Catalog::parse("own.toml", &(OWN.to_owned() + OWN)).unwrap_err().to_string();
        assert!(error.contains("stands twice"), "{error}");
    }
}
