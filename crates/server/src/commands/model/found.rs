//! A trained model of a registry by what people call it: for back-tests, and for bots, which keep it in their record.

use std::sync::Arc;

use backtest::Model;
use bus::bots::FoundModel;
use forecast::market::Trained;
use training::Registry;
use types::Time;
use types::wire::Writer;

/// A model with its name, and the end of what it was trained on.
pub(crate) struct Found {
    /// `name@version#hash`.
    pub(crate) label: String,
    pub(crate) trained: Arc<Trained>,
    pub(crate) until: Time,
}

impl Found {
    /// `name` (the promoted version), `name@version`, or as a run has noted it, `name@version#hash`.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn find(registry: &Registry, label: &str) -> Result<Self, String> {
        let (name, hash) = label.split_once('#').map_or((label, None), |(name, hash)| (name, Some(hash)));
        let record = registry.get(name).map_err(|error| error.to_string())?;
        if hash.is_some_and(|hash| hash != record.hash) {
            return Err("it is another one than the one that was noted".to_owned());
        }
        let trained = record.model().ok_or_else(|| "its numbers do not fit together".to_owned())?;
        let label = format!("{}@{}#{}", record.id, record.version, record.hash);
        let until = Time(record.to_ms.saturating_mul(1_000_000));
        Ok(Self { label, trained: Arc::new(trained), until })
    }

    /// For a back-test.
    pub(crate) fn for_run(self) -> Model {
        Model { label: self.label, trained: self.trained, until: self.until }
    }

    /// For a bot.
    ///
    /// # Errors
    /// A model of a form that bots do not take.
    pub(crate) fn for_bot(self) -> Result<FoundModel, String> {
        let mut bytes = Vec::new();
        strategy::put_model(&mut Writer(&mut bytes), &self.trained)
            .map_err(|_| "bots do not take models with holidays or regressors".to_owned())?;
        Ok(FoundModel { label: self.label, bytes })
    }
}
