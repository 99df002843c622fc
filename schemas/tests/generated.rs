//! The files that are made from the schemas crate are up to date. `SONGWALKER_BLESS=1` writes them anew.
#![expect(clippy::expect_used, reason = "what is missing in a test fails it")]

use std::path::Path;

use songwalker_schemas::{docs_page, json_schema};

fn assert_current(path: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("SONGWALKER_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        std::fs::write(&path, text).expect("writable");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == text,
        "{} is out of date: run `cargo xtask generate`",
        path.display()
    );
}

#[test]
fn the_json_schemas_are_those_of_the_types() {
    for (name, schema) in json_schema::all() {
        assert_current(&format!("json/{name}.schema.json"), &json_schema::to_file(schema));
    }
}

#[test]
fn the_page_of_parameters_is_that_of_the_table() {
    assert_current("../docs/parameters.md", &docs_page::markdown());
}
