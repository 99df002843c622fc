//! Everything that the first service needs.
//!
//! Moments and spans are whole milliseconds (moments since 1970 UTC); states, kinds and stages the words of
//! `schemas/src/job.rs`; hashes of tokens and keys are bytes, hashes of content lower-case hex.

use sea_orm_migration::sea_orm::ConnectionTrait;
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait};
use songwalker_schemas::job::{JobKind, JobState, Stage};

use crate::dialect::spelled;
use crate::triggers::{quoted, statements};

/// The first step.
pub struct Start;

impl MigrationName for Start {
    fn name(&self) -> &'static str {
        "m0001_start"
    }
}

/// Tables and indexes. `{states}`, `{kinds}` and `{stages}` are lists of words.
const TABLES: &[&str] = &[
    // What a plan allows; null is no limit.
    "CREATE TABLE plans (
        name TEXT PRIMARY KEY,
        unfinished_jobs BIGINT,
        requests_per_minute BIGINT,
        plugin_builds_per_hour BIGINT,
        keep_artifacts_ms BIGINT,
        keep_prompts_ms BIGINT
    )",
    "CREATE TABLE users (
        id {uuid} PRIMARY KEY NOT NULL,
        name TEXT NOT NULL UNIQUE,
        plan TEXT NOT NULL REFERENCES plans (name),
        job_key_secret {bytes} NOT NULL,
        created_at BIGINT NOT NULL,
        erase_requested_at BIGINT
    )",
    "CREATE TABLE api_keys (
        id {uuid} PRIMARY KEY NOT NULL,
        user_id {uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        name TEXT NOT NULL,
        hash {bytes} NOT NULL UNIQUE,
        scopes TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        expires_at BIGINT,
        revoked_at BIGINT
    )",
    "CREATE INDEX api_keys_of_user ON api_keys (user_id)",
    // A browser's session lives no longer than the key that opened it.
    "CREATE TABLE sessions (
        hash {bytes} PRIMARY KEY NOT NULL,
        user_id {uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        key_id {uuid} NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
        csrf_token TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        expires_at BIGINT NOT NULL
    )",
    "CREATE TABLE jobs (
        id {uuid} PRIMARY KEY NOT NULL,
        user_id {uuid} NOT NULL REFERENCES users (id),
        kind TEXT NOT NULL CHECK (kind IN ({kinds})),
        state TEXT NOT NULL CHECK (state IN ({states})),
        stage TEXT CHECK (stage IN ({stages})),
        progress DOUBLE PRECISION NOT NULL,
        attempt INTEGER NOT NULL,
        max_attempts INTEGER NOT NULL,
        deaths INTEGER NOT NULL,
        fence BIGINT NOT NULL,
        worker_id {uuid},
        lease_until BIGINT,
        not_before BIGINT,
        queue_deadline BIGINT NOT NULL,
        hinted_at BIGINT,
        job_key TEXT,
        template_id TEXT,
        seed BIGINT NOT NULL,
        variations INTEGER NOT NULL,
        planner TEXT NOT NULL,
        generator_version TEXT NOT NULL,
        parent_job_id {uuid},
        parent_sha256 TEXT,
        retry_of {uuid},
        own_name TEXT,
        sound_name TEXT,
        category TEXT,
        tags TEXT NOT NULL,
        starred BOOLEAN NOT NULL,
        rating INTEGER,
        bundle_sha256 TEXT,
        bundle_bytes BIGINT,
        manifest_sha256 TEXT,
        artifacts_deleted_at BIGINT,
        error TEXT,
        stages TEXT NOT NULL,
        event_seq BIGINT NOT NULL,
        created_at BIGINT NOT NULL,
        queued_at BIGINT NOT NULL,
        started_at BIGINT,
        cancel_requested_at BIGINT,
        cancel_acknowledged_at BIGINT,
        stopped_at BIGINT,
        finished_at BIGINT,
        retain_until BIGINT,
        delete_requested_at BIGINT,
        CONSTRAINT a_result_is_a_success CHECK ((state = 'succeeded') = (bundle_sha256 IS NOT NULL)),
        CONSTRAINT an_owner_has_a_lease CHECK ((state IN ('running', 'cancelling')) = (lease_until IS NOT NULL AND worker_id IS NOT NULL)),
        CONSTRAINT an_end_has_a_time CHECK ((state IN ('succeeded', 'failed', 'cancelled')) = (finished_at IS NOT NULL)),
        CONSTRAINT attempts_are_bounded CHECK (attempt >= 0 AND attempt <= max_attempts)
    )",
    // R2: at most one job per user and key that may still answer the request.
    "CREATE UNIQUE INDEX one_job_per_key ON jobs (user_id, job_key)
        WHERE job_key IS NOT NULL AND state NOT IN ('failed', 'cancelled') AND artifacts_deleted_at IS NULL AND delete_requested_at IS NULL",
    // R9: what counts against the quota.
    "CREATE INDEX unfinished_jobs ON jobs (user_id) WHERE state IN ('queued', 'running', 'cancelling')",
    "CREATE INDEX jobs_of_user ON jobs (user_id, created_at DESC, id DESC)",
    "CREATE INDEX jobs_by_state ON jobs (state, queued_at)",
    "CREATE INDEX jobs_by_bundle ON jobs (user_id, bundle_sha256) WHERE bundle_sha256 IS NOT NULL",
    "CREATE INDEX jobs_by_retention ON jobs (retain_until) WHERE retain_until IS NOT NULL AND artifacts_deleted_at IS NULL",
    "CREATE INDEX jobs_to_delete ON jobs (id) WHERE delete_requested_at IS NOT NULL",
    "CREATE TABLE prompts (
        job_id {uuid} PRIMARY KEY NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        prompt TEXT NOT NULL,
        tags TEXT NOT NULL,
        erase_at BIGINT
    )",
    "CREATE INDEX prompts_by_date ON prompts (erase_at) WHERE erase_at IS NOT NULL",
    "CREATE TABLE outbox (
        id {serial},
        job_id {uuid} NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        created_at BIGINT NOT NULL
    )",
    "CREATE TABLE job_events (
        job_id {uuid} NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        seq BIGINT NOT NULL,
        kind TEXT NOT NULL,
        at BIGINT NOT NULL,
        attempt INTEGER NOT NULL,
        state TEXT NOT NULL,
        stage TEXT,
        message TEXT,
        error TEXT,
        PRIMARY KEY (job_id, seq)
    )",
    // An output of a stage under the fence that made it. `content` is null where it lies in the object store; such
    // a row is written before the object and is the claim on it (R6).
    "CREATE TABLE stage_outputs (
        job_id {uuid} NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        user_id {uuid} NOT NULL,
        stage TEXT NOT NULL CHECK (stage IN ({stages})),
        fence BIGINT NOT NULL,
        sha256 TEXT NOT NULL,
        bytes BIGINT NOT NULL,
        content {bytes},
        about TEXT,
        stored BOOLEAN NOT NULL,
        at BIGINT NOT NULL,
        PRIMARY KEY (job_id, stage)
    )",
    "CREATE INDEX claims_by_object ON stage_outputs (user_id, sha256) WHERE content IS NULL",
    "CREATE TABLE tombstones (
        object_key TEXT PRIMARY KEY NOT NULL,
        at BIGINT NOT NULL
    )",
    "CREATE TABLE idempotency_keys (
        user_id {uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        key_sha256 TEXT NOT NULL,
        body_sha256 TEXT NOT NULL,
        job_id {uuid} NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        expires_at BIGINT NOT NULL,
        PRIMARY KEY (user_id, key_sha256)
    )",
    "CREATE INDEX idempotency_keys_of_job ON idempotency_keys (job_id)",
    "CREATE TABLE shares (
        id {uuid} PRIMARY KEY NOT NULL,
        user_id {uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        job_id {uuid} NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        hash {bytes} NOT NULL UNIQUE,
        created_at BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        revoked_at BIGINT
    )",
    "CREATE INDEX shares_of_user ON shares (user_id, created_at DESC, id DESC)",
    "CREATE INDEX shares_of_job ON shares (job_id)",
    // Receipts outlive what they tell of: no references.
    "CREATE TABLE erasures (
        id {uuid} PRIMARY KEY NOT NULL,
        user_id {uuid} NOT NULL,
        job_id {uuid},
        what TEXT NOT NULL CHECK (what IN ('prompt', 'job', 'account')),
        requested_at BIGINT NOT NULL,
        due_at BIGINT NOT NULL,
        done_at BIGINT
    )",
    "CREATE INDEX open_erasures ON erasures (id) WHERE done_at IS NULL",
    "CREATE TABLE workers (
        id {uuid} PRIMARY KEY NOT NULL,
        slots INTEGER NOT NULL,
        started_at BIGINT NOT NULL,
        seen_at BIGINT NOT NULL
    )",
    "CREATE TABLE sweeps (
        name TEXT PRIMARY KEY NOT NULL,
        last_full_at BIGINT NOT NULL
    )",
    // Limits per plan: `local` is a person's own machine, `standard` everybody else.
    "INSERT INTO plans (name, unfinished_jobs, requests_per_minute, plugin_builds_per_hour, keep_artifacts_ms, keep_prompts_ms)
        VALUES ('local', 2, 1200, 10, NULL, NULL), ('standard', 2, 60, 10, 7776000000, 2592000000)",
];

#[async_trait::async_trait]
impl MigrationTrait for Start {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        let connection = manager.get_connection();
        for table in TABLES {
            let sql = spelled(table, backend)
                .replace("{states}", &quoted(JobState::NAMES))
                .replace("{kinds}", &quoted(JobKind::NAMES))
                .replace("{stages}", &quoted(Stage::NAMES));
            connection.execute_unprepared(&sql).await?;
        }
        for guard in statements(backend) {
            connection.execute_unprepared(&guard).await?;
        }
        Ok(())
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration(
            "there is nothing before the first step".to_owned(),
        ))
    }
}
