//! Public reads whose answer this process holds are answered here, before the routes: finding a route, unpacking its layers and packing
//! the answer again cost several times what the answer does. The same limits, conditions and measurements hold as behind the routes;
//! what is not held goes there.

use axum::http::{Method, StatusCode, header};
use http::Request;

use crate::app::App;
use crate::cached::{self, Kept, Public};
use crate::limited;

/// An answer that is ready, or one that says why there is none.
pub(crate) enum Answer {
    /// What was kept.
    Kept(Kept),
    /// Put off or refused by the limits.
    Refused(Box<axum::response::Response>),
}

impl Answer {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Kept(kept) => kept.status,
            Self::Refused(response) => response.status(),
        }
    }
}

/// The answer to a request, if this process holds it.
pub(crate) async fn answer(app: &App, request: &Request) -> Option<Answer> {
    let headers = request.headers();
    let has_body =
        headers.contains_key(header::CONTENT_LENGTH) || headers.contains_key(header::TRANSFER_ENCODING);
    if *request.method() != Method::GET || has_body {
        return None;
    }
    let public = Public::of(request.path())?;
    let answered = async {
        let key = public.key(app, request.uri(), headers)?;
        let held = app.cache.held(&key).await?;
        let admitted = match app.dials.is_limited() {
            true => {
                let address = request.peer().ip();
                match limited::enter(app, ::limits::Class::Market, headers, address).await {
                    Ok(admitted) => Some(admitted),
                    Err(refused) => return Some(Answer::Refused(refused)),
                }
            }
            false => None,
        };
        let mut kept = cached::read(held, headers.get(header::IF_NONE_MATCH));
        if let Some(admitted) = admitted {
            admitted.answered(kept.status, &mut kept.headers);
        }
        Some(Answer::Kept(kept))
    };
    let observed = async { answered.await.map(|answer| (answer.status().as_u16(), answer)) };
    app.observed.read(public.route, observed).await
}
