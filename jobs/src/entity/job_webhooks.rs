//! Addresses that jobs name themselves.

use sea_orm::entity::prelude::*;

/// A row of `job_webhooks`.
#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "job_webhooks")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub job_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub url: String,
}

/// Relations are written out where they are joined.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("job_webhooks")
            .field("job_id", &self.job_id)
            .finish_non_exhaustive()
    }
}
