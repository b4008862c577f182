//! Licences and sources of everything that is linked, against `deny.toml`.
//!
//! The same file serves cargo-deny where it is installed; this check needs nothing but cargo itself.

use std::path::Path;

use anyhow::{Context, Result};

use crate::run::{self, Outcome, cargo};

/// Fails on a licence that is not allowed and on a source that is not the registry.
pub(crate) fn check(root: &Path) -> Result<Outcome> {
    let text = std::fs::read_to_string(root.join("deny.toml")).context("cannot read deny.toml")?;
    let allowed = allowed(&text)?;
    let tree = ["tree", "--workspace", "--edges", "all", "--target", "all", "--locked", "--prefix", "none"];
    // The output is read by a program, whatever CARGO_TERM_COLOR says.
    let format = ["--format", "{p}|{l}", "--color", "never"];
    let listing =
        run::output(&mut cargo(root, &[&tree[..], &format].concat())).context("cargo tree failed")?;
    let mut wrong: Vec<String> = listing
        .lines()
        .filter_map(|line| line.rsplit_once('|'))
        // A repeated package is marked, and was judged where it stood first.
        .filter(|(_, licence)| !satisfied(licence.trim_end_matches("(*)").trim(), &allowed))
        .map(|(package, licence)| format!("{package}: {licence}"))
        .collect();
    let lock = std::fs::read_to_string(root.join("Cargo.lock")).context("cannot read Cargo.lock")?;
    wrong.extend(foreign_sources(&lock).map(String::from));
    wrong.sort();
    wrong.dedup();
    for line in &wrong {
        println!("   {line}");
    }
    anyhow::ensure!(wrong.is_empty(), "{} licences or sources are not allowed by deny.toml", wrong.len());
    println!("   {} lines of the tree, all allowed", listing.lines().count());
    Ok(Outcome::default())
}

/// The `allow` list of the licences.
fn allowed(text: &str) -> Result<Vec<String>> {
    let table: toml::Table = text.parse().context("deny.toml is not TOML")?;
    let list = table.get("licenses").and_then(|l| l.get("allow")).and_then(toml::Value::as_array);
    let list = list.context("deny.toml has no licenses.allow")?;
    Ok(list.iter().filter_map(|l| l.as_str().map(String::from)).collect())
}

/// Sources in a lock file that are not a registry: branches of somebody's repository.
fn foreign_sources(lock: &str) -> impl Iterator<Item = &str> {
    let sources = lock.lines().filter(|line| line.starts_with("source = "));
    sources.filter(|line| !line.starts_with("source = \"registry+"))
}

/// True if an SPDX expression can be met with the allowed licences. `/` is an old way to write OR.
fn satisfied(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    !words.is_empty() && any(&words, &mut at, allowed) && at == words.len()
}

/// `a OR b OR ...`
fn any(words: &[&str], at: &mut usize, allowed: &[String]) -> bool {
    let mut met = all(words, at, allowed);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        met |= all(words, at, allowed);
    }
    met
}

/// `a AND b AND ...`
fn all(words: &[&str], at: &mut usize, allowed: &[String]) -> bool {
    let mut met = one(words, at, allowed);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        met &= one(words, at, allowed);
    }
    met
}

/// A licence, with its exception if it has one, or an expression in brackets.
fn one(words: &[&str], at: &mut usize, allowed: &[String]) -> bool {
    let Some(word) = words.get(*at) else { return false };
    *at += 1;
    if *word == "(" {
        let met = any(words, at, allowed);
        *at += 1;
        return met;
    }
    let mut name = (*word).to_owned();
    if words.get(*at) == Some(&"WITH") {
        name.push_str(" WITH ");
        name.push_str(words.get(*at + 1).unwrap_or(&""));
        *at += 2;
    }
    allowed.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_judged_by_what_is_allowed() {
        let allowed =
            allowed("[licenses]\nallow = [\"MIT\", \"ISC\", \"Apache-2.0 WITH LLVM-exception\"]\n").unwrap();
        for good in [
            "MIT",
            "MIT OR GPL-3.0",
            "GPL-3.0/MIT",
            "(GPL-3.0 OR MIT) AND ISC",
            "Apache-2.0 WITH LLVM-exception",
        ] {
            assert!(satisfied(good, &allowed), "{good}");
        }
        for bad in
            ["", "GPL-3.0", "MIT AND GPL-3.0", "Apache-2.0", "(GPL-3.0 OR LGPL-3.0) AND ISC", "MIT MIT"]
        {
            assert!(!satisfied(bad, &allowed), "{bad}");
        }
    }

    #[test]
    fn a_branch_of_a_repository_is_no_source() {
        let lock = "source = \"registry+https://a.example\"\nsource = \"git+https://b.example\"\n";
        assert_eq!(foreign_sources(lock).count(), 1);
    }
}
