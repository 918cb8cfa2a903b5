//! The same answer as server-sent events, each sentence when it has passed its check.

use crate::{
    app::App,
    asking::Question,
    error::ApiError,
    wire::{AskResponse, Reply, Sentence},
};
use axum::{
    http::{HeaderName, HeaderValue},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use engine::reply;
use futures::{Stream, StreamExt};
use serde::Serialize;
use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tracing::Instrument;

pub(super) fn events(app: App, question: Question) -> Response {
    let keep_alive = keep_alive(&app);
    // Unbounded, but an answer has a handful of sentences.
    let (sender, receiver) = mpsc::unbounded_channel();
    let work = async move {
        let last = match say(&app, &question, &sender).await {
            Ok(response) => whole(&response),
            Err(error) => {
                error.log();
                event("error", &error.problem())
            }
        };
        // The receiver is gone only when the task is about to be stopped.
        let _ = sender.send(last);
    };
    let task = tokio::spawn(work.in_current_span());
    respond(Events { task: Some(task), events: UnboundedReceiverStream::new(receiver) }, keep_alive)
}

/// A person has the conversation: one event says so.
pub(super) fn silence(app: &App, silent: &AskResponse) -> Response {
    let (sender, receiver) = mpsc::unbounded_channel();
    let _ = sender.send(whole(silent));
    respond(Events { task: None, events: UnboundedReceiverStream::new(receiver) }, keep_alive(app))
}

/// Answers the question and sends each sentence once it is written down that the bot said it. Where a person takes over
/// in between, the rest is not said.
async fn say(app: &App, question: &Question, sender: &mpsc::UnboundedSender<Event>) -> Result<AskResponse, ApiError> {
    let (passed, mut passing) = mpsc::unbounded_channel::<reply::Sentence>();
    let release = |sentence: &reply::Sentence| {
        let _ = passed.send(sentence.clone());
    };
    let thinking = question.think(app, &release);
    tokio::pin!(thinking);
    let mut said = String::new();
    let send = |sentence: &reply::Sentence| {
        let _ = sender.send(event("sentence", &Sentence::from(sentence)));
    };
    let thought = loop {
        let sentence = tokio::select! {
            biased;
            Some(sentence) = passing.recv() => sentence,
            thought = &mut thinking => break thought?,
        };
        said.push_str(if said.is_empty() { "" } else { " " });
        said.push_str(&sentence.text);
        let part = question.may_say(app, &said);
        tokio::pin!(part);
        // The engine goes on meanwhile: where it opens a handoff it holds the database that the part waits for.
        let (verdict, thought) = tokio::select! {
            verdict = &mut part => (verdict?, None),
            thought = &mut thinking => (part.await?, Some(thought?)),
        };
        if let Some(silent) = verdict {
            return Ok(silent);
        }
        send(&sentence);
        if let Some(thought) = thought {
            break thought;
        }
    };
    let response = question.record(app, thought).await?;
    // What has not been sent yet is part of what was written down, or nothing was.
    if !matches!(response.reply, Reply::Silent(_)) {
        while let Ok(sentence) = passing.try_recv() {
            send(&sentence);
        }
    }
    Ok(response)
}

fn whole(response: &AskResponse) -> Event {
    event(response.reply.kind(), response)
}

fn keep_alive(app: &App) -> KeepAlive {
    KeepAlive::new().interval(app.http.keep_alive()).text("still here")
}

fn respond(events: Events, keep_alive: KeepAlive) -> Response {
    let mut response = Sse::new(events.map(Ok::<_, Infallible>)).keep_alive(keep_alive).into_response();
    // nginx would hold sentences back until its buffer is full.
    let buffering = HeaderName::from_static("x-accel-buffering");
    response.headers_mut().insert(buffering, HeaderValue::from_static("no"));
    response
}

fn event(name: &str, data: &impl Serialize) -> Event {
    let event = Event::default().event(name);
    match serde_json::to_string(data) {
        Ok(json) => event.data(json),
        Err(error) => {
            tracing::error!(error.cause = %error, "event not written");
            Event::default().event("error").data("{}")
        }
    }
}

/// Stops the work when the caller hangs up.
struct Events {
    task: Option<JoinHandle<()>>,
    events: UnboundedReceiverStream<Event>,
}

impl Stream for Events {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Event>> {
        self.events.poll_next_unpin(context)
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}
