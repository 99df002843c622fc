//! The window of the settings: a server and its key, and the cache.

use egui::{Align2, Button, Grid, TextEdit, Ui};

use crate::errands::Errands;
use crate::settings::Settings;

/// The window, while it is open: what is typed and not yet kept.
#[derive(Default)]
pub struct Window {
    typed: Option<Settings>,
    /// Whether emptying the cache was clicked once: sounds that were made here are nowhere else.
    is_asked: bool,
}

impl Window {
    /// Opens or closes it.
    pub fn toggle(&mut self, errands: &Errands) {
        self.is_asked = false;
        self.typed = match self.typed {
            Some(_) => None,
            None => Some(errands.settings()),
        };
    }

    /// Draws it where it is open.
    pub fn show(&mut self, ui: &mut Ui, errands: &Errands) {
        let is_asked = &mut self.is_asked;
        let Some(typed) = &mut self.typed else { return };
        let (mut is_kept, mut is_left) = (false, false);
        egui::Window::new("Settings")
            .collapsible(false)
            .resizable(false)
            .anchor(Align2::CENTER_CENTER, [0.0, 0.0])
            .show(ui.ctx(), |ui| {
                Grid::new("settings")
                    .num_columns(2)
                    .spacing([12.0, 8.0])
                    .show(ui, |ui| {
                        ui.label("Server");
                        let hint = "none: sounds are made on this machine";
                        ui.add(
                            TextEdit::singleline(&mut typed.server)
                                .hint_text(hint)
                                .desired_width(300.0),
                        );
                        ui.end_row();
                        ui.label("Key");
                        ui.add(
                            TextEdit::singleline(&mut typed.key)
                                .password(true)
                                .desired_width(300.0),
                        );
                        ui.end_row();
                        ui.label("Cache");
                        ui.horizontal(|ui| {
                            let mut megabytes = typed.cache_bytes >> 20;
                            ui.add(
                                egui::DragValue::new(&mut megabytes)
                                    .range(16..=16_384)
                                    .suffix(" MB"),
                            );
                            typed.cache_bytes = megabytes << 20;
                            let count = errands.recent().len();
                            if *is_asked {
                                ui.label(format!("Forget {count} sounds?"));
                                if ui.button("Forget").clicked() {
                                    errands.clear_cache();
                                    *is_asked = false;
                                }
                            } else if ui.add_enabled(count > 0, Button::new("Empty")).clicked() {
                                *is_asked = true;
                            }
                        });
                        ui.end_row();
                    });
                ui.add_space(8.0);
                ui.horizontal(|ui| {
                    is_kept = ui.button("Save").clicked();
                    is_left = ui.button("Cancel").clicked();
                });
            });
        if is_kept && let Some(typed) = self.typed.take() {
            // The size may have changed while the window was open.
            let editor = errands.settings().editor;
            errands.set_settings(Settings { editor, ..typed });
        } else if is_left {
            self.typed = None;
        }
    }
}
