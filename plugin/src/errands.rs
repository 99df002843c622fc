//! What an instance does in the background: loads files, links and sounds of a server, makes sounds from words, compares.
//!
//! Each kind has a thread of its own, so that a server that hangs holds no file up. Whatever comes out lands in a slot; what
//! goes wrong becomes a message, and the old sound goes on.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;
use songwalker_generator::pipeline::{self, Hooks, Request};

use crate::content::{Content, PatchContent};
use crate::instance::{Claim, Instance, Putting};
use crate::load::cache::{Cache, Recent};
use crate::load::server::{self, Listed, Server, ServerError};
use crate::load::{self, LoadError};
use crate::loudness;
use crate::rack::Other;
use crate::settings::Settings;
use crate::worker::Worker;

/// How many variations a sound made here has.
const VARIATIONS: usize = 3;

/// How far a sound from words is.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// The slot that it will land in.
    pub place: usize,
    /// What is being done.
    pub stage: String,
    /// Share of it, 0..1.
    pub share: f32,
}

/// What is known of the server's sounds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Listing {
    /// Not asked yet.
    #[default]
    Unknown,
    /// Being asked.
    Asking,
    /// The sounds.
    Known(Vec<Listed>),
    /// Why there are none.
    Failed(String),
}

/// Whoever draws, told that something is new.
type Notify = Arc<dyn Fn() + Send + Sync>;

/// Sounds that are fetched, counted: those asked for, those done, and up to which they were stopped.
#[derive(Debug, Default)]
struct Fetches {
    asked: AtomicU64,
    done: AtomicU64,
    stopped: AtomicU64,
}

struct Shared {
    instance: Arc<Instance>,
    settings: Mutex<Settings>,
    progress: Mutex<Option<Progress>>,
    is_cancelled: AtomicBool,
    listing: Mutex<Listing>,
    fetches: Fetches,
    recent: Mutex<Vec<Recent>>,
    cache_bytes: Mutex<u64>,
    notify: Notify,
}

/// The errands of one instance.
pub struct Errands {
    shared: Arc<Shared>,
    loading: Mutex<Worker>,
    network: Mutex<Worker>,
    making: Mutex<Worker>,
}

impl Errands {
    /// Those of an instance; `notify` is called from any of their threads.
    #[must_use]
    pub fn new(instance: Arc<Instance>, settings: Settings, notify: Notify) -> Self {
        Self {
            shared: Arc::new(Shared {
                instance,
                settings: Mutex::new(settings),
                progress: Mutex::default(),
                is_cancelled: AtomicBool::new(false),
                listing: Mutex::default(),
                fetches: Fetches::default(),
                recent: Mutex::default(),
                cache_bytes: Mutex::new(0),
                notify,
            }),
            loading: Mutex::new(Worker::new("songwalker-load")),
            network: Mutex::new(Worker::new("songwalker-net")),
            making: Mutex::new(Worker::new("songwalker-make")),
        }
    }

    fn on(&self, worker: &Mutex<Worker>, task: impl FnOnce(&Shared, &AtomicBool) + Send + 'static) {
        let shared = self.shared.clone();
        let is_taken = worker.lock().add(move |stop| {
            task(&shared, stop);
            (shared.notify)();
        });
        if !is_taken {
            self.shared
                .instance
                .tell(true, "This machine gives no thread for work in the background.");
        }
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.shared.settings.lock().clone()
    }

    /// Changes the settings and keeps them.
    pub fn set_settings(&self, settings: Settings) {
        let is_other_server = {
            let mut now = self.shared.settings.lock();
            let is_other = now.server != settings.server || now.key != settings.key;
            *now = settings;
            is_other
        };
        if is_other_server {
            *self.shared.listing.lock() = Listing::Unknown;
        }
        if let Err(error) = self.settings().save() {
            self.cannot_keep(&error);
        }
    }

    /// Remembers how large the editor is; it is kept when the editor closes.
    pub fn set_editor_size(&self, points: (f32, f32)) {
        self.shared.settings.lock().editor = points;
    }

    /// Keeps the editor's size: a small file, written at once, for the program may end with its window.
    pub fn keep_editor_size(&self) {
        if let Err(error) = Settings::save_editor(self.settings().editor) {
            self.cannot_keep(&error);
        }
    }

    fn cannot_keep(&self, error: &std::io::Error) {
        let problem = format!("The settings cannot be kept: {error}.");
        self.shared.instance.tell(true, problem);
    }

    /// Looks at settings and cache again: other instances use them too.
    pub fn refresh(&self) {
        self.on(&self.loading, |shared, _| {
            let kept = Settings::load();
            let mut settings = shared.settings.lock();
            let editor = settings.editor;
            *settings = Settings { editor, ..kept };
            drop(settings);
            shared.refresh();
        });
    }

    /// What was used last, newest first.
    #[must_use]
    pub fn recent(&self) -> Vec<Recent> {
        self.shared.recent.lock().clone()
    }

    /// Size of the cache, bytes.
    #[must_use]
    pub fn cache_bytes(&self) -> u64 {
        *self.shared.cache_bytes.lock()
    }

    /// Empties the cache.
    pub fn clear_cache(&self) {
        self.on(&self.loading, |shared, _| {
            if let Some(Err(error)) = shared.cache().map(|cache| cache.clear()) {
                shared
                    .instance
                    .tell(true, format!("The cache cannot be emptied: {error}."));
            }
            shared.refresh();
        });
    }

    /// Loads a file into a slot.
    pub fn load_file(&self, place: usize, path: PathBuf) {
        let claim = self.claim(place);
        self.on(&self.loading, move |shared, _| {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            shared.land(claim, &name, load::file(&path));
        });
    }

    /// Loads what was used before.
    pub fn load_recent(&self, place: usize, recent: Recent) {
        let claim = self.claim(place);
        self.on(&self.loading, move |shared, _| {
            let bytes = shared.cache().and_then(|cache| cache.get(&recent.hash));
            match bytes {
                Some(bytes) => {
                    let content = load::content(&bytes, &recent.file, None);
                    shared.land(claim, &recent.file, content.map(|content| (content, bytes)));
                }
                None => {
                    let problem = format!("{} is no longer in the cache: load it again.", recent.name);
                    shared.instance.tell(true, problem);
                }
            }
        });
    }

    /// Loads a shared link.
    pub fn load_link(&self, place: usize, link: String) {
        self.fetch(place, "shared.zip", move |_, stop| {
            server::shared_bundle(&link, stop)
        });
    }

    /// Puts what `get` brings into a slot; `get` hears by its second argument that it should stop.
    fn fetch(
        &self,
        place: usize,
        file: &'static str,
        get: impl FnOnce(&Shared, &dyn Fn() -> bool) -> Result<Vec<u8>, ServerError> + Send + 'static,
    ) {
        let claim = self.claim(place);
        let number = self.shared.fetches.asked.fetch_add(1, Ordering::Relaxed) + 1;
        self.on(&self.network, move |shared, stop| {
            let fetches = &shared.fetches;
            let is_stopped =
                || stop.load(Ordering::Relaxed) || number <= fetches.stopped.load(Ordering::Relaxed);
            if !is_stopped() {
                shared.land_bundle(claim, file, get(shared, &is_stopped));
            }
            fetches.done.store(number, Ordering::Relaxed);
        });
    }

    /// Whether something is being fetched.
    #[must_use]
    pub fn is_fetching(&self) -> bool {
        let fetches = &self.shared.fetches;
        fetches.done.load(Ordering::Relaxed) < fetches.asked.load(Ordering::Relaxed)
    }

    /// Stops fetching.
    pub fn stop_fetching(&self) {
        let fetches = &self.shared.fetches;
        let asked = fetches.asked.load(Ordering::Relaxed);
        fetches.stopped.store(asked, Ordering::Relaxed);
    }

    /// Asks the server for its sounds.
    pub fn list(&self) {
        *self.shared.listing.lock() = Listing::Asking;
        self.on(&self.network, |shared, stop| {
            let listing = match shared
                .server()
                .and_then(|server| server.list(&|| stop.load(Ordering::Relaxed)))
            {
                Ok(sounds) => Listing::Known(sounds),
                Err(error) => Listing::Failed(sentence(&error.to_string())),
            };
            *shared.listing.lock() = listing;
        });
    }

    /// What is known of the server's sounds.
    #[must_use]
    pub fn listing(&self) -> Listing {
        self.shared.listing.lock().clone()
    }

    /// Loads a sound of the server; what is in the cache is not fetched again.
    pub fn load_listed(&self, place: usize, listed: Listed) {
        self.fetch(place, "server.zip", move |shared, stop| {
            let known = shared.cache().and_then(|cache| cache.get(&listed.sha256));
            match known {
                Some(bytes) => Ok(bytes),
                None => shared.server()?.bundle(&listed, stop),
            }
        });
    }

    /// Makes a sound from words and puts it into a slot: on the server where there is one, else here.
    pub fn generate(&self, place: usize, prompt: String, seed: u64) {
        self.shared.is_cancelled.store(false, Ordering::Relaxed);
        self.shared.progress(place, "waiting", 0.0);
        let claim = self.claim(place);
        self.on(&self.making, move |shared, stop| {
            let has_server = !shared.settings.lock().server.trim().is_empty();
            if has_server {
                shared.generate_there(claim, &prompt, seed, stop);
            } else {
                shared.generate_here(claim, &prompt, seed, stop);
            }
            *shared.progress.lock() = None;
        });
    }

    /// Stops making a sound.
    pub fn cancel(&self) {
        self.shared.is_cancelled.store(true, Ordering::Relaxed);
    }

    /// How far the sound from words is, while one is made.
    #[must_use]
    pub fn progress(&self) -> Option<Progress> {
        self.shared.progress.lock().clone()
    }

    fn claim(&self, place: usize) -> Claim {
        self.shared.instance.claim(place)
    }

    /// Lets another of a slot's variations sound; 0 is the sound as it was loaded.
    pub fn choose(&self, place: usize, chosen: usize) {
        let claim = self.claim(place);
        self.on(&self.loading, move |shared, _| {
            let Some(was) = shared.other(place) else { return };
            let rests = was.content.macros();
            if let Content::Patch(content) = was.content {
                let chosen = chosen.min(content.variations.len());
                let mut putting = Putting::of(Content::Patch(PatchContent { chosen, ..content }));
                putting.is_other = false;
                // What was turned stays as it was turned; the rest goes where the variation has it.
                for ((place, stands), rested) in putting.macros.iter_mut().zip(was.macros).zip(rests) {
                    if (stands - rested).abs() > 1e-3 {
                        *place = stands;
                    }
                }
                shared.install(claim, putting);
            }
        });
    }

    /// Keeps what sounds in a slot as the other side of its comparison.
    pub fn keep_other(&self, place: usize) {
        let other = self.shared.other(place);
        self.shared.instance.set_other(place, other);
    }

    /// Exchanges both sides of a comparison, at equal loudness.
    pub fn compare(&self, place: usize) {
        let claim = self.claim(place);
        self.on(&self.loading, move |shared, _| {
            let rack = shared.instance.rack();
            let other = rack
                .slots
                .get(place)
                .and_then(|slot| slot.as_ref()?.other.clone());
            if let (Some(other), Some(was)) = (other, shared.other(place)) {
                let putting = Putting {
                    trim_db: loudness::trim_db(&other, &was),
                    content: other.content,
                    macros: other.macros,
                    other: Some(was),
                    is_other: false,
                };
                shared.install(claim, putting);
            }
        });
    }
}

impl Shared {
    fn cache(&self) -> Option<Cache> {
        self.settings.lock().cache()
    }

    fn server(&self) -> Result<Server, ServerError> {
        let settings = self.settings.lock();
        Server::new(&settings.server, &settings.key)
    }

    fn refresh(&self) {
        if let Some(cache) = self.cache() {
            *self.recent.lock() = cache.recent();
            *self.cache_bytes.lock() = cache.bytes();
        }
    }

    fn progress(&self, place: usize, stage: &str, share: f32) {
        *self.progress.lock() = Some(Progress {
            place,
            stage: stage.to_owned(),
            share,
        });
        (self.notify)();
    }

    fn is_stopped(&self, stop: &AtomicBool) -> bool {
        stop.load(Ordering::Relaxed) || self.is_cancelled.load(Ordering::Relaxed)
    }

    /// What was loaded goes into its slot and into the cache; why it was not becomes a message.
    fn land(&self, claim: Claim, file: &str, loaded: Result<(Content, Vec<u8>), LoadError>) {
        let (content, bytes) = match loaded {
            Ok(loaded) => loaded,
            Err(error) => return self.instance.tell(true, format!("{file}: {error}.")),
        };
        let Some(sound) = content.sound().cloned() else {
            return;
        };
        let note = match warnings_of(&content) {
            0 => String::new(),
            1 => ", with one note".to_owned(),
            many => format!(", with {many} notes"),
        };
        let (name, number) = (&sound.patch.name, claim.place() + 1);
        match self.install(claim, Putting::of(content)) {
            Some(true) => self
                .instance
                .tell(false, format!("{name} is in slot {number}{note}.")),
            Some(false) => {
                let told = format!("Slot {number} was changed meanwhile: {name} waits in Recent.");
                self.instance.tell(false, told);
            }
            None => return,
        }
        self.remember(&sound.patch, file, &bytes);
    }

    fn remember(&self, patch: &songwalker_schemas::PatchSpec, file: &str, bytes: &[u8]) {
        // What leans on files beside it would not come back from its bytes alone.
        if file.ends_with(".json") && !songwalker_generator::assets::named(patch).is_empty() {
            return;
        }
        let describe = |hash| Recent {
            hash,
            name: patch.name.clone(),
            category: patch.meta.category.name().to_owned(),
            file: file.to_owned(),
            tags: patch.meta.tags.clone(),
        };
        if let Some(Err(error)) = self.cache().map(|cache| cache.remember(bytes, describe)) {
            self.instance
                .tell(true, format!("The cache cannot be written: {error}."));
        }
        self.refresh();
    }

    /// Puts something into a slot; whether it won, or none, and a message, where it cannot be played.
    fn install(&self, claim: Claim, putting: Putting) -> Option<bool> {
        let installed = self.instance.install(claim, putting);
        installed
            .map_err(|problem| self.instance.tell(true, problem))
            .ok()
    }

    /// What sounds in a slot, as the other side of a comparison.
    fn other(&self, place: usize) -> Option<Other> {
        let content = self.instance.rack().slots.get(place)?.as_ref()?.content.clone();
        let macros = self.instance.params()?.slots.get(place)?.macro_places();
        Some(Other { content, macros })
    }

    fn land_bundle(&self, claim: Claim, file: &str, bytes: Result<Vec<u8>, ServerError>) {
        match bytes {
            Ok(bytes) => match load::content(&bytes, file, None) {
                Ok(content) => self.land(claim, file, Ok((content, bytes))),
                Err(error) => {
                    let problem = format!("What came cannot be played: {error}.");
                    self.instance.tell(true, problem);
                }
            },
            Err(ServerError::Stopped) => {}
            Err(error) => self.instance.tell(true, sentence(&error.to_string())),
        }
    }

    fn generate_there(&self, claim: Claim, prompt: &str, seed: u64, stop: &AtomicBool) {
        let progress = |stage: &str, share: f32| {
            if self.is_cancelled.load(Ordering::Relaxed) {
                return;
            }
            self.progress(claim.place(), stage, share);
        };
        let bytes = self
            .server()
            .and_then(|server| server.generate(prompt, seed, &progress, &|| self.is_stopped(stop)));
        if !self.is_stopped(stop) {
            self.land_bundle(claim, "generated.zip", bytes);
            // The server has one more.
            *self.listing.lock() = Listing::Unknown;
        }
    }

    fn generate_here(&self, claim: Claim, prompt: &str, seed: u64, stop: &AtomicBool) {
        let request = Request {
            prompt: prompt.to_owned(),
            tags: Vec::new(),
            template_id: None,
            seed,
            variations: VARIATIONS,
            parent: None,
        };
        let hooks = Hooks {
            progress: &|stage, share| self.progress(claim.place(), stage.name(), share as f32),
            cancelled: &|| self.is_stopped(stop),
        };
        match pipeline::generate(&request, &hooks) {
            Ok(generated) => self.land_bundle(claim, "generated.zip", Ok(generated.bundle.zip)),
            Err(_) if self.is_stopped(stop) => {}
            Err(error) => self.instance.tell(true, sentence(&error.to_string())),
        }
    }
}

fn warnings_of(content: &Content) -> usize {
    match content {
        Content::Empty => 0,
        Content::Patch(content) => content.warnings.len(),
    }
}

/// A text as one sentence: with a capital and a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters
        .next()
        .map(|c| c.to_uppercase().to_string())
        .unwrap_or_default();
    let rest = letters.as_str().trim_end_matches('.');
    format!("{first}{rest}.")
}
