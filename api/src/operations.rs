//! The table of operations: method, address, who may, which errors there can be beside those that its kind always has,
//! and what handles it. Routes, authorisation, the document and the tests of all three come from it, so what is not
//! here does not exist.

use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};
use actix_web::{Resource, Route};
use songwalker_schemas::{ErrorCode, Scope};
use utoipa::OpenApi;

pub use crate::access::Access;
use crate::access::gate;
use crate::error::ApiError;
use crate::routes::{
    admin, artifacts, docs, events, health, home, jobs, keys, me, metrics, public, session, shares,
    templates, version, webhooks,
};
use crate::{document, frame, query};

/// One operation.
pub struct Operation {
    /// Its method. Whatever can be got can be asked for its head.
    pub method: Method,
    /// Its address, with `{names}`.
    pub path: &'static str,
    /// Who may.
    pub access: Access,
    /// Errors that only some operations have.
    pub errors: &'static [ErrorCode],
    route: fn() -> Route,
}

macro_rules! operations {
    ($($method:ident $path:literal $access:expr, $module:ident::$handler:ident, [$($error:ident),*];)+) => {
        /// Every operation of the document, in the order of the document.
        pub static OPERATIONS: &[Operation] = &[$(Operation {
            method: Method::$method,
            path: $path,
            access: $access,
            errors: &[$(ErrorCode::$error),*],
            route: || web::route().to($module::$handler),
        }),+];

        /// What the handlers say of themselves.
        #[derive(OpenApi)]
        #[openapi(paths($($module::$handler),+))]
        pub(crate) struct Described;
    };
}

const READ: Access = Access::Scope(Scope::JobsRead);
const WRITE: Access = Access::Scope(Scope::JobsWrite);
const SHARE: Access = Access::Scope(Scope::SharesWrite);
const KEYS: Access = Access::Scope(Scope::KeysWrite);
const HOOKS: Access = Access::Scope(Scope::WebhooksWrite);
const ADMIN: Access = Access::Scope(Scope::Admin);

operations! {
    POST "/v1/jobs" WRITE, jobs::create, [
        InvalidRequest, PromptTooLong, TooManyTags, UnknownTemplate, IdempotencyKeyReuse, TooManyConcurrentJobs,
        PlannerUnavailable, NotFound, Conflict, Gone
    ];
    GET "/v1/jobs" READ, jobs::list, [InvalidRequest];
    GET "/v1/jobs/{id}" READ, jobs::show, [NotFound];
    PATCH "/v1/jobs/{id}" WRITE, jobs::update, [InvalidRequest, TooManyTags, NotFound, Conflict];
    DELETE "/v1/jobs/{id}" WRITE, jobs::remove, [NotFound, Conflict];
    GET "/v1/jobs/{id}/events" READ, events::follow, [InvalidRequest, NotFound];
    GET "/v1/jobs/{id}/log" READ, jobs::log, [NotFound];
    POST "/v1/jobs/{id}/cancel" WRITE, jobs::cancel, [NotFound, Conflict];
    POST "/v1/jobs/{id}/retry" WRITE, jobs::again, [NotFound, Conflict, Gone, TooManyConcurrentJobs];
    GET "/v1/jobs/{id}/patch" READ, artifacts::patch, [NotFound, Gone];
    GET "/v1/jobs/{id}/preview" READ, artifacts::preview, [NotFound, Gone];
    GET "/v1/jobs/{id}/bundle" READ, artifacts::bundle, [NotFound, Gone];
    GET "/v1/jobs/{id}/variations" READ, artifacts::variations, [NotFound, Gone];
    GET "/v1/jobs/{id}/analysis" READ, artifacts::analysis, [NotFound, Gone];
    POST "/v1/jobs/{id}/shares" SHARE, shares::create, [InvalidRequest, NotFound, Conflict, Gone];
    GET "/v1/shares" SHARE, shares::list, [InvalidRequest];
    DELETE "/v1/shares/{id}" SHARE, shares::revoke, [NotFound];
    GET "/v1/templates" READ, templates::list, [InvalidRequest];
    GET "/v1/templates/{id}" READ, templates::show, [NotFound];
    GET "/v1/me" Access::Caller, me::show, [NotFound];
    GET "/v1/me/usage" Access::Caller, me::usage, [NotFound];
    DELETE "/v1/me" KEYS, me::erase, [NotFound];
    GET "/v1/keys" KEYS, keys::list, [];
    POST "/v1/keys" KEYS, keys::create, [InvalidRequest, Conflict, Gone];
    DELETE "/v1/keys/{id}" KEYS, keys::revoke, [NotFound];
    GET "/v1/webhooks" HOOKS, webhooks::list, [];
    POST "/v1/webhooks" HOOKS, webhooks::create, [InvalidRequest, Conflict, Gone];
    DELETE "/v1/webhooks/{id}" HOOKS, webhooks::remove, [NotFound];
    POST "/v1/webhooks/{id}/secret" HOOKS, webhooks::rotate, [NotFound];
    POST "/v1/webhooks/{id}/test" HOOKS, webhooks::test, [NotFound, Conflict];
    GET "/v1/webhooks/{id}/deliveries" HOOKS, webhooks::deliveries, [NotFound];
    POST "/v1/session" Access::Caller, session::open, [];
    GET "/v1/session" Access::Caller, session::show, [NotFound];
    DELETE "/v1/session" Access::Caller, session::end, [];
    GET "/s/{token}" Access::Guest, public::page, [NotFound];
    GET "/s/{token}/preview" Access::Guest, public::preview, [NotFound];
    GET "/s/{token}/bundle" Access::Guest, public::bundle, [NotFound];
    GET "/s/{token}/patch" Access::Guest, public::patch, [NotFound];
    GET "/s/{token}/spectrogram" Access::Guest, public::spectrogram, [NotFound];
    GET "/v1/admin/users" ADMIN, admin::list_users, [InvalidRequest];
    POST "/v1/admin/users" ADMIN, admin::create_user, [InvalidRequest, Conflict];
    PATCH "/v1/admin/users/{id}" ADMIN, admin::update_user, [InvalidRequest, NotFound, Gone];
    GET "/v1/admin/users/{id}/keys" ADMIN, admin::list_keys, [NotFound];
    POST "/v1/admin/users/{id}/keys" ADMIN, admin::create_key, [InvalidRequest, NotFound, Conflict, Gone];
    DELETE "/v1/admin/keys/{id}" ADMIN, admin::revoke_key, [NotFound];
    GET "/v1/admin/plans" ADMIN, admin::list_plans, [];
    POST "/v1/admin/plans" ADMIN, admin::create_plan, [InvalidRequest, Conflict];
    PATCH "/v1/admin/plans/{name}" ADMIN, admin::update_plan, [InvalidRequest, NotFound];
    GET "/v1/admin/queues" ADMIN, admin::show_queues, [];
    GET "/v1/admin/pauses" ADMIN, admin::list_pauses, [];
    POST "/v1/admin/pause" ADMIN, admin::pause, [InvalidRequest];
    POST "/v1/admin/resume" ADMIN, admin::resume, [InvalidRequest];
    GET "/v1/admin/dead-letters" ADMIN, admin::list_dead_letters, [InvalidRequest];
    GET "/v1/admin/dead-letters/{id}" ADMIN, admin::show_dead_letter, [NotFound];
    POST "/v1/admin/dead-letters/{id}/requeue" ADMIN, admin::requeue_dead_letter, [
        NotFound, Conflict, Gone, TooManyConcurrentJobs
    ];
    DELETE "/v1/admin/dead-letters/{id}" ADMIN, admin::drop_dead_letter, [NotFound];
    GET "/v1/version" Access::Open, version::show, [];
    GET "/health/live" Access::Open, health::live, [];
    GET "/health/ready" Access::Open, health::ready, [Unavailable];
    GET "/metrics" ADMIN, metrics::show, [];
    GET "/openapi.json" Access::Open, docs::openapi, [];
}

/// What is served to browsers and no part of the document.
static PAGES: &[Operation] = &[
    page("/", || web::route().to(home::page)),
    page("/assets/{name}", || web::route().to(home::asset)),
    page("/docs", || web::route().to(docs::moved)),
    page("/docs/{file:.*}", || web::route().to(docs::page)),
];

const fn page(path: &'static str, route: fn() -> Route) -> Operation {
    Operation {
        method: Method::GET,
        path,
        access: Access::Open,
        errors: &[],
        route,
    }
}

/// Registers every operation, and what answers where there is none.
pub fn configure(config: &mut ServiceConfig) {
    let all: Vec<&'static Operation> = OPERATIONS.iter().chain(PAGES).collect();
    let mut paths: Vec<&str> = all.iter().map(|operation| operation.path).collect();
    paths.sort_unstable();
    paths.dedup();
    for path in paths {
        let here = all.iter().filter(|operation| operation.path == path);
        config.service(resource(path, here.copied().collect()));
    }
    config.default_service(web::to(frame::not_found));
}

fn resource(path: &'static str, operations: Vec<&'static Operation>) -> Resource {
    let mut resource = web::resource(path);
    let mut allowed: Vec<&str> = Vec::new();
    for operation in operations {
        allowed.push(operation.method.as_str());
        resource = resource.route(guarded(operation, operation.method.clone()));
        if operation.method == Method::GET {
            allowed.push("HEAD");
            resource = resource.route(guarded(operation, Method::HEAD));
        }
    }
    let allowed = allowed.join(", ");
    resource.default_service(web::to(move || {
        let error: ApiError = frame::method_not_allowed(&allowed);
        async move { Err::<&'static str, _>(error) }
    }))
}

/// The route of an operation, behind the gate.
fn guarded(operation: &'static Operation, method: Method) -> Route {
    let access = operation.access;
    let mut route = (operation.route)().method(method);
    // A share's link is handed on by programs that add parameters of their own, and the pages are for browsers.
    let is_lenient =
        operation.access == Access::Guest || PAGES.iter().any(|page| page.path == operation.path);
    if !is_lenient && !document::takes_query(operation) {
        route = route.wrap(actix_web::middleware::from_fn(query::refuse_any));
    }
    route.wrap(actix_web::middleware::from_fn(move |request, next| {
        gate(access, request, next)
    }))
}
