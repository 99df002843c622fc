//! What operators need, and webhooks: pauses, dead letters that were dropped, webhooks with their secrets and what was
//! sent. New tables and indexes only: the program before this step works on beside it.

use sea_orm_migration::sea_orm::ConnectionTrait;
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::dialect::spelled;

/// The second step.
pub struct Operators;

impl MigrationName for Operators {
    fn name(&self) -> &'static str {
        "m0002_operators"
    }
}

const STATEMENTS: &[&str] = &[
    // A kind of job that no worker takes now; `*` is every kind.
    "CREATE TABLE pauses (
        kind TEXT PRIMARY KEY NOT NULL,
        paused_at BIGINT NOT NULL
    )",
    // Failed jobs that an operator wants to see no more.
    "CREATE TABLE dropped_letters (
        job_id {uuid} PRIMARY KEY NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        dropped_at BIGINT NOT NULL
    )",
    "CREATE INDEX jobs_out_of_attempts ON jobs (created_at DESC, id DESC) WHERE state = 'failed' AND attempt >= max_attempts",
    "CREATE INDEX jobs_by_retry ON jobs (retry_of) WHERE retry_of IS NOT NULL",
    // Without an address: for the addresses that jobs name themselves.
    "CREATE TABLE webhooks (
        id {uuid} PRIMARY KEY NOT NULL,
        user_id {uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        url TEXT,
        events TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        disabled_at BIGINT,
        delivered_at BIGINT,
        failed_at BIGINT,
        problem TEXT
    )",
    "CREATE INDEX webhooks_of_user ON webhooks (user_id, created_at DESC, id DESC)",
    "CREATE UNIQUE INDEX one_webhook_for_jobs ON webhooks (user_id) WHERE url IS NULL",
    "CREATE TABLE webhook_secrets (
        id {uuid} PRIMARY KEY NOT NULL,
        webhook_id {uuid} NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
        secret {bytes} NOT NULL,
        created_at BIGINT NOT NULL,
        expires_at BIGINT
    )",
    "CREATE INDEX secrets_of_webhook ON webhook_secrets (webhook_id)",
    "CREATE TABLE job_webhooks (
        job_id {uuid} NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        url TEXT NOT NULL,
        PRIMARY KEY (job_id, url)
    )",
    // What is to be sent, or was. `url` is null where it is the webhook's own.
    "CREATE TABLE webhook_deliveries (
        id {serial},
        webhook_id {uuid} NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
        user_id {uuid} NOT NULL,
        job_id {uuid} REFERENCES jobs (id) ON DELETE CASCADE,
        url TEXT,
        event TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')),
        attempts INTEGER NOT NULL,
        created_at BIGINT NOT NULL,
        due_at BIGINT NOT NULL,
        lease_until BIGINT,
        status INTEGER,
        problem TEXT,
        ended_at BIGINT,
        CONSTRAINT an_end_of_a_delivery_has_a_time CHECK ((state = 'pending') = (ended_at IS NULL))
    )",
    "CREATE INDEX due_deliveries ON webhook_deliveries (due_at) WHERE state = 'pending'",
    "CREATE INDEX ended_deliveries ON webhook_deliveries (ended_at) WHERE state <> 'pending'",
    "CREATE INDEX deliveries_of_webhook ON webhook_deliveries (webhook_id, id DESC)",
    "CREATE INDEX deliveries_of_job ON webhook_deliveries (job_id)",
];

#[async_trait::async_trait]
impl MigrationTrait for Operators {
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
