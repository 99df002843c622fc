//! Jobs' events and log lines.

use sea_orm::entity::prelude::*;

/// A row of `job_events`.
#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "job_events")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub job_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    pub kind: String,
    pub at: i64,
    pub attempt: i32,
    pub state: String,
    pub stage: Option<String>,
    pub message: Option<String>,
    pub error: Option<String>,
}

/// Relations are written out where they are joined.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("job_events")
            .field("job_id", &self.job_id)
            .field("seq", &self.seq)
            .finish_non_exhaustive()
    }
}
