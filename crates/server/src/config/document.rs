//! The reference of all settings and the file to begin with, generated from the table of keys.

use std::fmt::Write as _;

use super::keys::KEYS;
use super::load::PREFIX;
use super::reload::TAKEN_OVER;

/// Longest line of a comment in the file to begin with, in characters.
const LINE_LEN_MAX: usize = 118;

/// `docs/configuration.md`.
pub(crate) fn reference() -> String {
    let mut out = format!(
        "# Configuration\n\n\
         Generated from the program by `tradewind config reference`; a test keeps it true.\n\n\
         Nothing has to be configured. Values are taken from the command line, else from the environment, else from the\n\
         TOML file named by `--config FILE`, else from the defaults. A key that does not exist is an error.\n\
         `tradewind config show --origin` prints every value and where it came from; `tradewind init` writes a file to begin\n\
         with. A variable whose name has `_FILE` behind it names a file whose first line is the value: for secrets.\n\n\
         SIGHUP makes a running server read everything again. It takes over {}\n\
         and says what waits for a restart; a configuration with a fault changes nothing.\n\n\
         ```toml\n",
        taken_over()
    );
    let mut section = "";
    for key in KEYS.iter().filter(|key| !key.default.is_empty()) {
        let (table, name) = key.name.split_once('.').unwrap_or(("", key.name));
        if table != section {
            let _ = writeln!(out, "{}[{table}]", if section.is_empty() { "" } else { "\n" });
            section = table;
        }
        let bare = key.default.parse::<u64>().is_ok() || key.default.parse::<bool>().is_ok();
        let quote = if bare { "" } else { "\"" };
        let _ = writeln!(out, "{name} = {quote}{}{quote}", key.default);
    }
    out.push_str("```\n");
    for key in KEYS {
        let variable = format!("{PREFIX}{}", key.name.to_ascii_uppercase().replace('.', "__"));
        let default = match key.default {
            "" => {
                "`tradewind` in the user's data folder (`$XDG_DATA_HOME`, else `~/.local/share`)".to_owned()
            }
            text => format!("`{text}`"),
        };
        let _ = write!(
            out,
            "\n## `{}`\n\n{}\n\n* value: {}\n* default: {default}\n* environment: `{variable}`\n",
            key.name, key.about, key.unit
        );
        if let Some(flag) = key.flag {
            let _ = writeln!(out, "* flag: `{flag}`");
        }
    }
    out
}

/// `` `a`, `b` ``: what a SIGHUP changes.
fn taken_over() -> String {
    TAKEN_OVER.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// A configuration file to begin with: every key with its meaning and its default, commented out.
pub(crate) fn sample() -> String {
    let mut out = format!(
        "# Tradewind's configuration. Start with it: tradewind --config FILE\n\
         #\n\
         # Every setting stands here with its default. To change one, take away the # in front of it and in front of the\n\
         # [section] above it. Passwords need not stand here: the environment can name a file that holds one, as in\n\
         # TRADEWIND__STORE__URL_FILE=/run/secrets/database.\n\
         # `tradewind config show --origin --config FILE` says what holds and why. After a change, SIGHUP takes over\n\
         # {};\n\
         # everything else waits for a restart.\n",
        TAKEN_OVER.join(", ")
    );
    let mut section = "";
    for key in KEYS {
        let (table, name) = key.name.split_once('.').unwrap_or(("", key.name));
        if table != section {
            let _ = write!(out, "\n#[{table}]\n");
            section = table;
        }
        out.push('\n');
        for line in wrapped(key.about) {
            let _ = writeln!(out, "## {line}");
        }
        let _ = writeln!(out, "## Value: {}.", key.unit);
        let default = if key.default.is_empty() { "/var/lib/tradewind" } else { key.default };
        let bare = default.parse::<u64>().is_ok() || default.parse::<bool>().is_ok();
        let quote = if bare { "" } else { "\"" };
        let _ = writeln!(out, "#{name} = {quote}{default}{quote}");
    }
    out
}

/// Lines of at most [`LINE_LEN_MAX`] characters.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= LINE_LEN_MAX => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;

    #[test]
    fn the_file_to_begin_with_says_what_holds_anyway() {
        let home = [("HOME".to_owned(), "/h".to_owned())];
        let read = |text: &str| {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), text).unwrap();
            load(&vec![], Some(file.path()), &home).unwrap()
        };
        let (sample, defaults) = (sample(), load(&vec![], None, &home).unwrap());
        let texts = |loaded: &crate::config::Loaded| -> Vec<String> {
            loaded.values.iter().skip(1).map(|value| value.text.clone()).collect()
        };
        assert_eq!(texts(&read(&sample)), texts(&defaults));
        // The same with every setting taken in.
        let taken_in: String = sample
            .lines()
            .filter(|line| !line.starts_with("##") && !line.starts_with("# "))
            .map(|line| format!("{}\n", line.trim_start_matches('#')))
            .collect();
        let all = read(&taken_in);
        assert_eq!(texts(&all), texts(&defaults));
        assert!(all.values.iter().all(|value| value.origin != crate::config::Origin::Default), "{taken_in}");
    }

    #[test]
    fn the_reference_in_docs_is_the_generated_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(written == reference(), "renew it: cargo run -- config reference > docs/configuration.md");
    }
}
