//! A slot of the rack: what it holds, how it is reached, its knobs, and the patch as it stands.

use egui::{Button, ComboBox, DragValue, RichText, Sense, Stroke, StrokeKind, Ui, UiBuilder, Vec2};
use nice_plug::context::gui::GuiContext;
use nice_plug::params::{BoolParam, IntParam, Param};

use super::browser::Item;
use super::{View, curves, keyboard, knob, look};
use crate::SLOTS;
use crate::content::Content;
use crate::rack::{Channels, Output, Routing, Slot};

/// Draws the slot at `place`; says which one is to be looked at, where something was clicked.
pub fn show(
    ui: &mut Ui,
    view: &View,
    host: &GuiContext,
    place: usize,
    slot: &Slot,
    is_selected: bool,
) -> Option<usize> {
    let mut wanted = None;
    // The card senses clicks beneath what lies on it, so that its buttons and knobs get theirs first.
    let beneath = UiBuilder::new().id_salt(("slot", place)).sense(Sense::click());
    let card = ui.scope_builder(beneath, |ui| {
        look::card(is_selected).show(ui, |ui| {
            ui.set_width(ui.available_width());
            wanted = title(ui, view, host, place, slot);
            knobs(ui, view, host, place, slot);
            if is_selected {
                detail(ui, view, host, place, slot);
                routing(ui, view, host, place, &slot.routing);
            }
        });
    });
    if let Some(item) = card.response.dnd_release_payload::<Item>() {
        Item::clone(&item).load(view, place);
        wanted = Some(place);
    }
    if card.response.dnd_hover_payload::<Item>().is_some() {
        let line = Stroke::new(2.0, look::WARM);
        ui.painter()
            .rect_stroke(card.response.rect, 6.0, line, StrokeKind::Inside);
    }
    wanted.or_else(|| card.response.clicked().then_some(place))
}

fn switch(ui: &mut Ui, host: &GuiContext, param: &BoolParam, name: &str, lit: egui::Color32) {
    let is_on = param.value();
    let text = RichText::new(name)
        .small()
        .color(if is_on { look::GROUND } else { look::TEXT });
    let button = Button::new(text).min_size(Vec2::new(22.0, 18.0));
    let button = if is_on { button.fill(lit) } else { button };
    if ui.add(button).on_hover_text(param.name()).clicked() {
        knob::set(host, param, f32::from(u8::from(!is_on)));
    }
}

fn title(ui: &mut Ui, view: &View, host: &GuiContext, place: usize, slot: &Slot) -> Option<usize> {
    let params = &view.params.slots[place];
    let mut wanted = None;
    ui.horizontal(|ui| {
        let number = RichText::new(format!("{:>2}", place + 1))
            .monospace()
            .color(look::DIM);
        ui.label(number);
        let name = RichText::new(slot.content.name()).strong().size(14.0);
        if ui.add(egui::Label::new(name).sense(Sense::click())).clicked() {
            wanted = Some(place);
        }
        if let Some(sound) = slot.content.sound() {
            ui.label(
                RichText::new(sound.patch.meta.category.name())
                    .small()
                    .color(look::DIM),
            );
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if ui
                .small_button("Remove")
                .on_hover_text("Take the slot away")
                .clicked()
            {
                view.instance.remove(place);
            }
            let up = place.checked_sub(1);
            let down = Some(place + 1).filter(|place| *place < SLOTS);
            for (arrow, other, told) in [
                ("Down", down, "Exchange with the next place"),
                ("Up", up, "Exchange with the place before"),
            ] {
                if let Some(other) = other
                    && ui.small_button(arrow).on_hover_text(told).clicked()
                {
                    exchange(view, host, place, other);
                    wanted = Some(other);
                }
            }
            switch(ui, host, &params.solo, "S", look::WARM);
            switch(ui, host, &params.mute, "M", look::RED);
            let voices = view.meters.voices(place);
            let word = if voices == 1 { "voice" } else { "voices" };
            let told = format!("{voices} {word}, {:.1} %", params.cpu.value() * 100.0);
            ui.label(RichText::new(told).small().color(look::DIM));
        });
    });
    wanted
}

/// Exchanges two places with their parameters, so that each sound keeps its own.
fn exchange(view: &View, host: &GuiContext, one: usize, other: usize) {
    let (a, b) = (&view.params.slots[one], &view.params.slots[other]);
    let (was, is) = (a.normalized(), b.normalized());
    view.instance.exchange(one, other);
    knob::set_all(host, a, &is);
    knob::set_all(host, b, &was);
}

fn knobs(ui: &mut Ui, view: &View, host: &GuiContext, place: usize, slot: &Slot) {
    let params = &view.params.slots[place];
    let wide = ((ui.available_width() - 10.0 * 6.0) / 10.0).clamp(44.0, 74.0);
    let look = |name| knob::Look {
        name,
        radius: (wide * 0.3).clamp(14.0, 19.0),
        width: wide,
        rest: None,
    };
    ui.horizontal(|ui| {
        if let Some(sound) = slot.content.sound() {
            for (knob, slot) in params.macros.iter().zip(&sound.patch.macros) {
                let look = knob::Look {
                    rest: Some(slot.value as f32),
                    ..look(&slot.label)
                };
                knob::show(ui, host, &knob.amount, look);
            }
        }
        knob::show(ui, host, &params.volume, look("Volume"));
        knob::show(ui, host, &params.pan, look("Pan"));
    });
}

fn detail(ui: &mut Ui, view: &View, host: &GuiContext, place: usize, slot: &Slot) {
    let Content::Patch(content) = &slot.content else {
        ui.label(RichText::new("Empty: load or generate a sound.").color(look::DIM));
        return;
    };
    let params = &view.params.slots[place];
    let (values, patch) = (params.values(), &content.sound().patch);
    ui.add_space(2.0);
    ui.horizontal(|ui| {
        let half = (ui.available_width() - 6.0) / 2.0;
        curves::envelope(ui, patch, &values, Vec2::new(half, 74.0));
        curves::filters(ui, patch, &values, Vec2::new(half, 74.0));
    });
    ui.horizontal(|ui| {
        let wide = ((ui.available_width() - 6.0 * 6.0) / 6.0).clamp(44.0, 110.0);
        for (param, name) in [
            (&params.attack, "Attack"),
            (&params.decay, "Decay"),
            (&params.sustain, "Sustain"),
            (&params.release, "Release"),
            (&params.cutoff, "Cutoff"),
            (&params.resonance, "Resonance"),
        ] {
            let look = knob::Look {
                name,
                radius: 14.0,
                width: wide,
                rest: None,
            };
            knob::show(ui, host, param, look);
        }
    });
    if !content.variations.is_empty() {
        ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new("Variations").small().color(look::DIM));
            let names = content.variations.iter().map(|variation| variation.name.as_str());
            for (i, name) in std::iter::once("original").chain(names).enumerate() {
                if ui.selectable_label(content.chosen == i, name).clicked() && content.chosen != i {
                    view.errands.choose(place, i);
                }
            }
        });
    }
    ui.horizontal(|ui| {
        ui.label(RichText::new("Compare").small().color(look::DIM));
        if ui
            .button("Keep as B")
            .on_hover_text("What sounds now becomes the other side")
            .clicked()
        {
            view.errands.keep_other(place);
        }
        let hint = "Exchange both sides, at equal loudness";
        if ui
            .add_enabled(slot.other.is_some(), Button::new("A / B"))
            .on_hover_text(hint)
            .clicked()
        {
            view.errands.compare(place);
        }
        if let Some(other) = &slot.other {
            let told = format!("B: {}", other.content.title());
            ui.label(RichText::new(told).small().color(look::DIM));
        }
        if slot.trim_db < 0.0 {
            ui.label(
                RichText::new(format!("{:.1} dB", slot.trim_db))
                    .small()
                    .color(look::DIM),
            );
        }
        if !content.warnings.is_empty() {
            let text = format!("{} notes", content.warnings.len());
            let label = ui.label(RichText::new(text).small().color(look::WARM));
            label.on_hover_text(content.warnings.join("\n"));
        }
    });
}

fn channels_name(channels: Channels) -> String {
    match channels {
        Channels::All => "All".to_owned(),
        Channels::Mpe => "MPE".to_owned(),
        Channels::One(channel) => (channel + 1).to_string(),
    }
}

/// A key by its name.
fn key(value: &mut u8) -> DragValue<'_> {
    DragValue::new(value)
        .range(0..=127)
        .custom_formatter(|key, _| keyboard::name(key as u8))
        .custom_parser(|text| keyboard::named(text).map(f64::from))
}

/// A whole number of the host's, dragged or typed.
fn number(ui: &mut Ui, host: &GuiContext, param: &IntParam) {
    let mut value = param.unmodulated_plain_value();
    let (least, most) = (param.preview_plain(0.0), param.preview_plain(1.0));
    let field = DragValue::new(&mut value)
        .range(least..=most)
        .custom_formatter(|value, _| {
            param.normalized_value_to_string(param.preview_normalized(value as i32), false)
        });
    if ui.add(field).on_hover_text(param.name()).changed() {
        knob::set(host, param, param.preview_normalized(value));
    }
}

fn routing(ui: &mut Ui, view: &View, host: &GuiContext, place: usize, routing: &Routing) {
    let params = &view.params.slots[place];
    let mut now = *routing;
    let told = |ui: &mut Ui, text: &str| ui.label(RichText::new(text).small().color(look::DIM));
    ui.horizontal_wrapped(|ui| {
        told(ui, "Channel");
        ComboBox::from_id_salt(("channel", place))
            .selected_text(channels_name(now.channels))
            .width(56.0)
            .show_ui(ui, |ui| {
                let all = [Channels::All, Channels::Mpe].into_iter();
                for channels in all.chain((0..16).map(Channels::One)) {
                    ui.selectable_value(&mut now.channels, channels, channels_name(channels));
                }
            });
        told(ui, "Keys");
        ui.add(key(&mut now.keys.0));
        ui.add(key(&mut now.keys.1));
        told(ui, "Velocity");
        ui.add(DragValue::new(&mut now.velocities.0).range(1..=127));
        ui.add(DragValue::new(&mut now.velocities.1).range(1..=127));
        told(ui, "Transpose");
        let transpose = DragValue::new(&mut now.transpose).range(-48..=48).suffix(" st");
        ui.add(transpose.custom_parser(|text| text.trim().trim_end_matches("st").trim().parse().ok()));
    });
    ui.horizontal(|ui| {
        told(ui, "Output");
        ui.selectable_value(&mut now.output, Output::Main, "Main");
        ui.selectable_value(&mut now.output, Output::Own, "Own")
            .on_hover_text(
                "The slot's own output, in SongWalker Multi-Out; elsewhere it stays in the main one",
            );
        told(ui, "Bend");
        number(ui, host, &params.bend_range);
        told(ui, "Voices");
        number(ui, host, &params.polyphony);
    });
    if now != *routing {
        view.instance.route(place, |routing, _| *routing = now);
    }
}
