//! The editor: what the instance holds, drawn and turned. It owns only what nobody else needs to know: what is typed,
//! selected and scrolled.
//!
//! Everything that takes time is an errand in the background; a turn of a knob goes to the host, which brings it to the
//! sound. While it is open it is drawn some thirty times a second, for meters move.

mod browser;
mod closing;
mod curves;
mod header;
mod keyboard;
mod knob;
mod look;
mod scope;
mod settings;
mod slot;

use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::{CentralPanel, Panel, ScrollArea, Ui};
use nice_plug::context::gui::GuiContext;
use nice_plug::editor::SizeConstraints;
use nice_plug::editor::dpi::LogicalSize;
use nice_plug::prelude::ResizeHint;
use nice_plug_egui::baseview::{HandlerError, WindowSize};
use nice_plug_egui::{
    EguiEditorState, EguiNiceSettings, Frame, NiceEguiApp, RepaintNotifier, create_egui_editor,
};

use crate::errands::Errands;
use crate::instance::Instance;
use crate::params::PluginParams;
use crate::rack::Rack;
use crate::session;
use crate::sound::Meters;

/// How often it is drawn while it is open.
const FRAME: Duration = Duration::from_millis(33);

/// Narrowest window that has room for meters and spectrum beside the rack, points.
const WITH_SCOPE: f32 = 1_000.0;
/// Smallest window in which nothing is cut off, points.
pub(crate) const SMALLEST: (f32, f32) = (840.0, 480.0);

/// What the editor draws and turns.
pub struct View {
    params: Arc<PluginParams>,
    instance: Arc<Instance>,
    meters: Arc<Meters>,
    errands: Arc<Errands>,
}

/// The editor's own state.
pub struct App {
    view: View,
    host: Option<GuiContext>,
    window: Arc<EguiEditorState>,
    /// The slot that is looked at, and whether it has yet to be brought into view.
    selected: usize,
    is_out_of_view: bool,
    making_since: Option<Instant>,
    prompt: String,
    seed: u64,
    browser: browser::Browser,
    settings: settings::Window,
    scope: scope::Scope,
    keyboard: Arc<keyboard::Keyboard>,
}

/// The type of the editor that hosts open.
pub type SongWalkerEditor = closing::ClosingEditor<App>;

/// An editor for an instance; `repaint` draws it anew when something in the background is done.
#[must_use]
pub fn editor(
    params: Arc<PluginParams>,
    instance: Arc<Instance>,
    meters: Arc<Meters>,
    errands: Arc<Errands>,
    repaint: RepaintNotifier,
) -> Option<SongWalkerEditor> {
    let (width, height) = errands.settings().editor;
    let window = EguiEditorState::from_size(LogicalSize::new(width, height), 1.0);
    let settings = EguiNiceSettings::new()
        .with_tile("SongWalker")
        .with_resize_hint(ResizeHint {
            can_resize: true,
            can_resize_horizontally: true,
            can_resize_vertically: true,
            size_constraints: SizeConstraints::Logical {
                min_size: Some(LogicalSize::new(SMALLEST.0, SMALLEST.1)),
                max_size: None,
            },
            ..ResizeHint::default()
        });
    let keyboard = Arc::new(keyboard::Keyboard::default());
    let on_close = {
        let (instance, meters, errands) = (instance.clone(), meters.clone(), errands.clone());
        let (keyboard, params) = (keyboard.clone(), params.clone());
        move || {
            meters.watch(false);
            keyboard.let_go(&instance);
            errands.keep_editor_size();
            if session::is_kept()
                && let Err(error) = session::save(&instance, &params)
            {
                nice_plug::nice_error!("the session cannot be kept: {error}");
            }
        }
    };
    let app = App {
        view: View {
            params,
            instance,
            meters,
            errands,
        },
        host: None,
        window: window.clone(),
        selected: 0,
        is_out_of_view: false,
        making_since: None,
        prompt: String::new(),
        seed: 0,
        browser: browser::Browser::default(),
        settings: settings::Window::default(),
        scope: scope::Scope::default(),
        keyboard,
    };
    let editor = create_egui_editor(window, repaint, settings, app)?;
    Some(closing::ClosingEditor::new(editor, Arc::new(on_close)))
}

impl App {
    /// The slot that is looked at, or the first one that there is.
    fn settle_selection(&mut self, rack: &Rack) {
        let exists = rack.slots.get(self.selected).is_some_and(Option::is_some);
        if !exists {
            self.selected = rack.present().next().map_or(0, |(place, _)| place);
        }
    }

    /// Looks at a slot, which may be out of view.
    fn look_at(&mut self, place: usize) {
        self.is_out_of_view |= place != self.selected;
        self.selected = place;
    }

    fn draw(&mut self, ui: &mut Ui, host: &GuiContext) {
        let rack = self.view.instance.rack();
        self.settle_selection(&rack);
        knob::tell_adopted(&self.view, host);
        self.view.instance.send_again();
        let bar = look::bar();
        Panel::top("header")
            .frame(bar)
            .show(ui, |ui| self.header(ui, host, &rack));
        Panel::bottom("status")
            .frame(bar)
            .show(ui, |ui| self.status(ui, &rack));
        Panel::bottom("keys").frame(bar).show(ui, |ui| {
            self.keyboard.show(ui, &self.view, self.selected);
        });
        Panel::left("browser")
            .frame(look::side())
            .default_size(240.0)
            .size_range(180.0..=360.0)
            .show(ui, |ui| self.browser.show(ui, &self.view, self.selected));
        if ui.ctx().content_rect().width() >= WITH_SCOPE {
            Panel::right("scope")
                .frame(look::side())
                .exact_size(150.0)
                .show(ui, |ui| self.scope.show(ui, &self.view.meters));
        }
        CentralPanel::default().frame(look::ground()).show(ui, |ui| {
            self.words(ui);
            ui.add_space(6.0);
            ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
                for (place, slot) in rack.present() {
                    let is_selected = place == self.selected;
                    let card = ui.scope(|ui| slot::show(ui, &self.view, host, place, slot, is_selected));
                    if is_selected && std::mem::take(&mut self.is_out_of_view) {
                        card.response.scroll_to_me(None);
                    }
                    if let Some(wanted) = card.inner {
                        self.look_at(wanted);
                    }
                    ui.add_space(6.0);
                }
                if rack.present().next().is_none() {
                    ui.weak("No slot: add one above.");
                }
            });
        });
        self.settings.show(ui, &self.view.errands);
    }
}

impl NiceEguiApp for App {
    fn build(&mut self, context: egui::Context, host: GuiContext, _: &mut Frame) -> Result<(), HandlerError> {
        look::apply(&context);
        self.host = Some(host);
        self.view.meters.watch(true);
        self.view.errands.refresh();
        Ok(())
    }

    fn ui(&mut self, ui: &mut Ui, _: &mut Frame) {
        if let Some(host) = self.host.clone() {
            self.draw(ui, &host);
        }
        ui.ctx().request_repaint_after(FRAME);
    }

    fn resized(&mut self, _: WindowSize) {
        let size = self.window.logical_size();
        self.view.errands.set_editor_size((size.width, size.height));
    }
}
