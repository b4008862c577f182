//! Nothing in the tree may depend on one person's machine.

use crate::{Finding, Tree};

/// Top folders that exist on somebody's machine only. Spelled apart so that this file is clean.
const PRIVATE_ROOTS: &[&str] = &[
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/Us", "ers/"),
    concat!("/wo", "rk/"),
    concat!("/bui", "lds/"),
];

/// Absolute paths into a private folder.
#[must_use]
pub fn machine_paths(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in &tree.files {
        for (n, line) in file.text.lines().enumerate() {
            for root in PRIVATE_ROOTS.iter().filter(|root| holds(line, root)) {
                found.push(file.finding(n + 1, format!("`{root}` is a path of one machine")));
            }
        }
    }
    found
}

/// True if `line` holds the path `root`, and not as the inner part of a longer path or address.
fn holds(line: &str, root: &str) -> bool {
    let inner = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '}' | ')');
    line.match_indices(root).any(|(at, _)| !line[..at].ends_with(inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_path_is_found_and_a_route_is_not() {
        let private = format!("see {}alice/x\nsee docs{0}alice\nhttp://a.example{0}\n", PRIVATE_ROOTS[0]);
        let found = machine_paths(&Tree::sample(&[("README.md", &private)]));
        assert_eq!(found.iter().map(|f| f.line).collect::<Vec<_>>(), [1]);
    }
}
