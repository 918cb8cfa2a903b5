//! Where things live on disk.

use crate::config::Config;
use std::path::PathBuf;

/// The two folders that shopclerk writes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// Keys, indexes, handoffs.
    pub data: PathBuf,
    pub models: PathBuf,
}

/// What was said on the command line.
#[derive(Clone, Debug, Default)]
pub struct SaidPlaces {
    pub data: Option<PathBuf>,
    pub models: Option<PathBuf>,
}

impl Places {
    /// The command line before shopclerk's own variable, before the configuration, before the system's folders.
    pub fn find(said: SaidPlaces, config: &Config, env: &dyn Fn(&str) -> Option<String>) -> Self {
        let var = |name: &str| env(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let configured = |dir: &PathBuf| Some(dir.clone()).filter(|dir| !dir.as_os_str().is_empty());
        let system = |variable: &str, below_home: &str| {
            let base = var(variable).filter(|path| path.is_absolute());
            let home = || var("HOME").or_else(|| var("USERPROFILE")).unwrap_or_default().join(below_home);
            base.unwrap_or_else(home).join("shopclerk")
        };
        let data = said
            .data
            .or_else(|| var("SHOPCLERK_DATA"))
            .or_else(|| configured(&config.data.dir))
            .unwrap_or_else(|| system("XDG_DATA_HOME", ".local/share"));
        let models = said
            .models
            .or_else(|| var("SHOPCLERK_MODELS"))
            .or_else(|| configured(&config.models.dir))
            .unwrap_or_else(|| system("XDG_CACHE_HOME", ".cache").join("models"));
        Self { data, models }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn the_nearer_word_wins() {
        let mut config = crate::config::shipped().unwrap();
        let find = |said: Option<&str>, config: &Config, env: &[(&str, &str)]| {
            let said = SaidPlaces { data: said.map(PathBuf::from), models: None };
            let get = |name: &str| env.iter().find(|(known, _)| *known == name).map(|(_, v)| (*v).to_owned());
            Places::find(said, config, &get)
        };
        let home = ("HOME", "/h");
        assert_eq!(find(None, &config, &[home]).data, Path::new("/h/.local/share/shopclerk"));
        assert_eq!(find(None, &config, &[home]).models, Path::new("/h/.cache/shopclerk/models"));
        assert_eq!(find(None, &config, &[home, ("XDG_DATA_HOME", "/x")]).data, Path::new("/x/shopclerk"));
        config.data.dir = "/c".into();
        assert_eq!(find(None, &config, &[home, ("XDG_DATA_HOME", "/x")]).data, Path::new("/c"));
        assert_eq!(find(None, &config, &[home, ("SHOPCLERK_DATA", "/d")]).data, Path::new("/d"));
        assert_eq!(find(Some("/s"), &config, &[home, ("SHOPCLERK_DATA", "/d")]).data, Path::new("/s"));
    }
}
