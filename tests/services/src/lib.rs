//! Throw-away PostgreSQL, RabbitMQ, Redis and S3 servers on free loopback ports, each with a data directory of its own:
//! for tests, benches and the faults that are done to them. Never part of the product.
//!
//! A server is a process that can be killed at any moment and started again on the same port and data. What is needed
//! is looked for first and named where it is missing; nothing is installed here.

mod addresses;
mod fleet;
mod process;
pub mod servers;

pub use addresses::{Addresses, NAMES, REQUIRED, missing};
pub use fleet::Fleet;
pub use process::Account;
pub use servers::{BUCKET, Postgres, Rabbit, Redis, S3, Server};
