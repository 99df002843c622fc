//! `songwalker shares`: the links that were shared, and the end of one.

use anstyle::Style;
use serde_json::json;
use songwalker_jobs::clock::{Clock, SystemClock};
use songwalker_schemas::wire::Share;
use songwalker_schemas::{ErrorCode, ShareId, Timestamp};
use uuid::Uuid;

use crate::args::{IdPrefix, Shares};
use crate::client::Client;
use crate::failure::Failure;
use crate::named::{self, short};
use crate::table::Table;
use crate::terminal::{self, COMMAND, DIM, GOOD, clean, paint};
use crate::{moment, runtime};

/// Lists, or revokes.
pub fn run(args: &Shares) -> Result<(), Failure> {
    let revoked = args.revoke.as_deref().map(prefix).transpose()?;
    let (shares, revoked) = runtime::block_on(async {
        let client = match revoked {
            Some(_) => Client::existing(&args.target).await?,
            None => match Client::existing_or_none(&args.target).await? {
                Some(client) => client,
                None => return Ok((Vec::new(), None)),
            },
        };
        let done = listed(&client, revoked.as_ref()).await;
        client.close().await?;
        done
    })?;
    if let Some(id) = revoked {
        return if args.json {
            terminal::print_json(&json!({ "revoked": id }))
        } else {
            terminal::print(&format!(
                "{}  {}\n",
                short(id),
                paint(DIM, "leads nowhere any more")
            ))
        };
    }
    if args.json {
        return terminal::print_json(&json!({ "items": shares }));
    }
    if shares.is_empty() {
        return terminal::print(&format!("{}\n", paint(DIM, "Nothing is shared.")));
    }
    terminal::print(&in_words(&shares, SystemClock::new().now()))
}

fn prefix(text: &str) -> Result<IdPrefix, Failure> {
    text.parse()
        .map_err(|problem: String| Failure::new(ErrorCode::Usage, format!("{text} is no share: {problem}")))
}

async fn listed(
    client: &Client,
    revoked: Option<&IdPrefix>,
) -> Result<(Vec<Share>, Option<ShareId>), Failure> {
    let shares = client.shares().await?;
    let Some(prefix) = revoked else {
        return Ok((shares, None));
    };
    let ids: Vec<Uuid> = shares.iter().map(|share| share.id.0).collect();
    let id = ShareId(named::only(&ids, prefix, "share")?);
    client.revoke_share(id).await?;
    Ok((shares, Some(id)))
}

fn in_words(shares: &[Share], now: Timestamp) -> String {
    let mut table = Table::new();
    for share in shares {
        let (style, until) = if share.revoked_at.is_some() {
            (DIM, "revoked".to_owned())
        } else if share.expires_at <= now {
            (DIM, "expired".to_owned())
        } else {
            (GOOD, format!("until {}", moment::second(share.expires_at)))
        };
        table.row([
            (COMMAND, short(share.id)),
            (Style::new(), clean(share.name.as_deref().unwrap_or_default())),
            (style, until),
            (DIM, format!("job {}", short(share.job_id))),
        ]);
    }
    table.text(0)
}
