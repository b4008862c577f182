//! Files stay short enough to be read in one sitting, and open with a header that says what they are.

use crate::{Finding, Tree};

/// Longest source file in lines.
pub const FILE_LINES_MAX: usize = 600;
/// Endings of the files that are sources.
const SOURCES: &[&str] = &["rs", "py", "mjs", "js", "ts", "sh"];

/// Source files longer than [`FILE_LINES_MAX`].
#[must_use]
pub fn long_files(tree: &Tree) -> Vec<Finding> {
    let sources = tree.files.iter().filter(|file| SOURCES.iter().any(|e| file.has_extension(e)));
    let long =
        sources.map(|file| (file, file.text.lines().count())).filter(|(_, lines)| *lines > FILE_LINES_MAX);
    long.map(|(file, lines)| {
        file.finding(0, format!("{lines} lines; split it: the ceiling is {FILE_LINES_MAX}"))
    })
    .collect()
}

/// Rust files that do not open with `//!`.
#[must_use]
pub fn missing_headers(tree: &Tree) -> Vec<Finding> {
    let bare = tree.rust().filter(|file| !file.text.starts_with("//! "));
    bare.map(|file| {
        file.finding(1, "open the file with `//! ` and say what it is, its invariants and limits")
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_found() {
        let text = "x\n".repeat(FILE_LINES_MAX + 1);
        let tree = Tree::sample(&[
            ("crates/a/src/long.rs", &text),
            ("crates/a/src/b.rs", &text[2..]),
            ("a.csv", &text),
        ]);
        let found = long_files(&tree);
        assert_eq!(found.len(), 1);
        assert!(found[0].to_string().starts_with("crates/a/src/long.rs:0: 601 lines"), "{}", found[0]);
    }

    #[test]
    fn a_missing_header_is_found() {
        let tree = Tree::sample(&[("a.rs", "fn a() {}"), ("b.rs", "//! B.\nfn b() {}"), ("c.py", "pass")]);
        assert_eq!(missing_headers(&tree).iter().map(|f| f.path.as_str()).collect::<Vec<_>>(), ["a.rs"]);
    }
}
