//! The room `jobs`: rows of the queue that wait or run, and how they end.

use store::jobs as rows;
use store::{JobId, Owner, StoreError, Ts};
use stream::Room;

use super::{Told, publish};
use crate::app::App;
use crate::routes::jobs::{JobBody, is_over};

/// Jobs looked at; more than may wait for all users of one machine.
const JOBS_MAX: u32 = 1_000;

/// Seconds that each look goes back: a job may begin and end between two looks, a transaction takes a while, and clocks differ.
const OVERLAP_S: i64 = 5;

pub(super) async fn look(app: &App, told: &mut Told) -> Result<(), StoreError> {
    // First those that wait or run: one that ends between the two reads is among those that ended.
    let mut found = rows::live_of_all(&mut app.store.read(), JOBS_MAX).await?;
    let since = Ts::now().plus_seconds(-OVERLAP_S);
    found.extend(rows::ended_since_of_all(&mut app.store.read(), since, JOBS_MAX).await?);
    for job in found {
        let Some(user) = job.user_id.filter(|user| told.wants(*user)) else { continue };
        let (id, over) = (job.id.0, is_over(job.status));
        told.tell(app, (user, id), over, &JobBody::of(app.queue.as_it_is(job)));
    }
    for (user, id) in told.gone() {
        // Not seen for long while this instance was busy.
        match rows::by_id(&mut app.store.read(), Owner::of(user), JobId(id)).await {
            Ok(job) => publish(app, Room::Jobs, user, id, &JobBody::of(job)),
            // Removed with what it was for.
            Err(StoreError::Absent { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
