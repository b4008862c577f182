//! `tradewind db months|archive|unarchive`: fills of whole months, out of the database and back.

use std::path::Path;

use serde_json::json;
use store::months::{self, Month};
use store::{Store, StoreError, Ts, backup};

use super::{failed, reader, save, told, unusable};
use crate::failure::{Exit, Failure};
use crate::terminal::table;

pub(super) async fn list(store: &Store, json: bool) -> Result<(), Failure> {
    let filled = months::list(store).await.map_err(|error| failed("cannot count the fills", &error))?;
    let mut rows = vec![vec!["month".to_owned(), "fills".to_owned()]];
    rows.extend(filled.iter().map(|one| vec![one.month.clone(), one.fills.to_string()]));
    let text = if filled.is_empty() { "there are no fills".to_owned() } else { table(&rows) };
    told(json, &json!({ "months": filled }), &text);
    Ok(())
}

/// The file is whole, checked and on the disk before anything is removed. A month that was written and not removed (a
/// crash) is archived again into another file.
pub(super) async fn archive(store: &Store, month: &str, file: &Path, json: bool) -> Result<(), Failure> {
    let month: Month = month.parse().map_err(|error: StoreError| {
        Failure::new(Exit::Usage, "which month?").because(error).advise("give it like 2026-05")
    })?;
    let now = Ts::now();
    if months::count(store, month).await.map_err(|error| failed("cannot count the fills", &error))? == 0 {
        return Err(Failure::new(Exit::Refused, format!("{month} has no fills"))
            .advise("`tradewind db months` lists those that have"));
    }
    let written = save(file, async |out| months::write(store, month, out, now).await).await?;
    let checked = backup::verify(reader(file)?).map_err(|error| unusable(file, error))?;
    let removed = months::remove(store, month, checked.rows, now).await;
    let removed = removed
        .map_err(|error| failed("the file is written, the fills are still in the database", &error))?;
    told(
        json,
        &json!({ "month": month.to_string(), "fills": removed, "file": file.display().to_string() }),
        &format!("{removed} fills of {month} are in {} and no longer in the database", file.display()),
    );
    debug_assert_eq!(written.rows, checked.rows);
    Ok(())
}

pub(super) async fn unarchive(store: &Store, file: &Path, json: bool) -> Result<(), Failure> {
    backup::verify(reader(file)?).map_err(|error| unusable(file, error))?;
    let contents = months::bring_back(store, reader(file)?).await.map_err(|error| unusable(file, error))?;
    told(json, &contents, &format!("{} fills are back; the file may be removed", contents.rows));
    Ok(())
}
