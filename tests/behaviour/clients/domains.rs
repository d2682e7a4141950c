//! Domains of an operator's own: boto3 and the AWS CLI configure them, and Paho, curl and openssl come by them.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::aws_cli::Aws;
use super::calls::{Boto3, texts};
use super::device::{Device, Kind};
use super::{installed, on_postgresql, script, text, venv};
use crate::server::{ACCOUNT, Home, REGION, Server};

const DOMAIN: &str = "iot.example.com";
/// How long a change may take to be in force, on a busy machine.
const SOON: Duration = Duration::from_secs(20);

fn acm() -> String {
    format!("arn:aws:acm:{REGION}:{ACCOUNT}:certificate/one")
}

#[test]
fn the_life_of_domain_configurations() {
    life(&Home::sqlite());
}

#[test]
fn the_life_of_domain_configurations_on_postgresql() {
    on_postgresql(life);
}

fn life(home: &Home) {
    let server = home.start();
    let Some(mut aws) = Boto3::new(&server) else {
        return;
    };
    let own = json!({
        "domainConfigurationName": "own",
        "domainName": DOMAIN,
        "serverCertificateArns": [acm()],
        "serviceType": "DATA",
        "tlsConfig": {"securityPolicy": "IoTSecurityPolicy_TLS12_1_2_2022_10"},
        "tags": [{"Key": "line", "Value": "4"}],
    });
    let made = aws.call("create_domain_configuration", own.clone());
    let arn = made["domainConfigurationArn"].as_str().unwrap();
    assert!(
        arn.starts_with(&format!(
            "arn:aws:iot:{REGION}:{ACCOUNT}:domainconfiguration/own/"
        )),
        "{arn}"
    );
    let tags = aws.call("list_tags_for_resource", json!({"resourceArn": arn}));
    assert_eq!(tags["tags"], json!([{"Key": "line", "Value": "4"}]));
    for taken in [
        own,
        json!({
            "domainConfigurationName": "other",
            "domainName": DOMAIN,
            "serverCertificateArns": [acm()],
        }),
    ] {
        let said = aws.refused("create_domain_configuration", taken);
        assert!(said.starts_with("ResourceAlreadyExistsException: "), "{said}");
    }
    for name in ["a", "b"] {
        aws.call(
            "create_domain_configuration",
            json!({"domainConfigurationName": name}),
        );
    }
    let all = aws.list("list_domain_configurations", "domainConfigurations", 2, json!({}));
    let mut names = texts(&all, "domainConfigurationName");
    names.sort();
    assert_eq!(
        names,
        [
            "a",
            "b",
            "iot:CredentialProvider",
            "iot:Data-ATS",
            "iot:Jobs",
            "own"
        ]
    );

    let own = json!({"domainConfigurationName": "own"});
    let with = |more: Value| {
        let mut all = own.clone();
        all.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        all
    };
    let newest = json!({"securityPolicy": "IoTSecurityPolicy_TLS13_1_3_2022_10"});
    let updated = aws.call(
        "update_domain_configuration",
        with(json!({"tlsConfig": newest.clone()})),
    );
    assert_eq!(updated, made);
    let shown = aws.call("describe_domain_configuration", own.clone());
    assert_eq!(
        (
            &shown["domainName"],
            &shown["tlsConfig"],
            &shown["domainConfigurationStatus"]
        ),
        (&json!(DOMAIN), &newest, &json!("ENABLED"))
    );
    let said = aws.refused("delete_domain_configuration", own.clone());
    assert!(said.starts_with("InvalidRequestException: "), "{said}");
    aws.call(
        "update_domain_configuration",
        with(json!({"domainConfigurationStatus": "DISABLED"})),
    );
    aws.call("delete_domain_configuration", own.clone());
    for gone in ["describe_domain_configuration", "delete_domain_configuration"] {
        let said = aws.refused(gone, own.clone());
        assert!(said.starts_with("ResourceNotFoundException: "), "{said}");
    }
}

/// What the device of `tests/clients/device_by_domain.py` saw.
fn comes_by(server: &Server<'_>, device: &Device, domain: &str) -> Value {
    let (port, ca) = (server.mqtt_port().to_string(), server.ca());
    let arguments = [
        domain,
        &port,
        ca.to_str().unwrap(),
        device.certificate.to_str().unwrap(),
        device.key.to_str().unwrap(),
    ];
    let venv = venv().expect("it was asked for before");
    script(&venv, server, "device_by_domain.py", &arguments)
}

/// What openssl(1) says of a connection by this name: whether it trusts the server, by its name.
fn trusts(server: &Server<'_>, version: &str, domain: &str) -> bool {
    let address = format!("127.0.0.1:{}", server.mqtt_port());
    let mut command = Command::new("openssl");
    command
        .args(["s_client", "-connect", &address, version, "-servername", domain])
        .args(["-verify_hostname", domain, "-CAfile"])
        .arg(server.ca())
        .stdin(Stdio::null());
    let said = text(&command.output().unwrap());
    let refused = said.contains("no peer certificate available");
    assert!(refused || said.contains("Verification: OK"), "{said}");
    !refused
}

/// Publishes by HTTPS with curl, which is told where the domain leads; the status.
fn posts(server: &Server<'_>, device: &Device, domain: &str) -> String {
    let port = server.https_port();
    let mut command = Command::new("curl");
    command
        .args(["--silent", "--max-time", "20", "--resolve"])
        .arg(format!("{domain}:{port}:127.0.0.1"))
        .arg("--cacert")
        .arg(server.ca())
        .arg("--cert")
        .arg(&device.certificate)
        .arg("--key")
        .arg(&device.key)
        .args(["--output", "/dev/null", "--write-out", "%{http_code}"])
        .args(["--data", "hello"])
        .arg(format!("https://{domain}:{port}/topics/line%2F4?qos=1"));
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

#[track_caller]
fn soon(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + SOON;
    while !holds() {
        assert!(Instant::now() < deadline, "not in time: {what}");
    }
}

#[test]
fn devices_come_by_a_domain_as_its_configuration_has_it() {
    let home = Home::sqlite();
    let server = home.start();
    let Some(aws) = Aws::new(&server) else { return };
    if !installed("openssl") || !installed("curl") {
        return;
    }
    let mut caller = server.administrator();
    let policy = caller.allow_all();
    let device = Device::from_csr(home.scratch(), "pump-1", Kind::P256, &mut caller);
    caller.attach_policy(policy, &device.arn);

    assert!(!trusts(&server, "-tls1_3", DOMAIN));
    assert_eq!(posts(&server, &device, DOMAIN), "000");
    let refused = comes_by(&server, &device, DOMAIN);
    assert_eq!(refused["connected"], Value::Null, "{refused}");

    aws.call(
        "iot create-domain-configuration --domain-configuration-name own --service-type DATA --domain-name",
        &[DOMAIN, "--server-certificate-arns", &acm()],
    );
    soon("the domain leads here", || trusts(&server, "-tls1_2", DOMAIN));
    assert!(trusts(&server, "-tls1_3", DOMAIN));
    assert_eq!(
        comes_by(&server, &device, DOMAIN),
        json!({"connected": "Success", "echo": "by its own domain", "name": true})
    );
    assert_eq!(posts(&server, &device, DOMAIN), "200");

    // The security policy is that of the domain, not of the server's own name.
    aws.call(
        "iot update-domain-configuration --domain-configuration-name own --tls-config",
        &["securityPolicy=IoTSecurityPolicy_TLS13_1_3_2022_10"],
    );
    soon("TLS 1.2 is refused", || !trusts(&server, "-tls1_2", DOMAIN));
    assert!(trusts(&server, "-tls1_3", DOMAIN));
    assert!(trusts(&server, "-tls1_2", "localhost"));
    aws.call(
        "iot update-domain-configuration --domain-configuration-name own --tls-config",
        &["securityPolicy=IoTSecurityPolicy_TLS12_1_2_2022_10"],
    );
    soon("TLS 1.3 is refused", || !trusts(&server, "-tls1_3", DOMAIN));
    assert!(trusts(&server, "-tls1_2", DOMAIN));

    let switch =
        "iot update-domain-configuration --domain-configuration-name own --domain-configuration-status";
    aws.call(switch, &["DISABLED"]);
    soon("the domain leads nowhere", || !trusts(&server, "-tls1_2", DOMAIN));
    let refused = comes_by(&server, &device, DOMAIN);
    assert_eq!(refused["connected"], Value::Null, "{refused}");
    assert_eq!(posts(&server, &device, DOMAIN), "000");
    let localhost = comes_by(&server, &device, "localhost");
    assert_eq!(localhost["connected"], "Success", "{localhost}");
}
