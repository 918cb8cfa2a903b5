//! One turn, on one page: what it is about, rules, live data, pages, reply. [`Engine::answer`] reads top to bottom.

mod asked;
mod hand_over;
mod own;
mod pages;
mod standing;
#[cfg(test)]
mod standing_tests;

use crate::access::StorePass;
use crate::approved::find::Look;
use crate::check::score::SupportModel;
use crate::decide::RiskModel;
use crate::evidence::Passage;
use crate::handoff::HandoffReason;
use crate::identity::Asker;
use crate::live::flow::{Live, Step};
use crate::live::question::{Named, wish};
use crate::live::{LiveKind, LiveQuestion};
use crate::package::{Watched, any_order_number};
use crate::policy::{Policy, Ruling};
use crate::ports::{Embedding, Ports, SearchMode};
use crate::reply::{Answer, Offer, Reply, Sentence};
use crate::rules::hard_rule;
use crate::select::Question;
use crate::smalltalk;
use crate::store::{Profiles, StoreProfile};
pub use crate::trace::{Timings, Trace, UnitTrace};
use crate::turn::Turn;
use crate::understand::entities::When;
use crate::understand::{Family, Intent, IntentReader, Reading, Understanding, conversation};
use crate::vectors::Vectors;
pub use pages::{BEYOND_DOUBT, Failure};
use pages::{No, which};
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Instant;

/// Said by the caller, never guessed; the shipped values stand in `api/shopclerk.toml` with their reasons.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EngineConfig {
    /// Passages that a search returns, and the reranker orders.
    pub candidates: usize,
    /// Passages that a draft may rest on.
    pub passages: usize,
    pub search: SearchMode,
    /// Below this probability that the evidence covers the question, a person is called and no model is asked.
    pub coverage: f32,
    /// From this probability on, the sources are believed against a generator that found no answer in them.
    pub certain: f32,
    /// Sentences of evidence that the generator is shown.
    pub evidence_sentences: usize,
    /// Tokens that the generator may say.
    pub max_tokens: usize,
    /// What a customer reads when a person takes over.
    pub handoff_message: String,
}

/// The reply, and how it came about.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    pub reply: Reply,
    pub trace: Trace,
}

/// Only what also prevents a handoff.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error("too many questions at once")]
    Overloaded,
    #[error(transparent)]
    Knowledge(#[from] crate::ports::KnowledgeError),
    #[error(transparent)]
    Handoffs(#[from] crate::ports::HandoffsError),
    #[error(transparent)]
    Foreign(#[from] crate::evidence::ForeignPassage),
}

#[derive(Clone)]
pub struct Engine {
    ports: Ports,
    config: EngineConfig,
    /// Vectors of units that were weighed before: the same few passages answer most questions.
    vectors: Arc<Vectors>,
    /// Vectors of the latest questions: understanding, search and selection ask for the same ones.
    queries: Arc<Cache<String, Embedding>>,
    profiles: Profiles,
    /// What a message is about; without it the word patterns decide alone.
    intents: Option<Arc<IntentReader>>,
    /// Of stores without a profile.
    policy: Arc<Policy>,
    /// Decides what may be said from the pages; without one the coverage bound does.
    risk: Option<Arc<RiskModel>>,
    /// Below this probability nothing is said from the pages, whatever mistakes cost.
    floor: f32,
    /// Weighs what a generator wrote; without one the typed check decides alone.
    support: Option<Arc<SupportModel>>,
}

/// What a search brought for a question, in the order in which the engine trusts it.
#[derive(Clone, Debug, Default)]
pub struct Retrieved {
    /// The question as it was searched for: with what a follow-up leaves out, and without typing errors.
    pub question: String,
    pub passages: Vec<Passage>,
    pub embed_ms: f64,
    pub search_ms: f64,
    pub rerank_ms: f64,
}

/// Who is told of each sentence that has passed.
pub type Release<'a> = &'a (dyn Fn(&Sentence) + Send + Sync);

impl Engine {
    pub fn new(ports: Ports, config: EngineConfig) -> Self {
        Self {
            ports,
            config,
            vectors: Arc::new(Cache::new(CACHED_UNITS)),
            queries: Arc::new(Cache::new(CACHED_QUERIES)),
            profiles: Profiles::default(),
            intents: None,
            policy: Arc::default(),
            risk: None,
            floor: 0.0,
            support: Some(Arc::new(SupportModel::shipped().clone())),
        }
    }

    /// With a head that tells what a message is about.
    pub fn with_intents(self, intents: Option<Arc<IntentReader>>) -> Self {
        Self { intents, ..self }
    }

    /// With what is known of the stores besides their pages. A store without a profile gets no live answers.
    pub fn with_profiles(self, profiles: Profiles) -> Self {
        Self { profiles, ..self }
    }

    /// With a fitted risk in the place of the coverage bound.
    pub fn with_risk(self, risk: Option<Arc<RiskModel>>) -> Self {
        Self { risk, ..self }
    }

    /// With another weighing of what a generator writes than the shipped one, or with none.
    pub fn with_support(self, support: Option<Arc<SupportModel>>) -> Self {
        Self { support, ..self }
    }

    /// The same engine before other ports: what an evaluation puts in the place of a clock, or of what is known.
    pub fn with_ports(&self, ports: Ports) -> Self {
        Self { ports, ..self.clone() }
    }

    /// The same engine before other ports, with nothing remembered of earlier turns: every vector that a turn needs is
    /// asked for again, so that a record of the turn holds all of them.
    pub fn anew(&self, ports: Ports) -> Self {
        let (vectors, queries) = (Arc::new(Cache::new(CACHED_UNITS)), Arc::new(Cache::new(CACHED_QUERIES)));
        Self { ports, vectors, queries, ..self.clone() }
    }

    pub fn config(&self) -> &EngineConfig {
        &self.config
    }

    /// What decides what may be said from the pages, in the place of the coverage bound.
    pub fn risk(&self) -> Option<&RiskModel> {
        self.risk.as_deref()
    }

    /// What tells it what a message is about.
    pub fn intents(&self) -> Option<&IntentReader> {
        self.intents.as_deref()
    }

    /// Answers a turn. `release` is called with each sentence as soon as it has passed its check and is part of the
    /// answer for good; what it has seen is a prefix of the answer that is returned.
    pub async fn answer(&self, asker: &Asker, turn: &Turn, release: Release<'_>) -> Result<Outcome, EngineError> {
        let start = Instant::now();
        let mut trace = Trace::default();
        let reply = self.reply(asker, turn, release, start, &mut trace).await?;
        self.settle(asker, turn, &reply, &mut trace).await;
        trace.timings.total_ms = ms(start);
        Ok(Outcome { reply, trace })
    }

    async fn reply(
        &self,
        asker: &Asker,
        turn: &Turn,
        release: Release<'_>,
        start: Instant,
        trace: &mut Trace,
    ) -> Result<Reply, EngineError> {
        // 1. What it is about, and the rules that need no more than that.
        let profile = self.profiles.get(asker.store_pass().store());
        let policy = self.policy(asker);
        let asked = self.understand(asker.store_pass(), profile.as_deref(), turn, trace).await;
        trace.timings.understand_ms = ms(start);
        let rule = hard_rule(&asked.text);
        if let Some((reason, words)) = &rule
            && !matches!(reason, HandoffReason::NeedsAction | HandoffReason::NeedsLiveData)
        {
            return self.hand_over(asker, turn, (*reason, words.clone()), trace).await;
        }
        let ruled = policy.rule(&asked.text, &trace.understanding);
        let (ruling, intent, because) = (ruled.ruling.clone(), ruled.intent, ruled.why.to_string());
        trace.ruled = Some(ruled);
        self.heard_before(asker, &asked, profile.as_deref(), &policy, intent, trace).await?;
        let tries = trace.understanding.repeats.saturating_add(smalltalk::asked_back(turn, &policy.voice));
        if tries >= policy.hand_over_after {
            return self.hand_over(asker, turn, (HandoffReason::Repeated, format!("{tries} tries")), trace).await;
        }
        if let Some(person) = self.straight_to_a_person(asker, &asked, rule.as_ref(), trace).await? {
            return self.hand_over_with(asker, turn, person, trace).await;
        }
        let mut act = rule.clone().filter(|(reason, _)| *reason == HandoffReason::NeedsAction);
        let mut how = false;
        match &ruling {
            // What an order can tell is read there, unless it is clear that something went wrong.
            Ruling::Person { .. } if self.asks_firmly(&asked, profile.as_deref(), &trace.understanding) => {}
            Ruling::Person { reason } => return self.hand_over(asker, turn, (*reason, because), trace).await,
            Ruling::SmallTalk { about } if rule.is_none() && !names_an_order(&asked, profile.as_deref()) => {
                // What seems to be no matter of a shop may be one of this shop's.
                if *about == Intent::OutOfScope
                    && let Some(answer) = self.ask_pages_after_all(asker, &asked, release, start, trace).await?
                {
                    return Ok(Reply::Answer(answer));
                }
                return Ok(Reply::Clarify(smalltalk::reply(*about, &policy.voice)));
            }
            Ruling::Act { how: asks } => {
                how = *asks;
                act = act.or(Some((HandoffReason::NeedsAction, because)));
            }
            Ruling::SmallTalk { .. } | Ruling::Look | Ruling::Live { .. } => {}
        }
        // 2. Live data: what the customer's own order or the catalogue says, in sentences made by code. What can be read
        // on a page how to do it, is read there first.
        let offers = || policy.voice.offer.clone();
        if how {
            // "I want to return it. How do I go about that?"
            let named = intent.and_then(Intent::how_to).filter(|_| conversation::asks_how_only(&asked.text));
            let how = named.map_or_else(|| asked.clone(), |text| Turn { text: text.to_owned(), ..asked.clone() });
            let said = match self.signed_off(asker, turn, release, start, trace).await? {
                Some(answer) => Ok(answer),
                None => self.ask_pages(asker, &how, release, start, trace).await?,
            };
            if let Ok(answer) = said {
                return Ok(Reply::Offer(Offer { answer, offer: offers() }));
            }
        }
        let mut otherwise = None;
        match self.live(asker, &asked, act.as_ref(), &ruling, intent, trace).await? {
            Step::Pages => {
                if let Some(rule) = act.or(rule) {
                    return self.hand_over(asker, turn, rule, trace).await;
                }
            }
            Step::PagesFirst(asks) => otherwise = Some(asks),
            Step::Said { mut composed, rest } => {
                composed.sentences().iter().for_each(release);
                trace.timings.first_sentence_ms = Some(ms(start));
                let said = composed.sentences().len();
                // What else was asked, where the pages answer it; nothing of that is released before.
                if !rest.is_empty() && hard_rule(&rest).is_none() {
                    let rest = Turn { text: rest, history: Vec::new(), ..turn.clone() };
                    if let Ok(answer) = self.ask_pages(asker, &rest, &|_| (), start, trace).await?
                        && !trace.rests_on_conversations(&answer)
                    {
                        composed.append(&answer);
                        composed.sentences()[said..].iter().for_each(release);
                    }
                }
                // Delivered, the carrier says, and nothing is there: a person helps further than the tracking does.
                let not_there = conversation::has_not_come(&asked.text) && composed.text().contains("was delivered");
                let again = trace.understanding.repeats >= policy.offer_after;
                return match composed.answer() {
                    Some(answer) if again || not_there => Ok(Reply::Offer(Offer { answer, offer: offers() })),
                    Some(answer) => Ok(Reply::Answer(answer)),
                    None => self.hand_over(asker, turn, (HandoffReason::NeedsLiveData, String::new()), trace).await,
                };
            }
            Step::Clarify(asks) => return Ok(Reply::Clarify(asks)),
            Step::NeedsIdentity(asks) => return Ok(Reply::NeedsIdentity(asks)),
            Step::Person(person) => return self.hand_over_with(asker, turn, *person, trace).await,
        }
        // 3. What the store has signed off for this question, word for word; else its pages, or a person. Where something
        // else can be done (for a parcel it is asked who they are, or a person does what they want), the pages answer only
        // beyond doubt.
        let plain = intent.and_then(|intent| self.plain(intent, &asked));
        let wants = conversation::wants_it_done(&asked.text);
        let parcel = |kind: &LiveKind| matches!(kind, LiveKind::Status | LiveKind::Tracking | LiveKind::Delivery);
        let parcel_of_unknown =
            otherwise.is_some() && trace.live.as_ref().is_some_and(|live| live.kinds.iter().any(parcel));
        let said = match self.signed_off(asker, turn, release, start, trace).await? {
            Some(answer) => Ok(answer),
            None if parcel_of_unknown || wants => {
                self.at_least(BEYOND_DOUBT).ask_pages(asker, &asked, release, start, trace).await?
            }
            None => match &plain {
                None => self.ask_pages(asker, &asked, release, start, trace).await?,
                Some(plain) => match self.own_or_plain(asker, &asked, plain, (release, start), trace).await? {
                    Ok((answer, true)) => return Ok(Reply::Offer(Offer { answer, offer: offers() })),
                    Ok((answer, false)) => Ok(answer),
                    Err(no) => Err(no),
                },
            },
        };
        let why = match said {
            Ok(answer) if tries >= policy.offer_after => {
                return Ok(Reply::Offer(Offer { answer, offer: offers() }));
            }
            Ok(answer) => return Ok(Reply::Answer(answer)),
            Err(No::Which(choices)) => return Ok(Reply::Clarify(which(choices))),
            Err(No::Person(reason, words)) => (reason, words),
        };
        if matches!(why.0, HandoffReason::NoEvidence | HandoffReason::Ungrounded)
            && let Some(answer) = self.from_settings_or_orders(asker, &asked, trace).await?
        {
            answer.sentences().iter().for_each(release);
            return Ok(Reply::Answer(answer));
        }
        // "When will it arrive?" of nobody known: how long it takes, and what it takes to look.
        if let (Some(plain), Some(asks)) = (plain.as_ref().filter(|_| parcel_of_unknown), &otherwise)
            && let Ok(answer) = self.ask_pages(asker, plain, release, start, trace).await?
        {
            return Ok(Reply::Offer(Offer { answer, offer: asks.message.clone() }));
        }
        let live = matches!(ruling, Ruling::Live { .. });
        match otherwise {
            Some(asks) => Ok(Reply::NeedsIdentity(asks)),
            None if live => self.hand_over(asker, turn, (HandoffReason::NeedsLiveData, why.1), trace).await,
            None => self.hand_over(asker, turn, why, trace).await,
        }
    }

    /// An answer that a person approved for this question ahead of time.
    async fn signed_off(
        &self,
        asker: &Asker,
        turn: &Turn,
        release: Release<'_>,
        start: Instant,
        trace: &mut Trace,
    ) -> Result<Option<Answer>, EngineError> {
        let look = Look { ports: &self.ports, profiles: &self.profiles, vectors: &self.vectors, asker, turn };
        let (answer, matched) = look.find().await?;
        trace.approved = matched;
        for sentence in answer.iter().flat_map(|a| a.sentences()) {
            trace.timings.first_sentence_ms.get_or_insert(ms(start));
            release(sentence);
        }
        Ok(answer)
    }

    /// What the turn is about, into the trace; and the turn as it is to be answered: a reply that only gives what was
    /// asked for goes on with the request before it.
    async fn understand(
        &self,
        pass: &StorePass,
        profile: Option<&StoreProfile>,
        turn: &Turn,
        trace: &mut Trace,
    ) -> Turn {
        let mut understood = Understanding::of_words(turn);
        let asked = match conversation::open_request(turn).filter(|_| understood.goes_on) {
            Some(request) => Turn { text: format!("{request}\n{}", turn.text), ..turn.clone() },
            None => turn.clone(),
        };
        // The labels are English: what is in another language is told by words alone.
        let readable = understood.language.is_none_or(|language| language == "en");
        if let Some(reader) = self.intents.as_ref().filter(|_| readable) {
            let text =
                if understood.goes_on { conversation::open_request(turn).unwrap_or(&turn.text) } else { &turn.text };
            // Without its model the engine goes by words.
            if let Ok(whole) = self.embed(text).await {
                understood.read(reader, self.ports.embedder.as_ref(), text, &whole).await;
            }
        }
        let titles = match &self.ports.catalogue {
            Some(catalogue) => Some(catalogue.titles(pass).await),
            None => None,
        };
        let now = self.ports.clock.now();
        let when = profile.map_or_else(|| When { now, ..When::default() }, |profile| When::of(profile, now));
        let by = Reading {
            when: &when,
            order_number: match profile {
                Some(profile) => &profile.order_number,
                None => any_order_number(),
            },
            titles: titles.as_deref(),
            common: &|stem| self.intents.as_ref().is_some_and(|reader| reader.knows(stem)),
        };
        understood.name(&asked.text, &by);
        trace.understanding = understood;
        asked
    }

    /// Whether the words ask for something that only the customer's order knows, while what the message is about is not
    /// certain.
    fn asks_firmly(&self, turn: &Turn, profile: Option<&StoreProfile>, understood: &Understanding) -> bool {
        let (Some(profile), Some(_)) = (profile, &self.ports.storefront) else { return false };
        let unsure = understood.intent().is_some_and(|sure| sure.probability < CERTAIN)
            && understood.parts.iter().all(|part| part.probability < CERTAIN);
        unsure && LiveQuestion::read(turn, &profile.order_number).is_some_and(|question| !question.soft)
    }

    /// The question of everybody who comes for this, if this customer asks nothing in particular.
    fn plain(&self, intent: Intent, turn: &Turn) -> Option<Turn> {
        let reader = self.intents.as_ref()?;
        let question = Question::read(&turn.text);
        let text = intent.plain_question_for(&turn.text)?;
        // A place is something in particular.
        let plain = question.countries.is_empty() && reader.is_plain(&turn.text, intent);
        plain.then(|| Turn { text: text.to_owned(), history: Vec::new(), ..turn.clone() })
    }

    /// The look at live data, where the store is connected and its settings are known.
    async fn live(
        &self,
        asker: &Asker,
        turn: &Turn,
        act: Option<&(HandoffReason, String)>,
        ruling: &Ruling,
        intent: Option<Intent>,
        trace: &mut Trace,
    ) -> Result<Step, EngineError> {
        let profile = self.profiles.get(asker.store_pass().store());
        let (Some(storefront), Some(profile)) = (&self.ports.storefront, profile) else { return Ok(Step::Pages) };
        let watched = Watched::new(storefront.as_ref(), std::mem::take(&mut trace.reads));
        let live = Live { storefront: &watched, profile: &profile, asker, turn, now: self.ports.clock.now() };
        let at = Instant::now();
        let pattern = &profile.order_number;
        let question = || {
            if conversation::asks_for_orders(&turn.text) {
                let about = LiveQuestion::about(vec![LiveKind::Status, LiveKind::Items], turn, pattern);
                return Some(LiveQuestion { several: true, ..about });
            }
            let read = LiveQuestion::read(turn, pattern);
            // A page may answer what is about everybody's orders.
            let general = intent.is_some_and(|intent| intent.family() == Family::Information);
            // What somebody paid with no page knows, whichever ways of paying it lists.
            let general = |read: &LiveQuestion| general && read.numbers.is_empty() && !read.asks_for(LiveKind::Payment);
            let read = read.map(|read| LiveQuestion { soft: read.soft || general(&read), ..read });
            read.or_else(|| match ruling {
                Ruling::Live { kinds } => Some(LiveQuestion::about(kinds.clone(), turn, pattern)),
                Ruling::Look | Ruling::Act { .. } | Ruling::Person { .. } | Ruling::SmallTalk { .. } => None,
            })
        };
        let step = if let Some(wish) = wish(turn, pattern, intent.filter(|_| act.is_some()), act.is_some()) {
            let words = act.map_or_else(|| turn.text.clone(), |(_, words)| words.clone());
            live.prepare(wish, words).await?
        } else if let Some(question) = question() {
            let step = live.look(&question).await?;
            trace.live = Some(question);
            step
        } else {
            Step::Pages
        };
        trace.reads = watched.into_reads();
        trace.timings.live_ms = ms(at);
        Ok(step)
    }
}

/// From this probability on, what a message is about stands against its words.
const CERTAIN: f32 = 0.85;
/// Questions whose vectors are kept.
const CACHED_QUERIES: usize = 512;
/// Units whose vectors are kept: about 30 MB with 384 dimensions.
const CACHED_UNITS: usize = 16_384;

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

/// Whether the message names an order of the store's, or something that could be one.
fn names_an_order(turn: &Turn, profile: Option<&StoreProfile>) -> bool {
    profile.is_some_and(|profile| Named::read(turn, &profile.order_number) != Named::default())
}
