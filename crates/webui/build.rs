//! Lists the files of `web/dist` for embedding. Never calls npm: what is committed is what is embedded.
//!
//! Writes a table of `(path, bytes, gzip, brotli)` into the build's output folder. Without `web/dist` it embeds one plain page that
//! says how to build the dashboard, so that a checkout without it still compiles and serves its API.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// What stands in for a dashboard that was not built.
const MISSING: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Tradewind</title>\
    <p>The dashboard is not part of this build. Build it with <code>cargo xtask web</code>, then build the program again. \
    The API is at <a href=\"/api/docs\">/api/docs</a>.</p>";

fn main() -> std::io::Result<()> {
    let inside = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(variable("OUT_DIR")?);
    let dist = inside.join("../../web/dist");
    println!("cargo:rerun-if-changed={}", dist.display());
    let mut files = Vec::new();
    if dist.is_dir() {
        walk(&dist, &mut files)?;
    }
    files.sort();
    let mut table = String::from("pub(crate) static FILES: &[Embedded] = &[\n");
    if files.is_empty() {
        let page = out.join("missing.html");
        fs::write(&page, MISSING)?;
        entry(&mut table, "index.html", &page, &page)?;
    }
    for file in files.iter().filter(|file| !is_compressed(file)) {
        let path = file.strip_prefix(&dist).unwrap_or(file).to_string_lossy().replace('\\', "/");
        // The build tool's own list of files is of no use to a browser.
        if !path.starts_with('.') {
            entry(&mut table, &path, file, file)?;
        }
    }
    table.push_str("];\n");
    fs::write(out.join("files.rs"), table)
}

fn variable(name: &str) -> std::io::Result<String> {
    std::env::var(name).map_err(std::io::Error::other)
}

fn is_compressed(file: &Path) -> bool {
    file.extension().is_some_and(|e| e == "gz" || e == "br")
}

fn entry(table: &mut String, path: &str, file: &Path, base: &Path) -> std::io::Result<()> {
    let bytes = fs::read(file)?;
    let form = |ending: &str| {
        let form = PathBuf::from(format!("{}.{ending}", base.display()));
        if form.is_file() {
            format!("Some(include_bytes!({:?}))", form.display().to_string())
        } else {
            "None".to_owned()
        }
    };
    let shown = file.display().to_string();
    let (gzip, brotli) = (form("gz"), form("br"));
    let tag = fnv(&bytes);
    writeln!(
        table,
        "    Embedded {{ path: {path:?}, tag: \"\\\"{tag:016x}\\\"\", bytes: include_bytes!({shown:?}), gzip: {gzip}, brotli: {brotli} }},"
    )
    .map_err(std::io::Error::other)
}

/// FNV-1a, 64 bits: tells one version of a file from another, protects nothing.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3))
}

fn walk(dir: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for found in fs::read_dir(dir)? {
        let path = found?.path();
        if path.is_dir() {
            walk(&path, files)?;
        } else {
            println!("cargo:rerun-if-changed={}", path.display());
            files.push(path);
        }
    }
    Ok(())
}
