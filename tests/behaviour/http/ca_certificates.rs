//! Certificate authorities of customers, and certificates registered under them.

use std::time::Duration;

use rcgen::{IsCa, KeyPair};
use serde_json::{Value, json};
use thingsmith_testkit::{Client, Engine, Reply, TestServer};

use super::authority::{Authority, params, refused, role, subject};
use super::provisioning_templates::jitp;
use super::{Seen, named, testdata};

const OTHER: &str = "210987654321";
const ALL: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;

async fn code(client: &Client) -> String {
    named(client, "GetRegistrationCode", json!({}))
        .await
        .text("registrationCode")
}

async fn describe(client: &Client, id: &str) -> Value {
    named(client, "DescribeCACertificate", json!({"certificateId": id}))
        .await
        .json()
}

async fn register(client: &Client, input: Value) -> Reply {
    named(client, "RegisterCACertificate", input).await
}

#[tokio::test]
async fn a_registration_code_stays_until_it_is_deleted() {
    for engine in Engine::available() {
        let server = TestServer::builder()
            .engine(engine)
            .key("other", OTHER, &[ALL])
            .start()
            .await;
        let admin = server.administrator();
        refused(
            &named(&admin, "DeleteRegistrationCode", json!({})).await,
            404,
            "ResourceNotFoundException",
        );
        let first = code(&admin).await;
        assert_eq!(first.len(), 64);
        assert!(
            first
                .bytes()
                .all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase())
        );
        assert_eq!(code(&admin).await, first);
        for elsewhere in [server.client("other"), admin.clone().region("eu-west-1")] {
            assert_ne!(code(&elsewhere).await, first);
        }
        let deleted = named(&admin, "DeleteRegistrationCode", json!({})).await;
        assert_eq!(deleted.status, 200, "{deleted}");
        refused(
            &named(&admin, "DeleteRegistrationCode", json!({})).await,
            404,
            "ResourceNotFoundException",
        );
        assert_ne!(code(&admin).await, first);
        server.stop().await;
    }
}

#[tokio::test]
async fn a_ca_certificate_is_registered_read_changed_and_deleted() {
    let mut seen = Seen::default();
    // The same on both engines, so that what is seen is.
    let authority = testdata!("authority-rsa2048.pem");
    for engine in Engine::available() {
        seen.begin();
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        let body = jitp();
        let role = role(&admin, "jitp").await;
        let made = register(
            &admin,
            json!({
                "caCertificate": authority,
                "certificateMode": "SNI_ONLY",
                "registrationConfig": {"templateBody": body, "roleArn": role},
            }),
        )
        .await;
        seen.note(&made);
        seen.note(
            &register(
                &admin,
                json!({"caCertificate": authority, "certificateMode": "SNI_ONLY"}),
            )
            .await,
        );
        let id = made.text("certificateId");
        let mut shown = describe(&admin, &id).await;
        assert_eq!(
            shown["certificateDescription"]["certificatePem"]
                .as_str()
                .unwrap(),
            authority
        );
        shown["certificateDescription"]["certificatePem"] = "as registered".into();
        assert_eq!(shown["registrationConfig"]["templateBody"], body);
        shown["registrationConfig"]["templateBody"] = "as given".into();
        seen.note(&format!("{shown:#}"));
        let update = |more: Value| {
            let mut input = json!({"certificateId": id});
            input
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            named(&admin, "UpdateCACertificate", input)
        };
        server.clock.advance(Duration::from_secs(1));
        seen.note(&update(json!({"newStatus": "ACTIVE", "newAutoRegistrationStatus": "ENABLE"})).await);
        let after = describe(&admin, &id).await;
        let description = &after["certificateDescription"];
        assert_eq!(
            (
                &description["status"],
                &description["autoRegistrationStatus"],
                &description["customerVersion"]
            ),
            (&json!("ACTIVE"), &json!("ENABLE"), &json!(2))
        );
        assert_ne!(description["lastModifiedDate"], description["creationDate"]);
        assert_ne!(
            description["generationId"],
            shown["certificateDescription"]["generationId"]
        );
        // The same again, and nothing at all, change nothing.
        for more in [
            json!({"newStatus": "ACTIVE"}),
            json!({}),
            json!({"registrationConfig": {}}),
        ] {
            assert_eq!(update(more).await.status, 200);
            assert_eq!(describe(&admin, &id).await, after);
        }
        let body = body.replace("ACTIVE", "INACTIVE");
        let config = json!({"templateBody": body, "roleArn": role});
        assert_eq!(update(json!({"registrationConfig": config})).await.status, 200);
        assert_eq!(describe(&admin, &id).await["registrationConfig"], config);
        assert_eq!(update(json!({"removeAutoRegistration": true})).await.status, 200);
        let after = describe(&admin, &id).await;
        assert_eq!(
            after["certificateDescription"]["autoRegistrationStatus"],
            "DISABLE"
        );
        assert!(after.get("registrationConfig").is_none(), "{after}");

        let delete = || named(&admin, "DeleteCACertificate", json!({"certificateId": id}));
        seen.note(&delete().await);
        assert_eq!(update(json!({"newStatus": "INACTIVE"})).await.status, 200);
        seen.note(&delete().await);
        seen.note(&delete().await);
        seen.note(&update(json!({"newStatus": "ACTIVE"})).await);
        seen.note(&named(&admin, "DescribeCACertificate", json!({"certificateId": id})).await);
        // And it may come again.
        let again = register(
            &admin,
            json!({"caCertificate": authority, "certificateMode": "SNI_ONLY"}),
        )
        .await;
        assert_eq!(again.status, 200, "{again}");
        server.stop().await;
    }
    insta::assert_snapshot!(seen.whole(), @r#"
    200
    {
      "certificateArn": "arn:aws:iot:us-east-1:123456789012:cacert/9863007bb015bfbaf5d5894cac40bbbeff049a0aa2954cbc2c29f148d2789188",
      "certificateId": "9863007bb015bfbaf5d5894cac40bbbeff049a0aa2954cbc2c29f148d2789188"
    }
    409 ResourceAlreadyExistsException
    {
      "message": "The CA certificate is already registered",
      "resourceId": "9863007bb015bfbaf5d5894cac40bbbeff049a0aa2954cbc2c29f148d2789188",
      "resourceArn": "arn:aws:iot:us-east-1:123456789012:cacert/9863007bb015bfbaf5d5894cac40bbbeff049a0aa2954cbc2c29f148d2789188"
    }
    {
      "certificateDescription": {
        "certificateArn": "arn:aws:iot:us-east-1:123456789012:cacert/9863007bb015bfbaf5d5894cac40bbbeff049a0aa2954cbc2c29f148d2789188",
        "certificateId": "9863007bb015bfbaf5d5894cac40bbbeff049a0aa2954cbc2c29f148d2789188",
        "status": "INACTIVE",
        "certificatePem": "as registered",
        "ownedBy": "123456789012",
        "creationDate": 1795291200.123,
        "autoRegistrationStatus": "DISABLE",
        "lastModifiedDate": 1795291200.123,
        "customerVersion": 1,
        "generationId": "f6de5b05-e026-43c2-bbdb-bbe03fa02186",
        "validity": {
          "notBefore": 1795736926.0,
          "notAfter": 4949336926.0
        },
        "certificateMode": "SNI_ONLY"
      },
      "registrationConfig": {
        "templateBody": "as given",
        "roleArn": "arn:aws:iam::123456789012:role/jitp"
      }
    }
    200
    {}
    406 CertificateStateException
    {
      "message": "CA certificate must be deactivated (not ACTIVE) before deletion. Id: 9863007bb015bfbaf5d5894cac40bbbeff049a0aa2954cbc2c29f148d2789188"
    }
    200
    {}
    404 ResourceNotFoundException
    {
      "message": "CA certificate 9863007bb015bfbaf5d5894cac40bbbeff049a0aa2954cbc2c29f148d2789188 not found."
    }
    404 ResourceNotFoundException
    {
      "message": "CA certificate 9863007bb015bfbaf5d5894cac40bbbeff049a0aa2954cbc2c29f148d2789188 not found."
    }
    404 ResourceNotFoundException
    {
      "message": "CA certificate 9863007bb015bfbaf5d5894cac40bbbeff049a0aa2954cbc2c29f148d2789188 not found."
    }
    "#);
}

#[tokio::test]
async fn the_mode_default_needs_a_certificate_that_the_ca_signed_for_this_account() {
    for engine in Engine::available() {
        let server = TestServer::builder()
            .engine(engine)
            .key("other", OTHER, &[ALL])
            .start()
            .await;
        let admin = server.administrator();
        let (ours, theirs) = (Authority::new("Ours"), Authority::new("Ours"));
        let with = |verification: Option<String>| {
            let mut input = json!({"caCertificate": ours.pem});
            if let Some(pem) = verification {
                input["verificationCertificate"] = pem.into();
            }
            register(&admin, input)
        };
        // Nobody has asked for a code yet.
        let wrong_code = "RegistrationCodeValidationException";
        refused(&with(Some(ours.device(&"0".repeat(64)))).await, 400, wrong_code);
        let right = code(&admin).await;
        let elsewhere = code(&server.client("other")).await;
        for wrong in [elsewhere.as_str(), &right[..63], &right.to_uppercase(), "", "x"] {
            refused(&with(Some(ours.device(wrong))).await, 400, wrong_code);
        }
        let invalid = "CertificateValidationException";
        // The right code, signed by another key of the same name, by nobody else than itself, or too long ago.
        refused(&with(Some(theirs.device(&right))).await, 400, invalid);
        let own = subject(&right)
            .self_signed(&KeyPair::generate().unwrap())
            .unwrap();
        refused(&with(Some(own.pem())).await, 400, invalid);
        let mut expired = subject(&right);
        expired.not_after = rcgen::date_time_ymd(2026, 11, 20);
        refused(&with(Some(ours.sign(&expired))).await, 400, invalid);
        refused(&with(Some("no PEM".into())).await, 400, invalid);
        refused(&with(None).await, 400, "InvalidRequestException");
        let both = json!({
            "caCertificate": ours.pem,
            "verificationCertificate": ours.device(&right),
            "certificateMode": "SNI_ONLY",
        });
        refused(&register(&admin, both).await, 400, "InvalidRequestException");
        assert_eq!(
            named(&admin, "ListCACertificates", json!({})).await.json()["certificates"],
            json!([])
        );
        // The verification certificate that openssl 1 makes is of version 1 and asks for no extensions; ours has none.
        let made = with(Some(ours.device(&right))).await;
        assert_eq!(made.status, 200, "{made}");
        let shown = describe(&admin, &made.text("certificateId")).await;
        assert_eq!(shown["certificateDescription"]["certificateMode"], "DEFAULT");
        assert_eq!(shown["certificateDescription"]["status"], "INACTIVE");
        server.stop().await;
    }
}

#[tokio::test]
async fn what_is_no_usable_ca_certificate_is_refused() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    let by_name = |pem: &str| {
        register(
            &admin,
            json!({"caCertificate": pem, "certificateMode": "SNI_ONLY"}),
        )
    };
    for pem in [
        testdata!("no-authority-leaf.pem"),
        testdata!("device.pem"),
        testdata!("odd-v1.pem"),
        testdata!("no-authority-no-sign.pem"),
        testdata!("no-authority-rsa1024.pem"),
        testdata!("no-authority-k256.pem"),
        testdata!("no-authority-ed25519.pem"),
        testdata!("no-authority-md5.pem"),
        "no PEM",
    ] {
        refused(&by_name(pem).await, 400, "CertificateValidationException");
    }
    let mut expired = params("Expired");
    expired.not_after = rcgen::date_time_ymd(2026, 11, 20);
    let expired = Authority::with(expired, KeyPair::generate().unwrap());
    insta::assert_snapshot!(by_name(&expired.pem).await, @r#"
    400 CertificateValidationException
    {
      "message": "caCertificate: The certificate has expired."
    }
    "#);
    insta::assert_snapshot!(by_name(testdata!("no-authority-leaf.pem")).await, @r#"
    400 CertificateValidationException
    {
      "message": "caCertificate: It is not the certificate of a certificate authority: it has no basicConstraints that say CA:TRUE."
    }
    "#);
    let mut none = params("No CA");
    none.is_ca = IsCa::NoCa;
    let none = Authority::with(none, KeyPair::generate().unwrap());
    refused(&by_name(&none.pem).await, 400, "CertificateValidationException");
    // Every kind of key that AWS takes, an intermediate, and SHA-1 in a root's own signature.
    for pem in [
        testdata!("authority-p256.pem"),
        testdata!("authority-p384.pem"),
        testdata!("authority-p521.pem"),
        testdata!("authority-pss2048.pem"),
        testdata!("authority-sha1.pem"),
        testdata!("intermediate.pem"),
    ] {
        let made = by_name(pem).await;
        assert_eq!(made.status, 200, "{made}");
    }
}

#[tokio::test]
async fn a_registration_config_must_make_sense() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    let authority = Authority::new("Configured");
    let id = authority.register_by_name(&admin).await.text("certificateId");
    let before = describe(&admin, &id).await;
    let (body, role) = (jitp(), role(&admin, "jitp").await);
    for (config, status, exception) in [
        (json!({"templateBody": body}), 400, "InvalidRequestException"),
        (json!({"roleArn": role}), 400, "InvalidRequestException"),
        (
            json!({"templateBody": body, "roleArn": role, "templateName": "T"}),
            400,
            "InvalidRequestException",
        ),
        (
            json!({"templateBody": r#"{"Resources":{}}"#, "roleArn": role}),
            400,
            "InvalidRequestException",
        ),
        (
            json!({"templateBody": "[]", "roleArn": role}),
            400,
            "InvalidRequestException",
        ),
        (
            json!({"templateBody": "{", "roleArn": role}),
            400,
            "InvalidRequestException",
        ),
        (
            json!({"templateBody": body, "roleArn": "arn:aws:iam::210987654321:role/theirs"}),
            400,
            "InvalidRequestException",
        ),
        (
            json!({"templateBody": body, "roleArn": "arn:aws:iam::123456789012:role/none"}),
            400,
            "InvalidRequestException",
        ),
        (
            json!({"templateBody": body, "roleArn": "arn:aws:iam::123456789012:user/u"}),
            400,
            "InvalidRequestException",
        ),
        (json!({"templateName": "T"}), 404, "ResourceNotFoundException"),
    ] {
        let mut input = Authority::new("Other").by_name();
        input["registrationConfig"] = config.clone();
        refused(&register(&admin, input).await, status, exception);
        let input = json!({"certificateId": id, "registrationConfig": config});
        refused(
            &named(&admin, "UpdateCACertificate", input).await,
            status,
            exception,
        );
    }
    for more in [
        json!({"newAutoRegistrationStatus": "ENABLE", "removeAutoRegistration": true}),
        json!({"registrationConfig": {"templateBody": body, "roleArn": role}, "removeAutoRegistration": true}),
    ] {
        let mut input = json!({"certificateId": id});
        input
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        refused(
            &named(&admin, "UpdateCACertificate", input).await,
            400,
            "InvalidRequestException",
        );
    }
    assert_eq!(describe(&admin, &id).await, before);
    let listed = named(&admin, "ListCACertificates", json!({"templateName": "T"})).await;
    assert_eq!(listed.json(), json!({"certificates": []}));
}

#[tokio::test]
async fn one_account_of_a_region_has_a_ca_in_the_mode_default() {
    for engine in Engine::available() {
        let server = TestServer::builder()
            .engine(engine)
            .key("other", OTHER, &[ALL])
            .start()
            .await;
        let (admin, other) = (server.administrator(), server.client("other"));
        let authority = Authority::new("Wanted");
        let made = authority.register(&admin).await;
        assert_eq!(made.status, 200, "{made}");
        let taken = authority.register(&other).await;
        refused(&taken, 409, "ResourceAlreadyExistsException");
        assert!(
            !taken.to_string().contains("123456789012"),
            "whose it is, is not said: {taken}"
        );
        // In the mode SNI_ONLY everybody may, and in another region it is another matter.
        assert_eq!(authority.register_by_name(&other).await.status, 200);
        let far = admin.clone().region("eu-west-1");
        assert_eq!(authority.register(&far).await.status, 200);
        // Free again when it is deleted.
        let id = made.text("certificateId");
        named(
            &admin,
            "UpdateCACertificate",
            json!({"certificateId": id, "newStatus": "INACTIVE"}),
        )
        .await;
        named(&admin, "DeleteCACertificate", json!({"certificateId": id})).await;
        let third = Authority::new("Wanted");
        assert_eq!(third.register(&other).await.status, 200);
        server.stop().await;
    }
}

#[tokio::test]
async fn ten_ca_certificates_may_have_the_same_subject() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        let mut ids = Vec::new();
        for _ in 0..10 {
            let made = Authority::new("Same").register_by_name(&admin).await;
            ids.push(made.text("certificateId"));
            server.clock.advance(Duration::from_millis(3));
        }
        let eleventh = Authority::new("Same");
        refused(
            &eleventh.register_by_name(&admin).await,
            410,
            "LimitExceededException",
        );
        assert_eq!(
            Authority::new("Another").register_by_name(&admin).await.status,
            200
        );
        let far = admin.clone().region("eu-west-1");
        assert_eq!(eleventh.register_by_name(&far).await.status, 200);
        let list = async |input: Value| {
            let reply = named(&admin, "ListCACertificates", input).await.json();
            let ids: Vec<String> = reply["certificates"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one["certificateId"].as_str().unwrap().to_owned())
                .collect();
            (ids, reply["nextMarker"].as_str().map(str::to_owned))
        };
        let (first, marker) = list(json!({"pageSize": 4, "ascendingOrder": true})).await;
        assert_eq!(first, ids[..4]);
        let marker = marker.unwrap();
        let (rest, none) = list(json!({"ascendingOrder": true, "marker": marker})).await;
        assert_eq!((&rest[..6], rest.len(), none), (&ids[4..], 7, None));
        let forged = named(&admin, "ListCACertificates", json!({"marker": marker})).await;
        refused(&forged, 400, "InvalidRequestException");
        let id = &ids[3];
        named(
            &admin,
            "UpdateCACertificate",
            json!({"certificateId": id, "newStatus": "INACTIVE"}),
        )
        .await;
        named(&admin, "DeleteCACertificate", json!({"certificateId": id})).await;
        assert_eq!(eleventh.register_by_name(&admin).await.status, 200);
        refused(
            &Authority::new("Same").register_by_name(&admin).await,
            410,
            "LimitExceededException",
        );
        server.stop().await;
    }
}

#[tokio::test]
async fn a_certificate_is_registered_under_the_ca_that_signed_it() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        let authority = Authority::new("Maker");
        let ca = authority.register(&admin).await.text("certificateId");
        let names = Authority::new("By name");
        names.register_by_name(&admin).await;
        let leaf = |input: Value| named(&admin, "RegisterCertificate", input);
        let describe = async |reply: &Reply| {
            assert_eq!(reply.status, 200, "{reply}");
            let input = json!({"certificateId": reply.text("certificateId")});
            named(&admin, "DescribeCertificate", input).await.json()["certificateDescription"].clone()
        };
        let mut ids = Vec::new();
        for (more, status) in [
            (json!({"status": "ACTIVE"}), "ACTIVE"),
            (json!({"status": "REVOKED"}), "REVOKED"),
            (json!({"setAsActive": true}), "ACTIVE"),
            (json!({"setAsActive": true, "status": "INACTIVE"}), "INACTIVE"),
            (json!({"caCertificatePem": authority.pem}), "INACTIVE"),
        ] {
            let mut input = json!({"certificatePem": authority.device("pump")});
            input
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            let made = leaf(input).await;
            let shown = describe(&made).await;
            assert_eq!(
                (
                    &shown["caCertificateId"],
                    &shown["status"],
                    &shown["certificateMode"]
                ),
                (&json!(ca), &json!(status), &json!("DEFAULT"))
            );
            ids.push(made.text("certificateId"));
            server.clock.advance(Duration::from_millis(1));
        }
        let shown = describe(&leaf(json!({"certificatePem": names.device("pump")})).await).await;
        assert_eq!(shown["certificateMode"], "SNI_ONLY");

        let list = async |input: Value| named(&admin, "ListCertificatesByCA", input).await.json();
        let page = list(json!({"caCertificateId": ca, "pageSize": 3, "ascendingOrder": true})).await;
        let shown: Vec<&str> = page["certificates"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["certificateId"].as_str().unwrap())
            .collect();
        assert_eq!(shown, ids[..3]);
        let marker = page["nextMarker"].clone();
        let page = list(json!({"caCertificateId": ca, "ascendingOrder": true, "marker": marker})).await;
        assert_eq!(page["certificates"].as_array().unwrap().len(), 2);
        let newest = list(json!({"caCertificateId": ca, "pageSize": 1})).await;
        assert_eq!(newest["certificates"][0]["certificateId"], ids[4]);
        let forged = json!({"caCertificateId": "ab".repeat(32), "marker": marker, "ascendingOrder": true});
        refused(
            &named(&admin, "ListCertificatesByCA", forged).await,
            400,
            "InvalidRequestException",
        );
        let nobody = list(json!({"caCertificateId": "ab".repeat(32)})).await;
        assert_eq!(nobody, json!({"certificates": []}));

        // They outlive their CA's certificate.
        named(
            &admin,
            "UpdateCACertificate",
            json!({"certificateId": ca, "newStatus": "INACTIVE"}),
        )
        .await;
        let refusal = leaf(json!({"certificatePem": authority.device("late")})).await;
        refused(&refusal, 406, "CertificateStateException");
        named(&admin, "DeleteCACertificate", json!({"certificateId": ca})).await;
        let refusal = leaf(json!({"certificatePem": authority.device("later")})).await;
        refused(&refusal, 400, "CertificateValidationException");
        let page = list(json!({"caCertificateId": ca})).await;
        assert_eq!(page["certificates"].as_array().unwrap().len(), 5);
        server.stop().await;
    }
}

#[tokio::test]
async fn a_certificate_that_no_registered_ca_signed_is_refused() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    let root = Authority::new("Root");
    root.register(&admin).await;
    let (impostor, stranger) = (Authority::new("Root"), Authority::new("Stranger"));
    let leaf = |pem: String, ca: Option<&str>| {
        let mut input = json!({"certificatePem": pem});
        if let Some(ca) = ca {
            input["caCertificatePem"] = ca.into();
        }
        named(&admin, "RegisterCertificate", input)
    };
    let invalid = "CertificateValidationException";
    refused(&leaf(impostor.device("a"), None).await, 400, invalid);
    refused(&leaf(impostor.device("a"), Some(&root.pem)).await, 400, invalid);
    refused(
        &leaf(impostor.device("a"), Some(&impostor.pem)).await,
        400,
        invalid,
    );
    refused(&leaf(stranger.device("a"), None).await, 400, invalid);
    refused(&leaf(root.device("a"), Some(&stranger.pem)).await, 400, invalid);
    refused(&leaf(root.device("a"), Some("no PEM")).await, 400, invalid);
    refused(&leaf("no PEM".into(), None).await, 400, invalid);
    for pem in [testdata!("bad-sha1.pem"), testdata!("bad-rsa1024.pem")] {
        refused(&leaf(pem.into(), None).await, 400, invalid);
    }
    // An intermediate signs; to know its issuer is not enough.
    let intermediate = root.intermediate("Intermediate");
    refused(&leaf(intermediate.device("a"), None).await, 400, invalid);
    assert_eq!(intermediate.register(&admin).await.status, 200);
    let made = leaf(intermediate.device("a"), None).await;
    assert_eq!(made.status, 200, "{made}");
    let device = root.device("pump");
    assert_eq!(leaf(device.clone(), None).await.status, 200);
    let again = leaf(device, None).await;
    refused(&again, 409, "ResourceAlreadyExistsException");
    let pending = json!({"certificatePem": root.device("b"), "status": "PENDING_ACTIVATION"});
    refused(
        &named(&admin, "RegisterCertificate", pending).await,
        400,
        "InvalidRequestException",
    );
    insta::assert_snapshot!(leaf(impostor.device("a"), None).await, @r#"
    400 CertificateValidationException
    {
      "message": "certificatePem: The signature does not verify."
    }
    "#);
    insta::assert_snapshot!(leaf(stranger.device("a"), None).await, @r#"
    400 CertificateValidationException
    {
      "message": "certificatePem: No CA certificate with the name of its issuer is registered."
    }
    "#);
}

#[tokio::test]
async fn of_several_cas_with_the_same_subject_the_one_that_signed_is_found() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        let (one, two) = (Authority::new("Twins"), Authority::new("Twins"));
        let ids = [
            one.register(&admin).await.text("certificateId"),
            two.register(&admin).await.text("certificateId"),
        ];
        let leaf = |input: Value| named(&admin, "RegisterCertificate", input);
        for (authority, id) in [(&one, &ids[0]), (&two, &ids[1])] {
            let made = leaf(json!({"certificatePem": authority.device("pump")})).await;
            let input = json!({"certificateId": made.text("certificateId")});
            let shown = named(&admin, "DescribeCertificate", input).await.json();
            assert_eq!(shown["certificateDescription"]["caCertificateId"], *id);
        }
        // The same key as well: only the caller can tell.
        let renewed = one.renewed("Twins");
        let third = renewed.register(&admin).await.text("certificateId");
        let device = one.device("valve");
        let refusal = leaf(json!({"certificatePem": device})).await;
        refused(&refusal, 409, "CertificateConflictException");
        let made = leaf(json!({"certificatePem": device, "caCertificatePem": renewed.pem})).await;
        let input = json!({"certificateId": made.text("certificateId")});
        let shown = named(&admin, "DescribeCertificate", input).await.json();
        assert_eq!(shown["certificateDescription"]["caCertificateId"], third);
        server.stop().await;
    }
}

#[tokio::test]
async fn requests_of_strangers_are_bounded() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    let issue = |csr: &str| {
        named(
            &admin,
            "CreateCertificateFromCsr",
            json!({"certificateSigningRequest": csr}),
        )
    };
    // Ten thousand names do not fit into a request that AWS's model lets through.
    let mut many = subject("many");
    for number in 0..10_000 {
        let name = format!("n{number}.example.com").try_into().unwrap();
        many.subject_alt_names.push(rcgen::SanType::DnsName(name));
    }
    let key = KeyPair::generate().unwrap();
    let csr = many.serialize_request(&key).unwrap().pem().unwrap();
    refused(&issue(&csr).await, 400, "InvalidRequestException");
    // Signed by another key than it carries: the key is replaced, the signature stays.
    let request = |key: &KeyPair| subject("device").serialize_request(key).unwrap();
    let (ours, theirs) = (request(&key), KeyPair::generate().unwrap());
    let mut der = ours.der().to_vec();
    let at = der
        .windows(65)
        .position(|window| window == key.public_key_raw())
        .unwrap();
    der[at..at + 65].copy_from_slice(theirs.public_key_raw());
    let forged = thingsmith_x509::pem_encode("CERTIFICATE REQUEST", &der);
    refused(&issue(&forged).await, 400, "InvalidRequestException");
    // What a request wants to be is not asked.
    let made = issue(testdata!("request-ca.csr")).await;
    let certificate = thingsmith_x509::Certificate::from_pem(&made.text("certificatePem")).unwrap();
    assert!(!certificate.is_ca() && certificate.subject_alternative_names().is_empty());
}

#[tokio::test]
async fn who_hands_a_role_over_needs_the_permission() {
    let allow = |action: &str, resource: &str| {
        json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": action, "Resource": resource}})
            .to_string()
    };
    let (iot, pass) = (
        allow("iot:*", "*"),
        allow("iam:PassRole", "arn:aws:iam::123456789012:role/jitp"),
    );
    let server = TestServer::builder()
        .key("without", "123456789012", &[&iot])
        .key("with", "123456789012", &[&iot, &pass])
        .start()
        .await;
    let role = role(&server.administrator(), "jitp").await;
    let config = json!({"templateBody": jitp(), "roleArn": role});
    let mut input = Authority::new("Roles").by_name();
    input["registrationConfig"] = config.clone();
    let without = register(&server.client("without"), input.clone()).await;
    refused(&without, 403, "AccessDeniedException");
    let made = register(&server.client("with"), input).await;
    assert_eq!(made.status, 200, "{made}");
    let update = json!({"certificateId": made.text("certificateId"), "registrationConfig": config});
    let without = named(&server.client("without"), "UpdateCACertificate", update.clone()).await;
    refused(&without, 403, "AccessDeniedException");
    let with = named(&server.client("with"), "UpdateCACertificate", update).await;
    assert_eq!(with.status, 200, "{with}");
}

#[tokio::test]
async fn a_ca_certificate_takes_tags() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        let tags = json!([{"Key": "site", "Value": "north"}]);
        let mut input = Authority::new("Tagged").by_name();
        input["tags"] = json!([{"Key": "aws:site", "Value": "north"}]);
        refused(
            &register(&admin, input.clone()).await,
            400,
            "InvalidRequestException",
        );
        input["tags"] = tags.clone();
        input["setAsActive"] = false.into();
        let made = register(&admin, input.clone()).await;
        let (id, arn) = (made.text("certificateId"), made.text("certificateArn"));
        let list = || named(&admin, "ListTagsForResource", json!({"resourceArn": arn}));
        assert_eq!(list().await.json(), json!({"tags": tags}));
        let more = json!({"resourceArn": arn, "tags": [{"Key": "floor", "Value": "2"}]});
        assert_eq!(named(&admin, "TagResource", more).await.status, 200);
        let fewer = json!({"resourceArn": arn, "tagKeys": ["site"]});
        assert_eq!(named(&admin, "UntagResource", fewer).await.status, 200);
        assert_eq!(
            list().await.json(),
            json!({"tags": [{"Key": "floor", "Value": "2"}]})
        );
        named(&admin, "DeleteCACertificate", json!({"certificateId": id})).await;
        refused(&list().await, 404, "ResourceNotFoundException");
        // The next one of the same certificate begins without.
        input.as_object_mut().unwrap().remove("tags");
        register(&admin, input).await;
        assert_eq!(list().await.json(), json!({"tags": []}));
        server.stop().await;
    }
}
