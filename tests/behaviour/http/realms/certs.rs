//! CA certificates, registration codes and transfers beside another realm's.

use serde_json::json;

use super::super::authority::Authority;
use super::Side;

/// What one side has and the other tries to reach.
pub(super) struct Furniture {
    authority: Authority,
    ca: String,
    registered: String,
    outgoing: String,
}

/// The account that a certificate is on its way to: neither of the two.
const THIRD: &str = "333333333333";

/// Makes a CA certificate with a certificate registered under it, and a certificate on its way to a third account.
pub(super) async fn furnish(side: &mut Side) -> Furniture {
    let authority = Authority::new("Theirs");
    let code = side.expect("GetRegistrationCode", json!({}), 200).await;
    let verification = authority.device(&code.text("registrationCode"));
    let input = json!({
        "caCertificate": authority.pem,
        "verificationCertificate": verification,
        "setAsActive": true,
    });
    let ca = side.expect("RegisterCACertificate", input, 200).await;
    let mut register = async |name: &str| {
        let input = json!({"certificatePem": authority.device(name)});
        let made = side.expect("RegisterCertificate", input, 200).await;
        made.text("certificateId")
    };
    let (registered, outgoing) = (register("stays").await, register("goes").await);
    let input = json!({"certificateId": outgoing, "targetAwsAccount": THIRD});
    side.expect("TransferCertificate", input, 200).await;
    Furniture {
        ca: ca.text("certificateId"),
        authority,
        registered,
        outgoing,
    }
}

/// Everything of it, as its owner reads it.
pub(super) async fn inventory(side: &mut Side, furniture: &Furniture) -> Vec<String> {
    let mut replies = Vec::new();
    for (name, input) in [
        ("GetRegistrationCode", json!({})),
        ("DescribeCACertificate", json!({"certificateId": furniture.ca})),
        ("ListCACertificates", json!({})),
        ("ListCertificatesByCA", json!({"caCertificateId": furniture.ca})),
        (
            "DescribeCertificate",
            json!({"certificateId": furniture.registered}),
        ),
        (
            "DescribeCertificate",
            json!({"certificateId": furniture.outgoing}),
        ),
        ("ListOutgoingCertificates", json!({})),
    ] {
        replies.push(side.expect(name, input, 200).await.to_string());
    }
    replies
}

/// Tries every operation on what `theirs` has.
pub(super) async fn trespass(ours: &mut Side, furniture: &Furniture) {
    let ca = || json!({"certificateId": furniture.ca});
    ours.expect("DescribeCACertificate", ca(), 404).await;
    ours.expect(
        "UpdateCACertificate",
        json!({"certificateId": furniture.ca, "newStatus": "INACTIVE"}),
        404,
    )
    .await;
    ours.expect("DeleteCACertificate", ca(), 404).await;
    let listed = ours.expect("ListCACertificates", json!({}), 200).await.json();
    assert_eq!(listed["certificates"], json!([]));
    let by_ca = json!({"caCertificateId": furniture.ca});
    let listed = ours.expect("ListCertificatesByCA", by_ca, 200).await.json();
    assert_eq!(listed["certificates"], json!([]));
    // Their CA is none of ours.
    let device = furniture.authority.device("ours");
    for input in [
        json!({"certificatePem": device}),
        json!({"certificatePem": device, "caCertificatePem": furniture.authority.pem}),
    ] {
        ours.expect("RegisterCertificate", input, 400).await;
    }
    for id in [&furniture.registered, &furniture.outgoing] {
        for name in [
            "AcceptCertificateTransfer",
            "RejectCertificateTransfer",
            "CancelCertificateTransfer",
        ] {
            ours.expect(name, json!({"certificateId": id}), 404).await;
        }
        let input = json!({"certificateId": id, "targetAwsAccount": THIRD});
        ours.expect("TransferCertificate", input, 404).await;
    }
    let listed = ours
        .expect("ListOutgoingCertificates", json!({}), 200)
        .await
        .json();
    assert_eq!(listed["outgoingCertificates"], json!([]));
    // Our code is another, and deleting it leaves theirs.
    ours.expect("DeleteRegistrationCode", json!({}), 404).await;
    ours.expect("GetRegistrationCode", json!({}), 200).await;
    ours.expect("DeleteRegistrationCode", json!({}), 200).await;
    ours.expect("CreateKeysAndCertificate", json!({}), 200).await;
    // With the server name everybody may register their CA.
    let input = json!({"caCertificate": furniture.authority.pem, "certificateMode": "SNI_ONLY"});
    ours.expect("RegisterCACertificate", input, 200).await;
}
