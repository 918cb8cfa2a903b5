mod cli;
mod conformance;
mod http;
mod openapi;
mod sync_kill;
mod tenancy;
mod tidy;
