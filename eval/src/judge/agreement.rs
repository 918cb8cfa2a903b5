//! How far a judge may be believed: as far as it agrees with people.

use super::rubric::Scale;
use crate::pack::PackError;
use crate::pack::lines::{problem, read_lines};
use crate::statistics::{Bootstrap, Estimate, cohen_kappa, weighted_kappa, wilson};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashMap;
use std::path::Path;

/// Below this a judge's scores gate nothing. Landis, Koch, "The Measurement of Observer Agreement for Categorical Data"
/// (1977), call agreement above it moderate; a convention, like theirs.
pub const MODERATE: f64 = 0.4;

/// A judge against people, on the replies that both have rated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    pub n: usize,
    /// How often both said the same.
    pub agreed: Estimate,
    /// Cohen's kappa. Absent where both named one class throughout: then nothing is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kappa: Option<Estimate>,
    /// With quadratic weights; for grades only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weighted_kappa: Option<Estimate>,
}

impl Agreement {
    /// The kappa that fits the scale: weighted for grades.
    pub fn main(&self) -> Option<Estimate> {
        self.weighted_kappa.or(self.kappa)
    }

    /// Surely better than moderate.
    pub fn is_enough(&self) -> bool {
        self.main().is_some_and(|kappa| kappa.low > MODERATE)
    }
}

/// Of pairs of classes, of which there are so many.
type Kappa = fn(&[(usize, usize)], usize) -> Option<f64>;

/// Of pairs of classes; `None` without any.
pub fn agreement(pairs: &[(usize, usize)], scale: Scale, bootstrap: Bootstrap) -> Option<Agreement> {
    let agreed = wilson(pairs.iter().filter(|(judge, person)| judge == person).count(), pairs.len())?;
    let classes = scale.classes();
    let estimate = |kappa: Kappa| {
        kappa(pairs, classes)?;
        // A draw in which nothing can be told shows no agreement.
        bootstrap.statistic(pairs, None, |drawn| kappa(drawn, classes).unwrap_or(0.0))
    };
    Some(Agreement {
        n: pairs.len(),
        agreed,
        kappa: estimate(cohen_kappa),
        weighted_kappa: match scale {
            Scale::OneToFive => estimate(weighted_kappa),
            Scale::YesNo => None,
        },
    })
}

/// A person's rating of one reply. The ids are those of the results; `pack` and `file` tell apart what has one id twice.
#[derive(Debug, Deserialize)]
struct Label {
    id: String,
    pack: Option<String>,
    file: Option<String>,
    /// `4`, `"4"`, `"yes"`, `true`.
    rating: Value,
}

/// Ratings by people.
#[derive(Debug, Default)]
pub struct Labels(HashMap<(Option<String>, Option<String>, String), usize>);

impl Labels {
    pub fn read(path: &Path, scale: Scale) -> Result<Self, PackError> {
        let mut labels = HashMap::new();
        for (line, label) in read_lines::<Label>(path)? {
            let said = match &label.rating {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let class = scale.read(&said).ok_or_else(|| {
                let classes: Vec<String> = (0..scale.classes()).map(|class| scale.name(class)).collect();
                problem(path, line, format!("'rating' is {said}: say {}", classes.join(", ")))
            })?;
            if labels.insert((label.pack, label.file, label.id.clone()), class).is_some() {
                return Err(problem(path, line, format!("'{}' is rated twice: keep one, or name 'file'", label.id)));
            }
        }
        Ok(Self(labels))
    }

    pub fn of(&self, pack: &str, file: &str, id: &str) -> Option<usize> {
        let named = |pack: Option<&str>, file: Option<&str>| {
            self.0.get(&(pack.map(str::to_owned), file.map(str::to_owned), id.to_owned())).copied()
        };
        named(Some(pack), Some(file)).or_else(|| named(None, Some(file))).or_else(|| named(None, None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAW: Bootstrap = Bootstrap { resamples: 300, seed: 1 };

    #[test]
    fn agreement_is_known_with_an_interval_or_not_at_all() {
        let good: Vec<(usize, usize)> = (0..100).map(|i| (i % 5, if i < 90 { i % 5 } else { (i + 1) % 5 })).collect();
        let found = agreement(&good, Scale::OneToFive, DRAW).unwrap();
        let kappa = found.main().unwrap();
        assert!(
            found.n == 100 && found.is_enough() && kappa.low < kappa.value && kappa.value < kappa.high,
            "{found:?}"
        );
        let chance: Vec<(usize, usize)> = (0..100).map(|i| (i % 2, i / 2 % 2)).collect();
        let found = agreement(&chance, Scale::YesNo, DRAW).unwrap();
        assert!(found.weighted_kappa.is_none() && !found.is_enough() && found.main().unwrap().low < 0.0);
        // Both always said five.
        let same = agreement(&[(4, 4); 50], Scale::OneToFive, DRAW).unwrap();
        assert!(same.agreed.value == 1.0 && same.main().is_none() && !same.is_enough());
        assert_eq!(agreement(&[], Scale::YesNo, DRAW), None);
    }

    #[test]
    fn labels_name_the_line_that_is_wrong() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("labels.jsonl");
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            Labels::read(&path, Scale::OneToFive)
        };
        let labels = read("{\"id\":\"a\",\"rating\":4}\n{\"id\":\"a\",\"file\":\"q\",\"rating\":\"2\"}\n").unwrap();
        assert_eq!(
            (labels.of("p", "x", "a"), labels.of("p", "q", "a"), labels.of("p", "q", "b")),
            (Some(3), Some(1), None)
        );
        for (text, expected) in [
            ("{\"id\":\"a\",\"rating\":4}\n{\"id\":\"b\",\"rating\":7}\n", "line 2: 'rating' is 7: say 1, 2, 3, 4, 5"),
            ("{\"id\":\"a\",\"rating\":4}\n{\"id\":\"a\",\"rating\":4}\n", "line 2: 'a' is rated twice"),
        ] {
            let found = read(text).unwrap_err().to_string();
            assert!(found.contains(expected), "{found}");
        }
    }
}
