//! One file for each thing that can be asked of the server: its requests, its answers, its handlers.

pub mod ask;
pub mod channels;
pub mod conversations;
pub mod handoffs;
pub mod health;
pub mod home;
pub mod identity;
pub mod refusals;
pub mod webhooks;
