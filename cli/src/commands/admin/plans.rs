//! `songwalker admin plan …`: what plans allow, and who has which.

use anstyle::Style;
use serde_json::json;
use songwalker_jobs::admin::plans;
use songwalker_jobs::users;
use songwalker_schemas::wire::{CreatePlan, Plan, UpdatePlan};

use super::{on_data_dir, user};
use crate::args::{Limit, Plain, PlanCommand, PlanGive, PlanLimits};
use crate::failure::Failure;
use crate::table::Table;
use crate::terminal::{self, BOLD, DIM, clean, paint};

/// The word for no end.
const KEEP: &str = "keep";

/// Does what was asked for.
pub fn run(command: &PlanCommand) -> Result<(), Failure> {
    match command {
        PlanCommand::List(args) => list(args),
        PlanCommand::Add(args) => add(args),
        PlanCommand::Set(args) => set(args),
        PlanCommand::Give(args) => give(args),
    }
}

fn list(args: &Plain) -> Result<(), Failure> {
    let plans = on_data_dir(&args.place, async |system| Ok(plans::list(system).await?))?;
    if args.json {
        return terminal::print_json(&json!({ "items": plans }));
    }
    terminal::print(&said(&plans))
}

/// A span, or none where it is to be kept.
fn span(text: &str) -> Option<String> {
    (text != KEEP).then(|| text.to_owned())
}

fn add(args: &PlanLimits) -> Result<(), Failure> {
    let limit = |limit: Option<Limit>| limit.and_then(|Limit(limit)| limit);
    let request = CreatePlan {
        name: args.name.clone(),
        unfinished_jobs: limit(args.unfinished_jobs),
        requests_per_minute: limit(args.requests_per_minute),
        plugin_builds_per_hour: limit(args.plugin_builds_per_hour),
        keep_artifacts: args.keep_artifacts.as_deref().and_then(span),
        keep_prompts: args.keep_prompts.as_deref().and_then(span),
    };
    let plan = on_data_dir(&args.place, async |system| {
        Ok(plans::create(system, request).await?)
    })?;
    tell(args, plan)
}

fn set(args: &PlanLimits) -> Result<(), Failure> {
    let limit = |limit: Option<Limit>| limit.map(|Limit(limit)| limit);
    let request = UpdatePlan {
        unfinished_jobs: limit(args.unfinished_jobs),
        requests_per_minute: limit(args.requests_per_minute),
        plugin_builds_per_hour: limit(args.plugin_builds_per_hour),
        keep_artifacts: args.keep_artifacts.as_deref().map(span),
        keep_prompts: args.keep_prompts.as_deref().map(span),
    };
    let plan = on_data_dir(&args.place, async |system| {
        Ok(plans::update(system, &args.name, request).await?)
    })?;
    tell(args, plan)
}

fn tell(args: &PlanLimits, plan: Plan) -> Result<(), Failure> {
    if args.json {
        return terminal::print_json(&json!({ "plan": plan }));
    }
    terminal::print(&said(&[plan]))
}

fn give(args: &PlanGive) -> Result<(), Failure> {
    let user = on_data_dir(&args.place, async |system| {
        let user = user(system, &args.user).await?;
        Ok(users::set_plan(system, user.id, &args.plan).await?)
    })?;
    if args.json {
        return terminal::print_json(&json!({ "user": user }));
    }
    terminal::print(&format!(
        "{}  {}\n",
        paint(BOLD, clean(&user.name)),
        paint(DIM, format!("plan {}", user.plan))
    ))
}

fn said(plans: &[Plan]) -> String {
    let most = |limit: Option<u32>, what: &str| {
        limit.map_or_else(
            || format!("any number of {what}"),
            |limit| format!("{limit} {what}"),
        )
    };
    let keeps = |span: Option<&String>, what: &str| {
        span.map_or_else(|| format!("keeps {what}"), |span| format!("{what} {span}"))
    };
    let mut table = Table::new();
    for plan in plans {
        table.row([
            (BOLD, plan.name.clone()),
            (Style::new(), most(plan.unfinished_jobs, "unfinished jobs")),
            (Style::new(), most(plan.requests_per_minute, "requests a minute")),
            (
                Style::new(),
                most(plan.plugin_builds_per_hour, "plugin builds an hour"),
            ),
            (Style::new(), keeps(plan.keep_artifacts.as_ref(), "artifacts")),
            (Style::new(), keeps(plan.keep_prompts.as_ref(), "prompts")),
            (DIM, format!("{} users", plan.users)),
        ]);
    }
    table.text(0)
}
