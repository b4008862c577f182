//! The reference of all settings, generated from the table of keys.

use std::fmt::Write as _;

use super::keys::KEYS;
use super::load::PREFIX;

/// `docs/configuration.md`.
pub(crate) fn reference() -> String {
    let mut out = String::from(
        "# Configuration\n\n\
         Generated from the program by `tradewind config reference`; a test keeps it true.\n\n\
         Nothing has to be configured. Values are taken from the command line, else from the environment, else from the\n\
         TOML file named by `--config FILE`, else from the defaults. A key that does not exist is an error.\n\
         `tradewind config show --origin` prints every value and where it came from.\n\n\
         ```toml\n",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_in_docs_is_the_generated_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(written == reference(), "renew it: cargo run -- config reference > docs/configuration.md");
    }
}
