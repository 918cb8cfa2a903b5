//! What the store's pages say: search, the sentences that matter, a draft, its check.

use super::{Engine, EngineError, Release, Retrieved, ms};
use crate::access::StorePass;
use crate::check::tongue::sure_language;
use crate::check::weigh::Weigher;
use crate::check::{Checker, Dropped, Setting, Standing};
use crate::decide::Gate;
use crate::draft::{Judge, Says};
use crate::evidence::{Evidence, Passage, SourceKind};
use crate::extract::extract;
use crate::handoff::HandoffReason;
use crate::identity::Asker;
use crate::ports::{Embedding, ModelError, Ports, SearchMode, SearchQuery};
use crate::reply::{Answer, Clarify};
use crate::select::{Question, Scored, coverage, score, stem_set, units};
use crate::subject::Subjects;
use crate::superseded::without_superseded;
use crate::trace::{Trace, UnitTrace};
use crate::turn::{Speaker, Turn};
use crate::understand::conversation;
use crate::vectors::{dot, vectors_of};
use crate::{conflict, draft, expired, place, rerank, spelling};
use std::collections::HashSet;
use std::sync::LazyLock;
use std::time::Instant;

/// From this probability on the pages answer what something else would otherwise be done about: what seems to be no
/// matter of a shop, what somebody wants done, where somebody unknown asks for their parcel.
pub const BEYOND_DOUBT: f32 = 0.9;
/// The same where the message names a product.
const LIKELY: f32 = 0.75;
/// Units that a trace keeps.
const TRACED: usize = 60;
/// Of the passages that a draft may rest on, at most one in this many is a past conversation, or a product: a word
/// that forty products share must not crowd out the one page with the rule.
const CONVERSATIONS: usize = 4;
const PRODUCTS: usize = 3;

/// Words for what was ordered and for asking: they name nothing in particular.
static COMMON_WORDS: LazyLock<HashSet<String>> = LazyLock::new(|| {
    stem_set(
        "order orders item items product products purchase article parcel package shipment delivery thing things stuff goods \
         help assistance check see know find show tell information look need want take get expect arrive time long soon \
         when how much many day days case cases situation situations circumstances ask request policy option options \
         method methods way ways available accepted allowed money back refund refunds",
    )
});

impl Engine {
    /// What seems to be no matter of a shop may be one of this shop's: where its pages cover it beyond doubt, or where
    /// the message names one of its products by a word that is no common one.
    pub(super) async fn ask_pages_after_all(
        &self,
        asker: &Asker,
        turn: &Turn,
        release: Release<'_>,
        start: Instant,
        trace: &mut Trace,
    ) -> Result<Option<Answer>, EngineError> {
        let sure = self.at_least(BEYOND_DOUBT);
        if let Ok(answer) = sure.ask_pages(asker, turn, release, start, trace).await? {
            return Ok(Some(answer));
        }
        let asked = stem_set(&turn.text);
        let common = |stem: &String| self.intents.as_ref().is_none_or(|reader| reader.knows(stem));
        let products = trace.passages.iter().filter(|p| p.kind == SourceKind::Product);
        let named = products.flat_map(|p| stem_set(&p.title)).any(|stem| asked.contains(&stem) && !common(&stem));
        if !named {
            return Ok(None);
        }
        let likely = self.at_least(LIKELY);
        Ok(likely.ask_pages(asker, turn, release, start, trace).await?.ok())
    }

    /// The same engine, which says nothing from the pages below this probability, whatever mistakes cost.
    pub(super) fn at_least(&self, probability: f32) -> Self {
        Self { floor: probability, ..self.clone() }
    }

    /// What everybody asks for in words that say no more than that: the answer to the plain question (`true`), unless the
    /// customer's own words are answered with a word of theirs that the plain answer leaves out ("final sale"). Not where a
    /// risk refuses: its bound is of the question as it was asked.
    pub(super) async fn own_or_plain(
        &self,
        asker: &Asker,
        own: &Turn,
        plain: &Turn,
        (release, start): (Release<'_>, Instant),
        trace: &mut Trace,
    ) -> Result<Result<(Answer, bool), No>, EngineError> {
        // Which of the two is answered is told from the sentences of the sources, which takes milliseconds; a generator
        // is asked once, for that one, and heard as it speaks.
        let sources = Self { ports: Ports { generator: None, ..self.ports.clone() }, ..self.clone() };
        let (mut how_own, mut how_plain) = (trace.clone(), trace.clone());
        let said = sources.ask_pages(asker, own, &|_| (), start, &mut how_own).await?;
        match said {
            Err(No::Person(HandoffReason::NoEvidence | HandoffReason::Ungrounded, _)) | Ok(_) => {}
            Err(no) => {
                *trace = how_own;
                return Ok(Err(no));
            }
        }
        let theirs = sources.ask_pages(asker, plain, &|_| (), start, &mut how_plain).await?;
        let is_plain = match (&said, &theirs) {
            (Ok(mine), Ok(theirs)) => !leaves_out(own, plain, mine, theirs),
            (Err(_), Ok(_)) => true,
            (Ok(_) | Err(_), Err(_)) => false,
        };
        // What no single sentence says a generator may put together.
        let ungrounded = matches!(said, Err(No::Person(HandoffReason::Ungrounded, _)));
        if self.ports.generator.is_some() && (said.is_ok() || is_plain || ungrounded) {
            let chosen = if is_plain { plain } else { own };
            let answer = self.ask_pages(asker, chosen, release, start, trace).await?;
            return Ok(answer.map(|answer| (answer, is_plain)));
        }
        *trace = if is_plain { how_plain } else { how_own };
        let answer = if is_plain { theirs } else { said };
        if let Ok(answer) = &answer {
            answer.sentences().iter().for_each(release);
        }
        Ok(answer.map(|answer| (answer, is_plain)))
    }

    /// What the store's pages say, released sentence by sentence; or why they do not.
    pub(super) async fn ask_pages(
        &self,
        asker: &Asker,
        turn: &Turn,
        release: Release<'_>,
        start: Instant,
        trace: &mut Trace,
    ) -> Result<Result<Answer, No>, EngineError> {
        let no = |reason, words: String| Ok(Err(No::Person(reason, words)));
        let pass = asker.store_pass();
        // What an earlier look in this turn came to is not this one's.
        (trace.extractive, trace.dropped) = (false, Vec::new());
        // Evidence.
        let found = match self.retrieve(pass, turn, self.config.candidates).await {
            Ok(found) => found,
            Err(Failure::Model(ModelError::Overloaded)) => return Err(EngineError::Overloaded),
            Err(Failure::Model(error)) => return no(HandoffReason::Unavailable, error.to_string()),
            Err(Failure::Knowledge(error)) => return Err(error.into()),
        };
        (trace.timings.embed_ms, trace.timings.search_ms, trace.timings.rerank_ms) =
            (found.embed_ms, found.search_ms, found.rerank_ms);
        (trace.searched, trace.passages) = (true, found.passages.clone());
        let profile = self.profiles.get(pass.store());
        let setting = Setting::of(profile.as_deref(), &turn.text);
        let (candidates, ended) = expired::split(found.passages, self.today());
        let several = profile.as_ref().is_some_and(|profile| profile.languages.len() > 1);
        let candidates = readable(candidates, setting.language.filter(|_| several));
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
        let stakes = self.stakes(asker, trace).await;
        let gate = Gate::new(self.risk.as_deref(), self.config.coverage, self.floor, stakes);
        if let Some((reason, words)) = gate.refuses(&question, &ranked, &evidence, trace) {
            return no(reason, words);
        }
        let named = &trace.understanding.entities.products;
        let subjects = Subjects::of(&question, turn, &candidates).naming(named);
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
            // Two of a family each have their own rule; two pages about the same contradict each other.
            Err(conflict) if subjects.is_family(&conflict.docs[0], &conflict.docs[1]) => {
                return Ok(Err(No::Which(vec![conflict.one.0.clone(), conflict.other.0.clone()])));
            }
            Err(conflict) => return no(HandoffReason::SourcesDisagree, conflict.to_string()),
        };
        // Draft and check, sentence by sentence.
        let at = Instant::now();
        let checker = Checker::new(&question, &evidence).in_setting(setting);
        let mut standing: Vec<Standing> = Vec::new();
        // Nothing is released before the kind of value that was asked for has been said: what does not answer is
        // taken back, and what a customer has seen cannot be.
        let mut released = 0;
        let mut passed = |stands: Standing, standing: &mut Vec<Standing>, trace: &mut Trace| {
            // Two sources that say it in the same words say it once.
            if standing.iter().any(|s| s.text == stands.text) {
                return;
            }
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
            let weigher = self.support.as_deref();
            let weigher = weigher.and_then(|m| Weigher::new(m, self.ports.embedder.as_ref(), &self.vectors));
            let judge = Judge { checker: &checker, weigher };
            says = draft::generate(generator.as_ref(), &question, &shown, max_tokens, &judge, trace, |s, t| {
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

    pub(super) async fn embed(&self, text: &str) -> Result<Embedding, ModelError> {
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
        let vectors = vectors_of(self.ports.embedder.as_ref(), &self.vectors, &texts).await?;
        let cosines: Vec<f32> = vectors.iter().map(|v| dot(&asked.values, v)).collect();
        Ok(without_superseded(score(question, units, &cosines, evidence), evidence))
    }

    /// A follow-up ("and to Canada?") with the customer's message before it; a full question as it stands.
    fn standalone(&self, turn: &Turn) -> String {
        let short = turn.text.split_whitespace().count() <= 5;
        let before = turn.history.iter().rev().find(|m| m.role == Speaker::Customer);
        match before {
            Some(message) if short => format!("{} {}", message.text, turn.text),
            _ => conversation::about_the_matter(&turn.text),
        }
    }
}

/// Whether the answer to the plain question leaves out a word of the customer's that the answer to their own has.
fn leaves_out(own: &Turn, plain: &Turn, mine: &Answer, theirs: &Answer) -> bool {
    let asked = stem_set(&plain.text);
    let (here, there) = (stem_set(&mine.text()), stem_set(&theirs.text()));
    let particular = |stem: &&String| !COMMON_WORDS.contains(*stem) && !asked.contains(*stem);
    stem_set(&own.text).iter().filter(particular).any(|stem| here.contains(stem) && !there.contains(stem))
}

/// Why the pages give no answer.
#[derive(Debug)]
pub(super) enum No {
    Person(HandoffReason, String),
    /// Several subjects, each with a rule of its own.
    Which(Vec<String>),
}

pub(super) fn which(choices: Vec<String>) -> Clarify {
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

/// Where a store of several languages has something in the customer's, only that, and what is in no language for sure:
/// the same rule in another language would be no answer.
fn readable(passages: Vec<Passage>, language: Option<&str>) -> Vec<Passage> {
    let Some(language) = language else { return passages };
    let tongues: Vec<Option<&str>> = passages.iter().map(|p| sure_language(&p.text)).collect();
    if !tongues.contains(&Some(language)) {
        return passages;
    }
    let is_readable = |tongue: &Option<&str>| tongue.is_none_or(|tongue| tongue == language);
    passages.into_iter().zip(&tongues).filter(|(_, tongue)| is_readable(tongue)).map(|(p, _)| p).collect()
}

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
