//! The limits of the product, each once.

/// Longest prompt, in Unicode scalar values after normalisation.
pub const MAX_PROMPT_CHARS: usize = 4_000;
/// Most tags of a request.
pub const MAX_TAGS: usize = 20;
/// Longest tag, in Unicode scalar values.
pub const MAX_TAG_CHARS: usize = 64;
/// Most variations of a request.
pub const MAX_VARIATIONS: usize = 5;
/// How many variations a request has that does not say.
pub const DEFAULT_VARIATIONS: u8 = 3;
/// Attempts that a job has.
pub const MAX_ATTEMPTS: u32 = 3;
/// Deaths of workers on one job after which it runs alone.
pub const QUARANTINE_DEATHS: u32 = 2;
/// Longest message of an error that is stored, in characters.
pub const MAX_ERROR_CHARS: usize = 500;
/// Longest Idempotency-Key, bytes.
pub const MAX_IDEMPOTENCY_KEY_BYTES: usize = 255;
/// Longest name of a key or a user, in characters.
pub const MAX_LABEL_CHARS: usize = 64;
/// Most keys of a user that still work.
pub const MAX_KEYS: u64 = 50;
/// Most shares of a user that still work.
pub const MAX_SHARES: u64 = 100;
/// Most webhooks of a user.
pub const MAX_WEBHOOKS: u64 = 20;
/// Most addresses that one job tells of its end.
pub const MAX_JOB_WEBHOOKS: u64 = 5;
/// Longest address of a webhook, bytes.
pub const MAX_WEBHOOK_URL_BYTES: usize = 2_048;
/// Highest number that a plan may have as a limit.
pub const MAX_PLAN_LIMIT: u32 = 1_000_000;
/// Most items of one page.
pub const MAX_PAGE: u64 = 100;
/// Largest bundle, bytes.
pub const MAX_BUNDLE_BYTES: usize = 5_000_000;
/// Largest patch document that is read, bytes.
pub const MAX_PATCH_BYTES: usize = 16_000_000;
/// Most modulation routes of a patch (Vital's slots).
pub const MAX_ROUTES: usize = 64;
/// Most points of an LFO shape.
pub const MAX_POINTS: usize = 100;
/// Most targets of one macro.
pub const MAX_MACRO_TARGETS: usize = 32;
/// Largest seed: the largest whole number that JSON carries exactly.
pub const MAX_SEED: u64 = (1 << 53) - 1;
/// Longest name of a patch, in characters.
pub const MAX_NAME_CHARS: usize = 48;
/// Longest path of a bundle's entry, bytes.
pub const MAX_ENTRY_PATH_BYTES: usize = 100;
/// Most faults that one validation lists.
pub const MAX_FAULTS: usize = 100;
