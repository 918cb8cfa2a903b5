//! What the policy makes of one message, of anybody or of a customer with tags.

use super::{named, word};
use crate::commands::{CommandError, operator, show};
use crate::store::StoreSettings;
use crate::wiring::{House, WiringError};
use engine::answer::BEYOND_DOUBT;
use engine::decide::stakes::{Of, Stakes, Threshold};
use engine::decide::{Gate, RiskModel};
use engine::package::any_order_number;
use engine::policy::{Ruled, Ruling, Segment};
use engine::ports::{Clock, Embedder};
use engine::understand::entities::When;
use engine::understand::{Reading, Sure, Titles, conversation};
use engine::{HandoffReason, Intent, StoreId, Turn, Understanding};
use serde_json::json;
use std::sync::Arc;

/// What is asked of a policy.
pub(super) struct Asks<'a> {
    pub store: &'a StoreId,
    /// `None` where a store has no settings: then the default policy holds.
    pub settings: Option<&'a StoreSettings>,
    pub message: &'a str,
    /// Those of a customer who has proved who they are; `None` is anybody.
    pub tags: Option<&'a [String]>,
}

pub(super) async fn explain(house: &House, asks: Asks<'_>, json: bool) -> Result<(), CommandError> {
    let Asks { message, tags, .. } = asks;
    let policy = asks.settings.map(|settings| settings.policy.clone()).unwrap_or_default();
    let policy = policy.as_ref();
    let titles = house.catalogue().titles(&operator(asks.store)).await;
    let understood = understand(house, &asks, &titles).await?;
    let hard = engine::rules::hard_rule(message);
    let ruled = policy.rule(message, &understood);
    let segment = tags.and_then(|tags| policy.segment(tags));
    let straight = segment.is_some_and(|segment| segment.takes(&ruled.ruling, hard.is_some()));
    let risk = house.risk_file().map_err(WiringError::from)?.map(|(_, risk)| risk);
    let stakes = Stakes::of(policy, ruled.intent, segment, tags.is_some());
    let threshold = threshold(house, &ruled, risk.as_ref(), stakes);
    if json {
        let hard = hard.map(|(reason, words)| json!({ "reason": reason, "words": words }));
        let told = json!({
            "understood": understood, "hard_rule": hard, "ruled": ruled, "segment": segment,
            "straight_to_a_person": straight, "threshold": threshold,
        });
        println!("{told}");
        return Ok(());
    }
    println!("about:      {}", if understood.intents.is_empty() { "–".into() } else { list(&understood.intents) });
    if !understood.parts.is_empty() {
        println!("sentences:  {}", list(&understood.parts));
    }
    named::print(&understood, message, &titles);
    println!("stage:      {}", understood.stage.map_or("–", engine::understand::Stage::as_text));
    println!("language:   {}", understood.language.unwrap_or("too short to tell"));
    println!("mood:       {:.2} (from -1 to 1)", understood.mood.now);
    if conversation::asks_for_orders(message) {
        println!("orders:     asks which orders there are");
    }
    if let Some((reason, words)) = &hard {
        println!("hard rule:  {} (\"{words}\")", show::reason(*reason));
    }
    println!("rule:       {}", if ruled.why.rule.is_empty() { "none" } else { &ruled.why.rule });
    println!("because:    {}", ruled.why.because);
    let person = matches!(ruled.ruling, Ruling::Person { .. });
    match segment.filter(|_| straight && !person) {
        Some(segment) => {
            let reason = show::reason(HandoffReason::Segment);
            println!("then:       person, reason = {reason} ({}), instead of: {}", segment.rule(), word(&ruled.ruling));
        }
        None => println!("then:       {}", word(&ruled.ruling)),
    }
    if let Some(owner) = &ruled.owner {
        println!("owner:      {owner}");
    }
    if let Some(intent) = ruled.intent.filter(|intent: &Intent| intent.plain_question().is_some()) {
        println!("else:       the pages are asked \"{}\"", intent.plain_question().unwrap_or_default());
    }
    if tags.is_some() {
        println!("segment:    {}", segment.map_or_else(|| "none".to_owned(), described));
    }
    println!("costs:      {}", threshold.stakes);
    let must = match threshold.of {
        Of::Coverage => "the pages must cover the question",
        Of::Right => "an answer from the pages must be right",
    };
    println!("threshold:  {must} with probability {}", least(&threshold));
    Ok(())
}

async fn understand(house: &House, asks: &Asks<'_>, titles: &Titles) -> Result<Understanding, CommandError> {
    let message = asks.message;
    let mut understood = Understanding::of_words(&Turn::single("explain", message));
    let mut reader = None;
    if house.config.understanding.head != "none" {
        let embedder: Arc<dyn Embedder> = house.load_embedder().await?;
        reader = house.intents(&embedder).await?;
        if let Some(reader) = &reader {
            let failed = |error| CommandError::Said(format!("the message cannot be read: {error}"));
            let whole = embedder.embed_query(message).await.map_err(failed)?;
            understood.read(reader, embedder.as_ref(), message, &whole).await;
        }
    }
    let profile = asks.settings.map(StoreSettings::profile);
    let now = house.clock.now();
    let when = profile.as_ref().map_or_else(|| When { now, ..When::default() }, |profile| When::of(profile, now));
    let by = Reading {
        when: &when,
        order_number: profile.as_ref().map_or_else(|| any_order_number(), |profile| &profile.order_number),
        titles: Some(titles),
        common: &|stem| reader.as_ref().is_some_and(|reader| reader.knows(stem)),
    };
    understood.name(message, &by);
    Ok(understood)
}

/// As the engine would set it. What seems to be no matter of a shop has a floor of its own.
fn threshold(house: &House, ruled: &Ruled, risk: Option<&RiskModel>, stakes: Stakes) -> Threshold {
    let foreign = matches!(ruled.ruling, Ruling::SmallTalk { about: Intent::OutOfScope });
    let floor = if foreign { BEYOND_DOUBT } else { 0.0 };
    Gate::new(risk, house.config.engine.coverage, floor, stakes).threshold().clone()
}

fn least(threshold: &Threshold) -> String {
    let Threshold { by_default, in_force, .. } = threshold;
    if by_default == in_force {
        return format!("{in_force:.3}, as by default");
    }
    format!("{in_force:.3} ({by_default:.3} by default)")
}

fn described(segment: &Segment) -> String {
    let Segment { id, value, service_risk, cost_to_serve, straight_to_a_person, .. } = segment;
    let people = if *straight_to_a_person { ", answered by people" } else { "" };
    format!("{id} (value {value}, service risk {service_risk}, cost to serve {cost_to_serve}){people}")
}

fn list(sure: &[Sure]) -> String {
    let each = sure.iter().map(|s| format!("{} {:.2}", s.intent, s.probability));
    each.collect::<Vec<_>>().join(", ")
}
