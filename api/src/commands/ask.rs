//! `shopclerk ask`: one question, from the command line.

use super::{
    CommandError, Exit,
    cli::{AskArgs, Claim, Who},
    operator, show,
};
use crate::{
    wire::{self, AskRequest, AskResponse},
    wiring::House,
};
use async_trait::async_trait;
use engine::{
    AgentPass, Asker, CustomerPass, HandoffCase, HandoffId, StorePass, Turn,
    identity::{CustomerKey, OrderClaim},
    package::{About, PastContact},
    ports::{Handoffs, HandoffsError},
};
use std::sync::Arc;

pub async fn run(mut house: House, args: AskArgs) -> Result<Exit, CommandError> {
    if args.no_generator {
        house.config.models.generator = "none".into();
    }
    let request = AskRequest {
        question: args.question,
        conversation_id: None,
        turn: None,
        history: Vec::new(),
        country: args.country,
        store: None,
        // Who asks is said by `--as` and `--claim`.
        customer_token: None,
        customer_session: None,
        claim: None,
    };
    let (turn, _) = request.into_turn(&house.config.limits).map_err(|errors| {
        let errors: Vec<_> = errors.iter().map(|e| format!("the {} {}", e.field, e.problem)).collect();
        CommandError::Said(errors.join("; "))
    })?;
    let models = house.load_models().await?;
    house.move_to(&args.store);
    let live = house.live(&house.desks())?;
    let engine = house.engine(&models, Arc::new(Unfiled), &live)?;
    let asker = asker(operator(&args.store), args.who, args.claim, &turn);
    let outcome = engine.answer(&asker, &turn, &|_| {}).await?;

    if args.json {
        let (reply, citations) = wire::Reply::from_engine(outcome.reply);
        let timings = wire::Timings::new(0.0, &outcome.trace.timings);
        let response =
            AskResponse { conversation_id: turn.conversation.0, turn: turn.number, reply, citations, timings };
        let trace = args.explain.then_some(outcome.trace);
        let mut json = serde_json::to_value(response).map_err(unprintable)?;
        if let Some(trace) = trace {
            json["trace"] = serde_json::to_value(trace).map_err(unprintable)?;
        }
        println!("{json:#}");
        return Ok(Exit::Done);
    }
    if args.explain {
        println!("{}", show::explain(&outcome.trace));
    }
    println!("{}", show::reply(&outcome.reply));
    println!("  {}", show::timings(&outcome.trace));
    Ok(Exit::Done)
}

#[expect(clippy::disallowed_methods, reason = "who sits at the machine can read every order of the store anyway")]
fn asker(pass: StorePass, who: Who, claim: Option<Claim>, turn: &Turn) -> Asker {
    match (who, claim) {
        (_, Some(Claim { number, email })) => {
            Asker::Claimed(OrderClaim { pass, conversation: turn.conversation.clone(), number, email })
        }
        (Who::Verified(email), None) => {
            Asker::Verified(CustomerPass::for_operator(pass, CustomerKey::Email(email), "ask --as"))
        }
        (Who::Anonymous, None) => Asker::Anonymous(pass),
    }
}

fn unprintable(error: serde_json::Error) -> CommandError {
    CommandError::Said(format!("the reply cannot be written as JSON: {error}"))
}

/// A question that was only tried is nobody's case.
pub(super) struct Unfiled;

#[async_trait]
impl Handoffs for Unfiled {
    async fn open(&self, _: &StorePass, _: &HandoffCase) -> Result<HandoffId, HandoffsError> {
        Ok(HandoffId("not-filed".into()))
    }

    async fn waiting(&self, _: AgentPass<'_>) -> Result<Vec<(HandoffId, HandoffCase)>, HandoffsError> {
        Ok(Vec::new())
    }

    async fn past(&self, _: &StorePass, _: About<'_>) -> Result<Vec<PastContact>, HandoffsError> {
        Ok(Vec::new())
    }
}
