//! Answers by mail.

use super::{Talk, pair};
use api::db::conversations::Owner;
use axum::http::StatusCode;
use serde_json::json;
use tests::{
    app::Response,
    smtp_sink::{Mail, SmtpSink},
};

const SECRET: &str = "00112233445566778899aabbccddeeff";

struct Post {
    talk: Talk,
    sink: SmtpSink,
}

impl Post {
    async fn start() -> Self {
        let sink = SmtpSink::start().await;
        let handover = format!(
            "[handover.email]\nto = \"desk@fjellvik.example\"\n[handover.email.replies]\n\
             address = \"help@in.fjellvik.example\"\npath_secret = \"{SECRET}\"\n[identity.smtp]\nhost = \"127.0.0.1\"\n\
             port = {}\nsecurity = \"none\"\nfrom = \"shop@fjellvik.example\"\n",
            sink.address.port()
        );
        Self { talk: Talk::start(&handover).await, sink }
    }

    /// Hands over; the mail that tells of it.
    async fn mail(&mut self, turn: u32) -> Mail {
        self.talk.hand_over(turn).await;
        self.sink.next().await
    }

    async fn post(&self, mail: &str) -> Response {
        self.post_as(mail, "message/rfc822", SECRET).await
    }

    async fn post_as(&self, body: &str, content_type: &str, secret: &str) -> Response {
        self.talk.post(&format!("/v1/channels/email/one/{secret}"), &[("content-type", content_type)], body).await
    }
}

/// An answer as a mail program writes it: with what it answers quoted below.
fn answer(id: &str, from: &str, heads: &[(&str, &str)], text: &str, mail: &Mail) -> String {
    let heads: String = heads.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let quoted: String = mail.data.lines().map(|line| format!("> {line}\r\n")).collect();
    format!(
        "From: {from}\r\nMessage-ID: <{id}@mail.fjellvik.example>\r\nDate: Sat, 21 Nov 2026 12:00:30 +0000\r\n\
         Subject: Re: Needs a person\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n{heads}\r\n\
         {text}\r\n\r\nOn Sat, 21 Nov 2026 at 12:00, Fjellvik <shop@fjellvik.example> wrote:\r\n{quoted}"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_by_mail_comes_back_without_what_it_quotes() {
    let mut post = Post::start().await;
    let mail = post.mail(0).await;
    let (to, id) = (mail.header("Reply-To").expect("where to answer"), mail.header("Message-ID").expect("an id"));
    assert!(to.contains("help+") && to.contains("@in.fjellvik.example"), "{to}");
    assert!(mail.data.contains("#done") && mail.data.contains("##- Write your answer above this line -##"));

    // By the address alone.
    let first = answer("a", "Mia Berg <mia@fjellvik.example>", &[("To", &to)], "We do, from May on.", &mail);
    assert_eq!(post.post(&first).await.status, StatusCode::OK);
    let expected = pair("Mia Berg", "We do, from May on.");
    assert_eq!(post.talk.said().await, std::slice::from_ref(&expected));
    assert_eq!(post.talk.owner().await, Owner::Person("Mia Berg".into()));
    assert_eq!(post.talk.asks().await, "silent");
    // Posted again, and posted by another way of the provider's.
    assert_eq!(post.post(&first).await.status, StatusCode::OK);
    let again = post.post_as(&json!({ "RawEmail": first }).to_string(), "application/json", SECRET).await;
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!(post.talk.said().await.len(), 1);

    // By what it refers to, from a program that sends it to the mailbox itself; and the end.
    let heads = [("To", "help@in.fjellvik.example"), ("References", &*format!("<x@y.example> {id}"))];
    let last = answer("b", "ola@fjellvik.example", &heads, "In June too.\r\n\r\n#done", &mail);
    let form = format!("--b\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\n{last}\r\n--b--\r\n");
    let posted = post.post_as(&form, "multipart/form-data; boundary=b", SECRET).await;
    assert_eq!(posted.status, StatusCode::OK, "{}", posted.text);
    // An address is not shown to customers.
    assert_eq!(post.talk.said().await, [expected, pair("Support", "In June too.")]);
    assert_eq!(post.talk.owner().await, Owner::Resolved);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_customer_added_is_answered_and_does_not_come_back() {
    let mut post = Post::start().await;
    let first = post.mail(0).await;
    post.talk.says("The blue one.").await;
    let further = post.sink.next().await;
    assert_eq!(further.header("In-Reply-To"), first.header("Message-ID"));
    // A mailbox that forwards everything to where answers are read, without the head that says who wrote it.
    let ours = further.data.replace("Auto-Submitted: auto-generated\r\n", "").replace("shop@", "desk@");
    assert!(further.data.contains("Auto-Submitted") && !ours.contains("Auto-Submitted"));
    assert_eq!(post.post(&ours).await.status, StatusCode::OK);
    assert_eq!(post.talk.said().await, []);
    // An answer to it, which names the first mail as well or not.
    let id = further.header("Message-ID").expect("an id");
    let heads = [("To", "help@in.fjellvik.example"), ("In-Reply-To", &*id)];
    let answered = answer("z", "Mia Berg <mia@fjellvik.example>", &heads, "We do.", &further);
    assert_eq!(post.post(&answered).await.status, StatusCode::OK);
    assert_eq!(post.talk.said().await, [pair("Mia Berg", "We do.")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_else_answers_by_mail() {
    let mut post = Post::start().await;
    let mail = post.mail(0).await;
    let to = mail.header("Reply-To").expect("where to answer");
    let mia = "Mia Berg <mia@fjellvik.example>";
    let right = answer("a", mia, &[("To", &to)], "We do.", &mail);
    let other = if to.contains("+0") { to.replacen("+0", "+1", 1) } else { to.replacen('+', "+0", 1) };
    for (what, mail) in [
        ("a stranger", answer("b", "eve@evil.example", &[("To", &to)], "We do.", &mail)),
        ("a stranger by name", answer("c", "\"mia@fjellvik.example\" <eve@evil.example>", &[("To", &to)], "x", &mail)),
        ("another tag", answer("d", mia, &[("To", &other)], "We do.", &mail)),
        ("no tag", answer("e", mia, &[("To", "help@in.fjellvik.example")], "We do.", &mail)),
        ("a made-up id", answer("f", mia, &[("In-Reply-To", "<0123@fjellvik.example>")], "We do.", &mail)),
    ] {
        let refused = post.post(&mail).await;
        assert_eq!(
            (refused.status, refused.problem().as_str()),
            (StatusCode::NOT_FOUND, "no-such-conversation"),
            "{what}"
        );
    }
    for secret in ["another-secret-of-24-letters", "ffffffffffffffffffffffffffffffff"] {
        assert_eq!(post.post_as(&right, "message/rfc822", secret).await.status, StatusCode::UNAUTHORIZED);
    }
    for (body, kind, status) in [
        ("", "message/rfc822", StatusCode::BAD_REQUEST),
        ("{}", "application/json", StatusCode::BAD_REQUEST),
        (&*right, "image/png", StatusCode::BAD_REQUEST),
        (&*"x".repeat(27 * 1024 * 1024), "message/rfc822", StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        assert_eq!(post.post_as(body, kind, SECRET).await.status, status, "{kind}");
    }
    // A note of absence, and an answer with nothing of one's own in it.
    let away = answer("g", mia, &[("To", &to), ("Auto-Submitted", "auto-replied")], "I am away.", &mail);
    let empty = answer("h", mia, &[("To", &to)], "", &mail).replace("On Sat, 21 Nov 2026 at 12:00", "> On Sat");
    for mail in [&away, &empty] {
        let taken = post.post(mail).await;
        assert_eq!(taken.status, StatusCode::OK, "{}", taken.text);
    }
    assert_eq!((post.talk.owner().await, post.talk.said().await), (Owner::Waiting, vec![]));
    assert_eq!(post.post(&right).await.status, StatusCode::OK);
    assert_eq!(post.talk.said().await, [pair("Mia Berg", "We do.")]);
}
