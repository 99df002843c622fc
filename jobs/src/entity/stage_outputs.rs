//! What stages put by for the next attempt, and claims on objects (R6).

use sea_orm::entity::prelude::*;

/// A row of `stage_outputs`.
#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "stage_outputs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub job_id: Uuid,
    pub user_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub stage: String,
    pub fence: i64,
    pub sha256: String,
    pub bytes: i64,
    pub content: Option<Vec<u8>>,
    pub about: Option<String>,
    pub stored: bool,
    pub at: i64,
}

/// Relations are written out where they are joined.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("stage_outputs")
            .field("job_id", &self.job_id)
            .field("stage", &self.stage)
            .finish_non_exhaustive()
    }
}
