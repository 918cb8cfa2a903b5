//! `shopclerk sandbox`: serve a fixture as a Shopify store until told to stop.

use super::{CommandError, Exit, serve::listen};
use crate::{
    sandbox::{Fault, Fixture, Options, Sandbox},
    serve::asked_to_stop,
};
use clap::Args;
use jiff::Timestamp;
use serde_json::json;
use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

pub const HELP: &str = "\
It answers at POST /admin/api/2026-07/graphql.json (and 2026-10; older versions fall forward, see
X-Shopify-API-Version) and POST /admin/oauth/access_token. A fixture is a folder with shop.json, orders.jsonl,
customers.jsonl, products.jsonl, and optionally collections, pages, articles and policies; what is wrong in it is named
by file, line and field, and then nothing is served.

What it does:
  Operations are parsed, validated and executed by apollo-compiler on the part of Shopify's schema that shopclerk uses.
  Tokens, versions, scopes (with the 60 days of read_orders), cursors, the documented search syntax, bulk operations,
  return requests, cancellations, addresses, refunds with @idempotent, signed webhooks with retries.

What it does not claim to imitate:
  The exact cost of a query: objects 1, mutations 10, a connection of n nodes 2 + 2 ln(n) nodes. Of the bucket
  (2000 points, 100 restored a second), THROTTLED and MAX_COST_EXCEEDED only the use is Shopify's.
  Ranking and tokenization of searches: words are runs of letters and digits, results stand in the asked order.
  Redaction of protected customer data: whatever the scopes open is shown.
  The wording of validation errors, of user errors, and of errors of the token endpoint.
  Times: a bulk operation takes moments, a failed webhook is tried again within seconds, a subscription that fails is
  kept; a cancellation is done at once, and its job says so at the second look.
  Fields outside the part of the schema: they do not exist here.

Faults, each a share of the GraphQL requests (0 to 1), together at most 1:
  429 with Retry-After, 503, throttled, expired-token (401): before anything is done
  500, hang, cut (the connection, amid the answer), truncated (JSON): after it was done
  slow:MILLISECONDS, dropped-field (one nullable field of a query is null)

The client id client-of-another-organization is refused with shop_not_permitted.

Examples:
  shopclerk sandbox --fixture api/demo/shop --port 4800
  shopclerk sandbox --fixture api/demo/shop --port 0 --json --fault 429=0.1 --fault slow:800=0.1 --seed 7
  shopclerk sandbox --fixture api/demo/shop --port 4800 --webhooks-to http://127.0.0.1:8787/v1/shopify/mystore/webhooks";

#[derive(Debug, Args)]
pub struct SandboxArgs {
    /// The folder with the store's data.
    #[arg(long, value_name = "DIR")]
    pub fixture: PathBuf,
    /// 0 takes a free one.
    #[arg(long, value_name = "N")]
    pub port: u16,
    /// Address to listen on. Whoever reaches it can read and change the store with the fixture's token.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1")]
    pub bind: IpAddr,
    /// The store's time at the start, instead of the fixture's.
    #[arg(long, value_name = "RFC3339")]
    pub now: Option<Timestamp>,
    /// Trouble for a share of the requests. May be repeated.
    #[arg(long = "fault", value_name = "KIND=SHARE")]
    pub faults: Vec<Fault>,
    /// Which requests get the trouble: the same seed, the same ones.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Send every webhook there, also of topics that nobody subscribed to.
    #[arg(long, value_name = "URL")]
    pub webhooks_to: Option<String>,
    /// Print url and token as one line of JSON.
    #[arg(long)]
    pub json: bool,
}

pub async fn run(args: SandboxArgs) -> Result<Exit, CommandError> {
    if args.faults.iter().map(|fault| fault.share).sum::<f64>() > 1.0 {
        return Err(CommandError::Said("the shares of --fault are more than 1 together; lower them".into()));
    }
    let fixture = Fixture::load(&args.fixture)?;
    if !fixture.unknown.is_empty() {
        let fields: Vec<&str> = fixture.unknown.keys().map(String::as_str).collect();
        eprintln!("note: not in this program's part of the schema, so not served: {}", fields.join(", "));
    }
    let options = Options {
        now: args.now,
        faults: args.faults,
        seed: args.seed,
        webhooks_to: args.webhooks_to,
        ..Options::default()
    };
    let listener = listen(SocketAddr::new(args.bind, args.port)).await?;
    let sandbox = Sandbox::over(fixture, options);
    let running = sandbox.start(listener).map_err(CommandError::io("the sandbox cannot be served"))?;
    if args.json {
        println!("{}", json!({"url": running.url(), "token": running.token()}));
    } else {
        println!("a store at {} with token {}; Ctrl-C stops it", running.url(), running.token());
        for ty in ["Order", "Customer", "Product"] {
            println!("  {:>6} {}", running.ids(ty).len(), format!("{ty}s").to_lowercase());
        }
    }
    asked_to_stop().await;
    Ok(Exit::Done)
}
