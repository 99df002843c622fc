//! Jobs: made, listed, looked at, named, cancelled, done again, deleted.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use songwalker_jobs::accept::{Accepted, Answer as Accept};
use songwalker_jobs::{JobsError, accept, cancel, delete, library, read, retry, view};
use songwalker_schemas::job::{JobKind, JobState};
use songwalker_schemas::limits::{MAX_PAGE, MAX_TAG_CHARS};
use songwalker_schemas::wire::{CreateJob, Job, LogLine, Page, UpdateJob};
use songwalker_schemas::{Category, JobId};

use super::{Answer, State};
use crate::access::Signed;
use crate::body::Body;
use crate::conditional;
use crate::error::ApiError;
use crate::feed;
use crate::identifier::Id;
use crate::preference;
use crate::query::Query;

/// The longest text to search for, in characters.
const MAX_SEARCH_CHARS: usize = 200;

/// Make something
///
/// Accepts a request and makes a job of it. The same request again is answered with the job that it made before. With
/// `Prefer: wait=N` the answer is held until the job has ended, at most 25 seconds.
#[utoipa::path(post, path = "/v1/jobs", tag = "jobs", operation_id = "createJob",
    request_body = CreateJob,
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable ASCII characters. For 24 hours the same key with the same body is answered with the same job.", min_length = 1, max_length = 255, pattern = "^[\\x21-\\x7e]{1,255}$"),
        ("Prefer" = Option<String>, Header, description = "`wait=N`: hold the answer up to N seconds, at most 25.", example = "wait=10"),
    ),
    responses(
        (status = 202, description = "A new job.", body = Job, headers(
            ("Location" = String, description = "Address of the job."),
            ("Preference-Applied" = String, description = "The preference that was honoured."))),
        (status = 200, description = "The job that the same request made before, as it stands.", body = Job, headers(
            ("Location" = String, description = "Address of the job."),
            ("Idempotency-Replayed" = String, description = "`true` where the Idempotency-Key was known."),
            ("Preference-Applied" = String, description = "The preference that was honoured."))),
    ))]
pub async fn create(state: State, signed: Signed, request: HttpRequest, body: Body<CreateJob>) -> Answer {
    let user = signed.0.user_id;
    let key = idempotency_key(&request)?;
    let accepted = accept::accept(&state.system, user, body.0, key).await?;
    let wait = preference::wait(request.headers());
    let mut answer = begin(&accepted);
    if accepted.answer == Accept::Replayed {
        answer.insert_header(("Idempotency-Replayed", "true"));
    }
    let mut row = accepted.row;
    if let Some(wait) = wait {
        answer.insert_header(("Preference-Applied", format!("wait={}", wait.as_secs())));
        if !row.state()?.is_final() {
            let listener = state.feeds.listen(user, row.id());
            feed::ended(listener, &state.stopping, wait).await;
            row = match read::row(&state.system, user, row.id()).await {
                Err(JobsError::NotFound(_)) => row,
                other => other?,
            };
        }
    }
    Ok(answer.json(view::job(&state.system, row).await?))
}

/// The status of a request that became a job, and where that is.
fn begin(accepted: &Accepted) -> actix_web::HttpResponseBuilder {
    let mut answer = match accepted.answer {
        Accept::New => HttpResponse::Accepted(),
        Accept::Existing | Accept::Replayed => HttpResponse::Ok(),
    };
    answer.insert_header((header::LOCATION, format!("/v1/jobs/{}", accepted.row.id())));
    answer
}

fn idempotency_key(request: &HttpRequest) -> Result<Option<&str>, ApiError> {
    let mut values = request.headers().get_all("idempotency-key");
    let first = values.next();
    if values.next().is_some() {
        return Err(refused_key("more than one"));
    }
    first
        .map(|value| value.to_str().map_err(|_| refused_key("not ASCII")))
        .transpose()
}

fn refused_key(problem: &str) -> ApiError {
    ApiError::fault(
        songwalker_schemas::ErrorCode::InvalidRequest,
        "/headers/Idempotency-Key",
        problem,
    )
}

/// List jobs
///
/// Newest first. Filters add up.
#[utoipa::path(get, path = "/v1/jobs", tag = "jobs", operation_id = "listJobs",
    params(
        ("state" = Option<JobState>, Query, description = "In this state."),
        ("kind" = Option<JobKind>, Query, description = "Of this kind."),
        ("category" = Option<Category>, Query, description = "Of this category of sound."),
        ("tag" = Option<String>, Query, description = "With this tag.", max_length = 64),
        ("starred" = Option<bool>, Query, description = "With, or without, a star."),
        ("q" = Option<String>, Query, description = "With these letters in name, category, tags or prompt.", max_length = 200),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before.", pattern = "^[0-9a-f]{1,15}\\.[0-9a-f]{32}$"),
        ("limit" = Option<u64>, Query, description = "How many; 20 where nothing is said.", minimum = 1, maximum = 100),
    ),
    responses((status = 200, description = "A page of jobs.", body = Page<Job>, headers(
        ("Link" = String, description = "The next page, `rel=\"next\"`, where there is one.")))))]
pub async fn list(state: State, signed: Signed, request: HttpRequest) -> Answer {
    const KNOWN: [&str; 8] = [
        "state", "kind", "category", "tag", "starred", "q", "cursor", "limit",
    ];
    let mut query = Query::of(&request, &KNOWN);
    let filter = read::Filter {
        state: query.word("state", JobState::NAMES, JobState::from_name),
        kind: query.word("kind", JobKind::NAMES, JobKind::from_name),
        category: query
            .word("category", Category::NAMES, Category::from_name)
            .map(|category| category.name().to_owned()),
        tag: query.text("tag", MAX_TAG_CHARS),
        starred: query.flag("starred"),
        q: query.text("q", MAX_SEARCH_CHARS),
        cursor: query.cursor(),
        limit: query.number("limit", MAX_PAGE),
    };
    let filter = query.done(filter)?;
    let page = read::list(&state.system, signed.0.user_id, &filter).await?;
    Ok(with_next(&request, page.next_cursor.as_deref()).json(page))
}

/// An answer that says where the next page is, where there is one.
pub fn with_next(request: &HttpRequest, cursor: Option<&str>) -> actix_web::HttpResponseBuilder {
    let mut answer = HttpResponse::Ok();
    if let Some(cursor) = cursor {
        let others = request
            .query_string()
            .split('&')
            .filter(|pair| !pair.is_empty() && pair.split('=').next() != Some("cursor"));
        let pairs: Vec<String> = others
            .map(str::to_owned)
            .chain([format!("cursor={cursor}")])
            .collect();
        let link = format!("<{}?{}>; rel=\"next\"", request.path(), pairs.join("&"));
        answer.insert_header((header::LINK, link));
    }
    answer
}

/// Look at a job
#[utoipa::path(get, path = "/v1/jobs/{id}", tag = "jobs", operation_id = "getJob",
    params(("id" = Uuid, Path, description = "The job.")),
    responses(
        (status = 200, description = "The job.", body = Job, headers(("ETag" = String, description = "Names this answer."))),
        (status = 304, description = "As it was: `If-None-Match` names it."),
    ))]
pub async fn show(state: State, signed: Signed, request: HttpRequest, id: Id<JobId>) -> Answer {
    let job = read::job(&state.system, signed.0.user_id, id.0).await?;
    conditional::json(request.headers(), HttpResponse::Ok(), &job)
}

/// Name, tag, star or rate a job
#[utoipa::path(patch, path = "/v1/jobs/{id}", tag = "jobs", operation_id = "updateJob",
    params(("id" = Uuid, Path, description = "The job.")),
    request_body = UpdateJob,
    responses((status = 200, description = "The job.", body = Job)))]
pub async fn update(state: State, signed: Signed, id: Id<JobId>, body: Body<UpdateJob>) -> Answer {
    let row = library::update(&state.system, signed.0.user_id, id.0, body.0).await?;
    Ok(HttpResponse::Ok().json(view::job(&state.system, row).await?))
}

/// Delete a job
///
/// With its prompt, its artifacts and its shares. One that runs is cancelled first; its slot is free once it has
/// stopped.
#[utoipa::path(delete, path = "/v1/jobs/{id}", tag = "jobs", operation_id = "deleteJob",
    params(("id" = Uuid, Path, description = "The job.")),
    responses(
        (status = 204, description = "It is gone."),
        (status = 202, description = "It goes as soon as it has stopped; nobody finds it any more."),
    ))]
pub async fn remove(state: State, signed: Signed, id: Id<JobId>) -> Answer {
    Ok(
        match delete::delete(&state.system, signed.0.user_id, id.0).await? {
            delete::Deletion::Done => HttpResponse::NoContent().finish(),
            delete::Deletion::Stopping => HttpResponse::Accepted().finish(),
        },
    )
}

/// Cancel a job
///
/// Again is harmless. The body says in which state the job is.
#[utoipa::path(post, path = "/v1/jobs/{id}/cancel", tag = "jobs", operation_id = "cancelJob",
    params(("id" = Uuid, Path, description = "The job.")),
    responses(
        (status = 202, description = "It is being stopped.", body = Job),
        (status = 200, description = "It has ended.", body = Job),
    ))]
pub async fn cancel(state: State, signed: Signed, id: Id<JobId>) -> Answer {
    let row = cancel::cancel(&state.system, signed.0.user_id, id.0).await?;
    let mut answer = if row.state()?.is_final() {
        HttpResponse::Ok()
    } else {
        HttpResponse::Accepted()
    };
    Ok(answer.json(view::job(&state.system, row).await?))
}

/// Do a job again
///
/// A new job with the request of one that failed, was cancelled, or whose artifacts are past their retention.
#[utoipa::path(post, path = "/v1/jobs/{id}/retry", tag = "jobs", operation_id = "retryJob",
    params(("id" = Uuid, Path, description = "The job.")),
    responses(
        (status = 202, description = "A new job.", body = Job, headers(("Location" = String, description = "Address of the new job."))),
        (status = 200, description = "The job that does it again already.", body = Job, headers(("Location" = String, description = "Address of that job."))),
    ))]
pub async fn again(state: State, signed: Signed, id: Id<JobId>) -> Answer {
    let accepted = retry::retry(&state.system, signed.0.user_id, id.0).await?;
    let mut answer = begin(&accepted);
    Ok(answer.json(view::job(&state.system, accepted.row).await?))
}

/// Read a job's log
#[utoipa::path(get, path = "/v1/jobs/{id}/log", tag = "jobs", operation_id = "getJobLog",
    params(("id" = Uuid, Path, description = "The job.")),
    responses((status = 200, description = "What happened, oldest first.", body = Vec<LogLine>)))]
pub async fn log(state: State, signed: Signed, id: Id<JobId>) -> Answer {
    let lines = read::log(&state.system, signed.0.user_id, id.0).await?;
    Ok(HttpResponse::Ok().json(lines))
}
