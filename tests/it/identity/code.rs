//! Codes by mail, and the sessions that they open.

use super::*;
use std::time::Instant;
use tests::smtp_sink::SmtpSink;

/// The server with mail for both stores.
async fn with_mail(sink: &SmtpSink, change: impl FnOnce(&mut tests::app::Setup)) -> TestApp {
    let settings = codes_through(sink.address.port(), "none");
    TestApp::with(|setup| {
        setup.ports.storefront = Some(storefront());
        setup.settings("one", &settings);
        setup.settings("two", &settings);
        change(setup);
    })
    .await
}

/// Another code than this one.
fn other(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

#[tokio::test]
async fn a_mailed_code_opens_a_session_once() {
    let log = LogCapture::start();
    let mut sink = SmtpSink::start().await;
    let app = with_mail(&sink, |_| {}).await;
    let (shop, elsewhere) = (app.storefront("one").await, app.storefront("two").await);

    let asked = ask_for_code(&shop, "c-1", "Beth@Mail.Example").await;
    assert_eq!(asked.status, StatusCode::ACCEPTED, "{}", asked.text);
    let mail = sink.next().await;
    assert_eq!((mail.from.as_str(), mail.to.as_str()), ("help@fjellvik.example", BETH));
    assert!(mail.data.contains("From: \"Fjellvik Outfitters\" <help@fjellvik.example>\r\n"), "{}", mail.data);
    assert!(mail.data.contains("Auto-Submitted: auto-generated\r\n"), "{}", mail.data);
    let code = mail.code();
    assert!(!mail.subject().contains(&code) && mail.subject().contains("Fjellvik Outfitters"), "{}", mail.data);
    assert!(!mail.data.contains("http") && !mail.data.contains("www"), "no links: {}", mail.data);

    // Elsewhere, by somebody else and mistyped it is no code at all.
    for response in [
        verify(&shop, "c-2", BETH, &code).await,
        verify(&elsewhere, "c-1", BETH, &code).await,
        verify(&shop, "c-1", STRANGER, &code).await,
        verify(&shop, "c-1", BETH, &other(&code)).await,
    ] {
        assert_eq!(refusal(&response), refused(403, "code-refused"));
    }
    let opened = verify(&shop, "c-1", BETH, &format!(" {} {}", &code[..3], &code[3..])).await;
    assert_eq!(opened.status, StatusCode::OK, "{}", opened.text);
    assert_eq!(opened.json()["expires_at"], "2026-11-22T12:00:00Z");
    let session = opened.json()["customer_session"].as_str().unwrap().to_owned();
    assert_eq!(refusal(&verify(&shop, "c-1", BETH, &code).await), refused(403, "code-refused"), "good once");

    let who = json!({ "customer_session": session });
    let answered = ask_as(&shop, "/v1/ask", &who).await;
    assert_eq!((answered.status, last_tier(&log).as_str()), (StatusCode::OK, "Verified"), "{}", answered.text);
    assert_eq!(ask_as(&shop, "/v1/ask", &json!({})).await.status, StatusCode::OK);
    assert_eq!(last_tier(&log), "Anonymous", "the conversation alone proves nothing");
    let in_another = json!({ "customer_session": session, "conversation_id": "c-2" });
    let mistyped = json!({ "customer_session": session.replace("cs_", "cs_0") });
    for response in [
        ask_as(&shop, "/v1/ask", &in_another).await,
        ask_as(&shop, "/v1/ask", &mistyped).await,
        ask_as(&elsewhere, "/v1/ask", &who).await,
    ] {
        assert_eq!(refusal(&response), refused(401, "identity-refused"));
    }
    app.clock.advance(24 * 3600 - 1);
    assert_eq!(ask_as(&shop, "/v1/ask", &who).await.status, StatusCode::OK);
    app.clock.advance(1);
    assert_eq!(refusal(&ask_as(&shop, "/v1/ask", &who).await), refused(401, "identity-refused"));
}

#[tokio::test]
async fn a_known_and_an_unknown_address_look_alike() {
    let mut sink = SmtpSink::start().await;
    let app = with_mail(&sink, |_| {}).await;
    let shop = app.storefront("one").await;
    let mut seen = Vec::new();
    for email in [BETH, STRANGER, UNLUCKY] {
        let asked = ask_for_code(&shop, "c-1", email).await;
        app.app.identity.drained().await;
        let code = if email == BETH { sink.next().await.code() } else { "000000".to_owned() };
        let mut replies = vec![(asked.status.as_u16(), asked.text, None)];
        for _ in 0..5 {
            let wrong = verify(&shop, "c-1", email, &other(&code)).await;
            replies.push((wrong.status.as_u16(), wrong.text, None));
        }
        // Now not even the right one.
        let exhausted = verify(&shop, "c-1", email, &code).await;
        assert_eq!(refusal(&exhausted), refused(429, "too-many-tries"));
        let retry = exhausted.header("retry-after").map(str::to_owned);
        replies.push((429, exhausted.text, retry));
        seen.push(replies);
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], seen[2]);
    assert_eq!(seen[0].iter().map(|reply| reply.0).collect::<Vec<_>>(), [202, 403, 403, 403, 403, 403, 429]);
    assert_eq!(seen[0][6].2.as_deref(), Some("600"));
    assert!(sink.is_empty(), "mail to somebody the store does not know");
}

#[tokio::test]
async fn a_code_is_good_for_ten_minutes() {
    let mut sink = SmtpSink::start().await;
    let app = with_mail(&sink, |_| {}).await;
    let shop = app.storefront("one").await;
    for (conversation, waits, status) in [("c-1", 599, 200), ("c-2", 600, 403)] {
        ask_for_code(&shop, conversation, BETH).await;
        let code = sink.next().await.code();
        app.clock.advance(waits);
        assert_eq!(verify(&shop, conversation, BETH, &code).await.status.as_u16(), status, "{waits} s");
    }
}

#[tokio::test]
async fn three_codes_an_hour_and_only_the_newest_counts() {
    let mut sink = SmtpSink::start().await;
    let app = with_mail(&sink, |_| {}).await;
    let shop = app.storefront("one").await;
    let mut codes = Vec::new();
    let mut first = String::new();
    for _ in 0..3 {
        first = ask_for_code(&shop, "c-1", BETH).await.text;
        codes.push(sink.next().await.code());
        app.clock.advance(60);
    }
    // The fourth for the conversation, the fourth for the address: the same reply, and nothing is sent or replaced.
    for (conversation, email) in [("c-1", BETH), ("c-1", STRANGER), ("c-2", BETH)] {
        let more = ask_for_code(&shop, conversation, email).await;
        assert_eq!((more.status, &more.text), (StatusCode::ACCEPTED, &first));
        app.app.identity.drained().await;
        assert!(sink.is_empty());
    }
    let replaced = verify(&shop, "c-1", BETH, &codes[1]).await;
    assert!(codes[1] == codes[2] || replaced.status == StatusCode::FORBIDDEN);
    assert_eq!(verify(&shop, "c-1", BETH, &codes[2]).await.status, StatusCode::OK);
    // An hour after the first one there is room for one again.
    app.clock.advance(3600 - 180);
    ask_for_code(&shop, "c-1", BETH).await;
    sink.next().await;
    ask_for_code(&shop, "c-1", BETH).await;
    app.app.identity.drained().await;
    assert!(sink.is_empty());
}

#[tokio::test]
async fn a_store_has_its_own_bound_and_says_so() {
    let mut sink = SmtpSink::start().await;
    let app = with_mail(&sink, |setup| setup.identity.codes_per_store = 2).await;
    let shop = app.storefront("one").await;
    for conversation in ["c-1", "c-2"] {
        assert_eq!(ask_for_code(&shop, conversation, BETH).await.status, StatusCode::ACCEPTED);
        sink.next().await;
    }
    let refusals = [ask_for_code(&shop, "c-3", BETH).await, ask_for_code(&shop, "c-3", STRANGER).await];
    for response in &refusals {
        assert_eq!(refusal(response), refused(429, "too-many-tries"));
        assert_eq!(response.header("retry-after"), Some("3600"));
    }
    let other_store = app.storefront("two").await;
    assert_eq!(ask_for_code(&other_store, "c-1", BETH).await.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn without_a_mail_server_or_a_storefront_codes_are_not_offered() {
    let sink = SmtpSink::start().await;
    let no_mail = TestApp::with(|setup| setup.ports.storefront = Some(storefront())).await;
    let no_storefront = with_mail(&sink, |setup| setup.ports.storefront = None).await;
    for app in [no_mail, no_storefront] {
        let response = ask_for_code(&app.storefront("one").await, "c-1", BETH).await;
        assert_eq!(refusal(&response), refused(503, "codes-not-offered"));
    }
}

#[tokio::test]
async fn the_reply_does_not_wait_for_the_mail_server() {
    // Accepts connections and says nothing, for longer than anybody waits.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let settings = codes_through(silent.local_addr().unwrap().port(), "none");
    let app = TestApp::with(|setup| {
        setup.ports.storefront = Some(storefront());
        setup.settings("one", &settings);
    })
    .await;
    let shop = app.storefront("one").await;
    let asked = Instant::now();
    assert_eq!(ask_for_code(&shop, "c-1", BETH).await.status, StatusCode::ACCEPTED);
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    let drained = tokio::time::timeout(Duration::from_millis(50), app.app.identity.drained()).await;
    assert!(drained.is_err(), "the mail is still on its way");
}

#[tokio::test]
async fn mail_is_not_sent_in_the_clear_where_tls_was_asked_for() {
    let log = LogCapture::start();
    // The sink offers no STARTTLS, as if somebody on the way had taken it out.
    let mut sink = SmtpSink::start().await;
    let port = sink.address.port();
    let app = with_mail(&sink, |setup| setup.settings("one", &codes_through(port, "starttls"))).await;
    ask_for_code(&app.storefront("one").await, "c-1", BETH).await;
    app.app.identity.drained().await;
    assert!(sink.is_empty());
    assert_eq!(log.lines("code not sent").len(), 1, "{}", log.text());
}

#[tokio::test]
async fn fields_are_named_and_a_key_in_the_wrong_place_finds_nothing() {
    let sink = SmtpSink::start().await;
    let app = with_mail(&sink, |_| {}).await;
    let shop = app.storefront("one").await;
    let good = json!({ "conversation_id": "c-1", "email": BETH, "code": "123456" });
    for (path, field, value) in [
        ("/v1/identity/code", "email", "beth"),
        ("/v1/identity/code", "email", "bеth@mail.example"),
        ("/v1/identity/code", "conversation_id", ""),
        ("/v1/identity/verify", "email", "beth"),
        ("/v1/identity/verify", "code", "12345"),
        ("/v1/identity/verify", "conversation_id", "c 1"),
    ] {
        let mut body = good.clone();
        body[field] = json!(value);
        if path.ends_with("code") {
            body.as_object_mut().unwrap().remove("code");
        }
        let response = shop.post(path, &body).await;
        assert_eq!(refusal(&response), refused(400, "invalid-request"), "{path} {field}");
        assert_eq!(response.json()["errors"][0]["field"], field);
        assert!(value.is_empty() || !response.text.contains(value), "{}", response.text);
    }
    let mut body = good;
    body["store"] = json!("two");
    assert_eq!(refusal(&shop.post("/v1/identity/verify", &body).await), refused(404, "no-such-store"));
}

#[tokio::test]
async fn neither_address_nor_code_is_logged_or_kept() {
    let log = LogCapture::start();
    let mut sink = SmtpSink::start().await;
    let refusing = SmtpSink::refusing().await;
    let port = refusing.address.port();
    let app = with_mail(&sink, |setup| setup.settings("two", &codes_through(port, "none"))).await;
    let (shop, unlucky) = (app.storefront("one").await, app.storefront("two").await);
    for email in [BETH, STRANGER, UNLUCKY] {
        ask_for_code(&shop, "c-1", email).await;
        ask_for_code(&unlucky, "c-1", email).await;
    }
    let code = sink.next().await.code();
    app.app.identity.drained().await;
    let opened = verify(&shop, "c-1", BETH, &code).await.json();
    let session = opened["customer_session"].as_str().unwrap();
    ask_as(&shop, "/v1/ask", &json!({ "customer_session": session })).await;
    ask_as(&shop, "/v1/ask", &json!({ "customer_token": session })).await;
    ask_as(&shop, "/v1/ask", &json!({ "claim": { "order_number": "#1001", "email": STRANGER } })).await;

    let text = log.text();
    assert!(text.contains("refused with status 550") && text.contains("code redeemed"), "{text}");
    for secret in [BETH, STRANGER, UNLUCKY, &code, session, "#1001"] {
        assert!(!text.contains(secret), "{secret} was logged");
    }
    // On disk stands whom the session is for, and nothing else of it.
    let file = |name: &str| std::fs::read(app.dir.path().join("stores/one").join(name)).unwrap_or_default();
    let disk: Vec<u8> = ["desk.sqlite", "desk.sqlite-wal"].iter().flat_map(|name| file(name)).collect();
    let holds = |text: &str| disk.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds(BETH) && !holds(STRANGER) && !holds(session));
    let beth = engine::identity::Email::parse(BETH).unwrap();
    // Its session and the count of its codes; the challenge went when it was redeemed.
    assert_eq!(app.app.identity.forget(&tests::app::pass("one"), &beth).await.unwrap(), 2);
    let forgotten = ask_as(&shop, "/v1/ask", &json!({ "customer_session": session })).await;
    assert_eq!(refusal(&forgotten), refused(401, "identity-refused"));
}
