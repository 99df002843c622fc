//! What goes over the wire between server, command line, web page and plugin: one file a noun. Requests refuse unknown
//! fields; answers may gain fields, and readers skip those that they do not know.

pub mod account;
pub mod admin;
pub mod event;
pub mod job;
pub mod page;
pub mod request;
pub mod share;
pub mod template;
pub mod version;
pub mod webhook;

pub use account::{CreateKey, Erasure, Key, Me, NewKey, Session, Usage};
pub use admin::{
    CreatePlan, CreateUser, DeadLetter, DeadLetterDetail, Lane, Pause, PauseJobs, Plan, Queues, UpdatePlan,
    UpdateUser, User, WaitingCounts, WorkerSeen,
};
pub use event::{Event, EventKind, LogLine, Progress};
pub use job::{BundleInfo, Job, Links, PlannerUse, RequestEcho, StageTiming, Waiting};
pub use page::Page;
pub use request::{CreateJob, UpdateJob};
pub use share::{CreateShare, NewShare, Share};
pub use template::TemplateSummary;
pub use version::Version;
pub use webhook::{
    CreateWebhook, DeliveryProblem, DeliveryState, NewWebhook, Webhook, WebhookDelivery, WebhookEvent,
};
