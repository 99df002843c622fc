//! A thread that does one thing after the other, started when there is something to do. A task that panics ends itself only;
//! dropping the worker tells the running task to stop, forgets the others and waits: a library must not be unloaded while a
//! thread runs in it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

type Task = Box<dyn FnOnce(&AtomicBool) + Send>;

/// A thread for tasks.
pub struct Worker {
    name: &'static str,
    running: Option<(Sender<Task>, JoinHandle<()>)>,
    stop: Arc<AtomicBool>,
}

impl Worker {
    /// One of that name, not started yet.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            running: None,
            stop: Arc::default(),
        }
    }

    /// Puts a task at the end of the row; it hears by its argument that it should stop. False where no thread can be had.
    pub fn add(&mut self, task: impl FnOnce(&AtomicBool) + Send + 'static) -> bool {
        if self.running.is_none() {
            let (sender, tasks) = channel();
            let stop = self.stop.clone();
            let thread = std::thread::Builder::new().name(self.name.to_owned());
            let Ok(handle) = thread.spawn(move || work(&tasks, &stop)) else {
                return false;
            };
            self.running = Some((sender, handle));
        }
        let running = self.running.as_ref();
        running.is_some_and(|(sender, _)| sender.send(Box::new(task)).is_ok())
    }
}

fn work(tasks: &Receiver<Task>, stop: &AtomicBool) {
    while let Ok(task) = tasks.recv() {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        // The panic was told where panics are told; the next task finds the thread as it was.
        let _ended = catch_unwind(AssertUnwindSafe(|| task(stop)));
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some((sender, handle)) = self.running.take() {
            drop(sender);
            let _ended = handle.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_that_panics_does_not_keep_the_next_one_from_its_work() {
        let (done, heard) = channel();
        let mut worker = Worker::new("test");
        assert!(worker.add(|_| panic!("on purpose")));
        assert!(worker.add(move |_| done.send(7).unwrap_or_default()));
        assert_eq!(heard.recv(), Ok(7));
    }

    #[test]
    fn dropping_stops_what_runs_and_forgets_the_rest() {
        let (begun, heard) = channel();
        let mut worker = Worker::new("test");
        let forgotten = Arc::new(AtomicBool::new(false));
        let is_run = forgotten.clone();
        worker.add(move |stop| {
            begun.send(()).unwrap_or_default();
            while !stop.load(Ordering::Relaxed) {
                std::thread::yield_now();
            }
        });
        worker.add(move |_| is_run.store(true, Ordering::Relaxed));
        heard.recv().unwrap();
        drop(worker);
        assert!(!forgotten.load(Ordering::Relaxed));
    }
}
