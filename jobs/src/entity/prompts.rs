//! Prompts and tags of requests, apart from their jobs so that they can be erased.

use sea_orm::entity::prelude::*;

/// A row of `prompts`.
#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "prompts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub job_id: Uuid,
    pub prompt: String,
    pub tags: String,
    pub erase_at: Option<i64>,
}

/// Relations are written out where they are joined.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("prompts")
            .field("job_id", &self.job_id)
            .finish_non_exhaustive()
    }
}
