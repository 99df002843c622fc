//! A request becomes a job (R1, R2, R9): row, prompt, hint and idempotency key are committed together, or nothing is.

use std::time::Instant;

use sea_orm::prelude::Uuid;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
};
use serde_json::json;
use songwalker_schemas::job::{JobState, PlannerChoice};
use songwalker_schemas::limits::{MAX_ATTEMPTS, MAX_IDEMPOTENCY_KEY_BYTES, MAX_SEED, MAX_VARIATIONS};
use songwalker_schemas::wire::{CreateJob, EventKind};
use songwalker_schemas::{ErrorCode, JobId, Timestamp, UserId, canonical, text};

use crate::entity::{idempotency_keys, jobs, prompts};
use crate::error::JobsError;
use crate::events::NewEvent;
use crate::failpoint::{self, Failpoint};
use crate::job_key::{KeyFields, job_key};
use crate::ports::Signal;
use crate::quota::{self, LockedUser};
use crate::row::{self, JobRow};
use crate::system::System;
use crate::webhooks::{self, address};
use crate::{counts, outbox, planning, trace};

mod together;

pub(crate) use together::Plain;
use together::accept_all;

/// What a new job's first event says.
const ACCEPTED: &str = "accepted";

/// How a request was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// With a new job.
    New,
    /// With the job that the same request made before.
    Existing,
    /// With the job that this Idempotency-Key made before.
    Replayed,
}

/// An accepted request.
#[derive(Debug)]
pub struct Accepted {
    /// The job.
    pub row: JobRow,
    /// Whether it is a new one.
    pub answer: Answer,
}

/// A request in its normal form.
#[derive(Debug, Clone)]
pub(crate) struct Checked {
    pub request: CreateJob,
    pub planner: PlannerChoice,
    /// The parent's hash, where it is known already: the parent itself may be gone.
    pub parent_sha256: Option<String>,
    /// The job that is done again, where one was named.
    pub retry_of: Option<Uuid>,
    /// The `traceparent` of the request.
    pub trace: Option<String>,
}

/// Accepts a request of a user.
///
/// # Errors
/// Every fault of the request at once; the quota; an Idempotency-Key that came with another request; a parent that is
/// not there; the planner that is asked for is not.
pub async fn accept(
    system: &System,
    user: UserId,
    request: CreateJob,
    idempotency_key: Option<&str>,
) -> Result<Accepted, JobsError> {
    let checked = check(system, request)?;
    let idempotency = idempotency_key
        .map(|key| Idempotency::new(key, &checked.request))
        .transpose()?;
    let began = Instant::now();
    let accepted = match in_company(system, user, &checked, idempotency.as_ref()).await {
        Some(row) => Accepted {
            row: row?,
            answer: Answer::New,
        },
        None => alone(system, user, &checked, idempotency.as_ref()).await?,
    };
    if accepted.answer == Answer::Replayed {
        return Ok(accepted);
    }
    failpoint::reached(Failpoint::AcceptCommitted).await?;
    if accepted.answer == Answer::New {
        outbox::wake(system);
        system.bus.publish(Signal::JobChanged {
            job_id: accepted.row.id(),
            user_id: user,
        });
        counts::accepted(began);
        tracing::info!(job.id = %accepted.row.id(), user.id = %user, "job accepted");
    }
    Ok(accepted)
}

/// Together with other requests that come now, where it is plain; nothing where it is to be decided alone.
async fn in_company(
    system: &System,
    user: UserId,
    checked: &Checked,
    idempotency: Option<&Idempotency>,
) -> Option<Result<JobRow, JobsError>> {
    let request = &checked.request;
    if !system.db.is_shared() || request.parent_job_id.is_some() || request.webhook_url.is_some() {
        return None;
    }
    let plain = Plain {
        user,
        checked: checked.clone(),
        idempotency: idempotency.cloned(),
    };
    system.requests().join(system, plain, accept_all).await
}

/// In a transaction of its own.
async fn alone(
    system: &System,
    user: UserId,
    checked: &Checked,
    idempotency: Option<&Idempotency>,
) -> Result<Accepted, JobsError> {
    let tx = system.db.begin().await?;
    let locked = quota::lock_user(&tx, user).await?;
    if let Some(idempotency) = idempotency
        && let Some(row) = idempotency.replay(&tx, system, user).await?
    {
        tx.commit().await?;
        return Ok(Accepted {
            row,
            answer: Answer::Replayed,
        });
    }
    let accepted = insert_or_find(&tx, system, &locked, checked).await?;
    if let Some(url) = &checked.request.webhook_url {
        webhooks::outbox::add_address(&tx, &accepted.row, url).await?;
    }
    if let Some(idempotency) = idempotency {
        idempotency.remember(&tx, system, user, accepted.row.id()).await?;
    }
    failpoint::reached(Failpoint::AcceptInserted).await?;
    tx.commit().await?;
    Ok(accepted)
}

/// The request in its normal form, or every fault of it.
fn check(system: &System, mut request: CreateJob) -> Result<Checked, JobsError> {
    let mut code = None;
    let mut faults = Vec::new();
    let mut fault = |which: ErrorCode, list: Vec<songwalker_schemas::Fault>| {
        code.get_or_insert(which);
        faults.extend(list);
    };
    let one = |pointer: &str, problem: String| {
        vec![songwalker_schemas::Fault {
            pointer: pointer.to_owned(),
            problem,
        }]
    };
    match text::prompt(&request.prompt) {
        Ok(prompt) => request.prompt = prompt,
        Err(refused) => fault(refused.code, refused.into()),
    }
    match text::tags(&request.tags) {
        Ok(tags) => request.tags = tags,
        Err(refused) => fault(refused.code, refused.into()),
    }
    if let Some(id) = &request.template_id
        && !system.catalogue.template_ids.contains(id)
    {
        fault(
            ErrorCode::UnknownTemplate,
            one("/template_id", "there is no such template".to_owned()),
        );
    }
    if request.seed > MAX_SEED {
        fault(
            ErrorCode::InvalidRequest,
            one("/seed", format!("greater than {MAX_SEED}")),
        );
    }
    if usize::from(request.variations) > MAX_VARIATIONS {
        fault(
            ErrorCode::InvalidRequest,
            one("/variations", format!("at most {MAX_VARIATIONS}")),
        );
    }
    let allows_plain = !system.config.webhooks.allow_private.is_empty();
    if let Some(problem) = request
        .webhook_url
        .as_deref()
        .and_then(|url| address::problem(url, allows_plain))
    {
        fault(ErrorCode::InvalidRequest, one("/webhook_url", problem));
    }
    if let Some(code) = code {
        let message = faults.first().map_or_else(String::new, |fault| {
            format!("{}: {}", fault.pointer.trim_start_matches('/'), fault.problem)
        });
        return Err(JobsError::Refused {
            code,
            message,
            faults,
        });
    }
    let planner = if request.parent_job_id.is_some() {
        of_refinement(request.planner)?
    } else {
        settled(request.planner, system.config.llm.named())?
    };
    Ok(Checked {
        request,
        planner,
        parent_sha256: None,
        retry_of: None,
        trace: trace::current(),
    })
}

/// The planner of words about a sound that is there: no model reads these.
fn of_refinement(asked: PlannerChoice) -> Result<PlannerChoice, JobsError> {
    match asked {
        PlannerChoice::Auto | PlannerChoice::Embedded => Ok(PlannerChoice::Embedded),
        PlannerChoice::Llm | PlannerChoice::Hybrid => Err(JobsError::refused(
            ErrorCode::PlannerUnavailable,
            "/planner",
            "words about a sound that is there are read by the embedded planner; `auto` and `embedded` work",
        )),
    }
}

/// The planner that is meant: never `auto`, which is what the installation has.
fn settled(asked: PlannerChoice, model: Option<&str>) -> Result<PlannerChoice, JobsError> {
    match (asked, model) {
        (PlannerChoice::Embedded, _) | (PlannerChoice::Auto, None) => Ok(PlannerChoice::Embedded),
        (PlannerChoice::Auto, Some(_)) => Ok(PlannerChoice::Hybrid),
        (PlannerChoice::Llm | PlannerChoice::Hybrid, Some(_)) => Ok(asked),
        (PlannerChoice::Llm | PlannerChoice::Hybrid, None) => Err(JobsError::refused(
            ErrorCode::PlannerUnavailable,
            "/planner",
            "no language model is set up here; `auto` and `embedded` work",
        )),
    }
}

/// Within the transaction: the job that answers the request already, or a new one.
pub(crate) async fn insert_or_find(
    tx: &DatabaseTransaction,
    system: &System,
    locked: &LockedUser,
    checked: &Checked,
) -> Result<Accepted, JobsError> {
    let user = UserId(locked.user.id);
    let request = &checked.request;
    let parent = match (&checked.parent_sha256, request.parent_job_id) {
        (Some(hash), _) => Some(hash.clone()),
        (None, Some(id)) => Some(parent_hash(tx, user, id).await?),
        (None, None) => None,
    };
    let key = key_of(system, locked, checked, parent.as_deref())?;
    let same = jobs::Entity::find()
        .filter(jobs::Column::UserId.eq(user.0))
        .filter(jobs::Column::JobKey.eq(&key))
        .filter(jobs::Column::DeleteRequestedAt.is_null())
        .order_by_desc(jobs::Column::CreatedAt)
        .order_by_desc(jobs::Column::Id)
        .all(tx)
        .await?;
    let dead = [JobState::Failed.name(), JobState::Cancelled.name()];
    if let Some(live) = same
        .iter()
        .find(|row| !dead.contains(&row.state.as_str()) && row.artifacts_deleted_at.is_none())
    {
        return Ok(Accepted {
            row: live.clone().into(),
            answer: Answer::Existing,
        });
    }
    quota::pass(tx, system, locked).await?;
    let before = same.first();
    let mut row = insert(
        tx,
        system,
        locked,
        checked,
        &key,
        parent,
        checked.retry_of.or(before.map(|row| row.id)),
    )
    .await?;
    if let Some(before) = before {
        planning::inherited(tx, before.id, &mut row).await?;
    }
    if let Some(before) = checked.retry_of {
        webhooks::outbox::inherit(tx, JobId(before), &row).await?;
    }
    Ok(Accepted {
        row,
        answer: Answer::New,
    })
}

/// The key under which the request is known to its user (R2).
fn key_of(
    system: &System,
    locked: &LockedUser,
    checked: &Checked,
    parent: Option<&str>,
) -> Result<String, JobsError> {
    let request = &checked.request;
    let secret: [u8; 32] = locked
        .user
        .job_key_secret
        .as_slice()
        .try_into()
        .map_err(|_| JobsError::Internal("a user's secret has not 32 bytes".to_owned()))?;
    Ok(job_key(
        &secret,
        &KeyFields {
            kind: request.kind,
            prompt: &request.prompt,
            tags: &request.tags,
            template_id: request.template_id.as_deref(),
            seed: request.seed,
            variations: request.variations,
            planner: checked.planner,
            model: model_of(system, checked.planner),
            parent,
            generator_version: &system.catalogue.generator_version,
        },
    ))
}

/// The model that a planner asks: another one may answer otherwise.
fn model_of(system: &System, planner: PlannerChoice) -> Option<&str> {
    match planner {
        PlannerChoice::Llm | PlannerChoice::Hybrid => system.config.llm.named(),
        PlannerChoice::Auto | PlannerChoice::Embedded => None,
    }
}

/// The manifest hash of a finished job of the user.
async fn parent_hash(tx: &DatabaseTransaction, user: UserId, id: JobId) -> Result<String, JobsError> {
    let refused = |code: ErrorCode, problem: &str| Err(JobsError::refused(code, "/parent_job_id", problem));
    match row::locked_of(tx, user, id).await {
        Ok(row) if row.model.artifacts_deleted_at.is_some() => {
            refused(ErrorCode::Gone, "the bundle of this job is past its retention")
        }
        Ok(row) => match row.model.manifest_sha256 {
            Some(hash) => Ok(hash),
            None => refused(ErrorCode::Conflict, "this job has no bundle"),
        },
        Err(JobsError::NotFound(_)) => refused(ErrorCode::NotFound, "there is no such job"),
        Err(other) => Err(other),
    }
}

async fn insert(
    tx: &DatabaseTransaction,
    system: &System,
    locked: &LockedUser,
    checked: &Checked,
    key: &str,
    parent: Option<String>,
    retry_of: Option<Uuid>,
) -> Result<JobRow, JobsError> {
    let model = model(system, locked, checked, key, parent, retry_of)?;
    let now = Timestamp(model.created_at);
    let row = row::insert(tx, model, NewEvent::new(EventKind::State, now, ACCEPTED)).await?;
    let keep = system.keep_prompts(&locked.plan);
    let prompt = prompts::Model {
        job_id: row.model.id,
        prompt: checked.request.prompt.clone(),
        tags: row.model.tags.clone(),
        erase_at: keep.map(|span| now.plus(span).0),
    };
    prompts::Entity::insert(prompt.into_active_model().reset_all())
        .exec_without_returning(tx)
        .await?;
    outbox::write(tx, row.id(), now).await?;
    Ok(row)
}

/// The row of a new job.
fn model(
    system: &System,
    locked: &LockedUser,
    checked: &Checked,
    key: &str,
    parent: Option<String>,
    retry_of: Option<Uuid>,
) -> Result<jobs::Model, JobsError> {
    let (now, steady) = (system.clock.now(), system.clock.steady());
    let request = &checked.request;
    Ok(jobs::Model {
        id: Uuid::now_v7(),
        user_id: locked.user.id,
        kind: request.kind.name().to_owned(),
        state: JobState::Queued.name().to_owned(),
        stage: None,
        progress: 0.0,
        attempt: 0,
        max_attempts: i32::try_from(system.config.worker.max_attempts.min(MAX_ATTEMPTS)).unwrap_or(1),
        deaths: 0,
        fence: 0,
        worker_id: None,
        lease_until: None,
        not_before: None,
        queue_deadline: steady.plus(system.config.queue.wait_deadline.duration()).0,
        // Its hint stands in the outbox from the same commit on.
        hinted_at: Some(steady.0),
        job_key: Some(key.to_owned()),
        template_id: request.template_id.clone(),
        seed: i64::try_from(request.seed).unwrap_or(0),
        variations: i32::from(request.variations),
        planner: checked.planner.name().to_owned(),
        generator_version: system.catalogue.generator_version.clone(),
        parent_job_id: request.parent_job_id.map(|id| id.0),
        parent_sha256: parent,
        retry_of,
        own_name: None,
        sound_name: None,
        category: None,
        tags: serde_json::to_string(&request.tags)?,
        starred: false,
        rating: None,
        bundle_sha256: None,
        bundle_bytes: None,
        manifest_sha256: None,
        artifacts_deleted_at: None,
        error: None,
        stages: "[]".to_owned(),
        event_seq: 0,
        created_at: now.0,
        queued_at: now.0,
        started_at: None,
        cancel_requested_at: None,
        cancel_acknowledged_at: None,
        stopped_at: None,
        finished_at: None,
        retain_until: None,
        delete_requested_at: None,
        trace: checked.trace.clone(),
        planning: None,
    })
}

/// An Idempotency-Key with the request it came with, both as hashes.
#[derive(Clone)]
pub(crate) struct Idempotency {
    key_sha256: String,
    body_sha256: String,
}

impl Idempotency {
    fn new(key: &str, request: &CreateJob) -> Result<Self, JobsError> {
        if key.is_empty()
            || key.len() > MAX_IDEMPOTENCY_KEY_BYTES
            || !key.bytes().all(|byte| matches!(byte, 0x20..=0x7e))
        {
            return Err(JobsError::refused(
                ErrorCode::InvalidRequest,
                "/headers/Idempotency-Key",
                format!("1 to {MAX_IDEMPOTENCY_KEY_BYTES} printable ASCII characters"),
            ));
        }
        let body = canonical::to_string(&json!(request));
        Ok(Self {
            key_sha256: canonical::sha256_hex(key.as_bytes()),
            body_sha256: canonical::sha256_hex(body.as_bytes()),
        })
    }

    async fn replay(
        &self,
        tx: &DatabaseTransaction,
        system: &System,
        user: UserId,
    ) -> Result<Option<JobRow>, JobsError> {
        let found = idempotency_keys::Entity::find_by_id((user.0, self.key_sha256.clone()))
            .one(tx)
            .await?;
        let Some(found) = found else { return Ok(None) };
        if Timestamp(found.expires_at) <= system.clock.now() {
            return self.forget(tx, user).await;
        }
        if found.body_sha256 != self.body_sha256 {
            return Err(JobsError::IdempotencyKeyReuse);
        }
        match row::locked_of(tx, user, JobId(found.job_id)).await {
            Ok(row) => Ok(Some(row)),
            // Its job is being deleted: the header means nothing any more.
            Err(JobsError::NotFound(_)) => self.forget(tx, user).await,
            Err(other) => Err(other),
        }
    }

    async fn forget(&self, tx: &DatabaseTransaction, user: UserId) -> Result<Option<JobRow>, JobsError> {
        idempotency_keys::Entity::delete_by_id((user.0, self.key_sha256.clone()))
            .exec(tx)
            .await?;
        Ok(None)
    }

    async fn remember(
        &self,
        tx: &DatabaseTransaction,
        system: &System,
        user: UserId,
        job: JobId,
    ) -> Result<(), JobsError> {
        let model = idempotency_keys::Model {
            user_id: user.0,
            key_sha256: self.key_sha256.clone(),
            body_sha256: self.body_sha256.clone(),
            job_id: job.0,
            expires_at: system
                .clock
                .now()
                .plus(system.config.retention.idempotency.duration())
                .0,
        };
        idempotency_keys::Entity::insert(model.into_active_model().reset_all())
            .exec_without_returning(tx)
            .await?;
        Ok(())
    }
}
