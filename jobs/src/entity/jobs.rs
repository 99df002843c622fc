//! Jobs: one row is one run. Written only through `row.rs`.

use sea_orm::entity::prelude::*;

/// A row of `jobs`.
#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "jobs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub user_id: Uuid,
    pub kind: String,
    pub state: String,
    pub stage: Option<String>,
    pub progress: f64,
    pub attempt: i32,
    pub max_attempts: i32,
    pub deaths: i32,
    pub fence: i64,
    pub worker_id: Option<Uuid>,
    pub lease_until: Option<i64>,
    pub not_before: Option<i64>,
    pub queue_deadline: i64,
    pub hinted_at: Option<i64>,
    pub job_key: Option<String>,
    pub template_id: Option<String>,
    pub seed: i64,
    pub variations: i32,
    pub planner: String,
    pub generator_version: String,
    pub parent_job_id: Option<Uuid>,
    pub parent_sha256: Option<String>,
    pub retry_of: Option<Uuid>,
    pub own_name: Option<String>,
    pub sound_name: Option<String>,
    pub category: Option<String>,
    pub tags: String,
    pub starred: bool,
    pub rating: Option<i32>,
    pub bundle_sha256: Option<String>,
    pub bundle_bytes: Option<i64>,
    pub manifest_sha256: Option<String>,
    pub artifacts_deleted_at: Option<i64>,
    pub error: Option<String>,
    pub stages: String,
    pub event_seq: i64,
    pub created_at: i64,
    pub queued_at: i64,
    pub started_at: Option<i64>,
    pub cancel_requested_at: Option<i64>,
    pub cancel_acknowledged_at: Option<i64>,
    pub stopped_at: Option<i64>,
    pub finished_at: Option<i64>,
    pub retain_until: Option<i64>,
    pub delete_requested_at: Option<i64>,
    /// The `traceparent` of the request that made it.
    pub trace: Option<String>,
    /// Who planned it and what that cost, as JSON; none where no language model had to do with it.
    pub planning: Option<String>,
}

/// Relations are written out where they are joined.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("jobs")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
