//! The threads of one model: they wait for a short while in a spin and then sleep, because a token is some two
//! hundred short parallel steps and waking a sleeping thread costs more than most of them.

use std::{
    cell::UnsafeCell,
    hint::spin_loop,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
};

/// About 50 µs: longer than the steps between two parallel steps of one token, shorter than anything else.
const SPINS: u32 = 20_000;

type Step<'a> = &'a (dyn Fn(usize) + Sync);

struct Shared {
    /// The step that runs; valid while `running` is not zero.
    step: UnsafeCell<Option<Step<'static>>>,
    /// Raised by one for each step.
    round: AtomicUsize,
    running: AtomicUsize,
    stop: AtomicBool,
    panic: Mutex<Option<Box<dyn std::any::Any + Send>>>,
}

// SAFETY: `step` is written by the one owner of the team (`run` takes `&mut self`) while no worker runs, and read by
// workers only between the raise of `round` (release/acquire) and their own decrement of `running`.
unsafe impl Sync for Shared {}
unsafe impl Send for Shared {}

pub struct Team {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

impl Team {
    /// `threads` counts the caller of `run`, who works too.
    pub fn new(threads: usize) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            step: UnsafeCell::new(None),
            round: AtomicUsize::new(0),
            running: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
            panic: Mutex::new(None),
        });
        let mut team = Self { shared, workers: Vec::new() };
        for index in 1..threads.max(1) {
            let shared = team.shared.clone();
            let worker = thread::Builder::new().name(format!("generator-{index}")).spawn(move || work(&shared, index))?;
            team.workers.push(worker);
        }
        Ok(team)
    }

    pub fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Runs `step(thread)` on every thread and waits for all of them.
    pub fn run(&mut self, step: Step<'_>) {
        if self.workers.is_empty() {
            return step(0);
        }
        let shared = &*self.shared;
        // SAFETY: the reference is used only until `running` is zero again, which this function waits for, also when
        // its own part panics.
        unsafe { *shared.step.get() = Some(std::mem::transmute::<Step<'_>, Step<'static>>(step)) };
        shared.running.store(self.workers.len(), Ordering::Relaxed);
        shared.round.fetch_add(1, Ordering::Release);
        for worker in &self.workers {
            worker.thread().unpark();
        }
        let own = catch_unwind(AssertUnwindSafe(|| step(0)));
        let mut spins = 0u32;
        while shared.running.load(Ordering::Acquire) != 0 {
            spins += 1;
            // A worker may have lost its core to another process.
            if spins < SPINS { spin_loop() } else { thread::yield_now() }
        }
        let other = shared.panic.lock().ok().and_then(|mut panic| panic.take());
        if let Err(payload) = own {
            resume_unwind(payload);
        }
        if let Some(payload) = other {
            resume_unwind(payload);
        }
    }

    /// Splits `0..items` into pieces that the threads take one after the other, so that a thread that was slowed
    /// down by other work takes fewer.
    pub fn split(&mut self, items: usize, step: impl Fn(Range<usize>) + Sync) {
        if items == 0 {
            return;
        }
        if self.workers.is_empty() || items == 1 {
            return step(0..items);
        }
        let piece = items.div_ceil(self.threads() * 8);
        let next = AtomicUsize::new(0);
        self.run(&|_| {
            loop {
                let start = next.fetch_add(piece, Ordering::Relaxed);
                if start >= items {
                    break;
                }
                step(start..items.min(start + piece));
            }
        });
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        for worker in &self.workers {
            worker.thread().unpark();
        }
        for worker in self.workers.drain(..) {
            // A worker catches the panics of its steps, so there is nothing to report here.
            let _ = worker.join();
        }
    }
}

fn work(shared: &Shared, index: usize) {
    let mut seen = 0;
    loop {
        let mut spins = 0u32;
        loop {
            if shared.stop.load(Ordering::Acquire) {
                return;
            }
            let round = shared.round.load(Ordering::Acquire);
            if round != seen {
                seen = round;
                break;
            }
            spins += 1;
            if spins < SPINS {
                spin_loop();
            } else {
                // An unpark that came before this is not lost: park returns at once.
                thread::park();
            }
        }
        // SAFETY: see `Shared`.
        let step = unsafe { *shared.step.get() };
        if let Some(step) = step
            && let Err(payload) = catch_unwind(AssertUnwindSafe(|| step(index)))
            && let Ok(mut panic) = shared.panic.lock()
        {
            *panic = Some(payload);
        }
        shared.running.fetch_sub(1, Ordering::Release);
    }
}

/// A slice that the threads of a team write disjoint parts of.
#[derive(Clone, Copy)]
pub struct Shares<T> {
    start: *mut T,
    length: usize,
}

// SAFETY: it only hands out parts through `part`, whose caller promises that they are disjoint.
unsafe impl<T: Send> Sync for Shares<T> {}
unsafe impl<T: Send> Send for Shares<T> {}

impl<T> Shares<T> {
    pub fn new(slice: &mut [T]) -> Self {
        Self { start: slice.as_mut_ptr(), length: slice.len() }
    }

    /// # Safety
    /// No two threads may hold overlapping parts at the same time, and the slice must outlive them.
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn part<'a>(&self, range: Range<usize>) -> &'a mut [T] {
        assert!(range.start <= range.end && range.end <= self.length);
        // SAFETY: in bounds by the assertion, disjoint by the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(range.start), range.end - range.start) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_done_once() {
        for threads in [1, 2, 3] {
            let mut team = Team::new(threads).unwrap();
            for items in [0, 1, 2, 7, 1000] {
                let done: Vec<AtomicUsize> = (0..items).map(|_| AtomicUsize::new(0)).collect();
                team.split(items, |range| {
                    for item in range {
                        done[item].fetch_add(1, Ordering::Relaxed);
                    }
                });
                assert!(done.iter().all(|count| count.load(Ordering::Relaxed) == 1), "{threads} threads, {items} items");
            }
        }
    }

    #[test]
    fn a_panic_of_any_thread_reaches_the_caller_and_the_team_goes_on() {
        let mut team = Team::new(2).unwrap();
        for thread in [0, 1] {
            let panicked = catch_unwind(AssertUnwindSafe(|| team.run(&|index| assert_ne!(index, thread)))).is_err();
            assert!(panicked, "thread {thread}");
        }
        let sum = AtomicUsize::new(0);
        team.run(&|index| {
            sum.fetch_add(index + 1, Ordering::Relaxed);
        });
        assert_eq!(sum.into_inner(), 3);
    }
}
