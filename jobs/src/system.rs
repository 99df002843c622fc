//! Everything that an operation of the job domain needs, behind one cheap handle.

use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::Arc;

use crate::artifacts::BundleCache;
use crate::clock::Clock;
use crate::config::Config;
use crate::db::Db;
use crate::group::Group;
use crate::ports::{EventBus, ObjectKey, ObjectStore, Queue, RateLimiter};
use crate::row::JobRow;
use crate::{accept, publish};

/// What the generator offers, as far as the job domain needs to know it.
#[derive(Debug, Clone)]
pub struct Catalogue {
    /// Version of planner, templates, mapper and engine: part of every job key (R2).
    pub generator_version: String,
    /// The templates that there are.
    pub template_ids: BTreeSet<String>,
}

/// The parts.
pub struct Parts {
    /// The configuration in force.
    pub config: Config,
    /// The database.
    pub db: Db,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Where hints go.
    pub queue: Arc<dyn Queue>,
    /// Where bundles lie.
    pub store: Arc<dyn ObjectStore>,
    /// Who may ask how often.
    pub limiter: Arc<dyn RateLimiter>,
    /// Where changes are told.
    pub bus: Arc<dyn EventBus>,
    /// What the generator offers.
    pub catalogue: Catalogue,
}

/// The parts, and what is kept in memory beside them.
struct Whole {
    parts: Parts,
    bundles: BundleCache,
    requests: Group<accept::Plain, JobRow>,
    successes: Group<publish::Success, Vec<ObjectKey>>,
}

/// A handle on everything; clones are the same system.
#[derive(Clone)]
pub struct System(Arc<Whole>);

impl std::fmt::Debug for System {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("System")
    }
}

impl System {
    /// Puts the parts together.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Whole {
            parts,
            bundles: BundleCache::default(),
            requests: Group::default(),
            successes: Group::default(),
        }))
    }

    /// The bundles that were asked for last.
    pub(crate) fn bundles(&self) -> &BundleCache {
        &self.0.bundles
    }

    /// Requests that are accepted together.
    pub(crate) fn requests(&self) -> &Group<accept::Plain, JobRow> {
        &self.0.requests
    }

    /// Attempts that say their results together.
    pub(crate) fn successes(&self) -> &Group<publish::Success, Vec<ObjectKey>> {
        &self.0.successes
    }
}

impl Deref for System {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0.parts
    }
}

impl Parts {
    /// How long prompts are kept under a plan; the configuration's word goes before the plan's. `None`: until told.
    #[must_use]
    pub fn keep_prompts(&self, plan: &crate::entity::plans::Model) -> Option<std::time::Duration> {
        let own = self.config.retention.prompts.map(|span| span.duration());
        own.or_else(|| span(plan.keep_prompts_ms))
    }

    /// How long artifacts are kept under a plan that says so many milliseconds, likewise.
    #[must_use]
    pub fn keep_artifacts_of(&self, plan_ms: Option<i64>) -> Option<std::time::Duration> {
        let own = self.config.retention.artifacts.map(|span| span.duration());
        own.or_else(|| span(plan_ms))
    }
}

fn span(ms: Option<i64>) -> Option<std::time::Duration> {
    ms.map(|ms| std::time::Duration::from_millis(u64::try_from(ms).unwrap_or(0)))
}
