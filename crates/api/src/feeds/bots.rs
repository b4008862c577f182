//! The room `bots`: each bot as the REST API shows it, whenever it looks different; at most two a second.

use serde::Serialize;
use store::StoreError;
use store::bots as rows;
use stream::Room;

use super::{Told, publish};
use crate::app::App;
use crate::routes::bots::body::BotBody;
use crate::routes::bots::desk;

/// Bots read at a time.
const PAGE: u32 = 1_000;

/// A bot that was deleted.
#[derive(Serialize)]
struct Removed {
    id: String,
    removed: bool,
}

pub(super) async fn look(app: &App, told: &mut Told) -> Result<(), StoreError> {
    let mut entries = desk::entries(app).await;
    let mut after = None;
    loop {
        let page = rows::page_of_all(&mut app.store.read(), after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for bot in page {
            let (user, id) = (bot.user_id, bot.id.0);
            if told.wants(user) {
                let entry = bot.desk_name.as_deref().and_then(|name| entries.remove(name));
                told.tell(app, (user, id), false, &BotBody::of(bot, entry));
            }
        }
    }
    for (user, id) in told.gone() {
        publish(app, Room::Bots, user, id, &Removed { id: id.to_string(), removed: true });
    }
    Ok(())
}
