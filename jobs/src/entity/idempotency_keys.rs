//! Idempotency-Key headers, as hashes.

use sea_orm::entity::prelude::*;

/// A row of `idempotency_keys`.
#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_keys")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub key_sha256: String,
    pub body_sha256: String,
    pub job_id: Uuid,
    pub expires_at: i64,
}

/// Relations are written out where they are joined.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("idempotency_keys")
            .field("user_id", &self.user_id)
            .finish_non_exhaustive()
    }
}
