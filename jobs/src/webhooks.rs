//! Webhooks: where users want to be told how their jobs ended, in the form of Standard Webhooks.
//!
//! What is to be told stands in a row that is written with the job's end ([`outbox`]); it is sent later, by whoever holds
//! the row's lease ([`delivery`]), at least once. Which addresses are lawful is [`address`]'s, how a message is signed
//! [`signature`]'s affair. Addresses and secrets are in no log (R10). Speaking HTTP is the scheduler's.

pub mod address;
pub mod delivery;
pub mod outbox;
pub mod signature;

use std::time::Duration;

use sea_orm::prelude::Uuid;
use sea_orm::sea_query::{Condition, Expr};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait,
    IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use songwalker_schemas::limits::MAX_WEBHOOKS;
use songwalker_schemas::wire::{
    CreateWebhook, DeliveryProblem, DeliveryState, NewWebhook, Webhook, WebhookDelivery, WebhookEvent,
};
use songwalker_schemas::{ErrorCode, JobId, Timestamp, UserId, WebhookId};

use crate::entity::{webhook_deliveries, webhook_secrets, webhooks};
use crate::error::JobsError;
use crate::quota;
use crate::system::System;

/// How long the secret before still signs, beside the new one.
pub const SECRETS_OVERLAP: Duration = Duration::from_secs(24 * 3600);
/// How many secrets sign at once.
const MOST_SECRETS: usize = 5;
/// How many deliveries a list shows: the youngest.
const LISTED: u64 = 100;
/// How many tests of one webhook may wait.
const MOST_TESTS: u64 = 3;

/// Makes a webhook.
///
/// # Errors
/// Its address is not lawful; as many webhooks as may be; there is one without an address already.
pub async fn create(system: &System, user: UserId, request: CreateWebhook) -> Result<NewWebhook, JobsError> {
    let allows_plain = !system.config.webhooks.allow_private.is_empty();
    if let Some(problem) = request
        .url
        .as_deref()
        .and_then(|url| address::problem(url, allows_plain))
    {
        return Err(JobsError::refused(ErrorCode::InvalidRequest, "/url", problem));
    }
    let mut events = request.events.unwrap_or_else(|| WebhookEvent::ALL.to_vec());
    let (most_events, events_named) = (WebhookEvent::ALL.len(), events.len());
    events.sort_unstable();
    events.dedup();
    if most_events < events_named {
        let problem = format!("at most {most_events} are named");
        return Err(JobsError::refused(ErrorCode::InvalidRequest, "/events", problem));
    }
    if events.is_empty() {
        return Err(JobsError::refused(ErrorCode::InvalidRequest, "/events", "empty"));
    }
    let row = webhooks::Model {
        id: Uuid::now_v7(),
        user_id: user.0,
        url: request.url,
        events: written(&events),
        created_at: system.clock.now().0,
        disabled_at: None,
        delivered_at: None,
        failed_at: None,
        problem: None,
    };
    let tx = system.db.begin().await?;
    quota::lock_user(&tx, user).await?;
    let of_user = webhooks::Entity::find().filter(webhooks::Column::UserId.eq(user.0));
    if row.url.is_none() && for_jobs(&tx, user).await?.is_some() {
        return Err(JobsError::Conflict(
            "there is a webhook without an address already".to_owned(),
        ));
    }
    if of_user.count(&tx).await? >= MAX_WEBHOOKS && system.config.quotas.enabled {
        return Err(JobsError::Conflict(format!(
            "at most {MAX_WEBHOOKS} webhooks may be; delete one first"
        )));
    }
    webhooks::Entity::insert(row.clone().into_active_model().reset_all())
        .exec_without_returning(&tx)
        .await?;
    let secret = add_secret(&tx, system, row.id).await?;
    tx.commit().await?;
    tracing::info!(webhook.id = %row.id, user.id = %user, "webhook created");
    Ok(NewWebhook {
        webhook: told(row),
        secret,
    })
}

/// The webhooks of a user, newest first.
///
/// # Errors
/// The database does not answer.
pub async fn list(system: &System, user: UserId) -> Result<Vec<Webhook>, JobsError> {
    let rows = webhooks::Entity::find()
        .filter(webhooks::Column::UserId.eq(user.0))
        .order_by_desc(webhooks::Column::CreatedAt)
        .order_by_desc(webhooks::Column::Id)
        .all(system.db.read())
        .await?;
    Ok(rows.into_iter().map(told).collect())
}

/// Gives a webhook another secret; those before sign beside it for a day, so that nothing is refused meanwhile.
///
/// # Errors
/// There is no such webhook of this user.
pub async fn rotate(system: &System, user: UserId, webhook: WebhookId) -> Result<NewWebhook, JobsError> {
    let now = system.clock.now();
    let tx = system.db.begin().await?;
    let row = locked(&tx, user, webhook).await?;
    let ends = now.plus(SECRETS_OVERLAP).0;
    webhook_secrets::Entity::update_many()
        .col_expr(webhook_secrets::Column::ExpiresAt, Expr::value(ends))
        .filter(webhook_secrets::Column::WebhookId.eq(row.id))
        .filter(webhook_secrets::Column::ExpiresAt.is_null())
        .exec(&tx)
        .await?;
    let secret = add_secret(&tx, system, row.id).await?;
    forget_secrets(&tx, row.id, now).await?;
    tx.commit().await?;
    tracing::info!(webhook.id = %webhook, user.id = %user, "webhook's secret changed");
    Ok(NewWebhook {
        webhook: told(row),
        secret,
    })
}

/// Deletes a webhook with everything that was to be sent to it.
///
/// # Errors
/// There is no such webhook of this user.
pub async fn remove(system: &System, user: UserId, webhook: WebhookId) -> Result<(), JobsError> {
    let tx = system.db.begin().await?;
    let row = locked(&tx, user, webhook).await?;
    webhooks::Entity::delete_by_id(row.id).exec(&tx).await?;
    tx.commit().await?;
    tracing::info!(webhook.id = %webhook, user.id = %user, "webhook deleted");
    Ok(())
}

/// Takes away every webhook of a user, within the caller's transaction.
pub(crate) async fn remove_all(tx: &DatabaseTransaction, user: UserId) -> Result<(), JobsError> {
    webhooks::Entity::delete_many()
        .filter(webhooks::Column::UserId.eq(user.0))
        .exec(tx)
        .await?;
    Ok(())
}

/// Sends something for a test, as soon as may be. The delivery as it is now.
///
/// # Errors
/// There is no such webhook of this user; it has no address, or is disabled; some tests of it wait.
pub async fn test(system: &System, user: UserId, webhook: WebhookId) -> Result<WebhookDelivery, JobsError> {
    let tx = system.db.begin().await?;
    let row = locked(&tx, user, webhook).await?;
    if row.url.is_none() || row.disabled_at.is_some() {
        let problem = if row.url.is_none() {
            "the webhook has no address of its own"
        } else {
            "the webhook is disabled"
        };
        return Err(JobsError::Conflict(problem.to_owned()));
    }
    let test = WebhookEvent::WebhookTest.name();
    let waiting = webhook_deliveries::Entity::find()
        .filter(webhook_deliveries::Column::WebhookId.eq(row.id))
        .filter(webhook_deliveries::Column::State.eq(DeliveryState::Pending.name()))
        .filter(webhook_deliveries::Column::Event.eq(test))
        .count(&tx)
        .await?;
    if waiting >= MOST_TESTS && system.config.quotas.enabled {
        return Err(JobsError::Conflict("some tests of it still wait".to_owned()));
    }
    let new = webhook_deliveries::ActiveModel {
        id: ActiveValue::NotSet,
        webhook_id: ActiveValue::Set(row.id),
        user_id: ActiveValue::Set(user.0),
        job_id: ActiveValue::Set(None),
        url: ActiveValue::Set(None),
        event: ActiveValue::Set(test.to_owned()),
        state: ActiveValue::Set(DeliveryState::Pending.name().to_owned()),
        attempts: ActiveValue::Set(0),
        created_at: ActiveValue::Set(system.clock.now().0),
        due_at: ActiveValue::Set(0),
        lease_until: ActiveValue::Set(None),
        status: ActiveValue::Set(None),
        problem: ActiveValue::Set(None),
        ended_at: ActiveValue::Set(None),
    };
    let new = webhook_deliveries::Entity::insert(new)
        .exec_with_returning(&tx)
        .await?;
    tx.commit().await?;
    told_delivery(system, new)
}

/// What was last sent to a webhook, or is to be, newest first.
///
/// # Errors
/// There is no such webhook of this user.
pub async fn deliveries(
    system: &System,
    user: UserId,
    webhook: WebhookId,
) -> Result<Vec<WebhookDelivery>, JobsError> {
    of_user(system.db.read(), user, webhook).await?;
    webhook_deliveries::Entity::find()
        .filter(webhook_deliveries::Column::WebhookId.eq(webhook.0))
        .order_by_desc(webhook_deliveries::Column::Id)
        .limit(LISTED)
        .all(system.db.read())
        .await?
        .into_iter()
        .map(|row| told_delivery(system, row))
        .collect()
}

/// The webhook of a user that signs what goes to the addresses of jobs.
pub(crate) async fn for_jobs<C: ConnectionTrait>(
    connection: &C,
    user: UserId,
) -> Result<Option<webhooks::Model>, JobsError> {
    Ok(webhooks::Entity::find()
        .filter(webhooks::Column::UserId.eq(user.0))
        .filter(webhooks::Column::Url.is_null())
        .one(connection)
        .await?)
}

async fn of_user<C: ConnectionTrait>(
    connection: &C,
    user: UserId,
    webhook: WebhookId,
) -> Result<webhooks::Model, JobsError> {
    webhooks::Entity::find_by_id(webhook.0)
        .filter(webhooks::Column::UserId.eq(user.0))
        .one(connection)
        .await?
        .ok_or(JobsError::NotFound("webhook"))
}

async fn locked(
    tx: &DatabaseTransaction,
    user: UserId,
    webhook: WebhookId,
) -> Result<webhooks::Model, JobsError> {
    webhooks::Entity::find_by_id(webhook.0)
        .filter(webhooks::Column::UserId.eq(user.0))
        .lock_exclusive()
        .one(tx)
        .await?
        .ok_or(JobsError::NotFound("webhook"))
}

async fn add_secret(tx: &DatabaseTransaction, system: &System, webhook: Uuid) -> Result<String, JobsError> {
    let secret = signature::new_secret()?;
    let row = webhook_secrets::Model {
        id: Uuid::now_v7(),
        webhook_id: webhook,
        secret: secret.to_vec(),
        created_at: system.clock.now().0,
        expires_at: None,
    };
    webhook_secrets::Entity::insert(row.into_active_model().reset_all())
        .exec_without_returning(tx)
        .await?;
    Ok(signature::written(&secret))
}

/// Removes secrets past their time, and all but the youngest.
async fn forget_secrets(tx: &DatabaseTransaction, webhook: Uuid, now: Timestamp) -> Result<(), JobsError> {
    use webhook_secrets::{Column, Entity};
    let young: Vec<Uuid> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::WebhookId.eq(webhook))
        .order_by_desc(Column::CreatedAt)
        .order_by_desc(Column::Id)
        .limit(MOST_SECRETS as u64)
        .into_tuple()
        .all(tx)
        .await?;
    Entity::delete_many()
        .filter(Column::WebhookId.eq(webhook))
        .filter(
            Condition::any()
                .add(Column::ExpiresAt.lte(now.0))
                .add(Column::Id.is_not_in(young)),
        )
        .exec(tx)
        .await?;
    Ok(())
}

/// Events as the column holds them: their words, a blank between them.
fn written(events: &[WebhookEvent]) -> String {
    let words: Vec<&str> = events.iter().map(|event| event.name()).collect();
    words.join(" ")
}

fn told(row: webhooks::Model) -> Webhook {
    Webhook {
        id: WebhookId(row.id),
        url: row.url,
        events: row
            .events
            .split(' ')
            .filter_map(WebhookEvent::from_name)
            .collect(),
        created_at: Timestamp(row.created_at),
        disabled_at: row.disabled_at.map(Timestamp),
        delivered_at: row.delivered_at.map(Timestamp),
        failed_at: row.failed_at.map(Timestamp),
        problem: row.problem.as_deref().and_then(DeliveryProblem::from_name),
    }
}

fn told_delivery(system: &System, row: webhook_deliveries::Model) -> Result<WebhookDelivery, JobsError> {
    let unknown = || JobsError::Internal("a delivery holds an unknown word".to_owned());
    let state = DeliveryState::from_name(&row.state).ok_or_else(unknown)?;
    let (now, steady) = (system.clock.now(), system.clock.steady());
    let is_pending = state == DeliveryState::Pending;
    Ok(WebhookDelivery {
        id: delivery::message_id(row.webhook_id, row.id),
        event: WebhookEvent::from_name(&row.event).ok_or_else(unknown)?,
        job_id: row.job_id.map(JobId),
        state,
        attempts: u32::try_from(row.attempts).unwrap_or(0),
        status: row.status.and_then(|status| u16::try_from(status).ok()),
        problem: row.problem.as_deref().and_then(DeliveryProblem::from_name),
        created_at: Timestamp(row.created_at),
        next_at: is_pending.then(|| now.plus(Timestamp(row.due_at).since(steady))),
        ended_at: row.ended_at.map(Timestamp),
    })
}
