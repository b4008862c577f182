//! From the accept loop to the routes and back: request ids, bodies within limits, conditional answers, security headers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::MatchedPath;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::{BodyError, Counters, Limits, Request, Service, Stop};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate as _, SizeAbove};

use crate::app::App;
use crate::auth::principal::{Peer, RequestId};
use crate::auth::serial;
use crate::auth::signed::BodyHash;
use crate::operator::Operator;
use crate::ports::{PageAsk, Pages};
use crate::quick::Answer;
use crate::trace::{self, TRACE_ID, TraceId};
use crate::{Problem, beats, cached, etag, feeds, limited, observe, openapi, quick, socket, warm};

/// Answers above so many bytes are compressed.
const COMPRESS_ABOVE: u64 = 1_024;
/// Answers up to so many bytes get an ETag; what is larger is streamed.
const WHOLE_MAX: u64 = 4 * 1024 * 1024;
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// How the API listens.
#[derive(Clone)]
pub struct ApiConfig {
    /// Where.
    pub addr: SocketAddr,
    /// What a client may take.
    pub http: Limits,
    /// Whether `/api/openapi.json` and `/api/docs` are served.
    pub docs: bool,
    /// The one other origin whose pages may call the API; none by default.
    pub frontend: Option<String>,
    /// The dashboard; without it the API is all there is.
    pub pages: Option<Arc<dyn Pages>>,
}

/// A running API.
#[derive(Debug)]
pub struct BoundApi {
    addr: SocketAddr,
    task: tokio::task::JoinHandle<()>,
    counters: Arc<Counters>,
    operator: Operator,
}

impl BoundApi {
    /// Where it listens.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// The same API for the operator at the machine.
    #[must_use]
    pub const fn operator(&self) -> &Operator {
        &self.operator
    }

    /// What its connections did.
    #[must_use]
    pub const fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    /// Resolves when it has stopped and no connection is left.
    pub async fn ended(self) {
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the API's accept loop ended badly");
        }
    }
}

/// Listens and serves until `stop`.
///
/// # Errors
/// When the address cannot be had.
pub async fn serve(app: Arc<App>, config: ApiConfig, stop: Stop) -> std::io::Result<BoundApi> {
    let listener = http::listen(config.addr)?;
    let addr = listener.local_addr()?;
    let counters = Arc::<Counters>::default();
    tokio::spawn(Arc::clone(&app.broadcast).run(stop.clone()));
    tokio::spawn(socket::watch(Arc::clone(&app), stop.clone()));
    tokio::spawn(feeds::run(Arc::clone(&app), stop.clone()));
    tokio::spawn(beats::run(Arc::clone(&app), stop.clone()));
    let router = router(Arc::clone(&app), &config);
    app.dials.set_frontend(config.frontend.as_deref());
    let operator = Operator::new(Arc::clone(&app), router.clone());
    tokio::spawn(warm::run(Arc::clone(&app), router.clone(), stop.clone()));
    tokio::spawn(forget(Arc::clone(&app), stop.clone()));
    let front = Arc::new(Front { app, router, pages: config.pages });
    let task = tokio::spawn(http::serve(listener, front, config.http, Arc::clone(&counters), stop));
    Ok(BoundApi { addr, task, counters, operator })
}

/// Forgets what other instances with the same Redis have changed, until `stop`.
async fn forget(app: Arc<App>, mut stop: Stop) {
    tokio::select! {
        () = Arc::clone(&app.cache).follow() => {}
        () = stop.wait() => {}
    }
}

fn router(app: Arc<App>, config: &ApiConfig) -> Router {
    let (router, document) = openapi::routes().split_for_parts();
    let document = openapi::described(document);
    let router = if config.docs { router.merge(openapi::pages(&document)) } else { router };
    let compressed = SizeAbove::new(COMPRESS_ABOVE).and(NotForContentType::const_new("text/event-stream"));
    router
        .fallback(|| async { Problem::not_found("path") })
        .method_not_allowed_fallback(|| async {
            Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "this path does not know this method",
            )
        })
        // Before it is compressed, when its length is known; the tag is weak, so it stands for every encoding.
        .layer(axum::middleware::from_fn(etag::conditional))
        .layer(CompressionLayer::new().compress_when(compressed))
        .layer(axum::middleware::from_fn_with_state(Arc::clone(&app), cached::requests))
        .layer(axum::middleware::from_fn_with_state(Arc::clone(&app), limited::requests))
        .layer(axum::middleware::from_fn_with_state(Arc::clone(&app), observe::requests))
        .with_state(app)
}

struct Front {
    app: Arc<App>,
    router: Router,
    pages: Option<Arc<dyn Pages>>,
}

impl Service for Front {
    async fn call(self: Arc<Self>, mut request: Request) -> http::Response {
        let id = format!("r_{:032x}", serial());
        let trace = TraceId::of(request.headers());
        let origin = request.headers().get(header::ORIGIN).cloned();
        if request.path() == socket::PATH {
            return match socket::accept(&self.app, self.app.dials.frontend().as_deref(), request).await {
                Ok(switching) => switching,
                Err(problem) => self.finish(problem.into_response(), &id, origin.as_ref()).await,
            };
        }
        let mut span = trace.span(request.method());
        if let Some(answer) = quick::answer(&self.app, &request).await {
            let status = answer.status().as_u16();
            trace::answered(&mut span, request.path(), None, request.method(), status);
            return self.quick(answer, &id, trace, origin.as_ref()).await;
        }
        let response = match self.preflight(&request).or_else(|| self.page(&request)) {
            Some(response) => response,
            None => match request.body().await {
                Ok(body) => {
                    let started = Instant::now();
                    let response = traces::within(span.context(), self.route(&request, body, &id)).await;
                    let took = started.elapsed();
                    if took > observe::SLOW {
                        let (method, path, ms) = (request.method(), request.path(), took.as_millis());
                        tracing::warn!(target: "api::slow", request = id, %trace, %method, path, ms, "slow request");
                    }
                    response
                }
                Err(error) => body_problem(error).into_response(),
            },
        };
        let route = response.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
        trace::answered(&mut span, request.path(), route, request.method(), response.status().as_u16());
        drop(span);
        self.traced(response, &id, trace, origin.as_ref()).await
    }

    fn failed(&self) -> http::Response {
        let text = br#"{"title":"Internal Server Error","status":500,"code":"internal","detail":"something failed on our side"}"#;
        let mut response = http::Response::new(http::body::whole(Bytes::from_static(text)));
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        let json = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        response
    }
}

impl Front {
    async fn route(&self, request: &Request, body: Bytes, id: &str) -> Response {
        let hash = BodyHash::of(request.headers(), &body);
        let mut inner = axum::http::Request::new(Body::from(body));
        *inner.method_mut() = request.method().clone();
        *inner.uri_mut() = request.uri().clone();
        *inner.headers_mut() = request.headers().clone();
        inner.extensions_mut().insert(Peer(request.peer()));
        inner.extensions_mut().insert(RequestId(id.into()));
        if let Some(hash) = hash {
            inner.extensions_mut().insert(hash);
        }
        self.router.clone().oneshot(inner).await.unwrap_or_else(|never| match never {})
    }

    /// The answer to a browser's question whether another origin's page may call (CORS): closed unless configured.
    fn preflight(&self, request: &Request) -> Option<Response> {
        let asks = request.method() == Method::OPTIONS
            && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        asks.then(|| {
            let mut response = StatusCode::NO_CONTENT.into_response();
            if self.allows(request.headers().get(header::ORIGIN)) {
                let headers = response.headers_mut();
                let methods = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE");
                headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
                let allowed =
                    HeaderValue::from_static("authorization, content-type, idempotency-key, if-none-match");
                headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
                headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
            }
            response
        })
    }

    /// A file of the dashboard, if the path is one of its own.
    fn page(&self, request: &Request) -> Option<Response> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return None;
        }
        let said = |name: HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
        let ask = PageAsk {
            path: request.uri().path(),
            accept: said(header::ACCEPT),
            encodings: said(header::ACCEPT_ENCODING),
            known: said(header::IF_NONE_MATCH),
        };
        let page = self.pages.as_ref()?.page(&ask)?;
        let sends = !page.is_known && *request.method() == Method::GET;
        let mut response = Response::new(if sends { Body::from(page.body) } else { Body::empty() });
        let headers = response.headers_mut();
        headers.insert(header::ETAG, HeaderValue::from_static(page.tag));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(page.cache));
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if page.is_known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return Some(response);
        }
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(page.kind));
        if let Some(encoding) = page.encoding {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        Some(response)
    }

    fn allows(&self, origin: Option<&HeaderValue>) -> bool {
        let origin = origin.and_then(|o| o.to_str().ok());
        origin.is_some() && origin == self.app.dials.frontend().as_deref()
    }

    async fn quick(
        &self,
        answer: Answer,
        id: &str,
        trace: TraceId,
        origin: Option<&HeaderValue>,
    ) -> http::Response {
        let mut kept = match answer {
            Answer::Kept(kept) => kept,
            Answer::Refused(refused) => return self.traced(*refused, id, trace, origin).await,
        };
        self.head(&mut kept.headers, id, origin);
        kept.headers.extend(trace.header().map(|trace| (TRACE_ID, trace)));
        let mut response = http::Response::new(http::body::whole(kept.body));
        (*response.status_mut(), *response.headers_mut()) = (kept.status, kept.headers);
        response
    }

    async fn traced(
        &self,
        response: Response,
        id: &str,
        trace: TraceId,
        origin: Option<&HeaderValue>,
    ) -> http::Response {
        let mut response = self.finish(response, id, origin).await;
        response.headers_mut().extend(trace.header().map(|trace| (TRACE_ID, trace)));
        response
    }

    async fn finish(&self, response: Response, id: &str, origin: Option<&HeaderValue>) -> http::Response {
        let (mut parts, body) = response.into_parts();
        let body = match parts.extensions.remove::<Problem>() {
            Some(mut problem) => {
                problem.request_id = Some(id.to_owned());
                parts.headers.remove(header::CONTENT_LENGTH);
                parts.headers.remove(header::CONTENT_ENCODING);
                http::body::whole(serde_json::to_vec(&problem).unwrap_or_default())
            }
            None => into_body(body).await,
        };
        self.head(&mut parts.headers, id, origin);
        http::Response::from_parts(parts, body)
    }

    /// What every answer says.
    fn head(&self, headers: &mut axum::http::HeaderMap, id: &str, origin: Option<&HeaderValue>) {
        if let Ok(id) = HeaderValue::from_str(id) {
            headers.insert(REQUEST_ID, id);
        }
        secure(headers);
        if let Some(origin) = origin.filter(|origin| self.allows(Some(origin))) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
            headers.append(header::VARY, HeaderValue::from_static("origin"));
        }
    }
}

/// Short bodies whole, long ones as they come.
async fn into_body(body: Body) -> http::body::Body {
    use axum::body::HttpBody as _;
    if body.size_hint().upper().is_none_or(|len| len > WHOLE_MAX) {
        return http::body::streamed(body);
    }
    match body.collect().await {
        Ok(whole) => http::body::whole(whole.to_bytes()),
        Err(error) => {
            tracing::error!(%error, "an answer broke off");
            http::body::whole(Bytes::new())
        }
    }
}

/// What every answer says to browsers: no guessing of types, no framing, nothing from elsewhere, no trace in other sites' logs.
fn secure(headers: &mut axum::http::HeaderMap) {
    let mut set = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(header::REFERRER_POLICY, "no-referrer");
    set(
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
    );
    set(header::CACHE_CONTROL, "no-store");
}

fn body_problem(error: BodyError) -> Problem {
    match error {
        BodyError::TooLarge => {
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "the body is larger than allowed here")
        }
        BodyError::TimedOut => {
            Problem::new(StatusCode::REQUEST_TIMEOUT, "too_slow", "the body did not arrive in time")
        }
        BodyError::Broken => Problem::invalid("the body broke off"),
    }
}
