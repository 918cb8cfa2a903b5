mod cli;
mod conformance;
mod http;
mod openapi;
mod shopify_sync;
mod sync_kill;
mod tenancy;
mod tidy;
