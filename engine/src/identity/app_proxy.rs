//! Requests that Shopify's app proxy forwards from the storefront and signs.
//!
//! The scheme is Shopify's, from "Authenticate app proxies" on shopify.dev: all parameters but `signature`, decoded,
//! repeated ones joined by `,`, written as `name=value`, sorted, put together without a separator, and HMAC-SHA256 with
//! the app's client secret in hex. The tolerance of 90 s and the refusal of repeated parameters are those of the
//! `@shopify/shopify-api` package, where `logged_in_customer_id` and `path_prefix` may be repeated; here they may not.
//!
//! Without a separator two queries can have one text: `a=1` and `b=2` sign like `a=1b=2`. Nobody but Shopify and this
//! server sees a signed query, and it is never echoed or logged, but who got hold of one must still not be able to move
//! a border and become another customer. So a text in which the name of a deciding parameter occurs twice is refused.
//!
//! The signature covers the query, not the body: the body is whatever the storefront's visitor sent.

use super::{Asker, CustomerId, CustomerKey, CustomerPass, Proof};
use crate::access::{StoreId, StorePass};
use hmac::{Hmac, Mac};
use jiff::Timestamp;
use sha2::Sha256;
use std::{collections::BTreeMap, fmt};

/// How far Shopify's clock and ours may be apart, in seconds.
const TOLERANCE_S: i64 = 90;
/// Bytes of a query; Shopify's own parameters take some 250.
const QUERY_BYTES: usize = 8 * 1024;
/// Parameters that Shopify adds. Each stands there once, whatever the visitor wrote into the address.
const OWN: [&str; 5] = ["signature", "timestamp", "shop", "logged_in_customer_id", "path_prefix"];

/// The client secret of a store's app, with the store that it speaks for.
#[derive(Clone)]
pub struct AppProxyKey {
    store: StoreId,
    shop: String,
    secret: Vec<u8>,
}

/// Why a request is not believed. For the log; whoever sent it learns nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyDenied {
    #[error("the query is not one that Shopify writes: {0}")]
    Malformed(&'static str),
    #[error("the signature is not Shopify's: compare app_proxy's secret with the app's client secret")]
    WrongSignature,
    #[error("the request was signed for another shop")]
    OtherShop,
    #[error("the request was signed more than 90 s away from this machine's time")]
    Stale,
}

impl AppProxyKey {
    /// `shop` is the store's `*.myshopify.com` name.
    pub fn new(store: StoreId, shop: &str, secret: &str) -> Self {
        Self { store, shop: shop.to_ascii_lowercase(), secret: secret.as_bytes().to_vec() }
    }

    /// Who is asking, by a query as it stood in the request, without its `?`: the customer who is logged in, or nobody
    /// in particular. Never a claim.
    pub fn verify(&self, query: &str, now: Timestamp) -> Result<Asker, ProxyDenied> {
        if query.len() > QUERY_BYTES {
            return Err(ProxyDenied::Malformed("it is too long"));
        }
        let mut params = parse(query)?;
        if OWN.iter().any(|name| params.get(*name).is_some_and(|values| values.len() > 1)) {
            return Err(ProxyDenied::Malformed("a parameter of Shopify's is repeated"));
        }
        let signature = params.remove("signature").ok_or(ProxyDenied::Malformed("signature is missing"))?;
        let signature = hex::decode(signature.concat()).map_err(|_| ProxyDenied::WrongSignature)?;
        let text = signed_text(&params);
        let mac = Hmac::<Sha256>::new_from_slice(&self.secret).expect("HMAC takes a key of any length");
        // Compares in constant time.
        mac.chain_update(&text).verify_slice(&signature).map_err(|_| ProxyDenied::WrongSignature)?;

        if OWN.iter().any(|name| text.matches(&format!("{name}=")).count() > 1) {
            return Err(ProxyDenied::Malformed("where a parameter begins can be read in two ways"));
        }
        let one = |name| params.get(name).map(|values| values.concat());
        if one("shop").is_none_or(|shop| shop.to_ascii_lowercase() != self.shop) {
            return Err(ProxyDenied::OtherShop);
        }
        let signed_at: i64 = one("timestamp")
            .and_then(|text| text.parse().ok())
            .ok_or(ProxyDenied::Malformed("timestamp is missing or not a number"))?;
        if now.as_second().abs_diff(signed_at) > TOLERANCE_S.unsigned_abs() {
            return Err(ProxyDenied::Stale);
        }
        let pass = StorePass::signed_by_shopify(self.store.clone());
        match one("logged_in_customer_id").filter(|id| !id.is_empty()) {
            None => Ok(Asker::Anonymous(pass)),
            Some(id) => {
                let id = CustomerId::parse(&id).ok_or(ProxyDenied::Malformed("logged_in_customer_id is no id"))?;
                Ok(Asker::Verified(CustomerPass::proved(pass, CustomerKey::Id(id), Proof::AppProxy)))
            }
        }
    }
}

impl fmt::Debug for AppProxyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AppProxyKey")
    }
}

fn signed_text(params: &BTreeMap<String, Vec<String>>) -> String {
    let mut parts: Vec<String> = params.iter().map(|(name, values)| format!("{name}={}", values.join(","))).collect();
    parts.sort();
    parts.concat()
}

/// Names and values, decoded; the values of a name in the order in which they stand.
fn parse(query: &str) -> Result<BTreeMap<String, Vec<String>>, ProxyDenied> {
    let mut params: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        params.entry(decode(name)?).or_default().push(decode(value)?);
    }
    Ok(params)
}

/// As forms are encoded: `+` is a space. A `%` that encodes nothing is refused rather than guessed at.
fn decode(text: &str) -> Result<String, ProxyDenied> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let (byte, after) = match (first, tail) {
            (b'+', _) => (b' ', tail),
            (b'%', [high, low, after @ ..]) => {
                let digits = hex::decode([*high, *low]).map_err(|_| ProxyDenied::Malformed("a % encodes nothing"))?;
                (digits[0], after)
            }
            (b'%', _) => return Err(ProxyDenied::Malformed("a % encodes nothing")),
            (plain, _) => (*plain, tail),
        };
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8(bytes).map_err(|_| ProxyDenied::Malformed("it is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Tier;

    const SHOP: &str = "shop-name.myshopify.com";
    const SIGNED_AT: i64 = 1_317_327_555;
    /// The example of Shopify's page.
    const LOGGED_IN: &str = "extra=1&extra=2&shop=shop-name.myshopify.com&logged_in_customer_id=1\
        &path_prefix=%2Fapps%2Fawesome_reviews&timestamp=1317327555\
        &signature=4c68c8624d737112c91818c11017d24d334b524cb5c2b8ba08daa056f7395ddb";
    /// The example of the page as it was before customers were named.
    const UNNAMED: &str = "extra=1&extra=2&shop=shop-name.myshopify.com&path_prefix=%2Fapps%2Fawesome_reviews\
        &timestamp=1317327555&signature=a9718877bea71c2484f91608a7eaea1532bdf71f5c56825065fa4ccabe549ef3";

    /// Two queries that `@shopify/shopify-api` 15.0.0 signed and found valid.
    const BY_THE_LIBRARY: [(&str, Tier); 2] = [
        (
            "shop=shop-name.myshopify.com&logged_in_customer_id=6940095564&path_prefix=%2Fapps%2Fhelp\
             &timestamp=1795262400&q=caf%C3%A9+%26+cr%C3%A8me%3D%2B1\
             &signature=25df8f7c3dc98b505c960c05466b22c7d7687c0479b218d58bef466c340ea7c8",
            Tier::Verified,
        ),
        (
            "shop=shop-name.myshopify.com&logged_in_customer_id=&path_prefix=%2Fapps%2Fhelp&timestamp=1795262400\
             &tag=b&tag=a%2Cc&empty=&signature=9a7f19caaf7282fa3ea52837c7396c542b34e7f6d4827fc09d6042a5b1d799a1",
            Tier::Anonymous,
        ),
    ];

    fn key() -> AppProxyKey {
        AppProxyKey::new(StoreId::parse("one").unwrap(), SHOP, "hush")
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// Signs as the page says, apart from the code under test: `text` is written by hand.
    fn signed(query: &str, text: &str) -> String {
        let mac = Hmac::<Sha256>::new_from_slice(b"hush").unwrap().chain_update(text);
        format!("{query}&signature={}", hex::encode(mac.finalize().into_bytes()))
    }

    #[test]
    fn known_answers() {
        let Asker::Verified(customer) = key().verify(LOGGED_IN, at(SIGNED_AT)).unwrap() else { panic!("a customer") };
        assert_eq!(customer.customer(), &CustomerKey::Id(CustomerId::parse("1").unwrap()));
        assert_eq!((customer.by(), customer.store_pass().store().as_str()), (Proof::AppProxy, "one"));
        assert!(customer.store_pass().as_agent().is_err(), "a storefront reads no handoffs");
        assert_eq!(key().verify(UNNAMED, at(SIGNED_AT)).unwrap().tier(), Tier::Anonymous);
        for (query, tier) in BY_THE_LIBRARY {
            assert_eq!(key().verify(query, at(1_795_262_400)).unwrap().tier(), tier, "{query}");
        }
    }

    #[test]
    fn ninety_seconds_either_way() {
        for (off, ok) in [(0, true), (90, true), (-90, true), (91, false), (-91, false), (1 << 30, false)] {
            let got = key().verify(LOGGED_IN, at(SIGNED_AT + off));
            assert_eq!(got.is_ok(), ok, "{off}");
            assert!(ok || got == Err(ProxyDenied::Stale));
        }
    }

    #[test]
    fn what_is_not_shopifys_is_refused() {
        let own = |id: &str| format!("logged_in_customer_id={id}path_prefix=/a/bshop={SHOP}timestamp={SIGNED_AT}");
        let query =
            |id: &str| format!("shop={SHOP}&logged_in_customer_id={id}&path_prefix=%2Fa%2Fb&timestamp={SIGNED_AT}");
        assert_eq!(key().verify(&signed(&query(""), &own("")), at(SIGNED_AT)).unwrap().tier(), Tier::Anonymous);
        assert_eq!(key().verify(&signed(&query("7"), &own("7")), at(SIGNED_AT)).unwrap().tier(), Tier::Verified);
        let malformed = |query: String| matches!(key().verify(&query, at(SIGNED_AT)), Err(ProxyDenied::Malformed(_)));
        let wrong = |query: String| key().verify(&query, at(SIGNED_AT)) == Err(ProxyDenied::WrongSignature);

        assert!(wrong(LOGGED_IN.replace("customer_id=1&", "customer_id=2&")));
        assert!(wrong(LOGGED_IN.replace("5ddb", "5ddc")));
        assert!(wrong(LOGGED_IN.replace("5ddb", "")));
        assert!(wrong(LOGGED_IN.replace("extra=2&", "")));
        assert!(wrong(UNNAMED.replace("&signature", "&logged_in_customer_id=1&signature")));
        assert!(wrong(signed(&query("7"), &own("7")).replace("signature=", "signature=zz")));
        for repeated in
            ["signature=00", "timestamp=1", "shop=x", "logged_in_customer_id=2", "path_prefix=x", "sho%70=x"]
        {
            assert!(malformed(format!("{LOGGED_IN}&{repeated}")), "{repeated}");
        }
        assert!(malformed(format!("shop={SHOP}&timestamp={SIGNED_AT}")));
        assert!(malformed(format!("{LOGGED_IN}&a=%f")) && malformed(format!("{LOGGED_IN}&a=%ff")));
        assert!(malformed(format!("{LOGGED_IN}&a={}", "x".repeat(QUERY_BYTES))));
        assert!(malformed(signed(&query("7%20OR%20id:1"), &own("7 OR id:1"))));
        assert!(malformed(signed(&format!("shop={SHOP}"), &format!("shop={SHOP}"))));
        let other = AppProxyKey::new(StoreId::parse("two").unwrap(), "other.myshopify.com", "hush");
        assert_eq!(other.verify(LOGGED_IN, at(SIGNED_AT)), Err(ProxyDenied::OtherShop));
    }

    #[test]
    fn a_border_cannot_be_moved() {
        // An anonymous visitor adds `a` to the address, and Shopify signs what it reads.
        let (id, rest) = ("logged_in_customer_id=", format!("path_prefix=/a/bshop={SHOP}timestamp={SIGNED_AT}"));
        let text = format!("a=1{id}7001m={id}{rest}");
        let asked = format!("a=1{id}7001m%3D&{id}&path_prefix=%2Fa%2Fb&shop={SHOP}&timestamp={SIGNED_AT}");
        let moved =
            format!("a=1&{id}7001&m=logged_in_customer_id%3D&path_prefix=%2Fa%2Fb&shop={SHOP}&timestamp={SIGNED_AT}");
        for query in [asked, moved] {
            let got = key().verify(&signed(&query, &text), at(SIGNED_AT));
            assert!(matches!(got, Err(ProxyDenied::Malformed(_))), "{got:?}");
        }
    }

    #[test]
    fn the_secret_does_not_print() {
        assert_eq!(format!("{:?}", key()), "AppProxyKey");
    }
}
