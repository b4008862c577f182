//! The embedded dashboard behind the API's port.

use api::ports::{Page, PageAsk, Pages};

/// The files that are part of the program.
pub(crate) struct Dashboard;

impl Pages for Dashboard {
    fn page(&self, ask: &PageAsk<'_>) -> Option<Page> {
        let ask =
            webui::Ask { path: ask.path, accept: ask.accept, encodings: ask.encodings, known: ask.known };
        let found = webui::answer(&ask)?;
        Some(Page {
            is_known: found.is_known,
            kind: found.kind,
            tag: found.tag,
            cache: found.cache,
            encoding: found.encoding,
            body: found.body,
        })
    }
}
