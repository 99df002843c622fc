//! How loud sounds are beside each other, so that a comparison is one of sounds and not of levels.

use songwalker_engine::analysis::analyse;
use songwalker_engine::render::{Note, RenderRequest, render_with};
use songwalker_schemas::PatchSpec;

use crate::params::MACROS;
use crate::rack::Other;

/// What is played: a chord, long enough for slow sounds.
const KEYS: [u8; 3] = [48, 55, 64];
/// Frequency of the lowest of them.
const LOWEST_HZ: f64 = 130.813;
const HOLD_S: f64 = 1.5;
const SECONDS: f64 = 2.5;
/// Softer than this is silence.
const SILENT_LUFS: f64 = -70.0;
/// Louder than anything that is to be compared by ear, decibels.
const WIDEST_DB: f32 = 30.0;

fn lufs(side: &Other) -> Option<f64> {
    let sound = side.content.sound()?;
    let notes = KEYS.map(|key| Note {
        start_s: 0.0,
        hold_s: HOLD_S,
        key,
        velocity: 0.8,
    });
    let request = RenderRequest {
        notes: notes.to_vec(),
        macros: places(&sound.patch, side.macros),
        ..RenderRequest::note(60, 0.8, HOLD_S, SECONDS)
    };
    let audio = render_with(&sound.patch, &sound.assets.for_engine(), &request, &|| false).ok()?;
    Some(analyse(&audio, LOWEST_HZ, HOLD_S).lufs).filter(|lufs| *lufs > SILENT_LUFS)
}

/// The macros that a patch has.
fn places(patch: &PatchSpec, macros: [f32; MACROS]) -> Vec<(usize, f64)> {
    let places = macros.map(f64::from).into_iter().enumerate();
    places.take(patch.macros.len()).collect()
}

/// What brings `side` down to where it is as loud as `beside`; 0 where it is the softer one, or nothing is heard.
#[must_use]
pub fn trim_db(side: &Other, beside: &Other) -> f32 {
    let (Some(own), Some(other)) = (lufs(side), lufs(beside)) else {
        return 0.0;
    };
    ((other - own) as f32).clamp(-WIDEST_DB, 0.0)
}

#[cfg(test)]
mod tests {
    use songwalker_generator::assets::PatchAssets;

    use super::*;
    use crate::content::{Content, PatchContent, Playable};

    fn side(content: Content) -> Other {
        Other {
            macros: content.macros(),
            content,
        }
    }

    fn at(master_db: f64) -> Other {
        let mut patch = PatchSpec::default();
        patch.modules.voicing.master_db = master_db;
        side(Content::Patch(PatchContent::of(Playable::new(
            patch,
            PatchAssets::default(),
        ))))
    }

    #[test]
    fn the_louder_side_comes_down_to_the_softer_one_and_never_the_other_way() {
        let trim = trim_db(&at(-6.0), &at(-16.0));
        assert!((trim + 10.0).abs() < 0.3, "{trim}");
        assert_eq!(trim_db(&at(-16.0), &at(-6.0)), 0.0);
        assert_eq!(trim_db(&at(-6.0), &side(Content::Empty)), 0.0);
    }
}
