//! Projects as a host keeps them, made without one: the framework's JSON around the plugin's own rack.

use anyhow::Result;
use serde_json::{Map, Value, json};
use songwalker_generator::assets::PatchAssets;
use songwalker_plugin::content::{Content, PatchContent, Playable};
use songwalker_plugin::rack::{Rack, Slot};
use songwalker_plugin::state;
use songwalker_schemas::PatchSpec;

/// A project whose first slots play these patches, everything else as in a new instance.
pub fn of(patches: &[PatchSpec]) -> Result<Vec<u8>> {
    let mut rack = Rack::empty();
    let mut params = Map::new();
    for (place, patch) in patches.iter().enumerate() {
        let sound = Playable::new(patch.clone(), PatchAssets::default());
        rack.slots[place] = Some(Slot::new(Content::Patch(PatchContent::of(sound))));
        for (i, knob) in patch.macros.iter().enumerate() {
            let id = format!("macro_{}_{}", i + 1, place + 1);
            params.insert(id, json!({ "f32": knob.value as f32 }));
        }
    }
    project(&rack, params)
}

fn project(rack: &Rack, params: Map<String, Value>) -> Result<Vec<u8>> {
    let rack = serde_json::to_string(&state::write(rack)?)?;
    let project = json!({ "version": "0.1.0", "params": params, "fields": { "rack": rack } });
    Ok(serde_json::to_vec(&project)?)
}

/// A rack as a CLAP host keeps it.
pub fn framed_rack(rack: &Rack) -> Result<Vec<u8>> {
    Ok(frame(project(rack, Map::new())?))
}

fn frame(project: Vec<u8>) -> Vec<u8> {
    let mut framed = (project.len() as u64).to_le_bytes().to_vec();
    framed.extend(project);
    framed
}

/// The same as a CLAP host keeps it: behind its length.
pub fn framed(patches: &[PatchSpec]) -> Result<Vec<u8>> {
    Ok(frame(of(patches)?))
}

/// A patch as a file would give it: its numbers in canonical form.
pub fn as_read(patch: &PatchSpec) -> Result<PatchSpec> {
    Ok(PatchSpec::from_json(&patch.to_canonical())?)
}
