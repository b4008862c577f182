//! What a person or a script sees: answers on standard output, talk on standard error.

use std::io::{self, Write};

/// Prints an answer and a line break. When nobody reads any more (`| head`), the rest is dropped without noise.
pub(crate) fn answer(text: impl std::fmt::Display) {
    print(&mut io::stdout().lock(), &text);
}

/// Prints talk: progress, notes, errors.
pub(crate) fn note(text: impl std::fmt::Display) {
    print(&mut io::stderr().lock(), &text);
}

/// Lines up columns: the first row is the head; numbers are not treated specially.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|c| c.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn print(target: &mut dyn Write, text: &dyn std::fmt::Display) {
    // A closed pipe is the reader's decision, and there is nowhere left to tell.
    let _ = writeln!(target, "{text}").and_then(|()| target.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [vec!["name".into(), "id".into()], vec!["a".into(), "12".into()]];
        assert_eq!(table(&rows), "name  id\na     12");
    }
}
