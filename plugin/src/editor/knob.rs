//! A knob for a parameter of the host: dragged, fine with shift, back to its default by a double click.

use std::f32::consts::PI;

use egui::{Align2, Color32, Pos2, Sense, Shape, Stroke, Ui, Vec2, vec2};
use nice_plug::context::gui::GuiContext;
use nice_plug::params::{FloatParam, Param};

use super::{View, look};
use crate::params::SlotParams;

/// Points of dragging from one end to the other.
const WAY: f32 = 180.0;
/// The angle at which a knob begins, measured from below, and its whole turn.
const FROM: f32 = 0.75 * PI;
const TURN: f32 = 1.5 * PI;

fn arc(centre: Pos2, radius: f32, from: f32, to: f32, stroke: Stroke) -> Shape {
    let steps = 24;
    let points = (0..=steps).map(|i| {
        let angle = FROM + TURN * (from + (to - from) * i as f32 / steps as f32);
        centre + radius * vec2(angle_cos(angle), angle_sin(angle))
    });
    Shape::line(points.collect(), stroke)
}

/// Where on the screen is no bundle: the machine's own functions do.
#[expect(
    clippy::disallowed_methods,
    reason = "a picture need not have the same bits everywhere"
)]
fn angle_cos(angle: f32) -> f32 {
    angle.cos()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a picture need not have the same bits everywhere"
)]
fn angle_sin(angle: f32) -> f32 {
    angle.sin()
}

/// Tells the host the new value of a parameter, as one gesture.
pub fn set<P: Param>(host: &GuiContext, param: &P, normalized: f32) {
    let setter = host.param_setter();
    setter.begin_set_parameter(param);
    setter.set_parameter_normalized(param, normalized.clamp(0.0, 1.0));
    setter.end_set_parameter(param);
}

/// Tells the host of parameters that a new sound has put elsewhere.
pub fn tell_adopted(view: &View, host: &GuiContext) {
    for adopted in view.instance.take_adopted() {
        let slot = &view.params.slots[adopted.place];
        if adopted.is_new {
            tell_all(host, slot, &slot.defaults());
        }
        if adopted.is_other {
            for param in slot.offsets() {
                set(host, param, param.default_normalized_value());
            }
        }
        for (knob, place) in slot.macros.iter().zip(adopted.macros) {
            set(host, &knob.amount, place);
        }
    }
}

/// Tells the host where all of a slot's parameters are to stand, in the order of [`SlotParams::normalized`]. Those that
/// stand there are passed over: a host that plays nothing may hold a value that has not come here yet.
pub fn set_all(host: &GuiContext, params: &SlotParams, values: &[f32]) {
    each(params, values, |param, value| {
        if param.stands() != value {
            param.tell(host, value);
        }
    });
}

/// The same, whatever stands there: what was put inside the plugin is news to the host.
fn tell_all(host: &GuiContext, params: &SlotParams, values: &[f32]) {
    each(params, values, |param, value| param.tell(host, value));
}

fn each(params: &SlotParams, values: &[f32], mut act: impl FnMut(&dyn Told, f32)) {
    let floats = params.floats().into_iter().map(|param| param as &dyn Told);
    let switches = params.switches().map(|param| param as &dyn Told);
    let numbers = params.numbers().map(|param| param as &dyn Told);
    let all = floats.chain(switches).chain(numbers);
    all.zip(values).for_each(|(param, value)| act(param, *value));
}

/// A parameter of any kind, by its place 0..1.
trait Told {
    fn stands(&self) -> f32;
    fn tell(&self, host: &GuiContext, normalized: f32);
}

impl<P: Param> Told for P {
    fn stands(&self) -> f32 {
        self.unmodulated_normalized_value()
    }

    fn tell(&self, host: &GuiContext, normalized: f32) {
        set(host, self, normalized);
    }
}

/// How a knob looks.
pub struct Look<'a> {
    /// Its name, below it.
    pub name: &'a str,
    /// Points.
    pub radius: f32,
    /// Points.
    pub width: f32,
    /// Where a double click brings it, 0..1, where that is not its default.
    pub rest: Option<f32>,
}

/// A knob with its name below and its value while it is turned.
pub fn show(ui: &mut Ui, host: &GuiContext, param: &FloatParam, look: Look<'_>) {
    let Look {
        name,
        radius,
        width,
        rest,
    } = look;
    let size = Vec2::new(width, 2.0 * radius + 16.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click_and_drag());
    let setter = host.param_setter();
    // Where the hand is: a host that plays nothing just now brings the value back only later.
    let mut held: Option<f32> = ui.data(|data| data.get_temp(response.id));
    if response.drag_started() {
        setter.begin_set_parameter(param);
        held = Some(param.unmodulated_normalized_value());
    }
    if let Some(held) = held.as_mut().filter(|_| response.dragged()) {
        let is_fine = ui.input(|input| input.modifiers.shift);
        let moved = response.drag_delta();
        let way = (moved.x - moved.y) / WAY * if is_fine { 0.1 } else { 1.0 };
        *held = (*held + way).clamp(0.0, 1.0);
        setter.set_parameter_normalized(param, *held);
    }
    if response.drag_stopped() {
        setter.end_set_parameter(param);
        held = None;
    }
    ui.data_mut(|data| {
        if let Some(held) = held {
            data.insert_temp(response.id, held);
        } else {
            data.remove::<f32>(response.id);
        }
    });
    if response.double_clicked() {
        set(
            host,
            param,
            rest.unwrap_or_else(|| param.default_normalized_value()),
        );
    }

    let value = held.unwrap_or_else(|| param.modulated_normalized_value());
    let is_lit = response.hovered() || response.dragged();
    let centre = rect.center_top() + vec2(0.0, radius);
    let painter = ui.painter();
    painter.circle_filled(centre, radius - 4.0, look::SUNK);
    painter.add(arc(centre, radius - 2.0, 0.0, 1.0, Stroke::new(2.5, look::LINE)));
    // What goes both ways is lit from the middle.
    let origin = if param.default_normalized_value() == 0.5 {
        0.5
    } else {
        0.0
    };
    let colour = if is_lit { Color32::WHITE } else { look::ACCENT };
    painter.add(arc(
        centre,
        radius - 2.0,
        origin,
        value,
        Stroke::new(2.5, look::ACCENT),
    ));
    let angle = FROM + TURN * value;
    let hand = vec2(angle_cos(angle), angle_sin(angle));
    painter.line_segment(
        [centre + 0.3 * radius * hand, centre + (radius - 6.0) * hand],
        Stroke::new(2.0, colour),
    );
    let text = if is_lit {
        param.to_string()
    } else {
        name.to_owned()
    };
    let tone = if is_lit { look::TEXT } else { look::DIM };
    let below = rect.center_bottom();
    painter
        .with_clip_rect(rect.expand(4.0))
        .text(below, Align2::CENTER_BOTTOM, text, look::small(), tone);
    response.on_hover_text(format!("{}: {param}", param.name()));
}
