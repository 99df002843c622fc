//! What goes wrong when: a schedule drawn from a seed. A fault's moment is a number of accepted jobs, so that a run can be
//! repeated on a faster or a slower machine.
//!
//! Two lanes run beside each other: what is done to processes of ours, and what is done to the services and to the machine.

use std::fmt;

use clap::ValueEnum;
use songwalker_jobs::failpoint::Failpoint;

use crate::chance::Chance;

/// Which way to run the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Way {
    /// One `serve` process on a data directory.
    Embedded,
    /// `api`, `worker` and `scheduler` processes on PostgreSQL, RabbitMQ, Redis and S3.
    Distributed,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Embedded => "embedded",
            Self::Distributed => "distributed",
        })
    }
}

/// What a process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Everything in one.
    Serve,
    /// The HTTP API.
    Api,
    /// A worker.
    Worker,
    /// A scheduler.
    Scheduler,
}

impl Role {
    /// Its name, which is its subcommand too.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Serve => "serve",
            Self::Api => "api",
            Self::Worker => "worker",
            Self::Scheduler => "scheduler",
        }
    }

    /// How many there are.
    pub const fn count(self) -> usize {
        match self {
            Self::Serve => 1,
            Self::Api | Self::Scheduler => 2,
            Self::Worker => 3,
        }
    }

    /// The roles of a way to run.
    pub const fn of(way: Way) -> &'static [Self] {
        match way {
            Way::Embedded => &[Self::Serve],
            Way::Distributed => &[Self::Api, Self::Worker, Self::Scheduler],
        }
    }

    /// The steps at which it can be stopped.
    fn points(self) -> Vec<Failpoint> {
        use Failpoint as F;
        let api = [
            F::AcceptInserted,
            F::AcceptCommitted,
            F::CancelCommitted,
            F::ShareCreated,
            F::DeleteCommitted,
        ];
        let worker = [
            F::IntakeReceived,
            F::ClaimCommitted,
            F::PlanningStored,
            F::ChildStarted,
            F::RenderRequestSent,
            F::PackagingClaimed,
            F::ObjectPut,
            F::PackagingStored,
            F::PublishingCommitted,
            F::EndingFailedCommitted,
            F::CancelAcknowledged,
            F::CancelledCommitted,
        ];
        let scheduler = [
            F::RelayPublished,
            F::RetryReleased,
            F::ObjectTombstoned,
            F::ObjectDeleted,
            F::EraseCommitted,
        ];
        match self {
            Self::Api => api.to_vec(),
            Self::Worker => worker.to_vec(),
            Self::Scheduler => scheduler.to_vec(),
            Self::Serve => [&api[..], &worker, &scheduler].concat(),
        }
    }
}

/// What the way to the object store does to requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreFault {
    /// Answers late.
    Slow,
    /// Answers 503.
    Unavailable,
    /// Does what was asked, and the answer is lost.
    AnswerLost,
    /// The connection ends in the middle of a request.
    Cut,
}

/// A fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// `kill -9` at a random moment, and a new start.
    Kill(Role),
    /// `kill -9` exactly at the nth arrival at a step.
    KillAt(Role, Failpoint, u64),
    /// SIGTERM, and a new start.
    Stop(Role),
    /// Stands still for longer than a lease, and goes on.
    Freeze(Role),
    /// The rendering processes of a worker go wrong in this way, once.
    Children(&'static str),
    /// The store takes an object and says that it did not.
    StoreLies,
    /// Hints come twice, in another order.
    HintsDoubled,
    /// The queues are emptied.
    QueuesPurged,
    /// RabbitMQ is killed and started again.
    BrokerKilled,
    /// RabbitMQ loses its disk.
    BrokerEmptied,
    /// PostgreSQL is killed and started again.
    DatabaseKilled,
    /// PostgreSQL is restarted in order.
    DatabaseRestarted,
    /// Every connection to PostgreSQL is cut, several times.
    ConnectionsCut,
    /// Redis is killed and started again.
    RedisKilled,
    /// Redis forgets everything.
    RedisFlushed,
    /// The S3 server is killed and started again.
    StoreKilled,
    /// The way to the S3 server is disturbed.
    Store(StoreFault),
    /// The wall clock jumps an hour ahead.
    ClockJumps,
    /// The disk is full for a while.
    DiskFull,
}

impl Fault {
    /// Its kind, under which it is counted.
    pub fn kind(&self) -> String {
        match self {
            Self::Kill(role) => format!("kill -9 of {}", role.name()),
            Self::KillAt(role, ..) => format!("kill -9 of {} at a step", role.name()),
            Self::Stop(role) => format!("SIGTERM to {}", role.name()),
            Self::Freeze(role) => format!("{} frozen beyond its lease", role.name()),
            Self::Children(how) => format!("renderer: {how}"),
            Self::StoreLies => "store denies what it did".to_owned(),
            Self::HintsDoubled => "hints doubled and reordered".to_owned(),
            Self::QueuesPurged => "queues purged".to_owned(),
            Self::BrokerKilled => "RabbitMQ killed".to_owned(),
            Self::BrokerEmptied => "RabbitMQ killed, its disk emptied".to_owned(),
            Self::DatabaseKilled => "PostgreSQL killed".to_owned(),
            Self::DatabaseRestarted => "PostgreSQL restarted".to_owned(),
            Self::ConnectionsCut => "PostgreSQL connections cut".to_owned(),
            Self::RedisKilled => "Redis killed".to_owned(),
            Self::RedisFlushed => "Redis flushed".to_owned(),
            Self::StoreKilled => "S3 killed".to_owned(),
            Self::Store(StoreFault::Slow) => "S3 slow".to_owned(),
            Self::Store(StoreFault::Unavailable) => "S3 503".to_owned(),
            Self::Store(StoreFault::AnswerLost) => "S3 answers lost".to_owned(),
            Self::Store(StoreFault::Cut) => "S3 requests cut".to_owned(),
            Self::ClockJumps => "clock an hour ahead".to_owned(),
            Self::DiskFull => "disk full".to_owned(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KillAt(role, point, nth) => {
                write!(f, "kill -9 of {} at {point}, arrival {nth}", role.name())
            }
            other => f.write_str(&other.kind()),
        }
    }
}

/// A fault and its moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    /// After how many accepted jobs.
    pub after: u64,
    /// Which process of its role, or another number that the fault wants.
    pub which: u64,
    /// What.
    pub fault: Fault,
}

/// The schedule of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What is done to processes.
    pub processes: Vec<Planned>,
    /// What is done to the services and the machine.
    pub services: Vec<Planned>,
}

/// Steps of every job: one of the first arrivals is as good as the first.
const COMMON: [Failpoint; 12] = [
    Failpoint::AcceptInserted,
    Failpoint::AcceptCommitted,
    Failpoint::RelayPublished,
    Failpoint::IntakeReceived,
    Failpoint::ClaimCommitted,
    Failpoint::PlanningStored,
    Failpoint::ChildStarted,
    Failpoint::RenderRequestSent,
    Failpoint::PackagingClaimed,
    Failpoint::ObjectPut,
    Failpoint::PackagingStored,
    Failpoint::PublishingCommitted,
];

/// How rendering processes go wrong.
const CHILDREN: [&str; 10] = [
    "crash",
    "leak",
    "hang",
    "hang_hard",
    "exit",
    "panic",
    "rubbish",
    "endless_line",
    "half_bundle",
    "wrong_hash",
];

impl Plan {
    /// Draws the schedule for so many jobs.
    pub fn draw(way: Way, jobs: u64, seed: u64) -> Self {
        let mut chance = Chance::new(seed, 1);
        let processes = of_processes(way, &mut chance);
        let services = of_services(way);
        let count = |least: usize, every: u64| least.max(usize::try_from(jobs / every).unwrap_or(0));
        Self {
            processes: spread(&processes, count(12, 5), jobs, &mut chance),
            services: spread(&services, count(services.len(), 10), jobs, &mut chance),
        }
    }
}

fn of_processes(way: Way, chance: &mut Chance) -> Vec<Fault> {
    let mut faults = Vec::new();
    for role in Role::of(way) {
        faults.extend([Fault::Kill(*role), Fault::Stop(*role), Fault::Freeze(*role)]);
        let points = role.points();
        faults.extend(points.iter().map(|point| {
            let arrival = if COMMON.contains(point) {
                chance.between(1, 4)
            } else {
                1
            };
            Fault::KillAt(*role, *point, arrival)
        }));
    }
    faults.extend(CHILDREN.map(Fault::Children));
    faults.push(Fault::StoreLies);
    faults
}

fn of_services(way: Way) -> Vec<Fault> {
    match way {
        Way::Embedded => vec![Fault::HintsDoubled, Fault::ClockJumps, Fault::DiskFull],
        Way::Distributed => vec![
            Fault::HintsDoubled,
            Fault::QueuesPurged,
            Fault::BrokerKilled,
            Fault::BrokerEmptied,
            Fault::DatabaseKilled,
            Fault::DatabaseRestarted,
            Fault::ConnectionsCut,
            Fault::RedisKilled,
            Fault::RedisFlushed,
            Fault::StoreKilled,
            Fault::Store(StoreFault::Slow),
            Fault::Store(StoreFault::Unavailable),
            Fault::Store(StoreFault::AnswerLost),
            Fault::Store(StoreFault::Cut),
            Fault::ClockJumps,
        ],
    }
}

/// So many of these, each once before any comes again, evenly over the run.
fn spread(kinds: &[Fault], count: usize, jobs: u64, chance: &mut Chance) -> Vec<Planned> {
    let mut faults = Vec::with_capacity(count);
    while faults.len() < count && !kinds.is_empty() {
        let mut round = kinds.to_vec();
        chance.shuffle(&mut round);
        faults.extend(round);
    }
    faults.truncate(count);
    let count = u64::try_from(faults.len()).unwrap_or(1);
    (1..)
        .zip(faults)
        .map(|(n, fault)| Planned {
            after: jobs * n / (count + 1),
            which: chance.between(0, 999),
            fault,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_draws_one_schedule_and_a_long_one_has_every_fault() {
        for way in [Way::Embedded, Way::Distributed] {
            let plan = Plan::draw(way, 2_000, 5);
            assert_eq!(plan, Plan::draw(way, 2_000, 5));
            assert_ne!(plan, Plan::draw(way, 2_000, 6));
            for lane in [&plan.processes, &plan.services] {
                assert!(lane.is_sorted_by_key(|planned| planned.after));
            }
            for fault in of_processes(way, &mut Chance::new(1, 1)) {
                let is_there = |planned: &Planned| match (planned.fault, fault) {
                    (Fault::KillAt(a, b, _), Fault::KillAt(c, d, _)) => (a, b) == (c, d),
                    (one, other) => one == other,
                };
                assert!(plan.processes.iter().any(is_there), "{fault}");
            }
            for fault in of_services(way) {
                assert!(plan.services.iter().any(|planned| planned.fault == fault));
            }
        }
    }

    #[test]
    fn every_step_at_which_a_process_can_be_stopped_is_in_one_of_the_roles() {
        // What fails in place of stopping, and what only jobs with a language model come to (`tests/tests/llm.rs`).
        let fails = [
            Failpoint::StorePutLies,
            Failpoint::StorePutFull,
            Failpoint::ModelCallBegun,
            Failpoint::ModelAnswered,
        ];
        for point in Failpoint::ALL.iter().filter(|point| !fails.contains(point)) {
            let roles = [Role::Api, Role::Worker, Role::Scheduler];
            assert!(roles.iter().any(|role| role.points().contains(point)), "{point}");
            assert!(Role::Serve.points().contains(point), "{point}");
        }
    }
}
