//! What language models were asked: a call a row, written before it is made, so that no budget is overdrawn and a crash
//! costs at most the call that was under way. No word of a prompt or an answer is in it, and it outlives job and user,
//! whose budgets it is. Beside it a job's own sum, in a column that may be empty: the program before this step works on.

use sea_orm_migration::sea_orm::ConnectionTrait;
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::dialect::spelled;

/// The fourth step.
pub struct Models;

impl MigrationName for Models {
    fn name(&self) -> &'static str {
        "m0004_models"
    }
}

/// Tokens and cost (in millionths) are what was set aside for a call until it has ended, then what it took. The user is no
/// reference: who writes a call holds its job, and must not wait for the user, whom others hold while they wait for the job.
const STATEMENTS: &[&str] = &[
    "CREATE TABLE model_calls (
        id {uuid} PRIMARY KEY NOT NULL,
        job_id {uuid} REFERENCES jobs (id) ON DELETE SET NULL,
        user_id {uuid},
        model TEXT NOT NULL,
        begun_at BIGINT NOT NULL,
        ended_at BIGINT,
        input_tokens BIGINT NOT NULL,
        output_tokens BIGINT NOT NULL,
        estimated BOOLEAN NOT NULL,
        cost_micros BIGINT NOT NULL,
        outcome TEXT
    )",
    "CREATE INDEX model_calls_by_date ON model_calls (begun_at)",
    "CREATE INDEX model_calls_of_user ON model_calls (user_id, begun_at)",
    "CREATE INDEX model_calls_of_job ON model_calls (job_id) WHERE job_id IS NOT NULL",
    "ALTER TABLE jobs ADD COLUMN planning TEXT",
];

#[async_trait::async_trait]
impl MigrationTrait for Models {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        for statement in STATEMENTS {
            manager
                .get_connection()
                .execute_unprepared(&spelled(statement, backend))
                .await?;
        }
        Ok(())
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("steps are not taken back".to_owned()))
    }
}
