//! The AWS CLI, each call a process of its own.

use std::path::PathBuf;
use std::process::Output;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{device, on_postgresql, text, venv, with_aws_environment};
use crate::server::{ACCOUNT, Home, REGION, Server};
use device::{Device, Kind};

/// The CLI with a key.
pub(crate) struct Aws<'s> {
    program: PathBuf,
    server: &'s Server<'s>,
    id: String,
    secret: String,
}

impl<'s> Aws<'s> {
    pub(crate) fn new(server: &'s Server<'s>) -> Option<Self> {
        let (id, secret) = server.credentials();
        Some(Self {
            program: venv()?.join("bin/aws"),
            server,
            id,
            secret,
        })
    }

    pub(super) fn with_key(&self, id: &str, secret: &str) -> Self {
        Self {
            program: self.program.clone(),
            server: self.server,
            id: id.into(),
            secret: secret.into(),
        }
    }

    pub(super) fn run(&self, words: &str, more: &[&str]) -> Output {
        let mut command = with_aws_environment(&self.program, self.server, (&self.id, &self.secret));
        command.args(words.split(' ')).args(more).output().unwrap()
    }

    /// Calls, and reads what is printed.
    pub(crate) fn call(&self, words: &str, more: &[&str]) -> Value {
        let output = self.run(words, more);
        assert!(output.status.success(), "aws {words} {more:?}: {}", text(&output));
        if output.stdout.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&output.stdout).unwrap()
        }
    }

    /// Calls, and gives back what a refusal prints.
    pub(super) fn refused(&self, words: &str, more: &[&str]) -> String {
        let output = self.run(words, more);
        // Version 1 of the CLI ends with 255 when the service refuses, version 2 with 254.
        assert!(
            matches!(output.status.code(), Some(254 | 255)),
            "aws {words} {more:?}: {}",
            text(&output)
        );
        let said = String::from_utf8(output.stderr).unwrap();
        let (_, what) = said
            .split_once("An error occurred ")
            .unwrap_or_else(|| panic!("aws {words} {more:?}: {said}"));
        what.trim().to_owned()
    }
}

pub(super) fn arn(resource: &str) -> String {
    format!("arn:aws:iot:{REGION}:{ACCOUNT}:{resource}")
}

#[test]
fn the_life_of_things() {
    let home = Home::sqlite();
    let server = home.start();
    let Some(aws) = Aws::new(&server) else { return };
    let made = aws.call(
        "iot create-thing --thing-name pump-1 --attribute-payload",
        &[r#"{"attributes":{"colour":"red","site":"north"}}"#],
    );
    assert_eq!(
        (&made["thingName"], &made["thingArn"]),
        (&json!("pump-1"), &json!(arn("thing/pump-1")))
    );
    let found = aws.call("iot describe-thing --thing-name pump-1", &[]);
    let id = made["thingId"].clone();
    let mut wanted = json!({
        "defaultClientId": "pump-1",
        "thingName": "pump-1",
        "thingId": id,
        "thingArn": arn("thing/pump-1"),
        "attributes": { "colour": "red", "site": "north" },
        "version": 1,
    });
    assert_eq!(found, wanted);
    assert_eq!(
        aws.refused("iot create-thing --thing-name pump-1", &[]),
        "(ResourceAlreadyExistsException) when calling the CreateThing operation: Thing pump-1 already exists in the \
         account with different settings."
    );
    let merge = r#"{"attributes":{"colour":"","floor":"2"},"merge":true}"#;
    aws.call(
        "iot update-thing --thing-name pump-1 --expected-version 1 --attribute-payload",
        &[merge],
    );
    wanted["attributes"] = json!({ "floor": "2", "site": "north" });
    wanted["version"] = json!(2);
    assert_eq!(aws.call("iot describe-thing --thing-name pump-1", &[]), wanted);
    assert_eq!(
        aws.refused("iot update-thing --thing-name pump-1 --expected-version 1", &[]),
        "(VersionConflictException) when calling the UpdateThing operation: Thing pump-1 has version 2, expectedVersion \
         is 1."
    );
    assert_eq!(
        aws.refused("iot describe-thing --thing-name nobody", &[]),
        "(ResourceNotFoundException) when calling the DescribeThing operation: Thing nobody not found."
    );
    let said = aws.refused("iot create-thing --thing-name", &["with space"]);
    assert!(
        said.starts_with("(InvalidRequestException) when calling the CreateThing operation: "),
        "{said}"
    );
    assert!(said.contains("thingName"), "the member is named: {said}");
    aws.call("iot delete-thing --thing-name pump-1", &[]);
    assert!(
        aws.refused("iot describe-thing --thing-name pump-1", &[])
            .starts_with("(ResourceNotFoundException)")
    );
}

#[test]
fn lists_are_paged_and_filtered() {
    let home = Home::sqlite();
    let server = home.start();
    let Some(aws) = Aws::new(&server) else { return };
    let mut caller = server.administrator();
    for number in 0..7 {
        let colour = if number % 2 == 0 { "red" } else { "blue" };
        let body = json!({ "attributePayload": { "attributes": { "colour": colour } } });
        caller.must("POST", &format!("/things/pump-{number}"), body);
    }
    let names = |answer: &Value| -> Vec<String> {
        answer["things"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["thingName"].as_str().unwrap().to_owned())
            .collect()
    };
    let all = names(&aws.call("iot list-things", &[]));
    assert_eq!(all.len(), 7);
    // The CLI asks for page after page by itself.
    assert_eq!(names(&aws.call("iot list-things --page-size 2", &[])), all);
    let first = aws.call("iot list-things --max-items 3 --page-size 2", &[]);
    assert_eq!(names(&first), all[..3]);
    let token = first["NextToken"].as_str().unwrap();
    let second = aws.call("iot list-things --starting-token", &[token]);
    assert_eq!(names(&second), all[3..]);
    let red = aws.call(
        "iot list-things --attribute-name colour --attribute-value red",
        &[],
    );
    assert_eq!(names(&red).len(), 4);
    let said = aws.refused("iot list-things --no-paginate --next-token nonsense", &[]);
    assert!(
        said.starts_with("(InvalidRequestException) when calling the ListThings operation: "),
        "{said}"
    );
}

#[test]
fn the_life_of_certificates() {
    let home = Home::sqlite();
    let server = home.start();
    let Some(aws) = Aws::new(&server) else { return };
    server.administrator().must("POST", "/things/pump-1", json!({}));
    let (id, certificate) = make_and_attach(&aws, &home);
    let found = aws.call("iot describe-certificate --certificate-id", &[&id]);
    let found = &found["certificateDescription"];
    assert_eq!(
        (&found["status"], &found["certificateMode"]),
        (&json!("ACTIVE"), &json!("DEFAULT"))
    );
    assert_eq!(found["certificateArn"], certificate);

    // What is in use stays.
    assert_eq!(
        aws.refused("iot delete-certificate --certificate-id", &[&id]),
        format!(
            "(CertificateStateException) when calling the DeleteCertificate operation: Certificate must be deactivated \
             (not ACTIVE) before deletion. Id: {id}"
        )
    );
    aws.call(
        "iot update-certificate --new-status INACTIVE --certificate-id",
        &[&id],
    );
    assert_eq!(
        aws.refused("iot delete-certificate --certificate-id", &[&id]),
        format!(
            "(DeleteConflictException) when calling the DeleteCertificate operation: Things must be detached before \
             deletion (arn: {certificate})"
        )
    );
    aws.call(
        "iot detach-thing-principal --thing-name pump-1 --principal",
        &[&certificate],
    );
    aws.call("iot delete-certificate --certificate-id", &[&id]);
    aws.call("iot delete-thing --thing-name pump-1", &[]);
}

/// Has a certificate made for a request and attaches it to pump-1; its id and ARN.
fn make_and_attach(aws: &Aws<'_>, home: &Home) -> (String, String) {
    let key = device::key(home.scratch(), "pump-1", Kind::P256);
    let request = device::request(&key, "pump-1");
    let made = aws.call(
        "iot create-certificate-from-csr --set-as-active --certificate-signing-request",
        &[&request],
    );
    let text = |member: &str| made[member].as_str().unwrap().to_owned();
    let (id, certificate) = (text("certificateId"), text("certificateArn"));
    assert_eq!(certificate, arn(&format!("cert/{id}")));
    aws.call(
        "iot attach-thing-principal --thing-name pump-1 --principal",
        &[&certificate],
    );
    let principals = aws.call("iot list-thing-principals --thing-name pump-1", &[]);
    assert_eq!(principals["principals"], json!([certificate]));
    (id, certificate)
}

#[test]
fn the_cli_registers_a_device_on_postgresql() {
    on_postgresql(|home| {
        let server = home.start();
        let Some(aws) = Aws::new(&server) else { return };
        aws.call("iot create-thing --thing-name pump-1", &[]);
        make_and_attach(&aws, home);
        let said = aws.refused("iot delete-thing --thing-name pump-1", &[]);
        assert!(
            said.starts_with("(InvalidRequestException) when calling the DeleteThing operation: "),
            "{said}"
        );
    });
}

#[test]
fn the_life_of_policies() {
    let home = Home::sqlite();
    let server = home.start();
    let Some(aws) = Aws::new(&server) else { return };
    let it = Device::from_csr(home.scratch(), "pump-1", Kind::P256, &mut server.administrator());
    let document = json!({
        "Version": "2012-10-17",
        "Statement": { "Effect": "Allow", "Action": "iot:Connect", "Resource": "*" },
    })
    .to_string();
    let policy = aws.call(
        "iot create-policy --policy-name may-connect --policy-document",
        &[&document],
    );
    assert_eq!(
        (&policy["policyArn"], &policy["policyVersionId"]),
        (&json!(arn("policy/may-connect")), &json!("1"))
    );
    let found = aws.call("iot get-policy --policy-name may-connect", &[]);
    assert_eq!(
        (&found["policyDocument"], &found["defaultVersionId"]),
        (&json!(document), &json!("1"))
    );
    let said = aws.refused(
        "iot create-policy --policy-name may-connect --policy-document",
        &[&document],
    );
    assert!(
        said.starts_with("(ResourceAlreadyExistsException) when calling the CreatePolicy operation: "),
        "{said}"
    );
    let said = aws.refused("iot create-policy --policy-name wrong --policy-document {}", &[]);
    assert!(
        said.starts_with("(MalformedPolicyException) when calling the CreatePolicy operation: "),
        "{said}"
    );
    let listed = aws.call("iot list-policies", &[]);
    assert_eq!(
        listed["policies"],
        json!([{ "policyName": "may-connect", "policyArn": arn("policy/may-connect") }])
    );

    aws.call("iot attach-policy --policy-name may-connect --target", &[&it.arn]);
    let attached = aws.call("iot list-attached-policies --target", &[&it.arn]);
    assert_eq!(attached["policies"], listed["policies"]);
    let said = aws.refused("iot delete-policy --policy-name may-connect", &[]);
    assert!(
        said.starts_with("(DeleteConflictException) when calling the DeletePolicy operation: "),
        "{said}"
    );
    aws.call("iot detach-policy --policy-name may-connect --target", &[&it.arn]);
    aws.call("iot delete-policy --policy-name may-connect", &[]);
    let said = aws.refused("iot get-policy --policy-name may-connect", &[]);
    assert!(
        said.starts_with("(ResourceNotFoundException) when calling the GetPolicy operation: "),
        "{said}"
    );
}

#[test]
fn a_certificate_of_another_maker_is_registered_listed_and_revoked() {
    let home = Home::sqlite();
    let server = home.start();
    let Some(aws) = Aws::new(&server) else { return };
    let (_, certificate) = device::made_elsewhere(home.scratch(), "meter-1", Kind::Rsa2048);
    let file = format!("file://{}", certificate.display());
    let made = aws.call(
        "iot register-certificate-without-ca --status ACTIVE --certificate-pem",
        &[&file],
    );
    let id = made["certificateId"].as_str().unwrap();
    let said = aws.refused(
        "iot register-certificate-without-ca --status ACTIVE --certificate-pem",
        &[&file],
    );
    assert!(
        said.starts_with(
            "(ResourceAlreadyExistsException) when calling the RegisterCertificateWithoutCA operation: "
        ),
        "{said}"
    );
    let listed = aws.call("iot list-certificates --page-size 1", &[]);
    assert_eq!(listed["certificates"].as_array().unwrap().len(), 1);
    assert_eq!(listed["certificates"][0]["certificateId"], id);
    assert_eq!(listed["certificates"][0]["certificateMode"], "SNI_ONLY");
    aws.call(
        "iot update-certificate --new-status REVOKED --certificate-id",
        &[id],
    );
    assert_eq!(
        aws.refused(
            "iot update-certificate --new-status ACTIVE --certificate-id",
            &[id]
        ),
        format!(
            "(CertificateStateException) when calling the UpdateCertificate operation: Certificate {id} is REVOKED and \
             cannot become ACTIVE."
        )
    );
    let said = aws.refused(
        "iot create-certificate-from-csr --certificate-signing-request nonsense",
        &[],
    );
    assert!(
        said.starts_with("(InvalidRequestException) when calling the CreateCertificateFromCsr operation: "),
        "{said}"
    );
}

#[test]
fn keys_decide_who_may_do_what() {
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": { "Effect": "Allow", "Action": "iot:List*", "Resource": "*" },
    });
    let home = Home::sqlite().config(&format!(
        "[[access_keys]]\naccess_key_id = \"AKIAEXAMPLE234567890\"\nsecret_access_key = \"a secret of twenty\"\n\
         name = \"reader\"\npolicy = '{policy}'\n"
    ));
    let server = home.start();
    let Some(aws) = Aws::new(&server) else { return };
    let reader = aws.with_key("AKIAEXAMPLE234567890", "a secret of twenty");
    assert_eq!(reader.call("iot list-things", &[])["things"], json!([]));
    assert_eq!(
        reader.refused("iot create-thing --thing-name pump-1", &[]),
        format!(
            "(AccessDeniedException) when calling the CreateThing operation: User: arn:aws:iam::{ACCOUNT}:user/reader is \
             not authorized to perform: iot:CreateThing on resource: {} because no identity-based policy allows the \
             iot:CreateThing action",
            arn("thing/pump-1")
        )
    );
    assert_eq!(
        aws.with_key("AKIANOBODYKNOWSTHIS1", "a secret of twenty")
            .refused("iot list-things", &[]),
        "(UnrecognizedClientException) when calling the ListThings operation: The security token included in the request \
         is invalid."
    );
    let said = aws
        .with_key(&aws.id, "not the secret")
        .refused("iot list-things", &[]);
    assert!(
        said.starts_with("(InvalidSignatureException) when calling the ListThings operation: "),
        "{said}"
    );
    let who = reader.call("sts get-caller-identity", &[]);
    assert_eq!(who["Arn"], format!("arn:aws:iam::{ACCOUNT}:user/reader"));
    assert_eq!(who["Account"], ACCOUNT);
    let who = aws.call("sts get-caller-identity", &[]);
    assert_eq!(who["Account"], ACCOUNT);
    let said = aws
        .with_key(&aws.id, "not the secret")
        .refused("sts get-caller-identity", &[]);
    assert!(
        said.starts_with("(SignatureDoesNotMatch) when calling the GetCallerIdentity operation: "),
        "{said}"
    );
}

#[test]
fn endpoints_are_described() {
    let home = Home::sqlite();
    let server = home.start();
    let Some(aws) = Aws::new(&server) else { return };
    for words in ["", " --endpoint-type iot:Data", " --endpoint-type iot:Data-ATS"] {
        let found = aws.call(&format!("iot describe-endpoint{words}"), &[]);
        assert_eq!(found, json!({ "endpointAddress": "localhost" }), "{words}");
    }
    // Another region is another realm, with a name of its own.
    let found = aws.call(
        "iot describe-endpoint --endpoint-type iot:Data-ATS --region eu-west-1",
        &[],
    );
    let address = found["endpointAddress"].as_str().unwrap();
    assert!(address.ends_with("-ats.iot.eu-west-1.localhost"), "{address}");
    let said = aws.refused("iot describe-endpoint --endpoint-type iot:Jobs", &[]);
    assert_eq!(
        said,
        "(NotImplementedException) when calling the DescribeEndpoint operation: The endpointType iot:Jobs is not \
         implemented."
    );
    let said = aws.refused("iot describe-endpoint --endpoint-type iot:Nonsense", &[]);
    assert!(
        said.starts_with("(InvalidRequestException) when calling the DescribeEndpoint operation: "),
        "{said}"
    );
}

#[test]
fn an_operation_that_is_not_written_says_so_once() {
    let home = Home::sqlite();
    let server = home.start();
    let Some(aws) = Aws::new(&server) else { return };
    let began = Instant::now();
    assert_eq!(
        aws.refused(
            "iot create-dimension --name d --type TOPIC_FILTER --string-values a",
            &[]
        ),
        "(NotImplementedException) when calling the CreateDimension operation: The operation CreateDimension is not \
         implemented."
    );
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    let asked = home
        .log()
        .lines()
        .filter(|line| line.contains("CreateDimension"))
        .count();
    assert_eq!(asked, 1, "the CLI tries again what will never be: {}", home.log());
}
