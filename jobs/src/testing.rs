//! A real system for tests, migrated, with the local user, under a clock that stands still until the test moves it:
//! SQLite and disk store in a directory of its own, or, where `SONGWALKER_TEST_ON=services` says so, a schema of its own
//! in the PostgreSQL database of `SONGWALKER_TEST_POSTGRES_URL`. Only in builds for tests.

#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use sea_orm::prelude::Uuid;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};
use songwalker_schemas::{Timestamp, UserId};
use tempfile::TempDir;

use crate::clock::{Clock, ManualClock};
use crate::config::Config;
use crate::entity::users;
use crate::open::open_with_clock;
use crate::system::{Catalogue, System};

/// When both clocks of a test start: 2023-11-14T22:13:20Z.
pub const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// A system with its directory and its clock.
#[derive(Debug)]
pub struct TestSystem {
    /// The system.
    pub system: System,
    /// The clock under which it stands.
    pub clock: Arc<ManualClock>,
    /// The data directory; gone with this.
    pub dir: TempDir,
    /// The local user.
    pub user: UserId,
}

impl Deref for TestSystem {
    type Target = System;

    fn deref(&self) -> &System {
        &self.system
    }
}

/// A system with the configuration's defaults.
pub async fn system() -> TestSystem {
    system_with(|_| ()).await
}

/// A system with a configuration that the test changed.
pub async fn system_with(change: impl FnOnce(&mut Config)) -> TestSystem {
    let dir = tempfile::tempdir().expect("a directory for a test");
    let mut config = Config::for_tests(dir.path());
    change(&mut config);
    let clock = Arc::new(ManualClock::new(START));
    start(dir, config, clock).await
}

/// A system with the configuration's defaults on a directory that another had before.
pub async fn system_in(dir: TempDir) -> TestSystem {
    let config = Config::for_tests(dir.path());
    start(dir, config, Arc::new(ManualClock::new(START))).await
}

/// What a test's generator offers: one template.
#[must_use]
pub fn catalogue() -> Catalogue {
    Catalogue {
        generator_version: "test-1".to_owned(),
        template_ids: ["pad_warm".to_owned()].into(),
    }
}

/// Whether tests run on services instead of a data directory.
#[must_use]
pub fn is_on_services() -> bool {
    std::env::var("SONGWALKER_TEST_ON").is_ok_and(|on| on == "services")
}

/// Names a schema of its own in the test server's database, and migrates it.
#[cfg(feature = "postgres")]
pub async fn on_services(config: &mut Config) {
    if !is_on_services() || config.database.url.is_some() {
        return;
    }
    let server = std::env::var("SONGWALKER_TEST_POSTGRES_URL").expect("the address of a PostgreSQL server");
    let schema = format!("t_{}", Uuid::now_v7().simple());
    let db = crate::Db::connect(&crate::secret::Secret::new(server.clone()), 1)
        .await
        .expect("the server answers");
    sea_orm::ConnectionTrait::execute_unprepared(db.writer(), &format!("CREATE SCHEMA {schema}"))
        .await
        .expect("a new schema");
    db.close().await;
    let with = if server.contains('?') { '&' } else { '?' };
    config.database.url = Some(crate::secret::Secret::new(format!(
        "{server}{with}options[search_path]={schema}"
    )));
    config.database.connections = 4;
    crate::open::shared::migrate(config).await.expect("migrates");
}

async fn start(dir: TempDir, config: Config, clock: Arc<ManualClock>) -> TestSystem {
    #[cfg(feature = "postgres")]
    let config = {
        let mut config = config;
        on_services(&mut config).await;
        config
    };
    let system = open_with_clock(config, catalogue(), Arc::clone(&clock) as Arc<dyn Clock>)
        .await
        .expect("a new data directory opens");
    let user = crate::users::local(&system)
        .await
        .expect("the local user is there");
    TestSystem {
        system,
        clock,
        dir,
        user,
    }
}

impl TestSystem {
    /// The data directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The next process on the same directory: closed and opened again. Its steady clock starts at the wall clock's
    /// time, as every process's does; the wall clock goes on.
    pub async fn restarted(self) -> Self {
        self.system.db.close().await;
        let config = self.system.config.clone();
        drop(self.system);
        let clock = Arc::new(ManualClock::new(self.clock.now()));
        start(self.dir, config, clock).await
    }

    /// One more user, on the plan `local` or `standard`.
    pub async fn add_user(&self, name: &str, plan: &str) -> UserId {
        let user = users::Model {
            id: Uuid::now_v7(),
            name: name.to_owned(),
            plan: plan.to_owned(),
            job_key_secret: vec![u8::try_from(name.len()).unwrap_or(7); 32],
            created_at: self.clock.now().0,
            erase_requested_at: None,
        };
        let id = UserId(user.id);
        users::Entity::insert(user.into_active_model().reset_all())
            .exec_without_returning(self.db.writer())
            .await
            .expect("a new user can be written");
        id
    }
}
