//! Things that must not be in a finished tree: unfinished work, ignored or sleeping tests, unsafe code.

use crate::{File, Finding, Tree, code};

/// Marks of unfinished work, anywhere in a source, comments included. Spelled apart so that this file is clean.
const MARKS: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:")];
/// Code that stands for missing code.
const MISSING: &[&str] = &[concat!("todo", "!"), concat!("unimplemented", "!")];
/// Attributes that hide a test.
const HIDDEN: &[&str] = &[concat!("#[", "ignore"), concat!("it.", "skip("), concat!("pytest.mark.", "skip")];
/// Ways to wait for time instead of for a condition.
const SLEEPS: &[&str] = &[
    concat!("thread::", "sleep"),
    concat!("time::", "sleep"),
    concat!("time.", "sleep("),
    concat!("asyncio.", "sleep("),
    concat!("setTime", "out("),
    concat!("waitFor", "Timeout"),
];

/// Marks, placeholders and hidden tests.
#[must_use]
pub fn unfinished(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in tree.files.iter().filter(|file| is_source(file)) {
        for (n, line) in file.text.lines().enumerate() {
            for mark in MARKS.iter().chain(MISSING).chain(HIDDEN).filter(|m| holds(line, m)) {
                found.push(
                    file.finding(n + 1, format!("`{mark}`: finish it, or write it down as a known limit")),
                );
            }
        }
    }
    found
}

/// Sleeps in tests: Rust test modules, `tests/` folders, client suites.
#[must_use]
pub fn sleeping_tests(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in tree.files.iter().filter(|file| is_source(file)) {
        let whole = file.path.starts_with("tests/") || file.path.contains("/tests/");
        let ranges = match (whole, file.has_extension("rs")) {
            (true, _) => vec![(0, usize::MAX)],
            (false, true) => code::test_ranges(&code::mask(&file.text)),
            (false, false) => continue,
        };
        for (n, line) in file.text.lines().enumerate() {
            let inside = ranges.iter().any(|(first, last)| (*first..=*last).contains(&(n + 1)));
            if inside && SLEEPS.iter().any(|s| line.contains(s)) {
                found.push(file.finding(n + 1, "a test must wait for a condition, not for time"));
            }
        }
    }
    found
}

/// `unsafe` in code, and crates that do not take the workspace's lints (which forbid it).
#[must_use]
pub fn unsafe_code(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in tree.rust() {
        for (line, word) in code::words(&code::mask(&file.text)) {
            if word == concat!("un", "safe") {
                found.push(file.finding(line, "unsafe code is forbidden here"));
            }
        }
    }
    for file in crate::layers::manifests(tree) {
        if !file.text.contains("[lints]\nworkspace = true") {
            found.push(file.finding(0, "take the workspace's lints: `[lints]` `workspace = true`"));
        }
    }
    found
}

fn is_source(file: &File) -> bool {
    ["rs", "py", "mjs", "js", "ts", "sh", "toml", "yml", "yaml"].iter().any(|e| file.has_extension(e))
}

/// True if `line` holds `mark`, and not as a part of a longer word.
fn holds(line: &str, mark: &str) -> bool {
    let letter = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(mark).any(|(at, _)| {
        let glued_before = mark.starts_with(letter) && line[..at].ends_with(letter);
        let glued_after = mark.ends_with(letter) && line[at + mark.len()..].starts_with(letter);
        !glued_before && !glued_after
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(found: &[Finding]) -> Vec<usize> {
        found.iter().map(|f| f.line).collect()
    }

    #[test]
    fn unfinished_work_is_found_in_code_and_comments() {
        let [todo, missing, hidden] = [MARKS[0], MISSING[1], HIDDEN[0]];
        let text = format!(
            "// {todo} later\nfn a() {{ {missing}() }}\n{hidden}]\nfn b() {{}} // method\nlet {todo}S = 1;\n"
        );
        assert_eq!(lines(&unfinished(&Tree::sample(&[("a.rs", &text)]))), [1, 2, 3]);
    }

    #[test]
    fn a_sleep_is_found_in_tests_only() {
        let sleep = SLEEPS[0];
        let text =
            format!("fn a() {{ {sleep}(x) }}\n#[cfg(test)]\nmod tests {{\n    fn b() {{ {sleep}(x) }}\n}}\n");
        assert_eq!(lines(&sleeping_tests(&Tree::sample(&[("crates/a/src/a.rs", &text)]))), [4]);
        assert_eq!(lines(&sleeping_tests(&Tree::sample(&[("crates/a/tests/it/main.rs", &text)]))), [1, 4]);
        assert_eq!(lines(&sleeping_tests(&Tree::sample(&[("tests/clients/a.py", SLEEPS[2])]))), [1]);
    }

    #[test]
    fn unsafe_code_and_missing_lints_are_found() {
        let word = concat!("un", "safe");
        let text = format!("// {word} in a comment\nfn a() {{ {word} {{ b() }} }}\n");
        let good = ("crates/b/Cargo.toml", "[package]\nname = \"b\"\n[lints]\nworkspace = true\n");
        let tree = Tree::sample(&[
            ("crates/a/src/a.rs", &text),
            ("crates/a/Cargo.toml", "[package]\nname = \"a\"\n"),
            good,
        ]);
        let found = unsafe_code(&tree);
        assert_eq!(lines(&found), [2, 0]);
        assert_eq!(found[1].path, "crates/a/Cargo.toml");
    }
}
