//! A thread beside the one that reads: row groups are sorted, encoded, compressed and sealed on it.
//!
//! At most one job runs and none waits: who has the next one ready waits for the one before, so that
//! memory stays at one row group under way and one being filled.

use std::sync::mpsc::{self, SyncSender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::error::{Error, Kind};

type Job = Box<dyn FnOnce() -> Result<(), Error> + Send>;

/// What worker and owner share.
#[derive(Default)]
struct Ledger {
    /// The first failure; no job runs after it.
    failed: Option<Error>,
    busy: Duration,
}

/// Runs jobs one after the other, in the order given. Dropping it waits for the job under way.
pub(crate) struct Worker {
    name: &'static str,
    running: Option<(SyncSender<Job>, JoinHandle<()>)>,
    /// A job has failed, and its owner knows.
    broken: bool,
    ledger: Arc<Mutex<Ledger>>,
}

impl Worker {
    /// A worker whose thread begins with its first job.
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, running: None, broken: false, ledger: Arc::default() }
    }

    /// Hands a job over, once the one before is done.
    ///
    /// # Errors
    /// The failure of an earlier job, once.
    pub(crate) fn run(
        &mut self,
        job: impl FnOnce() -> Result<(), Error> + Send + 'static,
    ) -> Result<(), Error> {
        self.check()?;
        if self.broken {
            return Err(Error::new(Kind::Bug, "a row group was to be written after another one failed"));
        }
        if self.running.is_none() {
            self.running = Some(self.begin()?);
        }
        let sent = self.running.as_ref().is_some_and(|(jobs, _)| jobs.send(Box::new(job)).is_ok());
        if sent {
            return Ok(());
        }
        // Its thread has ended: by the failure of the job before, or by a panic.
        self.wait()?;
        Err(Error::new(Kind::Bug, "a row group was not written"))
    }

    fn begin(&self) -> Result<(SyncSender<Job>, JoinHandle<()>), Error> {
        let (jobs, queue) = mpsc::sync_channel::<Job>(0);
        let ledger = Arc::clone(&self.ledger);
        let work = move || {
            for job in queue {
                let begun = Instant::now();
                let outcome = job();
                let mut ledger = lock(&ledger);
                ledger.busy += begun.elapsed();
                if let Err(error) = outcome {
                    ledger.failed.get_or_insert(error);
                    // The owner's next job is not taken; it asks why.
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name(self.name.to_owned())
            .spawn(work)
            .map_err(|error| Error::new(Kind::Environment, "no thread can be started").because(error))?;
        Ok((jobs, thread))
    }

    /// Waits until everything handed over is done.
    ///
    /// # Errors
    /// The failure of a job; [`Kind::Bug`] when one ended in a panic.
    pub(crate) fn wait(&mut self) -> Result<(), Error> {
        if let Some((jobs, thread)) = self.running.take() {
            drop(jobs);
            if thread.join().is_err() {
                self.broken = true;
                return Err(Error::new(Kind::Bug, "a writer of row groups ended unexpectedly"));
            }
        }
        self.check()
    }

    /// The failure of a job, once.
    fn check(&mut self) -> Result<(), Error> {
        let failed = lock(&self.ledger).failed.take();
        self.broken |= failed.is_some();
        failed.map_or(Ok(()), Err)
    }

    /// How long jobs took, those that are done.
    pub(crate) fn busy(&self) -> Duration {
        lock(&self.ledger).busy
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Whoever drops it without waiting gives up and has an error of its own.
        drop(self.wait());
    }
}

/// What a job that panicked left is looked at by nobody but those who clean up.
pub(crate) fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

    use super::*;

    #[test]
    fn jobs_run_in_order_and_waiting_lets_it_go_on() {
        let done = Arc::new(Mutex::new(Vec::new()));
        let mut worker = Worker::new("test");
        for round in 0..3 {
            for job in 0..10 {
                let done = Arc::clone(&done);
                worker
                    .run(move || {
                        lock(&done).push((round, job));
                        Ok(())
                    })
                    .unwrap();
            }
            worker.wait().unwrap();
            assert_eq!(lock(&done).len(), 10 * (round + 1));
        }
        assert!(lock(&done).is_sorted());
    }

    #[test]
    fn a_failure_is_told_once_and_ends_the_jobs_behind_it() {
        let mut worker = Worker::new("test");
        let ran = Arc::new(Mutex::new(0));
        let mut told = 0;
        for job in 0..5 {
            let ran = Arc::clone(&ran);
            let outcome = worker.run(move || {
                *lock(&ran) += 1;
                if job == 1 { Err(Error::new(Kind::Environment, "the disk is full")) } else { Ok(()) }
            });
            if let Err(error) = outcome {
                assert_eq!(error.kind(), Kind::Environment);
                told += 1;
                break;
            }
        }
        told += usize::from(worker.wait().is_err());
        assert_eq!((told, *lock(&ran)), (1, 2));
        assert_eq!(worker.run(|| Ok(())).unwrap_err().kind(), Kind::Bug);
    }

    #[test]
    fn a_panic_becomes_an_error() {
        let mut worker = Worker::new("test");
        worker.run(|| panic!("a test's own")).unwrap();
        assert_eq!(worker.wait().unwrap_err().kind(), Kind::Bug);
    }
}
