//! A profile as a picture: Brendan Gregg's flame graph with the callers on top, plain SVG without script.
//!
//! Frames of one caller stand in the order of their names, so that two pictures can be laid side by side.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::profile::Profile;

/// Width of the picture, pixels.
const WIDTH: f64 = 1_200.0;
/// Height of a frame, pixels.
const ROW: u32 = 17;
/// Above the frames, pixels.
const HEAD: u32 = 34;
/// A character of 11 px in a font of one width, pixels.
const LETTER: f64 = 6.7;
/// Narrower frames are not drawn, pixels.
const NARROWEST: f64 = 0.4;
/// Fewer letters are not worth writing.
const LETTERS_MIN: usize = 3;

/// A frame and what it called.
#[derive(Default)]
struct Frame<'a> {
    samples: u64,
    called: BTreeMap<&'a str, Frame<'a>>,
}

impl Frame<'_> {
    fn depth(&self) -> u32 {
        1 + self.called.values().map(Frame::depth).max().unwrap_or(0)
    }
}

/// Draws a profile.
pub(crate) fn draw(profile: &Profile, title: &str) -> String {
    let mut all = Frame::default();
    for (stack, count) in profile.stacks() {
        all.samples += count;
        let mut at = &mut all;
        for frame in stack {
            at = at.called.entry(frame).or_default();
            at.samples += count;
        }
    }
    let height = HEAD + all.depth() * ROW + 4;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"ui-monospace, monospace\" font-size=\"11\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fffdf8\"/>\n<text x=\"4\" y=\"20\" font-size=\"13\">{}</text>\n",
        escaped(title)
    );
    let mut pen = Pen { total: all.samples.max(1), svg: &mut svg };
    pen.frame("all", &all, 0, 0.0);
    svg.push_str("</svg>\n");
    svg
}

struct Pen<'a> {
    total: u64,
    svg: &'a mut String,
}

impl Pen<'_> {
    /// A frame and below it what it called, from `x` pixels on.
    fn frame(&mut self, name: &str, frame: &Frame<'_>, depth: u32, x: f64) {
        let share = ratio(frame.samples, self.total);
        let width = share * WIDTH;
        if width < NARROWEST {
            return;
        }
        let (y, percent) = (HEAD + depth * ROW, share * 100.0);
        let (samples, whole, colour) = (frame.samples, escaped(name), colour(name));
        let _ = write!(
            self.svg,
            "<g><title>{whole}: {samples} samples, {percent:.1} %</title>\
             <rect x=\"{x:.1}\" y=\"{y}\" width=\"{:.1}\" height=\"{}\" rx=\"1\" fill=\"{colour}\"/>",
            (width - 0.3).max(0.1),
            ROW - 1
        );
        let room = letters(width);
        if room >= LETTERS_MIN {
            let cut: String = short(name).chars().take(room).collect();
            let _ = write!(self.svg, "<text x=\"{:.1}\" y=\"{}\">{}</text>", x + 3.0, y + 12, escaped(&cut));
        }
        self.svg.push_str("</g>\n");
        let mut next = x;
        for (name, called) in &frame.called {
            self.frame(name, called, depth + 1, next);
            next += ratio(called.samples, self.total) * WIDTH;
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of samples, far below 2^53")]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 0 and the picture's width"
)]
fn letters(width: f64) -> usize {
    ((width - 6.0).max(0.0) / LETTER) as usize
}

/// `<T as tokio::task::Future>::poll` without what a reader does not need: the hash at the end.
fn short(name: &str) -> &str {
    match name.rsplit_once("::h") {
        Some((head, hash)) if hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => head,
        _ => name,
    }
}

/// A warm colour that is the same for a name in every picture (FNV-1a).
fn colour(name: &str) -> String {
    let hash = short(name)
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    let (hue, light) = (hash % 50, 62 + hash / 50 % 14);
    format!("hsl({hue} 85% {light}%)")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(stacks: &[(&str, u64)]) -> Profile {
        let mut profile = Profile::default();
        for (stack, count) in stacks {
            profile.add(stack.split(';').map(str::to_owned).collect(), *count);
        }
        profile
    }

    #[test]
    fn a_frame_is_as_wide_as_its_share_and_stands_below_its_caller() {
        let svg = draw(&profile(&[("w;main;a", 30), ("w;main;b", 10), ("w;main", 60)]), "ten seconds");
        let rect = |name: &str| {
            let from = svg.find(&format!("<title>{name}:")).unwrap_or_else(|| panic!("no {name} in {svg}"));
            let text = &svg[from..];
            ["x", "y", "width"].map(|field| {
                let at = text.find(&format!(" {field}=\"")).unwrap() + field.len() + 3;
                text[at..].split('"').next().unwrap().to_owned()
            })
        };
        assert_eq!(rect("main"), ["0.0", &(HEAD + 2 * ROW).to_string(), "1199.7"]);
        assert_eq!(rect("a"), ["0.0", &(HEAD + 3 * ROW).to_string(), "359.7"]);
        assert_eq!(rect("b"), ["360.0", &(HEAD + 3 * ROW).to_string(), "119.7"]);
        assert!(svg.contains("a: 30 samples, 30.0 %") && svg.contains(">ten seconds<"), "{svg}");
    }

    #[test]
    fn names_cannot_break_out_of_the_picture() {
        let svg = draw(&profile(&[("w;<T as \"A\">::f&<script>", 1)]), "<b>");
        assert!(!svg.contains("<script>") && !svg.contains("<b>"), "{svg}");
        assert!(svg.contains("&lt;T as &quot;A&quot;&gt;::f&amp;&lt;script&gt;"), "{svg}");
    }

    #[test]
    fn nothing_sampled_is_an_empty_picture() {
        let svg = draw(&Profile::default(), "idle");
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n") && !svg.contains("NaN"), "{svg}");
    }

    #[test]
    fn hashes_at_the_end_of_names_are_not_shown() {
        assert_eq!(short("a::b::h0123456789abcdef"), "a::b");
        assert_eq!(short("a::b::help"), "a::b::help");
        assert_eq!(colour("a::b::h0123456789abcdef"), colour("a::b::h1123456789abcdef"));
    }
}
