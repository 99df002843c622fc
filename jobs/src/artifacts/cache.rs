//! The bundles that were asked for last, opened, up to so many bytes.
//!
//! A bundle's key holds the hash of its bytes and whose it is, so what is kept can never be wrong; it is forgotten when
//! the object is deleted. Those who ask for the same bundle at once wait for one load.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::OnceCell;

use super::content::Content;
use crate::error::JobsError;
use crate::ports::ObjectKey;

/// How much is kept.
const MAX_BYTES: usize = 64 << 20;

/// The cache.
#[derive(Debug, Default)]
pub struct BundleCache {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// What is kept; the last one was asked for last.
    kept: VecDeque<(ObjectKey, Arc<Content>)>,
    /// The bytes of that.
    bytes: usize,
    /// What is being loaded, as long as somebody waits for it.
    loading: HashMap<ObjectKey, Weak<OnceCell<Arc<Content>>>>,
}

impl BundleCache {
    /// The bundle of a key, by `load` where it is not there.
    ///
    /// # Errors
    /// Those of `load`; nothing is kept then.
    pub async fn get_or_load(
        &self,
        key: &ObjectKey,
        load: impl Future<Output = Result<Content, JobsError>>,
    ) -> Result<Arc<Content>, JobsError> {
        let cell = {
            let mut state = self.state();
            if let Some(content) = state.get(key) {
                return Ok(content);
            }
            state.join(key)
        };
        let content = cell
            .get_or_try_init(|| async { load.await.map(Arc::new) })
            .await
            .map(Arc::clone)?;
        self.state().keep(key, &cell, &content);
        Ok(content)
    }

    /// Forgets a bundle; one that is being loaded is not kept.
    pub fn forget(&self, key: &ObjectKey) {
        let mut state = self.state();
        state.loading.remove(key);
        state.drop_kept(key);
    }

    /// A panic elsewhere leaves the state whole: every change of it is made by calls that do not panic.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn get(&mut self, key: &ObjectKey) -> Option<Arc<Content>> {
        let place = self.kept.iter().position(|(kept, _)| kept == key)?;
        let entry = self.kept.remove(place)?;
        let content = Arc::clone(&entry.1);
        self.kept.push_back(entry);
        Some(content)
    }

    /// The load of a key that is under way, or a new one.
    fn join(&mut self, key: &ObjectKey) -> Arc<OnceCell<Arc<Content>>> {
        self.loading.retain(|_, cell| cell.strong_count() > 0);
        if let Some(cell) = self.loading.get(key).and_then(Weak::upgrade) {
            return cell;
        }
        let cell = Arc::new(OnceCell::new());
        self.loading.insert(key.clone(), Arc::downgrade(&cell));
        cell
    }

    /// Keeps what was loaded, unless it was forgotten or kept meanwhile.
    fn keep(&mut self, key: &ObjectKey, cell: &Arc<OnceCell<Arc<Content>>>, content: &Arc<Content>) {
        let is_wanted = self
            .loading
            .get(key)
            .is_some_and(|loading| std::ptr::eq(loading.as_ptr(), Arc::as_ptr(cell)));
        if !is_wanted {
            return;
        }
        self.loading.remove(key);
        self.bytes += content.bytes();
        self.kept.push_back((key.clone(), Arc::clone(content)));
        while self.bytes > MAX_BYTES {
            let Some((_, oldest)) = self.kept.pop_front() else {
                break;
            };
            self.bytes -= oldest.bytes();
        }
    }

    fn drop_kept(&mut self, key: &ObjectKey) {
        if let Some(place) = self.kept.iter().position(|(kept, _)| kept == key)
            && let Some((_, content)) = self.kept.remove(place)
        {
            self.bytes -= content.bytes();
        }
    }
}

#[cfg(test)]
mod tests;
