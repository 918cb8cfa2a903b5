//! Phrasings as customers write them, and the questions of pages that must stay with the pages.

use super::*;
use crate::turn::Message;

fn pattern() -> Regex {
    Regex::new(r"#?FV\d{5}").unwrap()
}

fn read(text: &str) -> Option<LiveQuestion> {
    LiveQuestion::read(&Turn::single("c", text), &pattern())
}

#[test]
fn a_message_asks_for_these() {
    use LiveKind::*;
    let table: &[(LiveKind, &[&str])] = &[
        (
            Status,
            &[
                "Where is my order?",
                "wheres my ordr",
                "order status FV10234?",
                "Status of order FV10234",
                "where's FV10234",
                "Any update on my order?",
                "any news about order #FV10234??",
                "has my package shipped yet",
                "Did my parcel go out?",
                "is my order on its way",
                "My package never arrived",
                "I still haven't received my order",
                "havent got my parcel yet",
                "where are my boots",
                "where is the jacket I ordered last week?",
                "what's going on with my order",
                "can you check on order 10234 for me",
                "Could you look up my order please",
                "I'm still waiting for my delivery",
                "FV10234",
                "fv10234?",
                "my tracking says delivered but there is nothing here",
                "It says delivered but I dont have it",
                "what happened to my order",
                "is order FV10234 confirmed?",
                "my parcel hasn't moved in a week",
                "I need help seeing the status of purchase 370795561790",
                "whats up with my pakage",
                "has FV10234 left the warehouse?",
                "Why was my order cancelled?",
                "Is my package lost?",
                "did you ship my order yet",
                "where the heck is my stuff",
                "my order still hasnt shown up",
                "Hi! I placed an order last week (#FV10234) and it still hasn't shipped.",
                "I want to check my order",
                "wheres #fv10234 at",
                "no sign of my parcel so far",
                "can you tell me if my order has been sent",
                "i cant see order 00123842 status",
                "need to locate purchase 732201349959",
                "Has everything in FV10234 been dispatched?",
                "hows my order doing",
                "Order hasn't come yet, what's up?",
                "I ordered 2 weeks ago and nothing has arrived",
                "still no package",
                "what's the hold up with FV10234",
            ],
        ),
        (
            Tracking,
            &[
                "What's the tracking number for FV10234?",
                "can i get the tracking number",
                "send me my tracking link pls",
                "I'd like to track my package",
                "track order FV10234",
                "Which carrier has my parcel?",
                "my tracking number please",
                "I never got a tracking number",
                "trakcing number for my order?",
                "who is delivering my order",
                "do you have a tracking link for my shipment?",
            ],
        ),
        (
            Delivery,
            &[
                "When will my order arrive?",
                "when does my parcel get here",
                "when is it coming",
                "ETA for FV10234",
                "eta of order 00004587345",
                "What's the estimated delivery date for my order?",
                "How long until my package arrives?",
                "how much longer do i have to wait",
                "is my order late?",
                "Why is my parcel delayed",
                "my order was supposed to be here yesterday",
                "will my order arrive before Friday?",
                "when can I expect my boots",
                "when do i get my stuff",
                "whats taking so long with my order",
                "what day will FV10234 be delivered?",
                "how soon can i expect my package",
                "wen wil my order arive",
                "When does order FV10234 ship?",
                "shouldn't my order be here by now?",
            ],
        ),
        (
            Items,
            &[
                "What did I order?",
                "what's in my order FV10234",
                "which items are in order FV10234?",
                "list the items of my order",
                "what size did I order",
                "what was in my last order?",
                "show me what I ordered",
                "which colour did i buy",
                "did I order the large one?",
                "how many items are in my order",
                "Can you remind me what I bought?",
                "what did i get in FV10234",
                "whats in the box FV10234",
            ],
        ),
        (
            Total,
            &[
                "How much did I pay?",
                "did I pay for shipping on FV10234",
                "what did I pay for order FV10234",
                "what was the total of my order",
                "how much was my order",
                "my order total please",
                "how much was I charged for FV10234?",
                "What did FV10234 cost?",
                "how much shipping did I pay",
                "did my discount code get applied?",
                "how much did you charge me for my order",
                "total amount for order FV10234",
            ],
        ),
        (
            Refund,
            &[
                "Where is my refund?",
                "has my refund been processed",
                "Have I been refunded for FV10234?",
                "How much was refunded for order FV10234?",
                "refund status",
                "When do I get my money back?",
                "how much was I refunded",
                "I'm waiting for a refund of 160 dollars",
                "I still haven't received my refund",
                "did you refund my order?",
                "when was my refund issued",
                "status of my return",
                "have you received my return yet",
                "was FV10234 refunded?",
                "wheres my money",
                "any news on my refund?",
                "has my return arrived",
                "how much money did I get back for FV10234?",
                "I am waiting for a reimbursement of $1499",
            ],
        ),
        (
            ReturnWindow,
            &[
                "Can I still return my jacket?",
                "can i return order FV10234",
                "Until when can I return FV10234?",
                "Is it too late to return my boots?",
                "can I still send it back?",
                "How long do I have to return order FV10234?",
                "is order FV10234 still eligible for return",
                "what's the return deadline for my order",
                "Can I return the tent from FV10234?",
                "am I still in the return window for FV10234",
                "can the jacket in FV10234 still go back",
                "until what date can I send FV10234 back",
                "when is the last day to return my order",
                "by when do i have to send back my boots",
                "can i still retrun my order",
                "did I miss the return window for FV10234?",
            ],
        ),
        (
            Address,
            &[
                "What address is my order going to?",
                "where is my order being shipped to",
                "which address did I use for FV10234",
                "is my order going to the right address?",
                "What's the shipping address on my order",
                "did I put the right address on my order?",
                "delivery address of order FV10234?",
                "what address did i give you",
                "where are you shipping my order to",
                "Is FV10234 going to my old address?",
            ],
        ),
        (
            Cancellable,
            &[
                "Can I still cancel my order?",
                "is it too late to cancel FV10234",
                "can FV10234 be cancelled?",
                "Can my order still be canceled",
                "is it still possible to cancel my order?",
                "until when can i cancel order FV10234",
                "can I cancel order FV10234?",
            ],
        ),
        (
            Payment,
            &[
                "Which card did I use for my last order, Visa, Mastercard or Amex?",
                "which credit card did i use for order FV10234",
                "What payment method did I use for FV10234?",
                "what card was charged for FV10234",
                "How did I pay for my order?",
                "how did i pay",
                "I can't remember if I used my Visa, Mastercard, or Amex for my recent order",
                "I placed an order but I can’t remember if I used my Visa or Amex",
                "How was FV10234 paid?",
                "what did I pay with?",
                "what did i use to pay for my order",
                "Did I pay with PayPal or my Visa?",
                "did I use a gift card on my last order",
                "did you charge my visa or my mastercard",
                "Was it my Visa, Mastercard or Amex?",
                "was FV10234 paid with a gift card?",
                "can you tell me the payment method used for FV10234",
                "payment method of order FV10234?",
                "what is the card I used for my order",
                "What are the last 4 digits of the card used for FV10234?",
                "Can you tell me which card I used?",
                "which card is it that I paid with for FV10234",
            ],
        ),
        (
            Balance,
            &[
                "What is the balance of my gift card?",
                "how much is left on my gift card",
                "How much money do I have on my gift card?",
                "my gift card balance",
                "what's my gift card balance",
                "Can you check my gift card balance?",
                "What is the remaining balance on my gift card?",
                "how much store credit do i have",
                "do I have any store credit left?",
                "what is my store credit balance",
                "How much do I still have on my e-gift card",
                "How do I check my gift card balance?",
                "is there any money left on my gift card?",
                "What is my balance?",
                "how much is my gift card worth",
                "Do I have a gift card?",
                "how much credit is left in my store credit",
                "I need to know the balance on my gift card",
                "what's left on my gift card ending in 7f2k",
                "how much store credit is in my account",
                "what is the gift card balance on my account?",
            ],
        ),
        (
            Stock,
            &[
                "Is the Fjell jacket in stock?",
                "How many tents do you have left?",
                "is the Hekla tent sold out",
                "Do you have the rain shell in medium in stock right now?",
                "when will the down jacket be back in stock",
                "are the trail boots available in size 9?",
                "is the olive one still available",
            ],
        ),
        (
            Price,
            &[
                "How much is the Fjell jacket?",
                "what does the tent cost",
                "price of the down jacket?",
                "how much are the trail boots",
                "What is the price of the headlamp?",
                "is the rain shell on sale?",
            ],
        ),
    ];
    let mut wrong = Vec::new();
    for (kind, phrasings) in table {
        for text in *phrasings {
            match read(text) {
                Some(q) if q.asks_for(*kind) => {}
                other => wrong.push(format!("{text:?} is {kind:?}, was read as {:?}", other.map(|q| q.kinds))),
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_question_that_a_page_answers_is_left_to_the_pages() {
    let pages = [
        "How long does delivery take?",
        "Can I cancel an order after it was placed?",
        "How do I return something?",
        "Do you ship to Canada?",
        "How long does shipping take to Toronto?",
        "What is your return policy?",
        "Can I return a final sale item?",
        "What happens if my parcel is lost?",
        "What happens if my package never arrives?",
        "How much is express shipping?",
        "How much does a return label cost?",
        "When will I be refunded after I return an item?",
        "How long do refunds take?",
        "Which carrier do you use?",
        "Do you send tracking numbers?",
        "Will I get a tracking number?",
        "Can I change my address after ordering?",
        "Can I change the delivery address of an order?",
        "Is the tent suitable for one person?",
        "How long do I have to return an order?",
        "What happens if my item arrives damaged?",
        "Do you deliver on Saturdays?",
        "Can I pick up my order in a store?",
        "Do I need the original box to return boots?",
        "Is gift wrapping available?",
        "Can I return something I bought on sale?",
        "What does order status 'unfulfilled' mean?",
        "How are returns handled for gifts?",
        "If I order today, when will it arrive?",
        "If I order now will it arrive before Christmas?",
        "When do orders ship?",
        "Can items be exchanged for another size?",
        "What payment methods do you accept?",
        "Do you charge tax on orders to Canada?",
        "Is there a minimum order for free shipping?",
        "What is your address?",
        "Where are you located?",
        "Do you have a size chart?",
        "How do I wash my down jacket?",
        "Who pays for return shipping?",
        "Do you refund shipping costs?",
        "Are gift cards refundable?",
        "How is the return window counted?",
        "Can orders be shipped to several addresses?",
        "What time do I have to order for same day dispatch?",
        "Do you offer repairs?",
        "Is my data safe with you?",
        "How does the trail club work?",
        "Can I add items to an existing order?",
        "Do you price match?",
        "What is the delivery time to Alaska?",
        "My boots are too small, what can I do?",
        "How can I get a discount on my next order?",
        "i want to see your refund policy",
        "how can i see the shipping options",
        "help me to check the accepted payment options",
        "Can I return opened base layers?",
        "what if a parcel comes back to you",
        "How waterproof is the jacket?",
        "How much does the tent weigh?",
        "Can I return an item without its tags?",
        "Do you accept Visa?",
        "Which cards do you accept?",
        "which payment method is the safest",
        "Can I pay with PayPal?",
        "Can I pay with a gift card and a credit card?",
        "Can I pay for my order with a gift card?",
        "Which card should I use?",
        "How can I pay?",
        "Do you charge my card when I order or when you ship?",
        "Is it safe to use my credit card?",
        "Do gift cards expire?",
        "What happens to the balance of a gift card if I return something?",
        "Can I use a gift card on sale items?",
        "How do I use my gift card?",
        "Can I transfer my gift card balance to a friend?",
        "Do you sell gift cards?",
        "Is there a fee on gift card balances?",
        "Can I get store credit instead of a refund?",
    ];
    let wrong: Vec<String> =
        pages.iter().filter_map(|t| read(t).map(|q| format!("{t:?} was read as {:?}", q.kinds))).collect();
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn numbers_and_addresses_are_read_as_customers_write_them() {
    let check = |text: &str, numbers: &[&str], emails: &[&str], malformed: bool| {
        let heard = Heard::read(text, &pattern());
        let n: Vec<&str> = heard.numbers.iter().map(OrderNumber::as_str).collect();
        let e: Vec<&str> = heard.emails.iter().map(Email::expose).collect();
        assert_eq!((n.as_slice(), e.as_slice(), heard.malformed), (numbers, emails, malformed), "{text}");
    };
    check("FV10234", &["#FV10234"], &[], false);
    check("#fv10234, Beth@Mail.example.", &["#FV10234"], &["beth@mail.example"], false);
    check("order FV 10234 and fv-10235", &["#FV10234", "#FV10235"], &[], false);
    check("purchase 00123842", &["#00123842"], &[], false);
    check("order number: #1001", &["#1001"], &[], false);
    check("FV10234 FV10234", &["#FV10234"], &[], false);
    check("XFV102345 is no number", &[], &[], false);
    check("I paid $10234 in 2024", &[], &[], false);
    check("#1001 OR name:#1002", &["#1001", "#1002"], &[], false);
    check("#１００１ а@mail.example", &[], &[], true);
    check("beth@mail", &[], &[], true);
}

#[test]
fn what_was_named_before_counts_until_another_is_named() {
    let turn = |before: &[&str], text: &str| Turn {
        history: before.iter().map(|t| Message { role: Speaker::Customer, text: (*t).into() }).collect(),
        ..Turn::single("c", text)
    };
    let check = |before: &[&str], text: &str, expect: Option<(LiveKind, &[&str])>| {
        let got = LiveQuestion::read(&turn(before, text), &pattern());
        let got = got.map(|q| (q.kinds[0], q.numbers.iter().map(|n| n.as_str().to_owned()).collect::<Vec<_>>()));
        assert_eq!(got, expect.map(|(k, n)| (k, n.iter().map(|n| (*n).to_owned()).collect())), "{text}");
    };
    use LiveKind::*;
    check(&["Where is FV10234?"], "And when will it arrive?", Some((Delivery, &["#FV10234"])));
    check(&["Where is FV10234?"], "what about FV10235", Some((Status, &["#FV10235"])));
    check(&["When will my order arrive?"], "FV10234, beth@mail.example", Some((Delivery, &["#FV10234"])));
    check(
        &["When will my order arrive?"],
        "It's FV10234 and my email is beth@mail.example",
        Some((Delivery, &["#FV10234"])),
    );
    check(&["FV10234 FV10235"], "where is FV10236", Some((Status, &["#FV10236"])));
    check(&["Where is FV10234?"], "Do you ship to Canada?", None);
    check(&["hello"], "beth@mail.example", Some((Status, &[])));
}

#[test]
fn what_else_is_asked_is_kept_apart() {
    let check = |text: &str, rest: &str| assert_eq!(read(text).unwrap().rest, rest, "{text}");
    check("Where is FV10234? Do you ship to Canada?", "Do you ship to Canada?");
    check("Where is my order and do you ship to Canada?", "do you ship to Canada?");
    check("Where is my order FV10234? Thanks!", "");
    assert!(read("How do I track my order?").unwrap().soft);
    assert!(read("Can I still return my boots?").unwrap().soft);
    assert!(!read("Where is my order?").unwrap().soft);
    assert!(!read("how do i see the status of FV10234").unwrap().soft);
    assert!(read("where is my last order").unwrap().newest);
    // A word that two kinds share asks for one of them.
    let kinds = |text: &str| read(text).unwrap().kinds;
    assert_eq!(kinds("what is going on with FV10234?"), [LiveKind::Status]);
    assert_eq!(kinds("What is the shipping address of my order FV10234?"), [LiveKind::Address]);
    assert_eq!(kinds("Where is my refund for FV10234?"), [LiveKind::Refund]);
    assert_eq!(kinds("What did I pay with for FV10234?"), [LiveKind::Payment]);
    assert_eq!(kinds("What is the balance of my gift card?"), [LiveKind::Balance]);
    let both = kinds("How much did I pay for FV10234 and which card did I use?");
    assert!(both.contains(&LiveKind::Total) && both.contains(&LiveKind::Payment), "{both:?}");
    assert!(read("How do I check my gift card balance?").unwrap().soft);
    assert!(!read("Which card did I use for my last order?").unwrap().soft);
}
