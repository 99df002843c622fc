//! The `RenderPool` owns the child processes: it lends them, and shows how they are. What a pool does is in
//! [`crate::child::pool`].

use std::sync::Arc;

use actix::{
    Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, Message, ResponseActFuture,
    ResponseFuture, WrapFuture,
};

use crate::board::Board;
use crate::child::{Lease, PoolConfig, RenderPool};

/// A child for one job. Answered once there is one; nothing where there never will be.
#[derive(Debug, Message)]
#[rtype(result = "Option<Lease>")]
pub struct Checkout;

/// A child for one job, if one waits now.
#[derive(Debug, Message)]
#[rtype(result = "Option<Lease>")]
pub struct TryCheckout;

/// Lends no more, ends the children that are not lent, then the actor. Its own streams would keep it for ever.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Close;

/// The actor.
pub struct RenderPoolActor {
    pool: RenderPool,
    board: Arc<Board>,
}

impl RenderPoolActor {
    /// An actor that owns a new pool. The children's births begin at once.
    #[must_use]
    pub fn new(config: PoolConfig, board: Arc<Board>) -> Self {
        Self {
            pool: RenderPool::start(config),
            board,
        }
    }
}

impl Actor for RenderPoolActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let (mut watch, board) = (self.pool.watch(), Arc::clone(&self.board));
        let show = async move {
            loop {
                let pool = watch.borrow_and_update().clone();
                board.show(|state| state.pool = pool);
                if watch.changed().await.is_err() {
                    return;
                }
            }
        };
        ctx.spawn(show.into_actor(self));
    }
}

impl Handler<Checkout> for RenderPoolActor {
    type Result = ResponseFuture<Option<Lease>>;

    fn handle(&mut self, _: Checkout, _: &mut Self::Context) -> Self::Result {
        let pool = self.pool.clone();
        Box::pin(async move { pool.checkout().await })
    }
}

impl Handler<TryCheckout> for RenderPoolActor {
    type Result = ResponseFuture<Option<Lease>>;

    fn handle(&mut self, _: TryCheckout, _: &mut Self::Context) -> Self::Result {
        Box::pin(std::future::ready(self.pool.try_checkout()))
    }
}

impl Handler<Close> for RenderPoolActor {
    type Result = ResponseActFuture<Self, ()>;

    fn handle(&mut self, _: Close, _: &mut Self::Context) -> Self::Result {
        let pool = self.pool.clone();
        let closed = async move { pool.close().await };
        Box::pin(closed.into_actor(self).map(|(), _, ctx| ctx.stop()))
    }
}

/// However the actor ends, its idle children end with it.
impl Drop for RenderPoolActor {
    fn drop(&mut self) {
        self.pool.abandon();
    }
}

#[cfg(feature = "failpoints")]
crate::actors::can_panic!(RenderPoolActor);
