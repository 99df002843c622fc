//! The service of a run: its place, its processes, where it listens, and what was seen of it. Whoever dies is started
//! again, as a supervisor of services would.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::counts::Counts;
use crate::place::Place;
use crate::plan::{Role, Way};
use crate::process::Process;
use crate::receiver::Receiver;

/// How often is looked whether a process has died.
const LOOK: Duration = Duration::from_millis(100);

/// The service of a run.
pub struct World {
    /// Where.
    pub place: Place,
    /// What was seen.
    pub counts: Counts,
    /// Who is told of the ends of jobs.
    pub receiver: Receiver,
    /// The processes.
    pub processes: Vec<Arc<Mutex<Process>>>,
    roles: Vec<Role>,
    /// Where it listens, by replica.
    pub urls: Vec<String>,
    /// The keys of its users.
    pub keys: Vec<String>,
}

impl World {
    /// A service in a place, started.
    ///
    /// # Errors
    /// It cannot be.
    pub async fn start(place: Place, users: usize, seed: u64) -> Result<Self> {
        let keys: Result<Vec<String>> = (0..users).map(|n| place.user(&format!("user-{n}"))).collect();
        let keys = keys?;
        place.observe_quotas().await?;
        let mut world = Self {
            counts: Counts::new(),
            receiver: Receiver::start(seed).await?,
            processes: Vec::new(),
            roles: Vec::new(),
            urls: Vec::new(),
            keys,
            place,
        };
        for role in Role::of(world.place.way) {
            for number in 1..=role.count() {
                let mut arguments = vec![role.name().to_owned()];
                if matches!(role, Role::Serve | Role::Api) {
                    // The same at every start, so that clients find it again.
                    let listen = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
                    arguments.extend(["--listen".to_owned(), listen.to_string()]);
                    world.urls.push(format!("http://{listen}"));
                }
                let (environment, logs) = (world.place.environment(), world.place.logs());
                let binary = world.place.binary();
                let mut process = Process::new(*role, number, binary, arguments, environment, &logs);
                process.start("", "")?;
                world.processes.push(Arc::new(Mutex::new(process)));
                world.roles.push(*role);
            }
        }
        Ok(world)
    }

    /// One of the processes of a role.
    pub fn process(&self, role: Role, which: u64) -> Option<&Arc<Mutex<Process>>> {
        let of_role: Vec<&Arc<Mutex<Process>>> = self
            .processes
            .iter()
            .zip(&self.roles)
            .filter_map(|(process, its)| (*its == role).then_some(process))
            .collect();
        let at = usize::try_from(which).ok()?.checked_rem(of_role.len())?;
        of_role.get(at).copied()
    }

    /// A process that runs jobs.
    pub fn worker(&self, which: u64) -> Option<&Arc<Mutex<Process>>> {
        match self.place.way {
            Way::Embedded => self.process(Role::Serve, which),
            Way::Distributed => self.process(Role::Worker, which),
        }
    }

    /// Starts again whatever has died, until `stop`.
    pub async fn look_after(&self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            for process in &self.processes {
                // Who holds it is about to do the same.
                let Ok(mut process) = process.try_lock() else {
                    continue;
                };
                let Some(ended) = process.ended_by_itself() else {
                    continue;
                };
                self.counts
                    .count(format!("restart: {} had ended by itself", process.role.name()));
                if ended.is_crash {
                    self.counts
                        .strange(format!("{} crashed with {}", ended.name, ended.status));
                }
                if let Err(error) = process.start("", "") {
                    self.counts.strange(format!("{error:#}"));
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}
