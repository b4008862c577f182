//! What an answer carries: bytes that are all there, or a stream of them (exports that do not fit into memory).

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Either, Full};
use hyper::body::Body as HttpBody;

/// Any error of a body that is still being made; the connection is closed, since its head was sent already.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The body of an answer. Short answers are whole and cost nothing extra.
pub type Body = Either<Full<Bytes>, UnsyncBoxBody<Bytes, BoxError>>;

/// A body that is all there.
#[must_use]
pub fn whole(bytes: impl Into<Bytes>) -> Body {
    Either::Left(Full::new(bytes.into()))
}

/// A body that is made while it is sent. Who does not read is dropped after [`crate::Limits::write_stall_max`].
#[must_use]
pub fn streamed<B>(body: B) -> Body
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    Either::Right(body.map_err(Into::into).boxed_unsync())
}
