//! Failed jobs that an operator wants to see no more.

use sea_orm::entity::prelude::*;

/// A row of `dropped_letters`.
#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "dropped_letters")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub job_id: Uuid,
    pub dropped_at: i64,
}

/// Relations are written out where they are joined.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("dropped_letters")
            .field("job_id", &self.job_id)
            .finish_non_exhaustive()
    }
}
