use super::*;
use crate::access::StoreId;

fn profile(returns: &str) -> StoreProfile {
    StoreProfile {
        store: StoreId::parse("a").unwrap(),
        name: "A".into(),
        domain: "a.example".into(),
        currency: iso_currency::Currency::USD,
        time_zone: jiff::tz::TimeZone::UTC,
        order_number: Regex::new("#").unwrap(),
        contact_email: None,
        handoff_message: None,
        languages: vec!["en".into()],
        countries: Vec::new(),
        identity: Vec::new(),
        returns: Some(toml::from_str(returns).unwrap()),
        delivery: None,
        cancel: None,
        policy: Default::default(),
    }
}

fn page(doc: &str, text: &str) -> PageText {
    let (valid_from, valid_to) = (None, None);
    PageText { doc: DocId(doc.into()), url: None, text: text.into(), valid_from, valid_to }
}

fn today() -> Date {
    "2026-11-21".parse().unwrap()
}

#[test]
fn other_windows_are_found_in_the_words_that_shops_use() {
    let rules = profile("default = { id = \"d\", days = 30 }");
    let check = |text: &str, expect: &[&str]| {
        let found = compare(&rules, &[page("p", text)], today());
        assert_eq!(found.iter().map(|d| d.key.as_str()).collect::<Vec<_>>(), expect, "{text}");
    };
    check("You can return most items within 30 days of delivery.", &[]);
    check("You can return most items within 28 days of delivery.", &["days"]);
    check("Returns are accepted within two weeks of delivery.", &["days"]);
    check("You have 14 days to return your order.", &["days"]);
    check("You have 14 days to change your mind.", &["days"]);
    check("Our 60-day return policy covers everything.", &["days"]);
    check("We offer a 30-day money-back guarantee.", &[]);
    check("We offer a 45-day money-back guarantee.", &["days"]);
    check("The return window is 45 days.", &["days"]);
    check("Send it back within 30 days of purchase.", &["counts_from"]);
    check("Send it back within 14 days of the order date.", &["days", "counts_from"]);
    check("How long do I have to send something back?\n21 days from delivery.", &["days"]);
    check("How long do I have to send something back?\n30 days from delivery.", &[]);
    // Other spans of time that stand near the word.
    check("We return the deposit within 14 days.", &[]);
    check("The return label is valid for 7 days.", &[]);
    check("You can exchange within 45 days, which is 15 days longer than for returns.", &[]);
    check("It takes up to 10 days to return the money to your bank.", &[]);
    check("Allow 10 days for your refund to appear.", &[]);
    check("Delivery takes 5 days, returns are free.", &[]);
    check("We issue the refund within 5 business days after the return reaches us.", &[]);
    check("Points are added 40 days after delivery, so that returns can be taken off first.", &[]);
}

#[test]
fn a_page_that_has_ended_contradicts_nothing() {
    let rules = profile("default = { id = \"d\", days = 30 }");
    let mut old = page("old", "You can return items within 14 days.");
    old.valid_to = Some("2026-11-20".parse().unwrap());
    assert_eq!(compare(&rules, &[old.clone()], today()), []);
    old.valid_to = Some(today());
    assert_eq!(compare(&rules, &[old], today()).len(), 1);
}

#[test]
fn an_excluded_class_must_be_excluded_on_its_page() {
    let rules = "default = { id = \"d\", days = 30 }\n[[rules]]\nid = \"s\"\nwhen = [{ tags = [\"s\"] }]\n\
        never = \"it is a final sale item\"\npage = \"pages/p.md\"\nurl = \"https://a.example/p\"";
    let rules = profile(rules);
    let check = |text: &str, expect: Option<Finding>| {
        let found = compare(&rules, &[page("p.md", text)], today());
        assert_eq!(found.into_iter().map(|d| d.finding).next(), expect, "{text}");
    };
    let says = |sentence: &str| Some(Finding::Contradicted { sentence: sentence.into() });
    check("Final sale items cannot be returned.", None);
    check("What cannot be returned\n- Gift cards\n- Final sale items", None);
    check("The sale is final.", None);
    check("Items on final sale are reduced by 40%.", Some(Finding::NotStated));
    check("What you may like\n- Final sale items", Some(Finding::NotStated));
    check("Gift cards cannot be returned.", Some(Finding::NotStated));
    check(
        "Final sale items can be returned for store credit.",
        says("Final sale items can be returned for store credit."),
    );
    let at = |doc: &str, url: Option<&str>| {
        let page = PageText { url: url.map(str::to_owned), ..page(doc, "Final sale items cannot be returned.") };
        compare(&rules, &[page], today()).into_iter().map(|d| d.finding).next()
    };
    assert_eq!(at("pages/p.md", None), None);
    assert_eq!(at("shopify:page:1", Some("https://a.example/p")), None);
    assert_eq!(at("help.md", None), Some(Finding::NoSuchPage));
    assert_eq!(at("help-p.md", None), Some(Finding::NoSuchPage));
}
