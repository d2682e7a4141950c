//! How a server begins: what it refuses, with which words and exit code, and what it keeps from one start to the next.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;
use thingsmith_agent::{Client, DeviceKey, Identity, Options};

use crate::server::{ACCOUNT, Home, Server, ask_postgres, output_in_time, program};

/// Something that can be told to the server is wrong (sysexits.h, EX_USAGE).
const USAGE: Option<i32> = Some(64);
/// The world is not as it must be.
const FAILURE: Option<i32> = Some(1);

/// Checks what a server that does not start says: one line, whole, of this exit code.
fn assert_refused(home: &Home, flags: &[&str], exit: Option<i32>, sentence: &str) {
    let (said, code) = home.refused(flags);
    assert_eq!(said, format!("thingsmith: {sentence}\n"), "{flags:?}");
    assert_eq!(code, exit, "{flags:?}: {said}");
    assert!(
        !home.data().join("endpoints.json").exists(),
        "{flags:?}: it says where it can be reached"
    );
}

#[test]
fn a_second_server_in_the_same_data_directory_is_refused() {
    let home = Home::sqlite();
    let server = home.start();
    let (said, code) = home.refused(&["--account", ACCOUNT]);
    let sentence = format!(
        "the data directory {} is in use by another process",
        home.data().display()
    );
    assert_eq!(said, format!("thingsmith: {sentence}\n"));
    assert_eq!(code, FAILURE);
    // The first one goes on as if nothing had been.
    server
        .administrator()
        .must("POST", "/things/still-there", json!({}));
    assert!(home.data().join("endpoints.json").exists());
}

#[test]
fn a_store_of_a_newer_program_is_refused() {
    let home = Home::sqlite();
    assert_eq!(home.start().stop().code(), Some(0));
    let database = rusqlite::Connection::open(home.data().join("registry.sqlite")).unwrap();
    let known: i64 = database
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap();
    database.pragma_update(None, "user_version", 4242).unwrap();
    drop(database);
    assert_refused(&home, &[], FAILURE, &newer(known));
}

#[test]
fn a_newer_store_in_postgresql_is_refused() {
    let Some(home) = Home::postgres() else { return };
    assert_eq!(home.start().stop().code(), Some(0));
    let known = ask_postgres(home.store(), "SELECT version FROM thingsmith_schema")[0]
        .parse()
        .unwrap();
    ask_postgres(home.store(), "UPDATE thingsmith_schema SET version = 4242");
    assert_refused(&home, &[], FAILURE, &newer(known));
}

fn newer(known: i64) -> String {
    format!(
        "the registry cannot be opened: the store has schema version 4242, and this program knows versions up to \
         {known}: use the newer program"
    )
}

#[test]
fn a_damaged_seal_key_is_refused_and_left_alone() {
    let home = Home::sqlite();
    assert_eq!(home.start().stop().code(), Some(0));
    let path = home.data().join("seal.key");
    let key = std::fs::read(&path).unwrap();
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );

    std::fs::write(&path, &key[..31]).unwrap();
    let short = format!("the seal key {} has 31 bytes, not 32", path.display());
    assert_refused(&home, &[], FAILURE, &short);

    let mut other = key.clone();
    other[0] ^= 1;
    std::fs::write(&path, &other).unwrap();
    let wrong = "the registry cannot be opened: it needs the seal key that it was made with: what is kept as \
                 device-issuer was sealed with another seal key, or it is damaged";
    assert_refused(&home, &[], FAILURE, wrong);
    assert_eq!(std::fs::read(&path).unwrap(), other);

    std::fs::write(&path, &key).unwrap();
    assert_eq!(home.start().stop().code(), Some(0));
}

#[test]
fn a_lost_seal_key_is_not_replaced_by_a_new_one() {
    let home = Home::sqlite();
    assert_eq!(home.start().stop().code(), Some(0));
    let path = home.data().join("seal.key");
    let key = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let sentence = format!(
        "there is no seal key {}, and the store was made with one; put it back or give its file with --seal-key",
        path.display()
    );
    assert_refused(&home, &[], FAILURE, &sentence);
    assert!(
        !path.exists(),
        "a new key beside an old store only hides what is wrong"
    );
    let elsewhere = home.scratch().join("kept.key");
    std::fs::write(&elsewhere, key).unwrap();
    let home = home.flag("--seal-key", elsewhere);
    assert_eq!(home.start().stop().code(), Some(0));
}

#[test]
fn the_first_start_needs_an_account_and_later_ones_no_other() {
    let home = Home::sqlite();
    let missing = "the first start needs --account and the 12 digits of an AWS account, yours or any other (or --dev, \
                   for a server that lets anybody on this machine in)";
    assert_refused(&home, &[], USAGE, missing);
    assert_eq!(home.start().stop().code(), Some(0));
    let other = format!("--account 999999999999: this server was first started for account {ACCOUNT}");
    assert_refused(&home, &["--account", "999999999999"], USAGE, &other);
    // Without the flag it is the account that is remembered.
    let server = home.start_as(home.serve());
    assert_eq!(server.stop().code(), Some(0));
    let greetings = home.said().matches(&format!("for account {ACCOUNT}")).count();
    assert_eq!(greetings, 2, "{}", home.said());
}

#[test]
fn a_taken_port_is_named_with_its_flag() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let home = Home::sqlite();
    // Not through `serve()`, which asks for free ports.
    let flags = ["--api", "--mqtt", "--https", "--admin"];
    for flag in flags {
        let mut command = Command::new(program());
        command.args(["serve", "--account", ACCOUNT, flag, &address]);
        for other in flags.iter().filter(|other| **other != flag) {
            command.args([other, "127.0.0.1:0"]);
        }
        command.arg("--data-dir");
        let output = command.arg(home.data()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        let reason = "the server cannot listen there: Address already in use (os error 98)";
        assert_eq!(said, format!("thingsmith: {flag} {address}: {reason}\n"));
        assert_eq!(output.status.code(), FAILURE);
    }
    // The administrator's key is made by the start that can show it.
    assert!(!home.data().join("credentials").exists());
    assert_eq!(home.start().stop().code(), Some(0));
    assert!(home.said().contains("aws_secret_access_key"), "{}", home.said());
}

#[test]
fn wrong_words_end_with_exit_code_64_before_anything_is_made() {
    let wrong = [
        (&["--account", "12"][..], "12 digits"),
        (&["--api", "0.0.0.0:4566"], "this machine only"),
        (&["--api", "nowhere"], "--api"),
        (&["--domain", "127.0.0.1"], "not a host name"),
        (&["--store", "mysql://x"], "neither sqlite nor a postgres:// URL"),
        (&["--colour", "red"], "--colour"),
        (
            &["--config", "/nowhere/at/all.toml"],
            "/nowhere/at/all.toml cannot be read",
        ),
    ];
    for (flags, part) in wrong {
        let home = Home::sqlite();
        // Not through `serve()`: a flag may be given once only.
        let output = Command::new(program())
            .arg("serve")
            .args(flags)
            .arg("--data-dir")
            .arg(home.data())
            .output();
        let output = output.unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(part), "{flags:?}: {said}");
        assert_eq!(output.status.code(), USAGE, "{flags:?}: {said}");
        assert!(!home.data().exists(), "{flags:?} made a data directory");
    }
}

#[test]
fn a_configuration_file_that_cannot_be_meant_is_refused() {
    let key = "[[access_keys]]\naccess_key_id = \"AKIAEXAMPLE234567890\"\nname = \"reader\"\n";
    let wrong = [
        (
            "[gateway]\nconections = 5\n".to_owned(),
            "unknown field `conections`",
        ),
        (key.to_owned(), "secret_access_key must be given"),
        (
            format!("{key}secret_access_key = \"0123456789abcdef\"\npolicy = \"{{}}\"\n"),
            "policy is not an IAM policy",
        ),
    ];
    for (text, part) in wrong {
        let home = Home::sqlite().config(&text);
        let (said, code) = home.refused(&["--account", ACCOUNT]);
        assert!(said.contains(part), "{said}");
        assert!(!said.contains("0123456789abcdef"), "a secret is shown: {said}");
        assert_eq!(code, USAGE, "{said}");
    }
}

#[test]
fn a_postgresql_server_that_is_not_there_is_named_without_its_password() {
    let gone = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let home = Home::sqlite();
    let store = format!("postgres://somebody:hunter2@{gone}/things");
    let mut command = Command::new(program());
    command
        .args(["serve", "--account", ACCOUNT, "--store", &store, "--data-dir"])
        .arg(home.data());
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let sentence = format!(
        "thingsmith: the PostgreSQL server at {gone}/things cannot be used: no connection to PostgreSQL: error \
         connecting to server: Connection refused (os error 111)\n"
    );
    assert_eq!(said, sentence);
    assert_eq!(output.status.code(), FAILURE);

    let mut command = Command::new(program());
    let store = format!("{store}?sslmode=require");
    command
        .args(["serve", "--account", ACCOUNT, "--store", &store, "--data-dir"])
        .arg(home.data());
    assert_eq!(command.output().unwrap().status.code(), USAGE);
}

#[test]
fn the_administrators_key_is_shown_once_and_kept_for_its_owner_alone() {
    let home = Home::sqlite();
    let server = home.start();
    let (id, secret) = server.credentials();
    let mode = std::fs::metadata(home.data().join("credentials"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let mode = std::fs::metadata(home.data()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    assert_eq!(server.stop().code(), Some(0));
    let server = home.start();
    assert_eq!(server.credentials(), (id.clone(), secret.clone()));
    server.administrator().must("POST", "/things/a", json!({}));
    assert_eq!(server.stop().code(), Some(0));
    assert_eq!(home.said().matches(&secret).count(), 1, "{}", home.said());
    assert!(!home.log().contains(&secret));
    // Nor is it in the store as it is.
    for entry in std::fs::read_dir(home.data()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o700, "{}", path.display());
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let holds = bytes
            .windows(secret.len())
            .any(|window| window == secret.as_bytes());
        assert_eq!(holds, path.ends_with("credentials"), "{}", path.display());
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        let public = ["ca.pem", "endpoints.json", "lock"]
            .iter()
            .any(|name| path.ends_with(name));
        assert!(
            public || mode & 0o077 == 0,
            "{} has mode {mode:o}",
            path.display()
        );
    }
}

#[test]
fn a_development_server_needs_no_account_and_makes_no_key() {
    let home = Home::sqlite().dev();
    let server = home.start();
    assert!(!home.data().join("credentials").exists());
    server.administrator().must("POST", "/things/a", json!({}));
    assert_eq!(server.stop().code(), Some(0));
    assert!(
        home.said().contains("development: any access key is let in"),
        "{}",
        home.said()
    );
}

#[test]
fn env_points_a_shell_at_the_server_that_runs_and_at_no_other() {
    let home = Home::sqlite();
    let command = |wait: &str| {
        let mut command = Command::new(program());
        command
            .args(["env", "--wait", wait, "--data-dir"])
            .arg(home.data());
        command
    };
    let env = || command("0s").output().unwrap();
    let output = env();
    assert_eq!(output.status.code(), FAILURE);
    // An `eval` of it fails too, so that nothing after it goes to AWS.
    assert_eq!(output.stdout, b"false\n");
    // One that comes before the server waits for it.
    let early = command("1h").stdout(Stdio::piped()).spawn().unwrap();
    let server = home.start();
    let early = output_in_time(early);
    assert_eq!(early.stdout, env().stdout);
    let script = format!(
        "{}\nprintf %s \"$AWS_ENDPOINT_URL $AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY $THINGSMITH_MQTT\"",
        String::from_utf8(env().stdout).unwrap()
    );
    let output = Command::new("sh").args(["-ec", &script]).output().unwrap();
    let (id, secret) = server.credentials();
    let wanted = format!("{} {id} {secret} {}", server.api, server.mqtt);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), wanted);

    assert_eq!(server.stop().code(), Some(0));
    let output = env();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("no server runs in"), "{said}");
    assert_eq!(output.status.code(), FAILURE);
}

#[test]
fn devices_and_authorities_outlive_restarts_and_kills() {
    devices_outlive_restarts(&Home::sqlite());
}

#[test]
fn devices_and_authorities_outlive_restarts_and_kills_on_postgresql() {
    if let Some(home) = Home::postgres() {
        devices_outlive_restarts(&home);
    }
}

fn devices_outlive_restarts(home: &Home) {
    let server = home.start();
    let mut caller = server.administrator();
    let key = DeviceKey::generate().unwrap();
    let request = json!({ "certificateSigningRequest": key.signing_request("pump").unwrap() });
    let answer = caller.must("POST", "/certificates?setAsActive=true", request);
    let identity = Identity::from_pem(&answer.text("certificatePem"), &key.to_pem()).unwrap();
    let policy = caller.allow_all();
    caller.attach_policy(policy, &answer.text("certificateArn"));
    let roots = std::fs::read_to_string(server.ca()).unwrap();
    connect(&server, &roots, &identity);
    assert_eq!(server.stop().code(), Some(0));

    let server = home.start();
    assert_eq!(std::fs::read_to_string(server.ca()).unwrap(), roots);
    connect(&server, &roots, &identity);
    server.kill();

    let server = home.start();
    connect(&server, &roots, &identity);
}

/// Connects as a device that knows the server's root from before.
fn connect(server: &Server<'_>, roots_pem: &str, identity: &Identity) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let options = Options {
            host: "127.0.0.1",
            port: server.mqtt_port(),
            server_name: "localhost",
            roots_pem,
            identity,
            client_id: "pump",
            patience: Duration::from_secs(10),
        };
        let mut client = Client::connect(&options).await.unwrap();
        client.publish("pump/alive", "yes").await.unwrap();
        client.disconnect().await.unwrap();
    });
}
