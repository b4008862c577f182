//! Imports point downwards: the table of ARCHITECTURE.md, held against the manifests.
//!
//! The table lists every crate of the target layout, also those that are not built yet, so that a crate finds its
//! rule when it appears. A crate that is not in the table is a finding: a new crate needs a layer and one line that
//! says which import it forbids.

use crate::{File, Finding, Tree};

/// Where a crate stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// 0: the words.
    Types,
    /// 1: sans-I/O kernels.
    Kernel,
    /// 2: the step.
    Engine,
    /// 3: the edges, where I/O lives.
    Edge,
    /// 4: drivers and services.
    Service,
    /// 5: the programs.
    Root,
    /// Tools and test programs: import anything, imported only as dev-dependencies.
    Dev,
}

impl Layer {
    /// True for the layers without clock, I/O and threads.
    #[must_use]
    pub fn is_pure(self) -> bool {
        self <= Self::Engine
    }
}

/// What one crate may import.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The crate.
    pub name: &'static str,
    /// Its layer.
    pub layer: Layer,
    /// What it may import.
    pub imports: Imports,
}

/// A set of crates of this repository.
#[derive(Clone, Copy, Debug)]
pub enum Imports {
    /// Everything.
    Any,
    /// These.
    Only(&'static [&'static str]),
    /// Layers 0 and 1, and these.
    KernelsAnd(&'static [&'static str]),
    /// Layers 0 to 2, and these.
    EngineAnd(&'static [&'static str]),
}

use Imports::{Any, EngineAnd, KernelsAnd, Only};
use Layer::{Dev, Edge, Engine, Kernel, Root, Service, Types};

const fn rule(layer: Layer, name: &'static str, imports: Imports) -> Rule {
    Rule { name, layer, imports }
}

/// What a driver may import beside layers 0 to 2.
const DRIVER: &[&str] = &["venue", "journal", "bus", "store", "history", "archive", "jobs", "telemetry"];

/// The table, in layer order.
const RULES: &[Rule] = &[
    rule(Types, "types", Only(&[])),
    rule(Kernel, "indicators", Only(&["types"])),
    rule(Kernel, "market-data", Only(&["types"])),
    rule(Kernel, "matching", Only(&["types"])),
    rule(Kernel, "portfolio", Only(&["types"])),
    rule(Kernel, "orders", Only(&["types"])),
    rule(Kernel, "risk", Only(&["types", "portfolio", "orders"])),
    rule(Kernel, "forecast", Only(&["types", "indicators"])),
    rule(
        Kernel,
        "strategy",
        Only(&["types", "portfolio", "orders", "market-data", "indicators", "forecast"]),
    ),
    rule(Kernel, "exchange", Only(&["types", "matching", "portfolio"])),
    rule(
        Engine,
        "engine",
        Only(&["types", "indicators", "market-data", "portfolio", "orders", "risk", "forecast", "strategy"]),
    ),
    rule(Edge, "journal", KernelsAnd(&[])),
    rule(Edge, "history", KernelsAnd(&[])),
    rule(Edge, "archive", KernelsAnd(&[])),
    // Libraries say where they are in a trace; only the program knows where spans go.
    rule(Edge, "traces", Only(&[])),
    rule(Edge, "store", KernelsAnd(&["traces", "breaker"])),
    rule(Edge, "breaker", Only(&[])),
    rule(Edge, "notify", Only(&["alerts", "breaker", "traces"])),
    rule(Edge, "cache", KernelsAnd(&["breaker"])),
    rule(Edge, "bus", KernelsAnd(&["traces"])),
    rule(Edge, "stream", Only(&["types"])),
    rule(Edge, "relay", Only(&["types", "stream", "breaker"])),
    rule(Edge, "limits", Only(&[])),
    rule(Edge, "alerts", Only(&[])),
    rule(Edge, "http", KernelsAnd(&[])),
    rule(Edge, "jobs", KernelsAnd(&["store", "traces"])),
    rule(Edge, "venue", KernelsAnd(&[])),
    rule(Edge, "venue-sim", KernelsAnd(&["venue"])),
    // Live and recorded messages of the venue are read by the same code.
    rule(Edge, "venue-binance", KernelsAnd(&["venue", "archive", "traces", "breaker"])),
    rule(Edge, "venue-upbit", KernelsAnd(&["venue"])),
    rule(Edge, "exchange-host", KernelsAnd(&["journal", "history", "venue"])),
    rule(Edge, "telemetry", KernelsAnd(&[])),
    rule(
        Service,
        "backtest",
        EngineAnd(&[
            "venue",
            "journal",
            "bus",
            "store",
            "history",
            "archive",
            "jobs",
            "telemetry",
            "venue-sim",
        ]),
    ),
    rule(Service, "live", EngineAnd(DRIVER)),
    rule(Service, "training", KernelsAnd(&["history", "archive", "store", "cache", "jobs", "bus"])),
    rule(Service, "exchange-api", Only(&["types", "exchange-host", "history", "http"])),
    rule(
        Service,
        "api",
        Only(&[
            "types",
            "indicators",
            "store",
            "cache",
            "bus",
            "stream",
            "limits",
            "history",
            "archive",
            "http",
            "jobs",
            "traces",
        ]),
    ),
    rule(Service, "gateway", Only(&["types", "http"])),
    rule(Service, "ops", Only(&["types", "store", "bus", "cache"])),
    rule(Service, "webui", Only(&[])),
    rule(Root, "server", Any),
    rule(Root, "loadtest", Any),
    rule(Root, "simulator", Any),
    rule(Dev, "testkit", Any),
    rule(Dev, "tidy", Any),
    rule(Dev, "xtask", Any),
];

/// The rule of a crate of this repository; `None` for a foreign one.
#[must_use]
pub fn rule_of(name: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.name == name)
}

/// The manifests of the workspace's crates.
pub fn manifests(tree: &Tree) -> impl Iterator<Item = &File> {
    tree.files.iter().filter(|file| {
        let inside = file.path.starts_with("crates/") || file.path.starts_with("xtask/");
        inside && file.path.ends_with("/Cargo.toml")
    })
}

/// The crate's name in a manifest.
#[must_use]
pub fn crate_name(manifest: &File) -> Option<String> {
    let table = manifest.text.parse::<toml::Table>().ok()?;
    Some(table.get("package")?.get("name")?.as_str()?.to_owned())
}

/// The names in one dependency table of a manifest, also in its `target` tables.
#[must_use]
pub fn dependencies(manifest: &File, kind: &str) -> Vec<String> {
    let Ok(table) = manifest.text.parse::<toml::Table>() else { return Vec::new() };
    let targets = table.get("target").and_then(toml::Value::as_table).into_iter().flat_map(|t| t.values());
    let tables = targets.filter_map(|t| t.get(kind)).chain(table.get(kind));
    tables.filter_map(toml::Value::as_table).flat_map(|t| t.keys().cloned()).collect()
}

/// Imports that the table forbids, and crates it does not know.
#[must_use]
pub fn forbidden_imports(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in manifests(tree) {
        let Some(rule) = crate_name(file).and_then(|name| rule_of(&name)) else {
            found.push(file.finding(0, "not in the table of layers: give the crate a layer and its imports"));
            continue;
        };
        for dependency in dependencies(file, "dependencies").iter().filter_map(|d| rule_of(d)) {
            if !allows(rule, dependency) {
                found.push(file.finding(0, format!("`{}` must not import `{}`", rule.name, dependency.name)));
            }
        }
        for dependency in dependencies(file, "dev-dependencies").iter().filter_map(|d| rule_of(d)) {
            if rule.layer < dependency.layer && dependency.layer != Dev {
                let message =
                    format!("`{}` must not import `{}`, not even in tests", rule.name, dependency.name);
                found.push(file.finding(0, message));
            }
        }
    }
    found
}

/// Members of the workspace that do not stand in layer order.
#[must_use]
pub fn members_out_of_order(tree: &Tree) -> Vec<Finding> {
    let Some(file) = tree.get("Cargo.toml") else { return Vec::new() };
    let Ok(table) = file.text.parse::<toml::Table>() else { return vec![file.finding(0, "not TOML")] };
    let members = table.get("workspace").and_then(|w| w.get("members")).and_then(toml::Value::as_array);
    let names = members.into_iter().flatten().filter_map(|m| m.as_str()?.rsplit('/').next());
    let layers: Vec<(&str, Layer)> = names.filter_map(|n| Some((n, rule_of(n)?.layer))).collect();
    let falls = layers.windows(2).filter(|pair| pair[0].1 > pair[1].1);
    falls.map(|pair| file.finding(0, format!("member `{}` stands after a higher layer", pair[1].0))).collect()
}

fn allows(rule: &Rule, dependency: &Rule) -> bool {
    if dependency.layer == Dev {
        return rule.layer == Dev;
    }
    let kernel = dependency.layer <= Kernel;
    match rule.imports {
        Any => true,
        Only(names) => names.contains(&dependency.name),
        KernelsAnd(names) => kernel && !reserved(rule, dependency) || names.contains(&dependency.name),
        EngineAnd(names) => dependency.layer <= Engine || names.contains(&dependency.name),
    }
}

/// The edges that a driver's approved orders go to: the port itself and its adapters.
fn takes_orders(rule: &Rule) -> bool {
    rule.name == "exchange-host" || rule.name.starts_with("venue-")
}

/// Kernels that only some edges may touch: the exchange core belongs to its host and to the simulated venue, and
/// `risk` (the only maker of approved orders) to the venue port and its adapters.
fn reserved(rule: &Rule, dependency: &Rule) -> bool {
    match dependency.name {
        "exchange" | "matching" => rule.layer == Edge && !matches!(rule.name, "exchange-host" | "venue-sim"),
        "risk" => rule.layer == Edge && rule.name != "venue" && !takes_orders(rule),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(name: &str, dependencies: &str) -> Vec<String> {
        let text = format!("[package]\nname = \"{name}\"\n{dependencies}");
        let path = format!("crates/{name}/Cargo.toml");
        forbidden_imports(&Tree::sample(&[(&path, &text)])).into_iter().map(|f| f.message).collect()
    }

    #[test]
    fn an_import_upwards_or_sideways_is_found() {
        let engine = "[dependencies]\nengine.workspace = true\nserde = \"1\"\n";
        assert_eq!(findings("exchange-api", engine), ["`exchange-api` must not import `engine`"]);
        assert!(findings("live", engine).is_empty());
        assert_eq!(findings("live", "[dependencies]\nvenue-binance = \"1\"\n").len(), 1);
        assert_eq!(findings("matching", "[dependencies]\nportfolio = \"1\"\n").len(), 1);
        assert_eq!(findings("journal", "[dependencies]\nexchange = \"1\"\n").len(), 1);
        assert_eq!(findings("exchange-host", "[dependencies]\nexchange = \"1\"\njournal = \"1\"\n").len(), 0);
        assert_eq!(findings("journal", "[target.'cfg(unix)'.dependencies]\nhttp = \"1\"\n").len(), 1);
    }

    #[test]
    fn a_tool_is_imported_in_tests_only() {
        assert_eq!(findings("server", "[dependencies]\ntestkit = \"1\"\n").len(), 1);
        assert_eq!(findings("journal", "[dev-dependencies]\ntestkit = \"1\"\n").len(), 0);
        assert_eq!(findings("journal", "[dev-dependencies]\nserver = \"1\"\n").len(), 1);
    }

    #[test]
    fn an_unknown_crate_is_found() {
        assert_eq!(findings("novelty", "").len(), 1);
    }

    #[test]
    fn members_must_stand_in_layer_order() {
        let text = "[workspace]\nmembers = [\"crates/types\", \"crates/journal\", \"crates/exchange\"]\n";
        let found = members_out_of_order(&Tree::sample(&[("Cargo.toml", text)]));
        assert_eq!(found.len(), 1);
        assert!(found[0].message.contains("`exchange`"));
    }
}
