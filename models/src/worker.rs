//! One thread per model, with a bounded queue in front of it: the only channel in the path of a question.

use engine::ports::ModelError;
use std::{sync::mpsc, thread};

/// A model on its own thread. Jobs that do not fit in the queue are refused at once, not delayed.
#[derive(Clone)]
pub struct Worker<J> {
    queue: mpsc::SyncSender<J>,
}

impl<J: Send + 'static> Worker<J> {
    /// `run` is given the first waiting job and the queue, so that it may take more jobs into one batch.
    /// The thread ends when the last handle is dropped.
    pub fn spawn<M: Send + 'static>(
        name: &str,
        queue: usize,
        mut model: M,
        mut run: impl FnMut(&mut M, J, &mpsc::Receiver<J>) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (sender, receiver) = mpsc::sync_channel::<J>(queue);
        thread::Builder::new().name(name.to_owned()).spawn(move || {
            while let Ok(job) = receiver.recv() {
                run(&mut model, job, &receiver);
            }
        })?;
        Ok(Self { queue: sender })
    }

    pub fn submit(&self, job: J) -> Result<(), ModelError> {
        self.queue.try_send(job).map_err(|error| match error {
            mpsc::TrySendError::Full(_) => ModelError::Overloaded,
            mpsc::TrySendError::Disconnected(_) => ModelError::Failed("the model's thread has ended".into()),
        })
    }
}
