//! What holds for every list of rules, in whatever order they stand.

use super::orders::{chicago, date, item, order, parcel};
use super::rules;
use crate::returns::*;
use proptest::prelude::*;

/// A rule for items with one tag.
fn rule(number: usize, tag: usize, effect: Effect) -> Rule {
    let when = When { tags: vec![format!("tag-{tag}")], ..When::default() };
    let (conditions, fee, fee_waived, steps, page, url) = (None, None, None, None, None, None);
    Rule { id: format!("r{number}"), when: vec![when], effect, conditions, fee, fee_waived, steps, page, url }
}

fn effects() -> impl Strategy<Value = Effect> {
    prop_oneof![
        (0u32..400).prop_map(Effect::Days),
        Just(Effect::Until("2027-01-31".parse().unwrap())),
        Just(Effect::Never("it is excluded".into())),
        Just(Effect::NeverUnless("it is sealed".into())),
    ]
}

proptest! {
    #[test]
    fn nothing_excluded_is_ever_open_in_whatever_order_the_rules_stand(
        list in prop::collection::vec((0usize..6, effects()), 0..8),
        tags in prop::collection::hash_set(0usize..6, 0..4),
        deleted in any::<bool>(),
        delivered in prop::option::of(0i64..500),
        today in 0i64..500,
    ) {
        let mut rules = rules();
        rules.rules = list.iter().enumerate().map(|(i, (tag, effect))| rule(i, *tag, effect.clone())).collect();
        let start = date("2026-06-01");
        let on = |days: i64| start.checked_add(jiff::Span::new().days(days)).unwrap();
        let arrived = delivered.map(|days| on(days).at(12, 0, 0, 0).to_zoned(chicago()).unwrap().timestamp().to_string());
        let tagged: Vec<String> = tags.iter().map(|tag| format!("tag-{tag}")).collect();
        let mut line = item(1, 1, &tagged.iter().map(String::as_str).collect::<Vec<_>>());
        if deleted {
            line.product = None;
            line.product_tags.clear();
        }
        let order = order("2026-05-01T12:00:00Z", vec![line], vec![parcel(1, &[(1, 1)], arrived.as_deref())]);
        let verdict = judge(&rules, &order, &order.items[0], on(today), &chicago());

        let matching: Vec<&Effect> = list.iter().filter(|(tag, _)| tags.contains(tag)).map(|(_, effect)| effect).collect();
        let excluded = !deleted && matching.iter().any(|effect| matches!(effect, Effect::Never(_)));
        let sealed = matching.iter().any(|effect| matches!(effect, Effect::NeverUnless(_)));
        if excluded {
            prop_assert_eq!(verdict.standing, Standing::Never { why: "it is excluded".into() });
        } else if deleted && !list.is_empty() {
            prop_assert_eq!(verdict.standing, Standing::Unknown { why: Missing::Product });
        } else {
            // The reference: the first window in the order of the list, else 30 days, counted one by one.
            let window = matching.iter().find(|e| matches!(e, Effect::Days(_) | Effect::Until(_)));
            let until = match (window, delivered) {
                (Some(Effect::Until(date)), _) => Some(*date),
                (Some(Effect::Days(days)), Some(from)) => Some(on(from + i64::from(*days))),
                (_, Some(from)) => Some(on(from + 30)),
                (_, None) => None,
            };
            match verdict.standing {
                Standing::Open { until: LastDay::On(day) } => {
                    prop_assert!(!sealed && Some(day) == until && on(today) <= day);
                }
                Standing::OpenIf { until: LastDay::On(day), .. } => {
                    prop_assert!(sealed && Some(day) == until && on(today) <= day);
                }
                Standing::Closed { since } => prop_assert!(Some(since) == until && on(today) > since),
                Standing::NotYet { provided, .. } => {
                    prop_assert!(delivered.is_none() && provided.is_some() == sealed);
                }
                Standing::Unknown { why } => prop_assert!(
                    why == Missing::WindowBeforeDelivery && matches!(window, Some(Effect::Until(_)))
                ),
                other => prop_assert!(false, "{other:?}"),
            }
        }
    }
}
