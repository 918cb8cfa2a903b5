//! Which models a machine can hold.

/// Names of models in the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    pub name: &'static str,
    pub embedder: &'static str,
    /// Without one, the embedder's token vectors rerank.
    pub reranker: Option<&'static str>,
    /// In the order of preference: the first that can be had is the one. Empty: answers are extractive.
    pub generators: &'static [&'static str],
}

/// No generator: about 90 MB on disk, and under 250 MB in memory.
pub const SMALL: Profile = Profile { name: "small", embedder: "minilm-l6", reranker: None, generators: &[] };

/// A generator of 1.5B: about 1.2 GB on disk. The second is the one that can be had without the hub.
pub const STANDARD: Profile = Profile {
    name: "standard",
    embedder: "minilm-l6",
    reranker: None,
    generators: &["qwen2.5-1.5b", "qwen2.5-coder-1.5b"],
};

/// For eight cores and 16 GB.
pub const LARGE: Profile = Profile {
    name: "large",
    embedder: "bge-small-en",
    reranker: Some("ms-marco-l6"),
    generators: &["qwen3-4b-2507", "qwen2.5-1.5b", "qwen2.5-coder-1.5b"],
};

pub const PROFILES: [&Profile; 3] = [&SMALL, &STANDARD, &LARGE];

const GIB: u64 = 1 << 30;

/// The largest profile that leaves a machine room for everything else: a machine sold with 8 GB shows
/// a little less to its programs.
pub fn suggest(cores: usize, memory_bytes: u64) -> &'static Profile {
    match (cores, memory_bytes) {
        (8.., m) if m >= 14 * GIB => &LARGE,
        (2.., m) if m >= 7 * GIB / 2 => &STANDARD,
        _ => &SMALL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Catalog, Role};

    #[test]
    fn a_machine_gets_what_it_can_hold() {
        let check = |cores, gib: f64, expect: &str| {
            assert_eq!(suggest(cores, (gib * GIB as f64) as u64).name, expect, "{cores} cores, {gib} GiB");
        };
        check(1, 8.0, "small");
        check(2, 2.0, "small");
        check(2, 3.8, "standard");
        check(2, 7.7, "standard");
        check(8, 7.7, "standard");
        check(8, 15.5, "large");
        check(4, 31.0, "standard");
    }

    #[test]
    fn profiles_name_models_of_the_right_role_and_small_is_small() {
        let catalog = Catalog::shipped().unwrap();
        let role = |name: &str| catalog.get(name).unwrap().role;
        for profile in PROFILES {
            assert_eq!(role(profile.embedder), Role::Embedder);
            assert!(profile.reranker.is_none_or(|name| role(name) == Role::Reranker));
            assert!(profile.generators.iter().all(|name| role(name) == Role::Generator));
        }
        assert!(catalog.get(SMALL.embedder).unwrap().bytes() < 250_000_000);
    }
}
