//! SongWalker without a host: its window, the sound card and MIDI of this machine. `--help` lists what can be chosen.

use std::process::ExitCode;

use songwalker_plugin::plugin::SongWalker;

fn main() -> ExitCode {
    if nice_plug::nice_export_standalone::<SongWalker>() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
