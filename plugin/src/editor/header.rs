//! The bars above and below: slots, master, settings; words to a sound; what there is to tell.

use std::time::{Duration, Instant};

use egui::{Align, Button, Key, Layout, ProgressBar, RichText, TextEdit, Ui};
use nice_plug::context::gui::GuiContext;

use super::{App, knob, look};
use crate::SLOTS;
use crate::errands::Progress;
use crate::rack::Rack;
use crate::sound::VOICES_IN_ALL;

/// Longest time between two clicks of one.
const DOUBLE_CLICK: Duration = Duration::from_millis(500);

impl App {
    pub(super) fn header(&mut self, ui: &mut Ui, host: &GuiContext, rack: &Rack) {
        ui.horizontal_centered(|ui| {
            ui.label(RichText::new("SongWalker").heading().strong().color(look::ACCENT));
            ui.add_space(8.0);
            let is_room = rack.present().count() < SLOTS;
            if ui.add_enabled(is_room, Button::new("+ Slot")).clicked()
                && let Some(place) = self.view.instance.add()
            {
                // What was turned for the slot that was here before is not meant for this one.
                let params = &self.view.params.slots[place];
                knob::set_all(host, params, &params.defaults());
                self.look_at(place);
            }
            self.undo(ui, host);
            if ui
                .button("Panic")
                .on_hover_text("Lets go of every note")
                .clicked()
            {
                self.view.instance.end_notes();
            }
            if ui.button("Settings").clicked() {
                self.settings.toggle(&self.view.errands);
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let params = &self.view.params;
                for (param, name) in [(&params.pan, "Pan"), (&params.volume, "Volume")] {
                    let look = knob::Look {
                        name,
                        radius: 15.0,
                        width: 56.0,
                        rest: None,
                    };
                    knob::show(ui, host, param, look);
                }
            });
        });
    }

    fn undo(&mut self, ui: &mut Ui, host: &GuiContext) {
        let told = self.view.instance.undo_told();
        let undo = ui.add_enabled(told.is_some(), Button::new("Undo"));
        if undo.on_hover_text(told.unwrap_or_default()).clicked()
            && let Some(step) = self.view.instance.undo()
        {
            for before in &step {
                knob::set_all(host, &self.view.params.slots[before.place], &before.values);
            }
            if let Some(before) = step.first() {
                self.look_at(before.place);
            }
        }
    }

    /// Words, and the sound that becomes of them.
    pub(super) fn words(&mut self, ui: &mut Ui) {
        let progress = self.view.errands.progress();
        ui.horizontal(|ui| {
            let button = 92.0;
            let wide = (ui.available_width() - 2.0 * button - 20.0).max(120.0);
            let hint = "Describe a sound: warm analog pad with slow movement, wide";
            let field = ui.add(
                TextEdit::singleline(&mut self.prompt)
                    .hint_text(hint)
                    .desired_width(wide),
            );
            let is_entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            if let Some(progress) = progress {
                self.making(ui, &progress, 2.0 * button + 6.0);
                return;
            }
            self.making_since = None;
            let is_ready = !self.prompt.trim().is_empty();
            let make = ui.add_enabled(is_ready, Button::new("Generate").min_size([button, 0.0].into()));
            let again = Button::new("Another").min_size([button, 0.0].into());
            let again = ui
                .add_enabled(is_ready, again)
                .on_hover_text("The same words, another version");
            let wants_other = again.clicked();
            if is_ready && (is_entered || make.clicked() || wants_other) {
                self.seed = if wants_other { self.seed + 1 } else { 0 };
                self.view
                    .errands
                    .generate(self.selected, self.prompt.clone(), self.seed);
            }
        });
    }

    /// How far the sound is, where the buttons were that began it.
    fn making(&mut self, ui: &mut Ui, progress: &Progress, wide: f32) {
        let stop = 48.0;
        // The second click of a double click is none on what has come into its place.
        let since = *self.making_since.get_or_insert_with(Instant::now);
        let is_ready = since.elapsed() > DOUBLE_CLICK;
        let text = RichText::new(&progress.stage).small();
        let bar = ProgressBar::new(progress.share).desired_width(wide - stop - 6.0);
        ui.add(bar.text(text))
            .on_hover_text(format!("For slot {}", progress.place + 1));
        let button = Button::new("Stop").min_size([stop, 0.0].into());
        if ui.add_enabled(is_ready, button).clicked() {
            self.view.instance.tell(false, "Stopped.");
            self.view.errands.cancel();
        }
    }

    pub(super) fn status(&self, ui: &mut Ui, rack: &Rack) {
        let meters = &self.view.meters;
        let voices: u32 = (0..SLOTS).map(|place| meters.voices(place)).sum();
        let cache = self.view.errands.cache_bytes() as f64 / 1e6;
        ui.horizontal(|ui| {
            let told = |ui: &mut Ui, text: String| ui.label(RichText::new(text).small().color(look::DIM));
            told(ui, format!("Voices {voices}/{VOICES_IN_ALL}"));
            told(ui, format!("Slots {}/{SLOTS}", rack.present().count()));
            told(ui, format!("CPU {:.0} %", meters.load() * 100.0));
            told(ui, format!("Cache {cache:.1} MB"));
            let most = meters.most_voices() as usize;
            if most > 0 && most < VOICES_IN_ALL {
                let text = format!("busy: {most} voices at most");
                ui.label(RichText::new(text).small().color(look::WARM));
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let Some(message) = self.view.instance.newest_message() else {
                    return;
                };
                if ui.small_button("×").on_hover_text("Read").clicked() {
                    self.view.instance.clear_messages();
                }
                let colour = if message.is_error { look::RED } else { look::TEXT };
                let text = RichText::new(&message.text).small().color(colour);
                ui.add(egui::Label::new(text).truncate())
                    .on_hover_text(&message.text);
            });
        });
    }
}
