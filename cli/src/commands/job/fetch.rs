//! `songwalker job fetch`: a job's bundle into a folder, as `generate` puts it there.

use crate::args::Fetch;
use crate::bundle::Bundle;
use crate::client::Client;
use crate::commands::deliver::{self, Asked, MadeBy};
use crate::failure::Failure;
use crate::progress::Progress;
use crate::{follow, named, runtime};

/// Fetches.
pub fn run(args: &Fetch) -> Result<(), Failure> {
    let ready = deliver::prepare(&args.delivery)?;
    let progress = Progress::start(args.json);
    let (job, zip) = runtime::block_on(async {
        let client = Client::existing(&args.target).await?;
        let done = async {
            let job = follow::succeeded(named::job(&client, &args.job).await?)?;
            let zip = client.bundle(&job).await?;
            Ok((job, zip))
        };
        let done = done.await;
        client.close().await?;
        done
    })?;
    let bundle = Bundle::unpack(zip)?;
    let asked = Asked::echoed(&job.request);
    let made_by = MadeBy {
        job: &job,
        ran_now: false,
    };
    ready.deliver(&bundle, &asked, Some(made_by), &progress, args.json)
}
