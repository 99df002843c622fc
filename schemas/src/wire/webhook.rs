//! Webhooks: where somebody wants to be told how jobs ended, in the form of Standard Webhooks.

use serde::{Deserialize, Serialize};

use crate::choice::choice;
use crate::{JobId, Timestamp, WebhookId};

choice! {
    /// What a webhook tells of.
    WebhookEvent {
        /// A job succeeded.
        JobSucceeded = "job.succeeded",
        /// A job failed.
        JobFailed = "job.failed",
        /// A job was cancelled.
        JobCancelled = "job.cancelled",
        /// Somebody wants to see whether it arrives.
        WebhookTest = "webhook.test",
    }
}

choice! {
    /// How a delivery stands.
    DeliveryState {
        /// It is still to be sent, or tried again.
        Pending = "pending",
        /// It arrived. Final.
        Delivered = "delivered",
        /// It is not tried any more. Final.
        Failed = "failed",
    }
}

choice! {
    /// Why a delivery did not arrive.
    DeliveryProblem {
        /// No answer in time.
        Timeout = "timeout",
        /// No connection, or one that broke.
        Unreachable = "unreachable",
        /// The name leads to an address within a network of one's own.
        AddressRefused = "address_refused",
        /// The answer leads elsewhere; nobody follows.
        Redirect = "redirect",
        /// The answer was no success.
        Status = "status",
        /// The answer was 410: the webhook is wanted no more.
        Gone = "gone",
        /// Whoever sent it died while it did.
        Interrupted = "interrupted",
        /// The webhook was disabled meanwhile.
        Disabled = "disabled",
    }
}

/// `POST /v1/webhooks`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateWebhook {
    /// Where to send to, `https` and a host by its name; without it, what is sent to the `webhook_url` of jobs is signed
    /// with this webhook's secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(max_length = 2048, example = "https://example.org/songwalker")
    )]
    pub url: Option<String>,
    /// What to tell of; all of it where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 4))]
    pub events: Option<Vec<WebhookEvent>>,
}

/// A webhook, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Webhook {
    /// Its id.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Uuid))]
    pub id: WebhookId,
    /// Where to; null: to the addresses that jobs name themselves.
    pub url: Option<String>,
    /// What it tells of.
    pub events: Vec<WebhookEvent>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when nothing is sent any more: its receiver answered 410.
    pub disabled_at: Option<Timestamp>,
    /// When something last arrived.
    pub delivered_at: Option<Timestamp>,
    /// When something last did not.
    pub failed_at: Option<Timestamp>,
    /// Why that did not.
    pub problem: Option<DeliveryProblem>,
}

/// A webhook that was just made, or got another secret: the only time that the secret is told.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewWebhook {
    /// The webhook.
    #[serde(flatten)]
    pub webhook: Webhook,
    /// `whsec_…`: behind the prefix, in base64, the key with which deliveries are signed.
    pub secret: String,
}

/// Something that was sent to a webhook, or is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookDelivery {
    /// Its `webhook-id`, the same in each attempt.
    pub id: String,
    /// What it tells of.
    pub event: WebhookEvent,
    /// The job.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = Uuid))]
    pub job_id: Option<JobId>,
    /// How it stands.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    /// The status of the last answer.
    pub status: Option<u16>,
    /// Why the last attempt failed.
    pub problem: Option<DeliveryProblem>,
    /// When it came up.
    pub created_at: Timestamp,
    /// When it is tried next.
    pub next_at: Option<Timestamp>,
    /// When it arrived, or was given up.
    pub ended_at: Option<Timestamp>,
}
