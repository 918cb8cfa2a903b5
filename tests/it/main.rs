mod cli;
mod conformance;
mod http;
mod identity;
mod openapi;
mod sync_kill;
mod tenancy;
mod tidy;
