//! Layers 0 to 2 are sans-I/O: same inputs, same outputs, on every machine, for ever.
//!
//! Clippy does most of the work with the shared `crates/clippy-pure.toml`; here it is made sure that each of those
//! crates links it, brings no foreign dependency that could break the promise, and holds no floats near money.

use std::path::Path;

use crate::{Finding, Tree, code, layers};

/// Foreign crates any pure crate may use.
const FOREIGN: &[&str] = &["thiserror", "smallvec", "hashbrown"];
/// Foreign crates that one pure crate may use in addition.
const FOREIGN_OF_ONE: &[(&str, &str)] = &[("indicators", "ta-lib"), ("forecast", "ndarray")];
/// Pure crates in which numbers are signals and not money.
const FLOATS_ALLOWED: &[&str] = &["indicators", "forecast", "strategy"];

/// Pure crates whose `clippy.toml` is not the shared one.
#[must_use]
pub fn unlinked_clippy(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for name in pure_crates(tree) {
        let path = format!("crates/{name}/clippy.toml");
        let link = tree.get(&path).and_then(|file| file.link.as_deref());
        if link != Some(Path::new("../clippy-pure.toml")) {
            let message = "must be a symbolic link to ../clippy-pure.toml: layers 0-2 are sans-I/O".into();
            found.push(Finding { path, line: 0, message });
        }
    }
    found
}

/// Foreign dependencies of pure crates.
#[must_use]
pub fn foreign_dependencies(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in layers::manifests(tree) {
        let Some(name) = layers::crate_name(file).filter(|name| is_pure(name)) else { continue };
        for dependency in layers::dependencies(file, "dependencies") {
            let own = FOREIGN_OF_ONE.contains(&(name.as_str(), dependency.as_str()));
            if layers::rule_of(&dependency).is_none() && !FOREIGN.contains(&dependency.as_str()) && !own {
                found.push(file.finding(0, format!("`{dependency}` is not allowed in layers 0-2")));
            }
        }
        for dependency in layers::dependencies(file, "build-dependencies") {
            found.push(file.finding(0, format!("`{dependency}`: no build scripts in layers 0-2")));
        }
    }
    found
}

/// `f32` and `f64` in pure crates where money is.
#[must_use]
pub fn floats(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for name in pure_crates(tree).filter(|name| !FLOATS_ALLOWED.contains(&name.as_str())) {
        let source = format!("crates/{name}/src/");
        for file in tree.rust().filter(|file| file.path.starts_with(&source)) {
            let masked = code::mask(&file.text);
            let floats = code::words(&masked).filter(|(_, word)| matches!(*word, "f32" | "f64"));
            found.extend(
                floats.map(|(line, word)| file.finding(line, format!("`{word}`: money is never a float"))),
            );
        }
    }
    found
}

fn pure_crates(tree: &Tree) -> impl Iterator<Item = String> {
    layers::manifests(tree).filter_map(layers::crate_name).filter(|name| is_pure(name))
}

fn is_pure(name: &str) -> bool {
    layers::rule_of(name).is_some_and(|rule| rule.layer.is_pure())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPES: (&str, &str) = (
        "crates/types/Cargo.toml",
        "[package]\nname = \"types\"\n[dependencies]\nrand = \"1\"\nsmallvec = \"1\"\n",
    );

    #[test]
    fn a_copied_clippy_file_is_found() {
        let tree = Tree::sample(&[TYPES, ("crates/types/clippy.toml", "a copy")]);
        assert_eq!(unlinked_clippy(&tree).len(), 1);
        let mut linked = tree;
        linked.files[1].link = Some("../clippy-pure.toml".into());
        assert_eq!(unlinked_clippy(&linked), []);
    }

    #[test]
    fn a_foreign_dependency_is_found() {
        let found = foreign_dependencies(&Tree::sample(&[TYPES]));
        assert_eq!(
            found.iter().map(|f| f.message.as_str()).collect::<Vec<_>>(),
            ["`rand` is not allowed in layers 0-2"]
        );
    }

    #[test]
    fn a_float_is_found() {
        let tree = Tree::sample(&[
            TYPES,
            ("crates/types/src/a.rs", "//! f64\nfn a(x: f64) {}\n"),
            ("crates/http/src/a.rs", "f64"),
        ]);
        assert_eq!(
            floats(&tree).iter().map(|f| (f.path.as_str(), f.line)).collect::<Vec<_>>(),
            [("crates/types/src/a.rs", 2)]
        );
    }
}
