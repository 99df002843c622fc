//! Child processes: everything from words to bundle runs in one, so that what hangs, leaks or crashes takes nothing with
//! it (R8: it can be killed; R10: its environment is empty, its words come through a pipe only).
//!
//! The same program is on both sides. [`main`] is the child: it [confines](confine) itself and answers [orders](protocol)
//! one at a time. [`RenderChild`] is the parent's end of one child, [`RenderPool`] keeps several warm. Neither knows
//! rows or users.

mod confine;
mod error;
mod evidence;
mod line;
#[cfg(feature = "failpoints")]
pub mod misbehaviour;
pub mod pool;
pub mod protocol;
mod render_child;
mod serve;
mod stop;
mod voice;

pub use error::{ChildError, Death};
pub use pool::{Lease, PoolConfig, PoolState, RenderPool};
pub use protocol::{ChildLimits, GenerateOrder, PlanOrder, RefineOrder};
pub use render_child::{Made, RenderChild, this_program};
pub use serve::{main, quiet_panics};
pub use stop::Stop;
