//! Trouble on purpose: a share of the requests gets it, drawn from a seeded generator.

use rand::{Rng, SeedableRng, rngs::StdRng};
use std::{str::FromStr, time::Duration};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// 429 with `Retry-After`; nothing was done.
    TooManyRequests,
    /// 500, after the request was carried out: the client cannot know.
    ServerError,
    /// 503; nothing was done.
    Unavailable,
    /// Answered late.
    Slow(Duration),
    /// Carried out and never answered.
    Hang,
    /// Carried out, and the connection ends in the middle of the answer.
    Cut,
    /// 401; a token that was granted for a day is void from now on.
    ExpiredToken,
    /// `THROTTLED` on a 200; nothing was done.
    Throttled,
    /// One field that may be null is null. Queries only.
    DroppedField,
    /// Carried out, and the JSON ends in its middle.
    Truncated,
}

/// What share of the requests gets which trouble.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fault {
    pub kind: FaultKind,
    /// 0 to 1; together at most 1.
    pub share: f64,
}

/// Every kind under its name, with examples for the help.
const NAMES: [(&str, FaultKind); 9] = [
    ("429", FaultKind::TooManyRequests),
    ("500", FaultKind::ServerError),
    ("503", FaultKind::Unavailable),
    ("hang", FaultKind::Hang),
    ("cut", FaultKind::Cut),
    ("expired-token", FaultKind::ExpiredToken),
    ("throttled", FaultKind::Throttled),
    ("dropped-field", FaultKind::DroppedField),
    ("truncated", FaultKind::Truncated),
];

impl FromStr for Fault {
    type Err = String;

    /// `429=0.05`, `slow:800=0.1` (milliseconds).
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, share) = text.split_once('=').ok_or("write KIND=SHARE, such as 429=0.05")?;
        let share: f64 = share.parse().map_err(|_| format!("{share:?} is no share; write a number from 0 to 1"))?;
        if !(0.0..=1.0).contains(&share) {
            return Err(format!("{share} is no share; write a number from 0 to 1"));
        }
        let slow = name.strip_prefix("slow").and_then(|rest| match rest {
            "" => Some(1000),
            rest => rest.strip_prefix(':')?.parse().ok(),
        });
        let kind = slow.map(|ms| FaultKind::Slow(Duration::from_millis(ms)));
        let kind = kind.or_else(|| NAMES.iter().find(|(n, _)| *n == name).map(|(_, kind)| *kind));
        let known = NAMES.map(|(name, _)| name).join(", ");
        let kind = kind.ok_or_else(|| format!("{name:?} is no fault; there are {known} and slow:MILLISECONDS"))?;
        Ok(Self { kind, share })
    }
}

/// Draws for each request.
#[derive(Debug)]
pub(super) struct Dice {
    rng: StdRng,
    faults: Vec<Fault>,
}

impl Dice {
    pub fn new(seed: u64, faults: Vec<Fault>) -> Self {
        Self { rng: StdRng::seed_from_u64(seed), faults }
    }

    pub fn set(&mut self, faults: Vec<Fault>) {
        self.faults = faults;
    }

    pub fn draw(&mut self) -> Option<FaultKind> {
        let mut at: f64 = self.rng.random();
        self.faults.iter().find_map(|fault| {
            at -= fault.share;
            (at < 0.0).then_some(fault.kind)
        })
    }

    /// One of `count`, evenly.
    pub fn pick(&mut self, count: usize) -> usize {
        self.rng.random_range(0..count.max(1))
    }
}
