//! Colours and spacing, each once. Dark, with one accent; what can be turned is lit, what only shows is grey.

use egui::{Color32, CornerRadius, FontFamily, FontId, Frame, Margin, Stroke, TextStyle, Theme, Visuals};

/// Behind everything.
pub const GROUND: Color32 = Color32::from_rgb(20, 22, 27);
/// Panels at the sides.
pub const SIDE: Color32 = Color32::from_rgb(26, 29, 35);
/// Cards and bars.
pub const CARD: Color32 = Color32::from_rgb(33, 37, 45);
/// What is sunk into a card.
pub const SUNK: Color32 = Color32::from_rgb(23, 25, 31);
/// Lines between.
pub const LINE: Color32 = Color32::from_rgb(52, 58, 70);
/// Text.
pub const TEXT: Color32 = Color32::from_rgb(222, 226, 234);
/// Text that only explains.
pub const DIM: Color32 = Color32::from_rgb(140, 148, 164);
/// What is lit.
pub const ACCENT: Color32 = Color32::from_rgb(92, 204, 190);
/// The same, further away.
pub const ACCENT_DIM: Color32 = Color32::from_rgb(44, 92, 90);
/// What warns.
pub const WARM: Color32 = Color32::from_rgb(240, 176, 88);
/// What went wrong.
pub const RED: Color32 = Color32::from_rgb(236, 104, 104);

/// A bar at an edge.
pub fn bar() -> Frame {
    Frame::new().fill(CARD).inner_margin(Margin::symmetric(10, 6))
}

/// A panel at a side.
pub fn side() -> Frame {
    Frame::new().fill(SIDE).inner_margin(Margin::same(10))
}

/// The middle.
pub fn ground() -> Frame {
    Frame::new().fill(GROUND).inner_margin(Margin::same(10))
}

/// A slot.
pub fn card(is_selected: bool) -> Frame {
    let line = if is_selected { ACCENT } else { LINE };
    Frame::new()
        .fill(CARD)
        .stroke(Stroke::new(1.0, line))
        .corner_radius(CornerRadius::same(6))
        .inner_margin(Margin::same(8))
}

/// Small type.
pub fn small() -> FontId {
    FontId::proportional(10.5)
}

/// Everything at once.
pub fn apply(context: &egui::Context) {
    context.set_theme(Theme::Dark);
    let mut visuals = Visuals::dark();
    visuals.panel_fill = GROUND;
    visuals.window_fill = CARD;
    visuals.window_stroke = Stroke::new(1.0, LINE);
    visuals.extreme_bg_color = SUNK;
    visuals.override_text_color = Some(TEXT);
    visuals.weak_text_color = Some(DIM);
    visuals.selection.bg_fill = ACCENT_DIM;
    visuals.selection.stroke = Stroke::new(1.0, ACCENT);
    visuals.widgets.noninteractive.bg_stroke = Stroke::new(1.0, LINE);
    visuals.widgets.inactive.weak_bg_fill = Color32::from_rgb(46, 51, 62);
    visuals.widgets.inactive.bg_fill = Color32::from_rgb(46, 51, 62);
    visuals.widgets.hovered.weak_bg_fill = Color32::from_rgb(58, 65, 78);
    visuals.widgets.active.weak_bg_fill = ACCENT_DIM;
    visuals.widgets.hovered.bg_stroke = Stroke::new(1.0, ACCENT_DIM);
    context.set_visuals(visuals);
    context.global_style_mut(|style| {
        let sizes = [
            (TextStyle::Heading, 17.0),
            (TextStyle::Body, 13.0),
            (TextStyle::Button, 12.5),
            (TextStyle::Small, 10.5),
        ];
        for (text, size) in sizes {
            style
                .text_styles
                .insert(text, FontId::new(size, FontFamily::Proportional));
        }
        style.spacing.item_spacing = egui::vec2(6.0, 5.0);
        style.spacing.button_padding = egui::vec2(8.0, 3.0);
    });
}
