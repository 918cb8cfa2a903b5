mod cli;
mod conformance;
mod fixture;
mod http;
mod openapi;
mod sync_kill;
mod tenancy;
mod tidy;
