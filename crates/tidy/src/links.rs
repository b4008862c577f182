//! Links between the documents lead somewhere.

use std::path::{Component, Path, PathBuf};

use crate::{Finding, Tree};

/// Links in Markdown files to files or folders that are not in the tree.
#[must_use]
pub fn dead_links(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in tree.files.iter().filter(|file| file.has_extension("md")) {
        let dir = Path::new(&file.path).parent().unwrap_or_else(|| Path::new(""));
        for (n, line) in file.text.lines().enumerate() {
            for target in targets(line) {
                let path = normal(&dir.join(target));
                let exists = tree.files.iter().any(|f| Path::new(&f.path).starts_with(&path));
                if !exists {
                    found.push(file.finding(n + 1, format!("`{target}` is not in the tree")));
                }
            }
        }
    }
    found
}

/// The targets of a line's links that lead into the tree.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("](").filter_map(|(at, open)| {
        let rest = &line[at + open.len()..];
        let target = rest[..rest.find(')')?].split('#').next()?;
        (!target.is_empty() && !target.contains("://") && !target.starts_with("mailto:")).then_some(target)
    })
}

/// The path without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                out.pop();
            }
            Component::CurDir => {}
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_link_is_found() {
        let text = "[a](b.md) [c](../README.md#top) [d](https://example.org/x)\n[e](gone.md) [f](#here) ![g](../docs)\n";
        let tree = Tree::sample(&[("docs/a.md", text), ("docs/b.md", ""), ("README.md", "")]);
        let found: Vec<String> = dead_links(&tree).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["docs/a.md:2: `gone.md` is not in the tree"]);
    }
}
