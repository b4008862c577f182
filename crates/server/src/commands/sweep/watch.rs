//! Looks after a search from beside: tells how far it is, and stops it on Ctrl-C.

use std::io::{IsTerminal as _, Write as _};
use std::sync::atomic::Ordering;
use std::time::Duration;

use backtest::sweep::Progress;
use tokio::sync::oneshot;

use crate::terminal::note;

/// How often a terminal's line is drawn anew, and how often a log gets a line.
const REDRAW: Duration = Duration::from_millis(200);
const LOG_EVERY: Duration = Duration::from_secs(5);
/// Cells of the bar.
const BAR: usize = 30;

/// Does `work` while a second thread watches `progress`. `true` if it was interrupted.
pub(super) fn watched<T>(progress: &Progress, work: impl FnOnce() -> T) -> (T, bool) {
    let (done, ended) = oneshot::channel::<()>();
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| watch(progress, ended));
        let result = work();
        // The watcher may have ended already; then nobody waits.
        let _ = done.send(());
        let interrupted = watcher.join().unwrap_or(false);
        (result, interrupted)
    })
}

fn watch(progress: &Progress, ended: oneshot::Receiver<()>) -> bool {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        // Without it the search still runs; it just cannot be watched or stopped between trials.
        return false;
    };
    let terminal = std::io::stderr().is_terminal();
    let interrupted = runtime.block_on(follow(progress, ended, terminal));
    if terminal {
        clear();
    }
    interrupted
}

async fn follow(progress: &Progress, mut ended: oneshot::Receiver<()>, terminal: bool) -> bool {
    let mut tick = tokio::time::interval(if terminal { REDRAW } else { LOG_EVERY });
    // The first tick comes at once; a search that is done before the second says nothing.
    tick.tick().await;
    loop {
        tokio::select! {
            _ = &mut ended => return progress.is_stopped(),
            _ = tick.tick() => tell(progress, terminal),
            asked = tokio::signal::ctrl_c() => {
                if asked.is_ok() {
                    progress.stop.store(true, Ordering::Relaxed);
                    note("stopping after the trials that run; what was tried is kept");
                }
            }
        }
    }
}

fn tell(progress: &Progress, terminal: bool) {
    let (done, total) =
        (progress.done.load(Ordering::Relaxed), progress.total.load(Ordering::Relaxed).max(1));
    let percent = done * 100 / total;
    if !terminal {
        note(format!("{done} of {total} trials, {percent} %"));
        return;
    }
    let full = (done * BAR / total).min(BAR);
    let bar = format!("{}{}", "━".repeat(full), "─".repeat(BAR - full));
    // A line that is drawn again and again; nobody misses one that cannot be written.
    let _ = write!(std::io::stderr().lock(), "\r{bar} {done} of {total} trials, {percent} % ");
}

fn clear() {
    let _ = write!(std::io::stderr().lock(), "\r{}\r", " ".repeat(BAR + 48));
}
