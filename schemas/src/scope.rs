//! What a key may do.

use crate::choice::choice;

choice! {
    /// What a key may do.
    Scope {
        /// Look at jobs and their artifacts.
        JobsRead = "jobs:read",
        /// Make, change, cancel and delete jobs.
        JobsWrite = "jobs:write",
        /// Make, list and revoke shares.
        SharesWrite = "shares:write",
        /// Make, list and revoke keys, and erase the account.
        KeysWrite = "keys:write",
        /// Make, list and delete webhooks.
        WebhooksWrite = "webhooks:write",
        /// Look after the whole service.
        Admin = "admin",
    }
}
