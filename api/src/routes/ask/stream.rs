//! The same answer as server-sent events, each sentence when it has passed its check.

use super::Question;
use crate::{
    app::App,
    wire::{Reply, Sentence},
};
use axum::{
    http::{HeaderName, HeaderValue},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
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
    let keep_alive = KeepAlive::new().interval(app.http.keep_alive()).text("still here");
    // Unbounded, but an answer has a handful of sentences.
    let (sender, receiver) = mpsc::unbounded_channel();
    let work = async move {
        let release = |sentence: &engine::reply::Sentence| {
            // The receiver is gone only when the task is about to be stopped.
            let _ = sender.send(event("sentence", &Sentence::from(sentence)));
        };
        let last = match question.answer(&app, &release).await {
            Ok(response) => match response.reply {
                Reply::Answer(_) => event("answer", &response),
                Reply::Offer(_) => event("offer", &response),
                Reply::Clarify(_) => event("clarify", &response),
                Reply::NeedsIdentity(_) => event("needs_identity", &response),
                Reply::Handoff(_) => event("handoff", &response),
            },
            Err(error) => {
                error.log();
                event("error", &error.problem())
            }
        };
        let _ = sender.send(last);
    };
    let task = tokio::spawn(work.in_current_span());
    let events = Events { task, events: UnboundedReceiverStream::new(receiver) };
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
    task: JoinHandle<()>,
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
        self.task.abort();
    }
}
