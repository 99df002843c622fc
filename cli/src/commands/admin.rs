//! `songwalker admin …`: users and keys here, the rest in files of its own, on the data directory itself.

mod letters;
mod plans;
mod queue;

use anstyle::Style;
use serde_json::json;
use songwalker_jobs::clock::{Clock, SystemClock};
use songwalker_jobs::open::open;
use songwalker_jobs::users::User;
use songwalker_jobs::{System, keys, users};
use songwalker_schemas::wire::{CreateKey, Key};
use songwalker_schemas::{ErrorCode, KeyId, Scope, UserId};
use uuid::Uuid;

use crate::args::{
    AdminCommand, IdPrefix, KeyAdd, KeyCommand, KeyList, KeyRevoke, Place, Plain, UserAdd, UserCommand,
};
use crate::client::{catalogue, refuse_untouched};
use crate::failure::Failure;
use crate::named::{self, short};
use crate::table::Table;
use crate::terminal::{self, BOLD, COMMAND, DIM, GOOD, NOTICE, clean, paint};
use crate::{logging, moment, runtime, settings, whereabouts};

/// Does what was asked for.
pub fn run(command: &AdminCommand) -> Result<(), Failure> {
    match command {
        AdminCommand::User(UserCommand::Add(args)) => add_user(args),
        AdminCommand::User(UserCommand::List(args)) => list_users(args),
        AdminCommand::Key(KeyCommand::Add(args)) => add_key(args),
        AdminCommand::Key(KeyCommand::List(args)) => list_keys(args),
        AdminCommand::Key(KeyCommand::Revoke(args)) => revoke_key(args),
        AdminCommand::Plan(command) => plans::run(command),
        AdminCommand::Queue(args) => queue::look(args),
        AdminCommand::Pause(args) => queue::pause(args),
        AdminCommand::Resume(args) => queue::resume(args),
        AdminCommand::DeadLetters(command) => letters::run(command),
    }
}

/// Does something on an open data directory, or on the services that the configuration names.
pub fn on_data_dir<T>(
    place: &Place,
    act: impl AsyncFnOnce(&System) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let config = settings::load(place)?;
    logging::of_command(&config)?;
    runtime::block_on(async {
        let system = open(config, catalogue()).await?;
        let done = act(&system).await;
        system.db.close().await;
        done
    })
}

/// The same on one that is there already: nothing is made.
pub fn on_existing_data_dir<T>(
    place: &Place,
    act: impl AsyncFnOnce(&System) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let config = settings::load(place)?;
    if config.database.url.is_none() {
        refuse_untouched(&config, place)?;
    }
    on_data_dir(place, act)
}

fn add_user(args: &UserAdd) -> Result<(), Failure> {
    let user = on_data_dir(&args.place, async |system| {
        Ok(users::create(system, &args.name, &args.plan).await?)
    })?;
    if args.json {
        return terminal::print_json(&json!({ "user": user }));
    }
    terminal::print(&format!(
        "{}  {}\n",
        paint(BOLD, clean(&user.name)),
        paint(DIM, format!("{}, plan {}", user.id, user.plan))
    ))
}

fn list_users(args: &Plain) -> Result<(), Failure> {
    let users = on_data_dir(&args.place, async |system| Ok(users::list(system).await?))?;
    if args.json {
        return terminal::print_json(&json!({ "items": users }));
    }
    let mut table = Table::new();
    for user in &users {
        let note = if user.erase_requested_at.is_some() {
            "is being erased"
        } else {
            ""
        };
        table.row([
            (BOLD, clean(&user.name)),
            (Style::new(), user.plan.clone()),
            (DIM, user.id.to_string()),
            (NOTICE, note.to_owned()),
        ]);
    }
    terminal::print(&table.text(0))
}

/// The user of that name or id.
async fn user(system: &System, named: &str) -> Result<User, Failure> {
    let id = Uuid::try_parse(named).ok().map(UserId);
    let all = users::list(system).await?;
    all.into_iter()
        .find(|user| user.name == named || Some(user.id) == id)
        .ok_or_else(|| {
            Failure::new(ErrorCode::NotFound, format!("there is no user {named}"))
                .with_hint(format!("{} lists them", whereabouts::said("admin user list")))
        })
}

fn add_key(args: &KeyAdd) -> Result<(), Failure> {
    let request = CreateKey {
        name: args.name.clone(),
        scopes: args
            .scopes
            .iter()
            .filter_map(|scope| Scope::from_name(scope))
            .collect(),
        expires_in: args.expires.clone(),
    };
    let new = on_data_dir(&args.place, async |system| {
        let user = user(system, &args.user).await?;
        // Whoever may write to the data directory may do everything in it.
        Ok(keys::create(system, user.id, request, Scope::ALL).await?)
    })?;
    if args.json {
        return terminal::print_json(&json!(new));
    }
    terminal::print(&format!(
        "{}\n  {}\n",
        paint(BOLD, &new.secret),
        paint(
            DIM,
            format!(
                "key {} of {}: {}; it is not told again",
                short(new.key.id),
                clean(&args.user),
                said(&new.key)
            )
        )
    ))
}

fn list_keys(args: &KeyList) -> Result<(), Failure> {
    let keys = on_data_dir(&args.place, async |system| {
        let user = user(system, &args.user).await?;
        Ok(keys::list(system, user.id).await?)
    })?;
    if args.json {
        return terminal::print_json(&json!({ "items": keys }));
    }
    let now = SystemClock::new().now();
    let mut table = Table::new();
    for key in &keys {
        let (style, word) = if key.revoked_at.is_some() {
            (DIM, "revoked")
        } else if key.expires_at.is_some_and(|at| at <= now) {
            (DIM, "expired")
        } else {
            (GOOD, "works")
        };
        table.row([
            (COMMAND, short(key.id)),
            (style, word.to_owned()),
            (BOLD, clean(&key.name)),
            (DIM, said(key)),
        ]);
    }
    terminal::print(&table.text(0))
}

/// What a key may do, and how long.
fn said(key: &Key) -> String {
    let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.name()).collect();
    let until = key
        .expires_at
        .map_or_else(String::new, |at| format!(", until {}", moment::second(at)));
    format!("{}{until}", scopes.join(" "))
}

fn revoke_key(args: &KeyRevoke) -> Result<(), Failure> {
    let prefix: IdPrefix = args.key.parse().map_err(|problem: String| {
        Failure::new(ErrorCode::Usage, format!("{} is no key: {problem}", args.key))
    })?;
    let key = on_data_dir(&args.place, async |system| {
        let mut owned: Vec<(UserId, Uuid)> = Vec::new();
        for user in users::list(system).await? {
            let keys = keys::list(system, user.id).await?;
            owned.extend(keys.iter().map(|key| (user.id, key.id.0)));
        }
        let ids: Vec<Uuid> = owned.iter().map(|(_, id)| *id).collect();
        let id = named::only(&ids, &prefix, "key")?;
        let owner = owned.iter().find(|(_, key)| *key == id).map(|(user, _)| *user);
        let owner = owner.ok_or_else(|| Failure::new(ErrorCode::Internal, "a key without user"))?;
        Ok(keys::revoke(system, owner, KeyId(id)).await?)
    })?;
    if args.json {
        return terminal::print_json(&json!({ "key": key }));
    }
    terminal::print(&format!(
        "{}  {}  {}\n",
        short(key.id),
        clean(&key.name),
        paint(DIM, "works no more")
    ))
}
