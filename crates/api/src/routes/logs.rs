//! The last lines of the server's log.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::orders::page_limit;
use crate::Problem;
use crate::app::App;
use crate::auth::principal::Admin;
use crate::logs::{LogLevel, LogLine};
use crate::wire::{Json, Moment, Query};

/// A line of the log.
#[derive(Serialize, ToSchema)]
#[schema(as = LogLine)]
pub(crate) struct LineBody {
    /// Its number since the start; give it as `after` to see only what came since.
    seq: u64,
    /// When.
    at: Moment,
    /// `trace`, `debug`, `info`, `warn` or `error`.
    level: String,
    /// The part of the program.
    target: String,
    /// What happened.
    message: String,
    /// Particulars.
    fields: BTreeMap<String, String>,
}

impl LineBody {
    fn of(line: LogLine) -> Self {
        Self {
            seq: line.seq,
            at: Moment(line.at),
            level: line.level.word().to_owned(),
            target: line.target,
            message: line.message,
            fields: line.fields.into_iter().collect(),
        }
    }
}

/// Which lines.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LogQuery {
    /// At least so bad: `trace`, `debug`, `info` (default), `warn` or `error`. What is logged at all is a setting of the server.
    level: Option<String>,
    /// With this text in the message.
    text: Option<String>,
    /// Those after this line's `seq`.
    #[param(minimum = 0)]
    after: Option<u64>,
    /// The newest so many, 1 to 1,000.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
}

/// The last lines of the server's log since its start, oldest first; some thousand are kept.
#[utoipa::path(get, path = "/api/logs", tag = "operations", operation_id = "listLogs", params(LogQuery),
    responses((status = 200, body = Vec<LineBody>), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    _admin: Admin,
    Query(query): Query<LogQuery>,
) -> Result<Json<Vec<LineBody>>, Problem> {
    let limit = usize::try_from(page_limit(query.limit)?).unwrap_or(usize::MAX);
    let word = query.level.unwrap_or_else(|| LogLevel::Info.word().to_owned());
    let least = LogLevel::ALL.into_iter().find(|level| level.word() == word);
    let least = least.ok_or_else(|| Problem::invalid("level is trace, debug, info, warn or error"))?;
    let text = query.text.unwrap_or_default();
    let lines = app.logs.recent(query.after.unwrap_or(0), least, &text, limit);
    Ok(Json(lines.into_iter().map(LineBody::of).collect()))
}
