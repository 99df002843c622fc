//! Keys to play with the mouse; those that sound are lit, wherever they come from.

use egui::{Align2, Pos2, Rect, Sense, Stroke, StrokeKind, Ui, Vec2, pos2};
use parking_lot::Mutex;

use super::{View, look};
use crate::instance::Instance;

/// Height in points.
const TALL: f32 = 54.0;
/// The lowest key, and how many octaves there are at most.
const LOWEST: u8 = 24;
const MOST_WHITE: usize = 7 * 7 + 1;
/// Narrowest white key, points.
const NARROW: f32 = 15.0;
/// Semitones of the white keys of an octave.
const WHITE: [u8; 7] = [0, 2, 4, 5, 7, 9, 11];

/// The key under the mouse, with the slot that it plays.
#[derive(Default)]
pub struct Keyboard {
    down: Mutex<Option<(usize, u8)>>,
}

fn white(i: usize) -> u8 {
    LOWEST + 12 * (i / 7) as u8 + WHITE[i % 7]
}

/// The names of an octave's keys.
const NAMES: [&str; 12] = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];

/// What a key is called; 60 is C4.
pub fn name(key: u8) -> String {
    let (octave, step) = (i32::from(key / 12) - 1, usize::from(key % 12));
    format!("{}{octave}", NAMES[step])
}

/// The key of that name, or of that number.
pub fn named(text: &str) -> Option<u8> {
    let text = text.trim().to_uppercase();
    if let Ok(number) = text.parse() {
        return Some(number).filter(|key| *key < 128);
    }
    // A flat: `EB3` is a step below `E3`.
    if let Some((letter, octave)) = text.split_once('B').filter(|(letter, _)| letter.len() == 1) {
        return named(&format!("{letter}{octave}"))?.checked_sub(1);
    }
    (0..128).find(|key| name(*key) == text)
}

impl Keyboard {
    /// Lets go of what is held.
    pub fn let_go(&self, instance: &Instance) {
        if let Some((place, key)) = self.down.lock().take() {
            instance.strike(Some(place), key, 0.0);
        }
    }

    /// Draws it; the mouse plays the slot at `place`.
    pub fn show(&self, ui: &mut Ui, view: &View, place: usize) {
        let size = Vec2::new(ui.available_width(), TALL);
        let (rect, response) = ui.allocate_exact_size(size, Sense::click_and_drag());
        let count = ((rect.width() / NARROW) as usize).clamp(7, MOST_WHITE);
        let wide = rect.width() / count as f32;
        let sounding = view.meters.keys();
        let is_lit = |key: u8| sounding & (1 << key) != 0;
        let mut under: Option<u8> = None;
        let mouse = response
            .interact_pointer_pos()
            .filter(|_| response.is_pointer_button_down_on());
        let over = |rect: Rect, mouse: Option<Pos2>| mouse.is_some_and(|mouse| rect.contains(mouse));
        for i in 0..count {
            let key = white(i);
            let left = rect.left() + wide * i as f32;
            let shape = Rect::from_min_size(pos2(left, rect.top()), Vec2::new(wide - 1.0, TALL));
            let colour = if is_lit(key) { look::ACCENT } else { look::TEXT };
            ui.painter().rect_filled(shape, 2.0, colour);
            if i % 7 == 0 {
                let name = name(key);
                let corner = shape.center_bottom() - Vec2::new(0.0, 2.0);
                ui.painter()
                    .text(corner, Align2::CENTER_BOTTOM, name, look::small(), look::SUNK);
            }
            if over(shape, mouse) {
                under = Some(key);
            }
        }
        for i in 0..count.saturating_sub(1) {
            if matches!(i % 7, 2 | 6) {
                continue;
            }
            let key = white(i) + 1;
            let centre = rect.left() + wide * (i + 1) as f32;
            let shape = Rect::from_min_size(
                pos2(centre - 0.3 * wide, rect.top()),
                Vec2::new(0.6 * wide, 0.62 * TALL),
            );
            let colour = if is_lit(key) { look::ACCENT } else { look::SUNK };
            let line = Stroke::new(1.0, look::LINE);
            ui.painter().rect(shape, 2.0, colour, line, StrokeKind::Inside);
            if over(shape, mouse) {
                under = Some(key);
            }
        }
        let wanted = under.map(|key| (place, key));
        if wanted != *self.down.lock() {
            self.let_go(&view.instance);
            if let Some((place, key)) = wanted {
                // Lower on the key is louder, as on a real one further out.
                let depth = mouse.map_or(0.7, |mouse| (mouse.y - rect.top()) / TALL);
                view.instance
                    .strike(Some(place), key, 0.35 + 0.6 * depth.clamp(0.0, 1.0));
                *self.down.lock() = wanted;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_a_name_and_is_found_by_it() {
        assert_eq!([0, 60, 127].map(name), ["C-1", "C4", "G9"].map(str::to_owned));
        assert!((0..128).all(|key| named(&name(key)) == Some(key)));
        assert_eq!(
            ["61", " c#4", "db4", "b3", "128", "H2", ""].map(named),
            [Some(61), Some(61), Some(61), Some(59), None, None, None]
        );
    }
}
