//! What operators see and do: users, plans, queues, pauses, dead letters.

use actix_web::{HttpRequest, HttpResponse};
use songwalker_jobs::admin::{dead_letters, plans, queues};
use songwalker_jobs::{keys, pause, users};
use songwalker_schemas::wire::{
    CreateKey, CreatePlan, CreateUser, DeadLetter, DeadLetterDetail, Key, NewKey, Page, Pause, PauseJobs,
    Plan, Queues, UpdatePlan, UpdateUser, User,
};
use songwalker_schemas::{JobId, KeyId, UserId};

use super::jobs::with_next;
use super::{Answer, State};
use crate::access::Signed;
use crate::body::{Body, OptionalBody};
use crate::identifier::Id;
use crate::query::Query;

/// The plan of a user for whom none is named.
const USUAL_PLAN: &str = "standard";

const fn whole<T>(items: Vec<T>) -> Page<T> {
    Page {
        items,
        next_cursor: None,
    }
}

/// List users
#[utoipa::path(get, path = "/v1/admin/users", tag = "admin", operation_id = "listUsers",
    params(
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before.", pattern = "^[0-9a-f]{1,15}\\.[0-9a-f]{32}$"),
        ("limit" = Option<u64>, Query, description = "How many; 20 where nothing is said.", minimum = 1, maximum = 100),
    ),
    responses((status = 200, description = "A page of users, newest first.", body = Page<User>, headers(
        ("Link" = String, description = "The next page, `rel=\"next\"`, where there is one.")))))]
pub async fn list_users(state: State, request: HttpRequest) -> Answer {
    let (cursor, limit) = Query::place(&request)?;
    let page = users::page(&state.system, cursor.as_deref(), limit).await?;
    Ok(with_next(&request, page.next_cursor.as_deref()).json(page))
}

/// Make a user
#[utoipa::path(post, path = "/v1/admin/users", tag = "admin", operation_id = "createUser",
    request_body = CreateUser,
    responses((status = 201, description = "The user.", body = User)))]
pub async fn create_user(state: State, body: Body<CreateUser>) -> Answer {
    let plan = body.0.plan.as_deref().unwrap_or(USUAL_PLAN);
    let user = users::create(&state.system, &body.0.name, plan).await?;
    Ok(HttpResponse::Created().json(user))
}

/// Put a user under another plan
#[utoipa::path(patch, path = "/v1/admin/users/{id}", tag = "admin", operation_id = "updateUser",
    params(("id" = Uuid, Path, description = "The user.")),
    request_body = UpdateUser,
    responses((status = 200, description = "The user.", body = User)))]
pub async fn update_user(state: State, id: Id<UserId>, body: Body<UpdateUser>) -> Answer {
    let user = users::set_plan(&state.system, id.0, &body.0.plan).await?;
    Ok(HttpResponse::Ok().json(user))
}

/// List a user's keys
#[utoipa::path(get, path = "/v1/admin/users/{id}/keys", tag = "admin", operation_id = "listKeysOfUser",
    params(("id" = Uuid, Path, description = "The user.")),
    responses((status = 200, description = "The keys, newest first.", body = Page<Key>)))]
pub async fn list_keys(state: State, id: Id<UserId>) -> Answer {
    let user = users::of(&state.system, id.0).await?;
    Ok(HttpResponse::Ok().json(whole(keys::list(&state.system, user.id).await?)))
}

/// Make a key for a user
///
/// With scopes that the key which asks has itself. The secret is told once.
#[utoipa::path(post, path = "/v1/admin/users/{id}/keys", tag = "admin", operation_id = "createKeyOfUser",
    params(("id" = Uuid, Path, description = "The user.")),
    request_body = CreateKey,
    responses((status = 201, description = "The key with its secret.", body = NewKey)))]
pub async fn create_key(state: State, signed: Signed, id: Id<UserId>, body: Body<CreateKey>) -> Answer {
    let key = keys::create(&state.system, id.0, body.0, &signed.0.scopes).await?;
    Ok(HttpResponse::Created().json(key))
}

/// Revoke anybody's key
#[utoipa::path(delete, path = "/v1/admin/keys/{id}", tag = "admin", operation_id = "revokeAnyKey",
    params(("id" = Uuid, Path, description = "The key.")),
    responses((status = 204, description = "It works no more.")))]
pub async fn revoke_key(state: State, id: Id<KeyId>) -> Answer {
    keys::revoke_any(&state.system, id.0).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// List plans
#[utoipa::path(get, path = "/v1/admin/plans", tag = "admin", operation_id = "listPlans",
    responses((status = 200, description = "What each allows, by name.", body = Page<Plan>)))]
pub async fn list_plans(state: State) -> Answer {
    Ok(HttpResponse::Ok().json(whole(plans::list(&state.system).await?)))
}

/// Make a plan
#[utoipa::path(post, path = "/v1/admin/plans", tag = "admin", operation_id = "createPlan",
    request_body = CreatePlan,
    responses((status = 201, description = "The plan.", body = Plan)))]
pub async fn create_plan(state: State, body: Body<CreatePlan>) -> Answer {
    Ok(HttpResponse::Created().json(plans::create(&state.system, body.0).await?))
}

/// Change what a plan allows
///
/// What is left out stays as it is, null is no limit. Dates that were set before stay as they are.
#[utoipa::path(patch, path = "/v1/admin/plans/{name}", tag = "admin", operation_id = "updatePlan",
    params(("name" = String, Path, description = "The plan.")),
    request_body = UpdatePlan,
    responses((status = 200, description = "The plan.", body = Plan)))]
pub async fn update_plan(state: State, request: HttpRequest, body: Body<UpdatePlan>) -> Answer {
    let name = request.match_info().query("name");
    Ok(HttpResponse::Ok().json(plans::update(&state.system, name, body.0).await?))
}

/// Look at the queues
#[utoipa::path(get, path = "/v1/admin/queues", tag = "admin", operation_id = "getQueues",
    responses((status = 200, description = "Who waits where and why, and which workers are there.", body = Queues)))]
pub async fn show_queues(state: State) -> Answer {
    Ok(HttpResponse::Ok().json(queues::look(&state.system).await?))
}

/// List pauses
#[utoipa::path(get, path = "/v1/admin/pauses", tag = "admin", operation_id = "listPauses",
    responses((status = 200, description = "Which jobs no worker takes now.", body = Page<Pause>)))]
pub async fn list_pauses(state: State) -> Answer {
    Ok(HttpResponse::Ok().json(whole(pause::list(&state.system).await?)))
}

/// Pause jobs
///
/// No worker takes jobs of the kind until `resume`; what runs goes on, and what is accepted waits without running out of
/// time. Again is harmless.
#[utoipa::path(post, path = "/v1/admin/pause", tag = "admin", operation_id = "pauseJobs",
    request_body(content = Option<PauseJobs>),
    responses((status = 200, description = "What is paused then.", body = Page<Pause>)))]
pub async fn pause(state: State, body: OptionalBody<PauseJobs>) -> Answer {
    Ok(HttpResponse::Ok().json(whole(pause::pause(&state.system, body.0.kind).await?)))
}

/// Resume jobs
///
/// Of the kind, or, where none is named, of every kind. Whatever waited waits anew from now on. Again is harmless.
#[utoipa::path(post, path = "/v1/admin/resume", tag = "admin", operation_id = "resumeJobs",
    request_body(content = Option<PauseJobs>),
    responses((status = 200, description = "What is still paused then.", body = Page<Pause>)))]
pub async fn resume(state: State, body: OptionalBody<PauseJobs>) -> Answer {
    Ok(HttpResponse::Ok().json(whole(pause::resume(&state.system, body.0.kind).await?)))
}

/// List dead letters
///
/// Jobs that failed because their attempts ran out, that nobody has done again and nobody has dropped. Without prompts.
#[utoipa::path(get, path = "/v1/admin/dead-letters", tag = "admin", operation_id = "listDeadLetters",
    params(
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before.", pattern = "^[0-9a-f]{1,15}\\.[0-9a-f]{32}$"),
        ("limit" = Option<u64>, Query, description = "How many; 20 where nothing is said.", minimum = 1, maximum = 100),
    ),
    responses((status = 200, description = "A page of them, newest first.", body = Page<DeadLetter>, headers(
        ("Link" = String, description = "The next page, `rel=\"next\"`, where there is one.")))))]
pub async fn list_dead_letters(state: State, request: HttpRequest) -> Answer {
    let (cursor, limit) = Query::place(&request)?;
    let page = dead_letters::list(&state.system, cursor.as_deref(), limit).await?;
    Ok(with_next(&request, page.next_cursor.as_deref()).json(page))
}

/// Look at a dead letter
#[utoipa::path(get, path = "/v1/admin/dead-letters/{id}", tag = "admin", operation_id = "getDeadLetter",
    params(("id" = Uuid, Path, description = "The job.")),
    responses((status = 200, description = "The job with its log, without its prompt.", body = DeadLetterDetail)))]
pub async fn show_dead_letter(state: State, id: Id<JobId>) -> Answer {
    Ok(HttpResponse::Ok().json(dead_letters::show(&state.system, id.0).await?))
}

/// Do a dead letter again
///
/// As its user could: a new job with the same request, within the user's limits.
#[utoipa::path(post, path = "/v1/admin/dead-letters/{id}/requeue", tag = "admin", operation_id = "requeueDeadLetter",
    params(("id" = Uuid, Path, description = "The job.")),
    responses((status = 202, description = "The new job.", body = DeadLetter)))]
pub async fn requeue_dead_letter(state: State, id: Id<JobId>) -> Answer {
    Ok(HttpResponse::Accepted().json(dead_letters::requeue(&state.system, id.0).await?))
}

/// Drop a dead letter
///
/// It is listed no more; the job stays as it is.
#[utoipa::path(delete, path = "/v1/admin/dead-letters/{id}", tag = "admin", operation_id = "dropDeadLetter",
    params(("id" = Uuid, Path, description = "The job.")),
    responses((status = 204, description = "It is off the list.")))]
pub async fn drop_dead_letter(state: State, id: Id<JobId>) -> Answer {
    dead_letters::discard(&state.system, id.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
