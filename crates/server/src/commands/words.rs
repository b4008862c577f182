//! `tradewind completions` and `tradewind man`: the command line for shells and for `man`, made from its definition.

use std::path::Path;

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::cli::Arguments;
use crate::failure::{Exit, Failure};
use crate::terminal::{answer, note};

/// Prints what a shell loads to complete commands and options.
pub(crate) fn completions(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "tradewind", &mut script);
    let script = String::from_utf8(script)
        .map_err(|error| Failure::new(Exit::Failed, "the completions cannot be printed").because(error))?;
    answer(script.trim_end());
    Ok(())
}

/// Prints the manual page, or writes one page per command into a folder.
pub(crate) fn man(dir: Option<&Path>) -> Result<(), Failure> {
    let Some(dir) = dir else {
        let mut page = Vec::new();
        let rendered = clap_mangen::Man::new(Arguments::command()).render(&mut page);
        rendered.map_err(|error| Failure::new(Exit::Failed, "the page cannot be made").because(error))?;
        answer(String::from_utf8_lossy(&page).trim_end());
        return Ok(());
    };
    let cannot = |error: std::io::Error| {
        Failure::new(Exit::Failed, format!("cannot write the pages to {}", dir.display())).because(error)
    };
    std::fs::create_dir_all(dir).map_err(cannot)?;
    clap_mangen::generate_to(Arguments::command(), dir).map_err(cannot)?;
    let pages = std::fs::read_dir(dir).map_err(cannot)?.flatten();
    let pages = pages.filter(|entry| entry.path().extension().is_some_and(|end| end == "1")).count();
    note(format!("{pages} pages; read one with: man {}/tradewind-db.1", dir.display()));
    Ok(())
}
