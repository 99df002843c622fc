//! `songwalker star`: a star on a job, or none.

use songwalker_schemas::wire::UpdateJob;

use crate::args::Star;
use crate::client::Client;
use crate::commands::job::{self, Said};
use crate::failure::Failure;
use crate::{named, runtime};

/// Puts it on, or takes it away.
pub fn run(args: &Star) -> Result<(), Failure> {
    let starred = runtime::block_on(async {
        let client = Client::existing(&args.target).await?;
        let change = UpdateJob {
            starred: Some(!args.off),
            ..UpdateJob::default()
        };
        let done = async {
            let job = named::job(&client, &args.job).await?;
            client.update(job.id, &change).await
        };
        let done = done.await;
        client.close().await?;
        done
    })?;
    job::say(&starred, Said::Line, args.json)
}
