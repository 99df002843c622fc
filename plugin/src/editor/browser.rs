//! What can be loaded: what was used last, the server's sounds, a path or a link. Searched by words, sifted by category; a
//! double click loads into the slot that is looked at, dragging into any.

use std::collections::BTreeSet;

use egui::{Key, RichText, ScrollArea, Sense, TextEdit, Ui};

use super::{View, look};
use crate::errands::Listing;
use crate::load;
use crate::load::cache::Recent;
use crate::load::server::Listed;

/// Something that can be dragged onto a slot.
#[derive(Debug, Clone)]
pub enum Item {
    Recent(Recent),
    Listed(Listed),
}

impl Item {
    fn name(&self) -> &str {
        match self {
            Self::Recent(recent) => &recent.name,
            Self::Listed(listed) => &listed.name,
        }
    }

    fn category(&self) -> &str {
        match self {
            Self::Recent(recent) => &recent.category,
            Self::Listed(listed) => &listed.category,
        }
    }

    fn tags(&self) -> &[String] {
        match self {
            Self::Recent(recent) => &recent.tags,
            Self::Listed(listed) => &listed.tags,
        }
    }

    /// Loads it into a slot.
    pub fn load(self, view: &View, place: usize) {
        match self {
            Self::Recent(recent) => view.errands.load_recent(place, recent),
            Self::Listed(listed) => view.errands.load_listed(place, listed),
        }
    }

    fn matches(&self, words: &str, category: Option<&str>) -> bool {
        let fits = category.is_none_or(|category| self.category() == category);
        let text = format!("{} {} {}", self.name(), self.category(), self.tags().join(" ")).to_lowercase();
        fits && words
            .to_lowercase()
            .split_whitespace()
            .all(|word| text.contains(word))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Shelf {
    #[default]
    Recent,
    Server,
}

/// What is typed and chosen.
#[derive(Default)]
pub struct Browser {
    shelf: Shelf,
    words: String,
    category: Option<String>,
    open: String,
}

impl Browser {
    /// Draws it; what is loaded goes into the slot at `place`.
    pub fn show(&mut self, ui: &mut Ui, view: &View, place: usize) {
        ui.horizontal(|ui| {
            ui.selectable_value(&mut self.shelf, Shelf::Recent, "Recent");
            ui.selectable_value(&mut self.shelf, Shelf::Server, "Server");
        });
        let wide = ui.available_width() - 8.0;
        let search = TextEdit::singleline(&mut self.words).hint_text("Search");
        ui.add(search.desired_width(wide));
        let (items, told) = self.items(ui, view);
        self.chips(ui, &items);
        let below = 62.0;
        let tall = (ui.available_height() - below).max(40.0);
        ScrollArea::vertical()
            .max_height(tall)
            .auto_shrink([false, false])
            .show(ui, |ui| {
                if let Some(told) = told {
                    ui.label(told);
                }
                let is_empty = items.is_empty();
                let shown = items.into_iter();
                let shown: Vec<_> = shown
                    .filter(|item| item.matches(&self.words, self.category.as_deref()))
                    .collect();
                if shown.is_empty() && !is_empty {
                    ui.label(RichText::new("Nothing fits.").small().color(look::DIM));
                }
                for (i, item) in shown.into_iter().enumerate() {
                    row(ui, view, place, i, item);
                }
            });
        self.path(ui, view, place);
    }

    /// What stands on the shelf, and what there is to tell of it.
    fn items(&self, ui: &mut Ui, view: &View) -> (Vec<Item>, Option<RichText>) {
        let plain = |text: &str| Some(RichText::new(text).small().color(look::DIM));
        if self.shelf == Shelf::Recent {
            let items: Vec<Item> = view.errands.recent().into_iter().map(Item::Recent).collect();
            let told = plain("What you load or generate stands here.").filter(|_| items.is_empty());
            return (items, told);
        }
        if view.errands.settings().server.trim().is_empty() {
            return (Vec::new(), plain("No server: name one in the settings."));
        }
        match view.errands.listing() {
            Listing::Unknown => {
                view.errands.list();
                (Vec::new(), plain("Asking …"))
            }
            Listing::Asking => (Vec::new(), plain("Asking …")),
            Listing::Failed(problem) => {
                if ui.button("Ask again").clicked() {
                    view.errands.list();
                }
                (Vec::new(), Some(RichText::new(problem).small().color(look::RED)))
            }
            Listing::Known(list) => {
                if ui.button("Refresh").clicked() {
                    view.errands.list();
                }
                let told = plain("The server has no sounds yet.").filter(|_| list.is_empty());
                (list.into_iter().map(Item::Listed).collect(), told)
            }
        }
    }

    fn chips(&mut self, ui: &mut Ui, items: &[Item]) {
        let categories: BTreeSet<&str> = items
            .iter()
            .map(Item::category)
            .filter(|c| !c.is_empty())
            .collect();
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = egui::vec2(4.0, 4.0);
            for category in categories {
                let is_chosen = self.category.as_deref() == Some(category);
                if ui
                    .selectable_label(is_chosen, RichText::new(category).small())
                    .clicked()
                {
                    self.category = (!is_chosen).then(|| category.to_owned());
                }
            }
        });
    }

    fn path(&mut self, ui: &mut Ui, view: &View, place: usize) {
        ui.separator();
        let told = |text| RichText::new(text).small().color(look::DIM);
        if view.errands.is_fetching() {
            ui.horizontal(|ui| {
                ui.label(told("Fetching …"));
                if ui.small_button("Stop").clicked() {
                    view.errands.stop_fetching();
                }
            });
        } else {
            ui.label(told("OPEN A FILE OR A SHARE LINK"));
        }
        ui.horizontal(|ui| {
            let wide = (ui.available_width() - 66.0).max(60.0);
            let hint = "path or https://…/s/…";
            let field = ui.add(
                TextEdit::singleline(&mut self.open)
                    .hint_text(hint)
                    .desired_width(wide),
            );
            let is_entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            let what = self.open.trim().trim_matches(['"', '\'']).to_owned();
            if (ui.button("Open").clicked() || is_entered) && !what.is_empty() {
                match load::path_of(&what) {
                    Some(path) => view.errands.load_file(place, path),
                    None => view.errands.load_link(place, what),
                }
            }
        });
    }
}

fn row(ui: &mut Ui, view: &View, place: usize, i: usize, item: Item) {
    let size = egui::vec2(ui.available_width(), 22.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click_and_drag());
    if response.hovered() || response.dragged() {
        ui.painter().rect_filled(rect, 3.0, look::CARD);
    } else if i % 2 == 1 {
        ui.painter()
            .rect_filled(rect, 3.0, look::SUNK.gamma_multiply(0.5));
    }
    let left = rect.left_center() + egui::vec2(6.0, 0.0);
    let right = rect.right_center() - egui::vec2(6.0, 0.0);
    let clipped = ui.painter().with_clip_rect(rect.with_max_x(rect.right() - 56.0));
    clipped.text(
        left,
        egui::Align2::LEFT_CENTER,
        item.name(),
        egui::FontId::proportional(12.5),
        look::TEXT,
    );
    ui.painter().text(
        right,
        egui::Align2::RIGHT_CENTER,
        item.category(),
        look::small(),
        look::DIM,
    );
    let response = response.on_hover_text("Double click loads it; drag it onto a slot");
    if response.double_clicked() {
        item.load(view, place);
    } else {
        if let Some(mouse) = response.ctx.pointer_interact_pos().filter(|_| response.dragged()) {
            let above = egui::LayerId::new(egui::Order::Tooltip, response.id);
            let painter = response.ctx.layer_painter(above);
            let corner = mouse + egui::vec2(12.0, 4.0);
            let font = egui::FontId::proportional(12.5);
            painter.text(corner, egui::Align2::LEFT_CENTER, item.name(), font, look::ACCENT);
        }
        response.dnd_set_drag_payload(item);
    }
}
