//! `songwalker again`: the last prompt with another seed.

use songwalker_schemas::ErrorCode;
use songwalker_schemas::limits::{MAX_PAGE, MAX_SEED};
use songwalker_schemas::wire::{CreateJob, Job, RequestEcho};

use crate::args::{Again, Target};
use crate::client::{Client, Wanted};
use crate::commands::deliver::{self, Asked};
use crate::commands::generate;
use crate::failure::Failure;
use crate::{runtime, whereabouts};

/// Asks for the last sound again.
pub fn run(args: &Again) -> Result<(), Failure> {
    let jobs = newest(&args.target)?;
    let (last, parent) = jobs
        .iter()
        .map(|job| (&job.request, job.parent_job_id))
        .find(|(request, _)| request.prompt.is_some())
        .ok_or_else(|| {
            Failure::new(ErrorCode::NotFound, "there is no prompt to take again").with_hint(format!(
                "{} makes the first sound",
                whereabouts::said("generate \"…\"")
            ))
        })?;
    let seed = args.seed.map_or_else(|| next_seed(last, &jobs), generate::seed);
    let asked = Asked {
        seed,
        ..Asked::echoed(last)
    };
    let request = CreateJob {
        tags: last.tags.clone(),
        template_id: last.template_id.clone(),
        seed,
        variations: last.variations,
        planner: last.planner,
        parent_job_id: parent,
        ..CreateJob::new(last.prompt.clone().unwrap_or_default())
    };
    let ready = deliver::prepare(&args.delivery)?;
    generate::make(&request, &asked, ready, &args.target, args.json)
}

fn newest(target: &Target) -> Result<Vec<Job>, Failure> {
    runtime::block_on(async {
        let client = Client::existing(target).await?;
        let wanted = Wanted {
            limit: MAX_PAGE,
            ..Wanted::default()
        };
        let page = client.list(&wanted).await;
        client.close().await?;
        Ok(page?.items)
    })
}

/// One more than the largest seed with which the same was asked for.
fn next_seed(last: &RequestEcho, jobs: &[Job]) -> u64 {
    let largest = jobs
        .iter()
        .map(|job| &job.request)
        .filter(|request| {
            RequestEcho {
                seed: last.seed,
                ..(*request).clone()
            } == *last
        })
        .map(|request| request.seed)
        .max();
    largest.unwrap_or(last.seed).wrapping_add(1) & MAX_SEED
}

#[cfg(test)]
mod tests {
    use super::*;
    use songwalker_schemas::job::PlannerChoice;

    #[test]
    fn the_next_seed_is_one_that_was_not_used_for_the_same_words() {
        let echo = |prompt: &str, seed: u64| RequestEcho {
            prompt: Some(prompt.to_owned()),
            tags: Vec::new(),
            template_id: None,
            seed,
            variations: 3,
            planner: PlannerChoice::Embedded,
        };
        let jobs: Vec<Job> = [echo("pad", 4), echo("bass", 9), echo("pad", 7)]
            .into_iter()
            .map(crate::commands::list::tests::job)
            .collect();
        assert_eq!(next_seed(&echo("pad", 4), &jobs), 8);
        assert_eq!(next_seed(&echo("bass", 9), &jobs), 10);
        assert_eq!(next_seed(&echo("lead", MAX_SEED), &jobs), 0);
    }
}
