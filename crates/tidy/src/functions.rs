//! Functions fit on a screen.

use crate::{Finding, Tree, code};

/// Longest function in lines, from `fn` to its closing brace.
pub const FUNCTION_LINES_MAX: usize = 70;

/// Functions longer than [`FUNCTION_LINES_MAX`].
#[must_use]
pub fn long_functions(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in tree.rust() {
        for (name, line, lines) in lengths(&code::mask(&file.text)) {
            if lines > FUNCTION_LINES_MAX {
                let message =
                    format!("`fn {name}` has {lines} lines; split it: the ceiling is {FUNCTION_LINES_MAX}");
                found.push(file.finding(line, message));
            }
        }
    }
    found
}

/// Name, first line and number of lines of every function with a body.
fn lengths(masked: &str) -> Vec<(&str, usize, usize)> {
    let mut functions = Vec::new();
    for (at, _) in masked.match_indices("fn ") {
        if masked[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &masked[at + 3..];
        let name = rest.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or_default();
        let Some(open) = body_start(masked, at) else { continue };
        let lines = |text: &str| text.matches('\n').count();
        let end = code::block_end(masked, open);
        functions.push((name, 1 + lines(&masked[..at]), 1 + lines(&masked[at..end])));
    }
    functions
}

/// The byte at which the body of the function at byte `at` opens; `None` for a declaration or a function type.
fn body_start(masked: &str, at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (n, c) in masked[at..].char_indices() {
        match c {
            '(' | '[' => depth += 1,
            // A closing bracket that was not opened here ends the type this `fn` is part of.
            ')' | ']' => depth = depth.checked_sub(1)?,
            '{' if depth == 0 => return Some(at + n),
            ';' | '}' | '=' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_function_is_found_and_a_declaration_is_not() {
        let body = "    x();\n".repeat(FUNCTION_LINES_MAX - 1);
        let text = format!(
            "trait T {{ fn d(a: [u8; 2]) -> u8; }}\nfn f(g: fn (u8) -> u8) {{\n{body}}}\nfn short() {{}}\n"
        );
        let found = long_functions(&Tree::sample(&[("a.rs", &text)]));
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].to_string(), "a.rs:2: `fn f` has 71 lines; split it: the ceiling is 70");
        let fits = text.replacen("    x();\n", "", 1);
        assert_eq!(long_functions(&Tree::sample(&[("a.rs", &fits)])), []);
    }
}
