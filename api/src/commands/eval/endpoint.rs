//! A peer behind an OpenAI-compatible chat completions endpoint: requests, deadlines, retries. How its texts are read and
//! scored is `eval::peer`'s.

use super::args::Peering;
use crate::commands::CommandError;
use ::eval::line::Tokens;
use ::eval::peer::{Chat, ChatError, Completion, Context, Peer, READER, SYSTEM_PROMPT};
use async_trait::async_trait;
use engine::prompt::{ChatMessage, ChatRole};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fs;
use std::sync::Arc;
use std::time::Duration;

/// A reply that is no reply is asked for again so often.
const TRIES: u32 = 5;
/// An endpoint that was too slow twice is too slow.
const SLOW_TRIES: u32 = 2;
/// Before the first new try; doubled each time.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// Whatever `Retry-After` says: a run that waits longer for one reply measures nothing.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Tokens of a reply, thoughts included.
const MAX_TOKENS: u32 = 1024;
/// Of what an endpoint says about its failure.
const SHOWN: usize = 200;

/// A peer as a run needs it.
pub struct Set {
    pub peer: Peer,
    /// In tables.
    pub name: String,
    /// All that decides what it says, but for secrets.
    pub system: String,
}

struct Endpoint {
    http: Client,
    url: Url,
    key: Option<Key>,
    model: String,
    seed: u64,
}

/// A secret: shown to nobody but the endpoint.
struct Key(String);

/// `None` where our own engine is asked. `context` is what our engine would look at.
pub fn open(args: &Peering, seed: u64, context: Context) -> Result<Option<Set>, CommandError> {
    let Some(said) = &args.endpoint else { return Ok(None) };
    let url = address(said)?;
    let key = args.endpoint_key_env.as_deref().map(key).transpose()?;
    let system_prompt = match &args.system_prompt {
        None => SYSTEM_PROMPT.to_owned(),
        Some(path) => {
            let unreadable = CommandError::io(format!("{} cannot be read", path.display()));
            fs::read_to_string(path).map_err(unreadable)?
        }
    };
    let http = Client::builder()
        .timeout(Duration::from_secs(args.endpoint_timeout))
        .user_agent(concat!("shopclerk/", env!("CARGO_PKG_VERSION")))
        // What customers wrote goes to the address that was named, and nowhere else.
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| CommandError::Said(format!("no client for {}: {error}", shown(&url))))?;
    let context = args.with_context.then_some(context);
    let told = context.map_or_else(|| "none".to_owned(), |context| format!("{} passages", context.passages));
    let prompt: String = Sha256::digest(&system_prompt).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let system = format!(
        "peer {} at {}, prompt {prompt}, context {told}, temperature 0, seed {seed}, at most {MAX_TOKENS} tokens, \
         reader {READER}",
        args.endpoint_model,
        shown(&url)
    );
    let endpoint = Endpoint { http, url, key, model: args.endpoint_model.clone(), seed };
    let peer = Peer { chat: Arc::new(endpoint), system_prompt, context };
    Ok(Some(Set { peer, name: args.endpoint_model.clone(), system }))
}

/// The base of an API (`http://localhost:8080/v1`), or the whole address.
fn address(said: &str) -> Result<Url, CommandError> {
    let wrong =
        |why: String| CommandError::Said(format!("--endpoint: {why}; say a URL such as http://localhost:8080/v1"));
    let mut url = Url::parse(said).map_err(|error| wrong(error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong(format!("'{}' is neither http nor https", url.scheme())));
    }
    let path = url.path().trim_end_matches('/').to_owned();
    if !path.ends_with("/chat/completions") {
        url.set_path(&format!("{path}/chat/completions"));
    }
    Ok(url)
}

/// Without what may be secret.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // Fails only for addresses that cannot have them.
    let _ = (url.set_username(""), url.set_password(None));
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

fn key(variable: &str) -> Result<Key, CommandError> {
    let value = std::env::var(variable).ok().filter(|value| !value.trim().is_empty());
    value.map(|value| Key(value.trim().to_owned())).ok_or_else(|| {
        CommandError::Said(format!("--endpoint-key-env: the variable {variable} is not set; it should hold the key"))
    })
}

/// What one try came to.
enum Try {
    Done(Completion),
    /// No other try would be better.
    Failed(String),
    Unusable(String),
    /// Perhaps later; after this long, where the endpoint says so.
    Again {
        why: String,
        wait: Option<Duration>,
    },
    TooSlow(String),
    NoConnection(String),
}

#[async_trait]
impl Chat for Endpoint {
    async fn complete(&self, system: &str, messages: &[ChatMessage]) -> Result<Completion, ChatError> {
        let body = self.body(system, messages);
        let mut slow = 0;
        for number in 1.. {
            let last = number >= TRIES;
            let wait = match self.once(&body).await {
                Try::Done(completion) => return Ok(completion),
                Try::Failed(why) => return Err(ChatError::Failed(why)),
                Try::Unusable(why) => return Err(ChatError::Unusable(why)),
                Try::Again { why, .. } if last => return Err(ChatError::Failed(format!("{why}, {TRIES} times"))),
                Try::NoConnection(why) if last => return Err(ChatError::Unusable(why)),
                Try::TooSlow(why) => {
                    slow += 1;
                    if slow >= SLOW_TRIES {
                        return Err(ChatError::Failed(format!("{why}, {SLOW_TRIES} times")));
                    }
                    None
                }
                Try::Again { wait, .. } => wait,
                Try::NoConnection(_) => None,
            };
            let wait = wait.unwrap_or(FIRST_WAIT * 2_u32.pow(number - 1)).min(LONGEST_WAIT);
            tokio::time::sleep(wait).await;
        }
        Err(ChatError::Failed("no reply".into()))
    }
}

impl Endpoint {
    fn body(&self, system: &str, messages: &[ChatMessage]) -> Value {
        let mut all = vec![json!({ "role": "system", "content": system })];
        all.extend(messages.iter().map(|message| {
            let role = match message.role {
                ChatRole::User => "user",
                ChatRole::Assistant => "assistant",
            };
            json!({ "role": role, "content": message.text })
        }));
        json!({
            "model": self.model,
            "messages": all,
            "temperature": 0,
            "seed": self.seed,
            "max_tokens": MAX_TOKENS,
            "stream": false,
        })
    }

    async fn once(&self, body: &Value) -> Try {
        let asked: RequestBuilder = self.http.post(self.url.clone()).json(body);
        let asked = match &self.key {
            Some(Key(key)) => asked.bearer_auth(key),
            None => asked,
        };
        match asked.send().await {
            Ok(response) => settled(response, &shown(&self.url)).await,
            Err(error) => self.unsent(&error),
        }
    }

    fn unsent(&self, error: &reqwest::Error) -> Try {
        let at = shown(&self.url);
        if error.is_timeout() {
            Try::TooSlow(format!("{at} did not answer in time"))
        } else if error.is_connect() {
            Try::NoConnection(format!("nobody answers at {at}"))
        } else {
            Try::Again { why: format!("{at} broke off"), wait: None }
        }
    }
}

async fn settled(response: Response, at: &str) -> Try {
    let status = response.status();
    let wait = response.headers().get(RETRY_AFTER).and_then(|value| retry_after(value.to_str().ok()?));
    let text = match response.text().await {
        Ok(text) => text,
        Err(error) if error.is_timeout() => return Try::TooSlow(format!("{at} did not answer in time")),
        Err(_) => return Try::Again { why: format!("{at} broke off"), wait },
    };
    let said = || text.chars().filter(|c| !c.is_control()).take(SHOWN).collect::<String>();
    match status {
        StatusCode::OK => match completion(&text) {
            Ok(completion) => Try::Done(completion),
            Err(why) => Try::Again { why: format!("no chat completion came ({why})"), wait },
        },
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Try::Unusable(format!(
            "{at} refuses the key ({status}): name the variable that holds it with --endpoint-key-env"
        )),
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Try::Unusable(format!(
            "{at} says {status}: the address should end in /v1, and --endpoint-model must name a model it has ({})",
            said()
        )),
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
            Try::Again { why: format!("it said {status}"), wait }
        }
        status if status.is_server_error() => Try::Again { why: format!("it said {status}"), wait },
        status => Try::Failed(format!("it said {status}: {}", said())),
    }
}

/// Seconds, or a date.
fn retry_after(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    // An HTTP date ends in GMT, which is a zone of RFC 2822.
    let at = rfc2822::parse(text.trim()).ok()?;
    Duration::try_from(at.timestamp().duration_since(Timestamp::now())).ok()
}

#[derive(Deserialize)]
struct Completed {
    choices: Vec<Choice>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
}

#[derive(Deserialize)]
struct Message {
    content: Option<String>,
}

#[derive(Deserialize)]
struct Usage {
    #[serde(default)]
    prompt_tokens: usize,
    #[serde(default)]
    completion_tokens: usize,
    prompt_tokens_details: Option<Details>,
}

#[derive(Deserialize)]
struct Details {
    cached_tokens: Option<usize>,
}

fn completion(text: &str) -> Result<Completion, String> {
    let completed: Completed = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let first = completed.choices.into_iter().next().ok_or("'choices' is empty")?;
    let text = first.message.content.ok_or("'content' is null")?;
    let usage = completed.usage;
    Ok(Completion {
        text,
        cached_tokens: usage.as_ref().and_then(|usage| usage.prompt_tokens_details.as_ref()?.cached_tokens),
        tokens: usage.map(|usage| Tokens { prompt: usage.prompt_tokens, generated: usage.completion_tokens }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_and_a_whole_address_are_one_and_secrets_are_not_shown() {
        for said in ["http://h:1/v1", "http://h:1/v1/", "http://h:1/v1/chat/completions"] {
            assert_eq!(address(said).unwrap().as_str(), "http://h:1/v1/chat/completions");
        }
        let secret = address("https://me:hidden@h/v1?key=hidden").unwrap();
        assert_eq!(shown(&secret), "https://h/v1/chat/completions");
        for (said, expected) in [("h:1/v1", "neither http nor https"), ("nothing", "relative URL")] {
            let found = address(said).unwrap_err().to_string();
            assert!(found.contains(expected) && found.contains("http://localhost:8080/v1"), "{found}");
        }
    }

    #[test]
    fn a_wait_is_told_in_seconds_or_by_a_date() {
        assert_eq!(retry_after("2"), Some(Duration::from_secs(2)));
        assert_eq!(retry_after("0.25"), Some(Duration::from_millis(250)));
        assert!(retry_after("Wed, 21 Oct 2099 07:28:00 GMT").unwrap() > Duration::from_secs(1_000_000));
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:28:00 GMT"), None);
        assert_eq!((retry_after("soon"), retry_after("-1")), (None, None));
    }

    #[test]
    fn a_completion_is_read_with_its_cost() {
        let text = r#"{"choices":[{"message":{"content":"Hi"}}],
            "usage":{"prompt_tokens":9,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":4}}}"#;
        let found = completion(text).unwrap();
        let tokens = Some(Tokens { prompt: 9, generated: 2 });
        assert_eq!(found, Completion { text: "Hi".into(), tokens, cached_tokens: Some(4) });
        assert!(completion(r#"{"choices":[]}"#).unwrap_err().contains("empty"));
        assert!(completion(r#"{"choices":[{"message":{"content":null}}]}"#).unwrap_err().contains("null"));
        assert!(completion("<html>").is_err());
    }
}
