//! The rate limiter of all processes together: GCRA cells in Redis, each moved by one script, so that no two requests
//! are counted as one.
//!
//! The time is Redis's own, so that the clocks of the processes do not matter. A cell lives as long as it says anything.
//! Without Redis each process counts for itself, in memory: a user may then make the limit's requests at each process,
//! and none is refused because Redis is away. It is asked again after a pause; its going and coming are logged once.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use redis::Script;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};

use super::memory_rate_limiter::MemoryRateLimiter;
use crate::clock::Clock;
use crate::config::Redis;
use crate::ports::{Decision, PortError, RateLimiter};

/// How long Redis may take for an answer before this process counts by itself.
const ANSWER: Duration = Duration::from_millis(500);
/// How long it is left alone after it gave none.
const LEFT_ALONE: Duration = Duration::from_secs(1);
/// What says that it answers.
const ANSWERS: i64 = i64::MIN;

/// One cell: the time at which it is empty again, in microseconds. Whole numbers throughout, so that nobody gets a request
/// more or less by rounding; a clock that was set back costs nobody more than a minute.
static GCRA: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local limit = tonumber(ARGV[1])
local each = math.floor(60000000 / limit)
local all = each * limit
local empty_at = tonumber(redis.call('GET', KEYS[1]) or '0') or 0
empty_at = math.min(math.max(empty_at, now), now + all)
local after = empty_at + each
local wait = after - all - now
if wait > 0 then
  return {0, 0, wait + each * (limit - 1), wait}
end
redis.call('SET', KEYS[1], string.format('%.0f', after), 'PX', math.ceil((after - now) / 1000))
local remaining = math.floor((all - (after - now)) / each)
return {1, remaining, each * (limit - remaining), 0}
",
    )
});

/// Counts requests in Redis.
pub struct RedisRateLimiter {
    connection: ConnectionManager,
    prefix: String,
    clock: Arc<dyn Clock>,
    alone: MemoryRateLimiter,
    /// When Redis may be asked again, by the steady clock; [`ANSWERS`] while it answers.
    again_at: AtomicI64,
}

impl fmt::Debug for RedisRateLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisRateLimiter").finish_non_exhaustive()
    }
}

impl RedisRateLimiter {
    /// The limiter that the configuration names. Connects when it is first asked.
    ///
    /// # Errors
    /// The address is missing, or is none.
    pub fn open(settings: &Redis, clock: Arc<dyn Clock>) -> Result<Self, PortError> {
        let client = client(settings)?;
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(ANSWER))
            .set_response_timeout(Some(ANSWER));
        let connection = ConnectionManager::new_lazy_with_config(client, config)
            .map_err(|_| PortError::Refused("redis.url cannot be used".to_owned()))?;
        Ok(Self {
            connection,
            prefix: settings.prefix.clone(),
            alone: MemoryRateLimiter::new(Arc::clone(&clock)),
            clock,
            again_at: AtomicI64::new(ANSWERS),
        })
    }

    /// Whether Redis answered when it was last asked.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.again_at.load(Ordering::Relaxed) == ANSWERS
    }

    async fn ask(&self, who: &str, per_minute: u32) -> Option<Decision> {
        let now = self.clock.steady().as_millis();
        if self.again_at.load(Ordering::Relaxed) > now {
            return None;
        }
        let mut connection = self.connection.clone();
        let mut call = GCRA.key(format!("{}:rate:{who}", self.prefix));
        call.arg(per_minute);
        let asked = tokio::time::timeout(ANSWER, call.invoke_async(&mut connection)).await;
        let fault = match asked {
            Ok(Ok((allowed, remaining, reset_us, wait_us))) => {
                self.came();
                return Some(decision(per_minute, allowed, remaining, reset_us, wait_us));
            }
            Ok(Err(error)) => format!("{:?}", error.kind()),
            Err(_) => "no answer in time".to_owned(),
        };
        self.went(&fault);
        None
    }

    fn came(&self) {
        if self.again_at.swap(ANSWERS, Ordering::Relaxed) != ANSWERS {
            tracing::info!("rates counted in redis again");
        }
        metrics::gauge!("songwalker_redis_up", "part" => "limits").set(1.0);
    }

    fn went(&self, fault: &str) {
        let again_at = self.clock.steady().plus(LEFT_ALONE).as_millis();
        if self.again_at.swap(again_at, Ordering::Relaxed) == ANSWERS {
            tracing::warn!(error = fault, "redis away, rates counted by each process");
        }
        metrics::gauge!("songwalker_redis_up", "part" => "limits").set(0.0);
    }
}

#[async_trait]
impl RateLimiter for RedisRateLimiter {
    async fn take(&self, who: &str, per_minute: u32) -> Result<Decision, PortError> {
        if per_minute > 0
            && let Some(decision) = self.ask(who, per_minute).await
        {
            return Ok(decision);
        }
        self.alone.take(who, per_minute).await
    }

    async fn ping(&self) -> Result<(), PortError> {
        let mut connection = self.connection.clone();
        let ping = redis::cmd("PING");
        let asked = tokio::time::timeout(ANSWER, ping.query_async::<redis::Value>(&mut connection)).await;
        match asked {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(PortError::Unavailable(format!("redis fails: {:?}", error.kind()))),
            Err(_) => Err(PortError::Unavailable("redis does not answer in time".to_owned())),
        }
    }
}

/// A client of the server that the configuration names; asks it nothing yet.
pub(super) fn client(settings: &Redis) -> Result<redis::Client, PortError> {
    let url = settings
        .url
        .as_ref()
        .ok_or_else(|| PortError::Refused("redis.url is missing".to_owned()))?;
    // The error would print the address, and the password with it.
    redis::Client::open(url.expose()).map_err(|_| PortError::Refused("redis.url is no address".to_owned()))
}

fn decision(limit: u32, allowed: u8, remaining: u32, reset_us: u64, wait_us: u64) -> Decision {
    Decision {
        allowed: allowed == 1,
        limit,
        remaining,
        reset: Duration::from_micros(reset_us),
        retry_after: (allowed != 1).then(|| Duration::from_micros(wait_us)),
    }
}
