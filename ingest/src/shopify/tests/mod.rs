//! The client against a real server on this machine that says what each test needs.

mod client;
mod server;
mod stored;
mod storefront;
