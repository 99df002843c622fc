//! The language model that the configuration names.

use std::io;

use songwalker_generator::planner::{self, examples};
use songwalker_jobs::config::Llm;
use songwalker_llm::{Model, Settings};
use songwalker_schemas::{Category, Intent};

/// The gauge of the parts that a process needs, as its servers show it.
const PART_UP: &str = "songwalker_part_up";

/// Shows whether the model answers.
pub fn show(answers: bool) {
    metrics::gauge!(PART_UP, "part" => "planner").set(if answers { 1.0 } else { 0.0 });
}

/// The model, where one is named; what is shown to it is made meanwhile, so that no job waits for that.
///
/// # Errors
/// Its address is none, or there is no HTTP client to be had.
pub fn of(llm: &Llm) -> io::Result<Option<Model>> {
    let (Some(base_url), Some(name)) = (&llm.base_url, llm.named()) else {
        return Ok(None);
    };
    let settings = Settings {
        base_url: base_url.clone(),
        model: name.to_owned(),
        key: llm.key.as_ref().map(|key| key.expose().to_owned()),
        answer_tokens: llm.answer_tokens,
        silence: llm.silence.duration(),
    };
    let model = Model::new(settings).map_err(io::Error::other)?;
    show(true);
    std::thread::Builder::new()
        .name("songwalker-examples".to_owned())
        .spawn(|| {
            let _ = examples(&Intent::neutral(Category::Pad), 1);
            planner::knows("warm")
        })?;
    Ok(Some(model))
}
