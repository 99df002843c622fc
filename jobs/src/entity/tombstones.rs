//! Objects that are being deleted: nobody may publish under their keys.

use sea_orm::entity::prelude::*;

/// A row of `tombstones`.
#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "tombstones")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub object_key: String,
    pub at: i64,
}

/// Relations are written out where they are joined.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("tombstones")
            .field("object_key", &self.object_key)
            .finish_non_exhaustive()
    }
}
