//! The actors, one file each. They do mail, time and supervision; what a job needs done is in [`crate::attempt`], what a
//! child needs in [`crate::child`].
//!
//! A mailbox carries ids and questions, never what would be lost with it. Each actor shows what it does on the
//! [board](crate::board); one that dies is started anew by the [`supervisor`].

pub mod control;
pub mod intake;
pub mod job_actor;
pub mod planner;
pub mod render_pool;
pub mod supervisor;

/// Makes an actor die, so that tests can see what follows.
#[cfg(feature = "failpoints")]
#[derive(Debug, actix::Message)]
#[rtype(result = "()")]
pub struct Panic;

/// An actor that does as it is told.
#[cfg(feature = "failpoints")]
macro_rules! can_panic {
    ($actor:ty) => {
        impl actix::Handler<crate::actors::Panic> for $actor {
            type Result = ();

            fn handle(&mut self, _: crate::actors::Panic, _: &mut Self::Context) {
                panic!("told to");
            }
        }
    };
}
#[cfg(feature = "failpoints")]
pub(crate) use can_panic;
