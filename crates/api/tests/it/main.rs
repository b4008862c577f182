//! What the API promises beyond its own unit tests.

/// `docs/openapi.json` is what the routes say. Renew it with `TRADEWIND_RENEW=1 cargo test -p api`.
#[test]
fn the_committed_description_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let current = api::document();
    if std::env::var_os("TRADEWIND_RENEW").is_some() {
        std::fs::write(path, &current).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == current, "docs/openapi.json is not what the routes say; renew it (see this test)");
}

/// Every operation has a name, a summary and the errors it can give.
#[test]
fn every_operation_is_described() {
    let document: serde_json::Value = serde_json::from_str(&api::document()).unwrap();
    let mut names = std::collections::BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let place = format!("{method} {path}");
            let name =
                operation["operationId"].as_str().unwrap_or_else(|| panic!("{place} has no operationId"));
            assert!(names.insert(name.to_owned()), "{name} stands twice");
            assert!(!operation["summary"].as_str().unwrap_or_default().is_empty(), "{place} has no summary");
            let parameters = operation["parameters"].as_array().map_or(0, Vec::len);
            if parameters > 0 || operation.get("requestBody").is_some() {
                assert!(
                    operation["responses"].get("400").is_some(),
                    "{place} takes input and documents no 400"
                );
            }
        }
    }
    assert!(names.len() >= 7);
}
