//! One turn, on one page: rules, evidence, draft, check, reply. [`Engine::answer`] reads top to bottom.

use crate::access::StorePass;
use crate::check::{Checker, Dropped, Standing};
use crate::decide::{Gate, RiskModel};
use crate::draft::Says;
use crate::evidence::{Evidence, Passage, SourceKind};
use crate::extract::extract;
use crate::handoff::{HandoffCase, HandoffReason, LookedAt};
use crate::identity::Asker;
use crate::live::flow::{Live, Person, Step};
use crate::live::question::{Named, wish};
use crate::live::{LiveKind, LiveQuestion};
use crate::policy::{Policy, Ruling};
use crate::ports::{Embedding, ModelError, Ports, SearchMode, SearchQuery};
use crate::reply::{Answer, Clarify, Handoff, Offer, Reply, Sentence};
use crate::rules::hard_rule;
use crate::select::{Question, Scored, coverage, score, units};
use crate::store::{Profiles, StoreProfile};
use crate::subject::Subjects;
pub use crate::trace::{Timings, Trace, UnitTrace};
use crate::turn::{Speaker, Turn};
use crate::understand::{Family, Intent, IntentReader, Understanding, conversation};
use crate::{conflict, draft, expired, place, rerank, smalltalk, spelling};
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
    vectors: Arc<Cache<String, Arc<[f32]>>>,
    /// Vectors of the latest questions: understanding, search and selection ask for the same ones.
    queries: Arc<Cache<String, Embedding>>,
    profiles: Profiles,
    /// What a message is about; without it the word patterns decide alone.
    intents: Option<Arc<IntentReader>>,
    /// Of stores without a profile.
    policy: Arc<Policy>,
    /// Decides what may be said from the pages; without one the coverage bound does.
    risk: Option<Arc<RiskModel>>,
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
        let policy = profile.as_ref().map_or_else(|| self.policy.clone(), |profile| profile.policy.clone());
        let asked = self.understand(turn, trace).await;
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
        let tries = trace.understanding.repeats + smalltalk::asked_back(turn, &policy.voice);
        if tries >= policy.hand_over_after {
            return self.hand_over(asker, turn, (HandoffReason::Repeated, format!("{tries} tries")), trace).await;
        }
        let mut act = rule.clone().filter(|(reason, _)| *reason == HandoffReason::NeedsAction);
        let mut how = false;
        match &ruling {
            // What an order can tell is read there, unless it is clear that something went wrong.
            Ruling::Person { .. } if self.asks_firmly(&asked, profile.as_deref(), &trace.understanding) => {}
            Ruling::Person { reason } => return self.hand_over(asker, turn, (*reason, because), trace).await,
            Ruling::SmallTalk { about } if rule.is_none() && !names_an_order(&asked, profile.as_deref()) => {
                // What seems to be no matter of a shop may be one of this shop's.
                let pages = *about == Intent::OutOfScope;
                if pages
                    && let Ok(answer) = self.ask_pages_surely(asker.store_pass(), &asked, release, start, trace).await?
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
        if how && let Ok(answer) = self.ask_pages_surely(asker.store_pass(), &asked, release, start, trace).await? {
            return Ok(Reply::Offer(Offer { answer, offer: offers() }));
        }
        let mut otherwise = None;
        match self.live(asker, &asked, act.as_ref(), &ruling, intent, trace).await? {
            Step::Pages => {
                let live =
                    matches!(ruling, Ruling::Live { .. }).then_some((HandoffReason::NeedsLiveData, String::new()));
                if let Some(rule) = act.or(rule).or(live) {
                    return self.hand_over(asker, turn, rule, trace).await;
                }
            }
            Step::PagesFirst(asks) => otherwise = Some(asks),
            Step::Said { mut composed, rest } => {
                composed.sentences().iter().for_each(release);
                trace.timings.first_sentence_ms = Some(ms(start));
                let said = composed.sentences().len();
                // What else was asked, where the pages answer it beyond doubt; nothing of that is released before.
                if !rest.is_empty() && hard_rule(&rest).is_none() {
                    let rest = Turn { text: rest, history: Vec::new(), ..turn.clone() };
                    if let Ok(answer) = self.ask_pages(asker.store_pass(), &rest, &|_| (), start, trace).await? {
                        composed.append(&answer);
                        composed.sentences()[said..].iter().for_each(release);
                    }
                }
                return match composed.answer() {
                    Some(answer) => Ok(Reply::Answer(answer)),
                    None => self.hand_over(asker, turn, (HandoffReason::NeedsLiveData, String::new()), trace).await,
                };
            }
            Step::Clarify(asks) => return Ok(Reply::Clarify(asks)),
            Step::NeedsIdentity(asks) => return Ok(Reply::NeedsIdentity(asks)),
            Step::Person(person) => return self.hand_over_with(asker, turn, *person, trace).await,
        }
        // 3. The store's pages, or a person.
        let why = match self.ask_pages(asker.store_pass(), &asked, release, start, trace).await? {
            Ok(answer) if tries >= policy.offer_after => return Ok(Reply::Offer(Offer { answer, offer: offers() })),
            Ok(answer) => return Ok(Reply::Answer(answer)),
            Err(No::Which(choices)) => return Ok(Reply::Clarify(which(choices))),
            Err(No::Person(reason, words)) => (reason, words),
        };
        // What everybody asks in words that no page has: the plain question has an answer. Not where a risk refuses: its
        // bound is of the question as it was asked.
        if matches!(why.0, HandoffReason::NoEvidence | HandoffReason::Ungrounded)
            && let Some(plain) = intent.and_then(|intent| self.plain(intent, &asked))
            && let Ok(answer) = self.ask_pages(asker.store_pass(), &plain, release, start, trace).await?
        {
            return Ok(Reply::Offer(Offer { answer, offer: offers() }));
        }
        match otherwise {
            Some(asks) => Ok(Reply::NeedsIdentity(asks)),
            None => self.hand_over(asker, turn, why, trace).await,
        }
    }

    /// What the turn is about, into the trace; and the turn as it is to be answered: a reply that only gives what was
    /// asked for goes on with the request before it.
    async fn understand(&self, turn: &Turn, trace: &mut Trace) -> Turn {
        let mut understood = Understanding::of_words(turn);
        let asked = match conversation::open_request(turn).filter(|_| understood.goes_on) {
            Some(request) => Turn { text: format!("{request}\n{}", turn.text), ..turn.clone() },
            None => turn.clone(),
        };
        if let Some(reader) = &self.intents {
            let text =
                if understood.goes_on { conversation::open_request(turn).unwrap_or(&turn.text) } else { &turn.text };
            // Without its model the engine goes by words.
            if let Ok(whole) = self.embed(text).await {
                understood.read(reader, self.ports.embedder.as_ref(), text, &whole).await;
            }
        }
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
        let text = match intent {
            Intent::ShippingOptions if !question.countries.is_empty() => "Which countries do you ship to?",
            _ => intent.plain_question()?,
        };
        let plain = question.countries.is_empty() || intent == Intent::ShippingOptions;
        let named: String = question.countries.iter().filter_map(|c| place::name(c)).collect();
        let rest = turn.text.to_lowercase().replace(&named, "");
        (plain && reader.is_plain(&rest, intent)).then(|| Turn {
            text: text.to_owned(),
            history: Vec::new(),
            ..turn.clone()
        })
    }

    /// The pages, only where they cover the question beyond doubt.
    async fn ask_pages_surely(
        &self,
        pass: &StorePass,
        turn: &Turn,
        release: Release<'_>,
        start: Instant,
        trace: &mut Trace,
    ) -> Result<Result<Answer, No>, EngineError> {
        let config = EngineConfig { coverage: self.config.certain.max(self.config.coverage), ..self.config.clone() };
        let risk = self.risk.as_ref().map(|risk| Arc::new(risk.at_least(self.config.certain.into())));
        Self { config, risk, ..self.clone() }.ask_pages(pass, turn, release, start, trace).await
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
        let live =
            Live { storefront: storefront.as_ref(), profile: &profile, asker, turn, now: self.ports.clock.now() };
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
            let read =
                read.map(|read| LiveQuestion { soft: read.soft || (general && read.numbers.is_empty()), ..read });
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
        trace.timings.live_ms = ms(at);
        Ok(step)
    }

    /// What the store's pages say, released sentence by sentence; or why they do not.
    async fn ask_pages(
        &self,
        pass: &StorePass,
        turn: &Turn,
        release: Release<'_>,
        start: Instant,
        trace: &mut Trace,
    ) -> Result<Result<Answer, No>, EngineError> {
        let no = |reason, words: String| Ok(Err(No::Person(reason, words)));
        // Evidence.
        let found = match self.retrieve(pass, turn, self.config.candidates).await {
            Ok(found) => found,
            Err(Failure::Model(ModelError::Overloaded)) => return Err(EngineError::Overloaded),
            Err(Failure::Model(error)) => return no(HandoffReason::Unavailable, error.to_string()),
            Err(Failure::Knowledge(error)) => return Err(error.into()),
        };
        (trace.timings.embed_ms, trace.timings.search_ms, trace.timings.rerank_ms) =
            (found.embed_ms, found.search_ms, found.rerank_ms);
        trace.passages = found.passages.clone();
        let (candidates, ended) = expired::split(found.passages, self.today());
        let top = |from: &[Passage]| by_kind(from, self.config.passages);
        let evidence = Evidence::gather(pass, top(&candidates))?;
        let ended = Evidence::gather(pass, top(&ended))?;
        // The sentences that matter, and whether they cover the question. No cover, no model.
        let at = Instant::now();
        let question = Question::read(&found.question).from_country(turn.country.as_deref());
        let ranked = async { Ok((self.rank(&question, &evidence).await?, self.rank(&question, &ended).await?)) }.await;
        let (ranked, past) = match ranked {
            Ok(both) => both,
            Err(ModelError::Overloaded) => return Err(EngineError::Overloaded),
            Err(error) => return no(HandoffReason::Unavailable, error.to_string()),
        };
        if let Some(past) = expired::asked_about(&question, &past, &ranked) {
            let checker = Checker::new(&question, &ended);
            let statement = expired::statement(past, &ended).and_then(|s| checker.answer(&[s]));
            return match statement {
                Some(answer) => {
                    answer.sentences().iter().for_each(release);
                    Ok(Ok(answer))
                }
                None => no(HandoffReason::NoEvidence, "not in force".into()),
            };
        }
        trace.units = ranked.iter().take(TRACED).map(|s| UnitTrace::new(s, &evidence)).collect();
        trace.coverage = coverage(&question, &candidates, &ranked, evidence.passages());
        trace.timings.select_ms = ms(at);
        let gate = Gate::new(self.risk.as_deref(), self.config.coverage);
        if let Some((reason, words)) = gate.refuses(&question, &ranked, &evidence, trace) {
            return no(reason, words);
        }
        let subjects = Subjects::of(&question, turn, &candidates);
        let ranked = subjects.about_the_named(ranked, &evidence);
        if ranked.is_empty() {
            return no(HandoffReason::NoEvidence, "nothing about what was named".into());
        }
        let best = ranked.iter().find(|s| question.asked.is_met_by(&s.unit)).or(ranked.first()).cloned();
        if let Some(best) = &best
            && let Some(choices) =
                subjects.which(&question, best, &evidence, &Evidence::gather(pass, candidates.clone())?)
        {
            return Ok(Err(No::Which(choices)));
        }
        let ranked = match conflict::settle(&question, &subjects, ranked, &evidence) {
            Ok(ranked) => ranked,
            Err(conflict) => return no(HandoffReason::SourcesDisagree, conflict.to_string()),
        };
        // Draft and check, sentence by sentence.
        let at = Instant::now();
        let checker = Checker::new(&question, &evidence);
        let mut standing: Vec<Standing> = Vec::new();
        // Nothing is released before the kind of value that was asked for has been said: what does not answer is
        // taken back, and what a customer has seen cannot be.
        let mut released = 0;
        let mut passed = |stands: Standing, standing: &mut Vec<Standing>, trace: &mut Trace| {
            standing.push(stands);
            if gate.waits() || !question.asked.is_said(standing.iter().map(|s| s.text.as_str())) {
                return;
            }
            let answer = checker.answer(standing);
            for sentence in answer.iter().flat_map(|a| a.sentences()).skip(released) {
                trace.timings.first_sentence_ms.get_or_insert(ms(start));
                release(sentence);
            }
            released = standing.len();
        };
        let mut says = Says::Sentences;
        if let Some(generator) = &self.ports.generator {
            let shown = draft::shown(&ranked, self.config.evidence_sentences);
            let max_tokens = self.config.max_tokens;
            says = draft::generate(generator.as_ref(), &question, &shown, max_tokens, &checker, trace, |s, t| {
                passed(s, &mut standing, t);
            })
            .await;
        }
        // Without a generator, or where nothing it said stands, the sources speak for themselves. When it has read
        // them and says that they do not answer, they must cover the question beyond doubt.
        if !question.asked.is_said(standing.iter().map(|s| s.text.as_str())) {
            let unsaid = |s: Standing| Dropped { sentence: s.text, reason: "does not say what was asked for".into() };
            trace.dropped.extend(standing.drain(..).map(unsaid));
        }
        let doubted = says == Says::NotCovered && trace.coverage.probability < self.config.certain;
        if standing.is_empty() && !doubted {
            trace.extractive = true;
            for sentence in extract(&question, &ranked).sentences {
                match checker.check(&sentence) {
                    Ok(stands) => passed(stands, &mut standing, trace),
                    Err(dropped) => trace.dropped.push(dropped),
                }
            }
        }
        trace.timings.draft_ms = ms(at);
        let answer = checker.answer(&standing);
        let refused = answer.as_ref().and_then(|answer| gate.refuses_draft(&question, answer, trace));
        if let Some((reason, words)) = refused {
            return no(reason, words);
        }
        for sentence in answer.iter().flat_map(|a| a.sentences()).skip(released) {
            trace.timings.first_sentence_ms.get_or_insert(ms(start));
            release(sentence);
        }
        // What is left is the answer, if anything is.
        let why = || trace.dropped.first().map(|d| d.reason.clone()).unwrap_or_default();
        Ok(answer.ok_or_else(|| No::Person(HandoffReason::Ungrounded, why())))
    }

    /// What the store knows about a turn, best first: search, fusion and rerank, exactly as [`Engine::answer`] uses it.
    pub async fn retrieve(&self, pass: &StorePass, turn: &Turn, limit: usize) -> Result<Retrieved, Failure> {
        let mut found = Retrieved { question: self.standalone(turn), ..Retrieved::default() };
        self.search(pass, turn, limit, &mut found).await?;
        let pages: Vec<String> = found.passages.iter().map(Passage::in_context).collect();
        if let Some(mended) = spelling::mend(&found.question, pages.iter().map(String::as_str)) {
            found.question = mended;
            self.search(pass, turn, limit, &mut found).await?;
        }
        let at = Instant::now();
        if let Some(reranker) = &self.ports.reranker {
            let texts: Vec<String> = found.passages.iter().map(Passage::in_context).collect();
            let scores = reranker.score(&found.question, &texts).await?;
            for (passage, score) in found.passages.iter_mut().zip(scores) {
                passage.scores.rerank = Some(score);
            }
            let key = |p: &Passage| p.scores.rerank.unwrap_or(f32::MIN);
            found.passages.sort_by(|a, b| key(b).total_cmp(&key(a)).then_with(|| a.id.cmp(&b.id)));
        } else if self.config.search == SearchMode::Fused {
            rerank::by_words(&found.question, &mut found.passages);
        }
        found.rerank_ms = ms(at);
        Ok(found)
    }

    async fn search(&self, pass: &StorePass, turn: &Turn, limit: usize, found: &mut Retrieved) -> Result<(), Failure> {
        // Pages name countries, customers name cities.
        let question = Question::read(&found.question).from_country(turn.country.as_deref());
        let lower = question.text.to_lowercase();
        let missing = question.countries.iter().filter_map(|c| place::name(c)).filter(|name| !lower.contains(name));
        let text = missing.fold(question.text.clone(), |text, name| format!("{text} ({name})"));
        let at = Instant::now();
        let embedding = self.embed(&text).await?;
        found.embed_ms += ms(at);
        let at = Instant::now();
        let query = SearchQuery {
            text,
            embedding,
            mode: self.config.search,
            limit,
            kinds: Vec::new(),
            tags: Vec::new(),
            // What has ended is told apart later: see `expired`.
            valid_on: None,
        };
        found.passages = self.ports.knowledge.search(pass, &query).await.map_err(Failure::Knowledge)?;
        found.search_ms += ms(at);
        Ok(())
    }

    async fn embed(&self, text: &str) -> Result<Embedding, ModelError> {
        if let Some(known) = self.queries.get(text) {
            return Ok(known);
        }
        let embedding = self.ports.embedder.embed_query(text).await?;
        self.queries.insert(text.to_owned(), embedding.clone());
        Ok(embedding)
    }

    fn today(&self) -> jiff::civil::Date {
        self.ports.clock.now().to_zoned(jiff::tz::TimeZone::UTC).date()
    }

    async fn rank(&self, question: &Question, evidence: &Evidence) -> Result<Vec<Scored>, ModelError> {
        let units = units(evidence);
        if units.is_empty() {
            return Ok(Vec::new());
        }
        let texts: Vec<String> = units.iter().map(|u| u.with_context()).collect();
        let asked = self.embed(&question.text).await?;
        let mut vectors: Vec<Option<Arc<[f32]>>> = texts.iter().map(|t| self.vectors.get(t)).collect();
        let unknown: Vec<usize> = (0..texts.len()).filter(|&i| vectors[i].is_none()).collect();
        if !unknown.is_empty() {
            let new: Vec<String> = unknown.iter().map(|&i| texts[i].clone()).collect();
            for (i, vector) in unknown.into_iter().zip(self.ports.embedder.embed_passages(&new).await?) {
                let vector: Arc<[f32]> = vector.values.into();
                self.vectors.insert(texts[i].clone(), vector.clone());
                vectors[i] = Some(vector);
            }
        }
        let cosines: Vec<f32> = vectors.iter().flatten().map(|v| dot(&asked.values, v)).collect();
        Ok(score(question, units, &cosines, evidence))
    }

    /// A follow-up ("and to Canada?") with the customer's message before it; a full question as it stands.
    fn standalone(&self, turn: &Turn) -> String {
        let short = turn.text.split_whitespace().count() <= 5;
        let before = turn.history.iter().rev().find(|m| m.role == Speaker::Customer);
        match before {
            Some(message) if short => format!("{} {}", message.text, turn.text),
            _ => turn.text.clone(),
        }
    }

    async fn hand_over(
        &self,
        asker: &Asker,
        turn: &Turn,
        (reason, words): (HandoffReason, String),
        trace: &Trace,
    ) -> Result<Reply, EngineError> {
        let tier = asker.tier();
        let person = Person { reason, words, first: None, tier, action: None, looked_at: Vec::new() };
        self.hand_over_with(asker, turn, person, trace).await
    }

    async fn hand_over_with(
        &self,
        asker: &Asker,
        turn: &Turn,
        person: Person,
        trace: &Trace,
    ) -> Result<Reply, EngineError> {
        let pass = asker.store_pass();
        let mut looked_at = person.looked_at;
        for p in &trace.passages {
            if looked_at.len() < 5 && !looked_at.iter().any(|l| l.doc == p.doc) {
                looked_at.push(LookedAt { doc: p.doc.clone(), title: p.title.clone(), url: p.url.clone() });
            }
        }
        let case = HandoffCase {
            conversation: turn.conversation.clone(),
            turn: turn.number,
            reason: person.reason,
            evidence: person.words,
            question: turn.text.clone(),
            looked_at,
            draft: trace.draft.clone(),
            tier: Some(person.tier),
            action: person.action.map(Box::new),
        };
        let id = self.ports.handoffs.open(pass, &case).await?;
        let own = self.profiles.get(pass.store()).and_then(|p| p.handoff_message.clone());
        let message = own.unwrap_or_else(|| self.config.handoff_message.clone());
        let message = person.first.map_or(message.clone(), |first| format!("{first} {message}"));
        Ok(Reply::Handoff(Handoff { id, message, case }))
    }
}

/// Why the pages give no answer.
#[derive(Debug)]
enum No {
    Person(HandoffReason, String),
    /// Several subjects, each with a rule of its own.
    Which(Vec<String>),
}

fn which(choices: Vec<String>) -> Clarify {
    Clarify { message: "The answer is not the same for all of these. Which one do you mean?".to_owned(), choices }
}

/// Why nothing could be retrieved.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Knowledge(crate::ports::KnowledgeError),
}

/// From this probability on, what a message is about stands against its words.
const CERTAIN: f32 = 0.85;
/// Questions whose vectors are kept.
const CACHED_QUERIES: usize = 512;
/// Units whose vectors are kept: about 30 MB with 384 dimensions.
const CACHED_UNITS: usize = 16_384;
/// Units that a trace keeps.
const TRACED: usize = 60;
/// Of the passages that a draft may rest on, at most one in this many is a past conversation, or a product: a word
/// that forty products share must not crowd out the one page with the rule.
const CONVERSATIONS: usize = 4;
const PRODUCTS: usize = 3;

/// The first `most` passages, products and conversations kept to their shares.
fn by_kind(passages: &[Passage], most: usize) -> Vec<Passage> {
    let (mut chats, mut products) = (0, 0);
    let mut keep = |p: &&Passage| match p.kind {
        SourceKind::Policy => true,
        SourceKind::Product => {
            products += 1;
            products <= most.div_ceil(PRODUCTS)
        }
        SourceKind::Conversation => {
            chats += 1;
            chats <= most.div_ceil(CONVERSATIONS)
        }
    };
    passages.iter().filter(|p| keep(p)).take(most).cloned().collect()
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// Whether the message names an order of the store's, or something that could be one.
fn names_an_order(turn: &Turn, profile: Option<&StoreProfile>) -> bool {
    profile.is_some_and(|profile| Named::read(turn, &profile.order_number) != Named::default())
}
