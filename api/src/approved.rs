//! Answers in the store's own words, as far as they need an index and a desk: questions are mined and answers drafted
//! ([`mine`]), and what they rest on is compared with what the index holds now ([`recheck`]).

pub mod mine;
pub mod passages;
pub mod questions;
pub mod recheck;
