//! Keys and sessions: what each opens, how it ends, and that whatever is wrong with a secret looks the same (R10).

#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use std::time::Duration;

use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait};
use songwalker_jobs::access::{self, Caller, Credential};
use songwalker_jobs::config::Span;
use songwalker_jobs::entity::sessions as session_rows;
use songwalker_jobs::secret::Secret;
use songwalker_jobs::testing::{self, TestSystem};
use songwalker_jobs::{JobsError, account, keys, sessions, users};
use songwalker_schemas::wire::{CreateKey, NewKey};
use songwalker_schemas::{ErrorCode, KeyId, Scope, UserId};
use uuid::Uuid;

const DAY: Duration = Duration::from_secs(86_400);

fn request(scopes: &[Scope], expires_in: Option<&str>) -> CreateKey {
    CreateKey {
        name: "laptop".to_owned(),
        scopes: scopes.to_vec(),
        expires_in: expires_in.map(str::to_owned),
    }
}

async fn key(system: &TestSystem, user: UserId, scopes: &[Scope], expires_in: Option<&str>) -> NewKey {
    keys::create(system, user, request(scopes, expires_in), Scope::ALL)
        .await
        .expect("a key is made")
}

async fn caller(system: &TestSystem, new: &NewKey) -> Caller {
    access::by_bearer(system, &new.secret)
        .await
        .expect("the key holds")
}

/// What somebody outside sees who shows a secret that opens nothing.
fn refusal<T>(answer: Result<T, JobsError>) -> String {
    let error = answer.err().expect("opens nothing");
    assert_eq!(error.code(), ErrorCode::Unauthenticated);
    serde_json::to_string(&error.envelope()).expect("is JSON")
}

#[tokio::test]
async fn a_key_opens_the_account_of_its_user_with_its_own_scopes() {
    let system = testing::system().await;
    let other = system.add_user("other", "standard").await;
    let new = key(&system, other, &[Scope::JobsRead, Scope::SharesWrite], None).await;
    assert!(new.secret.starts_with("swk_") && new.secret.len() == 47);
    let caller = caller(&system, &new).await;
    assert_eq!(caller.user_id, other);
    assert_eq!(caller.name, "other");
    assert_eq!(caller.plan.name, "standard");
    assert_eq!(caller.plan.requests_per_minute, Some(60));
    assert_eq!(caller.credential, Credential::Key(new.key.id));
    assert_eq!(caller.scopes, [Scope::JobsRead, Scope::SharesWrite]);
    for scope in Scope::ALL {
        match caller.needs(*scope) {
            Ok(()) => assert!(new.key.scopes.contains(scope)),
            Err(error) => {
                assert!(!new.key.scopes.contains(scope));
                assert_eq!(error.code(), ErrorCode::Forbidden);
                assert!(error.envelope().error.message.contains(scope.name()));
            }
        }
    }
}

#[tokio::test]
async fn whatever_is_wrong_with_a_key_the_answer_is_the_same() {
    let system = testing::system().await;
    let gone = system.add_user("gone", "standard").await;
    let working = key(&system, system.user, Scope::ALL, None).await;
    let expiring = key(&system, system.user, Scope::ALL, Some("1h")).await;
    let revoked = key(&system, system.user, Scope::ALL, None).await;
    let of_gone = key(&system, gone, Scope::ALL, None).await;
    caller(&system, &expiring).await;
    system.clock.advance(Duration::from_secs(3_600));
    keys::revoke(&system, system.user, revoked.key.id)
        .await
        .expect("is revoked");
    account::erase(&system, gone).await.expect("is asked for");
    let digits = &working.secret[4..];
    let mut answers = Vec::new();
    for secret in [
        expiring.secret.as_str(),
        &revoked.secret,
        &of_gone.secret,
        &format!("swk_{}", "0".repeat(43)),
        &format!("swk_{}", "0".repeat(42)),
        &format!("swk_{}é", "0".repeat(41)),
        &format!("{} ", working.secret),
        &format!("SWK_{digits}"),
        digits,
        "",
        "swk_",
        "' OR 1=1 --",
        &"x".repeat(100_000),
    ] {
        answers.push(refusal(access::by_bearer(&system, secret).await));
        answers.push(refusal(access::by_session(&system, secret).await));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    caller(&system, &working).await;
}

#[tokio::test]
async fn a_key_never_has_more_scopes_than_its_maker() {
    let system = testing::system().await;
    let within = [Scope::JobsRead, Scope::KeysWrite];
    for scopes in [vec![Scope::Admin], vec![Scope::JobsRead, Scope::JobsWrite]] {
        let error = keys::create(&system, system.user, request(&scopes, None), &within)
            .await
            .err()
            .expect("is refused");
        assert_eq!(error.code(), ErrorCode::Forbidden);
    }
    let new = keys::create(&system, system.user, request(&within, None), &within)
        .await
        .expect("as many are fine");
    assert_eq!(new.key.scopes, within);
}

#[tokio::test]
async fn every_fault_of_a_key_is_listed() {
    let system = testing::system().await;
    let faults = async |request: CreateKey| -> Vec<String> {
        let error = keys::create(&system, system.user, request, Scope::ALL)
            .await
            .err()
            .expect("is refused");
        assert_eq!(error.code(), ErrorCode::InvalidRequest);
        let details = error.envelope().error.details;
        details.into_iter().map(|fault| fault.pointer).collect()
    };
    let all = CreateKey {
        name: "x".repeat(65),
        scopes: Vec::new(),
        expires_in: Some("soon".to_owned()),
    };
    assert_eq!(faults(all).await, ["/name", "/scopes", "/expires_in"]);
    for name in ["", " \t ", "a\nb"] {
        let mut bad = request(&[Scope::JobsRead], None);
        bad.name = name.to_owned();
        assert_eq!(faults(bad).await, ["/name"], "{name:?}");
    }
    let long = request(&[Scope::JobsRead], Some("3651d"));
    assert_eq!(faults(long).await, ["/expires_in"]);
    let many = request(&vec![Scope::JobsRead; Scope::ALL.len() + 1], None);
    assert_eq!(faults(many).await, ["/scopes"]);
    let twice = request(&[Scope::JobsWrite, Scope::JobsRead, Scope::JobsWrite], None);
    let new = keys::create(&system, system.user, twice, Scope::ALL)
        .await
        .expect("named twice is had once");
    assert_eq!(new.key.scopes, [Scope::JobsRead, Scope::JobsWrite]);
}

#[tokio::test]
async fn fifty_keys_may_work_at_once_and_an_ended_one_makes_room() {
    let system = testing::system().await;
    let user = system.add_user("other", "standard").await;
    let first = key(&system, user, &[Scope::JobsRead], None).await;
    for _ in 1..49 {
        key(&system, user, &[Scope::JobsRead], None).await;
    }
    key(&system, user, &[Scope::JobsRead], Some("1h")).await;
    let one_more = async || keys::create(&system, user, request(&[Scope::JobsRead], None), Scope::ALL).await;
    let error = one_more().await.err().expect("is one too many");
    assert_eq!(error.code(), ErrorCode::Conflict);
    keys::revoke(&system, user, first.key.id)
        .await
        .expect("is revoked");
    one_more().await.expect("has room");
    one_more().await.err().expect("is one too many");
    system.clock.advance(Duration::from_secs(3_600));
    one_more().await.expect("has the room of the expired one");
}

#[tokio::test]
async fn keys_are_listed_newest_first_and_those_that_ended_are_forgotten_beyond_a_hundred() {
    let system = testing::system().await;
    let user = system.add_user("other", "standard").await;
    let working = key(&system, user, &[Scope::JobsRead], None).await;
    let mut ended = Vec::new();
    for _ in 0..105 {
        let new = key(&system, user, &[Scope::JobsRead], None).await;
        keys::revoke(&system, user, new.key.id).await.expect("is revoked");
        ended.push(new.key.id);
    }
    let newest = key(&system, user, &[Scope::JobsRead], None).await;
    let listed: Vec<KeyId> = keys::list(&system, user)
        .await
        .expect("are listed")
        .into_iter()
        .map(|key| key.id)
        .collect();
    let mut wanted = vec![newest.key.id];
    wanted.extend(ended[5..].iter().rev());
    wanted.push(working.key.id);
    assert_eq!(listed, wanted);
}

#[tokio::test]
async fn revoking_a_key_is_idempotent_and_only_for_ones_own() {
    let system = testing::system().await;
    let other = system.add_user("other", "standard").await;
    let new = key(&system, system.user, Scope::ALL, None).await;
    for (user, id) in [(other, new.key.id), (system.user, KeyId(Uuid::now_v7()))] {
        let error = keys::revoke(&system, user, id).await.expect_err("is not there");
        assert!(matches!(error, JobsError::NotFound("key")), "{error}");
    }
    caller(&system, &new).await;
    let first = keys::revoke(&system, system.user, new.key.id)
        .await
        .expect("is revoked");
    assert_eq!(first.revoked_at, Some(new.key.created_at));
    system.clock.advance(DAY);
    let again = keys::revoke(&system, system.user, new.key.id)
        .await
        .expect("is revoked");
    assert_eq!(again, first, "the first time counts");
}

#[tokio::test]
async fn a_session_opens_what_its_key_opens_until_it_is_ended() {
    let system = testing::system().await;
    let new = key(&system, system.user, &[Scope::JobsRead], None).await;
    let by_key = caller(&system, &new).await;
    let session = sessions::create(&system, &by_key).await.expect("is opened");
    let (by_cookie, csrf_token) = access::by_session(&system, session.cookie.expose())
        .await
        .expect("the cookie holds");
    assert_eq!(by_cookie.user_id, by_key.user_id);
    assert_eq!(by_cookie.scopes, by_key.scopes);
    assert_eq!(by_cookie.plan, by_key.plan);
    assert_eq!(by_cookie.credential, Credential::Session);
    assert!(sessions::is_csrf_token(&csrf_token, session.csrf_token.expose()));
    for wrong in ["", "x", session.cookie.expose(), &csrf_token.expose()[1..]] {
        assert!(!sessions::is_csrf_token(&csrf_token, wrong));
    }
    let error = sessions::create(&system, &by_cookie)
        .await
        .expect_err("would live for ever");
    assert_eq!(error.code(), ErrorCode::Unauthenticated);
    refusal(access::by_bearer(&system, session.cookie.expose()).await);
    refusal(access::by_session(&system, &new.secret).await);

    for _ in 0..2 {
        sessions::end(&system, session.cookie.expose())
            .await
            .expect("is ended");
        refusal(access::by_session(&system, session.cookie.expose()).await);
    }
    caller(&system, &new).await;
}

#[tokio::test]
async fn a_session_ends_with_its_time_or_with_its_key_whichever_is_first() {
    let system = testing::system_with(|config| config.auth.session = Span::from_hours(10)).await;
    let session_of = async |expires_in: Option<&str>| {
        let new = key(&system, system.user, &[Scope::JobsRead], expires_in).await;
        let session = sessions::create(&system, &caller(&system, &new).await).await;
        (session.expect("is opened"), new)
    };
    let holds = async |cookie: &Secret| access::by_session(&system, cookie.expose()).await.is_ok();
    let (long, _) = session_of(None).await;
    let (short, _) = session_of(Some("2h")).await;
    let (revoked, its_key) = session_of(None).await;
    assert_eq!(
        short.expires_at,
        long.expires_at.minus(Duration::from_secs(8 * 3_600))
    );
    assert!(holds(&long.cookie).await && holds(&short.cookie).await && holds(&revoked.cookie).await);
    keys::revoke(&system, system.user, its_key.key.id)
        .await
        .expect("is revoked");
    assert!(!holds(&revoked.cookie).await);
    system.clock.advance(Duration::from_secs(2 * 3_600));
    assert!(holds(&long.cookie).await && !holds(&short.cookie).await);
    system.clock.advance(Duration::from_secs(8 * 3_600));
    assert!(!holds(&long.cookie).await);
}

#[tokio::test]
async fn a_session_is_not_opened_with_a_key_that_was_revoked_meanwhile() {
    let system = testing::system().await;
    let new = key(&system, system.user, &[Scope::JobsRead], None).await;
    let caller = caller(&system, &new).await;
    keys::revoke(&system, system.user, new.key.id)
        .await
        .expect("is revoked");
    let error = sessions::create(&system, &caller).await.expect_err("is refused");
    assert_eq!(error.code(), ErrorCode::Unauthenticated);
}

#[tokio::test]
async fn a_hundred_sessions_stay_open_and_the_oldest_makes_room() {
    let system = testing::system().await;
    let new = key(&system, system.user, &[Scope::JobsRead], None).await;
    let caller = caller(&system, &new).await;
    let mut cookies = Vec::new();
    for _ in 0..102 {
        system.clock.advance(Duration::from_secs(1));
        let session = sessions::create(&system, &caller).await.expect("is opened");
        cookies.push(session.cookie);
    }
    for (place, cookie) in cookies.iter().enumerate() {
        let holds = access::by_session(&system, cookie.expose()).await.is_ok();
        assert_eq!(holds, place >= 2, "session {place}");
    }
    system.clock.advance(31 * DAY);
    sessions::create(&system, &caller).await.expect("is opened");
    let left = session_rows::Entity::find().count(system.db.read()).await;
    assert_eq!(left.expect("are counted"), 1, "those that are over are removed");
}

#[tokio::test]
async fn no_secret_is_in_the_database_nor_in_what_is_printed() {
    let system = testing::system().await;
    let new = key(&system, system.user, Scope::ALL, None).await;
    let caller = caller(&system, &new).await;
    let session = sessions::create(&system, &caller).await.expect("is opened");
    let printed = format!("{caller:?} {session:?} {:?}", new.key);
    let secrets = [&new.secret[4..], session.cookie.expose()];
    for secret in secrets {
        assert!(!printed.contains(secret));
    }
    assert!(!printed.contains(session.csrf_token.expose()));
    system
        .db
        .writer()
        .execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)")
        .await
        .expect("the log is emptied");
    let file = std::fs::read(system.path().join("songwalker.db")).expect("is read");
    let holds = |text: &[u8]| file.windows(text.len()).any(|window| window == text);
    assert!(holds(b"laptop"), "the file holds what was written");
    for secret in secrets {
        assert!(!holds(secret.as_bytes()));
    }
}

#[tokio::test]
async fn a_scope_that_this_program_does_not_know_permits_nothing() {
    let system = testing::system().await;
    let new = key(&system, system.user, &[Scope::JobsRead], None).await;
    system
        .db
        .writer()
        .execute_unprepared("UPDATE api_keys SET scopes = 'jobs:read everything  ADMIN'")
        .await
        .expect("is written");
    assert_eq!(caller(&system, &new).await.scopes, [Scope::JobsRead]);
}

#[tokio::test]
async fn users_have_names_of_their_own_and_plans_that_there_are() {
    let system = testing::system().await;
    let made = users::create(&system, "  Zoë ", "standard")
        .await
        .expect("is made");
    assert_eq!(made.name, "Zoë");
    assert_eq!(users::find(&system, "Zoë").await.expect("is there"), made);
    let error = users::create(&system, "Zoë", "standard")
        .await
        .expect_err("is taken");
    assert_eq!(error.code(), ErrorCode::Conflict);
    let error = users::create(&system, " ", "golden")
        .await
        .expect_err("is refused");
    let details = error.envelope().error.details;
    let pointers: Vec<&str> = details.iter().map(|fault| fault.pointer.as_str()).collect();
    assert_eq!(pointers, ["/name", "/plan"]);
    let names: Vec<String> = users::list(&system)
        .await
        .expect("are listed")
        .into_iter()
        .map(|user| user.name)
        .collect();
    assert_eq!(names, ["Zoë", "local"]);
    let error = users::find(&system, "nobody").await.expect_err("is not there");
    assert_eq!(error.code(), ErrorCode::NotFound);
}
