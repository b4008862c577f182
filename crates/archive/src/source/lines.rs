//! Lines of a text, numbered, without their ends, each of bounded length.

use std::io::{self, BufRead, BufReader, Read};

use crate::Error;
use crate::limits::LINE_LEN_MAX;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// Hands out the lines that are not empty.
pub(crate) struct Lines<R> {
    reader: BufReader<R>,
    line: Vec<u8>,
    number: u64,
}

impl<R: Read> Lines<R> {
    pub(crate) fn new(text: R) -> Self {
        Self { reader: BufReader::with_capacity(1 << 18, text), line: Vec::new(), number: 0 }
    }

    /// The next line that is not empty and its number, counted from 1.
    pub(crate) fn next(&mut self) -> Result<Option<(u64, &str)>, Error> {
        loop {
            self.line.clear();
            self.number += 1;
            if !self.fill()? {
                return Ok(None);
            }
            let mut line = self.line.as_slice();
            if self.number == 1 {
                line = line.strip_prefix(BOM).unwrap_or(line);
            }
            if !line.trim_ascii().is_empty() {
                break;
            }
        }
        let mut line = self.line.as_slice();
        if self.number == 1 {
            line = line.strip_prefix(BOM).unwrap_or(line);
        }
        let text = std::str::from_utf8(line)
            .map_err(|_| Error::line(self.number, "it is not text (UTF-8); was the file unpacked?"))?;
        Ok(Some((self.number, text)))
    }

    /// Reads one line into `self.line`, without its end; false at the end of the text.
    fn fill(&mut self) -> Result<bool, Error> {
        let failed = |number: u64, error: &io::Error| match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                Error::line(number, "the file ends in the middle; it is not complete")
            }
            _ => Error::line(number, format!("cannot be read: {error}")),
        };
        let mut any = false;
        loop {
            let chunk = match self.reader.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(failed(self.number, &error)),
            };
            if chunk.is_empty() {
                return Ok(any);
            }
            any = true;
            let end = memchr(chunk);
            let part = &chunk[..end.unwrap_or(chunk.len())];
            if self.line.len() + part.len() > LINE_LEN_MAX {
                return Err(Error::line(self.number, format!("it is longer than {LINE_LEN_MAX} bytes")));
            }
            self.line.extend_from_slice(part);
            let used = end.map_or(chunk.len(), |end| end + 1);
            self.reader.consume(used);
            if end.is_some() {
                if self.line.last() == Some(&b'\r') {
                    self.line.pop();
                }
                return Ok(true);
            }
        }
    }
}

/// Where the line ends.
fn memchr(chunk: &[u8]) -> Option<usize> {
    chunk.iter().position(|b| *b == b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8]) -> Result<Vec<(u64, String)>, Error> {
        let (mut lines, mut out) = (Lines::new(text), Vec::new());
        while let Some((n, line)) = lines.next()? {
            out.push((n, line.to_owned()));
        }
        Ok(out)
    }

    #[test]
    fn ends_marks_and_empty_lines_are_taken_away_and_numbers_stay() {
        let want = vec![(1, "a".to_owned()), (3, "b,c".to_owned()), (4, "d".to_owned())];
        assert_eq!(lines(b"\xef\xbb\xbfa\r\n\r\nb,c\nd").unwrap(), want);
        assert_eq!(lines(b"").unwrap(), vec![]);
        assert_eq!(lines(b"\n\n").unwrap(), vec![]);
    }

    #[test]
    fn a_line_without_end_and_bytes_that_are_no_text_are_refused() {
        let long = vec![b'1'; LINE_LEN_MAX + 1];
        assert!(lines(&long).unwrap_err().to_string().contains("longer than"));
        assert!(lines(b"a\n\xff\xfe\n").unwrap_err().to_string().starts_with("line 2: it is not text"));
    }
}
