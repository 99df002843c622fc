//! Effects.
pub mod chorus;
pub mod compressor;
pub mod delay;
mod delay_line;
pub mod distortion;
mod echo;
pub mod eq;
pub mod flanger;
mod mix;
mod one_pole;
pub mod phaser;
mod power;
mod ramp;
pub mod reverb;
mod svf;
