//! Ends the sockets of logins that have ended: at once for those ended in this process, within [`ASK_EVERY`] for those ended by
//! another instance, within [`ALL_EVERY`] for those that ran out or whose user was changed elsewhere.

use std::sync::Arc;
use std::time::Duration;

use http::Stop;
use store::{SessionId, Ts, sessions};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::app::App;

/// How often the database is asked which logins were ended.
const ASK_EVERY: Duration = Duration::from_millis(500);
/// How often every login with a socket is looked up.
const ALL_EVERY: Duration = Duration::from_secs(30);
/// Seconds that each question looks back further than the one before: clocks of instances differ, and a transaction takes a while.
const OVERLAP_S: i64 = 10;
/// What the client is told.
const ENDED: &str = "the login has ended";

/// Watches until `stop`.
pub(crate) async fn watch(app: Arc<App>, mut stop: Stop) {
    let mut endings = app.sessions.endings();
    let mut ticks = interval(ASK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut seen = *endings.borrow();
    let mut all_at = Instant::now() + ALL_EVERY;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            changed = endings.changed() => if changed.is_err() { return },
            () = stop.wait() => return,
        }
        let now = *endings.borrow_and_update();
        let sweeping = now.sweeping != seen.sweeping || Instant::now() >= all_at;
        seen = now;
        if app.broadcast.hub().counts().connections == 0 {
            continue;
        }
        if sweeping {
            all_at = Instant::now() + ALL_EVERY;
            every(&app).await;
        }
        revoked(&app).await;
    }
}

/// Ends those whose logins were ended lately.
async fn revoked(app: &App) {
    let since = Ts::now().plus_seconds(-OVERLAP_S);
    match sessions::revoked_since(&mut app.store.read(), since).await {
        Ok(ended) => ended.into_iter().for_each(|session| end(app, session)),
        Err(error) => tracing::warn!(%error, "cannot ask which logins were ended; asking again"),
    }
}

/// Looks every login up that has a socket.
async fn every(app: &App) {
    for session in app.broadcast.hub().sessions() {
        let session = SessionId(uuid::Uuid::from_u128(session));
        match app.sessions.look_up(&app.store, session).await {
            Ok(Some(_)) => {}
            Ok(None) => end(app, session),
            Err(error) => {
                tracing::warn!(%error, "a login cannot be looked up; its sockets stay until it can");
                return;
            }
        }
    }
}

fn end(app: &App, session: SessionId) {
    let ended = app.broadcast.hub().end_session(session.0.as_u128(), ENDED);
    if ended > 0 {
        tracing::info!(%session, ended, "sockets of an ended login are closed");
    }
}
