//! The runtime on which commands wait for databases, servers and jobs. What computes runs in children and on threads of
//! its own.

use songwalker_schemas::ErrorCode;
use tokio::runtime::{Builder, Runtime};

use crate::failure::Failure;

/// Threads for what waits.
const THREADS: usize = 2;

/// Starts a runtime.
///
/// # Errors
/// `internal` where the system gives no thread.
pub fn start() -> Result<Runtime, Failure> {
    Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_all()
        .build()
        .map_err(|error| Failure::new(ErrorCode::Internal, format!("cannot start: {error}")))
}

/// Runs to the end on a runtime of its own.
///
/// # Errors
/// Those of `future`.
pub fn block_on<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    start()?.block_on(future)
}
