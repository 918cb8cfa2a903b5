//! What was found, as tables for people and as runs for machines.

use super::hostile::{ATTACKS, Attacked};
use super::shop::Shop;
use super::{Judged, KINDS, TIERS};
use crate::report::{Metrics, Run};
use crate::statistics::{Estimate, Quantile, quantile_interval, rule_of_three, wilson};
use std::collections::BTreeMap;
use std::time::Duration;

/// A row for each kind and asker, then the states of the orders with faults.
pub fn breakdown(shop: &Shop, judged: &[Judged]) -> String {
    let mut rows = vec![row(["kind", "asker", "n", "answered", "wrong", "missing", "forbidden"].map(str::to_owned))];
    for kind in KINDS {
        for tier in TIERS {
            let of = judged.iter().filter(|j| j.question.kind == kind && j.question.tier == tier);
            rows.extend(counted(kind.name(), tier.name(), &of.collect::<Vec<_>>()));
        }
    }
    rows.extend(counted("all", "", &judged.iter().collect::<Vec<_>>()));
    let mut text = rows.concat();
    let mut states = BTreeMap::<&str, [usize; 4]>::new();
    for one in judged {
        for state in &shop.orders[one.question.order].states {
            let [n, wrong, missing, forbidden] = states.entry(state).or_default();
            *n += 1;
            *wrong += usize::from(!one.faults.wrong.is_empty());
            *missing += usize::from(!one.faults.missing.is_empty());
            *forbidden += usize::from(!one.faults.forbidden.is_empty());
        }
    }
    text.push_str(&format!("{} states of orders were asked about\n", states.len()));
    for (state, [n, wrong, missing, forbidden]) in states {
        if wrong + missing + forbidden > 0 {
            text.push_str(&format!(
                "  {state:<48} n {n:>5}  wrong {wrong}  missing {missing}  forbidden {forbidden}\n"
            ));
        }
    }
    text
}

fn counted(kind: &str, tier: &str, of: &[&Judged]) -> Option<String> {
    let count = |which: fn(&&&Judged) -> bool| of.iter().filter(which).count().to_string();
    (!of.is_empty()).then(|| {
        row([
            kind.to_owned(),
            tier.to_owned(),
            of.len().to_string(),
            count(|j| j.said.outcome == super::Outcome::Answer),
            count(|j| !j.faults.wrong.is_empty()),
            count(|j| !j.faults.missing.is_empty()),
            count(|j| !j.faults.forbidden.is_empty()),
        ])
    })
}

fn row([kind, tier, n, answered, wrong, missing, forbidden]: [String; 7]) -> String {
    format!("  {kind:<14}{tier:<16}{n:>6}{answered:>10}{wrong:>8}{missing:>9}{forbidden:>11}\n")
}

/// A reply that is not right, for a person to read.
pub fn complaint(shop: &Shop, one: &Judged) -> Option<String> {
    if one.faults.is_empty() {
        return None;
    }
    let order = &shop.orders[one.question.order];
    let (kind, tier) = (one.question.kind.name(), one.question.tier.name());
    let mut text = format!(
        "{} ({}), {kind}, {tier}\n  asked:     {}\n  {}: {}\n",
        order.name,
        order.states.join(", "),
        one.question.turn.text,
        one.said.outcome.name(),
        one.said.text
    );
    let faults = &one.faults;
    for (label, found) in [("wrong", &faults.wrong), ("missing", &faults.missing), ("forbidden", &faults.forbidden)] {
        for value in found {
            text.push_str(&format!("  {label}: {value}\n"));
        }
    }
    Some(text)
}

/// A row for each way of trying.
pub fn breakdown_of(attacked: &[Attacked]) -> String {
    let mut text = String::from("  hostile look-ups      n  disclosed  told apart\n");
    for attack in ATTACKS {
        let of: Vec<&Attacked> = attacked.iter().filter(|a| a.tried.attack == attack).collect();
        let disclosed = of.iter().filter(|a| !a.disclosed.is_empty()).count();
        let apart = of.iter().filter(|a| a.told_apart).count();
        text.push_str(&format!("  {:<16}{:>7}{disclosed:>11}{apart:>12}\n", attack.name(), of.len()));
    }
    text
}

/// A hostile look-up that learned something, for a person to read.
pub fn complaint_of(shop: &Shop, one: &Attacked) -> Option<String> {
    if one.disclosed.is_empty() && !one.told_apart {
        return None;
    }
    let mut text = format!("{}, {}\n", one.tried.attack.name(), shop.orders[one.tried.target].name);
    for (turn, said) in [(&one.tried.real.1, &one.said), (&one.tried.twin.1, &one.twin)] {
        text.push_str(&format!("  asked:     {}\n  {}: {}\n", turn.text, said.outcome.name(), said.text));
    }
    for value in &one.disclosed {
        text.push_str(&format!("  disclosed: {value}\n"));
    }
    Some(text)
}

fn share(of: usize, n: usize) -> Estimate {
    let found = wilson(of, n).unwrap_or(Estimate { value: 0.0, low: 0.0, high: 1.0 });
    // Where nothing failed, what can still not be ruled out.
    let high = if of == 0 { rule_of_three(n).unwrap_or(1.0) } else { found.high };
    Estimate { high, ..found }
}

/// Milliseconds at p50 and p99, with the intervals of their order statistics. An end that so few values cannot bound is
/// that of all values seen.
pub(super) fn times(of: impl Iterator<Item = Duration>) -> Option<(Estimate, Estimate)> {
    let mut ms: Vec<f64> = of.map(|took| took.as_secs_f64() * 1000.0).collect();
    ms.sort_by(f64::total_cmp);
    let (fastest, slowest) = (*ms.first()?, *ms.last()?);
    let at = |q| {
        let Quantile { value, low, high } = quantile_interval(&ms, q)?;
        Some(Estimate { value, low: low.unwrap_or(fastest), high: high.unwrap_or(slowest) })
    };
    Some((at(0.5)?, at(0.99)?))
}

fn run(pack: &str, file: &str, system: &str, n: usize, metrics: Vec<(&'static str, Estimate)>) -> Run {
    let metrics = metrics.into_iter().map(|(name, estimate)| (name.to_owned(), estimate)).collect();
    Run::new(pack, file, system, n, Metrics(metrics))
}

/// The three shares that must be zero, and how long an answer took.
pub fn run_of(pack: &str, judged: &[Judged]) -> Run {
    let n = judged.len();
    let count = |which: fn(&&Judged) -> bool| judged.iter().filter(which).count();
    let mut metrics = vec![
        ("wrong", share(count(|j| !j.faults.wrong.is_empty()), n)),
        ("missing", share(count(|j| !j.faults.missing.is_empty()), n)),
        ("forbidden", share(count(|j| !j.faults.forbidden.is_empty()), n)),
        ("answered", share(count(|j| j.said.outcome == super::Outcome::Answer), n)),
    ];
    let answers = judged.iter().filter(|j| j.said.outcome == super::Outcome::Answer).map(|j| j.took);
    if let Some((p50, p99)) = times(answers) {
        metrics.extend([("answer_ms_p50", p50), ("answer_ms_p99", p99)]);
    }
    run(pack, "orders.jsonl", "live", n, metrics)
}

/// The shares of hostile look-ups that learned something: both must be zero.
pub fn run_of_attacks(pack: &str, attacked: &[Attacked]) -> Run {
    let n = attacked.len();
    let mut metrics = vec![
        ("disclosed", share(attacked.iter().filter(|a| !a.disclosed.is_empty()).count(), n)),
        ("told_apart", share(attacked.iter().filter(|a| a.told_apart).count(), n)),
    ];
    if let Some((p50, p99)) = times(attacked.iter().map(|a| a.took)) {
        metrics.extend([("exists_ms_p50", p50), ("exists_ms_p99", p99)]);
    }
    if let Some((p50, p99)) = times(attacked.iter().map(|a| a.twin_took)) {
        metrics.extend([("does_not_exist_ms_p50", p50), ("does_not_exist_ms_p99", p99)]);
    }
    run(pack, "hostile", "live", n, metrics)
}

/// With a shop that fails: wrong and forbidden must be zero, and nothing may come later than `patience`. What is
/// missing is told, not counted against it.
pub fn run_under_faults(pack: &str, judged: &[Judged], patience: Duration) -> Run {
    let n = judged.len();
    let count = |which: &dyn Fn(&&Judged) -> bool| judged.iter().filter(which).count();
    let mut metrics = vec![
        ("wrong", share(count(&|j| !j.faults.wrong.is_empty()), n)),
        ("forbidden", share(count(&|j| !j.faults.forbidden.is_empty()), n)),
        ("late", share(count(&|j| j.took > patience), n)),
        ("complete", share(count(&|j| j.faults.missing.is_empty()), n)),
    ];
    if let Some((p50, p99)) = times(judged.iter().map(|j| j.took)) {
        metrics.extend([("ms_p50", p50), ("ms_p99", p99)]);
    }
    run(pack, "orders.jsonl", "live with faults", n, metrics)
}
