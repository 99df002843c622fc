//! The events of a job, as a stream.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use songwalker_jobs::{read, view};
use songwalker_schemas::JobId;

use super::{Answer, State};
use crate::access::Signed;
use crate::identifier::Id;
use crate::query::Query;
use crate::stream::{self, COMMENT_EVERY, Seen};

/// The longest number of an event, in digits.
const MAX_ID_CHARS: usize = 20;

/// Follow a job
///
/// Server-Sent Events: first everything that is stored behind `Last-Event-ID`, then what happens, until the job has
/// ended. `state`, `stage` and `log` events are stored and have an id; their data is an Event. `progress` has none; its
/// data is a Progress. `reset` comes first where nothing of ours has the id, or where events were cleared away: forget
/// what you know, its data is the whole Job, and everything that is stored follows. A comment comes every 15 seconds.
#[utoipa::path(get, path = "/v1/jobs/{id}/events", tag = "jobs", operation_id = "followJob",
    params(
        ("id" = Uuid, Path, description = "The job."),
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the event that was seen last."),
        ("last_event_id" = Option<String>, Query, description = "The same, for clients that cannot set the header.", max_length = 20),
    ),
    responses(
        (status = 200, description = "The stream.", body = String, content_type = "text/event-stream"),
        (status = 204, description = "The job has ended and its last event was seen: nothing will come, do not ask again."),
    ))]
pub async fn follow(state: State, signed: Signed, request: HttpRequest, id: Id<JobId>) -> Answer {
    let mut query = Query::of(&request, &["last_event_id"]);
    let parameter = query.text("last_event_id", MAX_ID_CHARS);
    let seen = Seen::of(request.headers(), query.done(parameter)?.as_deref());
    let user = signed.0.user_id;
    let row = read::row(&state.system, user, id.0).await?;
    let has_ended = row.state()?.is_final();
    let last = u64::try_from(row.model.event_seq).unwrap_or(0);
    if has_ended && seen == Seen::Event(last) {
        return Ok(HttpResponse::NoContent().finish());
    }
    let job = view::job(&state.system, row).await?;
    let mut answer = HttpResponse::Ok();
    answer
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("X-Accel-Buffering", "no"));
    if request.method() == actix_web::http::Method::HEAD {
        return Ok(answer.finish());
    }
    let listener = state.feeds.listen(user, id.0);
    let events = stream::of(listener, seen, job, state.stopping.clone(), COMMENT_EVERY);
    Ok(answer.streaming(Box::pin(events)))
}
