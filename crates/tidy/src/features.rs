//! Cargo features multiply the builds that have to be tested, so there are few.

use crate::{Finding, Tree, layers};

/// Most cargo features in the whole workspace (`default` not counted).
pub const FEATURES_MAX: usize = 5;

/// More cargo features than [`FEATURES_MAX`].
#[must_use]
pub fn too_many_features(tree: &Tree) -> Vec<Finding> {
    let mut names = Vec::new();
    for file in layers::manifests(tree) {
        let Ok(manifest) = file.text.parse::<toml::Table>() else { continue };
        let table = manifest.get("features").and_then(toml::Value::as_table);
        names.extend(
            table
                .into_iter()
                .flatten()
                .map(|(n, _)| format!("{}:{n}", file.path))
                .filter(|n| !n.ends_with(":default")),
        );
    }
    if names.len() <= FEATURES_MAX {
        return Vec::new();
    }
    let message = format!(
        "{} cargo features; at most {FEATURES_MAX} in the workspace: {}",
        names.len(),
        names.join(", ")
    );
    vec![Finding { path: "Cargo.toml".into(), line: 0, message }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sixth_feature_is_found() {
        let a = "[package]\nname = \"a\"\n[features]\ndefault = []\none = []\ntwo = []\nthree = []\n";
        let five = "[package]\nname = \"b\"\n[features]\nfour = []\nfive = []\n";
        let six = format!("{five}six = []\n");
        let tree = |b: &str| {
            too_many_features(&Tree::sample(&[("crates/a/Cargo.toml", a), ("crates/b/Cargo.toml", b)]))
        };
        assert_eq!(tree(five), []);
        assert_eq!(tree(&six).len(), 1);
    }
}
