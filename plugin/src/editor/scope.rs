//! What comes out: peak meters and a spectrum.

use egui::{Align2, Rect, Sense, Ui, Vec2, pos2};
use songwalker_engine::fft::{RealFft, Scratch};
use songwalker_engine::math;

use super::look;
use crate::sound::Meters;

/// Frames of a spectrum.
const FRAMES: usize = 2048;
/// Bars of the spectrum.
const BARS: usize = 40;
/// The lowest that is drawn, decibels.
const FLOOR_DB: f32 = -72.0;
/// How much a meter falls from one picture to the next, decibels.
const FALL_DB: f32 = 1.2;

/// The display's own memory.
pub struct Scope {
    frames: Vec<f32>,
    fft: RealFft<f32>,
    scratch: Scratch<f32>,
    window: Vec<f32>,
    peaks_db: [f32; 2],
    held_db: f32,
    bars_db: [f32; BARS],
}

impl Default for Scope {
    fn default() -> Self {
        let fft = RealFft::new(FRAMES);
        let turn = |i: usize| 2.0 * math::PI * i as f64 / FRAMES as f64;
        Self {
            frames: Vec::new(),
            scratch: fft.scratch(),
            fft,
            window: (0..FRAMES)
                .map(|i| (0.5 - 0.5 * math::cos(turn(i))) as f32)
                .collect(),
            peaks_db: [FLOOR_DB; 2],
            held_db: FLOOR_DB,
            bars_db: [FLOOR_DB; BARS],
        }
    }
}

fn db(value: f32) -> f32 {
    (20.0 * math::log10(f64::from(value.max(1e-9)))) as f32
}

fn height(db: f32) -> f32 {
    ((db - FLOOR_DB) / -FLOOR_DB).clamp(0.0, 1.0)
}

impl Scope {
    /// Draws it.
    pub fn show(&mut self, ui: &mut Ui, meters: &Meters) {
        meters.take_output(|sample| self.frames.push(sample));
        let surplus = self.frames.len().saturating_sub(FRAMES);
        self.frames.drain(..surplus);
        for (held, peak) in self.peaks_db.iter_mut().zip(meters.take_peaks()) {
            *held = db(peak).max(*held - FALL_DB).max(FLOOR_DB);
            self.held_db = self.held_db.max(*held);
        }
        self.analyse();

        ui.label(egui::RichText::new("OUTPUT").small().color(look::DIM));
        let width = ui.available_width();
        let tall = (ui.available_height() * 0.45).clamp(80.0, 260.0);
        let (rect, response) = ui.allocate_exact_size(Vec2::new(width, tall), Sense::click());
        if response.clicked() {
            self.held_db = FLOOR_DB;
        }
        for (side, level) in self.peaks_db.iter().enumerate() {
            let half = width / 2.0;
            let left = rect.left() + half * side as f32;
            let column = Rect::from_min_size(pos2(left, rect.top()), Vec2::new(half - 3.0, tall));
            ui.painter().rect_filled(column, 3.0, look::SUNK);
            let colour = match *level {
                level if level > -0.1 => look::RED,
                level if level > -6.0 => look::WARM,
                _ => look::ACCENT,
            };
            let top = column.bottom() - column.height() * height(*level);
            ui.painter().rect_filled(column.with_min_y(top), 3.0, colour);
        }
        let highest = if self.held_db <= FLOOR_DB {
            "–".to_owned()
        } else {
            format!("{:.1} dB", self.held_db)
        };
        let corner = rect.center_top() + Vec2::new(0.0, 4.0);
        ui.painter()
            .text(corner, Align2::CENTER_TOP, highest, look::small(), look::TEXT);

        ui.add_space(8.0);
        ui.label(egui::RichText::new("SPECTRUM").small().color(look::DIM));
        let size = Vec2::new(width, ui.available_height().max(40.0));
        let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
        ui.painter().rect_filled(rect, 3.0, look::SUNK);
        let step = rect.width() / BARS as f32;
        for (i, level) in self.bars_db.iter().enumerate() {
            let left = rect.left() + step * i as f32;
            let top = rect.bottom() - rect.height() * height(*level);
            let bar = Rect::from_min_max(pos2(left, top), pos2(left + step - 1.0, rect.bottom()));
            ui.painter().rect_filled(bar, 0.0, look::ACCENT);
        }
    }

    fn analyse(&mut self) {
        let mut bars = [FLOOR_DB; BARS];
        if self.frames.len() == FRAMES {
            let shaped = self.frames.iter().zip(&self.window);
            let shaped: Vec<f32> = shaped.map(|(sample, window)| sample * window).collect();
            let (mut re, mut im) = (vec![0.0; self.fft.bins()], vec![0.0; self.fft.bins()]);
            self.fft.forward(&shaped, &mut re, &mut im, &mut self.scratch);
            let power: Vec<f32> = re.iter().zip(&im).map(|(re, im)| re * re + im * im).collect();
            // Nine octaves, from the second bin up, each bar the highest of its bins.
            let edge = |bar: usize| math::exp2(bar as f64 / BARS as f64 * 9.0 + 1.0) as usize;
            for (bar, level) in bars.iter_mut().enumerate() {
                let from = edge(bar);
                let to = edge(bar + 1).max(from + 1).min(power.len());
                let bins = power.get(from..to).unwrap_or_default();
                let highest = bins.iter().fold(0.0f32, |highest, power| highest.max(*power));
                let amplitude = math::sqrt(f64::from(highest)) * 4.0 / FRAMES as f64;
                *level = db(amplitude as f32).max(FLOOR_DB);
            }
        }
        for (bar, level) in self.bars_db.iter_mut().zip(bars) {
            *bar = level.max(*bar - 2.0 * FALL_DB);
        }
    }
}
