//! Calls of a language model: what was set aside for each, then what it took.

use sea_orm::entity::prelude::*;

/// A row of `model_calls`.
#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "model_calls")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub job_id: Option<Uuid>,
    pub user_id: Option<Uuid>,
    pub model: String,
    pub begun_at: i64,
    pub ended_at: Option<i64>,
    pub input_tokens: i64,
    pub output_tokens: i64,
    pub estimated: bool,
    pub cost_micros: i64,
    pub outcome: Option<String>,
}

/// Relations are written out where they are joined.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("model_calls")
            .field("id", &self.id)
            .field("job_id", &self.job_id)
            .finish_non_exhaustive()
    }
}
