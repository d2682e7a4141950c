//! Certificate providers, and claims for trusted users.

use serde_json::{Value, json};

use super::Side;

fn function(side: &Side) -> String {
    format!("arn:aws:lambda:{}:{}:function:sign", side.region, side.account)
}

fn provider(side: &Side) -> Value {
    json!({"certificateProviderName": "theirs", "lambdaFunctionArn": function(side),
        "accountDefaultForOperations": ["CreateCertificateFromCsr"]})
}

/// Makes a certificate provider.
pub(super) async fn furnish(side: &mut Side) {
    side.expect("CreateCertificateProvider", provider(side), 200)
        .await;
}

/// Everything of it that `side` has, as it reads it itself.
pub(super) async fn inventory(side: &mut Side) -> Vec<String> {
    let mut replies = Vec::new();
    for (operation, input) in [
        (
            "DescribeCertificateProvider",
            json!({"certificateProviderName": "theirs"}),
        ),
        ("ListCertificateProviders", json!({})),
    ] {
        replies.push(side.expect(operation, input, 200).await.to_string());
    }
    replies
}

/// Tries every operation on what `theirs` has, before `ours` has a template or a provider.
pub(super) async fn trespass(ours: &mut Side, theirs: &Side) {
    let named = json!({"certificateProviderName": "theirs"});
    for operation in [
        "DescribeCertificateProvider",
        "UpdateCertificateProvider",
        "DeleteCertificateProvider",
    ] {
        ours.expect(operation, named.clone(), 404).await;
    }
    let listed = ours.expect("ListCertificateProviders", json!({}), 200).await;
    assert_eq!(listed.json(), json!({"certificateProviders": []}));
    let resource = json!({"resourceArn": theirs.arn("certificateprovider/theirs")});
    ours.expect("ListTagsForResource", resource, 404).await;
    ours.expect("CreateProvisioningClaim", json!({"templateName": "theirs"}), 404)
        .await;
    // Their function is none of ours, and our own may have their name.
    ours.expect("CreateCertificateProvider", provider(theirs), 400)
        .await;
    ours.expect("CreateCertificateProvider", provider(ours), 200)
        .await;
}
