//! How far a run has come, told to whoever shows it.

/// Implemented by the binary (a bar on stderr); [`Silent`] shows nothing.
pub trait Progress: Send + Sync {
    /// A phase begins that has `total` steps.
    fn begin(&self, phase: &str, total: usize);
    /// One step is done.
    fn step(&self);
    fn end(&self);
}

#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _phase: &str, _total: usize) {}
    fn step(&self) {}
    fn end(&self) {}
}
