//! Promises: that something was done for this customer, or will be. Whoever reads pages has done nothing.
//!
//! A rule of the store is no promise: "We refund your card within 5 days of receiving the parcel" stands on a page and
//! is said as it stands. What was done is another matter; "We have refunded your order" is true of one order only.

use super::plain::readable;
use regex::Regex;
use std::sync::LazyLock;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromiseKind {
    /// Somebody says that they did it: "I've cancelled your order".
    Did,
    /// It is said to have happened, or to be happening: "your refund was issued", "a replacement is on its way".
    Happened,
    /// It is said that it will be done: "we'll refund you", "I'll make sure".
    Will,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promise {
    pub kind: PromiseKind,
    pub words: String,
}

/// What can be done to an order, as it was done.
const DONE: &str = "cancell?ed|refunded|processed|issued|changed|updated|sent|shipped|dispatched|created|initiated|\
    arranged|escalated|forwarded|applied|credited|replaced|exchanged|reshipped|resent|booked|scheduled|submitted|\
    removed|extended|waived|upgraded|approved|reversed|corrected|placed|activated|generated|emailed|e-mailed|mailed|\
    notified|reimbursed|voided|reactivated|paused|opened|added|started|set up|put through";
/// The same, to be done.
const DO: &str = "cancel|refund|process|issue|change|update|send|ship|dispatch|create|initiate|arrange|escalate|forward|\
    apply|credit|replace|exchange|reship|resend|book|schedule|submit|remove|extend|waive|upgrade|approve|reverse|\
    correct|place|activate|generate|email|e-mail|mail|notify|reimburse|void|reactivate|pause|open|add|start|set up|\
    put through|call";
const DOING: &str = "cancell?ing|refunding|processing|issuing|changing|updating|sending|shipping|dispatching|creating|\
    initiating|arranging|escalating|forwarding|applying|crediting|replacing|exchanging|reshipping|resending|booking|\
    scheduling|submitting|extending|waiving|upgrading|reversing|correcting|generating|emailing|reimbursing|opening";
/// Whom or what it is done to: one customer, one order.
const TO: &str = "(?:your|you|the order|the refund|the replacement|the change|the cancellation|a refund|a replacement|\
    a (?:new |return |prepaid )?label|a ticket|a credit|a new (?:one|parcel|order)|another one|it for you|this for you|\
    that for you|it right away|it now|it already)";
/// What a customer waits for.
const THING: &str = "orders?|refunds?|returns?|replacements?|exchanges?|subscriptions?|address|payments?|labels?|\
    parcels?|packages?|shipments?|accounts?|requests?|credits?|cancellations?|claims?|tickets?|charges?|money|items?";

static PATTERNS: LazyLock<Vec<(PromiseKind, Regex)>> = LazyLock::new(|| {
    use PromiseKind::{Did, Happened, Will};
    let re = |kind, pattern: String| (kind, Regex::new(&format!("(?i){pattern}")).expect("constant"));
    let soon = "(?:already |now |just |also |gladly |gone ahead and |personally |right away |successfully )*";
    vec![
        re(Did, format!(r"\b(?:i|we)(?:'ve|'m| have| had| just| am| are| already)*\s+{soon}(?:{DONE}|{DOING})\s+{TO}\b")),
        re(Did, r"\b(?:i|we)(?:'ve| have)\s+(?:\w+ )?(?:taken care of|sorted (?:it|this|that) out|dealt with (?:it|this|that)|cancell?ed|refunded)\b".into()),
        re(Did, r"\bconsider it done\b|\byou(?:'re| are) all set\b|\b(?:it|that)(?:'s| is) (?:all )?(?:done|sorted) (?:now|for you)\b".into()),
        re(
            Happened,
            format!(
                r"\b(?:your|this|the|a|an)\s+(?:[\w-]+\s+){{0,3}}?(?:{THING})\s+(?:has (?:now |just |already |also )*been|have (?:now |just |already |also )*been|was|were|is (?:now |already )*being|are (?:now |already )*being|is now|is already|are now|are already)\s+(?:now |just |already |successfully |also )*(?:{DONE}|on (?:its|the|their) way|taken care of)\b"
            ),
        ),
        re(
            Happened,
            format!(r"\b(?:your|a|the|this)\s+(?:[\w-]+\s+){{0,2}}?(?:{THING})\s+(?:is|are)\s+(?:now |already )?(?:on (?:its|the|their) way|under ?way|all set|in progress)\b"),
        ),
        re(Happened, r"\byou(?:'ve| have) (?:already |just |now )*been (?:refunded|credited|reimbursed|upgraded|unsubscribed|compensated)\b".into()),
        re(Will, format!(r"\b(?:i|we)(?:'ll|'m| will| am| are| can| shall)?(?: going to)?\s+{soon}(?:{DO})\s+{TO}\b")),
        re(Will, r"\b(?:i'll|we'll|i will|we will|i can|i)\s+(?:personally |also )?(?:make sure|see to it|ensure|look into|take care of|get (?:it|this|that) (?:done|sorted|fixed)|follow up|keep an eye)\b".into()),
        re(Will, r"\b(?:i|we) (?:promise|guarantee) (?:you|that|to)\b|\byou have (?:my|our) word\b|\brest assured (?:that )?(?:i|we)\b".into()),
        re(Will, format!(r"\blet me (?:just |quickly |go ahead and )*(?:{DO})\s+(?:{TO}|it|this|that)\b")),
        re(Will, r"\b(?:someone|somebody|an? (?:agent|colleague|manager|specialist|supervisor)|(?:my|our) (?:colleague|manager|supervisor|specialist)s?)\s+(?:will|is going to|are going to|has|have)\s+(?:now |already |also )*(?:be (?:in touch|contacting|calling)|contact|call|e-?mail|get back|reach out|refund|cancel|replace|been notified)\b".into()),
        // German, French and Spanish: who did it, and what happened to what.
        re(Did, r"\b(?:ich|wir)\s+haben?\b[^.!?]{0,80}\b(?:storniert|erstattet|geändert|veranlasst|verschickt|versendet|ausgelöst|weitergeleitet|aktualisiert|ersetzt|gutgeschrieben|bearbeitet)\b".into()),
        re(Will, r"\b(?:ich|wir)\s+werden?\b[^.!?]{0,80}\b(?:stornieren|erstatten|ändern|veranlassen|verschicken|versenden|weiterleiten|aktualisieren|ersetzen|gutschreiben|kümmern)\b|\bich kümmere mich\b".into()),
        re(Happened, r"\b(?:ihre?|deine?|die|das)\s+(?:\w+\s+)?(?:bestellung|rückerstattung|erstattung|rücksendung|adresse|paket|ersatz\w*|abo\w*|gutschrift)\s+(?:wurde|wird gerade|ist (?:nun |jetzt |bereits )?(?:unterwegs|storniert|erstattet|veranlasst))\b(?:[^.!?]{0,60}\b(?:storniert|erstattet|geändert|veranlasst|verschickt|versendet|ausgelöst|aktualisiert|bearbeitet))?".into()),
        re(Did, r"\b(?:j'ai|nous avons|je viens de?|nous venons de?|on a)\s+(?:bien |déjà |d')?(?:annul|rembours|modifi|envoy|trait|cré|transmis|expédi|remplac|chang)\w*".into()),
        re(Will, r"\b(?:je vais|nous allons|on va)\s+(?:vous )?(?:annuler|rembourser|modifier|envoyer|traiter|créer|transmettre|expédier|remplacer|changer|m'en occuper)\b|\bje m'en occupe\b".into()),
        re(Happened, r"\b(?:votre|ta|ton|vos|le|la)\s+(?:commande|remboursement|colis|retour|adresse|échange|abonnement)\s+(?:a (?:bien |déjà )?été\s+\w+|est (?:en (?:route|chemin|cours)|annulée?|remboursée?))".into()),
        re(Did, r"\b(?:he|hemos)\s+(?:ya )?(?:cancelado|anulado|reembolsado|cambiado|enviado|procesado|creado|modificado|tramitado|reemplazado)\b".into()),
        re(Will, r"\b(?:voy|vamos) a (?:cancelar|anular|reembolsar|cambiar|enviar|procesar|crear|modificar|tramitar|reemplazar|encargarme)\w*".into()),
        re(Happened, r"\b(?:su|tu|el|la)\s+(?:pedido|reembolso|paquete|devolución|dirección|cambio|suscripción)\s+(?:ya )?(?:ha sido\s+\w+|fue\s+\w+(?:ado|ada|ido|ida)\b|está (?:en camino|siendo\s+\w+))".into()),
    ]
});

/// What makes a rule of it: "if your order has been shipped". Directly before, in the same clause.
static ON_CONDITION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\b(?:if|once|when|whenever|after|as soon as|until|before|unless|in case|where|that|which|whether|by the time|wenn|sobald|nachdem|falls|bis|si|quand|lorsque|dès que|une fois que|cuando|hasta que|una vez que)\s+(?:\w+\s+){0,2}$",
    )
    .expect("constant")
});

/// The first promise of a text; what was done stands before what will be.
pub fn promise(text: &str) -> Option<Promise> {
    let text = readable(text);
    PATTERNS.iter().find_map(|(kind, pattern)| {
        let free = |hit: &regex::Match| !ON_CONDITION.is_match(&text[..hit.start()]);
        let hit = pattern.find_iter(&text).find(free)?;
        Some(Promise { kind: *kind, words: hit.as_str().to_owned() })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use PromiseKind::{Did, Happened, Will};

    #[test]
    fn an_action_that_nobody_performed_is_a_promise() {
        for (text, kind) in [
            ("I have refunded your order.", Did),
            ("We've gone ahead and cancelled your order.", Did),
            ("I am processing your refund now.", Did),
            ("I’ve just sent you a new label.", Did),
            ("We have taken care of it.", Did),
            ("Consider it done.", Did),
            ("Your order has been cancelled.", Happened),
            ("Your refund was issued yesterday.", Happened),
            ("Your full refund has already been processed.", Happened),
            ("A refund is on its way.", Happened),
            ("A replacement has been sent to you.", Happened),
            ("The replacement is now being shipped.", Happened),
            ("Your address is now updated.", Happened),
            ("You've been refunded in full.", Happened),
            ("We'll refund you today.", Will),
            ("We can cancel your order for you.", Will),
            ("I'll make sure it arrives on Friday.", Will),
            ("I'll take care of the exchange.", Will),
            ("I promise that it arrives tomorrow.", Will),
            ("Let me cancel that for you.", Will),
            ("A colleague will call you back.", Will),
            ("Someone will be in touch shortly.", Will),
            ("Wir haben Ihre Bestellung storniert.", Did),
            ("Ihre Bestellung wurde storniert.", Happened),
            ("Ihre Rückerstattung ist unterwegs.", Happened),
            ("Ich werde Ihre Adresse ändern.", Will),
            ("Nous avons annulé votre commande.", Did),
            ("Votre remboursement a été effectué.", Happened),
            ("Votre commande est en route.", Happened),
            ("Je vais vous rembourser.", Will),
            ("Hemos cancelado su pedido.", Did),
            ("Su pedido ha sido cancelado.", Happened),
            ("Tu reembolso está en camino.", Happened),
            ("Voy a cancelar tu pedido.", Will),
        ] {
            assert_eq!(promise(text).map(|p| p.kind), Some(kind), "{text}");
        }
    }

    #[test]
    fn a_rule_is_none() {
        for text in [
            "Refunds are issued to the original payment method within 5 business days.",
            "If your order has been shipped, it can no longer be cancelled.",
            "You get an e-mail as soon as your refund has been issued.",
            "Once your return was approved, print the label.",
            "Orders that were shipped to a parcel locker wait there for 7 days.",
            "You can cancel an order within 2 hours.",
            "We update our size charts every season.",
            "Changes to the address are possible until the parcel leaves the warehouse.",
            "We ship on weekdays.",
            "Send us a photo of the damage.",
            "The jacket was made in Portugal.",
            "Wenn Ihre Bestellung bereits verschickt wurde, ist keine Stornierung möglich.",
            "Une fois que votre commande a été expédiée, elle ne peut plus être annulée.",
            "Sie können Ihre Bestellung innerhalb von zwei Stunden stornieren.",
            "Puede devolver el pedido en 30 días.",
        ] {
            assert_eq!(promise(text), None, "{text}");
        }
    }

    #[test]
    fn a_condition_elsewhere_in_the_sentence_excuses_nothing() {
        for text in
            ["After a look at it, we have refunded your order.", "Your order has been cancelled, if that is fine."]
        {
            assert!(promise(text).is_some(), "{text}");
        }
    }
}
