//! The trace to which a job belongs, so that whoever gets a hint of it goes on with it. A column that may be empty: the
//! program before this step works on beside it.

use sea_orm_migration::sea_orm::ConnectionTrait;
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait};

/// The third step.
pub struct Traces;

impl MigrationName for Traces {
    fn name(&self) -> &'static str {
        "m0003_traces"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Traces {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .get_connection()
            .execute_unprepared("ALTER TABLE jobs ADD COLUMN trace TEXT")
            .await?;
        Ok(())
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("steps are not taken back".to_owned()))
    }
}
