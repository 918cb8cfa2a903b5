//! Two persons, the same turns: how far their labels agree beyond what chance would bring.

use super::LabelError;
use super::file::{LabelFile, Only, action_of, is_suggested};
use crate::pack::Action;
use crate::statistics::{Bootstrap, Estimate, cohen_kappa};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// What two files of labels have in common.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Agreement {
    /// Turns that both have confirmed.
    pub n: usize,
    pub conversations: usize,
    /// Share of the turns with the same action.
    pub agreed: Estimate,
    /// Cohen's kappa; absent where both used one action only, as chance explains everything there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kappa: Option<Estimate>,
    /// Rows are what the first says, columns what the second says, in the order of [`Action::ALL`].
    pub confusion: [[usize; Action::ALL.len()]; Action::ALL.len()],
    pub disagreements: Vec<Disagreement>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Disagreement {
    pub id: String,
    pub turn: u64,
    pub first: Action,
    pub second: Action,
}

/// Compares the confirmed labels of the turns that stand in both files. Whole conversations are drawn.
pub fn agreement(a: &LabelFile, b: &LabelFile, bootstrap: Bootstrap) -> Result<Agreement, LabelError> {
    let (first, second) = (confirmed(a), confirmed(b));
    let both: Vec<(&(String, u64), Action, Action)> =
        first.iter().filter_map(|(turn, action)| Some((turn, *action, *second.get(turn)?))).collect();
    let pairs: Vec<(usize, usize)> = both.iter().map(|(_, a, b)| (class(*a), class(*b))).collect();
    let clusters: Vec<String> = both.iter().map(|((id, _), _, _)| id.clone()).collect();
    let share = bootstrap.statistic(&pairs, Some(&clusters), observed);
    let Some(agreed) = share else {
        return Err(LabelError::NothingShared { a: a.path().to_owned(), b: b.path().to_owned() });
    };
    // A resample of one action only is one that the two agree on.
    let of = |pairs: &[(usize, usize)]| cohen_kappa(pairs, Action::ALL.len()).unwrap_or(1.0);
    let interval =
        cohen_kappa(&pairs, Action::ALL.len()).and_then(|_| bootstrap.statistic(&pairs, Some(&clusters), of));
    let mut confusion = [[0; Action::ALL.len()]; Action::ALL.len()];
    pairs.iter().for_each(|(a, b)| confusion[*a][*b] += 1);
    let differ = both.iter().filter(|(_, a, b)| a != b);
    let mut different = clusters.clone();
    different.dedup();
    Ok(Agreement {
        n: pairs.len(),
        conversations: different.len(),
        agreed,
        kappa: interval,
        confusion,
        disagreements: differ
            .map(|((id, turn), a, b)| Disagreement { id: id.clone(), turn: *turn, first: *a, second: *b })
            .collect(),
    })
}

fn confirmed(file: &LabelFile) -> BTreeMap<(String, u64), Action> {
    let read = |item| {
        let label = file.label(item);
        let id = file.record(item).get("id").and_then(Value::as_str)?;
        let turn = label.get("turn").and_then(Value::as_u64)?;
        (!is_suggested(label)).then(|| Some(((id.to_owned(), turn), action_of(label)?)))?
    };
    file.items(Only::Everything).into_iter().filter_map(read).collect()
}

fn class(action: Action) -> usize {
    Action::ALL.iter().position(|known| *known == action).unwrap_or(0)
}

fn observed(pairs: &[(usize, usize)]) -> f64 {
    pairs.iter().filter(|(a, b)| a == b).count() as f64 / pairs.len().max(1) as f64
}
