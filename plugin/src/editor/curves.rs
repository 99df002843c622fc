//! The amplitude envelope and the filters of a slot as they stand: the patch with the slot's offsets.

use egui::{Align2, Color32, Pos2, Rect, Shape, Stroke, Ui, Vec2, pos2};
use songwalker_engine::math;
use songwalker_schemas::PatchSpec;
use songwalker_schemas::params;

use super::look;
use crate::params::SlotValues;

/// A raw value that is a fourth root of seconds, moved as the sound moves it.
fn seconds(path: &str, value: f64, offset: f32) -> f32 {
    let range = params::id(path).map_or(0.0, |id| id.row().raw_range());
    let raw = (math::sqrt(math::sqrt(value)) + 0.5 * range * f64::from(offset)).max(0.0);
    (raw * raw * raw * raw) as f32
}

fn ground(ui: &Ui, rect: Rect, title: &str) {
    ui.painter().rect_filled(rect, 4.0, look::SUNK);
    let corner = rect.left_top() + Vec2::new(5.0, 3.0);
    ui.painter()
        .text(corner, Align2::LEFT_TOP, title, look::small(), look::DIM);
}

fn filled(ui: &Ui, rect: Rect, line: Vec<Pos2>, colour: Color32) {
    let painter = ui.painter().with_clip_rect(rect);
    for pair in line.windows(2) {
        let below = |point: Pos2| pos2(point.x, rect.bottom());
        let corners = vec![pair[0], pair[1], below(pair[1]), below(pair[0])];
        painter.add(Shape::convex_polygon(
            corners,
            colour.gamma_multiply(0.18),
            Stroke::NONE,
        ));
    }
    painter.add(Shape::line(line, Stroke::new(1.6, colour)));
}

/// Attack, decay, sustain and release.
pub fn envelope(ui: &mut Ui, patch: &PatchSpec, values: &SlotValues, size: Vec2) {
    let (rect, _) = ui.allocate_exact_size(size, egui::Sense::hover());
    ground(ui, rect, "Envelope");
    let env = &patch.modules.env[0];
    let attack = seconds("/modules/env/0/attack_s", env.attack_s, values.attack) + env.delay_s as f32;
    let decay = seconds("/modules/env/0/decay_s", env.decay_s, values.decay) + env.hold_s as f32;
    let release = seconds("/modules/env/0/release_s", env.release_s, values.release);
    let sustain = (env.sustain as f32 + values.sustain).clamp(0.0, 1.0);
    // Wide enough to see what is short beside what is long.
    let wide = |seconds: f32| 0.06 + seconds / (seconds + 1.0);
    let parts = [wide(attack), wide(decay), 0.5, wide(release)];
    let whole: f32 = parts.iter().sum();
    let inner = rect.shrink2(Vec2::new(5.0, 6.0)).with_min_y(rect.top() + 17.0);
    let at = |share: f32, level: f32| {
        // The amplitude acts squared.
        pos2(
            inner.left() + inner.width() * share / whole,
            inner.bottom() - inner.height() * level * level,
        )
    };
    let mut line = vec![at(0.0, 0.0)];
    let mut along = |from: f32, way: f32, start: f32, end: f32, bend: f64| {
        for i in 1..=16 {
            let share = f64::from(i) / 16.0;
            let place = math::curve(share, -bend) as f32;
            line.push(at(from + way * share as f32, start + (end - start) * place));
        }
    };
    along(0.0, parts[0], 0.0, 1.0, env.attack_power);
    along(parts[0], parts[1], 1.0, sustain, env.decay_power);
    along(parts[0] + parts[1], parts[2], sustain, sustain, 0.0);
    along(whole - parts[3], parts[3], sustain, 0.0, env.release_power);
    filled(ui, rect, line, look::ACCENT);
}

/// Height of a low-pass with resonance, the shape that tells cutoff and emphasis at a glance: of the blend, low-pass to
/// band-pass to high-pass.
fn response(octaves: f32, resonance: f32, blend: f32) -> f32 {
    let ratio = math::exp2(f64::from(octaves)) as f32;
    let q = 0.6 + 6.0 * resonance * resonance;
    let (real, imaginary) = (1.0 - ratio * ratio, ratio / q);
    let below = 1.0 / (real * real + imaginary * imaginary);
    let (low, band, high) = (1.0, ratio * ratio / (q * q) * 4.0, ratio * ratio * ratio * ratio);
    let weight = |at: f32| (1.0 - (blend - at).abs()).max(0.0);
    let power = (weight(0.0) * low + weight(1.0) * band + weight(2.0) * high) * below;
    (10.0 * math::log10(f64::from(power.max(1e-9)))) as f32
}

/// The filters that are on: where each begins to act, and how much it emphasises.
pub fn filters(ui: &mut Ui, patch: &PatchSpec, values: &SlotValues, size: Vec2) {
    let (rect, _) = ui.allocate_exact_size(size, egui::Sense::hover());
    ground(ui, rect, "Filter");
    let mut is_any = false;
    for (filter, colour) in patch.modules.filter.iter().zip([look::ACCENT, look::WARM]) {
        if !filter.enabled {
            continue;
        }
        is_any = true;
        let cutoff = math::hz_to_note(filter.cutoff_hz) as f32 + values.cutoff_st;
        let resonance = (filter.resonance as f32 + values.resonance).clamp(0.0, 1.0);
        let steps = 80;
        let line = (0..=steps).map(|i| {
            let share = i as f32 / steps as f32;
            let note = 16.0 + share * 120.0;
            let db = response((note - cutoff) / 12.0, resonance, filter.blend as f32);
            let height = ((db + 36.0) / 60.0).clamp(-0.1, 1.0);
            pos2(
                rect.left() + rect.width() * share,
                rect.bottom() - rect.height() * height,
            )
        });
        filled(ui, rect, line.collect(), colour);
    }
    if !is_any {
        let text = "no filter";
        ui.painter().text(
            rect.center(),
            Align2::CENTER_CENTER,
            text,
            look::small(),
            look::DIM,
        );
    }
}
