//! The tree itself, held to every rule. A failing test lists each place and what to do.

use tidy::{Finding, Tree, banned, features, functions, layers, links, names, paths, purity, size};

fn holds(rule: fn(&Tree) -> Vec<Finding>) {
    let tree = Tree::of_this_repository().expect("the repository can be read");
    assert!(tree.get("Cargo.toml").is_some() && tree.rust().count() > 20, "the repository was not found");
    let found: Vec<String> = rule(&tree).iter().map(ToString::to_string).collect();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn imports_point_downwards() {
    holds(layers::forbidden_imports);
}

#[test]
fn members_stand_in_layer_order() {
    holds(layers::members_out_of_order);
}

#[test]
fn pure_crates_link_the_shared_clippy_file() {
    holds(purity::unlinked_clippy);
}

#[test]
fn pure_crates_bring_no_foreign_dependencies() {
    holds(purity::foreign_dependencies);
}

#[test]
fn pure_crates_hold_no_floats() {
    holds(purity::floats);
}

#[test]
fn files_are_short() {
    holds(size::long_files);
}

#[test]
fn files_open_with_a_header() {
    holds(size::missing_headers);
}

#[test]
fn functions_are_short() {
    holds(functions::long_functions);
}

#[test]
fn names_say_something() {
    holds(names::empty_names);
}

#[test]
fn nothing_is_unfinished_or_hidden() {
    holds(banned::unfinished);
}

#[test]
fn tests_do_not_sleep() {
    holds(banned::sleeping_tests);
}

#[test]
fn code_is_safe() {
    holds(banned::unsafe_code);
}

#[test]
fn no_path_of_one_machine() {
    holds(paths::machine_paths);
}

#[test]
fn links_lead_somewhere() {
    holds(links::dead_links);
}

#[test]
fn cargo_features_are_few() {
    holds(features::too_many_features);
}
