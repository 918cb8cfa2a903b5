use super::*;
use engine::store::compare::{Finding, PageText, compare};
use std::collections::HashSet;

const LEAST: &str = "name = \"A\"\ndomain = \"a.example\"\ncurrency = \"EUR\"\nlanguages = [\"en\"]\n";
const ZONE: &str = "[hours]\ntime_zone = \"Europe/Oslo\"\n";

fn store() -> StoreId {
    StoreId::parse("a").unwrap()
}

fn parse(text: &str) -> Result<StoreSettings, Problems> {
    StoreSettings::parse(text, Path::new("my.toml"), &store())
}

fn demo_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("demo")
}

fn demo() -> StoreSettings {
    StoreSettings::load(&demo_dir().join("store.toml"), &store()).unwrap_or_else(|e| panic!("{e}"))
}

fn demo_pages() -> Vec<PageText> {
    let sources = ingest::source::read_all(&[demo_dir()], &ingest::source::ReadOptions::default());
    let is_page = |d: &&ingest::document::Document| d.file.starts_with("pages/");
    sources.documents.iter().filter(is_page).map(ingest::document::Document::page_text).collect()
}

#[test]
fn the_least_that_a_store_says_is_enough() {
    let settings = parse(&format!("{LEAST}{ZONE}")).unwrap_or_else(|e| panic!("{e}"));
    let profile = settings.profile();
    assert_eq!((profile.name.as_str(), profile.currency.code(), profile.languages.len()), ("A", "EUR", 1));
    assert!(profile.returns.is_none() && settings.shopify.is_none() && settings.identity.claim);
    assert!(profile.order_number.is_match("#1001"));
}

#[test]
fn every_error_names_line_key_and_the_way_out() {
    let check = |text: &str, expect: &[&str]| {
        let said = parse(text).map(|_| ()).expect_err(text).to_string();
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines.len(), expect.len(), "{text}\n{said}");
        for (line, expect) in lines.iter().zip(expect) {
            assert!(line.starts_with(expect), "{text}\n  got    {line}\n  expect {expect}");
        }
    };
    let with = |rest: &str| format!("{LEAST}{ZONE}{rest}");
    check("name = \"A\n", &["my.toml:1: "]);
    check(
        "name = \"A\"\ndomian = \"a\"\ncurrency = \"EURO\"\n",
        &[
            "my.toml:1: hours: is missing; ",
            "my.toml:2: domian: there is no such key; did you mean 'domain'?",
            "my.toml:3: currency: 'EURO' is no currency",
        ],
    );
    check(
        &format!("{ZONE}sunday = 8\nmonday = \"8\"\n"),
        &[
            "my.toml:1: name: is missing",
            "my.toml:3: hours.sunday: invalid type: integer `8`, expected a string",
            "my.toml:4: hours.monday: '8' are no hours",
        ],
    );
    check(&format!("languages = []\n{ZONE}"), &["my.toml:1: name: is missing"]);
    check(&with("[retruns]\n"), &["my.toml:7: retruns: there is no such key; did you mean 'returns'?"]);
    check(&with("monday = \"8-18\"\n"), &["my.toml:7: hours.monday: '8-18' are no hours"]);
    check(
        &with("monday = \"09:00-17:00\"\nreply_within = \"4 moons\"\n"),
        &["my.toml:8: hours.reply_within: '4 moons' is no length of time; write one such as 4h"],
    );
    check(
        &with("monday = \"09:00-17:00\"\nreply_within = \"900h\"\n"),
        &["my.toml:8: hours.reply_within: '900h' is not between"],
    );
    check(&with("reply_within = \"4h\"\n"), &["my.toml:7: hours.reply_within: needs a day on which people are there"]);
    check(
        &with(
            "[hours.messages.fr]\nby = \"bientôt\"\nfrom = \"{time}\"\nuntil = \"{time}\"\ntoday = \"a\"\ntomorrow = \"b\"\n",
        ),
        &["my.toml:7: hours.messages: fr.by: say when, with {time}"],
    );
    check(&format!("{LEAST}[hours]\ntime_zone = \"Oslo\"\n"), &["my.toml:6: hours.time_zone: 'Oslo' is no time zone"]);
    // Several at once, each on its own line, in a list of tables too.
    check(
        &with(
            "[returns.default]\nid = \"d\"\ndays = 30\nconditons = []\n[[returns.rules]]\nid = \"a\"\nwhen = [{ tgas = [\"x\"] }]\n\
             days = 14\n[[returns.rules]]\nid = \"b\"\nwhen = [{ tags = [\"x\"] }]\n[cancel]\nminuets = 60\n",
        ),
        &[
            "my.toml:10: returns.default.conditons: there is no such key; did you mean 'conditions'?",
            "my.toml:13: returns.rules[1].when[1].tgas: there is no such key; did you mean 'tags'?",
            "my.toml:15: returns.rules[2]: rule 'b': say exactly one of `days`",
            "my.toml:19: cancel.minuets: there is no such key; did you mean 'minutes'?",
        ],
    );
    check(
        &with("[shopify]\nshop = \"a.example\"\nendpoint = \"http://proxy.example\"\n"),
        &[
            "my.toml:7: shopify.access_token: is missing; or write client_id",
            "my.toml:8: shopify.shop: write the store's own domain",
            "my.toml:9: shopify.endpoint: write https://HOST",
        ],
    );
    check(
        &with("[identity]\napp_proxy = true\ncode = true\ntokens = [{ key_id = \"k\", secret = \"short\" }]\n"),
        &[
            "my.toml:8: identity.app_proxy: needs client_secret",
            "my.toml:9: identity.code: needs [identity.smtp]",
            "my.toml:10: identity.tokens: the secret of 'k' has fewer than 32 bytes",
        ],
    );
    check(
        &with("[cancel]\nminutes = \"x\"\n"),
        &["my.toml:8: cancel.minutes: invalid type: string \"x\", expected a whole number"],
    );
    let smtp = "[identity.smtp]\nhost = \"mail.example\"\nport = 25\nsecurity = \"none\"\nfrom = \"a@b.example\"\n";
    check(&with(smtp), &["my.toml:10: identity.smtp.security: codes would be readable"]);
    parse(&with(&smtp.replace("mail.example", "127.0.0.1"))).unwrap_or_else(|e| panic!("{e}"));
}

#[test]
fn hours_become_what_customers_are_promised() {
    let hours = demo().profile().hours.unwrap();
    let chicago = demo().hours.time_zone;
    let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
    // Christmas Eve is short, and the two days after it are closed: Sunday is, too.
    assert_eq!(hours.next_open(at("2026-12-24T20:00:00Z"), &chicago), Some(at("2026-12-28T14:00:00Z")));
    assert_eq!(hours.open_until(at("2026-12-24T18:00:00Z"), &chicago), Some(at("2026-12-24T19:00:00Z")));
    assert_eq!(hours.reply_within, Some(jiff::SignedDuration::from_hours(4)));
    assert!(hours.words["fr"].by.contains("{time}"));
    // A zone alone says nothing about people.
    let least = parse(&format!("{LEAST}{ZONE}")).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(least.profile().hours, None);
}

#[test]
fn no_secret_is_printed() {
    let secrets = "[shopify]\nshop = \"a.myshopify.com\"\nclient_id = \"id\"\nclient_secret = \"hush-client\"\n\
        [identity]\ntokens = [{ key_id = \"k\", secret = \"hush-hush-hush-hush-hush-hush-32\" }]\n\
        [identity.smtp]\nhost = \"mail.example\"\nport = 465\nsecurity = \"tls\"\nuser = \"u\"\npassword = \"hush-smtp\"\n\
        from = \"a@b.example\"\n";
    let settings = parse(&format!("{LEAST}{ZONE}{secrets}")).unwrap_or_else(|e| panic!("{e}"));
    assert!(!format!("{settings:?}").contains("hush"));
    let shopify = settings.shopify.unwrap();
    assert_eq!(shopify.webhook_secret().map(Secret::expose), Some("hush-client"));
    assert_eq!((shopify.base_url().as_str(), shopify.api_version.as_str()), ("https://a.myshopify.com", "2026-07"));
    // Nor when something else about it is wrong.
    let wrong = format!("{LEAST}{ZONE}{}", secrets.replace("\"hush-client\"", "[\"hush-client\"]"));
    assert!(!parse(&wrong).unwrap_err().to_string().contains("hush"));
}

#[test]
fn settings_are_installed_whole_and_a_change_is_seen() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("mine.toml");
    fs::write(&file, format!("{LEAST}{ZONE}")).unwrap();
    assert!(matches!(StoreSettings::of(data.path(), &store()), Err(StoreError::Missing(_))));
    let settings = install(data.path(), &store(), &file).unwrap();
    assert_eq!(settings.path(), path_in(data.path(), &store()));
    assert!(!settings.is_stale());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(settings.path()).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // A wrong file changes nothing.
    let broken = data.path().join("broken.toml");
    fs::write(&broken, "name = 1").unwrap();
    assert!(matches!(install(data.path(), &store(), &broken), Err(StoreError::Invalid(_))));
    assert!(!settings.is_stale());
    let later = SystemTime::now() + std::time::Duration::from_secs(5);
    fs::File::options().write(true).open(settings.path()).unwrap().set_modified(later).unwrap();
    assert!(settings.is_stale());
    fs::create_dir_all(data.path().join("stores/b")).unwrap();
    let all = all_in(data.path());
    assert_eq!(all.iter().map(|(store, _)| store.as_str()).collect::<Vec<_>>(), ["a"]);
}

#[test]
fn the_sample_store_is_right_without_shopify_and_every_key_has_a_comment() {
    let settings = demo();
    assert!(settings.shopify.is_none() && settings.returns.is_some() && settings.cancel.is_some());
    let text = fs::read_to_string(settings.path()).unwrap();
    let is_word = |c: char| c.is_ascii_lowercase() || c == '_';
    let comments = text.lines().filter(|line| line.starts_with('#'));
    // A key is explained by the comment right above it, or by one that names it.
    let named: HashSet<&str> = comments.flat_map(|line| line.split(|c| !is_word(c))).collect();
    let mut above = "";
    for line in text.lines() {
        if let Some((key, _)) = line.split_once(" = ").filter(|(key, _)| key.chars().all(is_word)) {
            assert!(above.starts_with('#') || named.contains(key) || key.ends_with("day"), "no comment: {line}");
        }
        above = line;
    }
}

#[test]
fn the_sample_stores_rules_agree_with_their_pages_and_the_old_questions_page_is_found() {
    let (profile, pages) = (demo().profile(), demo_pages());
    assert_eq!(pages.len(), fs::read_dir(demo_dir().join("pages")).unwrap().count());
    let found = compare(&profile, &pages, "2026-11-21".parse().unwrap());
    let told: Vec<_> = found
        .iter()
        .map(|d| match &d.finding {
            Finding::Contradicted { sentence } => (d.page.as_str(), d.key.as_str(), sentence.as_str()),
            Finding::NotStated => (d.page.as_str(), d.key.as_str(), "not stated"),
            Finding::NoSuchPage => (d.page.as_str(), d.key.as_str(), "no such page"),
        })
        .collect();
    let old = "You can return unworn items within 14 days of the order date.";
    assert!(told.iter().all(|(page, _, sentence)| *page == "pages/faq.txt" && sentence.contains(old)), "{told:#?}");
    assert_eq!(told.iter().map(|(_, key, _)| *key).collect::<Vec<_>>(), ["days", "counts_from"]);
}

/// Each value that is changed in the sample store's rules is missed on its page.
#[test]
fn a_rule_that_says_something_else_than_its_page_is_reported() {
    let text = fs::read_to_string(demo_dir().join("store.toml")).unwrap();
    let pages: Vec<PageText> = demo_pages().into_iter().filter(|page| page.doc.0 != "pages/faq.txt").collect();
    let today = "2026-11-21".parse().unwrap();
    let check = |from: &str, to: &str, expect: &[(&str, &str)]| {
        assert!(text.contains(from), "{from}");
        let settings = parse(&text.replacen(from, to, 1)).unwrap_or_else(|e| panic!("{e}"));
        let found = compare(&settings.profile(), &pages, today);
        let keys: Vec<_> = found.iter().map(|d| (d.rule.as_str(), d.key.as_str())).collect();
        assert_eq!(keys, expect, "{to}: {found:#?}");
    };
    check("name = ", "name = ", &[]);
    // The page itself says otherwise, and so does another.
    check("\ndays = 30", "\ndays = 60", &[("standard", "days"), ("standard", "days")]);
    check("until = 2027-01-31\npage", "until = 2027-02-28\npage", &[("holiday-2026", "until")]);
    check("ordered_to = 2026-12-24", "ordered_to = 2026-12-28", &[("holiday-2026", "when.ordered_to")]);
    check("US = \"7.50 USD\"", "US = \"8.50 USD\"", &[("standard", "fee.US")]);
    // The amount stands on the page, but for the other country.
    check("CA = \"11.00 CAD\"", "CA = \"7.50 CAD\"", &[("standard", "fee.CA")]);
    check("never = \"it is a final sale item\"", "never = \"it is a clearance item\"", &[("final-sale", "never")]);
    check("within 7 days of creating", "within 8 days of creating", &[("standard", "steps")]);
    check("its seal, band or inner pouch", "its wax seal", &[("hygiene", "never_unless")]);
    check("page = \"pages/gift-cards.html\"", "page = \"pages/vouchers.md\"", &[("gift-card", "never")]);
    check("business_days = [3, 5]", "business_days = [2, 5]", &[("Standard", "business_days")]);
    check("US = 7, CA = 12", "US = 12, CA = 12", &[("parcels", "lost_after_business_days.US")]);
    check("minutes = 60", "minutes = 45", &[("cancel", "minutes")]);
}

#[test]
fn what_is_wrong_about_handing_over_is_named() {
    let handover = "[handover]\nattempts = 0\n[handover.webhook]\nurl = \"http://help.example/\"\nsecret = \"short\"\n\
                    [handover.email]\nto = \"desk@a.example\"\n[handover.slack]\nurl = \"hush-471147\"\n\
                    [handover.chatwoot]\nurl = \"https://chat.example\"\naccount = 1\ntoken = \"t\"\npath_secret = \"a/b\"\n";
    let said = parse(&format!("{LEAST}{ZONE}{handover}")).map(|_| ()).expect_err("wrong").to_string();
    let lines: Vec<&str> = said.lines().collect();
    let expected = [
        "my.toml:8: handover.attempts: write a number",
        "my.toml:10: handover.webhook.url: what customers said would be readable",
        "my.toml:11: handover.webhook.secret: has fewer than 32 bytes",
        "my.toml:12: handover.email: needs [identity.smtp]",
        "my.toml:15: handover.slack.url: is no address",
        "my.toml:20: handover.chatwoot.path_secret: write at least 24",
    ];
    assert_eq!(lines.len(), expected.len(), "{said}");
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line.starts_with(expected), "{line}\n{expected}");
    }
    assert!(!said.contains("471147"), "a secret is printed");
    let right = parse(&format!(
        "{LEAST}{ZONE}[handover.webhook]\nurl = \"http://localhost:9/\"\nsecret = \"{}\"\n",
        "s".repeat(32)
    ));
    let handover = right.unwrap_or_else(|e| panic!("{e}")).handover;
    assert!(handover.webhook.is_some() && handover.slack.is_none() && !handover.silent_while_waiting);
}
