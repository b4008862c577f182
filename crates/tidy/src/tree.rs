//! The files of the repository, read once.

use std::path::{Path, PathBuf};

/// Folders that hold built or fetched things, never sources (`.git` is a file in a second working tree).
const SKIPPED: &[&str] = &[
    "target",
    ".git",
    "node_modules",
    "dist",
    "generated",
    "__pycache__",
    "corpus",
    "artifacts",
    "proptest-regressions",
];
/// Files larger than this are recorded data, not sources (bytes).
const TEXT_LEN_MAX: u64 = 2 * 1024 * 1024;

/// One text file.
#[derive(Debug)]
pub struct File {
    /// Where it is, relative to the root, with forward slashes.
    pub path: String,
    /// What it says.
    pub text: String,
    /// Where it leads, if it is a symbolic link.
    pub link: Option<PathBuf>,
}

/// All text files under a root, and its pictures without a text, sorted by path.
#[derive(Debug, Default)]
pub struct Tree {
    /// The files.
    pub files: Vec<File>,
}

/// A broken rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which file.
    pub path: String,
    /// Which line, first is 1; 0 when the whole file is meant.
    pub line: usize,
    /// What is wrong, and what to do.
    pub message: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

impl File {
    /// A finding in this file.
    #[must_use]
    pub fn finding(&self, line: usize, message: impl Into<String>) -> Finding {
        Finding { path: self.path.clone(), line, message: message.into() }
    }

    /// True for a file whose name ends so.
    #[must_use]
    pub fn has_extension(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|e| e == extension)
    }
}

impl Tree {
    /// Reads everything under `root`.
    pub fn load(root: &Path) -> std::io::Result<Self> {
        let mut tree = Self::default();
        tree.walk(root, root)?;
        tree.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(tree)
    }

    /// The repository of the working directory: the nearest folder upwards that holds a workspace. Where this crate was built does
    /// not matter: a checkout may have been moved since.
    pub fn of_this_repository() -> std::io::Result<Self> {
        let here = std::env::current_dir()?;
        let holds_workspace = |folder: &&Path| {
            let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
            manifest.lines().any(|line| line.trim() == "[workspace]")
        };
        let root = here.ancestors().find(holds_workspace);
        Self::load(root.ok_or_else(|| std::io::Error::other("no folder upwards holds the workspace"))?)
    }

    /// A tree of given files: path and text.
    #[must_use]
    pub fn sample(files: &[(&str, &str)]) -> Self {
        let file =
            |(path, text): &(&str, &str)| File { path: (*path).into(), text: (*text).into(), link: None };
        Self { files: files.iter().map(file).collect() }
    }

    /// The file at `path`.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Rust sources.
    pub fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.has_extension("rs"))
    }

    fn walk(&mut self, root: &Path, dir: &Path) -> std::io::Result<()> {
        for entry in std::fs::read_dir(dir)? {
            let entry = entry?;
            let (path, kind) = (entry.path(), entry.file_type()?);
            if SKIPPED.iter().any(|name| entry.file_name() == *name) {
                continue;
            }
            if kind.is_dir() {
                self.walk(root, &path)?;
                continue;
            }
            let link = if kind.is_symlink() { Some(std::fs::read_link(&path)?) } else { None };
            // A link to a folder or to nothing has no text of its own; a file that is not UTF-8 is not a source.
            if !std::fs::metadata(&path).is_ok_and(|m| m.is_file() && m.len() <= TEXT_LEN_MAX) {
                continue;
            }
            let text = match String::from_utf8(std::fs::read(&path)?) {
                Ok(text) => text,
                // A picture has nothing to be read, but links lead to it.
                Err(_) if path.extension().is_some_and(|e| e == "png") => String::new(),
                Err(_) => continue,
            };
            let relative = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            self.files.push(File { path: relative, text, link });
        }
        Ok(())
    }
}
