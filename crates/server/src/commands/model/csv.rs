//! Tables of numbers as people have them: a header or none, commas, semicolons or tabs, quotes, any spelling of "missing".

use std::path::Path;

use crate::failure::{Exit, Failure};

/// Largest file read, in bytes: ten years of one-minute bars.
const FILE_LEN_MAX: u64 = 1 << 30;
/// What stands for a missing value, compared without case.
const MISSING: &[&str] = &["", "na", "nan", "n/a", "null", "none", "nil", ".", "-", "?", "#n/a", "missing"];

/// A file read into cells.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Table {
    /// Names of the columns; their numbers from 1 in a file without a header.
    pub(super) names: Vec<String>,
    rows: Vec<Vec<String>>,
    /// The file's line of every row, from 1.
    lines: Vec<usize>,
    decimal_comma: bool,
    name: String,
}

impl Table {
    /// Reads `path`.
    ///
    /// # Errors
    /// A file that cannot be read, is no text, is empty, or whose rows differ in length.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let failed = |why: String| Failure::new(Exit::Failed, format!("{name} cannot be read")).because(why);
        let length = std::fs::metadata(path).map_err(|e| failed(e.to_string()))?.len();
        if length > FILE_LEN_MAX {
            return Err(failed(format!("it has {length} bytes, at most {FILE_LEN_MAX} are read")));
        }
        let bytes = std::fs::read(path).map_err(|e| failed(e.to_string()))?;
        let text = String::from_utf8(bytes).map_err(|_| failed("it is not UTF-8 text".to_owned()))?;
        Self::parse(&text, &name)
    }

    fn parse(text: &str, name: &str) -> Result<Self, Failure> {
        let text = text.trim_start_matches('\u{feff}');
        let refuse = |why: String| Failure::new(Exit::Failed, format!("{name} is not a table")).because(why);
        let first = text.lines().find(|l| !is_blank(l)).ok_or_else(|| refuse("it is empty".to_owned()))?;
        let separator = [',', ';', '\t'].into_iter().max_by_key(|s| (first.matches(*s).count(), *s == ','));
        let separator = separator.unwrap_or(',');
        let mut rows: Vec<(usize, Vec<String>)> = Vec::new();
        for (n, line) in text.lines().enumerate().filter(|(_, line)| !is_blank(line)) {
            rows.push((
                n + 1,
                cells(line, separator)
                    .ok_or_else(|| refuse(format!("line {}: a quote is not closed", n + 1)))?,
            ));
        }
        let width = rows[0].1.len();
        let headless = rows[0].1.iter().all(|c| number(c, separator == ';').is_ok());
        let names = if headless {
            (1..=width).map(|n| n.to_string()).collect()
        } else {
            rows.remove(0).1.iter().map(|c| c.trim().to_owned()).collect::<Vec<_>>()
        };
        // R writes row names under a header that is one cell shorter.
        let row_names = !headless && !rows.is_empty() && rows.iter().all(|(_, r)| r.len() == width + 1);
        for (line, row) in &mut rows {
            if row_names {
                row.remove(0);
            }
            if row.len() != width {
                return Err(refuse(format!("line {line} has {} cells, the header has {width}", row.len())));
            }
        }
        let (lines, rows) = rows.into_iter().unzip();
        Ok(Self { names, rows, lines, decimal_comma: separator == ';', name: name.to_owned() })
    }

    /// Number of rows.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Keeps the first `rows`.
    pub(super) fn truncate(&mut self, rows: usize) {
        self.rows.truncate(rows);
        self.lines.truncate(rows);
    }

    /// The place of the column called `wanted` (case does not matter when that is unambiguous), or numbered so from 1.
    pub(super) fn find(&self, wanted: &str) -> Option<usize> {
        let same =
            |case: bool| move |n: &String| if case { n == wanted } else { n.eq_ignore_ascii_case(wanted) };
        self.names.iter().position(same(true)).or_else(|| self.names.iter().position(same(false))).or_else(
            || {
                let number: usize = wanted.parse().ok()?;
                number.checked_sub(1).filter(|n| *n < self.names.len())
            },
        )
    }

    /// As [`Self::find`], or a failure that lists the columns.
    ///
    /// # Errors
    /// No such column.
    pub(super) fn column(&self, wanted: &str) -> Result<usize, Failure> {
        self.find(wanted).ok_or_else(|| {
            Failure::new(Exit::Usage, format!("{} has no column {wanted:?}", self.name))
                .advise(format!("take one of: {}", self.names.join(", ")))
        })
    }

    /// The cells of a column as text.
    pub(super) fn texts(&self, column: usize) -> impl Iterator<Item = &str> {
        self.rows.iter().map(move |row| row[column].trim())
    }

    /// The numbers of a column; `NaN` where one is missing.
    ///
    /// # Errors
    /// A cell that is neither a number nor missing, with its line.
    pub(super) fn numbers(&self, column: usize) -> Result<Vec<f64>, Failure> {
        self.texts(column)
            .zip(&self.lines)
            .map(|(cell, line)| {
                number(cell, self.decimal_comma).map_err(|()| {
                    let what = format!("{}, line {line}: {cell:?} is not a number", self.name);
                    Failure::new(Exit::Failed, what)
                        .because(format!("column {:?} must hold numbers", self.names[column]))
                        .advise("write NA, or leave the cell empty, where a value is missing")
                })
            })
            .collect()
    }

    /// The file's line of a row.
    pub(super) fn line(&self, row: usize) -> usize {
        self.lines[row]
    }

    /// The file.
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

fn is_blank(line: &str) -> bool {
    line.trim().is_empty() || line.starts_with('#')
}

/// A finite or infinite number, `NaN` for a missing one. Infinities are left for the kernels to refuse with their place.
fn number(cell: &str, decimal_comma: bool) -> Result<f64, ()> {
    let cell = cell.trim();
    if MISSING.iter().any(|m| cell.eq_ignore_ascii_case(m)) {
        return Ok(f64::NAN);
    }
    if decimal_comma && cell.matches(',').count() == 1 && !cell.contains('.') {
        return cell.replace(',', ".").parse().map_err(|_| ());
    }
    cell.parse().map_err(|_| ())
}

/// The cells of a line; `None` for an open quote. A doubled quote inside quotes is one.
fn cells(line: &str, separator: char) -> Option<Vec<String>> {
    let (mut out, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = line.trim_end_matches('\r').chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                cell.push('"');
                chars.next();
            }
            '"' => quoted = !quoted,
            c if c == separator && !quoted => out.push(std::mem::take(&mut cell)),
            c => cell.push(c),
        }
    }
    out.push(cell);
    (!quoted).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str, column: &str) -> Vec<f64> {
        let table = Table::parse(text, "a.csv").unwrap();
        table.numbers(table.column(column).unwrap()).unwrap()
    }

    #[test]
    fn the_usual_forms_are_read() {
        for (text, column) in [
            ("t,close\n1,2.5\n2,NA\n3,4\n", "close"),
            ("\u{feff}\"t\",\"Close\"\r\n\"1\",\"2.5\"\r\n2,\r\n3,4\r\n", "close"),
            ("t;close\n1;2,5\n2;nan\n3;4\n", "close"),
            ("t\tclose\n1\t2.5\n2\tnull\n3\t4\n\n", "2"),
            ("1,2.5\n2,\n3,4\n", "2"),
            ("# a note\n\"close\",\"x\"\n\"1\",2.5,9\n\"2\",NA,9\n\"3\",4,9\n", "close"),
            ("\"a, b\",close\n1,2.5\n2,.\n3,4e0\n", "close"),
        ] {
            let got = values(text, column);
            assert!(got.len() == 3 && got[1].is_nan(), "{text:?}: {got:?}");
            assert!((got[0] - 2.5).abs() + (got[2] - 4.0).abs() < 1e-12, "{text:?}: {got:?}");
        }
    }

    #[test]
    fn what_is_no_table_is_refused_with_its_place() {
        let refused = |text: &str| Table::parse(text, "a.csv").unwrap_err().to_string();
        assert!(refused("").contains("empty"));
        assert!(refused("a,b\n1,2\n1\n").contains("line 3 has 1 cells"), "{}", refused("a,b\n1,2\n1\n"));
        assert!(refused("a,b\n\"1,2\n").contains("line 2"));
        let table = Table::parse("a,b\n1,x\n", "a.csv").unwrap();
        assert!(table.numbers(1).unwrap_err().to_string().contains("line 2: \"x\" is not a number"));
        assert!(table.column("c").unwrap_err().to_string().contains("a, b"));
    }
}
