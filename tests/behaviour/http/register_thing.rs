//! RegisterThing: a template that comes with the request.

use serde_json::{Value, json};
use thingsmith_testkit::{ACCOUNT, Client, Engine, Reply, TestServer};

use super::authority::{Authority, refused};
use super::events::{Listener, turn};
use super::query::done;
use super::{named, testdata};

const DOCUMENT: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:Connect","Resource":"*"}]}"#;

fn arn(resource: &str) -> String {
    format!("arn:aws:iot:us-east-1:123456789012:{resource}")
}

/// A template with everything: a thing with what it belongs to, a policy by name and one by document.
fn whole(certificate: &Value) -> Value {
    json!({
        "Parameters": {
            "ThingName": {"Type": "String"},
            "Site": {"Type": "String", "Default": "north"},
            "CSR": {"Type": "String", "Default": ""},
        },
        "Resources": {
            "thing": {
                "Type": "AWS::IoT::Thing",
                "Properties": {
                    "ThingName": {"Ref": "ThingName"},
                    "AttributePayload": {"site": {"Ref": "Site"}, "made": "by-template"},
                    "ThingTypeName": "pump",
                    "ThingGroups": ["all", {"Fn::Join": ["", ["site-", {"Ref": "Site"}]]}],
                    "BillingGroup": "works",
                },
            },
            "certificate": {"Type": "AWS::IoT::Certificate", "Properties": certificate},
            "given": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": "given"}},
            "made": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyDocument": DOCUMENT}},
        },
    })
}

/// A template of a thing with the attribute `size`, overridden so, and a certificate.
fn small(certificate: &Value, overrides: &Value) -> Value {
    json!({
        "Parameters": {"ThingName": {"Type": "String", "Default": "pump-1"}, "Size": {"Type": "String"}},
        "Resources": {
            "thing": {
                "Type": "AWS::IoT::Thing",
                "Properties": {"ThingName": {"Ref": "ThingName"}, "AttributePayload": {"size": {"Ref": "Size"}}},
                "OverrideSettings": overrides,
            },
            "certificate": {"Type": "AWS::IoT::Certificate", "Properties": certificate},
        },
    })
}

/// What the template `whole` needs to be there.
async fn furnish(client: &Client) {
    for (operation, input) in [
        ("CreateThingType", json!({"thingTypeName": "pump"})),
        ("CreateThingGroup", json!({"thingGroupName": "all"})),
        ("CreateThingGroup", json!({"thingGroupName": "site-north"})),
        ("CreateBillingGroup", json!({"billingGroupName": "works"})),
        (
            "CreatePolicy",
            json!({"policyName": "given", "policyDocument": DOCUMENT}),
        ),
    ] {
        done(named(client, operation, input).await);
    }
}

async fn register(client: &Client, template: &Value, parameters: &Value) -> Reply {
    let input = json!({"templateBody": template.to_string(), "parameters": parameters});
    named(client, "RegisterThing", input).await
}

async fn certificate(client: &Client, csr: &str, active: bool) -> Value {
    let input = json!({"certificateSigningRequest": csr, "setAsActive": active});
    done(named(client, "CreateCertificateFromCsr", input).await).json()
}

/// How many things, certificates and policies there are.
async fn counts(client: &Client) -> [usize; 3] {
    let mut counts = [0; 3];
    for (count, (operation, list)) in counts.iter_mut().zip([
        ("ListThings", "things"),
        ("ListCertificates", "certificates"),
        ("ListPolicies", "policies"),
    ]) {
        let listed = done(named(client, operation, json!({})).await).json();
        *count = listed[list].as_array().unwrap().len();
    }
    counts
}

#[tokio::test]
async fn a_device_is_registered_whole_from_a_request_for_a_certificate() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        furnish(&admin).await;
        let template = whole(&json!({"CertificateSigningRequest": {"Ref": "CSR"}, "Status": "Active"}));
        let csr = testdata!("request-p256.csr");
        let parameters = json!({"ThingName": "pump-1", "CSR": csr});
        let reply = done(register(&admin, &template, &parameters).await).json();
        let arns = &reply["resourceArns"];
        assert_eq!(arns["thing"], arn("thing/pump-1"));
        let certificate = arns["certificate"].as_str().unwrap().to_owned();
        let id = certificate.rsplit('/').next().unwrap().to_owned();
        let policy = arns["made"].as_str().unwrap().to_owned();
        let policy_name = policy.rsplit('/').next().unwrap();
        assert_eq!(policy, arn(&format!("policy/{policy_name}")));
        assert!(
            policy_name.len() == 40
                && policy_name
                    .bytes()
                    .all(|byte| b"0123456789ABCDEF".contains(&byte))
        );
        // A policy that the template names is not reported.
        assert_eq!(arns.as_object().unwrap().len(), 3);

        let described = done(named(&admin, "DescribeCertificate", json!({"certificateId": id})).await).json();
        let described = &described["certificateDescription"];
        assert_eq!(
            (&described["status"], &described["certificatePem"]),
            (&json!("ACTIVE"), &reply["certificatePem"])
        );
        let thing = done(named(&admin, "DescribeThing", json!({"thingName": "pump-1"})).await).json();
        assert_eq!(
            (
                &thing["attributes"],
                &thing["thingTypeName"],
                &thing["billingGroupName"],
                &thing["version"]
            ),
            (
                &json!({"site": "north", "made": "by-template"}),
                &json!("pump"),
                &json!("works"),
                &json!(1)
            )
        );
        let groups = named(&admin, "ListThingGroupsForThing", json!({"thingName": "pump-1"})).await;
        let mut groups: Vec<String> = groups.json()["thingGroups"]
            .as_array()
            .unwrap()
            .iter()
            .map(|group| group["groupName"].as_str().unwrap().to_owned())
            .collect();
        groups.sort();
        assert_eq!(groups, ["all", "site-north"]);
        let principals = named(&admin, "ListThingPrincipals", json!({"thingName": "pump-1"})).await;
        assert_eq!(principals.json()["principals"], json!([certificate]));
        let policies = named(&admin, "ListAttachedPolicies", json!({"target": certificate})).await;
        assert_eq!(policies.json()["policies"].as_array().unwrap().len(), 2);
        let document = done(named(&admin, "GetPolicy", json!({"policyName": policy_name})).await).json();
        assert_eq!(document["policyDocument"], DOCUMENT);
        let found = json!({"attributeName": "site", "attributeValue": "north"});
        let found = done(named(&admin, "ListThings", found).await).json();
        assert_eq!(found["things"].as_array().unwrap().len(), 1);

        // The same once more makes another certificate, and leaves the thing and the policy as they are.
        let again = done(register(&admin, &template, &parameters).await).json();
        assert_ne!(again["resourceArns"]["certificate"], certificate);
        assert_eq!(again["resourceArns"]["made"], policy);
        assert_eq!(counts(&admin).await, [1, 2, 2]);
        let principals = named(&admin, "ListThingPrincipals", json!({"thingName": "pump-1"})).await;
        assert_eq!(principals.json()["principals"].as_array().unwrap().len(), 2);
        server.stop().await;
    }
}

#[tokio::test]
async fn a_certificate_is_given_as_pem_or_by_its_id() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        let authority = Authority::new("Factory");
        done(authority.register_by_name(&admin).await);
        // Another CA of the same name and key, so that the PEM of the CA decides.
        let renewed = authority.renewed("Factory");
        let second = done(renewed.register_by_name(&admin).await).text("certificateId");
        let device = authority.device("device-1");
        let given = |ca: Option<&str>, status: &str| {
            let mut properties = json!({"CertificatePem": device, "Status": status});
            if let Some(pem) = ca {
                properties["CACertificatePem"] = pem.into();
            }
            small(&properties, &json!({}))
        };
        let size = json!({"Size": "1"});
        let ambiguous = register(&admin, &given(None, "ACTIVE"), &size).await;
        refused(&ambiguous, 400, "ResourceRegistrationFailureException");
        assert!(
            ambiguous.message().starts_with("Resources.certificate: "),
            "{ambiguous}"
        );
        assert_eq!(counts(&admin).await, [0, 0, 0]);
        let first = done(register(&admin, &given(Some(&renewed.pem), "INACTIVE"), &size).await).json();
        assert_eq!(first["certificatePem"].as_str().unwrap(), device);
        let certificate = first["resourceArns"]["certificate"].as_str().unwrap().to_owned();
        let id = certificate.rsplit('/').next().unwrap();
        let describe = async || {
            let reply = named(&admin, "DescribeCertificate", json!({"certificateId": id})).await;
            done(reply).json()["certificateDescription"].clone()
        };
        let described = describe().await;
        assert_eq!(
            (
                &described["status"],
                &described["caCertificateId"],
                &described["certificateMode"]
            ),
            (&json!("INACTIVE"), &json!(second), &json!("SNI_ONLY"))
        );
        // Once more it is there, and nothing changes; its status is not that of the template and stays.
        let again = done(register(&admin, &given(None, "ACTIVE"), &size).await).json();
        assert_eq!(again, first);
        assert_eq!(describe().await, described);

        let by_id = |overrides: Value, exclusive: &str| {
            let properties =
                json!({"CertificateId": id, "Status": "ACTIVE", "ThingPrincipalType": exclusive});
            let mut template = small(&properties, &json!({}));
            template["Resources"]["certificate"]["OverrideSettings"] = overrides;
            template
        };
        let conflict = register(
            &admin,
            &by_id(json!({"Status": "FAIL"}), "NON_EXCLUSIVE_THING"),
            &size,
        )
        .await;
        refused(&conflict, 409, "ConflictingResourceUpdateException");
        let replaced = by_id(json!({"Status": "REPLACE"}), "NON_EXCLUSIVE_THING");
        let replaced = done(register(&admin, &replaced, &size).await).json();
        assert_eq!(replaced["certificatePem"].as_str().unwrap(), device);
        assert_eq!(describe().await["status"], "ACTIVE");
        // Attached to a second thing, and not exclusively to either.
        let second = json!({"Size": "1", "ThingName": "pump-2"});
        let exclusive = register(&admin, &by_id(json!({}), "EXCLUSIVE_THING"), &second).await;
        refused(&exclusive, 400, "InvalidRequestException");
        done(register(&admin, &by_id(json!({}), "NON_EXCLUSIVE_THING"), &second).await);
        assert_eq!(counts(&admin).await, [2, 1, 0]);

        let revoked = json!({"certificateId": id, "newStatus": "REVOKED"});
        done(named(&admin, "UpdateCertificate", revoked).await);
        let reply = register(
            &admin,
            &by_id(json!({"Status": "REPLACE"}), "NON_EXCLUSIVE_THING"),
            &size,
        )
        .await;
        refused(&reply, 400, "ResourceRegistrationFailureException");
        assert_eq!(describe().await["status"], "REVOKED");
        server.stop().await;
    }
}

#[tokio::test]
async fn a_certificate_belongs_to_its_thing_alone() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        let made = certificate(&admin, testdata!("request-p256.csr"), true).await;
        let by_id = |kind: &str| {
            let properties = json!({"CertificateId": made["certificateId"], "ThingPrincipalType": kind});
            small(&properties, &json!({}))
        };
        let size = json!({"Size": "1"});
        for _ in 0..2 {
            done(register(&admin, &by_id("EXCLUSIVE_THING"), &size).await);
        }
        let listed = named(&admin, "ListThingPrincipalsV2", json!({"thingName": "pump-1"})).await;
        assert_eq!(
            listed.json()["thingPrincipalObjects"],
            json!([{"principal": made["certificateArn"], "thingPrincipalType": "EXCLUSIVE_THING"}])
        );
        let second = json!({"Size": "1", "ThingName": "pump-2"});
        for kind in ["EXCLUSIVE_THING", "NON_EXCLUSIVE_THING"] {
            let reply = register(&admin, &by_id(kind), &second).await;
            refused(&reply, 400, "InvalidRequestException");
        }
        assert_eq!(counts(&admin).await, [1, 1, 0]);
        server.stop().await;
    }
}

#[tokio::test]
async fn a_thing_that_is_there_is_overridden_as_the_template_says() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        for (operation, input) in [
            ("CreateThingType", json!({"thingTypeName": "old"})),
            ("CreateThingType", json!({"thingTypeName": "new"})),
            ("CreateThingGroup", json!({"thingGroupName": "top"})),
            (
                "CreateThingGroup",
                json!({"thingGroupName": "below", "parentGroupName": "top"}),
            ),
            ("CreateThingGroup", json!({"thingGroupName": "old"})),
            ("CreateThingGroup", json!({"thingGroupName": "new"})),
        ] {
            done(named(&admin, operation, input).await);
        }
        let made = certificate(&admin, testdata!("request-p256.csr"), true).await;
        let template = |groups: &Value, overrides: Value| {
            let mut template = small(&json!({"CertificateId": made["certificateId"]}), &overrides);
            let properties = &mut template["Resources"]["thing"]["Properties"];
            properties["ThingTypeName"] = "new".into();
            properties["ThingGroups"] = groups.clone();
            template
        };
        let thing = |number: usize| json!({"thingName": format!("pump-{number}")});
        let new = json!(["new"]);
        let everything =
            |what: &str| json!({"AttributePayload": what, "ThingTypeName": what, "ThingGroups": what});
        for (number, (groups, overrides, expected)) in [
            (
                &new,
                json!({}),
                json!([{"kept": "1", "size": "1"}, "old", ["old"], 1]),
            ),
            (
                &new,
                everything("DO_NOTHING"),
                json!([{"kept": "1", "size": "1"}, "old", ["old"], 1]),
            ),
            (
                &new,
                everything("REPLACE"),
                json!([{"size": "2"}, "new", ["new"], 2]),
            ),
            (
                &new,
                json!({"AttributePayload": "MERGE", "ThingGroups": "MERGE"}),
                json!([{"kept": "1", "size": "2"}, "old", ["new", "old"], 2]),
            ),
            (
                &json!(["old", "below"]),
                json!({"ThingGroups": "REPLACE"}),
                json!([{"kept": "1", "size": "1"}, "old", ["below", "old"], 1]),
            ),
        ]
        .into_iter()
        .enumerate()
        {
            let before = json!({
                "thingName": format!("pump-{number}"),
                "thingTypeName": "old",
                "attributePayload": {"attributes": {"kept": "1", "size": "1"}},
            });
            done(named(&admin, "CreateThing", before).await);
            let member = json!({"thingName": format!("pump-{number}"), "thingGroupName": "old"});
            done(named(&admin, "AddThingToThingGroup", member).await);
            let parameters = json!({"ThingName": format!("pump-{number}"), "Size": "2"});
            // Twice is the same as once.
            for _ in 0..2 {
                done(register(&admin, &template(groups, overrides.clone()), &parameters).await);
                let read = done(named(&admin, "DescribeThing", thing(number)).await).json();
                let groups = done(named(&admin, "ListThingGroupsForThing", thing(number)).await).json();
                let mut groups: Vec<&Value> = groups["thingGroups"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|group| &group["groupName"])
                    .collect();
                groups.sort_by_key(|name| name.as_str().unwrap().to_owned());
                let found = json!([read["attributes"], read["thingTypeName"], groups, read["version"]]);
                assert_eq!(found, expected, "{overrides}");
            }
        }
        let there = json!({"ThingName": "pump-0", "Size": "2"});
        for part in ["AttributePayload", "ThingTypeName", "ThingGroups"] {
            let reply = register(&admin, &template(&new, json!({part: "FAIL"})), &there).await;
            refused(&reply, 409, "ConflictingResourceUpdateException");
            assert!(reply.message().starts_with("Resources.thing: "), "{reply}");
        }
        // One group of a hierarchy at most, also of those that it is in already.
        let member = json!({"thingName": "pump-0", "thingGroupName": "top"});
        done(named(&admin, "AddThingToThingGroup", member).await);
        let both = register(
            &admin,
            &template(&json!(["below"]), json!({"ThingGroups": "MERGE"})),
            &there,
        )
        .await;
        refused(&both, 400, "InvalidRequestException");
        server.stop().await;
    }
}

#[tokio::test]
async fn what_cannot_be_registered_leaves_nothing() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        furnish(&admin).await;
        done(named(&admin, "CreateThingType", json!({"thingTypeName": "old"})).await);
        let old = json!({"thingTypeName": "old", "undoDeprecate": false});
        done(named(&admin, "DeprecateThingType", old).await);
        let top = json!({"thingGroupName": "below", "parentGroupName": "all"});
        done(named(&admin, "CreateThingGroup", top).await);
        let before = counts(&admin).await;
        let csr = testdata!("request-p256.csr");
        let by_request = json!({"CertificateSigningRequest": csr});
        let changed = |path: &str, value: Value| {
            let mut template = whole(&by_request);
            *template.pointer_mut(&format!("/Resources/{path}")).unwrap() = value;
            template
        };
        let properties = "thing/Properties";
        let failure = (400, "ResourceRegistrationFailureException");
        let invalid = (400, "InvalidRequestException");
        let nobody = "0".repeat(64);
        let stranger = Authority::new("Stranger").device("device");
        let many: Vec<String> = (0..11).map(|number| format!("g{number}")).collect();
        let hostile: &[(Value, (u16, &str), &str)] = &[
            (
                changed("given/Properties/PolicyName", "none".into()),
                failure,
                "Resources.given: Policy none",
            ),
            (
                changed("given/Properties/PolicyName", "a b".into()),
                invalid,
                "Resources.given: ",
            ),
            (
                changed("made/Properties/PolicyDocument", "{}".into()),
                invalid,
                "Resources.made: policyDocument",
            ),
            (
                changed(&format!("{properties}/ThingTypeName"), "none".into()),
                failure,
                "Resources.thing: Thing type none",
            ),
            (
                changed(&format!("{properties}/ThingTypeName"), "old".into()),
                invalid,
                "Resources.thing: Thing type old",
            ),
            (
                changed(&format!("{properties}/ThingGroups"), json!(["all", "none"])),
                failure,
                "Resources.thing: Thing group none",
            ),
            (
                changed(&format!("{properties}/ThingGroups"), json!(["all", "below"])),
                invalid,
                "Resources.thing: ",
            ),
            (
                changed(&format!("{properties}/ThingGroups"), json!(many)),
                invalid,
                "Resources.thing: ThingGroups",
            ),
            (
                changed(&format!("{properties}/BillingGroup"), "none".into()),
                failure,
                "Resources.thing: Billing group none",
            ),
            (
                changed(&format!("{properties}/ThingName"), "a b".into()),
                invalid,
                "Resources.thing: ",
            ),
            (
                changed(&format!("{properties}/AttributePayload"), json!({"a b": "1"})),
                invalid,
                "Resources.thing: ",
            ),
            (
                changed(
                    "certificate/Properties",
                    json!({"CertificateSigningRequest": "none"}),
                ),
                invalid,
                "Resources.certificate: ",
            ),
            (
                changed(
                    "certificate/Properties",
                    json!({"CertificateSigningRequest": testdata!("bad-request-rsa1024.csr")}),
                ),
                invalid,
                "Resources.certificate: ",
            ),
            (
                changed("certificate/Properties", json!({"CertificateId": nobody})),
                failure,
                "Resources.certificate: ",
            ),
            (
                changed("certificate/Properties", json!({"CertificateId": "0"})),
                invalid,
                "Resources.certificate: ",
            ),
            (
                changed("certificate/Properties", json!({"CertificatePem": "none"})),
                failure,
                "Resources.certificate: ",
            ),
            (
                changed("certificate/Properties", json!({"CertificatePem": stranger})),
                failure,
                "Resources.certificate: ",
            ),
            (json!({}), invalid, "templateBody: "),
            (
                json!({"Resources": {"x": {"Type": "AWS::IoT::Lamp"}}}),
                invalid,
                "templateBody: Resources.x.Type",
            ),
        ];
        for (template, (status, exception), message) in hostile {
            let reply = register(&admin, template, &json!({"ThingName": "pump-1"})).await;
            refused(&reply, *status, exception);
            assert!(reply.message().starts_with(message), "{message}: {reply}");
            assert_eq!(counts(&admin).await, before, "{message}");
        }
        let missing = register(&admin, &whole(&by_request), &json!({"Site": "north"})).await;
        refused(&missing, 400, "InvalidRequestException");
        assert!(missing.message().contains("ThingName"), "{missing}");
        assert_eq!(counts(&admin).await, before);
        server.stop().await;
    }
}

#[tokio::test]
async fn a_certificate_gets_no_more_policies_than_it_may_have() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        let mut resources = small(
            &json!({"CertificateSigningRequest": testdata!("request-p256.csr")}),
            &json!({}),
        );
        for number in 0..11 {
            let name = format!("p{number}");
            let new = json!({"policyName": name, "policyDocument": DOCUMENT});
            done(named(&admin, "CreatePolicy", new).await);
            resources["Resources"][&name] =
                json!({"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": name}});
        }
        let reply = register(&admin, &resources, &json!({"Size": "1"})).await;
        refused(&reply, 400, "ResourceRegistrationFailureException");
        assert_eq!(counts(&admin).await, [0, 0, 11]);
        // The same policy under two names counts once.
        resources["Resources"]["p10"]["Properties"]["PolicyName"] = "p0".into();
        let made = done(register(&admin, &resources, &json!({"Size": "1"})).await).json();
        let certificate = &made["resourceArns"]["certificate"];
        let listed = named(&admin, "ListAttachedPolicies", json!({"target": certificate})).await;
        assert_eq!(listed.json()["policies"].as_array().unwrap().len(), 10);
        // Those that it has already count as well.
        let id = certificate.as_str().unwrap().rsplit('/').next().unwrap();
        let mut eleventh = small(&json!({"CertificateId": id}), &json!({}));
        eleventh["Resources"]["p10"] =
            json!({"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": "p10"}});
        let reply = register(&admin, &eleventh, &json!({"Size": "1"})).await;
        refused(&reply, 400, "ResourceRegistrationFailureException");
        server.stop().await;
    }
}

#[tokio::test]
async fn the_caller_must_be_permitted_every_change() {
    let thing = "arn:aws:iot:us-east-1:123456789012:thing/pump-1";
    let needed = [
        ("iot:RegisterThing", "*"),
        ("iot:CreateCertificateFromCsr", "*"),
        ("iot:CreateThing", thing),
        ("iot:AddThingToBillingGroup", thing),
        (
            "iot:AddThingToBillingGroup",
            "arn:aws:iot:us-east-1:123456789012:billinggroup/works",
        ),
        ("iot:AddThingToThingGroup", thing),
        (
            "iot:AddThingToThingGroup",
            "arn:aws:iot:us-east-1:123456789012:thinggroup/all",
        ),
        (
            "iot:AddThingToThingGroup",
            "arn:aws:iot:us-east-1:123456789012:thinggroup/site-north",
        ),
        ("iot:CreatePolicy", "arn:aws:iot:us-east-1:123456789012:policy/*"),
        ("iot:AttachPolicy", "arn:aws:iot:us-east-1:123456789012:cert/*"),
        ("iot:AttachThingPrincipal", "*"),
    ];
    let policy = |without: Option<usize>| {
        let statements: Vec<Value> = needed
            .iter()
            .enumerate()
            .filter(|(number, _)| Some(*number) != without)
            .map(|(_, (action, resource))| json!({"Effect": "Allow", "Action": action, "Resource": resource}))
            .collect();
        json!({"Version": "2012-10-17", "Statement": statements}).to_string()
    };
    let mut builder = TestServer::builder().key("all", ACCOUNT, &[&policy(None)]);
    for number in 0..needed.len() {
        builder = builder.key(&format!("without-{number}"), ACCOUNT, &[&policy(Some(number))]);
    }
    let server = builder.start().await;
    let admin = server.administrator();
    furnish(&admin).await;
    let before = counts(&admin).await;
    let template = whole(&json!({"CertificateSigningRequest": testdata!("request-p256.csr")}));
    let parameters = json!({"ThingName": "pump-1"});
    for (number, (action, _)) in needed.iter().enumerate() {
        let client = server.client(&format!("without-{number}"));
        let reply = register(&client, &template, &parameters).await;
        refused(&reply, 403, "AccessDeniedException");
        assert!(reply.message().contains(action), "{action}: {reply}");
        assert_eq!(counts(&admin).await, before, "{action}");
    }
    done(register(&server.client("all"), &template, &parameters).await);
}

#[tokio::test]
async fn a_registration_is_told_of_when_it_is_done() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        furnish(&admin).await;
        let types = ["THING", "THING_TYPE_ASSOCIATION", "THING_GROUP_MEMBERSHIP"];
        turn(&admin, &types, true).await;
        let mut listener = Listener::at(&server).await;
        let made = certificate(&admin, testdata!("request-p256.csr"), true).await;
        let mut template = whole(&json!({"CertificateId": made["certificateId"]}));
        let register = |template: Value, site: &'static str| {
            let admin = admin.clone();
            async move { register(&admin, &template, &json!({"ThingName": "pump-1", "Site": site})).await }
        };
        let mut heard = || -> Vec<(String, Value)> {
            let heard = listener.heard().into_iter();
            heard
                .map(|(topic, body)| (topic.replace("$aws/events/", ""), body["versionNumber"].clone()))
                .collect()
        };
        // What fails is not told.
        template["Resources"]["given"]["Properties"]["PolicyName"] = "none".into();
        assert_eq!(register(template.clone(), "north").await.status, 400);
        assert_eq!(heard(), []);
        template["Resources"]["given"]["Properties"]["PolicyName"] = "given".into();
        done(register(template.clone(), "north").await);
        let membership = |group: &str, what: &str| {
            let topic = format!("thingGroupMembership/thingGroup/{group}/thing/pump-1/{what}");
            (topic, Value::Null)
        };
        assert_eq!(
            heard(),
            [
                ("thing/pump-1/created".to_owned(), json!(1)),
                (
                    "thingTypeAssociation/thing/pump-1/thingType/pump/added".to_owned(),
                    Value::Null
                ),
                membership("all", "added"),
                membership("site-north", "added"),
            ]
        );
        // What changes nothing says nothing.
        done(register(template.clone(), "north").await);
        assert_eq!(heard(), []);
        template["Resources"]["thing"]["Properties"]["ThingGroups"] = json!(["all"]);
        template["Resources"]["thing"]["OverrideSettings"] =
            json!({"AttributePayload": "REPLACE", "ThingGroups": "REPLACE"});
        done(register(template, "south").await);
        assert_eq!(
            heard(),
            [
                ("thing/pump-1/updated".to_owned(), json!(2)),
                membership("site-north", "removed"),
            ]
        );
        server.stop().await;
    }
}
