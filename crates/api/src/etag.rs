//! Conditional GET: an answer that has not changed is not sent again (RFC 9110, 13.1.2).

use axum::body::{Body, HttpBody as _};
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest;

/// Bodies up to this size are hashed, in bytes; larger ones are streamed without an ETag.
const LEN_MAX: u64 = 1024 * 1024;

/// Adds a weak ETag to short GET answers and answers 304 when the client has the same.
pub(crate) async fn conditional(request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let known = request.headers().get(header::IF_NONE_MATCH).cloned();
    let response = next.run(request).await;
    let short = response.body().size_hint().upper().is_some_and(|len| len <= LEN_MAX);
    if !reads
        || !short
        || response.status() != StatusCode::OK
        || response.headers().contains_key(header::ETAG)
    {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, usize::try_from(LEN_MAX).unwrap_or(usize::MAX)).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response_empty();
    };
    let hash = digest::digest(&digest::SHA256, &bytes);
    let tag = format!("W/\"{}\"", URL_SAFE_NO_PAD.encode(&hash.as_ref()[..12]));
    if let Ok(value) = HeaderValue::from_str(&tag) {
        parts.headers.insert(header::ETAG, value);
    }
    if !parts.headers.contains_key(header::CACHE_CONTROL) {
        // Keep it, but ask each time whether it still holds; nobody else's cache may keep it.
        parts.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    }
    if known.is_some_and(|known| matches(&known, &tag)) {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(header::CONTENT_LENGTH);
        parts.headers.remove(header::CONTENT_TYPE);
        parts.headers.remove(header::CONTENT_ENCODING);
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, Body::from(bytes))
}

trait EmptyResponse {
    fn into_response_empty(self) -> Response;
}

impl EmptyResponse for StatusCode {
    fn into_response_empty(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self;
        response
    }
}

/// Weak comparison with a list of tags.
pub(crate) fn matches(known: &HeaderValue, tag: &str) -> bool {
    let bare = |text: &str| text.trim().trim_start_matches("W/").to_owned();
    known
        .to_str()
        .is_ok_and(|known| known.trim() == "*" || known.split(',').any(|one| bare(one) == bare(tag)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_compared_weakly_one_by_one() {
        let known = HeaderValue::from_static("\"a\", W/\"b\"");
        assert!(matches(&known, "W/\"a\"") && matches(&known, "W/\"b\""));
        assert!(!matches(&known, "W/\"c\""));
        assert!(matches(&HeaderValue::from_static("*"), "W/\"c\""));
    }
}
