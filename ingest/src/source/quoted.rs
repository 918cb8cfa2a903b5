//! What somebody wrote themselves in a mail: without what they reply to, and without the signature below.

use regex::Regex;
use std::sync::LazyLock;

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the patterns are constants")
}

/// From here on the text is an older message.
static QUOTE_STARTS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    vec![
        regex(
            r"(?mi)^[ \t>]*(?:on|le|am|el|il|op|den)\b[^\n]{4,200}(?:\n[^\n]{0,120})?\b(?:wrote|a écrit|schrieb|escribió|ha scritto|schreef|skrev)\b[^\n]{0,60}:?[ \t]*$",
        ),
        regex(
            r"(?mi)^[ \t]*-{2,}\s*(?:original message|message d'origine|message original|ursprüngliche nachricht|forwarded message|mensaje original)\s*-{2,}",
        ),
        regex(r"(?mi)^[ \t]*begin forwarded message:"),
        regex(r"(?m)^[ \t]*_{10,}[ \t]*$"),
        regex(
            r"(?mi)^[ \t]*\*?(?:from|de|von)\s*:\*?[^\n]+\n[ \t]*\*?(?:sent|date|envoyé|gesendet|to|à|an|subject)\s*:",
        ),
        regex(r"(?mi)^[ \t]*##-[^\n]*-##"),
    ]
});

/// From here on the text is a signature.
static SIGNATURE_STARTS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    vec![
        regex(r"(?m)^--[ \t]*$"),
        regex(
            r"(?mi)^[ \t]*(?:sent from my|sent from mail for|get outlook for|envoyé de mon|envoyé depuis|von meinem \w+ gesendet|enviado desde mi)\b[^\n]*$",
        ),
    ]
});

/// A line that closes a letter; what follows in a few short lines is the writer's name and business.
static CLOSING: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?mi)^[ \t]*(?:(?:best|kind|warm|kindest|warmest)(?: (?:regards|wishes))?|regards|sincerely|yours (?:sincerely|truly|faithfully)|cordialement|bien cordialement|bien à vous|mit freundlichen grüßen|viele grüße|beste grüße|saludos(?: cordiales)?|atentamente)[ \t]*[,.!]?[ \t]*$",
    )
});

/// A message without the older mail below it and without its signature.
pub fn own_words(message: &str) -> String {
    let message = message.replace("\r\n", "\n");
    // A mail that starts with the mark has the reply below it, not above.
    let cut = |text: &str, starts: &[Regex]| {
        let at = starts.iter().filter_map(|r| r.find(text)).map(|found| found.start());
        at.filter(|at| !text[..*at].trim().is_empty()).min().unwrap_or(text.len())
    };
    let text = &message[..cut(&message, &QUOTE_STARTS)];
    let lines: Vec<&str> = text.lines().filter(|l| !l.trim_start().starts_with('>')).collect();
    let text = lines.join("\n");
    let mut text = &text[..cut(&text, &SIGNATURE_STARTS)];
    if let Some(closing) = CLOSING.find_iter(text).last() {
        let below: Vec<&str> = text[closing.end()..].lines().filter(|l| !l.trim().is_empty()).collect();
        let signs = below.len() <= 8 && below.iter().all(|l| l.chars().count() <= 80 && !l.trim_end().ends_with('?'));
        if signs && !text[..closing.start()].trim().is_empty() {
            text = &text[..closing.start()];
        }
    }
    text.trim().to_owned()
}

/// A masked message without the last lines that hold nothing but masked data: a name, a telephone number.
pub(crate) fn without_signature(masked: &str) -> String {
    let mut lines: Vec<&str> = masked.lines().collect();
    while lines.len() > 1 {
        let last = lines[lines.len() - 1];
        let rest =
            ["[name]", "[phone]", "[email]", "[address]"].iter().fold(last.to_owned(), |l, mark| l.replace(mark, ""));
        if rest.len() == last.len() || rest.chars().any(char::is_alphanumeric) {
            break;
        }
        lines.pop();
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(message: &str, expect: &str) {
        assert_eq!(own_words(message), expect, "{message:?}");
    }

    #[test]
    fn replies_lose_what_they_reply_to() {
        for tail in [
            "On Tue, Apr 28, 2026 at 9:00 AM Owen <o@a.example> wrote:\n> old",
            "On Tue, Apr 28, 2026 at 9:00 AM Owen\n<o@a.example> wrote:\nold",
            "Le mar. 28 avr. 2026 à 09:00, Owen a écrit :\n> vieux",
            "Am 28.04.2026 um 09:00 schrieb Owen:\n> alt",
            "-----Original Message-----\nFrom: Owen",
            "________________________________\nFrom: Owen",
            "From: Owen\nSent: Tuesday\nSubject: x\n\nold",
            "> old\n> older",
        ] {
            check(&format!("New words.\r\n\r\n{tail}"), "New words.");
        }
        check("On Monday I wrote a mail.", "On Monday I wrote a mail.");
        check("On it!", "On it!");
    }

    #[test]
    fn signatures_are_cut_where_they_are_clear() {
        for tail in [
            "-- \nNora\nDuluth",
            "Sent from my iPhone",
            "Best regards,\nNora Whitfield\n(608) 555-0133",
            "Cordialement",
        ] {
            check(&format!("It squeaks.\n\n{tail}"), "It squeaks.");
        }
        check("Best regards", "Best regards");
        check("Regards,\nNora\n\nP.S. Does it come in red?", "Regards,\nNora\n\nP.S. Does it come in red?");
    }

    #[test]
    fn lines_of_masked_data_at_the_end_go() {
        for (masked, expect) in [
            ("It squeaks.\n[name]\n[phone]", "It squeaks."),
            ("Thanks, [name]", "Thanks, [name]"),
            ("a\n[name] called", "a\n[name] called"),
            ("[name]", "[name]"),
            ("a\n...", "a\n..."),
        ] {
            assert_eq!(without_signature(masked), expect);
        }
    }
}
