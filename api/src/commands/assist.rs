//! `shopclerk assist`: a case as help for the agent who answers it, and what the agent made of it.

use super::{CommandError, Exit, operator};
use crate::{
    db::{
        assist::Changed,
        desk::{Desks, HandoffRecord},
    },
    store::{StoreError, StoreSettings},
    wiring::House,
};
use clap::Args;
use engine::{
    AgentPass, ConversationId, HandoffId, StoreId, StorePass,
    package::{self, Assist, FeedbackVerdict, Trust, mask},
};
use jiff::Timestamp;
use regex::Regex;
use serde_json::json;
use std::{
    io::Read,
    path::{Path, PathBuf},
};

pub const EXAMPLES: &str = "\
Shows the latest handoff of a conversation: summary, what is open, the next step, a reply to start from with why each
sentence can be trusted, what was dropped and why, and the action that waits. Nothing is sent.

With --sent the reply that really went out is compared with the suggestion, sentence by sentence, and written down as
feedback on the answer, on each source it came from and on the rule that called a person. --feedback lists what was
changed most: pages to mend first.

Examples:
  shopclerk assist c-1a2b --store mystore
  shopclerk assist c-1a2b --store mystore --note
  shopclerk assist c-1a2b --store mystore --sent reply.txt --by Mia
  pbpaste | shopclerk assist c-1a2b --store mystore --sent - --by Mia
  shopclerk assist --feedback --store mystore --json";

/// Lines of `--feedback`.
const MOST: u32 = 50;

#[derive(Debug, Args)]
pub struct AssistArgs {
    /// Id of the conversation, or of the handoff (`ho_...`).
    #[arg(required_unless_present = "feedback")]
    pub conversation: Option<String>,
    /// Name of the store.
    #[arg(long)]
    pub store: StoreId,
    /// This message of the customer, counted from 0, instead of the latest that was handed over.
    #[arg(long)]
    pub turn: Option<u32>,
    /// Print the whole note in Markdown, as a helpdesk shows it.
    #[arg(long, conflicts_with_all = ["json", "sent"])]
    pub note: bool,
    /// Record what was really sent: a file, or - for standard input.
    #[arg(long, value_name = "FILE")]
    pub sent: Option<PathBuf>,
    /// Who sent it; it stands beside the feedback.
    #[arg(long, value_name = "NAME", default_value = "agent", requires = "sent")]
    pub by: String,
    /// What was changed most often: answers, sources, rules.
    #[arg(long, conflicts_with_all = ["conversation", "turn", "note", "sent"])]
    pub feedback: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

pub async fn run(house: &House, args: AssistArgs) -> Result<Exit, CommandError> {
    let (desks, pass) = (house.desks(), operator(&args.store));
    let agent = pass.as_agent().map_err(|denied| CommandError::Said(denied.to_string()))?;
    let Some(conversation) = &args.conversation else { return changed(&desks, agent, args.json).await };
    let record = find(&desks, agent, conversation, args.turn).await?;
    if let Some(file) = &args.sent {
        return sent(&desks, agent, &record, file, &args).await;
    }
    if args.note {
        print!("{}", package::markdown(&record.case));
        return Ok(Exit::Done);
    }
    let help = package::assist(&record.case, &order_numbers(house, &pass)?);
    if args.json {
        println!("{:#}", json!({ "handoff": record.id, "opened_at": record.opened_at, "assist": help }));
        return Ok(Exit::Done);
    }
    print!("{}", to_text(&record, &help));
    Ok(Exit::Done)
}

/// How the store's order numbers look; a store without settings has Shopify's own.
fn order_numbers(house: &House, pass: &StorePass) -> Result<Regex, CommandError> {
    match StoreSettings::of(&house.places.data, pass.store()) {
        Ok(settings) => Ok(settings.basics.order_number_pattern),
        Err(StoreError::Missing(_)) => Ok(package::any_order_number().clone()),
        Err(error) => Err(error.into()),
    }
}

async fn find(
    desks: &Desks,
    agent: AgentPass<'_>,
    said: &str,
    turn: Option<u32>,
) -> Result<HandoffRecord, CommandError> {
    let all = desks.handoffs_of(agent, &ConversationId(said.to_owned())).await?;
    let fits = |record: &HandoffRecord| turn.is_none_or(|turn| record.case.turn == turn);
    let turns: Vec<String> = all.iter().map(|record| record.case.turn.to_string()).collect();
    if let Some(record) = all.into_iter().find(fits) {
        return Ok(record);
    }
    if !turns.is_empty() {
        let turns = turns.join(", ");
        return Err(CommandError::Said(format!("that turn was not handed over; of this conversation: {turns}")));
    }
    let by_id = desks.handoff(agent, &HandoffId(said.to_owned())).await?;
    by_id.filter(fits).ok_or_else(|| {
        CommandError::Said(format!(
            "no handoff of a conversation '{said}' is on the desk of '{}'; GET /v1/stores/{}/handoffs lists what waits",
            agent.store(),
            agent.store()
        ))
    })
}

async fn sent(
    desks: &Desks,
    agent: AgentPass<'_>,
    record: &HandoffRecord,
    file: &Path,
    args: &AssistArgs,
) -> Result<Exit, CommandError> {
    let mut text = String::new();
    if file == Path::new("-") {
        let read = std::io::stdin().read_to_string(&mut text);
        read.map_err(CommandError::io("the reply cannot be read from standard input"))?;
    } else {
        let unreadable = format!("{}: the reply cannot be read", file.display());
        text = std::fs::read_to_string(file).map_err(CommandError::io(unreadable))?;
    }
    if text.trim().is_empty() {
        return Err(CommandError::Said(format!("{}: the reply is empty; nothing was recorded", file.display())));
    }
    let feedback = package::feedback(&record.case, &text);
    let turn = (&record.case.conversation, record.case.turn);
    desks.put_feedback(agent, turn, &args.by, Timestamp::now(), &feedback).await?;
    if args.json {
        println!("{:#}", json!({ "recorded": feedback }));
        return Ok(Exit::Done);
    }
    for found in &feedback {
        let verdict = match (found.kind, found.verdict) {
            (package::FeedbackKind::Rule, FeedbackVerdict::Rejected) => "was not needed",
            (package::FeedbackKind::Rule, FeedbackVerdict::Used | FeedbackVerdict::Edited) => "stands",
            (package::FeedbackKind::Answer | package::FeedbackKind::Passage, verdict) => verdict.as_str(),
        };
        println!("{:<8} {:<32} {verdict}", found.kind.as_str(), found.about);
    }
    Ok(Exit::Done)
}

async fn changed(desks: &Desks, agent: AgentPass<'_>, json: bool) -> Result<Exit, CommandError> {
    let all = desks.changed_most(agent, MOST).await?;
    if json {
        println!("{:#}", json!({ "changed": all }));
        return Ok(Exit::Done);
    }
    if all.is_empty() {
        eprintln!("nothing was recorded yet; record a reply with: shopclerk assist CONVERSATION --sent FILE");
        return Ok(Exit::Done);
    }
    println!("{:<8} {:<40} {:>5} {:>7} {:>9}", "", "", "used", "edited", "rejected");
    for Changed { kind, about, used, edited, rejected } in all {
        println!("{:<8} {about:<40} {used:>5} {edited:>7} {rejected:>9}", kind.as_str());
    }
    Ok(Exit::Done)
}

fn to_text(record: &HandoffRecord, help: &Assist) -> String {
    let mut text = String::new();
    let mut line = |label: &str, value: &str| {
        if !value.is_empty() {
            text.push_str(&format!("{label:<11}{}\n", mask(value)));
        }
    };
    line("handoff", &format!("{} of {:.0}", record.id.0, record.opened_at));
    line("summary", &help.summary);
    let asks: Vec<&str> = help.asks.iter().map(|kind| kind.as_text()).collect();
    let asks = if asks.is_empty() { String::new() } else { format!(": {}", asks.join(", ")) };
    line("intent", &format!("{}{asks}", super::show::reason(help.reason)));
    line("stage", help.stage.map_or("", |stage| stage.as_text()));
    if help.asked_before > 0 {
        line("before", &format!("asked the same in {} earlier conversations", help.asked_before));
    }
    line("evidence", &help.evidence);
    for open in &help.open_questions {
        line("open", open);
    }
    line("next", &help.next_says);
    if let Some(action) = &help.action {
        line("action", &format!("{} ({})", action.says, action.id.0));
        for warning in &action.warnings {
            line("warning", warning);
        }
    }
    for sentence in &help.suggestion.sentences {
        line("suggested", &sentence.text);
        line("", &format!("  {}", trust(&sentence.trust)));
    }
    for dropped in &help.suggestion.dropped {
        line("dropped", &format!("{} ({})", dropped.text, dropped.why));
    }
    for source in &help.sources {
        let url = source.url.as_ref().map(|url| format!(", {url}")).unwrap_or_default();
        line("source", &format!("{} [{}]{url}", source.title, source.doc));
    }
    for missing in &help.completeness.missing {
        line("ask for", &missing.to_string());
    }
    line("complete", &format!("{:.0} %", help.completeness.score * 100.0));
    text
}

fn trust(trust: &Trust) -> String {
    match trust {
        Trust::Live { docs, read_at } => {
            let docs: Vec<&str> = docs.iter().map(|doc| doc.0.as_str()).collect();
            format!("true when it was read: {} at {read_at:.0}", docs.join(", "))
        }
        Trust::Quoted { doc } => format!("stands word by word in {doc}"),
        Trust::Unverified { why } => format!("NOT VERIFIED: {why}"),
    }
}
