//! Words, ports, core, edges, programs: a crate uses only what stands before it in this list.

use std::collections::{BTreeMap, HashSet, VecDeque};

use super::crates::{Package, Workspace};

/// The place of a crate in the design, from the innermost outwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Layer {
    /// Pure languages and formats.
    Words,
    /// What the deeds need from the world.
    Ports,
    /// What the product does.
    Core,
    /// What faces a client or implements a port.
    Edges,
    /// What is run.
    Programs,
}

/// Where each crate belongs, without the `thingsmith-` before its name.
const CRATES: [(Layer, &[&str]); 5] = [
    (
        Layer::Words,
        &[
            "aws-model",
            "manifest",
            "model",
            "mqtt",
            "policy",
            "query",
            "sigv4",
            "sql",
            "template",
            "x509",
        ],
    ),
    (Layer::Ports, &["ports"]),
    (Layer::Core, &["core"]),
    (
        Layer::Edges,
        &[
            "api",
            "bus-nats",
            "console",
            "functions",
            "objects-directory",
            "objects-s3",
            "gateway",
            "keys-pkcs11",
            "store-postgres",
            "store-sqlite",
            "tunnel",
            "web",
        ],
    ),
    (
        Layer::Programs,
        &["agent", "bench", "testkit", "tests", "thingsmith", "xtask"],
    ),
];

/// The layer of a package; none for a crate that the table does not have.
pub(crate) fn layer(package: &str) -> Option<Layer> {
    let name = short(package);
    let of = |(layer, names): &(Layer, &[&str])| names.contains(&name).then_some(*layer);
    CRATES.iter().find_map(of)
}

/// Tells every arrow that points the wrong way, and every crate that has no layer.
pub(crate) fn check(workspace: &Workspace) -> Vec<String> {
    let ours: HashSet<&str> = workspace
        .packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    let mut wrong = Vec::new();
    for package in &workspace.packages {
        let Some(from) = layer(&package.name) else {
            wrong.push(format!(
                "`{}` is in no layer: say where it belongs, in crates/xtask/src/arrows/layers.rs",
                package.name
            ));
            continue;
        };
        for used in package.uses.iter().filter(|name| ours.contains(name.as_str())) {
            let allowed = layer(used).is_none_or(|to| may_use(from, to));
            if !allowed {
                wrong.push(format!(
                    "`{}` ({from:?}) must not use `{used}` ({:?})",
                    package.name,
                    layer(used)
                ));
            }
        }
        // Tests of a deed or an edge may run it on real neighbours; a word crate's tests need none.
        for used in package
            .tests_use
            .iter()
            .filter(|name| ours.contains(name.as_str()))
        {
            let allowed =
                from != Layer::Words || layer(used) == Some(Layer::Words) || short(used) == "testkit";
            if !allowed {
                wrong.push(format!(
                    "tests of the word crate `{}` must not use `{used}`",
                    package.name
                ));
            }
        }
    }
    let agent = workspace
        .packages
        .iter()
        .find(|package| short(&package.name) == "agent");
    let path = agent.and_then(|agent| path_to(workspace, agent, |name| short(name) == "core"));
    wrong.extend(path.map(|path| format!("the agent runs on devices and must not use the core: {path}")));
    wrong
}

/// Tells every word crate whose library brings an async runtime along.
pub(crate) fn check_runtime(workspace: &Workspace) -> Vec<String> {
    let words = workspace
        .packages
        .iter()
        .filter(|package| layer(&package.name) == Some(Layer::Words));
    words
        .filter_map(|package| path_to(workspace, package, |name| name == "tokio"))
        .map(|path| format!("a word crate is pure and must not bring tokio along: {path}"))
        .collect()
}

fn may_use(from: Layer, to: Layer) -> bool {
    match from {
        Layer::Words | Layer::Programs => to <= from,
        Layer::Ports | Layer::Core | Layer::Edges => to < from,
    }
}

fn short(package: &str) -> &str {
    package.strip_prefix("thingsmith-").unwrap_or(package)
}

/// The shortest way from a package to one of a certain name over normal dependencies, written with arrows.
fn path_to(workspace: &Workspace, from: &Package, is_wanted: impl Fn(&str) -> bool) -> Option<String> {
    let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut waiting = VecDeque::from([from.id.as_str()]);
    while let Some(id) = waiting.pop_front() {
        let node = workspace.graph.get(id)?;
        if id != from.id && is_wanted(&node.name) {
            let steps = std::iter::successors(Some(id), |id| came_from.get(id).copied());
            let mut names: Vec<&str> = steps
                .filter_map(|id| Some(workspace.graph.get(id)?.name.as_str()))
                .collect();
            names.reverse();
            return Some(names.join(" -> "));
        }
        for used in &node.uses {
            if used != &from.id && !came_from.contains_key(used.as_str()) {
                came_from.insert(used, id);
                waiting.push_back(used);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// A workspace of these crates with `from -> to` arrows; `~>` is an arrow of tests only.
    fn workspace(ours: &[&str], arrows: &[&str]) -> Workspace {
        let mut names: Vec<&str> = ours.to_vec();
        let arrows: Vec<(&str, bool, &str)> = arrows
            .iter()
            .map(|arrow| {
                let (from, kind, to) = match arrow.split(' ').collect::<Vec<_>>()[..] {
                    [from, kind, to] => (from, kind, to),
                    _ => panic!("{arrow} is no arrow"),
                };
                (from, kind == "~>", to)
            })
            .collect();
        for (from, _, to) in &arrows {
            names.extend([from, to]);
        }
        names.sort_unstable();
        names.dedup();
        let of = |name: &str| {
            arrows
                .iter()
                .filter(move |(from, ..)| *from == name)
                .collect::<Vec<_>>()
        };
        let kind = |tests: bool| if tests { json!("dev") } else { Value::Null };
        let packages: Vec<Value> = names
            .iter()
            .map(|name| {
                let used = of(name);
                let used: Vec<_> = used
                    .iter()
                    .map(|(_, tests, to)| json!({"name": to, "kind": kind(*tests)}))
                    .collect();
                json!({"id": name, "name": name, "manifest_path": "Cargo.toml", "dependencies": used})
            })
            .collect();
        let nodes: Vec<Value> = names
            .iter()
            .map(|name| {
                let used = of(name);
                let used: Vec<_> = used
                    .iter()
                    .map(|(_, tests, to)| json!({"pkg": to, "dep_kinds": [{"kind": kind(*tests)}]}))
                    .collect();
                json!({"id": name, "deps": used})
            })
            .collect();
        let metadata = json!({"packages": packages, "workspace_members": ours, "resolve": {"nodes": nodes}});
        Workspace::read(&metadata).unwrap()
    }

    const MODEL: &str = "thingsmith-model";
    const POLICY: &str = "thingsmith-policy";
    const PORTS: &str = "thingsmith-ports";
    const CORE: &str = "thingsmith-core";
    const API: &str = "thingsmith-api";
    const SQLITE: &str = "thingsmith-store-sqlite";
    const AGENT: &str = "thingsmith-agent";
    const ALL: [&str; 9] = [
        MODEL,
        POLICY,
        PORTS,
        CORE,
        API,
        SQLITE,
        AGENT,
        "thingsmith-testkit",
        "thingsmith-tests",
    ];

    fn wrong(arrow: &str) -> Vec<String> {
        check(&workspace(&ALL, &[arrow]))
    }

    #[test]
    fn arrows_towards_the_words_are_right() {
        for arrow in [
            "thingsmith-policy -> thingsmith-model",
            "thingsmith-ports -> thingsmith-model",
            "thingsmith-core -> thingsmith-ports",
            "thingsmith-api -> thingsmith-core",
            "thingsmith-store-sqlite -> thingsmith-ports",
            "thingsmith-tests -> thingsmith-api",
            "thingsmith-tests -> thingsmith-testkit",
            "thingsmith-core ~> thingsmith-testkit",
            "thingsmith-core ~> thingsmith-store-sqlite",
            "thingsmith-policy ~> thingsmith-testkit",
            "thingsmith-agent -> thingsmith-model",
            "thingsmith-api -> tokio",
        ] {
            assert_eq!(wrong(arrow), Vec::<String>::new(), "{arrow}");
        }
    }

    #[test]
    fn a_wrong_arrow_is_found_and_named() {
        for arrow in [
            "thingsmith-model -> thingsmith-ports",
            "thingsmith-model -> thingsmith-core",
            "thingsmith-ports -> thingsmith-core",
            "thingsmith-core -> thingsmith-api",
            "thingsmith-core -> thingsmith-testkit",
            "thingsmith-api -> thingsmith-store-sqlite",
            "thingsmith-api -> thingsmith-testkit",
            "thingsmith-policy ~> thingsmith-core",
            "thingsmith-agent -> thingsmith-core",
        ] {
            let wrong = wrong(arrow);
            assert_eq!(wrong.len(), 1, "{arrow}: {wrong:?}");
            let (from, to) = arrow.split_once(' ').unwrap();
            assert!(
                wrong[0].contains(from.strip_prefix("thingsmith-").unwrap()),
                "{wrong:?}"
            );
            assert!(wrong[0].contains(to.rsplit('-').next().unwrap()), "{wrong:?}");
        }
    }

    #[test]
    fn the_agent_reaches_the_core_by_no_way_round() {
        let roundabout = workspace(
            &ALL,
            &[
                "thingsmith-agent -> thingsmith-api",
                "thingsmith-api -> thingsmith-core",
            ],
        );
        let wrong = check(&roundabout);
        assert_eq!(wrong.len(), 1, "{wrong:?}");
        assert!(
            wrong[0].ends_with("thingsmith-agent -> thingsmith-api -> thingsmith-core"),
            "{wrong:?}"
        );
    }

    #[test]
    fn a_crate_without_a_layer_is_found() {
        let wrong = check(&workspace(&[MODEL, "thingsmith-surprise"], &[]));
        assert_eq!(wrong.len(), 1);
        assert!(wrong[0].contains("`thingsmith-surprise`") && wrong[0].contains("say where it belongs"));
    }

    #[test]
    fn a_runtime_behind_a_word_crate_is_found_with_the_way_to_it() {
        let direct = check_runtime(&workspace(&ALL, &["thingsmith-model -> tokio"]));
        assert_eq!(direct.len(), 1);
        let hidden = workspace(
            &ALL,
            &[
                "thingsmith-policy -> regex",
                "regex -> sockets",
                "sockets -> tokio",
            ],
        );
        let wrong = check_runtime(&hidden);
        assert_eq!(wrong.len(), 1, "{wrong:?}");
        assert!(
            wrong[0].ends_with("thingsmith-policy -> regex -> sockets -> tokio"),
            "{wrong:?}"
        );
        for fine in [
            "thingsmith-policy ~> tokio",
            "thingsmith-api -> tokio",
            "thingsmith-core -> tokio",
        ] {
            assert_eq!(
                check_runtime(&workspace(&ALL, &[fine])),
                Vec::<String>::new(),
                "{fine}"
            );
        }
    }
}
