//! What operators see and do beyond users (`users.rs`), keys (`keys.rs`) and pauses (`pause.rs`): plans, queues, dead
//! letters. Each change is a line in the log that names ids only (R10).

pub mod dead_letters;
pub mod plans;
pub mod queues;
