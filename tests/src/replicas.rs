//! Several processes of each kind in place of one, behind one address; and, where that is wanted, processes that come
//! and go all the time: a seeded hand starts one more, or tells one to stop, which then drains as an operator's would.
//! There is never less than one of a kind.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::forwarder::Forwarder;
use crate::processes::Processes;
use crate::service::{Settings, until};

/// The environment variable that asks for them, `many`.
pub const VARIABLE: &str = "SONGWALKER_TEST_REPLICAS";
/// The one that names the seed of what comes and goes; else it is the moment, and printed.
const SEED: &str = "SONGWALKER_TEST_SEED";

/// A kind of process, how many there are at first and at most, and how one is started.
#[derive(Debug)]
struct Kind {
    part: &'static str,
    first: usize,
    most: usize,
    arguments: &'static [&'static str],
}

/// Workers first: what a test asks of "the process" is most often about who has the children.
static KINDS: [Kind; 3] = [
    Kind {
        part: "worker",
        first: 3,
        most: 4,
        arguments: &["worker", "--json"],
    },
    Kind {
        part: "scheduler",
        first: 2,
        most: 3,
        arguments: &["scheduler", "--json"],
    },
    Kind {
        part: "api",
        first: 2,
        most: 3,
        arguments: &["api", "--json", "--listen", "127.0.0.1:0"],
    },
];

/// How long a worker that is told to stop lets its jobs go on; drawn for each.
const GRACES: [&str; 3] = ["0ms", "300ms", "3s"];
/// The pauses between two changes, milliseconds.
const PAUSES_MS: std::ops::Range<u64> = 400..2_000;
/// How long a proxy takes until it has noticed that a replica is to go.
const NOTICED: Duration = Duration::from_secs(1);

/// Whether tests on services are to run on many.
#[must_use]
pub fn are_wanted() -> bool {
    std::env::var(VARIABLE).is_ok_and(|value| value == "many")
}

/// How many of a kind were started and told to stop while the service ran.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Churned {
    /// Started.
    pub added: usize,
    /// Told to stop, and ended well.
    pub removed: usize,
}

/// Replicas that run.
#[derive(Debug)]
pub struct Replicas {
    /// `http://127.0.0.1:port`, the one address of all API processes.
    pub url: String,
    forwarder: Forwarder,
    hand: Hand,
    /// Whether something comes and goes; dropped, it all ends.
    churns: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

/// What was changed, and what went wrong with it.
#[derive(Debug, Default)]
struct Told {
    churned: BTreeMap<&'static str, Churned>,
    faults: Vec<String>,
}

/// What starts and stops processes.
#[derive(Debug, Clone)]
struct Hand {
    processes: Processes,
    dir: PathBuf,
    settings: Settings,
    forwarder: Forwarder,
    told: Arc<Mutex<Told>>,
    /// Held while something is changed.
    changing: Arc<tokio::sync::Mutex<()>>,
}

impl Replicas {
    /// Starts the first ones, behind an address that knows none of them yet.
    ///
    /// # Errors
    /// One cannot be started.
    pub fn launch(processes: &Processes, dir: PathBuf, settings: &Settings) -> Result<Self> {
        let (listener, url) = Forwarder::bind()?;
        let forwarder = Forwarder::default();
        let hand = Hand {
            processes: processes.clone(),
            dir,
            // Many processes share what the database has.
            settings: settings.clone().with("SONGWALKER__DATABASE__CONNECTIONS", "4"),
            forwarder: forwarder.clone(),
            told: Arc::default(),
            changing: Arc::default(),
        };
        for kind in &KINDS {
            for _ in 0..kind.first {
                processes.start(&hand.dir, &hand.settings, kind.arguments)?;
            }
        }
        let (churns, wanted) = watch::channel(false);
        // A thread of its own: nothing that a test does on its runtime holds up other requests.
        let thread = std::thread::spawn({
            let (forwarder, hand) = (forwarder.clone(), hand.clone());
            move || {
                let ended = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .map_err(anyhow::Error::from)
                    .and_then(|runtime| {
                        runtime.block_on(async {
                            tokio::select! {
                                ran = forwarder.run(listener) => ran,
                                () = hand.work(wanted) => Ok(()),
                            }
                        })
                    });
                if let Err(error) = ended {
                    hand.fault(&error);
                }
            }
        });
        Ok(Self {
            url,
            forwarder,
            hand,
            churns,
            thread: Some(thread),
        })
    }

    /// Puts an API process behind the address.
    ///
    /// # Errors
    /// Its address is none.
    pub fn put(&self, pid: u32, url: &str) -> Result<()> {
        self.forwarder.put(pid, url)
    }

    /// From now on processes come and go.
    pub fn churn(&self) {
        self.churns.send_replace(true);
    }

    /// What came and went.
    #[must_use]
    pub fn churned(&self) -> BTreeMap<&'static str, Churned> {
        self.hand
            .told
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .churned
            .clone()
    }

    /// Nothing comes or goes any more, but what goes already.
    pub async fn rest(&self) {
        self.churns.send_replace(false);
        drop(self.hand.changing.lock().await);
    }

    /// What went wrong with what came and went.
    ///
    /// # Errors
    /// Something did.
    pub fn check(&self) -> Result<()> {
        let told = self.hand.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.faults
            .first()
            .map_or(Ok(()), |fault| Err(anyhow!("{fault}")))
    }
}

impl Drop for Replicas {
    fn drop(&mut self) {
        // Its end is told by the channel's.
        self.churns = watch::channel(false).0;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        println!("processes that came and went: {:?}", self.churned());
    }
}

impl Hand {
    /// Changes something, again and again, while that is wanted; ends with whoever wants it.
    async fn work(&self, mut wanted: watch::Receiver<bool>) {
        if wanted.wait_for(|wanted| *wanted).await.is_err() {
            return;
        }
        let mut chance = Chance::begin();
        let mut going = JoinSet::new();
        loop {
            let pause = chance.between(PAUSES_MS.start, PAUSES_MS.end);
            tokio::select! {
                // Not a wait for anything: the moment itself is what is tried.
                () = tokio::time::sleep(Duration::from_millis(pause)) => {}
                changed = wanted.changed() => if changed.is_err() { return },
            }
            if wanted.wait_for(|wanted| *wanted).await.is_err() {
                return;
            }
            let changing = self.changing.lock().await;
            if *wanted.borrow() && !self.processes.is_closed() {
                self.change(&mut chance, &mut going).await;
            }
            drop(changing);
        }
    }

    /// Adds one, or tells one to stop.
    async fn change(&self, chance: &mut Chance, going: &mut JoinSet<()>) {
        let kind = &KINDS[chance.below(KINDS.len())];
        let there = self.processes.ids(Some(kind.part));
        let adds = there.len() <= 1 || (there.len() < kind.most && chance.below(2) == 0);
        if adds {
            let grace = GRACES[chance.below(GRACES.len())];
            let added = self.add(kind, grace).await;
            self.note(kind, added, |churned| churned.added += 1);
            return;
        }
        let pid = there[chance.below(there.len())];
        if kind.part == "api" {
            self.forwarder.take_out(pid);
            tokio::time::sleep(NOTICED).await;
        }
        if let Err(error) = self.processes.tell_to_stop(pid) {
            self.fault(&error);
        }
        // It drains while others come and go.
        let hand = self.clone();
        going.spawn(async move {
            let ended = until("the end of a process that was told to stop", || async {
                hand.processes
                    .has_ended(pid)
                    .map(|ended| ended.then_some(()))
                    .transpose()
            })
            .await
            .flatten();
            let counts = (!hand.processes.is_closed()).then_some(());
            hand.note(kind, ended.map(|()| counts), |churned| churned.removed += 1);
        });
    }

    async fn add(&self, kind: &'static Kind, grace: &str) -> Result<Option<()>> {
        let settings = self
            .settings
            .clone()
            .with("SONGWALKER__WORKER__SHUTDOWN_GRACE", grace);
        let Some(pid) = self.processes.start(&self.dir, &settings, kind.arguments)? else {
            return Ok(None);
        };
        let told = until("a process that was added", || async {
            let told = self.processes.announced(pid).map(Some);
            told.or_else(|| self.processes.is_closed().then_some(None))
        });
        let Some(told) = told.await? else { return Ok(None) };
        if let Some(url) = told["url"].as_str() {
            self.forwarder.put(pid, url)?;
        }
        Ok(Some(()))
    }

    /// Counts a change, or keeps what went wrong with it; at the service's end neither is of interest.
    fn note(&self, kind: &Kind, done: Result<Option<()>>, count: impl FnOnce(&mut Churned)) {
        match done {
            Ok(None) => {}
            Ok(Some(())) => {
                let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
                count(told.churned.entry(kind.part).or_default());
            }
            Err(error) => self.fault(&error.context(kind.part)),
        }
    }

    fn fault(&self, error: &anyhow::Error) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.faults.push(format!("{error:#}"));
    }
}

/// A fixed sequence from a seed (a linear congruence), so that a failure can be found again.
struct Chance(u64);

impl Chance {
    fn begin() -> Self {
        let given = std::env::var(SEED).ok().and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or_else(|| u64::from(std::process::id()));
        println!("processes come and go by {SEED}={seed}");
        Self(seed)
    }

    fn draw(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.draw() % (to - from)
    }

    fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.draw()).unwrap_or(0) % count
    }
}

/// The first replicas, once each has announced itself; the addresses of the API's.
///
/// # Errors
/// Never.
pub fn announced(processes: &Processes) -> Result<Option<Vec<(u32, String)>>> {
    let mut apis = Vec::new();
    for pid in processes.ids(None) {
        let Some(told) = processes.announced(pid) else {
            return Ok(None);
        };
        if told["part"] == "api" {
            let url = told["url"].as_str().context("an API without an address")?;
            apis.push((pid, url.trim_end_matches('/').to_owned()));
        }
    }
    Ok(Some(apis))
}
