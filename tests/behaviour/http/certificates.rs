//! Client certificates.

use serde_json::{Value, json};
use thingsmith_testkit::{Engine, TestServer};

use super::{Seen, named, testdata};

#[tokio::test]
async fn a_certificate_is_registered_read_changed_and_deleted() {
    let mut seen = Seen::default();
    for engine in Engine::available() {
        seen.begin();
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        let pem = testdata!("good-p256.pem");
        let made = named(
            &admin,
            "RegisterCertificateWithoutCA",
            json!({"certificatePem": pem, "status": "ACTIVE"}),
        )
        .await;
        let id = made.text("certificateId");
        seen.note(&made);
        seen.note(
            &named(
                &admin,
                "RegisterCertificateWithoutCA",
                json!({"certificatePem": pem}),
            )
            .await,
        );
        let read = || named(&admin, "DescribeCertificate", json!({"certificateId": id}));
        let found = read().await;
        let mut shown = found.json();
        assert_eq!(
            shown["certificateDescription"]["certificatePem"]
                .as_str()
                .unwrap()
                .trim(),
            pem.trim()
        );
        shown["certificateDescription"]["certificatePem"] = "as registered".into();
        seen.note(&format!("{shown:#}"));
        let delete = |force: bool| {
            named(
                &admin,
                "DeleteCertificate",
                json!({"certificateId": id, "forceDelete": force}),
            )
        };
        let update = |status: &str| {
            named(
                &admin,
                "UpdateCertificate",
                json!({"certificateId": id, "newStatus": status}),
            )
        };
        seen.note(&delete(true).await);
        seen.note(&update("PENDING_TRANSFER").await);
        seen.note(&update("INACTIVE").await);
        let changed = read().await.json()["certificateDescription"].clone();
        assert_eq!(
            (&changed["status"], &changed["customerVersion"]),
            (&json!("INACTIVE"), &json!(2))
        );
        assert_ne!(
            changed["generationId"],
            found.json()["certificateDescription"]["generationId"]
        );

        let arn = made.text("certificateArn");
        named(&admin, "CreateThing", json!({"thingName": "pump"})).await;
        let document =
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iot:*","Resource":"*"}}"#;
        named(
            &admin,
            "CreatePolicy",
            json!({"policyName": "P", "policyDocument": document}),
        )
        .await;
        named(&admin, "AttachPolicy", json!({"policyName": "P", "target": arn})).await;
        named(
            &admin,
            "AttachThingPrincipal",
            json!({"thingName": "pump", "principal": arn}),
        )
        .await;
        seen.note(&delete(true).await);
        named(
            &admin,
            "DetachThingPrincipal",
            json!({"thingName": "pump", "principal": arn}),
        )
        .await;
        seen.note(&delete(false).await);
        assert_eq!(update("REVOKED").await.status, 200);
        seen.note(&update("ACTIVE").await);
        seen.note(&delete(true).await);
        seen.note(&delete(true).await);
        server.stop().await;
    }
    insta::assert_snapshot!(seen.whole(), @r#"
    200
    {
      "certificateArn": "arn:aws:iot:us-east-1:123456789012:cert/89d475f1bffe7dc2f409a6114826eb63946dab4d76f5c46e6d99f88df10bdee6",
      "certificateId": "89d475f1bffe7dc2f409a6114826eb63946dab4d76f5c46e6d99f88df10bdee6"
    }
    409 ResourceAlreadyExistsException
    {
      "message": "The certificate is already provisioned or registered",
      "resourceId": "89d475f1bffe7dc2f409a6114826eb63946dab4d76f5c46e6d99f88df10bdee6",
      "resourceArn": "arn:aws:iot:us-east-1:123456789012:cert/89d475f1bffe7dc2f409a6114826eb63946dab4d76f5c46e6d99f88df10bdee6"
    }
    {
      "certificateDescription": {
        "certificateArn": "arn:aws:iot:us-east-1:123456789012:cert/89d475f1bffe7dc2f409a6114826eb63946dab4d76f5c46e6d99f88df10bdee6",
        "certificateId": "89d475f1bffe7dc2f409a6114826eb63946dab4d76f5c46e6d99f88df10bdee6",
        "status": "ACTIVE",
        "certificatePem": "as registered",
        "ownedBy": "123456789012",
        "creationDate": 1795291200.123,
        "lastModifiedDate": 1795291200.123,
        "customerVersion": 1,
        "transferData": {},
        "generationId": "9b74a851-6a89-491b-aaa2-7e740c9fcb53",
        "validity": {
          "notBefore": 1795302839.0,
          "notAfter": 4948902839.0
        },
        "certificateMode": "SNI_ONLY"
      }
    }
    406 CertificateStateException
    {
      "message": "Certificate must be deactivated (not ACTIVE) before deletion. Id: 89d475f1bffe7dc2f409a6114826eb63946dab4d76f5c46e6d99f88df10bdee6"
    }
    400 InvalidRequestException
    {
      "message": "newStatus cannot be PENDING_TRANSFER: use ACTIVE, INACTIVE or REVOKED."
    }
    200
    {}
    409 DeleteConflictException
    {
      "message": "Things must be detached before deletion (arn: arn:aws:iot:us-east-1:123456789012:cert/89d475f1bffe7dc2f409a6114826eb63946dab4d76f5c46e6d99f88df10bdee6)"
    }
    409 DeleteConflictException
    {
      "message": "Certificate policies must be detached before deletion (arn: arn:aws:iot:us-east-1:123456789012:cert/89d475f1bffe7dc2f409a6114826eb63946dab4d76f5c46e6d99f88df10bdee6)"
    }
    406 CertificateStateException
    {
      "message": "Certificate 89d475f1bffe7dc2f409a6114826eb63946dab4d76f5c46e6d99f88df10bdee6 is REVOKED and cannot become ACTIVE."
    }
    200
    {}
    404 ResourceNotFoundException
    {
      "message": "Certificate 89d475f1bffe7dc2f409a6114826eb63946dab4d76f5c46e6d99f88df10bdee6 not found."
    }
    "#);
}

#[tokio::test]
async fn a_certificate_is_issued_for_a_request() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    let issue = |more: Value| {
        let mut input = json!({"certificateSigningRequest": testdata!("request-p256.csr")});
        input
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        named(&admin, "CreateCertificateFromCsr", input)
    };
    let one = issue(json!({"setAsActive": true})).await;
    let two = issue(json!({})).await;
    assert_ne!(one.text("certificateId"), two.text("certificateId"));
    for (made, status) in [(&one, "ACTIVE"), (&two, "INACTIVE")] {
        let id = made.text("certificateId");
        assert_eq!(
            made.text("certificateArn"),
            format!("arn:aws:iot:us-east-1:123456789012:cert/{id}")
        );
        let found = named(&admin, "DescribeCertificate", json!({"certificateId": id}))
            .await
            .json();
        let found = &found["certificateDescription"];
        assert_eq!(found["status"], status);
        assert_eq!(found["certificateMode"], "DEFAULT");
        assert_eq!(found["certificatePem"], made.text("certificatePem"));
        // The end of 2049, as AWS's have it.
        assert_eq!(found["validity"]["notAfter"], json!(2_524_607_999.0));
    }
    let bad = json!({"certificateSigningRequest": testdata!("bad-request-rsa1024.csr")});
    insta::assert_snapshot!(named(&admin, "CreateCertificateFromCsr", bad).await, @r#"
    400 InvalidRequestException
    {
      "message": "certificateSigningRequest: An RSA key must have 2048 to 8192 bits, this has 1024."
    }
    "#);
    let bad = json!({"certificateSigningRequest": "no PEM"});
    insta::assert_snapshot!(named(&admin, "CreateCertificateFromCsr", bad).await, @r#"
    400 InvalidRequestException
    {
      "message": "certificateSigningRequest: There is no PEM block labelled CERTIFICATE REQUEST."
    }
    "#);
}

#[tokio::test]
async fn certificates_that_aws_does_not_take_are_refused() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    let register = |pem: &str| {
        named(
            &admin,
            "RegisterCertificateWithoutCA",
            json!({"certificatePem": pem}),
        )
    };
    for pem in [
        testdata!("bad-sha1.pem"),
        testdata!("bad-rsa1024.pem"),
        testdata!("bad-ed25519.pem"),
        "no PEM",
    ] {
        let reply = register(pem).await;
        assert_eq!(
            (reply.status, reply.exception()),
            (400, "CertificateValidationException"),
            "{reply}"
        );
    }
    insta::assert_snapshot!(register(testdata!("bad-ed25519.pem")).await, @r#"
    400 CertificateValidationException
    {
      "message": "certificatePem: Signature algorithm 1.3.101.112 is not supported."
    }
    "#);
    let pending = json!({"certificatePem": testdata!("good-p256.pem"), "status": "PENDING_ACTIVATION"});
    insta::assert_snapshot!(named(&admin, "RegisterCertificateWithoutCA", pending).await, @r#"
    400 InvalidRequestException
    {
      "message": "status cannot be PENDING_ACTIVATION: use ACTIVE, INACTIVE or REVOKED."
    }
    "#);
}

#[tokio::test]
async fn certificates_are_listed_by_age_in_pages() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        let mut ids = Vec::new();
        for _ in 0..27 {
            let input = json!({"certificateSigningRequest": testdata!("request-p256.csr")});
            ids.push(
                named(&admin, "CreateCertificateFromCsr", input)
                    .await
                    .text("certificateId"),
            );
            server.clock.advance(std::time::Duration::from_millis(7));
        }
        let list = |input: Value| {
            let admin = admin.clone();
            async move {
                let reply = named(&admin, "ListCertificates", input).await.json();
                let ids: Vec<String> = reply["certificates"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|certificate| certificate["certificateId"].as_str().unwrap().into())
                    .collect();
                (ids, reply["nextMarker"].as_str().map(str::to_owned))
            }
        };
        let (first, marker) = list(json!({"ascendingOrder": true})).await;
        assert_eq!(first, ids[..25]);
        let (rest, last) = list(json!({"ascendingOrder": true, "marker": marker.clone().unwrap()})).await;
        assert_eq!((rest.as_slice(), last), (&ids[25..], None));
        let mut newest_first = ids.clone();
        newest_first.reverse();
        assert_eq!(list(json!({"pageSize": 250})).await, (newest_first, None));
        // A marker of the ascending list leads nowhere in the other.
        let reply = named(&admin, "ListCertificates", json!({"marker": marker.unwrap()})).await;
        assert_eq!(reply.exception(), "InvalidRequestException");
        server.stop().await;
    }
}
