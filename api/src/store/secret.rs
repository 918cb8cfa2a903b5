//! Values that must not be printed.

use serde::{Deserialize, Deserializer, de::Error};
use std::{fmt, fs, path::PathBuf};

/// A secret of a store: written as it is, as `env:NAME` or as `file:/PATH`, and read when the settings are. `Debug`
/// prints nothing of it, and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    value: String,
    from: From,
}

/// Where a secret stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum From {
    Settings,
    Env(String),
    File(PathBuf),
}

impl Secret {
    /// For the one call that needs it.
    pub fn expose(&self) -> &str {
        &self.value
    }

    pub fn from(&self) -> &From {
        &self.from
    }

    /// Resolves what was written. The error says what is wrong and nothing of what was read.
    fn resolve(written: &str) -> Result<Self, String> {
        let (value, from) = if let Some(name) = written.strip_prefix("env:") {
            let value = std::env::var(name).map_err(|_| {
                format!("the environment variable {name} is not set; set it where shopclerk runs, or use file:/PATH")
            })?;
            (value, From::Env(name.to_owned()))
        } else if let Some(path) = written.strip_prefix("file:") {
            let path = PathBuf::from(path);
            if !path.is_absolute() {
                return Err("write the whole path, such as file:/run/secrets/shopify".into());
            }
            let value = fs::read_to_string(&path).map_err(|e| format!("{} cannot be read: {e}", path.display()))?;
            (value.trim_end_matches(['\r', '\n']).to_owned(), From::File(path))
        } else {
            (written.to_owned(), From::Settings)
        };
        if value.trim().is_empty() { Err("the secret is empty".into()) } else { Ok(Self { value, from }) }
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        // serde's own error would repeat the value.
        let written = String::deserialize(d).map_err(|_| D::Error::custom("a secret is written in quotation marks"))?;
        Self::resolve(&written).map_err(D::Error::custom)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// For `store show`: that it is there, and where it stands.
impl fmt::Display for From {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings => f.write_str("set"),
            Self::Env(name) => write!(f, "set (env:{name})"),
            Self::File(path) => write!(f, "set (file:{})", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_secret_is_read_from_where_it_stands_and_never_printed() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "hush-file").unwrap();
        let path = file.path().display().to_string();
        let home = std::env::var("PATH").unwrap();
        for (written, value, shown) in [
            ("hush-here".to_owned(), "hush-here", "set".to_owned()),
            (format!("file:{path}"), "hush-file", format!("set (file:{path})")),
            ("env:PATH".to_owned(), home.as_str(), "set (env:PATH)".to_owned()),
        ] {
            let secret = Secret::resolve(&written).unwrap();
            assert_eq!((secret.expose(), secret.from().to_string()), (value, shown));
            assert_eq!(format!("{secret:?}"), "Secret");
        }
        for bad in ["", " ", "env:SHOPCLERK_THIS_IS_NOT_SET", "file:relative", "file:/nowhere/to/be/found"] {
            assert!(Secret::resolve(bad).is_err(), "{bad}");
        }
        let error = toml::from_str::<std::collections::HashMap<String, Secret>>("token = 471147").unwrap_err();
        assert!(!error.message().contains("471147"), "{error}");
    }
}
