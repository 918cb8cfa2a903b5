//! The threads of one model: they wait for a short while in a spin and then sleep, because a token is some two
//! hundred short parallel steps and waking a sleeping thread costs more than most of them.

use std::{
    cell::UnsafeCell,
    hint::spin_loop,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
};

/// About 50 µs: longer than what stands between two parallel steps of one token, shorter than anything else.
const SPINS: u32 = 20_000;

/// Multiplications below which a step is done sooner by one thread than by waking another.
const ALONE: usize = 100_000;

/// In `Shared::gate`: the number of the step, whether it is over, and how many workers are in it.
const STEP: u64 = 1 << 32;
const CLOSED: u64 = 1 << 31;

type Step<'a> = &'a (dyn Fn() + Sync);

struct Shared {
    /// The step that runs. Read only by workers who are counted in `gate`.
    step: UnsafeCell<Option<Step<'static>>>,
    gate: AtomicU64,
    stop: AtomicBool,
    panic: Mutex<Option<Box<dyn std::any::Any + Send>>>,
}

// SAFETY: `step` is written by the one owner of the team (`run` takes `&mut self`) while the gate is closed and nobody
// is in; a worker reads it after it has entered an open gate (acquire) and before it has left (release).
unsafe impl Sync for Shared {}
unsafe impl Send for Shared {}

pub struct Team {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

impl Team {
    /// `threads` counts the caller, who works too.
    pub fn new(threads: usize) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            step: UnsafeCell::new(None),
            gate: AtomicU64::new(CLOSED),
            stop: AtomicBool::new(false),
            panic: Mutex::new(None),
        });
        let mut team = Self { shared, workers: Vec::new() };
        for index in 1..threads.max(1) {
            let shared = team.shared.clone();
            let worker = thread::Builder::new().name(format!("generator-{index}")).spawn(move || work(&shared))?;
            team.workers.push(worker);
        }
        Ok(team)
    }

    pub fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Runs `step` here and on every worker that comes before it has ended here. Nobody waits for a worker that has
    /// not come: on a busy machine that would be the time of another process.
    fn run(&mut self, step: Step<'_>) {
        let shared = &*self.shared;
        // SAFETY: the gate is closed and nobody is in, see `Shared`; this function does not end before that is so
        // again, also when its own part panics.
        unsafe { *shared.step.get() = Some(std::mem::transmute::<Step<'_>, Step<'static>>(step)) };
        let before = shared.gate.load(Ordering::Relaxed);
        shared.gate.store((before & !(STEP - 1)).wrapping_add(STEP), Ordering::Release);
        for worker in &self.workers {
            worker.thread().unpark();
        }
        let own = catch_unwind(AssertUnwindSafe(step));
        let mut inside = shared.gate.fetch_or(CLOSED, Ordering::AcqRel) & (CLOSED - 1);
        let mut spins = 0u32;
        while inside != 0 {
            spins += 1;
            // A worker may have lost its core to another process.
            if spins < SPINS {
                spin_loop()
            } else {
                thread::yield_now()
            }
            inside = shared.gate.load(Ordering::Acquire) & (CLOSED - 1);
        }
        let other = shared.panic.lock().ok().and_then(|mut panic| panic.take());
        if let Some(payload) = own.err().or(other) {
            resume_unwind(payload);
        }
    }

    /// Splits `0..items` into pieces that the threads take one after the other, so that a thread that was slowed
    /// down takes fewer. `work` is about how many multiplications there are in all.
    pub fn split(&mut self, items: usize, work: usize, step: impl Fn(Range<usize>) + Sync) {
        if items == 0 {
            return;
        }
        if self.workers.is_empty() || items == 1 || work < ALONE {
            return step(0..items);
        }
        let piece = items.div_ceil(self.threads() * 8);
        let next = AtomicUsize::new(0);
        self.run(&|| {
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

fn work(shared: &Shared) {
    let mut seen = 0;
    loop {
        let mut spins = 0u32;
        let mut gate;
        loop {
            if shared.stop.load(Ordering::Acquire) {
                return;
            }
            gate = shared.gate.load(Ordering::Acquire);
            if gate / STEP != seen {
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
        if gate & CLOSED != 0 {
            seen = gate / STEP;
            continue;
        }
        if shared.gate.compare_exchange(gate, gate + 1, Ordering::AcqRel, Ordering::Acquire).is_err() {
            continue;
        }
        seen = gate / STEP;
        // SAFETY: this worker is in, see `Shared`.
        let step = unsafe { *shared.step.get() };
        if let Some(step) = step
            && let Err(payload) = catch_unwind(AssertUnwindSafe(step))
            && let Ok(mut panic) = shared.panic.lock()
        {
            *panic = Some(payload);
        }
        shared.gate.fetch_sub(1, Ordering::Release);
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
                for _ in 0..20 {
                    team.split(items, usize::MAX, |range| {
                        for item in range {
                            done[item].fetch_add(1, Ordering::Relaxed);
                        }
                    });
                }
                assert!(
                    done.iter().all(|count| count.load(Ordering::Relaxed) == 20),
                    "{threads} threads, {items} items"
                );
            }
        }
    }

    #[test]
    fn the_workers_work() {
        let mut team = Team::new(2).unwrap();
        let names = Mutex::new(std::collections::HashSet::new());
        // The step is slow enough for the worker to come; how often it does is the machine's business.
        for _ in 0..20 {
            team.split(16, usize::MAX, |_| {
                thread::sleep(std::time::Duration::from_millis(2));
                names.lock().unwrap().insert(thread::current().id());
            });
        }
        assert_eq!(names.into_inner().unwrap().len(), 2);
    }

    #[test]
    fn a_panic_of_any_piece_reaches_the_caller_and_the_team_goes_on() {
        let mut team = Team::new(2).unwrap();
        for bad in [0, 7, 15] {
            let run = || team.split(16, usize::MAX, |range| assert!(!range.contains(&bad)));
            assert!(catch_unwind(AssertUnwindSafe(run)).is_err(), "piece {bad}");
        }
        let sum = AtomicUsize::new(0);
        team.split(16, usize::MAX, |range| {
            sum.fetch_add(range.sum::<usize>(), Ordering::Relaxed);
        });
        assert_eq!(sum.into_inner(), 120);
    }
}
