//! SongWalker without a host: its window, the sound card and MIDI of this machine. It begins
//! where it ended. `--help` lists what can be chosen.

use std::process::ExitCode;

use songwalker_plugin::plugin::SongWalker;
use songwalker_plugin::session;

fn main() -> ExitCode {
    session::keep();
    if nice_plug::nice_export_standalone::<SongWalker>() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
