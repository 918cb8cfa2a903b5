mod cli;
mod conformance;
mod http;
mod openapi;
mod sandbox;
mod sync_kill;
mod tenancy;
mod tidy;
