//! What happened, counted by name, and what should not have happened, told.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

/// How many of one kind of what should not have happened are told.
const TOLD: usize = 50;

/// A job that a client was told is accepted.
#[derive(Debug, Clone)]
pub struct Told {
    /// Whose, by number.
    pub user: usize,
    /// Its client asked for its deletion: it may be gone.
    pub is_deleted: bool,
}

/// What one run has seen so far.
#[derive(Debug)]
pub struct Counts {
    jobs: Mutex<BTreeMap<String, Told>>,
    accepted: watch::Sender<u64>,
    by_name: Mutex<BTreeMap<String, u64>>,
    strange: Mutex<Vec<String>>,
    untold: AtomicU64,
}

impl Counts {
    /// Nothing yet.
    pub fn new() -> Self {
        Self {
            jobs: Mutex::default(),
            accepted: watch::channel(0).0,
            by_name: Mutex::default(),
            strange: Mutex::default(),
            untold: AtomicU64::new(0),
        }
    }

    /// One more of that name.
    pub fn count(&self, name: impl Into<String>) {
        let mut counts = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(name.into()).or_default() += 1;
    }

    /// Something that should not have happened.
    pub fn strange(&self, what: impl Into<String>) {
        let mut strange = self.strange.lock().unwrap_or_else(PoisonError::into_inner);
        if strange.len() < TOLD {
            let what = what.into();
            eprintln!("strange: {what}");
            strange.push(what);
        } else {
            self.untold.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// A client was told that its job is accepted.
    pub fn accepted(&self, id: &str, user: usize) {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let told = Told {
            user,
            is_deleted: false,
        };
        jobs.entry(id.to_owned()).or_insert(told);
        let count = u64::try_from(jobs.len()).unwrap_or(0);
        self.accepted.send_replace(count);
    }

    /// A client asks for the deletion of its job.
    pub fn deleted(&self, id: &str) {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(told) = jobs.get_mut(id) {
            told.is_deleted = true;
        }
    }

    /// Every job that was accepted.
    pub fn jobs(&self) -> BTreeMap<String, Told> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many were accepted, and when that changes.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.accepted.subscribe()
    }

    /// Everything that was counted.
    pub fn by_name(&self) -> BTreeMap<String, u64> {
        self.by_name
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Everything that should not have happened.
    pub fn all_strange(&self) -> Vec<String> {
        let mut all = self
            .strange
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let more = self.untold.load(Ordering::SeqCst);
        if more > 0 {
            all.push(format!("and {more} more"));
        }
        all
    }
}
