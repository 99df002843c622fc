//! The tables as types: a file a table. Their `Debug` names a row and shows nothing that it holds (R10).

pub mod api_keys;
pub mod dropped_letters;
pub mod erasures;
pub mod idempotency_keys;
pub mod job_events;
pub mod job_webhooks;
pub mod jobs;
pub mod model_calls;
pub mod outbox;
pub mod pauses;
pub mod plans;
pub mod prompts;
pub mod sessions;
pub mod shares;
pub mod stage_outputs;
pub mod sweeps;
pub mod tombstones;
pub mod users;
pub mod webhook_deliveries;
pub mod webhook_secrets;
pub mod webhooks;
pub mod workers;
