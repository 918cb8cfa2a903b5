//! Which live data a sentence asks for. The discipline of [`crate::rules`]: a pattern asks for the words of a question
//! about *my* order or a named one, not for its topic; what is supposed, general or about the shop's ways is for pages.

use super::LiveKind;
use super::heard::NUMBER;
use regex::Regex;
use std::sync::LazyLock;

/// A sentence that asks of live data.
pub struct Asks {
    pub kinds: Vec<LiveKind>,
    /// A page may answer it too: how to track, how long a return is open.
    pub soft: bool,
}

/// What a sentence asks for; `None` where it is not about live data. `sentence` is [`super::heard`]'s plain form.
pub fn asks(sentence: &str) -> Option<Asks> {
    let p = &*PATTERNS;
    let named = sentence.contains(NUMBER);
    let own = p.own.is_match(sentence);
    if p.documents.is_match(sentence) {
        return None;
    }
    let supposed = !named && (p.supposed.is_match(sentence) || (!own && p.general.is_match(sentence)));
    let mut kinds: Vec<LiveKind> = Vec::new();
    for (kind, pattern) in &p.kinds {
        let of_the_shop = matches!(kind, LiveKind::Stock | LiveKind::Price);
        let vetoed = if of_the_shop { p.not_for_sale.is_match(sentence) } else { supposed };
        if !vetoed && !kinds.contains(kind) && pattern.is_match(sentence) {
            kinds.push(*kind);
        }
    }
    if p.edits.is_match(sentence) {
        kinds.retain(|k| {
            matches!(k, LiveKind::Refund | LiveKind::ReturnWindow | LiveKind::Cancellable | LiveKind::Stock)
        });
    }
    // About an order of theirs, in words that no pattern foresaw: its topic says what is asked.
    let to_be_done = p.edits.is_match(sentence) || p.other_wishes.is_match(sentence);
    if kinds.is_empty() && own && !supposed && !to_be_done {
        kinds.extend(p.topics.iter().find(|(_, words)| words.is_match(sentence)).map(|(kind, _)| *kind));
    }
    let has = |kinds: &[LiveKind], kind| kinds.contains(&kind);
    // "Where is my refund" is not "where is my order"; "can I still return it" asks for no state.
    if has(&kinds, LiveKind::Refund) || has(&kinds, LiveKind::ReturnWindow) || has(&kinds, LiveKind::Cancellable) {
        kinds.retain(|k| !matches!(k, LiveKind::Status | LiveKind::Delivery));
    }
    if has(&kinds, LiveKind::Refund) {
        kinds.retain(|k| *k != LiveKind::Total);
    }
    if has(&kinds, LiveKind::Address) {
        kinds.retain(|k| !matches!(k, LiveKind::Status | LiveKind::Items));
    }
    if has(&kinds, LiveKind::ReturnWindow) && p.after.is_match(sentence) && !named {
        kinds.retain(|k| *k != LiveKind::ReturnWindow);
    }
    if p.after.is_match(sentence) && !named {
        kinds.retain(|k| *k != LiveKind::Cancellable);
    }
    if kinds.is_empty() {
        return None;
    }
    let windows = kinds.iter().all(|k| matches!(k, LiveKind::ReturnWindow | LiveKind::Cancellable));
    let shop = kinds.iter().all(|k| matches!(k, LiveKind::Stock | LiveKind::Price));
    Some(Asks { soft: !named && (windows || shop || p.how_to.is_match(sentence)), kinds })
}

/// Whether nothing is said but which order, who, and please.
pub fn only_names(sentence: &str) -> bool {
    PATTERNS.only_names.is_match(sentence)
}

struct Patterns {
    /// Several for one kind may stand in a row.
    kinds: Vec<(LiveKind, Regex)>,
    /// What a sentence about an order of theirs is about, the first that fits.
    topics: Vec<(LiveKind, Regex)>,
    own: Regex,
    /// Something to be done, or a matter of its own.
    other_wishes: Regex,
    /// Invoices: nothing that is read here.
    documents: Regex,
    /// Something to be changed, not told.
    edits: Regex,
    /// Suppositions and questions about what is usual.
    supposed: Regex,
    /// No order of theirs in particular.
    general: Regex,
    not_for_sale: Regex,
    how_to: Regex,
    after: Regex,
    only_names: Regex,
}

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    // ASCII boundaries and classes: the same words, at a fraction of the cost.
    let re = |pattern: &str| Regex::new(&pattern.replace(r"\b", r"(?-u:\b)")).expect("constant");
    // A few words between two others.
    let few = r"(?:[a-z0-9-]+ ){0,3}?";
    let some = r"(?:[a-z0-9-]+ ){0,6}?";
    let noun = r"(?:orders?|purchases?|pre-?orders?|packages?|parcels?|packets?|shipments?|deliver(?:y|ies)|stuff|things?|items?|goods|products?|articles?|box(?:es)?|gear|gifts?|presents?)";
    let bought = r"(?:i|we) (?:have |had |just |already |recently |only |also )*(?:ordered|bought|purchased|placed|paid for|got from you)";
    let placed = format!(r"(?:the|that|this|those|what|everything|stuff|things) {some}{bought}");
    // The customer's own: named, "my order", "the boots I ordered".
    let own = format!(r"(?:{NUMBER}|(?:my|our) (?:[a-z0-9-]+ ){{0,2}}?{noun}|{placed}|mine)");
    // With what only makes sense of something that was ordered.
    let it =
        format!(r"(?:{own}|(?:the|this|that|these|those) {few}{noun}|it|they|them|everything|this|that|all of it)");
    // "My boots": anything of mine, where the verb says that it was ordered.
    let mine = format!(r"(?:{it}|(?:my|our) [a-z0-9-]+(?: [a-z0-9-]+)?|the rest(?: of it)?)");
    let been = r"(?:(?:already|yet|even|actually|finally|been|being|be|get|gets|got|getting|going to|on|out|all|still|now|even|really|ever) )*";
    let left = r"(?:ship(?:ped|s|ping)?|sent(?: out| off)?|send|dispatch(?:ed)?|left|leav(?:e|ing)|gone out|go out|going out|process(?:ed|ing)|packed|prepared|ready|confirmed|fulfilled|on (?:its|the|their) way|out for delivery|in transit|moving|moved|lost|missing|stuck|picked up|handed over|gone through|go through|come through|coming|received by the carrier)";
    let come = r"(?:arriv(?:e|es|ed|ing|al)|com(?:e|es|ing)|came|deliver(?:ed|y|ing)?|here|there|at my|reach(?:ed)?|show(?:n|ed)? up|turn(?:ed)? up|land(?:ed)?|due|get to me|get to us)";
    let address = r"(?:address|destination|postcode|zip(?: ?code)?)";
    let back = r"(?:refund(?:s|ed)?|reimburse(?:ment|d)?|rebates?|restitutions?|compensations?|money(?: back)?|cash back|credit(?:ed)?|funds?)";
    let give_back = r"(?:return(?:ed|able)?|send (?:it |them |this |these )?back|sent back|bring (?:it |them )?back|exchange[ds]?|take (?:it |them )?back)";
    let still = r"(?:still|too late|in time|until when|by when|till when|last day|latest|deadline|left to|time left)";

    let status = [
        format!(
            r"\bwhere (?:is|are|the [a-z]+ is|the [a-z]+ are|has|have|did|in the world is|on earth is|exactly is)\b {few}{it}\b"
        ),
        r"\bwhere (?:is|are|the [a-z]+ is|the [a-z]+ are) (?:my|our) (?:[a-z0-9-]+ ){0,2}[a-z0-9-]+".to_owned(),
        format!(r"\bwhere {few}{own}\b {few}(?:is|are|at|now)\b|\bwhere abouts\b.*{own}|\bwhereabouts of {few}{own}"),
        format!(
            r"\b(?:status|updates?|news|info(?:rmation)?|progress|what is (?:happening|going on|up)|what happened|heard anything) (?:update )?(?:of|on|for|about|with|to|regarding|re|from) {few}{own}"
        ),
        format!(
            r"\b(?:order|delivery|shipping|shipment|package|parcel|purchase) (?:status|updates?)\b|{own} {few}(?:status|updates?)\b|^status\b|\bstatus of (?:the )?(?:order|delivery|shipment)\b|\b(?:status|update) {NUMBER}"
        ),
        format!(
            r"\b(?:has|have|did|is|are|was|were|does|do|hasnt|why has|why have|why is) (?:not )?{mine} (?:not )?{been}(?:not )?{been}{left}\b"
        ),
        format!(r"\b(?:has|have|did|is|are|was|were) (?:not )?{mine} (?:not )?{been}{come}\b"),
        format!(
            r"\b(?:check|checking|check on|look up|look into|look at|looking for|locate|locating|find|see|view|know about|info on|information on|follow up on|inquire about|enquire about|asking about|ask about|checking on|checking in on|chase|chasing|concerning|regarding) (?:on |in on |for |up on |up |about |what is (?:happening|going on) (?:with|to) )?{few}{own}\b"
        ),
        format!(
            r"\b{mine} (?:has|have|had|is|are|was|were|did|never|still|seems|appears|got)\b {few}(?:not |never |no |stuck|lost|missing|gone|delayed|yet)(?: |$)(?:{been}(?:{come}|{left}|update|scan)|{some}(?:come|arrive|arrived|received|delivered|moved|shipped|showed|turned|transit|days|weeks|$)|$)"
        ),
        format!(r"\b{mine} never (?:{come}|{left})"),
        format!(
            r"\b(?:i|we) (?:have |still |did |do )*(?:not|never|nothing|still) (?:have |yet |even |been |actually |still )*(?:received|receive|gotten|got|get|seen|had|heard)\b {few}(?:anything|{mine})"
        ),
        format!(
            r"\b(?:waiting|wait|waited) (?:for|on)\b {few}(?:{own}|(?:my|our) [a-z0-9-]+)|\bno sign of {few}{mine}|\b(?:lost|missing) (?:order|package|parcel|shipment|delivery)\b"
        ),
        format!(r"\b(?:says?|said|shows?|showing|marked|listed|tracking)\b {few}(?:as )?delivered\b"),
        format!(
            r"\b(?:did|have) you (?:guys )?(?:already |even |actually )?(?:ship|shipped|send|sent|dispatch|dispatched|get|got|receive|received|process|processed|pack|packed)\b {few}{own}"
        ),
        format!(
            r"\b(?:lost|stolen|delivered|stuck|held|on hold|delayed|confirmed|processed|cancelled|canceled)\b.*{NUMBER}|{NUMBER}\b.*\b(?:lost|stolen|stuck|on hold|held|shipped|confirmed|processed|been cancelled|been canceled|delivered)\b"
        ),
        format!(
            r"\b(?:was|is|has|did|were|have|why was|why is|why has|why did) {own} (?:been |get |got )*(?:cancelled|canceled|on hold|held|put on hold)\b"
        ),
        format!(r"^(?:and |what about |how about |what of |hi |hello |so |ok |and what about |about )*{NUMBER}$"),
    ];
    let tracking = [
        format!(r"\b(?:track|trace|tracking|tracing|follow|following)\b {few}{own}\b|^(?:please )?(?:track|trace) (?:the |this |that )?(?:order|package|parcel|shipment|delivery)|\btrack it\b"),
        r"\b(?:what is|what are|give me|send me|get me|share|need|want|have|got|get|find|lost|provide|text me|email me|tell me|where is|where do i find|where can i find|without a|no|my|with the|received|missing) (?:[a-z0-9-]+ ){0,3}tracking(?: (?:number|no|nr|id|code|link|url|info|information|details|page|reference))?\b".to_owned(),
        r"\btracking (?:number|no|id|code|link|info|information|details) (?:please|for|of|to|on|does not|is not|not|is wrong|has not)\b".to_owned(),
        format!(r"\b(?:who|which|what) (?:is (?:the )?|are )?(?:carrier|courier|shipping company|delivery company|delivering|shipping|shipper|delivery service)\b.*{mine}|\b(?:carrier|courier)\b.*{own}|\bwho {few}(?:delivering|shipping|bringing|delivers) {mine}"),
        format!(r"\btracking\b.*{NUMBER}|{NUMBER}.*\btracking\b"),
    ];
    let delivery = [
        format!(r"\bwhen\b {some}{mine} {few}{been}(?:{come}|{left}|expected|estimated|scheduled)\b"),
        format!(
            r"\b(?:when|what day|which day|what date|what time|how soon)\b {few}(?:i|we|you)\b {few}(?:expect|get|receive|have|getting|receiving|see|look forward to|deliver|ship|send|hold)\b {few}{mine}"
        ),
        format!(
            r"\bhow (?:long|soon|much longer|many (?:more )?days|fast)\b.* (?:until|till|before|for|does it take for|will it take for|takes for)\b {few}{mine} {been}(?:to )?{been}(?:{come}|{left}|get)"
        ),
        format!(r"\bhow (?:much )?long(?:er)?\b {few}(?:{own}|it|this) {few}(?:take|taking|be)\b"),
        r"\bhow much longer\b".to_owned(),
        format!(
            r"\b(?:eta|estimated (?:delivery|arrival|time of arrival|date)|(?:arrival|delivery|shipping|dispatch) (?:date|day|time|estimate|window)|expected (?:delivery|arrival|date))\b {few}(?:of|for|on|about) {few}{own}|{own}.*\b(?:eta|delivery date|arrival date|delivery time|expected)\b|\b(?:my|our|the|an|any) (?:eta|delivery date|arrival date|(?:estimated|expected) (?:delivery|arrival)(?: date| day| time)?)\b|^(?:what is the )?eta\b"
        ),
        format!(
            r"\b(?:{mine}|delivery) (?:is|are|was|were|seems|has been|running|will be|going to be|looks)? ?{few}(?:late|delayed|overdue|behind schedule|held up)\b|\b(?:is|are|why is|why are|was|will) {mine} {few}(?:late|delayed|overdue|so slow|running late|held up|taking)\b|\b(?:why|what) is {few}taking so long\b|\btaking (?:so|too|this|that|forever)\b.*{own}|{mine} (?:is |are )?taking (?:so|too|forever|ages)"
        ),
        format!(
            r"\b{mine} (?:was|were|is|are|should|would) (?:supposed|meant|due|expected|scheduled|promised|have)\b(?: to)?(?: have)? {few}(?:{come}|arrived|be here|been here)|\bshould (?:not )?{mine} (?:not )?(?:have |be |already )*{come}"
        ),
        format!(
            r"\b(?:will|is|are|can|should|does|would|do you think) {mine} {been}(?:still )?(?:going to )?{been}(?:{come}|make it|get here|get to)\b"
        ),
        format!(
            r"\b(?:will|do|can|am) (?:i|we) {few}(?:get|receive|have|getting|receiving) {own} {few}(?:by|before|on|today|tomorrow|this|next|in time|soon)"
        ),
        format!(r"\bexpect {few}(?:{own}|it|them)(?: to)?(?: arrive| come|$| by| before| on)"),
    ];
    let items = [
        format!(
            r"\bwhat (?:exactly |all |else |items |products |stuff |things |was it |is it )*(?:did|have|had) (?:i|we) (?:just |actually |already |even |last )*(?:order|buy|purchase|get|ordered|bought|purchased)\b"
        ),
        format!(
            r"\bwhat (?:is|are|was|were|all is|items are|products are|else is)? ?{few}(?:in|inside|on|part of|included in|included with|of) {few}(?:{own}|it$|that order|this order|the order)"
        ),
        format!(
            r"\b(?:which|what|list|show|tell me|name|see|give me|all|confirm|check)(?: me)?(?: of)?(?: the| all)?(?: my| of)? (?:the )?(?:items?|products?|articles?|things|contents?|pieces|sizes?|colou?rs?|model)\b {some}(?:{own}|(?:i|we) (?:ordered|bought|purchased|order|buy|get|pick|choose|chose)|is coming|are coming|that order|the order)"
        ),
        format!(
            r"\b(?:contents?|list of (?:items|products)|items|products|item list|summary|details|overview|breakdown) (?:of|in|for|on|from) {few}{own}|{own} (?:contents?|details|summary|items|contain(?:s|ed)?|include[sd]?)\b|\bdoes {own} (?:have|contain|include)"
        ),
        format!(
            r"\b(?:which|what) (?:size|colou?r|model|variant|version|one|ones|items?|products?|kind|type)\b {few}(?:did|have|had|was|were) {few}(?:i|we|it|{own})"
        ),
        format!(
            r"\bdid (?:i|we) (?:actually |really |already |also |even )*(?:order|buy|purchase|add|include|get) (?:the|a|an|two|one|any|some|both|it|them|my)\b"
        ),
        format!(
            r"\bhow many\b {few}(?:did|have|had) (?:i|we) (?:order|buy|purchase|ordered|bought)|\bhow many (?:items|things|pieces|products|articles)\b.*{own}|\b(?:what|which(?: [a-z0-9-]+)?|everything) (?:i|we) (?:have |had )?(?:just |actually )?(?:ordered|bought|purchased)\b"
        ),
    ];
    let total = [
        format!(
            r"\bhow much (?:[a-z]+ ){{0,2}}?(?:did|have|had|do|was|were|is|am|are)\b {few}(?:i|we|you|{own}|my card|it)\b.*(?:pay|paid|spend|spent|cost|charge|charged|billed|come to|total|owe|altogether|in total|worth|$)"
        ),
        format!(
            r"\bhow much (?:was|is|did|does) (?:the )?(?:shipping|tax|discount|total|postage|delivery)? ?(?:on|for|of|in)? ?{own}"
        ),
        format!(
            r"\bwhat (?:did|have|do) (?:i|we) (?:actually |already |end up )*(?:pay|paid|paying|spend|spent|owe)\b|\bwhat (?:did|does|was) {own} (?:cost|come to|total|the total)|\bwhat (?:was|were|am|have) (?:i|we) (?:been )?(?:charged|billed)\b"
        ),
        format!(
            r"\b(?:total|sum|amount|price|cost|value|bill|subtotal|grand total|shipping (?:cost|costs|charge)|tax(?:es)?|discount) (?:i paid |paid |due |charged |price |cost |amount )?(?:of|for|on|from) {few}{own}|{own} (?:total|amount|cost|price|sum|value)\b|\b(?:my|the|our) (?:order |grand |final )?total\b"
        ),
        format!(
            r"\b(?:did|was|were|has|is) (?:my|the|a|our) {few}(?:discount|coupon|promo(?:tion)?|voucher|code)\b(?: code)? {few}(?:applied|work|go through|used|taken off|accepted|count)\b"
        ),
        format!(
            r"\b(?:did|has|have|is|was) my payment {few}(?:go through|gone through|work|arrive|received|accepted|went through|processed)|\b(?:is|was|has|did) {own} (?:been )?(?:paid|pay)\b|\b(?:anything|how much) (?:is |do i )?(?:left|still|outstanding)? ?(?:to (?:be )?pay|outstanding|owe)\b.*{own}"
        ),
    ];
    let refund = [
        format!(
            r"\b(?:where|when|status|update|news|what about|what happened|any|check|checking|track|tracking|follow|see|waiting|wait|expect|expecting|locate|progress|how is)\b {some}(?:my|the|a|our|this|that) {few}{back}\b"
        ),
        format!(
            r"\b(?:refund|reimbursement|rebate|return) (?:status|update|progress)\b|^track(?:ing)? (?:refund|return)\b|\bstatus (?:of|on|for) (?:my |a |the |this )?(?:refund|reimbursement|rebate|return|compensation|restitution)s?\b|\b(?:waiting|wait|expecting|expect)\b {few}(?:refund|reimbursement|rebate|restitution|compensation|money)s?\b"
        ),
        format!(
            r"\b(?:has|have|did|is|was|were|will|why has|why is|why was) (?:not )?(?:my|the|our|that|this) {few}{back}\b {few}(?:been |be )?(?:process|issu|approv|sent|gone|go|went|paid|made|complet|initiat|com|arriv|credit|done|start|happen|receiv|ready|through|denied|reject|yet)"
        ),
        format!(
            r"\b(?:have|has|was|were|am|did|will|are|is) (?:not )?(?:i|we|{own}|it|that|this|they|you) {few}(?:get |got |been |be |already |fully |partly |actually |ever )*(?:refunded|reimbursed|credited|my money back)\b"
        ),
        format!(
            r"\b(?:did|have) you (?:guys )?(?:already |actually |ever )?(?:refund|refunded|reimburse|reimbursed|credit|credited|issue|issued|process|processed|send|sent)\b {few}(?:me\b|{own}|my|the (?:refund|money)|a refund)"
        ),
        format!(
            r"\bhow much (?:did|was|will|have|am|do|is|of) {few}(?:i|we|you|my refund|the refund|{own}|refunded|it)\b.*(?:refund|back|reimburse|credited)|\b(?:amount|size|sum) of (?:my|the) refund|\bmy refund (?:amount|total)|\bhow much (?:is|was) (?:my|the) refund|\brefund (?:on|for|of|from) {few}{own}.*(?:$)"
        ),
        format!(
            r"\b(?:when|how soon|how long|how much longer)\b {some}(?:i|we|you)? ?{few}(?:get|see|receive|have|getting|give|until|till|before)\b {few}(?:my|the|our|me my) {few}{back}\b"
        ),
        format!(
            r"\b(?:i|we) (?:have |still |did |do )*(?:not|never|still)\b {few}(?:received|receive|gotten|got|get|seen|see|had|have)\b {few}(?:my |the |a |any )?{few}(?:refund|reimbursement|money|credit)\b|\b(?:no|without|still no|missing) refund\b"
        ),
        format!(
            r"\b(?:has|have|did|is|was|where is|when (?:will|is|was)|status of) (?:my|the|our|that) return(?: parcel| package| shipment)? {few}(?:arriv|receiv|process|approv|accept|reach|been|get|come|com|made|there|inspect|complet|go|declin|reject)|\b(?:did|have) you (?:guys )?(?:get|got|receive|received|process|processed|accept|approved?)\b {few}(?:my|the) {few}(?:return|returned)|\bwhere is (?:my|the) return\b|\b(?:my|the) return (?:has not|is not|was not|never|still)\b|\b(?:check|track|checking|update on|news on|news about|status of) {few}my return\b"
        ),
        format!(r"\bhow much (?:money )?(?:did|do|will|have) (?:i|we) (?:get|got|gotten|receive)\b.*\bback\b"),
    ];
    let window = [
        format!(
            r"\b(?:can|could|may|am|is|are|do|will|would|whether) (?:i |we |it |they |{mine} |you )*(?:be |get |able to |possible to |possible for me to |allowed to |eligible to |eligible for |have time to )*(?:still |yet )?(?:be |able to |possible to )*{give_back}\b (?:{few}{own}|(?:my|our|these|those) [a-z0-9-]+|the [a-z0-9-]+(?: [a-z0-9-]+){{0,3}} (?:from|in|of|on) {own})"
        ),
        format!(
            r"\b(?:can|could|may|am|is|are|do|whether|will)\b {some}{still}\b {few}(?:to |be |able to |possible to )*(?:{give_back}|returning)\b"
        ),
        format!(
            r"\b(?:can|could|may|is|are|whether)\b (?:{own}|(?:my|our) [a-z0-9-]+(?: [a-z0-9-]+)?|the [a-z0-9-]+(?: [a-z0-9-]+)? from {NUMBER}) (?:still )?(?:be )?(?:{give_back}|eligible for (?:a )?return|within the return|in the return)\b"
        ),
        format!(
            r"\b(?:until when|by when|till when|when|how long|how many (?:more )?days|what date|which day|how much (?:more )?time)\b {some}(?:{give_back}|returning)\b {few}(?:{own}|(?:my|our) [a-z0-9-]+|it\b|them\b|(?:the|this|these|those) [a-z0-9-]+(?: [a-z0-9-]+){{0,3}} (?:from|in|of) {own})"
        ),
        format!(
            r"\b(?:return|exchange) (?:window|deadline|period|date|by date)\b.*(?:{own}|\bmy\b)|\b(?:my|our) (?:return|exchange) (?:window|deadline|period)\b|{own}.*\b(?:return (?:window|deadline|period|by)|returnable|eligible for (?:a )?return|still be returned|last day to return)|\b(?:last day|deadline|latest|too late|time left|in time|eligible|still time) (?:i can |for me |we can )?(?:to |for |for a )?(?:return|returning|send)[a-z]* {few}(?:{own}|(?:my|our) [a-z0-9-]+|it$|them$|this$)"
        ),
        format!(
            r"\b(?:did|have) i miss(?:ed)? {few}(?:return|exchange)|\b(?:am|are) (?:i|we) (?:still )?(?:in|within|inside|past|outside) {few}return"
        ),
    ];
    let goes =
        r"(?:going|go|goes|ship(?:ping|ped)?|sent|sending|send|deliver(?:ed|ing|y)?|headed|heading|addressed|coming)";
    let address_kind = [
        format!(r"\b(?:what|which|where)\b {some}{address}\b {some}(?:{own}|it|that|(?:did|do|have) (?:i|we|you))\b"),
        format!(
            r"\b(?:what|which|where)\b {few}{address} {few}(?:is|are|was|were|did|do|have|will) {few}(?:{own}|it|you|i|we)\b"
        ),
        format!(
            r"\b(?:shipping|delivery|ship to|mailing|destination) {address}\b {few}(?:of|for|on|in|from) {few}{own}|{own} {few}(?:shipping |delivery )?{address}\b|\b{address} (?:of|on|for|in) {few}{own}"
        ),
        format!(
            r"\bwhere (?:is|are|was|were|will|do|did|does) (?:you )?{few}{mine} {few}(?:being |be |getting |supposed to )*{goes}\b(?: to| go)?|\bwhere (?:are|did|will|do) you {few}(?:ship(?:ping|ped)?|send(?:ing)?|sent|deliver(?:ing|ed)?) {few}{mine}"
        ),
        format!(
            r"\b(?:is|are|was|were|will|did) {mine} {few}{goes} to (?:the |my |our |a )?(?:right|correct|new|old|wrong|same|home|work|office|my|our|billing|house|parents|other)\b"
        ),
        format!(
            r"\b(?:did|do|have) (?:i|we|you) {few}(?:use|used|put|enter|entered|give|gave|given|have|got|get|type|typed|select|selected|send it to|choose|chose)\b {few}(?:right|correct|wrong|new|old|current|my) {few}{address}"
        ),
        format!(
            r"\b(?:is|was|whether) (?:my|the|our) {few}{address}\b {few}(?:on|for|of|in) {few}{own}|\bconfirm {few}{address}\b.*{own}|\b(?:what|which) {address} (?:did|have|do) (?:i|you|we)\b"
        ),
    ];
    let cancellable = [
        format!(
            r"\b(?:can|could|may|am|is|are|do|would|whether|will) (?:i |we |it |you |still |{own} )*(?:be |able to |possible to |possible for me to |allowed to |have time to |too late |in time |still )*(?:to )?cancel(?:l?ed|l?ing)?\b {few}(?:{own}|it$|that order|this order|$)"
        ),
        format!(
            r"\b(?:too late|still time|still possible|time left|in time|possible|until when|how long|till when|by when|what is the deadline)\b {some}cancel[a-z]* {few}(?:{own}|it\b)"
        ),
        format!(r"\b(?:can|could) {own} {few}(?:be )?cancel|{own} {few}(?:still )?(?:cancellable|cancelable)"),
    ];
    let stock = [
        r"\b(?:in stock|out of stock|sold out|back in stock|restock(?:ed|ing)?|in inventory|stock level)\b".to_owned(),
        r"\b(?:is|are|do you have|have you got|got|any)\b.*\b(?:available|availability)\b (?:in|right now|now|today|currently|at the moment|still|again|to order|to buy)\b".to_owned(),
        r"\bstill (?:available|sold|sell|sells)\b|\bhow many\b.*\b(?:left|available|in stock|do you (?:still )?have)\b|\b(?:any|many|some) (?:[a-z0-9-]+ ){0,4}left\b".to_owned(),
        r"\b(?:do you (?:still )?(?:have|got)|have you got|got any) (?:the|a|an|any|this|that|these|those|some) (?:[a-z0-9-]+ ){1,6}?(?:in|left)\b (?:a |size |stock |the colou?r |colou?r )?[a-z0-9-]+".to_owned(),
        r"\bavailability of\b".to_owned(),
    ];
    let price = [
        r"\bhow much (?:is|are|does|do|for|would|will)\b (?:it cost for )?(?:the|a|an|one|this|that|these|those|your|two)\b".to_owned(),
        r"\b(?:price|cost) (?:of|for|on) (?:the|a|an|one|this|that|these|those|your)\b|\b(?:what is|what are|tell me|know|give me) (?:the )?(?:current )?(?:price|cost) (?:of|for)\b".to_owned(),
        r"\bwhat (?:does|do|would|is|are) (?:the|a|an|this|that|these|those|your) .*\b(?:cost|price|priced|go for|sell for|run)\b|\bhow (?:expensive|pricey) (?:is|are)\b".to_owned(),
        r"\b(?:is|are) (?:the|this|that|these|those) .*\bon sale\b".to_owned(),
    ];
    let topics = [
        (LiveKind::Refund, format!(r"\b(?:refund[a-z]*|reimburse[a-z]*|money|return (?:status|arriv[a-z]*|receiv[a-z]*))\b")),
        (LiveKind::ReturnWindow, format!(r"\b(?:can|could|may|still|until|by when|deadline|eligible|days|late|possible|possibility)\b.*\b(?:{give_back}|returning)\b|\breturnable\b")),
        (LiveKind::Cancellable, r"\b(?:can|could|still|late|possible|until)\b.*\bcancel[a-z]*\b".to_owned()),
        (LiveKind::Address, format!(r"\b(?:what|which|where|right|correct|wrong)\b.*\b{address}\b|\b{address}\b.*\b(?:right|correct|wrong)\b")),
        (LiveKind::Tracking, r"\b(?:track[a-z]*|trace|carrier|courier)\b".to_owned()),
        (LiveKind::Delivery, r"\b(?:when|how (?:long|soon|many days)|eta|late|delay[a-z]*|longer|by (?:mon|tues|wednes|thurs|fri|satur|sun)day|tomorrow|expect[a-z]*|estimate[a-z]*|on time|what day|slow)\b".to_owned()),
        (LiveKind::Total, r"\b(?:paid|pay|cost|costs|charged?|total|amount|spent|spend|discount)\b".to_owned()),
        (LiveKind::Status, format!(r"\b(?:where|status|update|updates|news|{left}|arrive[ds]?|received?|got|gotten|show(?:n|ed)? up|turned up|check|locate|find|waiting|happen(?:ed|ing)|progress|tell me about|look up|missing|stolen|vanished|disappeared|delivered|movement|stage|state)\b")),
        (LiveKind::Items, r"\b(?:items?|products?|contents?|size|colou?r|what|which|articles?|pieces|contains?|included?)\b".to_owned()),
    ];
    let topics = topics.into_iter().map(|(kind, words)| (kind, re(&words))).collect();
    let all: [(LiveKind, &[String]); 11] = [
        (LiveKind::Status, &status),
        (LiveKind::Tracking, &tracking),
        (LiveKind::Delivery, &delivery),
        (LiveKind::Items, &items),
        (LiveKind::Total, &total),
        (LiveKind::Refund, &refund),
        (LiveKind::ReturnWindow, &window),
        (LiveKind::Address, &address_kind),
        (LiveKind::Cancellable, &cancellable),
        (LiveKind::Stock, &stock),
        (LiveKind::Price, &price),
    ];
    let kinds = all.iter().flat_map(|(kind, patterns)| patterns.iter().map(|p| (*kind, re(p)))).collect();
    let filler = r"(?:hi|hello|hey|my|the|is|it|its|a|an|order|orders|number|no|nr|id|e-?mail|mail|address|and|with|was|placed|ordered|under|from|for|here|sure|yes|ok|okay|please|thanks|thank|you|i|used|this|that|one|reference|ref|both|are|of|course|sorry|meant|mean|name|in|on|using|purchase|go|there|the|first|second|about|what|how|so|hm|it|i'd|sent|to|account|mine|january|february|march|april|may|june|july|august|september|october|november|december|[0-9]{1,2}|20[0-9]{2})";
    Patterns {
        kinds,
        topics,
        own: re(&format!(
            r"\b(?:{own}|{bought} (?:the|my|it|them|this|these|those)|(?:my|our) (?:refund|return|tracking|eta)|(?:waiting|wait|expecting|expect) (?:for |on )?(?:an?|the) {back})\b"
        )),
        other_wishes: re(
            r"\b(?:add|adding|remove|change|changing|swap|edit|modify|replace|replacement|exchange|gift ?wrap|invoice|receipt|bill|combine|merge|warranty|repair|broken|damaged|wrong|defective|faulty|review|place an?|placing|pay for|buy)\b|\b(?:want|like|need|wish|please|help me|try|trying|going|have) (?:to )?(?:cancel|return|send back|refund)",
        ),
        documents: re(r"\b(?:bills?|invoices?|receipts?)\b"),
        edits: re(
            r"\b(?:add|adding|remove|removing|delete|deleting|swap|swapping|edit|editing|modify|modifying|correct|correcting|change|changing|switch|switching|replace|replacing|set|setting|submit|submitting|update|updating|fix)\b (?:[a-z0-9-]+ ){0,4}?(?:an?|my|the|some|several|items?|products?|articles?|of|in|from|to|address|thisorder|orders?|purchases?|up)\b|\bcancell?(?:ing)?\b|\bafford\b",
        ),
        supposed: re(
            r"\b(?:what happens|what if|in case|suppose|supposing|hypothetically|usually|typically|normally|generally|in general|on average|polic(?:y|ies)|what does .* mean|explain|ways? to|in (?:what|which) (?:cases?|situations?|circumstances)|can i (?:ask|request)|guarantee|(?:my|our|your?) (?:[a-z]+ )?(?:feedback|reviews?|opinion|comments?|account|profile)|who pays|insured?)\b|\bif (?:i|we|you|my|the|it|its|something|someone|somebody|an?|they|there|that|this|one|no one|nobody)\b|\bdo(?:es)? (?:you|your [a-z0-9-]+) (?:[a-z0-9-]+ )?(?:ship|deliver|offer|accept|charge|send|use|provide|refund|allow|cover|take back|guarantee|let)\b|\b(?:will|would) (?:i|we) (?:get|receive|be (?:given|sent)) (?:a|an|any) (?:tracking|confirmation|email|refund|notification)\b|\b(?:before|when|once|after) (?:i|you|ordering|placing) (?:place|order|buy|purchase|pay)\b|\b(?:my|a|the) (?:next|future|first|new|upcoming) (?:order|purchase)\b",
        ),
        general: re(
            r"\b(?:an?|any|every|each|someone|somebody|some|international|online|large|small|another) (?:[a-z0-9-]+ ){0,2}?(?:orders?|purchases?|items?|packages?|parcels?|returns?|refunds?|products?)\b|\b(?:something|anything|things|items|orders|returns|refunds|exchanges|purchases|parcels|packages)\b|^do (?:i|we)\b",
        ),
        not_for_sale: re(
            r"\b(?:shipping|delivery|postage|return|returns|label|express|overnight|gift ?wrap[a-z]*|wrapping|tax(?:es)?|dut(?:y|ies)|customs|fee|fees|exchange|exchanges|repairs?|membership|insurance|restocking|import|my order|an item|items|something|anything|if|what happens|order over|minimum|discount|refund|polic(?:y|ies)|in general|usually|thisorder)\b|\b(?:my|our) [a-z]+",
        ),
        how_to: re(
            r"\bhow (?:do|can|could|would|to|should|does|will)\b|\bwhere (?:do|can|could|would|should|to)\b|\bwhat (?:do|must|should) (?:i|we) (?:need|have|do)\b|\bonce\b|\bhow long (?:does|do|will|would|it)\b.*\btakes?\b|\b(?:is|was) it possible to (?:track|see|check|follow)\b|\b(?:can|could) i (?:track|follow|see|check|view)\b",
        ),
        after: re(
            r"\b(?:after|before|without|wore|worn|washed|used|opened|open|open(?:ed)? box|as a gift|in (?:a |your )?stores?|for (?:free|store credit)|online|by mail|tags)\b",
        ),
        only_names: re(&format!(r"^(?:(?:{filler}|{NUMBER}|thisemail) ?)+$")),
    }
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles() {
        assert!(PATTERNS.kinds.len() > 40);
    }
}
