//! Which job, share or key is meant by the first digits of its id. Ids begin with their moment, so a job is looked for
//! among the newest first, and no further back than its digits can lie.

use songwalker_schemas::wire::Job;
use songwalker_schemas::{ErrorCode, JobId};
use uuid::Uuid;

use crate::args::{IdPrefix, JobReference};
use crate::client::{Client, Wanted};
use crate::failure::Failure;
use crate::whereabouts;

/// How far an id's moment and the time of its row may lie apart: the wall clock may have been set in between.
const SLACK_MS: i64 = 86_400_000;
/// How many jobs one look takes.
const PAGE: u64 = 100;
/// Characters of an id that are shown: its moment to the millisecond.
const SHOWN: usize = 13;

/// As much of an id as names it among a person's own.
pub fn short(id: impl std::fmt::Display) -> String {
    id.to_string().chars().take(SHOWN).collect()
}

/// The job that is meant.
///
/// # Errors
/// `not_found`; `invalid_request` where several begin so.
pub async fn job(client: &Client, reference: &JobReference) -> Result<Job, Failure> {
    let prefix = match reference {
        JobReference::Last => return last(client).await,
        JobReference::Id(prefix) => prefix,
    };
    if let Some(id) = prefix.whole() {
        return client.job(JobId(id)).await;
    }
    let earliest = prefix.earliest_ms().saturating_sub(SLACK_MS);
    let mut wanted = Wanted {
        limit: PAGE,
        ..Wanted::default()
    };
    let mut found: Vec<Job> = Vec::new();
    loop {
        let page = client.list(&wanted).await?;
        let is_past = page
            .items
            .last()
            .is_none_or(|job| job.created_at.as_millis() < earliest);
        found.extend(page.items.into_iter().filter(|job| prefix.is_of(job.id.0)));
        if is_past || page.next_cursor.is_none() {
            break;
        }
        wanted.cursor = page.next_cursor;
    }
    let ids: Vec<Uuid> = found.iter().map(|job| job.id.0).collect();
    let id = only(&ids, prefix, "job")?;
    found
        .into_iter()
        .find(|job| job.id.0 == id)
        .ok_or_else(|| none(prefix, "job"))
}

/// The newest job.
async fn last(client: &Client) -> Result<Job, Failure> {
    let wanted = Wanted {
        limit: 1,
        ..Wanted::default()
    };
    let page = client.list(&wanted).await?;
    page.items.into_iter().next().ok_or_else(|| {
        Failure::new(ErrorCode::NotFound, "there is no job yet")
            .with_hint(format!("{} makes one", whereabouts::said("generate \"…\"")))
    })
}

/// The only id that begins so.
///
/// # Errors
/// `not_found`; `invalid_request` where there are several.
pub fn only(ids: &[Uuid], prefix: &IdPrefix, what: &str) -> Result<Uuid, Failure> {
    let mut meant = ids.iter().filter(|id| prefix.is_of(**id));
    match (meant.next(), meant.next()) {
        (Some(id), None) => Ok(*id),
        (None, _) => Err(none(prefix, what)),
        (Some(_), Some(_)) => {
            let all: Vec<String> = ids
                .iter()
                .filter(|id| prefix.is_of(**id))
                .map(Uuid::to_string)
                .collect();
            let message = format!("{} {what}s begin with {prefix}", all.len());
            Err(Failure::new(ErrorCode::InvalidRequest, message)
                .with_hint(format!("write more digits of one of them: {}", all.join(", "))))
        }
    }
}

fn none(prefix: &IdPrefix, what: &str) -> Failure {
    Failure::new(ErrorCode::NotFound, format!("no {what} begins with {prefix}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_that_several_begin_with_name_none_of_them() {
        let id = |text: &str| Uuid::try_parse(text).unwrap();
        let ids = [
            id("0191e2a0-b1c2-7000-8000-000000000001"),
            id("0191e2a0-b1c3-7000-8000-000000000002"),
        ];
        let meant = |digits: &str| only(&ids, &digits.parse().unwrap(), "job");
        assert_eq!(meant("0191e2a0-b1c3"), Ok(ids[1]));
        assert_eq!(meant("0191").unwrap_err().code(), Some(ErrorCode::InvalidRequest));
        assert_eq!(meant("0192").unwrap_err().code(), Some(ErrorCode::NotFound));
        assert_eq!(short(ids[0]), "0191e2a0-b1c2");
    }
}
