//! What a plan allows; null is no limit.

use sea_orm::entity::prelude::*;

/// A row of `plans`.
#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "plans")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    pub unfinished_jobs: Option<i64>,
    pub requests_per_minute: Option<i64>,
    pub plugin_builds_per_hour: Option<i64>,
    pub keep_artifacts_ms: Option<i64>,
    pub keep_prompts_ms: Option<i64>,
}

/// Relations are written out where they are joined.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("plans")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
