//! Layer 4: the built dashboard, embedded in the program.
//!
//! Knows nothing but the files of `web/dist`: which there are, their types, their tags and their compressed forms, and what is
//! answered to a browser that asks for a path. No file is read at run time and nothing is compressed then.
//!
//! * Files whose name bears a hash never change: kept for a year. Everything else is asked for again each time (ETag).
//! * A path that is no file and looks like a page is the application's: it gets `index.html` and the application's own router
//!   decides. A path that is reserved for programs never is.

/// A file of the dashboard.
struct Embedded {
    path: &'static str,
    tag: &'static str,
    bytes: &'static [u8],
    gzip: Option<&'static [u8]>,
    brotli: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// First parts of paths that belong to programs: never answered with a page.
const RESERVED: &[&str] = &["api", "auth", "health", "ws", "metrics"];
/// How long a file with a hash in its name is kept: it never changes.
const FOREVER: &str = "public, max-age=31536000, immutable";
/// Keep it, but ask each time whether it still holds.
const ASK: &str = "no-cache";

/// What a browser asks for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ask<'a> {
    /// The path of the address, beginning with `/`.
    pub path: &'a str,
    /// `Accept`, as sent.
    pub accept: Option<&'a str>,
    /// `Accept-Encoding`, as sent.
    pub encodings: Option<&'a str>,
    /// `If-None-Match`, as sent.
    pub known: Option<&'a str>,
}

/// What is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The browser has this version: answer 304 without a body.
    pub is_known: bool,
    /// `Content-Type`.
    pub kind: &'static str,
    /// `ETag`, with its quotes.
    pub tag: &'static str,
    /// `Cache-Control`.
    pub cache: &'static str,
    /// `Content-Encoding`; `None` as it is.
    pub encoding: Option<&'static str>,
    /// The body in that encoding.
    pub body: &'static [u8],
}

/// The dashboard's answer; `None` when the path is not its business.
#[must_use]
pub fn answer(ask: &Ask<'_>) -> Option<Answer> {
    let path = ask.path.strip_prefix('/')?;
    let first = path.split('/').next().unwrap_or_default();
    if RESERVED.contains(&first) {
        return None;
    }
    let file = match find(path) {
        Some(file) => file,
        None if is_page(path, ask.accept) => find("index.html")?,
        None => return None,
    };
    let (encoding, body) = form(file, ask.encodings.unwrap_or_default());
    Some(Answer {
        is_known: ask.known.is_some_and(|known| knows(known, file.tag)),
        kind: kind(file.path),
        tag: file.tag,
        cache: if file.path.starts_with("assets/") { FOREVER } else { ASK },
        encoding,
        body,
    })
}

/// One number for the whole build: changes with any file. For comparing a program with its sources.
#[must_use]
pub fn build() -> String {
    let mixed = FILES.iter().flat_map(|file| file.path.bytes().chain(file.tag.bytes()));
    let hash =
        mixed.fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}

fn find(path: &str) -> Option<&'static Embedded> {
    let path = if path.is_empty() { "index.html" } else { path };
    FILES.iter().find(|file| file.path == path)
}

/// Pages have no dot in their last part, and only those who take HTML want one.
fn is_page(path: &str, accept: Option<&str>) -> bool {
    let last = path.rsplit('/').next().unwrap_or_default();
    !last.contains('.') && accept.is_some_and(|accept| accept.contains("text/html"))
}

fn form(file: &'static Embedded, encodings: &str) -> (Option<&'static str>, &'static [u8]) {
    let takes = |name: &str| {
        encodings.split(',').any(|one| {
            let mut parts = one.split(';').map(str::trim);
            let refused =
                |q: &str| q.strip_prefix("q=").is_some_and(|q| q.trim_matches(['0', '.']).is_empty());
            parts.next() == Some(name) && !parts.any(refused)
        })
    };
    match (file.brotli, file.gzip) {
        (Some(bytes), _) if takes("br") => (Some("br"), bytes),
        (_, Some(bytes)) if takes("gzip") => (Some("gzip"), bytes),
        _ => (None, file.bytes),
    }
}

/// Weak comparison with a list of tags (RFC 9110, 13.1.2).
fn knows(known: &str, tag: &str) -> bool {
    known.trim() == "*" || known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag)
}

fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        "png" => "image/png",
        "json" | "webmanifest" => "application/json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HTML: Option<&str> = Some("text/html,application/xhtml+xml");

    fn ask(path: &'static str) -> Option<Answer> {
        answer(&Ask { path, accept: HTML, ..Ask::default() })
    }

    #[test]
    fn the_application_answers_for_its_pages_and_never_for_programs() {
        let index = ask("/").expect("there is an index");
        assert_eq!(index.kind, "text/html; charset=utf-8");
        assert_eq!(index.cache, ASK);
        assert_eq!(ask("/trade/BTCUSDT"), Some(index));
        for reserved in ["/api", "/api/nothing", "/auth/login", "/health", "/ws", "/metrics"] {
            assert_eq!(ask(reserved), None, "{reserved}");
        }
        assert_eq!(ask("/assets/gone.js"), None);
        assert_eq!(ask("/robots.txt"), None);
        assert_eq!(ask("//elsewhere.example/index.html"), None);
        assert_eq!(
            answer(&Ask { path: "/trade/BTCUSDT", accept: Some("application/json"), ..Ask::default() }),
            None
        );
    }

    #[test]
    fn a_known_version_is_not_sent_again() {
        let index = ask("/").expect("there is an index");
        let asked = |known| answer(&Ask { path: "/", accept: HTML, known: Some(known), ..Ask::default() });
        let weak = format!("\"0\", W/{}", index.tag);
        assert!(answer(&Ask { path: "/", known: Some(&weak), ..Ask::default() }).is_some_and(|a| a.is_known));
        assert!(asked("*").is_some_and(|a| a.is_known));
        assert!(asked("\"0\"").is_some_and(|a| !a.is_known));
    }

    #[test]
    fn hashed_files_are_kept_and_come_in_the_form_that_is_taken() {
        let script = FILES.iter().find(|file| file.path.starts_with("assets/") && file.brotli.is_some());
        let script = script.expect("the dashboard is built and committed");
        let path = format!("/{}", script.path);
        let take = |encodings| answer(&Ask { path: &path, encodings: Some(encodings), ..Ask::default() });
        let plain = take("identity").expect("it is there");
        assert_eq!((plain.encoding, plain.body, plain.cache), (None, script.bytes, FOREVER));
        assert_eq!(take("gzip, deflate, br").expect("it is there").encoding, Some("br"));
        assert_eq!(take("gzip").expect("it is there").encoding, Some("gzip"));
        assert_eq!(take("br;q=0, gzip;q=0.5").expect("it is there").encoding, Some("gzip"));
    }

    #[test]
    fn no_inline_script_or_style_is_in_the_page() {
        // The security policy forbids them: a page with one would stay blank.
        let index = ask("/").expect("there is an index");
        let text = String::from_utf8_lossy(index.body);
        for script in text.split("<script").skip(1) {
            assert!(script.split('>').next().is_some_and(|head| head.contains("src=")), "{script}");
        }
        assert!(!text.contains("<style") && !text.contains(" style=") && !text.contains("onload="));
    }
}
