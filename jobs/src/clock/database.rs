//! The steady clock of processes on several machines: the database's (R4). Each process follows it by its own monotonic
//! clock, set anew from time to time, so that reading it costs nothing and a wall clock that jumps on one of the machines
//! ends no lease.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, Statement};
use songwalker_schemas::Timestamp;

use super::{Clock, SystemClock, whole_millis};
use crate::db::Db;
use crate::error::JobsError;

/// How often it is set anew: two quartz clocks drift apart by some ten milliseconds in that time, at worst.
const SET_EVERY: Duration = Duration::from_secs(30);
/// How often the database is asked each time; the answer that came fastest counts.
const ASKED: u32 = 3;
/// A difference of more than this is told in the log: somebody set the database's clock.
const TELLING: i64 = 2_000;

/// The wall clock of this machine, and the steady clock of the database.
#[derive(Debug)]
pub struct DatabaseClock {
    wall: SystemClock,
    started: Instant,
    /// The database's milliseconds at `started`.
    base: AtomicI64,
}

impl DatabaseClock {
    /// Asks the database for its time, and goes on asking as long as the clock is there.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn start(db: &Db) -> Result<Arc<Self>, JobsError> {
        let clock = Arc::new(Self {
            wall: SystemClock::new(),
            started: Instant::now(),
            base: AtomicI64::new(0),
        });
        clock.set(db).await?;
        tokio::spawn(keep(Arc::downgrade(&clock), db.clone()));
        Ok(clock)
    }

    async fn set(&self, db: &Db) -> Result<(), JobsError> {
        let mut best: Option<(Duration, i64)> = None;
        for _ in 0..ASKED {
            let asked = self.started.elapsed();
            let now = of_database(db).await?;
            let took = self.started.elapsed() - asked;
            let base = now - whole_millis(asked + took / 2);
            if best.is_none_or(|(fastest, _)| took < fastest) {
                best = Some((took, base));
            }
        }
        if let Some((_, base)) = best {
            let before = self.base.swap(base, Ordering::SeqCst);
            let by = base - before;
            if before != 0 && by.abs() > TELLING {
                tracing::warn!(clock.moved_ms = by, "the clock of the database was set");
            }
        }
        Ok(())
    }
}

async fn of_database(db: &Db) -> Result<i64, JobsError> {
    let connection = db.read();
    let ask = "SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::BIGINT";
    let row = connection
        .query_one_raw(Statement::from_string(connection.get_database_backend(), ask))
        .await?;
    row.map(|row| row.try_get_by_index(0))
        .transpose()?
        .ok_or_else(|| JobsError::Internal("the database has no time".to_owned()))
}

/// Sets the clock again and again. A database that is away is asked again later: the monotonic clock goes on.
async fn keep(clock: Weak<DatabaseClock>, db: Db) {
    loop {
        tokio::time::sleep(SET_EVERY).await;
        let Some(clock) = clock.upgrade() else { return };
        if let Err(error) = clock.set(&db).await {
            tracing::debug!(error = %error, "the clock of the database was not asked");
        }
    }
}

impl Clock for DatabaseClock {
    fn now(&self) -> Timestamp {
        self.wall.now()
    }

    fn steady(&self) -> Timestamp {
        Timestamp::from_millis(self.base.load(Ordering::SeqCst) + whole_millis(self.started.elapsed()))
    }

    fn skew(&self) -> Option<i64> {
        Some(self.now().as_millis() - self.steady().as_millis())
    }
}
