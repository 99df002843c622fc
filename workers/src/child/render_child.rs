//! The parent's end of one child: start it, give it orders, believe nothing unchecked, kill it when in doubt (R8).
//!
//! A call that is given up half-way leaves the child in the middle of an answer; it is then not
//! [reusable](RenderChild::is_reusable) and dies when it is dropped.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
#[cfg(feature = "failpoints")]
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use songwalker_generator::generator_version;
use songwalker_jobs::failpoint::{self, Failpoint};
use songwalker_schemas::limits::{MAX_BUNDLE_BYTES, MAX_NAME_CHARS};
use songwalker_schemas::{ErrorCode, Intent, Stage};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::error::{ChildError, Death};
use super::evidence::{Evidence, ending};
use super::line::{self, Line};
#[cfg(feature = "failpoints")]
use super::misbehaviour::{Misbehaviour, Plot};
use super::protocol::{self, Answer, ChildLimits, Done, GenerateOrder, Order, PlanOrder, RefineOrder};
use super::stop::Stop;

/// How long a child has to read lexicon and templates.
const BIRTH_LIMIT: Duration = Duration::from_secs(20);
/// How long a child has to take an order from the pipe.
const HEARING_LIMIT: Duration = Duration::from_secs(5);
/// How long a killed child's ending is waited for.
const REAPING_LIMIT: Duration = Duration::from_secs(2);

/// A finished bundle.
#[derive(Clone, PartialEq, Eq)]
pub struct Made {
    /// What the child says of it; its hash has been checked.
    pub done: Done,
    /// The zip.
    pub bundle: Vec<u8>,
}

/// Where a child is between orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    Idle,
    Busy,
    Ended,
}

/// One child process.
#[derive(Debug)]
pub struct RenderChild {
    process: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    evidence: Evidence,
    condition: Condition,
    orders_done: u32,
    #[cfg(feature = "failpoints")]
    plot: Option<Arc<Plot>>,
}

/// The running program itself, also where its file has been replaced since: a child of another version would make other
/// bytes.
#[must_use]
pub fn this_program() -> PathBuf {
    let running = PathBuf::from("/proc/self/exe");
    if running.exists() {
        running
    } else {
        std::env::current_exe().unwrap_or_else(|_| PathBuf::from("songwalker"))
    }
}

impl RenderChild {
    /// Starts `program` as a child and waits until it is ready. On Linux the child dies with the thread that calls this:
    /// call it from one that lasts.
    ///
    /// # Errors
    /// [`ChildError::Unborn`] where it does not start; else what it did instead of getting ready.
    pub async fn spawn(limits: &ChildLimits, program: &Path) -> Result<Self, ChildError> {
        let unborn = |problem: String| ChildError::Unborn(problem);
        let mut command = Command::new(program);
        command
            .arg(protocol::ARGUMENT)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // Ctrl-C in a terminal is for the parent, which lets its children finish.
        #[cfg(unix)]
        command.process_group(0);
        let mut process = command.spawn().map_err(|error| unborn(error.to_string()))?;
        let no_pipe = || unborn("no pipe".to_owned());
        let orders = process.stdin.take().ok_or_else(no_pipe)?;
        let answers = BufReader::new(process.stdout.take().ok_or_else(no_pipe)?);
        let evidence = Evidence::of(process.stderr.take().ok_or_else(no_pipe)?);
        let mut child = Self {
            process,
            orders,
            answers,
            evidence,
            condition: Condition::Idle,
            orders_done: 0,
            #[cfg(feature = "failpoints")]
            plot: Plot::of(program),
        };
        let birth = Stop::new(
            CancellationToken::new(),
            Duration::ZERO,
            Instant::now() + BIRTH_LIMIT,
        );
        let order = Order::Limits(*limits);
        match child.ask(&order, &birth, &mut |_, _| {}).await? {
            (
                Answer::Ready {
                    generator_version: its,
                },
                _,
            ) if its == generator_version() => Ok(child),
            (Answer::Ready { .. }, _) => Err(child.rubbish("a child of another version").await),
            _ => Err(child.rubbish("no readiness").await),
        }
    }

    /// Has words understood.
    ///
    /// # Errors
    /// See [`ChildError`].
    pub async fn plan(&mut self, order: &PlanOrder, stop: &Stop) -> Result<Intent, ChildError> {
        #[cfg(feature = "failpoints")]
        if let Some(how) = self.plot.as_ref().and_then(|plot| plot.at_plan(&order.prompt)) {
            self.misbehave(how).await?;
        }
        let order = Order::Plan(order.clone());
        match self.ask(&order, stop, &mut |_, _| {}).await? {
            (Answer::Planned { intent }, _) => Ok(*intent),
            _ => Err(self.rubbish("another answer than an intent").await),
        }
    }

    /// Has an intent made into a bundle.
    ///
    /// # Errors
    /// See [`ChildError`].
    pub async fn generate(
        &mut self,
        order: &GenerateOrder,
        stop: &Stop,
        progress: &mut (dyn FnMut(Stage, f64) + Send),
    ) -> Result<Made, ChildError> {
        #[cfg(feature = "failpoints")]
        if let Some(how) = self.plot.as_ref().and_then(|plot| plot.at_generate(order.seed)) {
            self.misbehave(how).await?;
        }
        let order = Order::Generate(Box::new(order.clone()));
        match self.ask(&order, stop, progress).await? {
            (Answer::Done(done), bundle) => Ok(Made { done, bundle }),
            _ => Err(self.rubbish("another answer than a bundle").await),
        }
    }

    /// Has a sound that is there made into another one.
    ///
    /// # Errors
    /// See [`ChildError`].
    pub async fn refine(
        &mut self,
        order: RefineOrder,
        stop: &Stop,
        progress: &mut (dyn FnMut(Stage, f64) + Send),
    ) -> Result<Made, ChildError> {
        #[cfg(feature = "failpoints")]
        if let Some(how) = self.plot.as_ref().and_then(|plot| plot.at_generate(order.seed)) {
            self.misbehave(how).await?;
        }
        match self.ask(&Order::Refine(Box::new(order)), stop, progress).await? {
            (Answer::Done(done), bundle) => Ok(Made { done, bundle }),
            _ => Err(self.rubbish("another answer than a bundle").await),
        }
    }

    /// Makes the child's next order go wrong.
    ///
    /// # Errors
    /// It did not take the line.
    #[cfg(feature = "failpoints")]
    pub async fn misbehave(&mut self, how: Misbehaviour) -> Result<(), ChildError> {
        if self.is_reusable() {
            self.tell(&Order::Misbehave(how)).await
        } else {
            Err(self.died().await)
        }
    }

    /// The system's number for it; nothing once it has ended.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.process.id()
    }

    /// Orders that it has answered, `ready` not counted.
    #[must_use]
    pub const fn orders_done(&self) -> u32 {
        self.orders_done
    }

    /// Whether it waits for an order: it lives, and its last answer was read to the end.
    pub fn is_reusable(&mut self) -> bool {
        self.condition == Condition::Idle
            && self.answers.buffer().is_empty()
            && matches!(self.process.try_wait(), Ok(None))
    }

    /// Kills it and waits for its end.
    pub async fn kill(&mut self) {
        self.condition = Condition::Ended;
        let _ = self.process.start_kill();
        let _ = timeout(REAPING_LIMIT, self.process.wait()).await;
    }

    async fn rubbish(&mut self, what: &'static str) -> ChildError {
        self.kill().await;
        ChildError::Rubbish(what)
    }

    /// One order and its last answer. Whatever is no proper answer ends the child.
    async fn ask(
        &mut self,
        order: &Order,
        stop: &Stop,
        progress: &mut (dyn FnMut(Stage, f64) + Send),
    ) -> Result<(Answer, Vec<u8>), ChildError> {
        if stop.token.is_cancelled() {
            return Err(ChildError::Cancelled);
        }
        if !self.is_reusable() {
            return Err(self.died().await);
        }
        self.condition = Condition::Busy;
        let answered = match self.tell(order).await {
            Ok(()) => match sent(order).await {
                Ok(()) => self.hear(stop, progress).await,
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        };
        if self.condition == Condition::Idle {
            self.orders_done += u32::from(!matches!(order, Order::Limits(_)));
            return answered;
        }
        match answered {
            Err(ChildError::Died(_)) => Err(self.died().await),
            other => {
                self.kill().await;
                other
            }
        }
    }

    async fn tell(&mut self, order: &Order) -> Result<(), ChildError> {
        let line = protocol::line(order).ok_or(ChildError::TooLarge("an order"))?;
        match timeout(HEARING_LIMIT, self.orders.write_all(&line)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(ChildError::Died(Death::unknown())),
            Err(_) => Err(ChildError::Timeout),
        }
    }

    /// Waits for the last answer; asks for an early one when the token is set. With the last answer read to its end the
    /// child is idle again.
    async fn hear(
        &mut self,
        stop: &Stop,
        progress: &mut (dyn FnMut(Stage, f64) + Send),
    ) -> Result<(Answer, Vec<u8>), ChildError> {
        let mut asked_at: Option<Instant> = None;
        let (answer, bundle) = {
            let reading = last_answer(&mut self.answers, progress);
            tokio::pin!(reading);
            loop {
                let limit = asked_at.map_or(stop.deadline, |at| stop.deadline.min(at + stop.grace));
                tokio::select! {
                    biased;
                    answer = &mut reading => break answer?,
                    () = stop.token.cancelled(), if asked_at.is_none() => {
                        asked_at = Some(Instant::now());
                        if let Some(line) = protocol::line(&Order::Cancel) {
                            let _ = timeout(stop.grace, self.orders.write_all(&line)).await;
                        }
                    }
                    () = sleep_until(limit) => {
                        return Err(if asked_at.is_some() { ChildError::Cancelled } else { ChildError::Timeout });
                    }
                }
            }
        };
        self.condition = Condition::Idle;
        match answer {
            _ if asked_at.is_some() => Err(ChildError::Cancelled),
            Answer::Failed(body) if body.code == ErrorCode::Cancelled => {
                Err(self.rubbish("cancelled by nobody").await)
            }
            Answer::Failed(body) => Err(ChildError::Failed(Box::new(body))),
            answer => Ok((answer, bundle)),
        }
    }

    /// Waits for the ending of a child that no longer speaks.
    async fn died(&mut self) -> ChildError {
        let ended = timeout(REAPING_LIMIT, self.process.wait()).await;
        let status = match ended {
            Ok(status) => status.ok(),
            Err(_) => None,
        };
        self.kill().await;
        ChildError::Died(Death {
            ending: ending(status),
            last_words: self.evidence.last_words().await,
        })
    }
}

/// An order to generate has gone, nothing came back yet.
async fn sent(order: &Order) -> Result<(), ChildError> {
    if matches!(order, Order::Generate(_)) {
        failpoint::reached(Failpoint::RenderRequestSent)
            .await
            .map_err(|_| ChildError::Died(Death::unknown()))?;
    }
    Ok(())
}

/// Reads until something is no progress; the bundle is read with its line.
async fn last_answer(
    answers: &mut BufReader<ChildStdout>,
    progress: &mut (dyn FnMut(Stage, f64) + Send),
) -> Result<(Answer, Vec<u8>), ChildError> {
    loop {
        let line = match line::receive(answers).await {
            Ok(Line::Whole(line)) => line,
            Ok(Line::TooLong) => return Err(ChildError::Rubbish("an endless line")),
            Ok(Line::End) | Err(_) => return Err(ChildError::Died(Death::unknown())),
        };
        match serde_json::from_slice(&line).map_err(|_| ChildError::Rubbish("a line that is no answer"))? {
            Answer::Progress { stage, share } if (0.0..=1.0).contains(&share) => progress(stage, share),
            Answer::Progress { .. } => return Err(ChildError::Rubbish("a share outside 0..1")),
            Answer::Done(done) => {
                let bundle = bundle(answers, &done).await?;
                return Ok((Answer::Done(done), bundle));
            }
            answer => return Ok((answer, Vec::new())),
        }
    }
}

/// Reads the bundle that a `done` line announces, and holds both against each other.
async fn bundle(answers: &mut BufReader<ChildStdout>, done: &Done) -> Result<Vec<u8>, ChildError> {
    if done.bundle_bytes > MAX_BUNDLE_BYTES {
        return Err(ChildError::TooLarge("the bundle"));
    }
    let is_name =
        (1..=MAX_NAME_CHARS).contains(&done.name.chars().count()) && !done.name.contains(char::is_control);
    if !is_name {
        return Err(ChildError::Rubbish("a name that is none"));
    }
    let mut bundle = Vec::with_capacity(done.bundle_bytes);
    let mut hash = Sha256::new();
    let mut chunk = vec![0; 65_536];
    while bundle.len() < done.bundle_bytes {
        let most = chunk.len().min(done.bundle_bytes - bundle.len());
        let read = match chunk.get_mut(..most) {
            Some(room) => answers.read(room).await,
            None => Ok(0),
        };
        match read.ok().and_then(|count| chunk.get(..count)) {
            None | Some([]) => return Err(ChildError::Died(Death::unknown())),
            Some(bytes) => {
                hash.update(bytes);
                bundle.extend_from_slice(bytes);
            }
        }
    }
    if hex(&hash.finalize()) == done.sha256 {
        Ok(bundle)
    } else {
        Err(ChildError::Rubbish("a bundle of another hash"))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl fmt::Debug for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Made")
            .field("sha256", &self.done.sha256)
            .finish_non_exhaustive()
    }
}
