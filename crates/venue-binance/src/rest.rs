//! One GET over REST: HTTP/1.1 without reuse, redirects or cookies.

use serde::de::DeserializeOwned;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use traces::{Context, Kind, Span};

use crate::FeedError;
use crate::address::Site;
use crate::limits::{ANSWER_LEN_MAX, HEADERS_MAX, REQUEST_MAX};

/// How much of a refusal is told.
const TOLD_MAX: usize = 200;

/// Asks and reads the answer's JSON.
pub(crate) async fn get<T: DeserializeOwned>(site: &Site, path: &str) -> Result<T, FeedError> {
    let pattern = path.split('?').next().unwrap_or(path);
    let mut span =
        Span::child(Kind::Client, if traces::is_on() { format!("GET {pattern}") } else { String::new() });
    span.set("server.address", || site.name());
    let got = get_as(site, path, span.context()).await;
    if let Err(why) = &got {
        span.fail(why.to_string());
    }
    got
}

async fn get_as<T: DeserializeOwned>(
    site: &Site,
    path: &str,
    place: Option<Context>,
) -> Result<T, FeedError> {
    let asked = tokio::time::timeout(REQUEST_MAX, ask(site, path, place)).await;
    let (status, body) = asked.map_err(|_| site.unreachable(&"it did not answer within 10 seconds"))??;
    if status != 200 {
        let text = String::from_utf8_lossy(&body).chars().take(TOLD_MAX).collect();
        return Err(FeedError::Status { host: site.name(), status, text });
    }
    serde_json::from_slice(&body)
        .map_err(|error| FeedError::Malformed { host: site.name(), why: error.to_string() })
}

async fn ask(site: &Site, path: &str, place: Option<Context>) -> Result<(u16, Vec<u8>), FeedError> {
    let failed = |error: std::io::Error| site.unreachable(&error);
    let mut stream = site.connect().await?;
    let place = place.map(|place| format!("{}: {place}\r\n", traces::HEADER)).unwrap_or_default();
    let request = format!(
        "GET {}{path} HTTP/1.1\r\nHost: {}\r\nUser-Agent: tradewind\r\nAccept: application/json\r\n{place}Connection: close\r\n\r\n",
        site.path(),
        site.name(),
    );
    stream.write_all(request.as_bytes()).await.map_err(failed)?;
    let mut answer = Vec::new();
    loop {
        if let Some(whole) = whole(&answer).map_err(|why| malformed(site, why))? {
            return Ok(whole);
        }
        if answer.len() > ANSWER_LEN_MAX {
            return Err(malformed(site, "the answer is too long"));
        }
        if stream.read_buf(&mut answer).await.map_err(failed)? == 0 {
            return ended(&answer).ok_or_else(|| malformed(site, "the answer is cut off"));
        }
    }
}

fn malformed(site: &Site, why: &str) -> FeedError {
    FeedError::Malformed { host: site.name(), why: why.to_owned() }
}

/// Head of an answer: its status, where the body begins, and how its end is found.
struct Head {
    status: u16,
    begins: usize,
    len: Option<usize>,
    chunked: bool,
}

fn head(answer: &[u8]) -> Result<Option<Head>, &'static str> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(begins) =
        response.parse(answer).map_err(|_| "the answer is not HTTP/1.1")?
    else {
        return Ok(None);
    };
    let value = |name: &str| {
        let header = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(header.value).ok()
    };
    let chunked = value("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"));
    let len = value("content-length").and_then(|len| len.trim().parse().ok());
    Ok(Some(Head { status: response.code.unwrap_or(0), begins, len, chunked }))
}

/// An answer that is complete by what it says itself.
fn whole(answer: &[u8]) -> Result<Option<(u16, Vec<u8>)>, &'static str> {
    let Some(head) = head(answer)? else { return Ok(None) };
    let body = &answer[head.begins..];
    if head.chunked {
        return Ok(chunks(body)?.map(|body| (head.status, body)));
    }
    Ok(head.len.and_then(|len| body.get(..len)).map(|body| (head.status, body.to_vec())))
}

/// An answer without a length ends with its connection.
fn ended(answer: &[u8]) -> Option<(u16, Vec<u8>)> {
    let head = head(answer).ok()??;
    (!head.chunked && head.len.is_none()).then(|| (head.status, answer[head.begins..].to_vec()))
}

/// The body of `Transfer-Encoding: chunked` (RFC 9112, 7.1); `None` when more must come.
fn chunks(mut rest: &[u8]) -> Result<Option<Vec<u8>>, &'static str> {
    let mut body = Vec::new();
    loop {
        let (at, len) = match httparse::parse_chunk_size(rest) {
            Ok(httparse::Status::Complete(found)) => found,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(_) => return Err("a chunk of the answer has no size"),
        };
        let len = usize::try_from(len).ok().filter(|len| *len <= ANSWER_LEN_MAX);
        let len = len.ok_or("the answer is too long")?;
        if len == 0 {
            return Ok(Some(body));
        }
        let Some(chunk) = rest.get(at..at + len) else { return Ok(None) };
        body.extend_from_slice(chunk);
        let Some(next) = rest.get(at + len + 2..) else { return Ok(None) };
        rest = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_when_it_says_so_and_not_before() {
        let sized = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n[12]";
        let chunked =
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[1\r\n2;x=y\r\n2]\r\n0\r\n\r\n";
        for answer in [&sized[..], &chunked[..chunked.len() - 2]] {
            for len in 0..answer.len() {
                let cut = whole(&answer[..len]).unwrap();
                // The last chunk is known by its size alone.
                assert!(
                    cut.is_none() || cut == Some((200, b"[12]".to_vec())) && len + 2 >= answer.len(),
                    "{len}"
                );
            }
            assert_eq!(whole(answer).unwrap(), Some((200, b"[12]".to_vec())));
        }
        let endless = b"HTTP/1.1 418 No\r\n\r\nshort and stout";
        assert_eq!(whole(endless), Ok(None));
        assert_eq!(ended(endless), Some((418, b"short and stout".to_vec())));
        assert_eq!(ended(&sized[..sized.len() - 1]), None, "cut off");
        assert!(whole(b"SSH-2.0-OpenSSH\r\n").is_err());
        assert!(whole(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n").is_err());
    }
}
