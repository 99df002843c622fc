//! Webhooks: made, listed, given another secret, tested, deleted.

use actix_web::HttpResponse;
use songwalker_jobs::webhooks;
use songwalker_schemas::WebhookId;
use songwalker_schemas::wire::{CreateWebhook, NewWebhook, Page, Webhook, WebhookDelivery};

use super::{Answer, State};
use crate::access::Signed;
use crate::body::Body;
use crate::identifier::Id;

/// List webhooks
#[utoipa::path(get, path = "/v1/webhooks", tag = "webhooks", operation_id = "listWebhooks",
    responses((status = 200, description = "Yours, newest first.", body = Page<Webhook>)))]
pub async fn list(state: State, signed: Signed) -> Answer {
    let items = webhooks::list(&state.system, signed.0.user_id).await?;
    Ok(HttpResponse::Ok().json(Page {
        items,
        next_cursor: None,
    }))
}

/// Make a webhook
///
/// Where it is told of the end of jobs, in the form of Standard Webhooks: `webhook-id`, `webhook-timestamp` and
/// `webhook-signature` come with each message. The secret is told once.
#[utoipa::path(post, path = "/v1/webhooks", tag = "webhooks", operation_id = "createWebhook",
    request_body = CreateWebhook,
    responses((status = 201, description = "The webhook with its secret.", body = NewWebhook)))]
pub async fn create(state: State, signed: Signed, body: Body<CreateWebhook>) -> Answer {
    let webhook = webhooks::create(&state.system, signed.0.user_id, body.0).await?;
    Ok(HttpResponse::Created().json(webhook))
}

/// Delete a webhook
///
/// With everything that was still to be sent to it.
#[utoipa::path(delete, path = "/v1/webhooks/{id}", tag = "webhooks", operation_id = "deleteWebhook",
    params(("id" = Uuid, Path, description = "The webhook.")),
    responses((status = 204, description = "It is gone.")))]
pub async fn remove(state: State, signed: Signed, id: Id<WebhookId>) -> Answer {
    webhooks::remove(&state.system, signed.0.user_id, id.0).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Give a webhook another secret
///
/// For a day, messages carry the signatures of the secrets before beside the new one's.
#[utoipa::path(post, path = "/v1/webhooks/{id}/secret", tag = "webhooks", operation_id = "rotateWebhookSecret",
    params(("id" = Uuid, Path, description = "The webhook.")),
    responses((status = 200, description = "The webhook with its new secret.", body = NewWebhook)))]
pub async fn rotate(state: State, signed: Signed, id: Id<WebhookId>) -> Answer {
    let webhook = webhooks::rotate(&state.system, signed.0.user_id, id.0).await?;
    Ok(HttpResponse::Ok().json(webhook))
}

/// Test a webhook
///
/// Sends `webhook.test`; how that went is told by its deliveries.
#[utoipa::path(post, path = "/v1/webhooks/{id}/test", tag = "webhooks", operation_id = "testWebhook",
    params(("id" = Uuid, Path, description = "The webhook.")),
    responses((status = 202, description = "It is sent as soon as may be.", body = WebhookDelivery)))]
pub async fn test(state: State, signed: Signed, id: Id<WebhookId>) -> Answer {
    let delivery = webhooks::test(&state.system, signed.0.user_id, id.0).await?;
    Ok(HttpResponse::Accepted().json(delivery))
}

/// List a webhook's deliveries
///
/// The last hundred of the last seven days.
#[utoipa::path(get, path = "/v1/webhooks/{id}/deliveries", tag = "webhooks", operation_id = "listWebhookDeliveries",
    params(("id" = Uuid, Path, description = "The webhook.")),
    responses((status = 200, description = "Newest first.", body = Page<WebhookDelivery>)))]
pub async fn deliveries(state: State, signed: Signed, id: Id<WebhookId>) -> Answer {
    let items = webhooks::deliveries(&state.system, signed.0.user_id, id.0).await?;
    Ok(HttpResponse::Ok().json(Page {
        items,
        next_cursor: None,
    }))
}
