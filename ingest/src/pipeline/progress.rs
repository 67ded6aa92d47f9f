//! What a run says about itself while it works: numbers only.

/// Told how far a run is. Calls come from the run's own thread, a few per second and file.
pub trait Progress {
    /// A file begins: which of how many, and its unpacked size.
    fn file(&self, _number: usize, _of: usize, _bytes: u64) {}
    /// This much more of the file has been read.
    fn advanced(&self, _bytes: u64, _records: u64) {}
    /// Whether the run is to end with the file at hand.
    fn stopping(&self) -> bool {
        false
    }
    /// Files become durable together.
    fn committing(&self, _files: usize) {}
    /// A local day's derived rows are computed: which of how many.
    fn deriving(&self, _number: usize, _of: usize) {}
}

/// Says nothing.
impl Progress for () {}
