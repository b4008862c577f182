//! The routes with their description: the router and `/api/openapi.json` come from the same table.

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::IntoResponse;
use axum::routing::get;
use utoipa::OpenApi;
use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{self, ContentBuilder, Object, Ref, RefOr, ResponseBuilder, Schema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::routes::{
    account_limits, accounts, alerts, analytics, audit, backtests, bots, export, health, indicators, jobs,
    keys, logs, markets, models, monitoring, orders, performance, profile, session, settings, setup,
    strategies, sweeps, system, totp, trades, users, venue_keys, venues, ws,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tradewind",
        description = "The platform's API. Decimals are strings, times are RFC 3339, errors are problem+json (RFC 9457) with a stable `code`.",
        license(name = "MIT OR Apache-2.0")
    ),
    modifiers(&Schemes),
    security(("bearer" = []))
)]
struct Document;

struct Schemes;

impl utoipa::Modify for Schemes {
    fn modify(&self, document: &mut openapi::OpenApi) {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    }
}

/// All routes.
pub(crate) fn routes() -> OpenApiRouter<Arc<App>> {
    trading(automation(changing(OpenApiRouter::with_openapi(Document::openapi()))))
        .routes(routes!(health::alive))
        .routes(routes!(health::alive_at_old_path))
        .routes(routes!(health::database_alive))
        .routes(routes!(health::detailed))
        .routes(routes!(health::ready))
        .routes(routes!(health::status))
        .routes(routes!(monitoring::database))
        .routes(routes!(analytics::account))
        .routes(routes!(logs::list))
        .routes(routes!(audit::list))
        .routes(routes!(keys::list, keys::create))
        .routes(routes!(keys::revoke))
        .routes(routes!(venue_keys::list, venue_keys::add))
        .routes(routes!(venue_keys::remove))
        .routes(routes!(setup::needed, setup::set_up))
        .routes(routes!(session::login))
        .routes(routes!(session::login_at_old_path))
        .routes(routes!(session::refresh))
        .routes(routes!(session::logout))
        .routes(routes!(session::me))
        .routes(routes!(totp::enrol))
        .routes(routes!(totp::verify))
        .routes(routes!(totp::remove))
        .routes(routes!(users::change_password))
        .routes(routes!(users::list_sessions))
        .routes(routes!(users::end_session))
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::change))
        .routes(routes!(markets::list))
        .routes(routes!(venues::list))
        .routes(routes!(markets::tickers))
        .routes(routes!(markets::market_data))
        .routes(routes!(markets::book))
        .routes(routes!(markets::candles))
        .routes(routes!(markets::candle_batch))
        .routes(routes!(indicators::list))
        .routes(routes!(indicators::values))
        .routes(routes!(models::list, models::create))
        .routes(routes!(models::get, models::remove))
        .routes(routes!(models::train))
        .routes(routes!(models::cancel))
        .routes(routes!(models::metrics))
        .routes(routes!(models::predict::predict))
        .routes(routes!(ws::ticket))
        .routes(routes!(performance::metrics))
        .routes(routes!(performance::health))
        .routes(routes!(performance::performance))
        .routes(routes!(performance::cache, performance::clear_cache))
        .routes(routes!(performance::warm_cache))
        .routes(routes!(profile::profile))
        .routes(routes!(performance::loadbalancer))
        .routes(routes!(performance::dashboard))
        .routes(routes!(alerts::open))
        .routes(routes!(alerts::list))
        .routes(routes!(alerts::rules))
        .routes(routes!(alerts::runbook))
        .routes(routes!(alerts::acknowledge))
        .routes(routes!(alerts::silences::list, alerts::silences::add))
        .routes(routes!(alerts::silences::remove))
        .routes(routes!(alerts::channels::list))
        .routes(routes!(alerts::channels::test))
}

/// What people and administrators set.
fn changing(router: OpenApiRouter<Arc<App>>) -> OpenApiRouter<Arc<App>> {
    router.routes(routes!(settings::get, settings::change)).routes(routes!(system::get, system::change))
}

/// Accounts, what they may do, and what they trade.
fn trading(router: OpenApiRouter<Arc<App>>) -> OpenApiRouter<Arc<App>> {
    router
        .routes(routes!(accounts::list, accounts::open))
        .routes(routes!(accounts::balances))
        .routes(routes!(accounts::halt))
        .routes(routes!(accounts::resume))
        .routes(routes!(account_limits::get, account_limits::set))
        .routes(routes!(orders::list, orders::place::place))
        .routes(routes!(orders::get, orders::cancel, orders::amend::amend))
        .routes(routes!(orders::preview::preview))
        .routes(routes!(trades::list))
        .routes(routes!(export::trades))
        .routes(routes!(trades::list_positions))
}

/// Bots and what is computed for them.
fn automation(router: OpenApiRouter<Arc<App>>) -> OpenApiRouter<Arc<App>> {
    router
        .routes(routes!(strategies::list))
        .routes(routes!(bots::list, bots::create::create))
        .routes(routes!(bots::get, bots::change, bots::remove))
        .routes(routes!(bots::control::start))
        .routes(routes!(bots::control::pause))
        .routes(routes!(bots::control::stop))
        .routes(routes!(bots::control::exit))
        .routes(routes!(bots::control::signal))
        .routes(routes!(bots::record::decisions))
        .routes(routes!(bots::record::equity))
        .routes(routes!(backtests::list, backtests::run))
        .routes(routes!(backtests::get, backtests::remove))
        .routes(routes!(backtests::outcome::trades))
        .routes(routes!(backtests::outcome::equity))
        .routes(routes!(backtests::outcome::report))
        .routes(routes!(sweeps::list, sweeps::run))
        .routes(routes!(sweeps::get))
        .routes(routes!(jobs::list))
        .routes(routes!(jobs::get, jobs::cancel))
}

/// What every operation can answer beside what it says itself.
const ANYWHERE: [(&str, &str); 3] = [
    ("429", "too many requests; `Retry-After` says when the next one fits"),
    ("500", "a fault of the server, noted in its log under the request's id"),
    ("503", "not now: overloaded, stopping, or the database does not answer"),
];
/// What every operation that takes a body can answer.
const WITH_BODY: [(&str, &str); 3] = [
    ("400", "the body is not what is wanted here"),
    ("413", "the body is too large"),
    ("415", "the body is not JSON"),
];

/// What all operations have in common: limits, faults, bodies that are too large or not JSON, and errors that are problem+json.
pub(crate) fn described(mut document: openapi::OpenApi) -> openapi::OpenApi {
    const JSON: &str = "application/json";
    let items = document.paths.paths.values_mut();
    let operations = items
        .flat_map(|item| [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete]);
    for operation in operations.flatten() {
        let responses = &mut operation.responses.responses;
        let with_body = WITH_BODY.iter().filter(|_| operation.request_body.is_some());
        for (status, why) in ANYWHERE.iter().chain(with_body) {
            let schema = Ref::from_schema_name("Problem");
            let content = ContentBuilder::new().schema(Some(schema)).build();
            let response = ResponseBuilder::new().description(*why).content(JSON, content).build();
            responses.entry((*status).to_owned()).or_insert(RefOr::T(response));
        }
        for response in responses.values_mut() {
            let RefOr::T(response) = response else { continue };
            let problem = matches!(response.content.get(JSON), Some(RefOr::T(content))
                if matches!(&content.schema, Some(RefOr::Ref(to)) if to.ref_location.ends_with("/Problem")));
            if problem && let Some(content) = response.content.shift_remove(JSON) {
                response.content.insert("application/problem+json".to_owned(), content);
            }
        }
    }
    if let Some(components) = &mut document.components {
        merge_closed(components);
    }
    document
}

/// A type that holds the fields of another one beside its own is described as both at once (`allOf`). Where the other one
/// allows no further fields, nothing would fit both: such types are described as one.
fn merge_closed(components: &mut openapi::Components) {
    let closed = |schema: &Object| {
        matches!(schema.additional_properties.as_deref(), Some(AdditionalProperties::FreeForm(false)))
    };
    let object = |name: &str| match components.schemas.get(name) {
        Some(RefOr::T(Schema::Object(object))) => Some(object.clone()),
        _ => None,
    };
    let part = |item: &RefOr<Schema>| match item {
        RefOr::Ref(to) => object(to.ref_location.rsplit('/').next().unwrap_or_default()),
        RefOr::T(Schema::Object(object)) => Some(object.clone()),
        RefOr::T(_) => None,
    };
    let mut merged = Vec::new();
    for (name, schema) in &components.schemas {
        let RefOr::T(Schema::AllOf(all)) = schema else { continue };
        let Some(parts) = all.items.iter().map(part).collect::<Option<Vec<Object>>>() else { continue };
        if !parts.iter().any(closed) {
            continue;
        }
        let mut one = Object::new();
        one.description.clone_from(&all.description);
        for part in parts {
            one.properties.extend(part.properties);
            one.required.extend(part.required);
        }
        one.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
        merged.push((name.clone(), RefOr::T(Schema::Object(one))));
    }
    components.schemas.extend(merged);
}

/// The description as pretty JSON, as it is committed in `docs/openapi.json`.
#[must_use]
pub fn document() -> String {
    let (_, document) = routes().split_for_parts();
    let mut text = described(document).to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

const PAGE: &str = include_str!("docs/page.html");
const SCRIPT: &str = include_str!("docs/page.js");
const STYLE: &str = include_str!("docs/page.css");

/// The description for programs and for people.
pub(crate) fn pages(document: &openapi::OpenApi) -> Router<Arc<App>> {
    let json: Arc<str> = Arc::from(document.to_json().unwrap_or_default());
    let typed = |kind: &'static str, text: &'static str| {
        move || async move { ([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], text).into_response() }
    };
    Router::new()
        .route(
            "/api/openapi.json",
            get(move || {
                let json = Arc::clone(&json);
                async move {
                    let kind = HeaderValue::from_static("application/json");
                    ([(header::CONTENT_TYPE, kind)], json.to_string()).into_response()
                }
            }),
        )
        .route("/api/docs", get(typed("text/html; charset=utf-8", PAGE)))
        .route("/api/docs/page.js", get(typed("text/javascript; charset=utf-8", SCRIPT)))
        .route("/api/docs/page.css", get(typed("text/css; charset=utf-8", STYLE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_describes_its_errors() {
        let document: serde_json::Value = serde_json::from_str(&document()).unwrap();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let has = |status: &str| operation["responses"][status].is_object();
                let secured =
                    operation["security"].as_array().is_none_or(|all| *all != [serde_json::json!({})]);
                let changes = method != "get" && secured;
                let wanted = [
                    (true, "429"),
                    (true, "500"),
                    (true, "503"),
                    (secured, "401"),
                    (path.contains('{'), "404"),
                    (operation["requestBody"].is_object(), "400"),
                    (operation["requestBody"].is_object(), "413"),
                ];
                for (needed, status) in wanted {
                    assert!(!needed || has(status), "{method} {path} does not describe {status}");
                }
                assert!(!changes || has("403") || ANY_ROLE.contains(&path.as_str()), "{method} {path}: 403");
            }
        }
    }

    /// What anybody who is logged in may change: it is their own.
    const ANY_ROLE: [&str; 4] =
        ["/api/auth/logout", "/api/ml/models/{model_id}/predict", "/api/settings", "/api/ws/ticket"];

    #[test]
    fn every_described_body_can_be_made() {
        let document: serde_json::Value = serde_json::from_str(&document()).unwrap();
        let schemas = &document["components"]["schemas"];
        let named = |item: &serde_json::Value| {
            let name =
                item["$ref"].as_str().unwrap_or_default().rsplit('/').next().unwrap_or_default().to_owned();
            if name.is_empty() { item.clone() } else { schemas[name].clone() }
        };
        for (name, schema) in schemas.as_object().unwrap() {
            let parts = schema["allOf"].as_array().into_iter().flatten().map(named);
            let closed = parts.filter(|part| part["additionalProperties"] == false).count();
            assert_eq!(closed, 0, "{name}: a part that allows no other fields stands beside others");
        }
        let model = &schemas["ModelRequest"];
        assert_eq!(model["additionalProperties"], false);
        assert!(
            model["properties"]["name"].is_object() && model["properties"]["algorithm"].is_object(),
            "{model}"
        );
    }
}
