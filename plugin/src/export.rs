//! The entry points by which hosts find the plugin in its library.

use nice_plug::prelude::*;

use crate::plugin::{SongWalker, SongWalkerMulti};

nice_export_clap!(SongWalker, SongWalkerMulti);
nice_export_vst3!(SongWalker, SongWalkerMulti);
