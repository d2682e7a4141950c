//! What layers bring to a function.

use serde_json::json;
use thingsmith_functions::Isolation;
use thingsmith_model::Secret;
use thingsmith_ports::RunError;

use crate::stage::{Stage, is_root};

const HANDLER: &str = "\
import os, subprocess
import one, two, three
def handler(event, context):
    return [one.NAME, two.NAME, three.NAME, subprocess.check_output(['said'], text=True), os.environ.get('LD_LIBRARY_PATH', '')]
";

#[tokio::test]
async fn modules_and_programs_of_layers_are_found_and_the_later_layer_counts() {
    for isolation in [Isolation::Best, Isolation::Users, Isolation::Off] {
        if isolation == Isolation::Users && !is_root() {
            continue;
        }
        let Some(stage) = Stage::with(isolation, |_| {}).await else {
            return;
        };
        let mut function = stage.function("layered", HANDLER);
        // AWS's own client, where it is: ours takes no heed of the environment.
        function.runtime = "python3.7";
        if isolation == Isolation::Users {
            // The machine's Python has no runtime client.
            continue;
        }
        function.files.retain(|(name, _)| *name == "app.py");
        let name = |name: &str| format!("NAME = '{name}'\n");
        function.layers = vec![
            vec![
                ("python/one.py", name("one")),
                ("python/two.py", name("lost")),
                ("bin/said", "#!/bin/sh\nprintf program\n".into()),
                ("lib/libnothing.txt", String::new()),
            ],
            vec![
                ("python/two.py", name("two")),
                ("python/lib/python3.7/site-packages/three.py", name("three")),
            ],
        ];
        let answer = stage.answer(&function, "{}").await;
        assert_eq!(answer[0], "one");
        assert_eq!(answer[1], "two");
        assert_eq!((&answer[2], &answer[3]), (&json!("three"), &json!("program")));
        let libraries = answer[4].as_str().unwrap();
        assert!(libraries.ends_with("/lib"), "{libraries}");
        if isolation == Isolation::Best && is_root() {
            assert!(
                libraries == "/opt/lib" || libraries.ends_with("-layers/lib"),
                "{libraries}"
            );
        }
    }
}

#[tokio::test]
async fn a_path_that_a_function_sets_comes_before_its_layers() {
    let Some(stage) = Stage::set(|_| {}).await else {
        return;
    };
    let mut function = stage.function(
        "own-path",
        "import one\ndef handler(e, c):\n    return one.NAME\n",
    );
    function.runtime = "python3.7";
    function.files.retain(|(name, _)| *name == "app.py");
    function.files.push(("own/one.py", "NAME = 'own'\n".into()));
    function.layers = vec![vec![("python/one.py", "NAME = 'layer'\n".into())]];
    assert_eq!(stage.answer(&function, "{}").await, json!("layer"));
    let own = Secret::new("own".to_owned());
    function.environment = vec![("PYTHONPATH".into(), own)];
    function.revision = "2".into();
    assert_eq!(stage.answer(&function, "{}").await, json!("own"));
}

#[tokio::test]
async fn layers_and_code_share_what_may_be_unpacked() {
    let Some(stage) = Stage::set(|local| local.code.unpacked_bytes = 20_000).await else {
        return;
    };
    let mut function = stage.function("large", "def handler(e, c):\n    return 1\n");
    function.layers = vec![vec![("a", "a".repeat(6_000))], vec![("a", "a".repeat(6_000))]];
    assert_eq!(stage.answer(&function, "{}").await, json!(1));
    function.layers.push(vec![("a", "a".repeat(8_000))]);
    function.revision = "2".into();
    let refused = stage.call(&function, "{}").await;
    assert!(
        matches!(&refused, Err(RunError::Unavailable(reason)) if reason.contains("20000 bytes")),
        "{refused:?}"
    );
    function.layers = vec![vec![("../a", "a".into())]];
    function.revision = "3".into();
    let refused = stage.call(&function, "{}").await;
    assert!(
        matches!(&refused, Err(RunError::Unavailable(reason)) if reason.contains("leaves the folder")),
        "{refused:?}"
    );
}
