//! Laws of the components.
