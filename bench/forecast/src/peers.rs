//! The peers' times of the same run: `peers.py` prints them, a JSON object a line.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// What was measured; empty if nobody was asked for.
#[derive(Default)]
pub(crate) struct Peers(Vec<Value>);

impl Peers {
    pub(crate) fn measure(python: &str, folder: &Path) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers.py");
        let mut command = Command::new(python);
        command.arg(script).arg(folder).stderr(std::process::Stdio::inherit());
        let out = command.output().expect("the peers' Python runs");
        let lines = String::from_utf8(out.stdout).expect("text");
        Self(lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
    }

    /// The median of its CPU seconds.
    pub(crate) fn cpu_s(&self, kind: &str, id: &str) -> Option<f64> {
        self.0.iter().find(|p| p["kind"] == kind && p["id"] == id)?["cpu_s"].as_f64()
    }
}
