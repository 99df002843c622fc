//! SongWalker in a DAW: patches from bundles, presets, links and words, played by the engine that made their previews.
//!
//! [`rack`] is what the slots hold, [`instance`] who owns it; [`sound`] is the audio thread's half, reached by [`orders`]
//! only; [`params`] is what the host automates, [`state`] what its project keeps. [`plugin`] ties them to a host.

pub mod content;
pub mod editor;
pub mod errands;
mod export;
pub mod history;
pub mod instance;
pub mod instrument;
pub mod load;
mod loudness;
pub mod orders;
pub mod params;
pub mod plugin;
pub mod rack;
pub mod session;
pub mod settings;
pub mod sound;
pub mod state;
pub mod worker;

/// Places of a rack.
pub const SLOTS: usize = 16;
/// Most voices of a slot.
pub const VOICES_OF_A_SLOT: usize = 64;
