//! Who is told how far a transfer is.

/// Told of a transfer's progress; [`()`](unit) ignores it.
pub trait Progress: Send + Sync {
    /// A transfer of `total` bytes begins.
    fn start(&self, total: u64);

    /// `bytes` more are done, those of an earlier attempt included.
    fn add(&self, bytes: u64);
}

impl Progress for () {
    fn start(&self, _total: u64) {}

    fn add(&self, _bytes: u64) {}
}
