//! Rust source with comments and literals blanked out, so that a rule sees code and nothing else.
//!
//! Not a parser: enough of a lexer to tell code from text. Line breaks stay where they are, so line numbers hold.

/// `source` with every comment and every string or character literal replaced by spaces.
#[must_use]
pub fn mask(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let (mut out, mut at) = (String::with_capacity(source.len()), 0);
    while at < chars.len() {
        let end = literal_end(&chars, at);
        if end == at {
            out.push(chars[at]);
            at += 1;
        } else {
            out.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    out
}

/// The end of the comment or literal that begins at `at`; `at` itself when none does.
fn literal_end(chars: &[char], at: usize) -> usize {
    match (chars[at], chars.get(at + 1)) {
        ('/', Some('/')) => chars[at..].iter().position(|c| *c == '\n').map_or(chars.len(), |n| at + n),
        ('/', Some('*')) => block_comment_end(chars, at),
        ('"', _) => quoted_end(chars, at + 1, '"'),
        ('\'', _) => char_end(chars, at),
        ('r', Some('"' | '#')) if !follows_name(chars, at) => raw_string_end(chars, at),
        ('b', Some('r')) if !follows_name(chars, at) => raw_string_end(chars, at + 1).max(at),
        _ => at,
    }
}

fn follows_name(chars: &[char], at: usize) -> bool {
    // `br"..."` is reached at its `r` when the `b` was taken for a name; both forms end at the same place.
    at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_') && chars[at - 1] != 'b'
}

fn block_comment_end(chars: &[char], at: usize) -> usize {
    let (mut depth, mut i) = (0_usize, at);
    while i < chars.len() {
        match (chars[i], chars.get(i + 1)) {
            ('/', Some('*')) => (depth, i) = (depth + 1, i + 2),
            ('*', Some('/')) => {
                (depth, i) = (depth - 1, i + 2);
                if depth == 0 {
                    return i;
                }
            }
            _ => i += 1,
        }
    }
    chars.len()
}

fn quoted_end(chars: &[char], from: usize, quote: char) -> usize {
    let mut i = from;
    while i < chars.len() {
        match chars[i] {
            '\\' => i += 2,
            c if c == quote => return i + 1,
            _ => i += 1,
        }
    }
    chars.len()
}

/// A character literal, or nothing when the quote opens a lifetime.
fn char_end(chars: &[char], at: usize) -> usize {
    match (chars.get(at + 1), chars.get(at + 2)) {
        (Some('\\'), _) => quoted_end(chars, at + 1, '\''),
        (Some(_), Some('\'')) => at + 3,
        _ => at,
    }
}

/// A raw string whose `r` stands at `at`, or `at` when it is none (`r#name` is a raw identifier).
fn raw_string_end(chars: &[char], at: usize) -> usize {
    let hashes = chars[at + 1..].iter().take_while(|c| **c == '#').count();
    if chars.get(at + 1 + hashes) != Some(&'"') {
        return at;
    }
    let mut i = at + 2 + hashes;
    while i < chars.len() {
        if chars[i] == '"' && chars[i + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes {
            return i + 1 + hashes;
        }
        i += 1;
    }
    chars.len()
}

/// The words (identifiers and keywords) of masked code, with the line of each (first is 1).
pub fn words(masked: &str) -> impl Iterator<Item = (usize, &str)> {
    masked.lines().enumerate().flat_map(|(n, line)| {
        line.split(|c: char| !(c.is_alphanumeric() || c == '_'))
            .filter(|w| !w.is_empty())
            .map(move |w| (n + 1, w))
    })
}

/// The line ranges (first and last, counted from 1) of the modules under `#[cfg(test)]` in masked code.
#[must_use]
pub fn test_ranges(masked: &str) -> Vec<(usize, usize)> {
    let mut ranges = Vec::new();
    for (at, _) in masked.match_indices("#[cfg(test)]") {
        let first = 1 + masked[..at].matches('\n').count();
        let Some(open) = masked[at..].find(['{', ';']).map(|n| at + n) else { continue };
        let end = if masked[open..].starts_with('{') { block_end(masked, open) } else { open };
        ranges.push((first, 1 + masked[..end].matches('\n').count()));
    }
    ranges
}

/// The byte after which the block that opens at byte `open` is closed, or the end of the text.
#[must_use]
pub fn block_end(masked: &str, open: usize) -> usize {
    let mut depth = 0_usize;
    for (n, c) in masked[open..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return open + n;
                }
            }
            _ => {}
        }
    }
    masked.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_vanish_and_code_stays() {
        let source = "a // x\n/* y /* z */ */ b \"c \\\" d\" 'e' '\\'' &'f g r#\"h \" i\"# br\"j\" r#match k";
        let seen: Vec<String> = mask(source).split_whitespace().map(String::from).collect();
        assert_eq!(seen, ["a", "b", "&'f", "g", "r#match", "k"]);
    }

    #[test]
    fn lines_keep_their_numbers() {
        let masked = mask("\"one\ntwo\"\n/* three\nfour */ five");
        assert_eq!(words(&masked).collect::<Vec<_>>(), [(4, "five")]);
    }

    #[test]
    fn test_modules_are_found() {
        let masked = mask("fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() { \"}\"; }\n}\nfn c() {}\n");
        assert_eq!(test_ranges(&masked), [(2, 5)]);
    }
}
