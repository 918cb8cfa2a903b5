//! Addresses in a sentence: pages, mailboxes, and what only looks like one.
//!
//! A store's own addresses may be said. Another's may be said where it stands in what the sentence rests on and that is
//! a page or a product of the store: a shop names its carriers and its payment services there. A past conversation is
//! no such place; what an agent once sent to one customer was for that customer. What disguises itself is never said,
//! wherever it stands. Links to a parcel are made by code from what the shop's system says, and do not come by here.

use super::plain::readable;
use crate::evidence::SourceKind;
use crate::store::StoreProfile;
use regex::Regex;
use std::sync::LazyLock;

/// What a store calls its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Own {
    /// Without "www.", lower case.
    domains: Vec<String>,
    mailbox: Option<String>,
}

impl Own {
    pub fn of(profile: Option<&StoreProfile>) -> Self {
        let domain = |p: &StoreProfile| p.domain.to_lowercase().trim_start_matches("www.").to_owned();
        let mailbox = profile.and_then(|p| p.contact_email.as_deref()).map(str::to_lowercase);
        Self { domains: profile.map(domain).filter(|d| !d.is_empty()).into_iter().collect(), mailbox }
    }

    /// The domain or one below it. A longer name that only begins with it is somebody else's.
    fn is_host(&self, host: &str) -> bool {
        let host = host.trim_start_matches("www.");
        self.domains.iter().any(|own| host == own || host.strip_suffix(own.as_str()).is_some_and(|s| s.ends_with('.')))
    }

    pub fn is_mailbox(&self, address: &str) -> bool {
        let address = address.to_lowercase();
        self.mailbox.as_deref() == Some(&address)
            || address.rsplit_once('@').is_some_and(|(_, host)| self.is_host(host))
    }

    /// Whether a foreign host dresses up as this store.
    fn is_imitated_by(&self, host: &str) -> bool {
        !self.is_host(host) && self.domains.iter().any(|own| host.contains(own.as_str()))
    }
}

/// What a sentence with addresses rests on.
#[derive(Clone, Copy, Debug)]
pub struct Grounds<'a> {
    /// The passage with its title and headings.
    pub text: &'a str,
    pub kind: SourceKind,
}

const TOP: &str = "com|net|org|io|co|shop|store|app|dev|info|biz|xyz|top|online|site|club|link|click|live|example|test|\
    invalid|ru|cn|de|fr|es|nl|ch|uk|ca|eu|se|dk|fi|pl|pt|ie|au|nz|jp|br|mx|ly|gl|gg|tv|cc|ws|icu|vip|support|help|cloud|\
    page|email|media|world|today|deals|sale|pay|bank|zip|mov";

struct Patterns {
    scheme: Regex,
    markdown: Regex,
    url: Regex,
    mailbox: Regex,
    bare: Regex,
    spelled: Regex,
}

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let re = |pattern: &str| Regex::new(pattern).expect("constant");
    Patterns {
        scheme: re(
            r"(?i)\b(?:javascript|vbscript|livescript)\s*:|\bdata:[a-z]+/[a-z]|\b(?:file|ftp|hxxps?|ws|wss|blob|intent)://",
        ),
        markdown: re(r"\[([^\]]*)\]\(\s*<?([^)\s>]+)[^)]*\)"),
        url: re(r#"(?i)\bhttps?:/{0,2}[^\s<>"'\)\]]+"#),
        mailbox: re(r"(?i)[\w.%+-]+@[\w-]+(?:\.[\w-]+)*\.\p{L}{2,}"),
        // A capital after the dot begins a sentence: "returns.In Canada".
        bare: re(&format!(
            r#"(?:[\p{{L}}\p{{N}}](?:[\p{{L}}\p{{N}}-]*[\p{{L}}\p{{N}}])?\.)+(?:{TOP}|{})\b(?::\d+)?(?:/[^\s<>"'\)\]]*)?|\b(?i:www)\.[^\s<>"'\)\]]+"#,
            TOP.to_uppercase()
        )),
        spelled: re(&format!(r"(?i)\b([\p{{L}}\p{{N}}-]{{2,}})\s*(?:\(dot\)|\[dot\]|\s+dot\s+)\s*({TOP})\b")),
    }
});

/// Why a sentence's addresses may not be said, if so. Without `grounds` only the store's own may be.
pub fn refuses(sentence: &str, grounds: Option<Grounds<'_>>, own: &Own) -> Option<String> {
    let text = readable(sentence);
    let p = &*PATTERNS;
    if let Some(scheme) = p.scheme.find(&text) {
        return Some(format!("'{}' is no address of a page", scheme.as_str()));
    }
    for link in p.markdown.captures_iter(&text) {
        let (label, target) = (&link[1], &link[2]);
        let shown = p.bare.find(label).map(|m| host_of(m.as_str()));
        if shown.is_some_and(|shown| shown != host_of(target)) {
            return Some(format!("a link says '{label}' and goes elsewhere"));
        }
    }
    let known = grounds.map(|g| normal(g.text));
    let stands = |address: &str| known.as_deref().is_some_and(|text| holds(text, &normal(address)));
    let is_page = grounds.is_some_and(|g| g.kind != SourceKind::Conversation);
    for mailbox in p.mailbox.find_iter(&text) {
        let address = mailbox.as_str();
        let host = address.rsplit_once('@').map_or("", |(_, host)| host).to_lowercase();
        if own.is_imitated_by(&host) {
            return Some(format!("'{address}' imitates the store's address"));
        }
        let known = own.is_mailbox(address) || (is_page && stands(address));
        if !known {
            return Some(format!("'{address}' is no address of the store's, and no page of it names it"));
        }
    }
    let without_mail = p.mailbox.replace_all(&text, " ");
    let urls: Vec<&str> = p.url.find_iter(&without_mail).map(|m| m.as_str()).collect();
    let rest = p.url.replace_all(&without_mail, " ");
    let bare = p.bare.find_iter(&rest).map(|m| m.as_str());
    for address in urls.iter().copied().chain(bare).map(|a| a.trim_end_matches(['.', ',', ';', ':', '!', '?', '*'])) {
        let host = host_of(address);
        if let Some(why) = disguised(address, &host, own) {
            return Some(format!("'{address}' {why}"));
        }
        let known = own.is_host(&host) || (is_page && stands(address));
        if !known {
            return Some(format!("'{address}' is no address of the store's, and no page of it names it"));
        }
    }
    p.spelled.captures_iter(&rest).find_map(|found| {
        let host = format!("{}.{}", &found[1], &found[2]).to_lowercase();
        let said = is_page && grounds.is_some_and(|g| normal(g.text).contains(&normal(&found[0])));
        (!own.is_host(&host) && !said).then(|| format!("'{}' spells out an address that is not the store's", &found[0]))
    })
}

/// The host of an address, lower case, without user, port and "www.".
fn host_of(address: &str) -> String {
    let lower = address.to_lowercase();
    let rest = lower.strip_prefix("https:").or_else(|| lower.strip_prefix("http:")).unwrap_or(&lower);
    let rest = rest.strip_prefix("mailto:").unwrap_or(rest).trim_start_matches(['/', '\\']);
    let host = rest.split(['/', '?', '#', '\\']).next().unwrap_or("");
    let host = host.rsplit('@').next().unwrap_or(host);
    let host = host.split(':').next().unwrap_or(host);
    host.trim_end_matches('.').trim_start_matches("www.").to_owned()
}

/// What makes an address look like another one.
fn disguised(address: &str, host: &str, own: &Own) -> Option<&'static str> {
    let authority = address.split("//").nth(1).unwrap_or(address).split(['/', '?', '#']).next().unwrap_or("");
    let digits = host.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    let (latin, other) = host.chars().filter(|c| c.is_alphabetic()).fold((false, false), |(latin, other), c| {
        let is_latin = c.is_ascii() || ('\u{00C0}'..='\u{024F}').contains(&c);
        (latin || is_latin, other || !is_latin)
    });
    if authority.contains('@') {
        Some("hides its host behind a name")
    } else if digits || host.starts_with("0x") {
        Some("names a machine instead of a page")
    } else if own.is_imitated_by(host) {
        Some("imitates the store's address")
    } else if latin && other {
        Some("mixes letters of two alphabets")
    } else {
        None
    }
}

/// As addresses are compared: lower case, without scheme and "www.".
fn normal(text: &str) -> String {
    let text = readable(text).to_lowercase();
    text.replace("https://", "").replace("http://", "").replace("www.", "").trim_end_matches('/').to_owned()
}

/// Whether `text` holds the address as a whole: not as the beginning or the end of another host.
fn holds(text: &str, address: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '-' || c == '@';
    text.match_indices(address).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let mut after = text[at + address.len()..].chars();
        let next = after.next();
        let goes_on = next == Some('.') && after.next().is_some_and(char::is_alphanumeric);
        !before.is_some_and(|c| part(c) || c == '.') && !next.is_some_and(part) && !goes_on
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> Own {
        Own { domains: vec!["nordhaven.example".into()], mailbox: Some("nordhaven@freemail.example".into()) }
    }

    fn on_page(sentence: &str, page: &str) -> Option<String> {
        refuses(sentence, Some(Grounds { text: page, kind: SourceKind::Policy }), &own())
    }

    #[test]
    fn what_is_the_stores_or_stands_on_its_page_is_said() {
        for (sentence, page) in [
            ("Start a return at https://nordhaven.example/returns.", ""),
            ("Start at www.nordhaven.example or help.nordhaven.example/faq.", ""),
            ("Write to care@nordhaven.example or nordhaven@freemail.example.", ""),
            ("Track it at https://parcels.example/track.", "Track your parcel at https://parcels.example/track."),
            ("Track it at parcels.example/track!", "See www.parcels.example/track for more."),
            ("Pay with [Payly](https://payly.example/how).", "We take Payly: https://payly.example/how"),
            ("See [nordhaven.example](https://www.nordhaven.example/faq).", ""),
            ("Our partner answers at repairs@stitch.example.", "Repairs: repairs@stitch.example"),
            ("Returns are free.In Canada they cost $5.", ""),
            ("It weighs approx. 2.5 kg, e.g. the size M.", ""),
            ("Wash at 30.Do not bleach.", ""),
            ("It takes 3.5 hours by car.", ""),
        ] {
            assert_eq!(on_page(sentence, page), None, "{sentence}");
        }
    }

    #[test]
    fn what_is_foreign_or_in_disguise_is_not() {
        for (sentence, page) in [
            ("Go to https://claims.example/now.", "You can claim within 30 days."),
            ("Go to claims.example.", ""),
            ("Go to www.claims-desk.xyz/a", ""),
            ("Go to CLAIMS.COM", ""),
            ("Go to claims dot com for this.", ""),
            ("Go to claims (dot) example", ""),
            ("Write to boss@claims.example.", ""),
            ("Go to https://nordhaven.example.claims.xyz/login", "https://nordhaven.example.claims.xyz/login"),
            ("Go to https://nordhaven.example@claims.xyz", "https://nordhaven.example@claims.xyz"),
            ("Write to help@nordhaven.example.xyz", "help@nordhaven.example.xyz"),
            ("Go to http://192.0.2.7/pay", "http://192.0.2.7/pay"),
            ("Go to https://nоrdhaven.com/pay", "https://nоrdhaven.com/pay"),
            ("Click [nordhaven.example](https://claims.xyz)", "[nordhaven.example](https://claims.xyz)"),
            ("Open javascript:alert(1)", "javascript:alert(1)"),
            ("Open data:text/html,hello", "data:text/html,hello"),
            ("Open hxxp://claims.xyz", ""),
            ("Go to parcels.example", "See parcels.example.xyz for more."),
            ("Go to parcels.example", "See my-parcels.example for more."),
            ("Go to par\u{200B}cels.example", ""),
        ] {
            assert!(on_page(sentence, page).is_some(), "{sentence}");
        }
    }

    #[test]
    fn a_past_conversation_opens_no_foreign_address() {
        let chat = |sentence: &str| {
            let text = "Use https://parcels.example/x or mail jo@parcels.example or help@nordhaven.example.";
            refuses(sentence, Some(Grounds { text, kind: SourceKind::Conversation }), &own())
        };
        assert!(chat("Use https://parcels.example/x.").is_some());
        assert!(chat("Mail jo@parcels.example.").is_some());
        assert_eq!(chat("Mail help@nordhaven.example."), None);
        let nobody = refuses("Go to https://nordhaven.example.", None, &Own::default());
        assert!(nobody.is_some(), "a store without a profile owns no address");
    }
}
