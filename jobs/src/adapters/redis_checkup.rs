//! Whether Redis does what limits and signals need: a script on a key of ours, and a message that is heard.

use std::time::{Duration, Instant};

use futures::StreamExt;
use redis::AsyncConnectionConfig;
use serde_json::json;
use uuid::Uuid;

use super::redis_rate_limiter::client;
use crate::checkup::Finding;
use crate::config::Redis;

const PART: &str = "redis";
/// How long it may take for each answer.
const ANSWER: Duration = Duration::from_secs(3);

/// How Redis stands.
pub(crate) async fn examine(settings: &Redis) -> Finding {
    let client = match client(settings) {
        Ok(client) => client,
        Err(error) => return Finding::bad(PART, error.to_string()),
    };
    match look(&client, &settings.prefix).await {
        Ok(finding) => finding,
        Err((doing, error)) => Finding::bad(PART, why(doing, &error)),
    }
}

type Failed = (&'static str, redis::RedisError);

async fn look(client: &redis::Client, prefix: &str) -> Result<Finding, Failed> {
    let at = |doing| move |error| (doing, error);
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(ANSWER))
        .set_response_timeout(Some(ANSWER));
    let began = Instant::now();
    let connected = client.get_multiplexed_async_connection_with_config(&config);
    let mut connection = connected.await.map_err(at("connect"))?;
    let ms = began.elapsed().as_secs_f64() * 1e3;
    let key = format!("{prefix}:rate:doctor");
    let script =
        redis::Script::new("redis.call('SET', KEYS[1], '1', 'PX', 1000) return redis.call('TIME')[1]");
    let counted: redis::RedisResult<String> = script.key(&key).invoke_async(&mut connection).await;
    counted.map_err(at("run a script on a key"))?;

    let channel = format!("{prefix}:doctor:{}", Uuid::new_v4());
    let heard = async {
        let mut subscription = client.get_async_pubsub().await?;
        subscription.subscribe(&channel).await?;
        redis::cmd("PUBLISH")
            .arg(&channel)
            .arg("")
            .exec_async(&mut connection)
            .await?;
        redis::RedisResult::Ok(subscription.on_message().next().await.is_some())
    };
    let heard = match tokio::time::timeout(ANSWER, heard).await {
        Ok(heard) => heard.map_err(at("publish and subscribe"))?,
        Err(_) => false,
    };
    // Accounts that may not ask this are common, and fine.
    let info: Option<String> = redis::cmd("INFO")
        .arg("server")
        .query_async(&mut connection)
        .await
        .ok();
    let version = info.as_deref().and_then(version);
    let named = version.unwrap_or("(version unknown)");
    let facts = json!({ "version": version, "connected_ms": ms, "signals": heard });
    let words = format!("Redis {named} connected in {ms:.0} ms; counts rates, hands on signals");
    let finding = Finding::good(PART, words, facts);
    Ok(if heard {
        finding
    } else {
        finding.noticed("but a message was not heard")
    })
}

fn version(info: &str) -> Option<&str> {
    let version = info
        .lines()
        .find_map(|line| line.strip_prefix("redis_version:"))?
        .trim();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    (version.len() <= 32 && version.chars().all(is_plain)).then_some(version)
}

/// What is wrong and what to do, by the kind of the error alone.
fn why(doing: &str, error: &redis::RedisError) -> String {
    match error.code() {
        Some("NOAUTH" | "WRONGPASS" | "ERR") if doing == "connect" => {
            "refuses the name or the password of redis.url".to_owned()
        }
        Some("NOPERM") => format!("lets this account in, but it may not {doing}: grant it (ACL)"),
        Some("READONLY") => "is a replica that takes no writes: redis.url must name the primary".to_owned(),
        _ if error.kind() == redis::ErrorKind::AuthenticationFailed => {
            "refuses the name or the password of redis.url".to_owned()
        }
        _ if error.is_io_error() || error.is_timeout() => {
            "does not answer: is it up, are host and port of redis.url right?".to_owned()
        }
        _ => format!("does not {doing} ({:?})", error.kind()),
    }
}
