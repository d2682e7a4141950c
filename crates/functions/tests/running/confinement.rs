//! What code can reach, and what it leaves behind.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use serde_json::{Value, json};
use thingsmith_functions::Isolation;
use thingsmith_model::{Secret, Timestamp};
use thingsmith_ports::{Clock, Failed, FunctionCredentials, Functions};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::processes::{eventually, with};
use crate::stage::{Now, Stage, is_root};

#[tokio::test]
async fn the_environment_is_lambdas_and_nothing_of_the_servers() {
    for isolation in [Isolation::Best, Isolation::Off] {
        let Some(stage) = Stage::with(isolation, |_| {}).await else {
            return;
        };
        stage.runner.set_api("https://localhost:4566", Some("OUR ROOTS"));
        let mut function = stage.function(
            "environment",
            "\
import os
def handler(event, headers):
    roots = open(os.environ['AWS_CA_BUNDLE']).read()
    return {'all': dict(os.environ), 'cwd': os.getcwd(), 'ours': 'OUR ROOTS' in roots}
",
        );
        let variable = |name: &str, value: &str| (name.to_owned(), Secret::new(value.to_owned()));
        function.environment = vec![
            variable("TABLE", "things $(id) `id` \"quoted\" 'so' \\ \n second line"),
            variable("LD_LIBRARY_PATH", "/var/task/lib"),
            variable("AWS_REGION", "elsewhere"),
            variable("_HANDLER", "other.handler"),
            variable("x;id", "no name"),
        ];
        function.credentials = Some(FunctionCredentials {
            access_key_id: "ASIAEXAMPLE".into(),
            secret: Secret::new("the secret".into()),
            session_token: Some(Secret::new("the token".into())),
            expires_at: None,
        });
        let answer = stage.answer(&function, "1").await;
        let all: BTreeMap<String, String> = serde_json::from_value(answer["all"].clone()).unwrap();
        let value = |name: &str| all.get(name).map_or("", String::as_str);
        assert_eq!(
            value("TABLE"),
            "things $(id) `id` \"quoted\" 'so' \\ \n second line"
        );
        assert_eq!(value("AWS_REGION"), "us-east-1");
        assert_eq!(value("_HANDLER"), "app.handler");
        assert_eq!(value("AWS_ENDPOINT_URL"), "https://localhost:4566");
        assert_eq!(value("AWS_ACCESS_KEY_ID"), "ASIAEXAMPLE");
        assert_eq!(value("AWS_SECRET_ACCESS_KEY"), "the secret");
        assert_eq!(value("AWS_SESSION_TOKEN"), "the token");
        assert_eq!(answer["cwd"], value("LAMBDA_TASK_ROOT"));
        assert_eq!(answer["ours"], true);
        let names: Vec<&str> = all.keys().map(String::as_str).collect();
        // PWD and SHLVL are the shell's, and LC_CTYPE is Python's.
        let known = [
            "AWS_ACCESS_KEY_ID",
            "AWS_CA_BUNDLE",
            "AWS_DEFAULT_REGION",
            "AWS_ENDPOINT_URL",
            "AWS_EXECUTION_ENV",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
            "AWS_LAMBDA_FUNCTION_NAME",
            "AWS_LAMBDA_FUNCTION_VERSION",
            "AWS_LAMBDA_INITIALIZATION_TYPE",
            "AWS_LAMBDA_LOG_GROUP_NAME",
            "AWS_LAMBDA_LOG_STREAM_NAME",
            "AWS_LAMBDA_RUNTIME_API",
            "AWS_REGION",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "HOME",
            "LAMBDA_TASK_ROOT",
            "LANG",
            "LC_CTYPE",
            "LD_LIBRARY_PATH",
            "NODE_EXTRA_CA_CERTS",
            "OLDPWD",
            "PATH",
            "PWD",
            "PYTHONDONTWRITEBYTECODE",
            "SHLVL",
            "TABLE",
            "TMPDIR",
            "TZ",
            "_HANDLER",
        ];
        assert!(names.iter().all(|name| known.contains(name)), "{names:?}");
    }
}

#[tokio::test]
async fn code_reaches_neither_the_data_directory_nor_the_server() {
    for isolation in [Isolation::Best, Isolation::Users] {
        if !is_root() && isolation == Isolation::Users {
            continue;
        }
        let Some(stage) = Stage::with(isolation, |_| {}).await else {
            return;
        };
        let data = stage.folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        std::fs::write(data.join("registry.sqlite"), "secret").unwrap();
        std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o700)).unwrap();
        let function = stage.function(
            "curious",
            "\
import os
def tried(deed, *arguments):
    try:
        return repr(deed(*arguments))
    except OSError as error:
        return None
def handler(event, headers):
    data, server = event['data'], event['server']
    write = lambda path: open(path, 'w').write('x')
    return {
        'list': tried(os.listdir, data),
        'read': tried(lambda: open(data + '/registry.sqlite').read()),
        'logs': tried(os.listdir, event['logs']),
        'kill': tried(os.kill, server, 0),
        'environment': tried(lambda: open(f'/proc/{server}/environ').read()),
        'memory': tried(lambda: open(f'/proc/{server}/mem').read(1)),
        'shadow': tried(lambda: open('/etc/shadow').read()),
        'code': tried(write, os.environ['LAMBDA_TASK_ROOT'] + '/app.py'),
        'new code': tried(write, os.environ['LAMBDA_TASK_ROOT'] + '/new.py'),
        'setuid': tried(os.setuid, 0) if os.getuid() != 0 else None,
        'temporary': tried(write, os.environ['TMPDIR'] + '/x'),
        'status': open('/proc/self/status').read(),
        'core': __import__('resource').getrlimit(4),
    }
",
        );
        let event = json!({
            "data": data,
            "logs": stage.folder.path().join("logs"),
            "server": std::process::id(),
        });
        let answer = stage.answer(&function, &event.to_string()).await;
        for name in [
            "list",
            "read",
            "logs",
            "kill",
            "environment",
            "memory",
            "shadow",
            "code",
            "new code",
            "setuid",
        ] {
            assert_eq!(answer[name], Value::Null, "{isolation:?} {name}: {answer}");
        }
        assert_eq!(answer["temporary"], "1");
        assert_eq!(answer["core"], json!([0, 0]));
        let status = answer["status"].as_str().unwrap();
        let line = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_ascii_whitespace().nth(1).unwrap().to_owned()
        };
        assert_eq!(line("NoNewPrivs:"), "1");
        for set in ["CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"] {
            assert_eq!(line(set), "0000000000000000", "{set}");
        }
        if is_root() {
            assert_ne!(line("Uid:"), "0");
            assert_ne!(line("Gid:"), "0");
        }
    }
}

#[tokio::test]
async fn a_stranger_is_not_listened_to_by_the_runtime_api() {
    if !is_root() {
        eprintln!("skipped: only root gives workers users of their own");
        return;
    }
    let Some(stage) = Stage::set(|_| {}).await else {
        return;
    };
    let function = stage.function(
        "address",
        "import os\ndef handler(event, headers):\n    return os.environ['AWS_LAMBDA_RUNTIME_API']\n",
    );
    let address = stage.answer(&function, "1").await;
    let mut stream = TcpStream::connect(address.as_str().unwrap()).await.unwrap();
    // It is closed without a word.
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap_or(0), 0);
    assert_eq!(stage.answer(&function, "1").await, address);
}

#[tokio::test]
async fn children_that_hide_are_ended_with_their_worker() {
    for isolation in [Isolation::Best, Isolation::Users, Isolation::Off] {
        if isolation == Isolation::Users && !is_root() {
            continue;
        }
        let Some(stage) = Stage::with(isolation, |_| {}).await else {
            return;
        };
        let mut function = stage.function(
            "forks",
            "\
import os, signal, time
def fork():
    # The kernel counts a process that was ended until somebody has waited for it.
    for attempt in range(200):
        try:
            return os.fork()
        except BlockingIOError:
            time.sleep(0.05)
    return os.fork()
def handler(event, headers):
    for number in range(5):
        if fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            os.setsid()
            if fork() == 0:
                time.sleep(1000)
            time.sleep(1000)
    time.sleep(0.3)
    if event == 'exit':
        os._exit(1)
    if event == 'hang':
        time.sleep(1000)
    return 'done'
",
        );
        let marker = function.mark(&format!("forks-{isolation:?}"));
        function.timeout = Duration::from_millis(1500);
        for event in ["hang", "exit"] {
            let outcome = stage.call(&function, &format!("\"{event}\"")).await.unwrap();
            assert!(outcome.failed.is_some(), "{outcome:?}");
            eventually("no process of the worker is left", || with(&marker).is_empty()).await;
        }
        // Only the function that hangs is to run out of time.
        function.timeout = Duration::from_secs(60);
        assert_eq!(stage.answer(&function, "\"answer\"").await, "done");
        assert!(
            with(&marker).len() >= 10,
            "the children are there while the worker waits"
        );
        stage.runner.retire(&function.arn());
        eventually("no process of the worker is left", || with(&marker).is_empty()).await;
    }
}

#[tokio::test]
async fn memory_processes_and_files_are_bounded() {
    for isolation in [Isolation::Best, Isolation::Users] {
        if isolation == Isolation::Users && !is_root() {
            continue;
        }
        let Some(stage) = Stage::with(isolation, |local| local.process.temporary_bytes = 8 << 20).await
        else {
            return;
        };
        let mut function = stage.function(
            "greedy",
            "\
import os, time
def handler(event, headers):
    if event == 'memory':
        return len(b'x' * (1 << 30))
    if event == 'fork':
        try:
            for number in range(1000):
                if os.fork() == 0:
                    time.sleep(1000)
        except OSError as error:
            return [number, str(error)]
    if event == 'files':
        try:
            opened = [open('/dev/null') for number in range(10000)]
        except OSError as error:
            return error.strerror
    if event == 'file':
        with open(os.environ['TMPDIR'] + '/file', 'wb') as file:
            for number in range(100):
                file.write(b'x' * (1 << 20))
    return 'fine'
",
        );
        let marker = function.mark(&format!("greedy-{isolation:?}"));
        let outcome = stage.call(&function, "\"memory\"").await.unwrap();
        assert_eq!(outcome.failed, Some(Failed::Unhandled), "{outcome:?}");
        assert!(
            String::from_utf8_lossy(&outcome.payload).contains("MemoryError"),
            "{outcome:?}"
        );

        let forked = stage.answer(&function, "\"fork\"").await;
        assert!((10..64).contains(&forked[0].as_u64().unwrap()), "{forked}");
        stage.runner.retire(&function.arn());
        eventually("no process of the worker is left", || with(&marker).is_empty()).await;

        assert_eq!(stage.answer(&function, "\"files\"").await, "Too many open files");
        let outcome = stage.call(&function, "\"file\"").await.unwrap();
        assert_eq!(outcome.failed, Some(Failed::Unhandled), "{outcome:?}");
        assert_eq!(stage.answer(&function, "1").await, "fine");
    }
}

#[tokio::test]
async fn a_worker_ends_before_its_credentials() {
    let Some(stage) = Stage::set(|_| {}).await else {
        return;
    };
    let mut function = stage.function(
        "credentials",
        "\
import os
calls = 0
def handler(event, headers):
    global calls
    calls += 1
    return calls
",
    );
    function.timeout = Duration::from_secs(3);
    let credentials = |expires_at: Timestamp| FunctionCredentials {
        access_key_id: "ASIAEXAMPLE".into(),
        secret: Secret::new("secret".into()),
        session_token: None,
        expires_at: Some(expires_at),
    };
    function.credentials = Some(credentials(Now.now().plus(Duration::from_secs(3600))));
    assert_eq!(stage.answer(&function, "1").await, 1);
    assert_eq!(stage.answer(&function, "1").await, 2);
    stage.runner.retire(&function.arn());
    function.credentials = Some(credentials(Now.now().plus(Duration::from_secs(30))));
    assert_eq!(stage.answer(&function, "1").await, 1);
    assert_eq!(stage.answer(&function, "1").await, 1);
}
