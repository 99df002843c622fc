//! From a prompt to a checked, packed patch.
