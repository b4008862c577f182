//! One's own settings: what the pages remember for a person, on every machine the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use bytes::Bytes;
use cache::{Class, Key};
use serde_json::Value;
use store::settings::{self, Scope};
use store::{StoreError, Ts, audit};

use crate::Problem;
use crate::app::App;
use crate::auth::principal::{Principal, Viewer, from_store};
use crate::wire::Json;

/// Most settings of one user.
const SETTINGS_MAX: usize = 200;
/// Longest name in bytes.
const NAME_LEN_MAX: usize = 64;
/// Longest value in bytes of JSON.
const VALUE_LEN_MAX: usize = 8_192;

async fn all(app: &App, who: &Principal) -> Result<BTreeMap<String, Value>, Problem> {
    let scope = Scope::Of(who.owner());
    let stored = settings::all(&mut app.store.read(), scope).await.map_err(|e| from_store(&e))?;
    Ok(stored
        .into_iter()
        .map(|(name, text)| (name, serde_json::from_str(&text).unwrap_or_default()))
        .collect())
}

/// Where they are kept for their owner; of this run, since another may have another database.
fn key(app: &App, who: &Principal) -> Key {
    Key::owned(Class::Profiles, who.user.0.as_u128(), &["settings"]).at(app
        .broadcast
        .hub()
        .epoch()
        .to_owned())
}

/// All of them, from the cache.
async fn kept(app: &App, who: &Principal) -> Result<BTreeMap<String, Value>, Problem> {
    let read = async { all(app, who).await.map(|all| serde_json::to_vec(&all).ok().map(Bytes::from)) };
    match app.cache.get(&key(app, who), read).await {
        Ok(kept) => Ok(kept.and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default()),
        Err(problem) => Err((*problem).clone()),
    }
}

/// One's own settings: name to any JSON value.
#[utoipa::path(get, path = "/api/settings", tag = "settings", operation_id = "getSettings",
    responses((status = 200, body = BTreeMap<String, Object>), (status = 401, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
) -> Result<Json<BTreeMap<String, Value>>, Problem> {
    kept(&app, &who).await.map(Json)
}

/// Sets the settings that are given; a value of `null` takes one back. The answer is all of them.
#[utoipa::path(patch, path = "/api/settings", tag = "settings", operation_id = "changeSettings",
    request_body = BTreeMap<String, Object>,
    responses((status = 200, body = BTreeMap<String, Object>), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 413, body = Problem), (status = 415, body = Problem), (status = 422, body = Problem),
        (status = 503, body = Problem)))]
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    Viewer(who): Viewer,
    Json(changes): Json<BTreeMap<String, Value>>,
) -> Result<Json<BTreeMap<String, Value>>, Problem> {
    let mut after = all(&app, &who).await?;
    let mut rows = Vec::with_capacity(changes.len());
    for (name, value) in changes {
        check_name(&name)?;
        let text = value.to_string();
        if text.len() > VALUE_LEN_MAX {
            return Err(Problem::refused(
                "value",
                format!("a value has at most {VALUE_LEN_MAX} bytes of JSON"),
            ));
        }
        if value.is_null() {
            after.remove(&name);
        } else {
            after.insert(name.clone(), value.clone());
        }
        rows.push((name, (!value.is_null()).then_some(text)));
    }
    if after.len() > SETTINGS_MAX {
        return Err(Problem::refused(
            "too_many_settings",
            format!("a user has at most {SETTINGS_MAX} settings"),
        ));
    }
    let cached = key(&app, &who);
    let names: Vec<&String> = rows.iter().map(|(name, _)| name).collect();
    let note = who.note("settings.change", who.user, &serde_json::json!({ "names": names }));
    let written = app.store.write(move |tx| {
        Box::pin(async move {
            let (scope, now) = (Scope::Of(who.owner()), Ts::now());
            for (name, text) in &rows {
                match text {
                    Some(text) => settings::set(tx, scope, name, text, Some(who.user), now).await?,
                    None => {
                        settings::remove(tx, scope, name).await?;
                    }
                }
            }
            audit::append(tx, note, now).await
        })
    });
    let written = written.await.map_err(|e: StoreError| from_store(&e));
    // Also of a failure nobody knows for sure that nothing was written.
    app.cache.remove(&cached).await;
    written?;
    Ok(Json(after))
}

fn check_name(name: &str) -> Result<(), Problem> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-');
    if (1..=NAME_LEN_MAX).contains(&name.len()) && name.bytes().all(allowed) {
        return Ok(());
    }
    let detail = format!("a setting's name has 1 to {NAME_LEN_MAX} small letters, digits or . _ -");
    Err(Problem::refused("name", detail))
}
