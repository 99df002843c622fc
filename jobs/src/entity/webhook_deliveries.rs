//! What is to be sent to webhooks, or was.

use sea_orm::entity::prelude::*;

/// A row of `webhook_deliveries`.
#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_deliveries")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub webhook_id: Uuid,
    pub user_id: Uuid,
    pub job_id: Option<Uuid>,
    pub url: Option<String>,
    pub event: String,
    pub state: String,
    pub attempts: i32,
    pub created_at: i64,
    pub due_at: i64,
    pub lease_until: Option<i64>,
    pub status: Option<i32>,
    pub problem: Option<String>,
    pub ended_at: Option<i64>,
}

/// Relations are written out where they are joined.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("webhook_deliveries")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
