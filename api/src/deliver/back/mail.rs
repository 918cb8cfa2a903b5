//! Answers by mail: what a provider of inbound mail posts, as the whole mail.
//!
//! Providers sign in ways of their own or not at all; what they have in common is an address that they post to, so the
//! secret stands in that. The mail comes as it is (`message/rfc822`), in the field `RawEmail` of a JSON body, or in the
//! field `email` or `body-mime` of a form. Which handoff it answers stands in a tag that we signed (`tag.rs`): in the
//! address that it was sent to, or in the `Message-ID` that it refers to. What it quotes is cut off.

use super::{Heeded, same, tag, take};
use crate::{
    app::App,
    db::{heard::Heard, outbox::Destination},
    error::{ApiError, FieldError},
    store::{self, MailReplies},
};
use engine::{HandoffId, StorePass};
use jiff::Timestamp;
use mail_parser::{Message, MessageParser, MimeHeaders};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::borrow::Cow;

/// Whom an answer is put down to that came without a name: an address is not shown to customers.
const NAMELESS: &str = "Support";
/// A last line of this ends the conversation; the customer does not see it.
const DONE: &str = "#done";
/// The fields of a form that hold a whole mail.
const FIELDS: [&str; 2] = ["body-mime", "email"];
/// Above what is written here nothing of our mail is an answer, whatever a mail program does with what it quotes.
pub const ABOVE: &str = "##- Write your answer above this line -##";

/// Whether whoever posts knows the secret.
pub fn prove(replies: &MailReplies, path_secret: &str) -> Result<(), ApiError> {
    if same(path_secret, replies.path_secret.expose()) { Ok(()) } else { Err(ApiError::BadSignature) }
}

/// Takes a mail that was posted.
pub async fn receive(
    app: &App,
    pass: &StorePass,
    (settings, replies): (&store::Mail, &MailReplies),
    (content_type, body): (&str, &[u8]),
) -> Result<Heeded, ApiError> {
    let malformed = || {
        let text = "holds no mail: post it as message/rfc822, as RawEmail in JSON, or as email or body-mime in a form";
        ApiError::Invalid(vec![FieldError::new("body", text)])
    };
    let raw = whole(content_type, body).ok_or_else(malformed)?;
    let mail = MessageParser::default().parse(&*raw).ok_or_else(malformed)?;
    let (address, name) = sender(&mail).ok_or_else(malformed)?;
    let Some(handoff) = handoff(&mail, replies) else { return Ok(Heeded::Unknown) };
    if !may_answer(&address, settings, replies) {
        // The same to whoever tries, and a word to whoever looks why an answer did not arrive.
        tracing::warn!(store.id = %pass.store(), handoff.id = handoff.0, "a mail from somebody who may not answer was not taken");
        return Ok(Heeded::Unknown);
    }
    // One of ours that was forwarded to where answers are read comes with the id that we gave it.
    let is_ours = mail.message_id().and_then(tag::of_message_id);
    if is_a_machines(&mail) || is_ours.is_some_and(|tag| tag::handoff(tag, replies.path_secret.expose()).is_some()) {
        return Ok(Heeded::Ignored);
    }
    let id = mail.message_id().map_or_else(|| raw.to_vec(), |id| id.as_bytes().to_vec());
    let key = format!("mail:{}", hex::encode(Sha256::digest(&id)));
    let now = app.desks.now();
    let sent = mail.date().and_then(|date| Timestamp::from_second(date.to_timestamp()).ok());
    let (words, done) = answer(&mail);
    let heard = Heard {
        from: Destination::Email,
        key: &key,
        handoff: &handoff,
        at: sent.map_or(now, |sent| sent.min(now)),
        who: name.as_deref().unwrap_or(NAMELESS),
        says: Some(&words),
        as_customer: false,
        done,
    };
    take(app, pass, heard).await
}

/// The bytes of the mail in a request.
fn whole<'b>(content_type: &str, body: &'b [u8]) -> Option<Cow<'b, [u8]>> {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let found = match essence.as_str() {
        "message/rfc822" | "text/plain" | "application/octet-stream" => Some(Cow::Borrowed(body)),
        "application/json" => {
            let told: Value = serde_json::from_slice(body).ok()?;
            Some(Cow::Owned(told["RawEmail"].as_str()?.as_bytes().to_vec()))
        }
        "application/x-www-form-urlencoded" => {
            let field = form_urlencoded::parse(body).find(|(name, _)| FIELDS.contains(&&**name));
            field.map(|(_, value)| Cow::Owned(value.into_owned().into_bytes()))
        }
        "multipart/form-data" => field_of_form(content_type, body).map(Cow::Owned),
        _ => None,
    };
    found.filter(|mail| !mail.trim_ascii().is_empty())
}

/// A form of several parts is a message of MIME without its head (RFC 7578), so the parser of mails reads it.
fn field_of_form(content_type: &str, body: &[u8]) -> Option<Vec<u8>> {
    let mut form = format!("Content-Type: {content_type}\r\n\r\n").into_bytes();
    form.extend_from_slice(body);
    let parsed = MessageParser::default().parse(&form)?;
    let is_it = |part: &&mail_parser::MessagePart<'_>| {
        let name = part.content_disposition().and_then(|disposition| disposition.attribute("name"));
        name.is_some_and(|name| FIELDS.contains(&name))
    };
    let part = parsed.parts.iter().find(is_it)?;
    // As it came: a mail has character sets of its own.
    let (from, to) = (part.raw_body_offset() as usize, part.raw_end_offset() as usize);
    form.get(from..to).map(<[u8]>::to_vec)
}

/// Address, in lower case, and name.
fn sender(mail: &Message<'_>) -> Option<(String, Option<String>)> {
    let from = mail.from()?.first()?;
    let name = from.name.as_deref().map(str::trim).filter(|name| !name.is_empty() && !name.contains('@'));
    Some((from.address.as_deref()?.trim().to_ascii_lowercase(), name.map(str::to_owned)))
}

/// The handoff that the mail answers, if we signed that it may.
fn handoff(mail: &Message<'_>, replies: &MailReplies) -> Option<HandoffId> {
    let secret = replies.path_secret.expose();
    let to = [mail.to(), mail.cc()].into_iter().flatten().flat_map(|addresses| addresses.iter());
    let addressed = to.filter_map(|to| tag::of_address(to.address.as_deref()?, replies.address.expose()));
    let refers = [mail.in_reply_to(), mail.references()];
    let referred = refers.into_iter().filter_map(|ids| ids.as_text_list()).flat_map(|ids| ids.iter().rev());
    let mut tags = addressed.chain(referred.filter_map(|id| tag::of_message_id(id)));
    tags.find_map(|tag| tag::handoff(tag, secret))
}

fn may_answer(address: &str, settings: &store::Mail, replies: &MailReplies) -> bool {
    let allowed = |agent: &str| {
        let agent = agent.to_ascii_lowercase();
        if agent.starts_with('@') { address.ends_with(&agent) } else { address == agent }
    };
    if replies.agents.is_empty() {
        let domain = settings.to.expose().rsplit_once('@').map_or("", |(_, domain)| domain);
        return allowed(&format!("@{domain}"));
    }
    replies.agents.iter().any(|agent| allowed(agent))
}

/// Notes of absence, receipts, lists and bounces (RFC 3834): nobody wrote them for this customer.
fn is_a_machines(mail: &Message<'_>) -> bool {
    let says = |name: &str| mail.header_raw(name).map(|value| value.trim().to_ascii_lowercase());
    let automatic = says("Auto-Submitted").is_some_and(|value| value.split([';', ' ']).next() != Some("no"));
    let bulk = says("Precedence").is_some_and(|value| ["bulk", "junk", "list", "auto_reply"].contains(&&*value));
    let automatic_answer = ["X-Autoreply", "X-Autorespond"].iter().any(|name| says(name).is_some());
    let report = mail.content_type().is_some_and(|kind| {
        kind.ctype().eq_ignore_ascii_case("multipart")
            && kind.subtype().is_some_and(|s| s.eq_ignore_ascii_case("report"))
    });
    automatic || bulk || automatic_answer || report
}

/// Stands before a mail's text while it is cut.
const HEAD: char = '\u{1}';

/// What the agent wrote, and whether that was the end of it.
fn answer(mail: &Message<'_>) -> (String, bool) {
    let parts: Vec<Cow<'_, str>> = (0..mail.text_body_count()).filter_map(|at| mail.body_text(at)).collect();
    let text = parts.join("\n").replace("\r\n", "\n");
    let above = text.split(ABOVE).next().unwrap_or_default();
    // A mail that begins with what it quotes answers nothing: without a word before it, the quotation would be kept.
    let words = ingest::source::own_words(&format!("{HEAD}\n{above}"));
    let words = words.trim_start_matches(HEAD).trim().to_owned();
    match words.trim_end().rsplit_once('\n') {
        Some((above, last)) if last.trim().eq_ignore_ascii_case(DONE) => (above.trim().to_owned(), true),
        None if words.trim().eq_ignore_ascii_case(DONE) => (String::new(), true),
        Some(_) | None => (words, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(mail: &str) -> (String, bool) {
        answer(&MessageParser::default().parse(mail.as_bytes()).unwrap())
    }

    #[test]
    fn a_mail_that_begins_with_what_it_quotes_answers_nothing() {
        let outlook = "From: mia@shop.example\r\n\r\nFrom: Shop <help@shop.example>\r\nSent: Tuesday\r\nTo: \
                       desk-private@shop.example\r\nSubject: Needs a person\r\n\r\n##- Write your answer above this \
                       line -##\r\nsecret note\r\n";
        assert_eq!(words(outlook), (String::new(), false));
        let below = "From: mia@shop.example\r\n\r\nOn Tue, 24 Nov 2026 at 9:00, shop <help@shop.example> wrote:\r\n\
                     > ##- Write your answer above this line -##\r\n> secret note\r\n";
        assert_eq!(words(below), (String::new(), false));
    }

    #[test]
    fn what_is_quoted_is_no_answer() {
        let plain = "From: Mia <mia@shop.example>\r\n\r\nWe do, from May.\r\n\r\nOn Tue, 24 Nov 2026 at 9:00, shop \
                     <help@shop.example> wrote:\r\n> ##- Write your answer above this line -##\r\n> secret note\r\n";
        assert_eq!(words(plain), ("We do, from May.".into(), false));
        let html = "From: mia@shop.example\r\nContent-Type: text/html; charset=utf-8\r\n\
                    Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>Caf=C3=A9s do.</p><p>#done</p><div>##- Write \
                    your answer above this line -##</div><blockquote>secret note</blockquote>\r\n";
        assert_eq!(words(html), ("Cafés do.".into(), true));
        assert_eq!(words("From: m@a.example\r\n\r\n#DONE\r\n"), (String::new(), true));
        assert_eq!(words("From: m@a.example\r\n\r\nIt is #done\r\n"), ("It is #done".into(), false));
        let latin = b"From: m@a.example\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\nCaf\xe9\r\n";
        assert_eq!(answer(&MessageParser::default().parse(&latin[..]).unwrap()).0, "Café");
    }

    #[test]
    fn a_mail_is_found_in_whatever_a_provider_posts() {
        let mail = "From: Mia <mia@shop.example>\r\nSubject: a & b\r\n\r\nWe do.\r\n--not-the-boundary\r\n";
        let json = serde_json::json!({ "From": "mia@shop.example", "RawEmail": mail }).to_string();
        let urlencoded: String = form_urlencoded::Serializer::new(String::new())
            .append_pair("sender", "x")
            .append_pair("body-mime", mail)
            .finish();
        let form = |name: &str| {
            format!(
                "--xYz\r\nContent-Disposition: form-data; name=\"to\"\r\n\r\nhelp@in.shop.example\r\n\
                 --xYz\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{mail}\r\n--xYz--\r\n"
            )
        };
        for (kind, body) in [
            ("message/rfc822", mail.to_owned()),
            ("text/plain; charset=utf-8", mail.to_owned()),
            ("application/json", json),
            ("application/x-www-form-urlencoded", urlencoded),
            ("multipart/form-data; boundary=xYz", form("email")),
            ("multipart/form-data; boundary=\"xYz\"", form("body-mime")),
        ] {
            let found = whole(kind, body.as_bytes()).unwrap_or_else(|| panic!("{kind}"));
            let text = String::from_utf8(found.into_owned()).unwrap();
            assert_eq!(text.trim_end(), mail.trim_end(), "{kind}");
        }
        for (kind, body) in [
            ("application/json", "{}"),
            ("application/json", "RawEmail"),
            ("multipart/form-data", "x"),
            ("multipart/form-data; boundary=xYz", &*form("other")),
            ("message/rfc822", " \r\n"),
            ("image/png", "x"),
            ("", "x"),
        ] {
            assert_eq!(whole(kind, body.as_bytes()), None, "{kind} {body}");
        }
    }

    #[test]
    fn what_a_machine_sends_is_nobodys_answer() {
        let sent_with = |head: &str| {
            let mail = format!("From: mia@shop.example\r\n{head}\r\n\r\nI am away.\r\n");
            is_a_machines(&MessageParser::default().parse(mail.as_bytes()).unwrap())
        };
        for head in [
            "Auto-Submitted: auto-replied",
            "auto-submitted: auto-generated (vacation)",
            "Precedence: bulk",
            "X-Autoreply: yes",
            "Content-Type: multipart/report; report-type=delivery-status; boundary=b",
        ] {
            assert!(sent_with(head), "{head}");
        }
        for head in ["Auto-Submitted: no", "X-Auto-Response-Suppress: All", "Subject: away"] {
            assert!(!sent_with(head), "{head}");
        }
    }
}
