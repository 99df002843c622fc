//! The services that tests of distributed adapters need, each with a place of its own for one test. Without a service a
//! test is skipped and says so, or fails where services are required.

use songwalker_jobs::config;
use songwalker_jobs::secret::Secret;
use songwalker_services::{Addresses, missing};
use uuid::Uuid;

fn there(name: &str, address: Option<String>) -> Option<String> {
    if address.is_none() {
        missing(name);
    }
    address
}

/// A name that no other test has.
pub fn own_name() -> String {
    format!("test-{}", Uuid::new_v4().simple())
}

/// A part of Redis of the test's own.
pub fn redis() -> Option<config::Redis> {
    Some(redis_at(&there("Redis", Addresses::of_tests().redis)?))
}

/// A part of the Redis at an address.
pub fn redis_at(url: &str) -> config::Redis {
    config::Redis {
        url: Some(Secret::new(url.to_owned())),
        prefix: own_name(),
        ..config::Redis::default()
    }
}

/// A part of RabbitMQ of the test's own.
pub fn rabbitmq() -> Option<config::Queue> {
    let url = there("RabbitMQ", Addresses::of_tests().rabbitmq)?;
    Some(config::Queue {
        url: Some(Secret::new(url)),
        prefix: own_name(),
        ..config::Queue::default()
    })
}

/// A bucket of the test's own, not made yet.
pub fn s3() -> Option<config::Store> {
    let url = there("S3", Addresses::of_tests().s3)?;
    let (scheme, rest) = url.split_once("://").expect("an address");
    let (keys, host) = rest.split_once('@').expect("keys in the address");
    let (access_key, secret_key) = keys.split_once(':').expect("two keys");
    Some(config::Store {
        bucket: Some(own_name()),
        endpoint: Some(format!("{scheme}://{host}")),
        access_key: Some(Secret::new(access_key.to_owned())),
        secret_key: Some(Secret::new(secret_key.to_owned())),
        prefix: "here/".to_owned(),
        ..config::Store::default()
    })
}
