//! Customers who are treated otherwise: what they are worth, what people's time for them costs, how delicate they are.

use super::Ruling;
use crate::understand::Intent;
use serde::Serialize;

/// Customers who are treated otherwise. Each number is a factor, and 1 changes nothing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Segment {
    pub id: String,
    /// Tags of the customer in the shop, one of which is enough.
    pub tags: Vec<String>,
    /// A person answers them whatever they ask.
    pub straight_to_a_person: bool,
    /// A wrong answer to them costs so many times as much, for what the relation is worth.
    pub value: f64,
    /// And again so many times as much, for what a mistake may set off: a dispute, a contract, a public complaint.
    pub service_risk: f64,
    /// A handoff of theirs costs so many times as much: what people spend on them.
    pub cost_to_serve: f64,
}

impl Segment {
    /// How many times as much a wrong answer to them weighs against a handoff.
    pub fn weight(&self) -> f64 {
        self.value * self.service_risk / self.cost_to_serve
    }

    /// Whether a person answers what was ruled so. A greeting or thanks ask for nothing that a person could do, so they
    /// are returned, unless something else is plainly asked for besides; what is no matter of a shop is a question all
    /// the same, and a person's.
    pub fn takes(&self, ruling: &Ruling, asks_besides: bool) -> bool {
        let courtesy = matches!(ruling, Ruling::SmallTalk { about } if *about != Intent::OutOfScope);
        self.straight_to_a_person && (asks_besides || !courtesy)
    }

    /// As a reason names it.
    pub fn rule(&self) -> String {
        format!("segment.{}", self.id)
    }
}
