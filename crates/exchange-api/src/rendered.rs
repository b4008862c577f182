//! Rendered answers of hot reads, so that many readers of the same book cost one rendering.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use types::MarketId;

use crate::json::Json;

/// Depths kept: a few limits per market. When full, all are dropped.
const KEPT_MAX: usize = 64;

/// The newest rendered depth per market and limit. The mutex is held for a look-up or an insert, never for rendering and
/// never across an await.
#[derive(Debug, Default)]
pub(crate) struct Rendered(Mutex<HashMap<(MarketId, usize), (u64, Json)>>);

impl Rendered {
    /// The text for the book's state `update_id`, rendered now if need be.
    pub(crate) fn depth(
        &self,
        market: MarketId,
        limit: usize,
        update_id: u64,
        render: impl FnOnce() -> Json,
    ) -> Json {
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (market, limit);
        if let Some((id, json)) = lock().get(&key)
            && *id == update_id
        {
            return json.clone();
        }
        let json = render();
        let mut kept = lock();
        if kept.len() >= KEPT_MAX && !kept.contains_key(&key) {
            kept.clear();
        }
        kept.insert(key, (update_id, json.clone()));
        json
    }
}
