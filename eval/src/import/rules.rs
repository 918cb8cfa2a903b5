//! What should be done with a message, guessed from what a person did. Rules that can be read, each with the words it
//! rests on; a person confirms them.

use super::courtesy::is_courtesy;
use crate::pack::Action;
use regex::Regex;
use std::sync::LazyLock;

/// A label that nobody has confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    pub action: Action,
    /// Every action that is right, `action` first.
    pub accept: Vec<Action>,
    /// As in a pack: `write_request`, `transfer`, `identify`, `info`.
    pub need: &'static str,
    pub why: String,
}

struct Patterns {
    transferred: Vec<Regex>,
    done: Vec<Regex>,
    passive: Vec<Regex>,
    promised: Vec<Regex>,
    identity: Vec<Regex>,
    not_asking: Regex,
    /// The customer wants something to be done.
    wished: Regex,
    /// … or only to know about it.
    wondered: Regex,
}

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let regex = |pattern: &str| Regex::new(&format!("(?i){pattern}")).expect("the patterns are constants");
    let others = "(?:teams?|colleagues?|co-?workers?|specialists?|managers?|departments?|supervisors?|warehouse|supplier|representatives?|human|live agent)";
    let did = "(?:refunded|cancell?ed|processed|issued|updated|changed|amended|sent|resent|created|exchanged|replaced|reshipped|re-shipped|credited|applied|removed|added|placed|arranged|booked|initiated|unsubscribed|deleted|merged|upgraded|scheduled|opened|submitted|filed)";
    let does = "(?:refund|cancel|process|issue|update|change|amend|send|resend|create|exchange|replace|reship|credit|apply|remove|place|arrange|book|initiate|unsubscribe|delete|schedule|submit|file)";
    let personal = "(?:order (?:number|id|no\\b|#)|e-?mail|phone number|telephone number|zip|post ?code|postal code|full name|last name|name on the order|billing address|account number)";
    Patterns {
        transferred: vec![
            regex(&format!(
                r"\b(?:transferr?(?:ed|ing)?|escalat(?:e|ed|ing)|forward(?:ed|ing)?|pass(?:ed|ing)?|connect(?:ed|ing)?|hand(?:ed|ing)?|redirect(?:ed|ing)?|loop(?:ed|ing)?)\b[^.?!\n]{{0,40}}\b(?:to|over|on|with|in)\b[^.?!\n]{{0,40}}\b{others}\b"
            )),
            regex(r"\bweiter(?:geleitet|gegeben|leiten|geben)\b|\bleite\b[^.?!\n]{0,40}\bweiter\b"),
            regex(r"\b(?:transmets|transmis|transfère|transféré)\b[^.?!\n]{0,40}\b(?:équipe|collègues?|service)\b"),
            regex(r"\b(?:transfer|deriv|escal)\w+[^.?!\n]{0,40}\b(?:equipo|compañer\w+|departamento)\b"),
        ],
        done: vec![
            regex(&format!(
                r"\b(?:i|we)(?:['’]ve| have)?(?: just| now| already| also| gone ahead and| went ahead and)*(?: been able to)? {did}\b"
            )),
            regex(&format!(
                r"\b(?:i|we)(?:['’]ll| will| am going to|['’]m going to)(?: now| also| go ahead and)* {does}\b"
            )),
            regex(
                r"\b(?:ich|wir) (?:habe|haben)\b[^.?!\n]{0,60}\b(?:erstattet|storniert|geändert|veranlasst|ausgelöst|verschickt|erstellt|gutgeschrieben|angelegt)\b",
            ),
            regex(
                r"(?:\bj['’]ai|\bnous avons|\bon a)\b[^.?!\n]{0,20}\b(?:remboursé|annulé|modifié|envoyé|créé|changé|effectué|procédé)",
            ),
            regex(
                r"\b(?:he|hemos)\b[^.?!\n]{0,20}\b(?:reembolsado|cancelado|cambiado|enviado|procesado|actualizado|tramitado)\b",
            ),
        ],
        passive: vec![regex(
            r"\b(?:has|have) (?:now |just |already )?been (?:refunded|cancell?ed|updated|changed|issued|processed|initiated|replaced)\b",
        )],
        promised: vec![
            regex(
                r"\b(?:i|we)(?:['’]ll| will| need to|['’]m going to| am going to| have to)\b[^.?!\n]{0,20}\b(?:check with|look into|investigate|contact|reach out|get back to you|ask (?:my|our|the)|follow up)\b",
            ),
            regex(
                r"\b(?:melde mich|melden uns)\b|\b(?:je reviens|nous revenons|je reviendrai) vers vous\b|\bme pondré en contacto\b",
            ),
        ],
        identity: vec![
            regex(&format!(
                r"\b(?:provide|share|confirm|verify|send (?:me|us)|give (?:me|us)|tell (?:me|us)|let (?:me|us) (?:know|have)|reply with|what(?:['’]s| is)|which|(?:may|can|could) (?:i|we) (?:get|have)|(?:i|we)(?:['’]ll)? need)\b[^.?!\n]{{0,80}}\b{personal}"
            )),
            regex(
                r"\b(?:bitte|können|könnten|nennen|teilen|geben|benötige|brauche)\b[^.?!\n]{0,60}\b(?:bestellnummer|e-?mail-?adresse|kundennummer|postleitzahl|vollständigen namen)\b",
            ),
            regex(
                r"\b(?:pouvez|pourriez|merci de|veuillez|quel(?:le)? est)\b[^.?!\n]{0,60}\b(?:numéro de commande|adresse e-?mail|code postal)\b",
            ),
            regex(
                r"\b(?:puede|podría|por favor|cuál es|facilit\w+|indi\w+)\b[^.?!\n]{0,60}\b(?:número de pedido|correo|código postal)\b",
            ),
        ],
        wished: regex(
            r"\b(?:i['’]?d like|i would like|i want|i need|can you|could you|please|i wish|help me|(?:looking|trying|hoping) to|ich möchte|bitte|je (?:veux|voudrais|souhaite)|quiero|quisiera)\b[^.?!\n]{0,60}\b(?:cancel|exchange|return|refund|replace|modify|change|swap|send back|stornier\w*|umtausch\w*|zurückschick\w*|annuler|échanger|retourner|rembours\w*|cancelar|devolver|cambiar)\b",
        ),
        wondered: regex(r"\b(?:how|whether|if|when|policy|tell|know|explain|about|wie|ob|comment|cómo)\b"),
        not_asking: regex(
            r"\b(?:anything else|something else|further questions|any (?:other )?questions|does (?:that|this) (?:help|answer|work|make sense)|how can (?:i|we) help|(?:help|assist) you with|sonst noch|autre chose|algo más)\b",
        ),
    }
});

fn found<'t>(patterns: &[Regex], text: &'t str) -> Option<&'t str> {
    patterns.iter().find_map(|pattern| pattern.find(text)).map(|found| found.as_str())
}

/// What should be done with `asked`, to which a person answered `reply`. `transferred` says that the helpdesk shows
/// the conversation given to somebody else in between. `None` where the message asks for nothing.
pub fn suggest(asked: &str, reply: &str, transferred: bool) -> Option<Suggestion> {
    if is_courtesy(asked) {
        return None;
    }
    let suggestion = |action, others: &[Action], need, why: String| {
        let accept = std::iter::once(action).chain(others.iter().copied()).collect();
        Some(Suggestion { action, accept, need, why })
    };
    if transferred {
        return suggestion(
            Action::Handoff,
            &[],
            "transfer",
            "the helpdesk gave the conversation to somebody else".into(),
        );
    }
    if let Some(words) = found(&PATTERNS.transferred, reply) {
        return suggestion(Action::Handoff, &[], "transfer", format!("the agent passed it on: \"{words}\""));
    }
    let asks_identity = found(&PATTERNS.identity, reply);
    if let Some(words) = found(&PATTERNS.done, reply) {
        // "I'll cancel it. What is your order number?" asks first.
        if let Some(asking) = asks_identity {
            return wish(asked).or_else(|| identity(asking));
        }
        let why = format!("the agent did what an engine that only reads cannot do: \"{words}\"");
        return suggestion(Action::Handoff, &[], "write_request", why);
    }
    if let Some(words) = asks_identity {
        return wish(asked).or_else(|| identity(words));
    }
    if let Some(words) = found(&PATTERNS.promised, reply) {
        return suggestion(
            Action::Handoff,
            &[],
            "transfer",
            format!("the agent had to find out and come back: \"{words}\""),
        );
    }
    if let Some(words) = found(&PATTERNS.passive, reply) {
        let why = format!("the agent said that something was done, then or before: \"{words}\"");
        return suggestion(Action::Handoff, &[Action::Answer], "write_request", why);
    }
    let states = super::facts::candidates(reply, asked);
    match question(reply) {
        Some(question) if states.is_empty() => {
            suggestion(Action::Clarify, &[], "info", format!("the agent asked back: \"{question}\""))
        }
        Some(question) => {
            let why = format!("the agent answered, and asked back: \"{question}\"");
            suggestion(Action::Answer, &[Action::Clarify], "info", why)
        }
        None => suggestion(Action::Answer, &[], "info", "the agent answered, and did nothing else".into()),
    }
}

/// Who it is was asked, but for an act: an engine that only reads hands over in the end.
fn wish(asked: &str) -> Option<Suggestion> {
    let words = PATTERNS.wished.find_iter(asked).map(|found| found.as_str());
    let words = words.into_iter().find(|words| !PATTERNS.wondered.is_match(words))?;
    Some(Suggestion {
        action: Action::Handoff,
        accept: vec![Action::Handoff, Action::NeedsIdentity],
        need: "write_request",
        why: format!("the customer wants something done (the agent asked who it is first): \"{words}\""),
    })
}

fn identity(words: &str) -> Option<Suggestion> {
    Some(Suggestion {
        action: Action::NeedsIdentity,
        accept: vec![Action::NeedsIdentity, Action::Clarify],
        need: "identify",
        why: format!("the agent asked who it is, or for which order: \"{words}\""),
    })
}

/// The last sentence of a reply that asks the customer something.
fn question(reply: &str) -> Option<&str> {
    let mut sentences = reply.split_inclusive(['.', '!', '?', '\n']).map(str::trim).rev();
    sentences.find(|sentence| sentence.ends_with('?') && !PATTERNS.not_asking.is_match(sentence))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(reply: &str, action: Action, why: &str) {
        let found = suggest("Where is my parcel?", reply, false).unwrap();
        assert_eq!(found.action, action, "{reply}: {found:?}");
        assert!(found.why.contains(why), "{reply}: {found:?}");
        assert_eq!(found.accept[0], action);
    }

    #[test]
    fn each_rule_names_its_words() {
        check("I've passed this on to our warehouse team.", Action::Handoff, "passed this on to our warehouse");
        check("I have just cancelled it for you.", Action::Handoff, "I have just cancelled");
        check("Done! We’ve refunded the shipping.", Action::Handoff, "We’ve refunded");
        check("I'll send you a new label.", Action::Handoff, "I'll send");
        check("Could you provide your order number?", Action::NeedsIdentity, "provide your order number");
        check("I'll cancel it. What is the e-mail on the order?", Action::NeedsIdentity, "What is the e-mail");
        check("I will look into it today.", Action::Handoff, "find out");
        check("Your refund has been processed.", Action::Handoff, "then or before");
        check("Which colour do you mean?", Action::Clarify, "Which colour");
        check("It takes 5 days. Which colour do you want?", Action::Answer, "asked back");
        check("It takes 5 days. Anything else I can help with?", Action::Answer, "did nothing else");
        check("Please check your e-mail, the label is there.", Action::Answer, "did nothing else");
        check("Ich habe Ihre Bestellung storniert.", Action::Handoff, "storniert");
        check("Können Sie mir bitte die Bestellnummer nennen?", Action::NeedsIdentity, "Bestellnummer");
        check("J'ai annulé la commande.", Action::Handoff, "annulé");
        check("Hemos cancelado el pedido.", Action::Handoff, "cancelado");
    }

    #[test]
    fn a_wish_is_told_from_a_question_about_it() {
        let asks = "Could you provide your order number?";
        for (asked, action) in [
            ("Hi, I'd like to exchange a couple of items.", Action::Handoff),
            ("Could you tell me how to return a jacket?", Action::NeedsIdentity),
            ("Where is my parcel?", Action::NeedsIdentity),
            ("Ich möchte die Bestellung stornieren.", Action::Handoff),
        ] {
            let found = suggest(asked, asks, false).unwrap();
            assert_eq!(found.action, action, "{asked}");
            assert!(found.accept.contains(&Action::NeedsIdentity));
        }
    }

    #[test]
    fn what_the_helpdesk_shows_counts_and_thanks_do_not() {
        assert_eq!(suggest("Where is it?", "Hello, Ingrid here.", true).unwrap().need, "transfer");
        assert_eq!(suggest("Thanks a lot!", "You're welcome!", false), None);
    }
}
