//! What a user calls a sound and thinks of it: name, tags, star, rating. Nothing here changes what the job made.

use songwalker_schemas::limits::MAX_NAME_CHARS;
use songwalker_schemas::wire::UpdateJob;
use songwalker_schemas::{ErrorCode, Fault, JobId, UserId, text};

use crate::error::JobsError;
use crate::ports::Signal;
use crate::row::{self, JobRow};
use crate::system::System;

/// The best rating.
const BEST: u8 = 5;

/// What is to change, in its normal form; what is `None` stays.
struct Change {
    /// The user's own name; `Some(None)` takes the sound's name again.
    name: Option<Option<String>>,
    /// The tags as the column holds them.
    tags: Option<String>,
    starred: Option<bool>,
    /// `Some(None)` takes the rating back.
    rating: Option<Option<i32>>,
}

/// Changes what a user calls a job and thinks of it; what the request leaves out stays as it is.
///
/// # Errors
/// Every fault of the request; there is no such job of this user.
pub async fn update(
    system: &System,
    user: UserId,
    job: JobId,
    request: UpdateJob,
) -> Result<JobRow, JobsError> {
    let change = check(request)?;
    let tx = system.db.begin().await?;
    let mut row = row::locked_of(&tx, user, job).await?;
    if let Some(name) = change.name {
        row.model.own_name = name;
    }
    if let Some(tags) = change.tags {
        row.model.tags = tags;
    }
    if let Some(starred) = change.starred {
        row.model.starred = starred;
    }
    if let Some(rating) = change.rating {
        row.model.rating = rating;
    }
    row::save(&tx, &mut row, None).await?;
    tx.commit().await?;
    system.bus.publish(Signal::JobChanged {
        job_id: job,
        user_id: user,
    });
    Ok(row)
}

/// The change that is asked for, or every fault of it. The code is that of the first.
fn check(request: UpdateJob) -> Result<Change, JobsError> {
    let mut code = None;
    let mut faults: Vec<Fault> = Vec::new();
    let mut refused = |which: ErrorCode, list: Vec<Fault>| {
        code.get_or_insert(which);
        faults.extend(list);
    };
    let name = match request
        .name
        .as_deref()
        .map(|name| text::name(name, MAX_NAME_CHARS))
    {
        None => None,
        Some(Ok(name)) => Some(Some(name).filter(|name| !name.is_empty())),
        Some(Err(fault)) => {
            refused(fault.code, fault.into());
            None
        }
    };
    let tags = match request.tags.as_deref().map(text::tags) {
        None => None,
        Some(Ok(tags)) => Some(serde_json::to_string(&tags)?),
        Some(Err(fault)) => {
            refused(fault.code, fault.into());
            None
        }
    };
    if request.rating.is_some_and(|rating| rating > BEST) {
        let fault = Fault {
            pointer: "/rating".to_owned(),
            problem: format!("0 to {BEST}"),
        };
        refused(ErrorCode::InvalidRequest, vec![fault]);
    }
    match code {
        Some(code) => Err(JobsError::refused_for(code, faults)),
        None => Ok(Change {
            name,
            tags,
            starred: request.starred,
            rating: request
                .rating
                .map(|rating| Some(i32::from(rating)).filter(|rating| *rating > 0)),
        }),
    }
}
