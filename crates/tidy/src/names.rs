//! Names say what a thing is. Words that say nothing are refused in names of items, files and crates.

use crate::{Finding, Tree, code};

/// Words refused anywhere in the name of an item, file or folder.
const EMPTY_WORDS: &[&str] = &["manager", "helper", "helpers", "util", "utils", "common", "misc", "stuff"];
/// Words refused at the end of a type's name: every type holds data and every value informs.
const EMPTY_ENDINGS: &[&str] = &["data", "info"];
/// Keywords that declare a type.
const TYPES: &[&str] = &["struct", "enum", "trait", "type", "union"];
/// Keywords that declare something else with a name.
const ITEMS: &[&str] = &["mod", "fn", "const", "static"];

/// Items and files with a name that says nothing.
#[must_use]
pub fn empty_names(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in tree.files.iter().filter(|file| !file.path.starts_with('.')) {
        for word in file.path.split(['/', '.', '-', '_']).filter(|w| EMPTY_WORDS.contains(w)) {
            found.push(file.finding(0, format!("`{word}` in a path says nothing; name the concept")));
        }
    }
    for file in tree.rust() {
        let masked = code::mask(&file.text);
        let mut previous = "";
        for (line, word) in code::words(&masked) {
            let (is_type, is_item) = (TYPES.contains(&previous), ITEMS.contains(&previous));
            let parts = parts(word);
            let empty = (is_type || is_item) && parts.iter().any(|p| EMPTY_WORDS.contains(&p.as_str()));
            let ending = is_type && parts.last().is_some_and(|p| EMPTY_ENDINGS.contains(&p.as_str()));
            if empty || ending {
                found.push(file.finding(line, format!("`{word}` says nothing; name the concept")));
            }
            previous = word;
        }
    }
    found
}

/// The lower-case words of a name in any case style.
fn parts(name: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut fresh = true;
    for c in name.chars() {
        if c == '_' {
            fresh = true;
            continue;
        }
        let starts = c.is_uppercase() && parts.last().is_none_or(|p| !p.is_empty()) && !all_upper(name);
        if fresh || starts {
            parts.push(String::new());
        }
        fresh = false;
        if let Some(last) = parts.last_mut() {
            last.extend(c.to_lowercase());
        }
    }
    parts
}

fn all_upper(name: &str) -> bool {
    !name.chars().any(char::is_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fall_into_words() {
        assert_eq!(parts("OrderBook"), ["order", "book"]);
        assert_eq!(parts("order_book2"), ["order", "book2"]);
        assert_eq!(parts("ORDER_MAX"), ["order", "max"]);
    }

    #[test]
    fn empty_words_are_found_in_items_and_paths() {
        let text = "struct OrderManager;\nfn utility() {}\nmod common {}\nstruct MarketData;\nfn exchange_info() {}\n// struct Helper\n";
        let tree = Tree::sample(&[("crates/a/src/lib.rs", text), ("crates/utils/src/x.rs", "")]);
        let found: Vec<String> = empty_names(&tree).iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), 4, "{found:?}");
        for expected in
            ["`utils` in a path", "lib.rs:1: `OrderManager`", "lib.rs:3: `common`", "lib.rs:4: `MarketData`"]
        {
            assert!(found.iter().any(|f| f.contains(expected)), "{expected} not in {found:?}");
        }
    }
}
