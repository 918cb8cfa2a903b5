//! The words that ask for live data, as data: regular expressions over [`super::heard`]'s plain sentences.
//!
//! `{own}` and the like stand for [`WORDS`]. Each list is one alternative a line.

use super::LiveKind;
use super::heard::{EMAIL, NUMBER};
use regex::Regex;

/// Names and what they stand for; one may use those before it.
const WORDS: &[(&str, &str)] = &[
    // A few words between two others.
    ("few", r"(?:[a-z0-9-]+ ){0,3}?"),
    ("some", r"(?:[a-z0-9-]+ ){0,6}?"),
    (
        "noun",
        r"(?:orders?|purchases?|pre-?orders?|packages?|parcels?|packets?|shipments?|deliver(?:y|ies)|stuff|things?|items?|goods|products?|articles?|box(?:es)?|gear|gifts?|presents?)",
    ),
    (
        "bought",
        r"(?:i|we) (?:have |had |just |already |recently |only |also )*(?:ordered|bought|purchased|placed|paid for|got from you)",
    ),
    ("placed", r"(?:the|that|this|those|what|everything|stuff|things) {some}{bought}"),
    // The customer's own: named, "my order", "the boots I ordered".
    ("own", r"(?:{number}|(?:my|our) (?:[a-z0-9-]+ ){0,2}?{noun}|{placed}|mine)"),
    // With what only makes sense of something that was ordered.
    ("it", r"(?:{own}|(?:the|this|that|these|those) {few}{noun}|it|they|them|everything|this|that|all of it)"),
    // "My boots": anything of mine, where the verb says that it was ordered.
    ("mine", r"(?:{it}|(?:my|our) [a-z0-9-]+(?: [a-z0-9-]+)?|the rest(?: of it)?)"),
    (
        "been",
        r"(?:(?:already|yet|even|actually|finally|been|being|be|get|gets|got|getting|going to|on|out|all|still|now|even|really|ever) )*",
    ),
    // What happens to an order before it arrives.
    (
        "left",
        r"(?:ship(?:ped|s|ping)?|sent(?: out| off)?|send|dispatch(?:ed)?|left|leav(?:e|ing)|gone out|go out|going out|process(?:ed|ing)|packed|prepared|ready|confirmed|fulfilled|on (?:its|the|their) way|out for delivery|in transit|moving|moved|lost|missing|stuck|picked up|handed over|gone through|go through|come through|coming|received by the carrier)",
    ),
    // How it arrives.
    (
        "come",
        r"(?:arriv(?:e|es|ed|ing|al)|com(?:e|es|ing)|came|deliver(?:ed|y|ing)?|here|there|at my|reach(?:ed)?|show(?:n|ed)? up|turn(?:ed)? up|land(?:ed)?|due|get to me|get to us)",
    ),
    // Money that the customer has with the store.
    ("stored", r"(?:giftcards?|store credits?|shop credits?)"),
    (
        "card",
        r"(?:(?:my |a |an |the |our |which |what )?(?:[a-z]+ )?(?:visa|mastercard|master card|amex|american express|discover|maestro|paypal|pay pal|apple pay|google pay|shop pay|amazon pay|klarna|giftcard|store credit|(?:credit|debit|bank) card|card|cash|gift))",
    ),
    (
        "method",
        r"(?:(?:payment|paying) (?:method|type|option|mode|way|source)|(?:method|form|mode|way|type|means) of (?:payment|paying)|(?:credit |debit |bank |payment )?card(?: number| brand| type)?|payment|digits)",
    ),
    ("address", r"(?:address|destination|postcode|zip(?: ?code)?)"),
    (
        "back",
        r"(?:refund(?:s|ed)?|reimburse(?:ment|d)?|rebates?|restitutions?|compensations?|money(?: back)?|cash back|credit(?:ed)?|funds?)",
    ),
    (
        "give_back",
        r"(?:return(?:ed|able)?|send (?:[a-z0-9-]+ ){0,3}?back|go back|sent back|bring (?:it |them )?back|exchange[ds]?|take (?:it |them )?back)",
    ),
    ("still", r"(?:still|too late|in time|until when|by when|till when|last day|latest|deadline|left to|time left)"),
    (
        "goes",
        r"(?:going|go|goes|ship(?:ping|ped)?|sent|sending|send|deliver(?:ed|ing|y)?|headed|heading|addressed|coming)",
    ),
    // Around an order number or an address that is all a message says.
    (
        "filler",
        r"(?:hi|hello|hey|my|the|is|it|its|a|an|order|orders|number|no|nr|id|e-?mail|mail|address|and|with|was|placed|ordered|under|from|for|here|sure|yes|ok|okay|please|thanks|thank|you|i|used|this|that|one|reference|ref|both|are|of|course|sorry|meant|mean|name|in|on|using|purchase|go|there|the|first|second|about|what|how|so|hm|it|i'd|sent|to|account|mine|january|february|march|april|may|june|july|august|september|october|november|december|[0-9]{1,2}|20[0-9]{2})",
    ),
];

/// What asks for a kind.
pub const KINDS: &[(LiveKind, &[&str])] = &[
    (
        LiveKind::Status,
        &[
            r"\bwhere (?:is|are|the [a-z]+ is|the [a-z]+ are|has|have|did|in the world is|on earth is|exactly is)\b {few}{it}\b",
            r"\bwhere (?:is|are|the [a-z]+ is|the [a-z]+ are) (?:my|our) (?:[a-z0-9-]+ ){0,2}[a-z0-9-]+",
            r"\bwhere {few}{own}\b {few}(?:is|are|at|now)\b",
            r"\bwhere abouts\b.*{own}",
            r"\bwhereabouts of {few}{own}",
            r"\b(?:status|updates?|news|info(?:rmation)?|progress|what is (?:happening|going on|up)|what happened|heard anything) (?:update )?(?:of|on|for|about|with|to|regarding|re|from) {few}{own}",
            r"\b(?:order|delivery|shipping|shipment|package|parcel|purchase) (?:status|updates?)\b",
            r"{own} {few}(?:status|updates?)\b",
            r"^status\b",
            r"\bstatus of (?:the )?(?:order|delivery|shipment)\b",
            r"\b(?:status|update) {number}",
            r"\b(?:has|have|did|is|are|was|were|does|do|hasnt|why has|why have|why is) (?:not )?{mine} (?:not )?{been}(?:not )?{been}{left}\b",
            r"\b(?:has|have|did|is|are|was|were) (?:not )?{mine} (?:not )?{been}{come}\b",
            r"\b(?:check|checking|check on|look up|look into|look at|looking for|locate|locating|find|see|view|know about|info on|information on|follow up on|inquire about|enquire about|asking about|ask about|checking on|checking in on|chase|chasing|concerning|regarding) (?:on |in on |for |up on |up |about |what is (?:happening|going on) (?:with|to) )?{few}{own}\b",
            r"\b{mine} (?:has|have|had|is|are|was|were|did|never|still|seems|appears|got)\b {few}(?:not |never |no |stuck|lost|missing|gone|delayed|yet)(?: |$)(?:{been}(?:{come}|{left}|update|scan)|{some}(?:come|arrive|arrived|received|delivered|moved|shipped|showed|turned|transit|days|weeks|$)|$)",
            r"\b{mine} never (?:{come}|{left})",
            r"\b(?:i|we) (?:have |still |did |do )*(?:not|never|nothing|still) (?:have |yet |even |been |actually |still )*(?:received|receive|gotten|got|get|seen|had|heard)\b {few}(?:anything|{mine})",
            r"\b(?:waiting|wait|waited) (?:for|on)\b {few}(?:{own}|(?:my|our) [a-z0-9-]+)",
            r"\bno sign of {few}{mine}",
            r"\bhow (?:is|are) {own}",
            r"\bwhether {few}{mine} (?:is|are|has|have|was|were) (?:not )?{been}(?:{left}|{come})\b",
            r"\bhold ?-?up with {few}{own}",
            r"\b(?:problem|issue|wrong) with {few}{own}",
            r"^(?:my |the |and |but )*{noun} (?:has|have|is|are|did|does|still) (?:not|never|nowhere)\b",
            r"\bstill no (?:sign|package|parcel|order|delivery|mail|show)\b",
            r"\bnothing (?:has |have )?(?:arrived|come|came|been delivered|shown up|showed up)\b",
            r"\b{bought} .*(?:not|nothing) (?:heard|come|arrived|received)\b",
            r"\b(?:lost|missing) (?:order|package|parcel|shipment|delivery)\b",
            r"\b(?:says?|said|shows?|showing|marked|listed|tracking)\b {few}(?:as )?delivered\b",
            r"\b(?:did|have) you (?:guys )?(?:already |even |actually )?(?:ship|shipped|send|sent|dispatch|dispatched|get|got|receive|received|process|processed|pack|packed)\b {few}{own}",
            r"\b(?:lost|stolen|delivered|stuck|held|on hold|delayed|confirmed|processed|cancelled|canceled)\b.*{number}",
            r"{number}\b.*\b(?:lost|stolen|stuck|on hold|held|shipped|confirmed|processed|been cancelled|been canceled|delivered)\b",
            r"\b(?:was|is|has|did|were|have|why was|why is|why has|why did) {own} (?:been |get |got )*(?:cancelled|canceled|on hold|held|put on hold)\b",
            r"^(?:and |what about |how about |what of |hi |hello |so |ok |and what about |about )*{number}$",
        ],
    ),
    (
        LiveKind::Tracking,
        &[
            r"\b(?:track|trace|tracking|tracing|follow|following)\b {few}{own}\b",
            r"^(?:please )?(?:track|trace) (?:the |this |that )?(?:order|package|parcel|shipment|delivery)",
            r"\btrack it\b",
            r"\bwhether {few}{mine} (?:is|are) (?:still |already )?in transit\b",
            r"\b(?:is|are) {mine} (?:still |already )?in transit\b",
            r"\b(?:what is|what are|give me|send me|get me|share|need|want|have|got|get|find|lost|provide|text me|email me|tell me|where is|where do i find|where can i find|without a|no|my|with the|received|missing) (?:[a-z0-9-]+ ){0,3}tracking(?: (?:number|no|nr|id|code|link|url|info|information|details|page|reference))?\b",
            r"\btracking (?:number|no|id|code|link|info|information|details) (?:please|for|of|to|on|does not|is not|not|is wrong|has not)\b",
            r"\b(?:who|which|what) (?:is (?:the )?|are )?(?:carrier|courier|shipping company|delivery company|delivering|shipping|shipper|delivery service)\b.*{mine}",
            r"\b(?:carrier|courier)\b.*{own}",
            r"\bwho {few}(?:delivering|shipping|bringing|delivers) {mine}",
            r"\btracking\b.*{number}",
            r"{number}.*\btracking\b",
        ],
    ),
    (
        LiveKind::Delivery,
        &[
            r"\bwhen\b {some}{mine} {few}{been}(?:{come}|{left}|expected|estimated|scheduled)\b",
            r"\b(?:when|what day|which day|what date|what time|how soon)\b {few}(?:i|we|you)\b {few}(?:expect|get|receive|have|getting|receiving|see|look forward to|deliver|ship|send|hold)\b {few}{mine}",
            r"\bhow (?:long|soon|much longer|many (?:more )?days|fast)\b.* (?:until|till|before|for|does it take for|will it take for|takes for)\b {few}{mine} {been}(?:to )?{been}(?:{come}|{left}|get)",
            r"\bhow (?:much )?long(?:er)?\b {few}(?:{own}|it|this) {few}(?:take|taking|be)\b",
            r"\bhow much longer\b",
            r"\b(?:eta|estimated (?:delivery|arrival|time of arrival|date)|(?:arrival|delivery|shipping|dispatch) (?:date|day|time|estimate|window)|expected (?:delivery|arrival|date))\b {few}(?:of|for|on|about) {few}{own}",
            r"{own}.*\b(?:eta|delivery date|arrival date|delivery time|expected)\b",
            r"\b(?:my|our|the|an|any) (?:eta|delivery date|arrival date|(?:estimated|expected) (?:delivery|arrival)(?: date| day| time)?)\b",
            r"^(?:what is the )?eta\b",
            r"\b(?:{mine}|delivery) (?:is|are|was|were|seems|has been|running|will be|going to be|looks)? ?{few}(?:late|delayed|overdue|behind schedule|held up)\b",
            r"\b(?:is|are|why is|why are|was|will) {mine} {few}(?:late|delayed|overdue|so slow|running late|held up|taking)\b",
            r"\b(?:why|what) is {few}taking so long\b",
            r"\btaking (?:so|too|this|that|forever)\b.*{own}",
            r"{mine} (?:is |are )?taking (?:so|too|forever|ages)",
            r"\b{mine} (?:was|were|is|are|should|would) (?:supposed|meant|due|expected|scheduled|promised|have)\b(?: to)?(?: have)? {few}(?:{come}|arrived|be here|been here)",
            r"\bshould (?:not )?{mine} (?:not )?(?:have |be |already )*{come}",
            r"\b(?:will|is|are|can|should|does|would|do you think) {mine} {been}(?:still )?(?:going to )?{been}(?:{come}|make it|get here|get to)\b",
            r"\b(?:will|do|can|am) (?:i|we) {few}(?:get|receive|have|getting|receiving) (?:{own}|(?:my|our) [a-z0-9-]+) {few}(?:by|before|on|today|tomorrow|this|next|in time|soon)",
            r"\bexpect {few}(?:{own}|it|them)(?: to)?(?: arrive| come|$| by| before| on)",
        ],
    ),
    (
        LiveKind::Items,
        &[
            r"\bwhat (?:exactly |all |else |items |products |stuff |things |was it |is it )*(?:did|have|had) (?:i|we) (?:just |actually |already |even |last )*(?:order|buy|purchase|get|ordered|bought|purchased)\b",
            r"\bwhat (?:is|are|was|were|all is|items are|products are|else is)? ?{few}(?:(?:in|inside|part of|included in|included with|of) {few}|on )(?:{own}|it$|that order|this order|the order)",
            r"\b(?:which|what|list|show|tell me|name|see|give me|all|confirm|check)(?: me)?(?: of)?(?: the| all)?(?: my| of)? (?:the )?(?:items?|products?|articles?|things|contents?|pieces|sizes?|colou?rs?|model)\b {some}(?:{own}|(?:i|we) (?:ordered|bought|purchased|order|buy|get|pick|choose|chose)|is coming|are coming|that order|the order)",
            r"\b(?:contents?|list of (?:items|products)|items|products|item list|summary|details|overview|breakdown) (?:of|in|for|on|from) {few}{own}",
            r"{own} (?:contents?|details|summary|items|contain(?:s|ed)?|include[sd]?)\b",
            r"\bdoes {own} (?:have|contain|include)",
            r"\b(?:size|capacity|colou?r|material|version|model|variant|specs?|specifications?|options?)\b .*\b(?:{bought})\b",
            r"\b(?:which|what) (?:size|colou?r|model|variant|version|one|ones|items?|products?|kind|type)\b {few}(?:did|have|had|was|were) {few}(?:i|we|it|{own})",
            r"\bdid (?:i|we) (?:actually |really |already |also |even )*(?:order|buy|purchase|add|include|get) (?:the|a|an|two|one|any|some|both|it|them|my)\b",
            r"\bhow many\b {few}(?:did|have|had) (?:i|we) (?:order|buy|purchase|ordered|bought)",
            r"\bhow many (?:items|things|pieces|products|articles)\b.*{own}",
            r"\b(?:what|which(?: [a-z0-9-]+)?|everything) (?:i|we) (?:have |had )?(?:just |actually )?(?:ordered|bought|purchased)\b",
        ],
    ),
    (
        LiveKind::Total,
        &[
            r"\bhow much (?:[a-z]+ ){0,2}?(?:did|have|had|do|was|were|is|am|are)\b {few}(?:i|we|you|{own}|my card|it)\b.*(?:pay|paid|spend|spent|cost|charge|charged|billed|come to|total|owe|altogether|in total|worth|$)",
            r"\bhow much (?:was|is|did|does) (?:the )?(?:shipping|tax|discount|total|postage|delivery)? ?(?:on|for|of|in)? ?{own}",
            r"\bwhat (?:did|have|do) (?:i|we) (?:actually |already |end up )*(?:pay|paid|paying|spend|spent|owe)\b",
            r"\bwhat (?:did|does|was) {own} (?:cost|come to|total|the total)",
            r"\bwhat (?:was|were|am|have) (?:i|we) (?:been )?(?:charged|billed)\b",
            r"\b(?:total|sum|amount|price|cost|value|bill|subtotal|grand total|shipping (?:cost|costs|charge)|tax(?:es)?|discount) (?:i paid |paid |due |charged |price |cost |amount )?(?:of|for|on|from) {few}{own}",
            r"{own} (?:total|amount|cost|price|sum|value)\b",
            r"\b(?:my|the|our) (?:order |grand |final )?total\b",
            r"\b(?:did|was|were|has|is) (?:my|the|a|our) {few}(?:discount|coupon|promo(?:tion)?|voucher|code)\b(?: code)? {few}(?:applied|work|go through|used|taken off|accepted|count)\b",
            r"\bdid (?:i|we) (?:get charged|pay|have to pay)\b",
            r"\b(?:did|has|have|is|was) my payment {few}(?:go through|gone through|work|arrive|received|accepted|went through|processed)",
            r"\b(?:is|was|has|did) {own} (?:been )?(?:paid|pay)\b",
            r"\b(?:anything|how much) (?:is |do i )?(?:left|still|outstanding)? ?(?:to (?:be )?pay|outstanding|owe)\b.*{own}",
        ],
    ),
    (
        LiveKind::Refund,
        &[
            r"\b(?:where|when|status|update|news|what about|what happened|any|check|checking|track|tracking|follow|see|waiting|wait|expect|expecting|locate|progress|how is)\b {some}(?:my|the|a|our|this|that) {few}{back}\b",
            r"\b(?:refund|reimbursement|rebate|return) (?:status|update|progress)\b",
            r"^track(?:ing)? (?:refund|return)\b",
            r"\bstatus (?:of|on|for) (?:my |a |the |this )?(?:refund|reimbursement|rebate|return|compensation|restitution)s?\b",
            r"\b(?:waiting|wait|expecting|expect)\b {few}(?:refund|reimbursement|rebate|restitution|compensation|money)s?\b",
            r"\b(?:has|have|did|is|was|were|will|why has|why is|why was) (?:not )?(?:my|the|our|that|this) {few}{back}\b {few}(?:been |be )?(?:process|issu|approv|sent|gone|go|went|paid|made|complet|initiat|com|arriv|credit|done|start|happen|receiv|ready|through|denied|reject|yet)",
            r"\b(?:have|has|was|were|am|did|will|are|is) (?:not )?(?:i|we|{own}|it|that|this|they|you) {few}(?:get |got |been |be |already |fully |partly |actually |ever )*(?:refunded|reimbursed|credited|my money back)\b",
            r"\b(?:did|have) you (?:guys )?(?:already |actually |ever )?(?:refund|refunded|reimburse|reimbursed|credit|credited|issue|issued|process|processed|send|sent)\b {few}(?:me\b|{own}|my|the (?:refund|money)|a refund)",
            r"\bhow much (?:did|was|will|have|am|do|is|of) {few}(?:i|we|you|my refund|the refund|{own}|refunded|it)\b.*(?:refund|back|reimburse|credited)",
            r"\b(?:amount|size|sum) of (?:my|the) refund",
            r"\bmy refund (?:amount|total)",
            r"\bhow much (?:is|was) (?:my|the) refund",
            r"\brefund (?:on|for|of|from) {few}{own}.*(?:$)",
            r"\b(?:when|how soon|how long|how much longer)\b {some}(?:i|we|you)? ?{few}(?:get|see|receive|have|getting|give|until|till|before)\b {few}(?:my|the|our|me my) {few}{back}\b",
            r"\b(?:i|we) (?:have |still |did |do )*(?:not|never|still)\b {few}(?:received|receive|gotten|got|get|seen|see|had|have)\b {few}(?:my |the |a |any )?{few}(?:refund|reimbursement|money|credit)\b",
            r"\b(?:no|without|still no|missing) refund\b",
            r"\b(?:has|have|did|is|was|where is|when (?:will|is|was)|status of) (?:my|the|our|that) return(?: parcel| package| shipment)? {few}(?:arriv|receiv|process|approv|accept|reach|been|get|come|com|made|there|inspect|complet|go|declin|reject)",
            r"\b(?:did|have) you (?:guys )?(?:get|got|receive|received|process|processed|accept|approved?)\b {few}(?:my|the) {few}(?:return|returned)",
            r"\bwhere is (?:my|the) return\b",
            r"\b(?:my|the) return (?:has not|is not|was not|never|still)\b",
            r"\b(?:check|track|checking|update on|news on|news about|status of) {few}my return\b",
            r"\bhow much (?:money )?(?:was|is|were|am|are|has|will) (?:i |we |been |being |be |get |getting )*(?:refunded|reimbursed|credited|back)\b",
            r"\bhow much (?:money )?(?:did|do|will|have) (?:i|we) (?:get|got|gotten|receive)\b.*\bback\b",
        ],
    ),
    (
        LiveKind::ReturnWindow,
        &[
            r"\b(?:can|could|may|am|is|are|do|will|would|whether) (?:i |we |it |they |{mine} |you )*(?:be |get |able to |possible to |possible for me to |allowed to |eligible to |eligible for |have time to )*(?:still |yet )?(?:be |able to |possible to )*{give_back}\b (?:{few}{own}|(?:my|our|these|those) [a-z0-9-]+|the [a-z0-9-]+(?: [a-z0-9-]+){0,3} (?:from|in|of|on) {own})",
            r"\b(?:can|could|may|am|is|are|do|whether|will)\b {some}{still}\b {few}(?:to |be |able to |possible to )*(?:{give_back}|returning)\b",
            r"\b(?:can|could|may|is|are|whether)\b (?:{own}|(?:my|our) [a-z0-9-]+(?: [a-z0-9-]+)?|the [a-z0-9-]+(?: [a-z0-9-]+)? from {number}) (?:still )?(?:be )?(?:{give_back}|eligible for (?:a )?return|within the return|in the return)\b",
            r"\b(?:until when|by when|till when|when|how long|how many (?:more )?days|what date|which day|how much (?:more )?time)\b {some}(?:{give_back}|returning)\b {few}(?:{own}|(?:my|our) [a-z0-9-]+|it\b|them\b|(?:the|this|these|those) [a-z0-9-]+(?: [a-z0-9-]+){0,3} (?:from|in|of) {own})",
            r"\b(?:return|exchange) (?:window|deadline|period|date|by date)\b.*(?:{own}|\bmy\b)",
            r"\b(?:my|our) (?:return|exchange) (?:window|deadline|period)\b",
            r"{own}.*\b(?:return (?:window|deadline|period|by)|returnable|eligible for (?:a )?return|still be returned|last day to return)",
            r"\b(?:last day|deadline|latest|too late|time left|in time|eligible|still time) (?:i can |for me |we can )?(?:to |for |for a )?(?:return|returning|send)[a-z]* {few}(?:{own}|(?:my|our) [a-z0-9-]+|it$|them$|this$)",
            r"\b(?:can|could|may|until|late|when|days)\b.*\bsend(?:ing)? (?:{own}|(?:my|our) [a-z0-9-]+) back\b",
            r"\b(?:did|have) i miss(?:ed)? {few}(?:return|exchange)",
            r"\b(?:am|are) (?:i|we) (?:still )?(?:in|within|inside|past|outside) {few}return",
        ],
    ),
    (
        LiveKind::Address,
        &[
            r"\b(?:what|which|where)\b {some}{address}\b {some}(?:{own}|it|that|(?:did|do|have) (?:i|we|you))\b",
            r"\b(?:what|which|where)\b {few}{address} {few}(?:is|are|was|were|did|do|have|will) {few}(?:{own}|it|you|i|we)\b",
            r"\b(?:shipping|delivery|ship to|mailing|destination) {address}\b {few}(?:of|for|on|in|from) {few}{own}",
            r"{own} {few}(?:shipping |delivery )?{address}\b",
            r"\b{address} (?:of|on|for|in) {few}{own}",
            r"\bwhere (?:is|are|was|were|will|do|did|does) (?:you )?{few}{mine} {few}(?:being |be |getting |supposed to )*{goes}\b(?: to| go)?",
            r"\bwhere (?:are|did|will|do) you {few}(?:ship(?:ping|ped)?|send(?:ing)?|sent|deliver(?:ing|ed)?) {few}{mine}",
            r"\b(?:is|are|was|were|will|did) {mine} {few}{goes} to (?:the |my |our |a )?(?:right|correct|new|old|wrong|same|home|work|office|my|our|billing|house|parents|other)\b",
            r"\b(?:did|do|have) (?:i|we|you) {few}(?:use|used|put|enter|entered|give|gave|given|have|got|get|type|typed|select|selected|send it to|choose|chose)\b {few}(?:right|correct|wrong|new|old|current|my) {few}{address}",
            r"\b(?:is|was|whether) (?:my|the|our) {few}{address}\b {few}(?:on|for|of|in) {few}{own}",
            r"\bconfirm {few}{address}\b.*{own}",
            r"\b(?:what|which) {address} (?:did|have|do) (?:i|you|we)\b",
        ],
    ),
    (
        LiveKind::Cancellable,
        &[
            r"\b(?:can|could|may|am|is|are|do|would|whether|will) (?:i |we |it |you |still |{own} )*(?:be |able to |possible to |possible for me to |allowed to |have time to |too late |in time |still )*(?:to )?cancel(?:l?ed|l?ing)?\b {few}(?:{own}|it$|that order|this order|$)",
            r"\b(?:too late|still time|still possible|time left|in time|possible|until when|how long|till when|by when|what is the deadline)\b {some}cancel[a-z]* {few}(?:{own}|it\b)",
            r"\b(?:can|could) {own} {few}(?:be )?cancel",
            r"{own} {few}(?:still )?(?:cancellable|cancelable)",
        ],
    ),
    (
        LiveKind::Payment,
        &[
            r"\b(?:which|what) (?:of my |kind of |type of |sort of )?{method}s? (?:number )?(?:did|have|had|was|were|is) {few}(?:i|we|you|{own}|it|that|this|used|charged)\b",
            r"\b(?:if|whether|which|not sure|(?:can not|do not) (?:remember|recall|know)(?: (?:if|whether|which))?) {few}(?:i|we) (?:have |had |actually )*(?:used|paid|charged) {some}{card}\b",
            r"\b(?:which|what) (?:of my )?{method}s? (?:i|we) (?:have |had |actually |last )?(?:used|paid|put|charged)\b",
            r"\bhow (?:exactly )?(?:did|have|had) (?:i|we) (?:actually |already |last )*(?:pay|paid)\b(?: (?:for|with) {few}{it}\b.*| .*{own}.*)?$",
            r"\bhow (?:was|is|were|has|did) {few}(?:{own}|it|that order|the order) (?:been |get |got )?(?:paid|charged|billed)\b",
            r"\bwhat (?:did|have) (?:i|we) (?:use|used) (?:to pay|for (?:the |my )?payment)\b",
            r"\bwhat (?:did|have) (?:i|we) (?:pay|paid) (?:for )?{some}with\b",
            r"\b(?:did|have|had) (?:i|we) (?:actually |really |already |perhaps )*(?:pay|paid|use|used|put|charge)\b {some}(?:(?:with|on|to|using|by|through|via|from) )?{card}\b",
            r"\b(?:did|have) you (?:guys )?(?:charge|charged|bill|billed|debit|debited|take|taken)\b {few}{card}\b.*(?:{own}|\bor\b)",
            r"\b(?:was|were|is) (?:it|that|{own}) (?:paid |charged |billed |put |made )?(?:with |on |to |by |using |through )?{card}\b",
            r"^{card} did (?:i|we) (?:use|pay)\b",
            r"\b{method} (?:that |which )?(?:(?:i|we) |was |were |is |has been |you )?(?:have |had )?(?:used|charged|paid|chose|billed)\b(?: for| on| to| in| with| when)? ?(?:{some}{own}|$)",
            r"\b(?:payment (?:method|details|info|information|type|option|mode)|method of payment|form of payment|mode of payment) (?:of|for|on|behind|in) {few}{own}",
            r"\b(?:what|which) (?:is|was) the {method} (?:of|for|on|used|in) {few}{own}",
            r"\blast (?:four|4) (?:digits|numbers|signs)?\b.*\bcard\b.*(?:{own}|\b(?:used|charged|paid)\b)",
        ],
    ),
    (
        LiveKind::Balance,
        &[
            r"\b(?:balance|amount|value|money|funds|credit|remaining|remains?|left|remainder|rest|dollars|euros|much)\b {few}(?:on|of|in|for|from) (?:my|our|this|that|both|all|the) {few}{stored}\b(?: {few}(?:is|has|left|remaining|now|have|please|account|[a-z0-9]{4}))*$",
            r"\bhow much\b {some}(?:my|our|this|that) {few}{stored} {few}(?:has|have|holds?|left|worth|contain|contains|got|still)\b",
            r"\bhow much\b {some}(?:on|in) (?:my|our|this|that) {few}{stored}\b",
            r"\bhow much {few}{stored} (?:balance )?(?:do|did|have|is|am) (?:i|we|there|in)\b",
            r"\bhow much (?:is|was) (?:left |still |there |remaining )*(?:on|in|of) (?:my|our|the|this) {stored}\b",
            r"\bhow much (?:is|are) (?:my|our) {stored} (?:still )?(?:worth|left|balance)\b",
            r"\b(?:what is|what are|what was|tell me|know|check|checking|see|view|show me|show|give me|find out|look up|confirm|about|need|want|get|know about) {few}(?:my|our|the|remaining|current|left) {few}(?:{stored} (?:balances?|amount|value)|balances? {few}{stored})\b",
            r"^(?:my |our )?(?:remaining |current )?{stored} balances?(?: please)?$",
            r"\b(?:do|does|did|have) (?:i|we) (?:still |even |actually |also )*(?:have|got) (?:any |a |some |still any |still )?(?:(?:money|funds|credit|balance|anything) (?:left |remaining )?(?:on|in) (?:my|our|the) )?{stored}(?: left| remaining| available| in my account| on my account| on file| with you)*$",
            r"\bwhat (?:is|are) (?:my|our) (?:current |remaining |available )?balances?$",
            r"\b(?:is|are) there (?:still )?(?:any ?thing|any money|any|money|something|some money|a balance|enough)\b {few}(?:on|in) (?:my|our) {stored}\b",
        ],
    ),
    (
        LiveKind::Stock,
        &[
            r"\b(?:in stock|out of stock|sold out|back in stock|restock(?:ed|ing)?|in inventory|stock level)\b",
            r"\b(?:is|are|do you have|have you got|got|any)\b.*\b(?:available|availability)\b (?:in|right now|now|today|currently|at the moment|still|again|to order|to buy)\b",
            r"\bstill (?:available|sold|sell|sells)\b",
            r"\bhow many\b.*\b(?:left|available|in stock|do you (?:still )?have)\b",
            r"\b(?:any|many|some) (?:[a-z0-9-]+ ){0,4}left\b",
            r"\bgot any (?:[a-z0-9-]+ ){1,5}?in\b",
            r"\b(?:do you (?:still )?(?:have|got)|have you got|got any) (?:the|a|an|any|this|that|these|those|some) (?:[a-z0-9-]+ ){1,6}?(?:in|left)\b (?:a |size |stock |the colou?r |colou?r )?[a-z0-9-]+",
            r"\bavailability of\b",
        ],
    ),
    (
        LiveKind::Price,
        &[
            r"\b(?:cheapest|least expensive|lowest[- ]priced?|most affordable|most expensive|priciest)\b",
            r"\bhow much (?:is|are|for)\b (?:it cost for )?(?:the|a|an|one|this|that|these|those|your|two)\b",
            r"\bhow much (?:does|do|would|will|did) (?:the|a|an|one|this|that|these|those|your|two)\b.*\bcost\b",
            r"\b(?:price|cost) (?:of|for|on) (?:the|a|an|one|this|that|these|those|your)\b",
            r"\b(?:what is|what are|tell me|know|give me) (?:the )?(?:current )?(?:price|cost) (?:of|for)\b",
            r"\bwhat (?:does|do|would|is|are) (?:the|a|an|this|that|these|those|your) .*\b(?:cost|price|priced|go for|sell for|run)\b",
            r"\bhow (?:expensive|pricey) (?:is|are)\b",
            r"\b(?:is|are) (?:the|this|that|these|those) .*\bon sale\b",
        ],
    ),
];

/// What a sentence about an order of theirs is about where no pattern of [`KINDS`] foresaw it; the first that fits.
pub const TOPICS: &[(LiveKind, &[&str])] = &[
    (LiveKind::Refund, &[r"\b(?:refund[a-z]*|reimburse[a-z]*|money|return (?:status|arriv[a-z]*|receiv[a-z]*))\b"]),
    (
        LiveKind::ReturnWindow,
        &[
            r"\b(?:can|could|may|still|until|by when|deadline|eligible|days|late|possible|possibility)\b.*\b(?:{give_back}|returning)\b",
            r"\breturnable\b",
        ],
    ),
    (LiveKind::Cancellable, &[r"\b(?:can|could|still|late|possible|until)\b.*\bcancel[a-z]*\b"]),
    (
        LiveKind::Address,
        &[
            r"\b(?:what|which|where|right|correct|wrong)\b.*\b{address}\b",
            r"\b{address}\b.*\b(?:right|correct|wrong)\b",
        ],
    ),
    (LiveKind::Tracking, &[r"\b(?:track[a-z]*|trace|carrier|courier|ups|fedex|usps|dhl|purolator|canada post)\b"]),
    (
        LiveKind::Delivery,
        &[
            r"\b(?:when|how (?:long|soon|many days)|eta|late|delay[a-z]*|longer|by (?:mon|tues|wednes|thurs|fri|satur|sun)day|tomorrow|expect[a-z]*|estimate[a-z]*|on time|what day|slow)\b",
        ],
    ),
    (LiveKind::Total, &[r"\b(?:paid|pay|cost|costs|charged?|total|amount|spent|spend|discount)\b"]),
    (
        LiveKind::Status,
        &[
            r"\b(?:where|status|update|updates|news|{left}|arrive[ds]?|received?|got|gotten|show(?:n|ed)? up|turned up|check|locate|find|waiting|happen(?:ed|ing)|progress|tell me about|look up|missing|stolen|vanished|disappeared|delivered|movement|stage|state)\b",
        ],
    ),
    (
        LiveKind::Status,
        &[r"\b(?:help|assistance|question|questions) (?:me )?(?:with|about|on|regarding|concerning) {few}{own}"],
    ),
    (
        LiveKind::Items,
        &[r"\b(?:items?|products?|contents?|size|colou?r|what|which|articles?|pieces|contains?|included?)\b"],
    ),
];

/// A sentence about an order of theirs.
pub const OWN: &[&str] = &[
    r"\b(?:{own}|(?:i|we) (?:have |had |actually )*(?:used|paid with|paid by) my {card}|{bought} (?:the|my|it|them|this|these|those)|(?:my|our) (?:refund|return|tracking|eta)|(?:waiting|wait|expecting|expect) (?:for |on )?(?:an?|the) {back})\b",
];

/// Something to be done, or a matter of its own.
pub const OTHER_WISHES: &[&str] = &[
    r"\b(?:add|adding|remove|change|changing|swap|edit|modify|replace|replacement|exchange|gift ?wrap|invoice|receipt|bill|combine|merge|warranty|repair|broken|damaged|wrong|defective|faulty|review|place an?|placing|pay for|buy)\b",
    r"\b(?:want|like|need|wish|please|help me|try|trying|going|have) (?:to )?(?:cancel|return|send back|refund)",
];

/// Invoices: nothing that is read here.
pub const DOCUMENTS: &[&str] = &[r"\b(?:bills?|invoices?|receipts?)\b"];

/// Something to be changed, not told.
pub const EDITS: &[&str] = &[
    r"\b(?:add|adding|remove|removing|delete|deleting|swap|swapping|edit|editing|modify|modifying|correct|correcting|change|changing|switch|switching|replace|replacing|set|setting|submit|submitting|updating|fix)\b (?:[a-z0-9-]+ ){0,4}?(?:an?|my|the|some|several|items?|products?|articles?|of|in|from|to|address|{number}|orders?|purchases?|up)\b",
    r"\bupdate (?:my|our|the|some|several|order|purchase|{number})\b",
    r"\bcancell?(?:ing)?\b",
    r"\bafford\b",
];

/// A sum of money, not what it was paid with.
pub const SUMS: &[&str] = &[r"\b(?:how much|total|amount|sum|cost|costs|price|spent|spend)\b"];

/// Suppositions and questions about what is usual.
pub const SUPPOSED: &[&str] = &[
    r"\b(?:what happens|what if|in case|suppose|supposing|hypothetically|usually|typically|normally|generally|in general|on average|polic(?:y|ies)|what does .* mean|explain|ways? to|in (?:what|which) (?:cases?|situations?|circumstances)|can i (?:ask|request)|guarantee|(?:my|our|your?) (?:[a-z]+ )?(?:feedback|reviews?|opinion|comments?|account|profile)|who pays|insured?)\b",
    r"\bif (?:i|we|you|my|the|it|its|something|someone|somebody|an?|they|there|that|this|one|no one|nobody)\b",
    r"\bdo(?:es)? (?:you|your [a-z0-9-]+) (?:[a-z0-9-]+ )?(?:ship|deliver|offer|accept|charge|send|use|provide|refund|allow|cover|take back|guarantee|let)\b",
    r"\b(?:will|would) (?:i|we) (?:get|receive|be (?:given|sent)) (?:a|an|any) (?:tracking|confirmation|email|refund|notification)\b",
    r"\b(?:before|when|once|after) (?:i|you|ordering|placing) (?:place|order|buy|purchase|pay)\b",
    r"\b(?:my|a|the) (?:next|future|first|new|upcoming) (?:order|purchase)\b",
];

/// No order of theirs in particular.
pub const GENERAL: &[&str] = &[
    r"\b(?:an?|any|every|each|someone|somebody|some|international|online|large|small|another) (?:[a-z0-9-]+ ){0,2}?(?:orders?|purchases?|items?|packages?|parcels?|returns?|refunds?|products?)\b",
    r"\b(?:something|anything|things|items|orders|returns|refunds|exchanges|purchases|parcels|packages)\b",
    r"^do (?:i|we)\b",
];

/// A price or a stock that no product has.
pub const NOT_FOR_SALE: &[&str] = &[
    r"\b(?:shipping|delivery|postage|return|returns|label|express|overnight|gift ?wrap[a-z]*|wrapping|tax(?:es)?|dut(?:y|ies)|customs|fee|fees|exchange|exchanges|repairs?|membership|insurance|restocking|import|my order|an item|items|something|anything|if|what happens|order over|minimum|discount|refund|polic(?:y|ies)|in general|usually|{number})\b",
    r"\b(?:my|our) [a-z]+",
];

/// A page may say how it is done.
pub const HOW_TO: &[&str] = &[
    r"\bhow (?:do|can|could|would|to|should|does|will)\b",
    r"\bwhere (?:do|can|could|would|should|to)\b",
    r"\bwhat (?:do|must|should) (?:i|we) (?:need|have|do)\b",
    r"\bonce\b",
    r"\bhow long (?:does|do|will|would|it)\b.*\btakes?\b",
    r"\bhow long (?:until|till|before) you\b",
    r"\bhow long (?:should|must|do) (?:i|we) (?:have to |need to )?wait (?:before|until|till)\b",
    r"\b(?:is|was) it possible to (?:track|see|check|follow)\b",
    r"\b(?:can|could) i (?:track|follow|see|check|view)\b",
];

/// Conditions of returning and cancelling that pages state.
pub const AFTER: &[&str] = &[
    r"\b(?:after|before|without|wore|worn|washed|used|opened|open|open(?:ed)? box|as a gift|in (?:a |your )?stores?|for (?:free|store credit)|online|by mail|tags)\b",
];

/// A sum that no order shows.
pub const RECKONED: &[&str] = &[
    r"\b(?:refund|return|exchange|switch|swap)[a-z]*\b.*\b(?:total|amount|difference)\b|\b(?:total|amount|difference)\b.*\b(?:refund|refunded|get back|getting back|back to me|return|returning|exchange|swap)\b",
    r"\b(?:remaining|rest of|not returning|other items|left over|keeping)\b",
    r"\b(?:price|cost|total) difference\b|\bdifference (?:in|of|between) (?:price|cost)",
];

/// "If" that asks.
pub const CHECKS: &[&str] = &[
    r"\b(?P<check>(?:check|verify|confirm|see|know|tell me|tell|find out|wondering|wonder|ask|asking|remember|recall|forgot|forget|sure|unsure)) if\b",
];

/// Nothing but which order, who, and please.
pub const ONLY_NAMES: &[&str] = &[r"^(?:(?:{filler}|{number}|{email}) ?)+$"];

/// One expression for the alternatives. ASCII boundaries: the same words, at a fraction of the cost.
pub fn compiled(alternatives: &[&str]) -> Regex {
    let mut pattern = alternatives.join("|");
    for (name, words) in WORDS.iter().rev() {
        pattern = pattern.replace(&format!("{{{name}}}"), words);
    }
    let pattern = pattern.replace("{number}", NUMBER).replace("{email}", EMAIL).replace(r"\b", r"(?-u:\b)");
    Regex::new(&pattern).expect("constant")
}
