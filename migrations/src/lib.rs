//! The database, step by step: one file a step, in plain SQL with a few words that each database spells in its own way
//! ([`dialect`]). A step that was released is never changed; what follows is a new one.

pub mod dialect;
mod m0001_start;
mod m0002_operators;
mod m0003_traces;
mod m0004_models;
pub mod triggers;

use sea_orm_migration::MigrationTrait;
pub use sea_orm_migration::MigratorTrait;
use sea_orm_migration::async_trait::async_trait;

/// Every step, in order.
#[derive(Debug)]
pub struct Migrator;

#[async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_start::Start),
            Box::new(m0002_operators::Operators),
            Box::new(m0003_traces::Traces),
            Box::new(m0004_models::Models),
        ]
    }
}

/// The names of every step that this program knows, in order.
#[must_use]
pub fn names() -> Vec<String> {
    Migrator::migrations()
        .iter()
        .map(|step| step.name().to_owned())
        .collect()
}
