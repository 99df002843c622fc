//! `songwalker job watch`: follows a job to its end, and runs it where nobody else does.

use crate::args::OneJob;
use crate::client::Client;
use crate::failure::Failure;
use crate::follow::{self, OnInterrupt};
use crate::interrupt::{self, Answer};
use crate::progress::Progress;
use crate::{named, runtime};

/// Follows.
pub fn run(args: &OneJob) -> Result<(), Failure> {
    let job = runtime::block_on(async {
        let client = Client::existing(&args.target).await?;
        let done = async {
            let job = named::job(&client, &args.job).await?;
            if job.state.is_final() {
                return Ok(job);
            }
            interrupt::answer(Answer::Ask);
            let progress = Progress::start(args.json);
            follow::to_its_end(&client, job.id, &progress, OnInterrupt::Leave).await
        };
        let done = done.await;
        client.close().await?;
        done
    })?;
    super::say(&follow::succeeded(job)?, super::Said::Line, args.json)
}
