//! What would change: the same questions put to a store as it is, and as it would be with another page or other rules.

mod change;
mod page;
mod questions;
mod report;
mod run;

pub use change::{Changed, How, Said, Side};
pub use page::html;
pub use questions::{Asked, Question, file, of_pack};
pub use report::{Compared, Replaced, WhatIf};
pub use run::{Plan, Put, run};
