#[test]
fn dump() { std::fs::write("/tmp/f1/openapi.json", songwalker_api::openapi()).unwrap(); }
