//! What is known besides the pages where they say nothing: where the store delivers, and what exactly the customer has.

use super::{Engine, EngineError};
use crate::identity::Asker;
use crate::live::compose::{self, Composed};
use crate::live::flow::Live;
use crate::live::{LiveKind, LiveQuestion};
use crate::package::Watched;
use crate::reply::Answer;
use crate::text::content_stems;
use crate::trace::Trace;
use crate::turn::Turn;
use regex::Regex;
use std::sync::LazyLock;

/// Asks for what an item was ordered in.
static ASKS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:what|which)\b[^.?!]*\b(?:size|colou?r|storage|capacity|memory|material|version|variant|option|model|kind|type|length|width|style|pattern|flavou?r)\b")
        .expect("constant")
});

/// Of something that they have: a question about the product itself is not answered with what they once bought.
static THEIRS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:my|our|mine|did (?:i|we)|(?:i|we) (?:have |had |['’]ve )?(?:got|get|bought|ordered|purchased|have|own)|the right one)\b")
        .expect("constant")
});

impl Engine {
    /// What the store's settings and the customer's own orders tell where no page does.
    pub(super) async fn from_settings_or_orders(
        &self,
        asker: &Asker,
        turn: &Turn,
        trace: &mut Trace,
    ) -> Result<Option<Answer>, EngineError> {
        let profile = self.profiles.get(asker.store_pass().store());
        let Some(profile) = profile else { return Ok(None) };
        if let Some(said) = compose::ships_to::compose(&profile, &turn.text) {
            return Ok(said.answer());
        }
        let (Some(storefront), Asker::Verified(customer)) = (&self.ports.storefront, asker) else { return Ok(None) };
        if !ASKS.is_match(&turn.text) || !THEIRS.is_match(&turn.text) {
            return Ok(None);
        }
        let watched = Watched::new(storefront.as_ref(), std::mem::take(&mut trace.reads));
        let live = Live { storefront: &watched, profile: &profile, asker, turn, now: self.ports.clock.now() };
        let found = live.read_owned(customer, &[]).await?;
        let question = LiveQuestion::about(vec![LiveKind::Items], turn, &profile.order_number);
        let asked = content_stems(&turn.text);
        let mut composed = Composed::default();
        if let Ok(found) = &found {
            let scene = live.scene(&question, found.orders.read_at);
            let named = |title: &str| {
                let stems = content_stems(title);
                !stems.is_empty() && stems.iter().all(|stem| asked.contains(stem))
            };
            let orders = found.orders.value.iter().filter(|order| order.cancelled.is_none());
            let mut items = orders
                .flat_map(|order| order.items.iter().map(move |item| (order, item)))
                .filter(|(_, item)| named(&item.title));
            // Of two that were ordered in different variants neither is said.
            if let (Some((order, item)), None) = (items.next(), items.next()) {
                compose::items::one(&scene, order, item, &mut composed);
            }
        }
        trace.reads = watched.into_reads();
        Ok(composed.answer())
    }
}
