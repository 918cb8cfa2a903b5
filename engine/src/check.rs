//! Sentence by sentence, before anything is said: does it stand in the evidence?

use serde::Serialize;

/// A sentence that a customer will not see, and why.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Dropped {
    pub sentence: String,
    pub reason: String,
}
