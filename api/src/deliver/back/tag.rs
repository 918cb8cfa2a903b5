//! The tag by which a mail names the handoff that it answers: in the address that the answer goes to
//! (`help+TAG@in.mystore.example`) and in the `Message-ID` that it refers to.
//!
//! It is the handoff's number and sixteen digits of an HMAC over it, so that nobody speaks in a conversation by guessing
//! or counting. Nothing is looked up to read it, and it holds nothing of the customer.

use super::mac;
use engine::HandoffId;
use hmac::Mac;

/// Digits of the number, and of what proves it.
const NUMBER: usize = 32;
const PROOF: usize = 16;

/// `None`: a handoff whose id is not one that we give.
pub fn tag(handoff: &HandoffId, secret: &str) -> Option<String> {
    let number = handoff.0.strip_prefix("ho_")?;
    let is_number = number.len() == NUMBER && number.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    is_number.then(|| format!("{number}{}", proof(number, secret)))
}

/// The handoff that a tag names. Mail programs may change the case of an address.
pub fn handoff(tag: &str, secret: &str) -> Option<HandoffId> {
    let tag = tag.to_ascii_lowercase();
    if tag.len() != NUMBER + PROOF || !tag.is_ascii() {
        return None;
    }
    let (number, said) = tag.split_at(NUMBER);
    let said = hex::decode(said).ok()?;
    let proved = mac(secret, &[b"shopclerk mail ", number.as_bytes()]).verify_truncated_left(&said).is_ok();
    proved.then(|| HandoffId(format!("ho_{number}")))
}

/// The address with the tag behind the mailbox's name.
pub fn address(mailbox: &str, tag: &str) -> Option<String> {
    let (local, domain) = mailbox.rsplit_once('@')?;
    Some(format!("{local}+{tag}@{domain}"))
}

/// The tag of an address, if it is one of the mailbox's.
pub fn of_address<'a>(address: &'a str, mailbox: &str) -> Option<&'a str> {
    let (local, domain) = address.rsplit_once('@')?;
    let (name, ours) = mailbox.rsplit_once('@')?;
    let (said, tag) = local.split_once('+')?;
    (said.eq_ignore_ascii_case(name) && domain.eq_ignore_ascii_case(ours)).then_some(tag)
}

/// The tag of a `Message-ID` of ours: what stands before the first full stop, or before the `@`.
pub fn of_message_id(id: &str) -> Option<&str> {
    let (local, _) = id.trim_matches(['<', '>', ' ']).rsplit_once('@')?;
    local.split('.').next()
}

fn proof(number: &str, secret: &str) -> String {
    let digest = mac(secret, &[b"shopclerk mail ", number.as_bytes()]).finalize().into_bytes();
    hex::encode(&digest[..PROOF / 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_names_its_handoff_to_whoever_knows_the_secret() {
        let id = HandoffId("ho_0123456789abcdef0123456789abcdef".into());
        let tag = tag(&id, "secret").unwrap();
        assert_eq!(handoff(&tag, "secret"), Some(id.clone()));
        assert_eq!(handoff(&tag.to_uppercase(), "secret"), Some(id.clone()));
        assert_eq!(handoff(&tag, "another"), None);
        let other = tag.replacen('0', "1", 1);
        for wrong in [other.as_str(), &tag[..32], &tag[1..], "", "é"] {
            assert_eq!(handoff(wrong, "secret"), None, "{wrong}");
        }
        assert_eq!(super::tag(&HandoffId("ho_x".into()), "secret"), None);

        let address = address("help@in.shop.example", &tag).unwrap();
        assert!(address.rsplit_once('@').unwrap().0.len() <= 64, "{address}");
        assert_eq!(of_address(&address, "help@in.shop.example"), Some(tag.as_str()));
        assert_eq!(of_address(&address.to_uppercase(), "help@in.shop.example"), Some(tag.to_uppercase().as_str()));
        for (address, mailbox) in [
            (address.as_str(), "desk@in.shop.example"),
            (address.as_str(), "help@shop.example"),
            ("help@in.shop.example", "help@in.shop.example"),
            ("help", "help@in.shop.example"),
        ] {
            assert_eq!(of_address(address, mailbox), None, "{address} {mailbox}");
        }
        assert_eq!(of_message_id(&format!("<{tag}@shop.example>")), Some(tag.as_str()));
        assert_eq!(of_message_id(&format!("{tag}.7@shop.example")), Some(tag.as_str()));
    }
}
