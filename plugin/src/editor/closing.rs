//! The editor as hosts open and close it. The framework's own tells its app when a window opens and never when it closes:
//! here the window's handle, which is dropped then, does.

use std::error::Error;
use std::sync::Arc;

use nice_plug::context::gui::GuiContext;
use nice_plug::editor::dpi::NativeSize;
use nice_plug::editor::{
    Editor, EditorHandle, HostMethods, Modifiers, ParentWindowHandle, ResizeHint, SpawnedEditor,
    VirtualKeyCode,
};
use nice_plug::plugin::TrackInfo;
use nice_plug_egui::{EguiEditor, NiceEguiApp};

/// What is done when a window closes.
pub type OnClose = Arc<dyn Fn() + Send + Sync>;

/// An editor that does something when its window closes.
pub struct ClosingEditor<A: NiceEguiApp> {
    editor: EguiEditor<A>,
    on_close: OnClose,
}

impl<A: NiceEguiApp> ClosingEditor<A> {
    /// That editor.
    pub fn new(editor: EguiEditor<A>, on_close: OnClose) -> Self {
        Self { editor, on_close }
    }
}

impl<A: NiceEguiApp> Editor for ClosingEditor<A> {
    type Handle = ClosingHandle<<EguiEditor<A> as Editor>::Handle>;

    fn spawn(
        &self,
        parent: Option<ParentWindowHandle>,
        wait_for_parent: bool,
        fallback_scale_factor: Option<f64>,
        context: GuiContext,
        host: Option<HostMethods>,
    ) -> Result<SpawnedEditor<Self::Handle>, Box<dyn Error>> {
        let spawned = self
            .editor
            .spawn(parent, wait_for_parent, fallback_scale_factor, context, host)?;
        Ok(SpawnedEditor {
            handle: ClosingHandle {
                handle: spawned.handle,
                on_close: self.on_close.clone(),
            },
            window: spawned.window,
        })
    }

    fn size(&self) -> NativeSize<u32> {
        self.editor.size()
    }

    fn resize_hint(&self) -> ResizeHint {
        self.editor.resize_hint()
    }

    fn track_info_updated(&self, info: TrackInfo) {
        self.editor.track_info_updated(info);
    }
}

/// An open window.
pub struct ClosingHandle<H> {
    handle: H,
    on_close: OnClose,
}

impl<H> Drop for ClosingHandle<H> {
    fn drop(&mut self) {
        (self.on_close)();
    }
}

impl<H: EditorHandle> EditorHandle for ClosingHandle<H> {
    type Window = H::Window;
    type Error = H::Error;

    fn run_until_closed(window: Self::Window) -> Result<(), Self::Error> {
        H::run_until_closed(window)
    }

    fn set_parent(&self, parent: ParentWindowHandle, window: &Self::Window) -> Result<(), Self::Error> {
        self.handle.set_parent(parent, window)
    }

    fn show(&self, window: &Self::Window) -> Result<(), Self::Error> {
        self.handle.show(window)
    }

    fn hide(&self, window: &Self::Window) -> Result<(), Self::Error> {
        self.handle.hide(window)
    }

    fn set_size(&self, size: NativeSize<u32>, window: &Self::Window) -> Result<(), Self::Error> {
        self.handle.set_size(size, window)
    }

    fn host_main_thread_callback(&self, window: &Self::Window) {
        self.handle.host_main_thread_callback(window);
    }

    fn adjust_size(&self, size: NativeSize<u32>, window: &Self::Window) -> Option<NativeSize<u32>> {
        self.handle.adjust_size(size, window)
    }

    fn set_fallback_scale_factor(&self, factor: f64, window: &Self::Window) -> Result<(), Self::Error> {
        self.handle.set_fallback_scale_factor(factor, window)
    }

    fn on_virtual_key_from_host(&self, key: VirtualKeyCode, is_down: bool, modifiers: Modifiers) -> bool {
        self.handle.on_virtual_key_from_host(key, is_down, modifiers)
    }

    fn state_changed(&self) {
        self.handle.state_changed();
    }

    fn param_value_changed(&self, id: &str, normalized: f32) {
        self.handle.param_value_changed(id, normalized);
    }

    fn param_modulation_changed(&self, id: &str, offset: f32) {
        self.handle.param_modulation_changed(id, offset);
    }
}
