//! The macro that defines a closed list of words: one line a word, from which come the enum, its JSON form,
//! its index (Vital's raw value) and its place in JSON Schemas.

/// Defines an enum of snake_case words with `ALL`, `NAMES`, `name()`, `index()` and `from_name()`.
macro_rules! choice {
    ($(#[doc = $doc:literal])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$vmeta])* #[serde(rename = $text)] $variant,)+ }

        impl $name {
            /// Every word, in the order of its index.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The words as JSON writes them, in the order of their index.
            pub const NAMES: &'static [&'static str] = &[$($text),+];

            /// The word as JSON writes it.
            #[must_use]
            pub const fn name(self) -> &'static str { Self::NAMES[self as usize] }

            /// Its place in the list.
            #[must_use]
            pub const fn index(self) -> usize { self as usize }

            /// The word of that name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::NAMES.iter().position(|n| *n == name).map(|i| Self::ALL[i])
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(self.name()) }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .enum_values(Some(Self::NAMES.iter().copied()))
                    .description(Some([$($doc),*].concat().trim()))
                    .into()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}

        impl crate::table::Described for $name {
            fn schema() -> serde_json::Value { serde_json::json!({ "enum": Self::NAMES }) }
        }
    };
}
pub(crate) use choice;
