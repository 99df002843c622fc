//! Receipts of erasure.

use sea_orm::entity::prelude::*;

/// A row of `erasures`.
#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "erasures")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub user_id: Uuid,
    pub job_id: Option<Uuid>,
    pub what: String,
    pub requested_at: i64,
    pub due_at: i64,
    pub done_at: Option<i64>,
}

/// Relations are written out where they are joined.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("erasures")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
