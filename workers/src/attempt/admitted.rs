//! Leave to plan, and the model that may be asked.

use std::sync::Arc;

use songwalker_llm::Model;
use tokio::sync::OwnedSemaphorePermit;

/// Leave to plan, for as long as it is held.
#[derive(Debug, Default)]
pub struct Admitted {
    model: Option<Arc<Model>>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Admitted {
    /// Under a permit, with a model where one may be asked.
    #[must_use]
    pub fn with(permit: OwnedSemaphorePermit, model: Option<Arc<Model>>) -> Self {
        Self {
            model,
            _permit: Some(permit),
        }
    }

    /// The model that may be asked.
    #[must_use]
    pub fn model(&self) -> Option<&Model> {
        self.model.as_deref()
    }
}
