//! Domain configurations, whose domains belong to one realm alone.

use serde_json::{Value, json};

use super::Side;

fn new(side: &Side, domain: &str) -> Value {
    let certificate = format!("arn:aws:acm:{}:{}:certificate/a", side.region, side.account);
    json!({"domainConfigurationName": "theirs", "domainName": domain, "serverCertificateArns": [certificate]})
}

/// Makes a domain configuration, and chooses the TLS of the default endpoint.
pub(super) async fn furnish(side: &mut Side) {
    let input = new(side, "theirs.example.com");
    side.expect("CreateDomainConfiguration", input, 200).await;
    let tls = json!({"domainConfigurationName": "iot:Data-ATS",
        "tlsConfig": {"securityPolicy": "IoTSecurityPolicy_TLS13_1_3_2022_10"}});
    side.expect("UpdateDomainConfiguration", tls, 200).await;
}

/// Everything of it that `side` has, as it reads it itself.
pub(super) async fn inventory(side: &mut Side) -> Vec<String> {
    let mut replies = Vec::new();
    for (operation, input) in [
        (
            "DescribeDomainConfiguration",
            json!({"domainConfigurationName": "theirs"}),
        ),
        (
            "DescribeDomainConfiguration",
            json!({"domainConfigurationName": "iot:Data-ATS"}),
        ),
        ("ListDomainConfigurations", json!({})),
    ] {
        replies.push(side.expect(operation, input, 200).await.to_string());
    }
    replies
}

/// Tries every operation on what another side has.
pub(super) async fn trespass(ours: &mut Side) {
    let named = || json!({"domainConfigurationName": "theirs"});
    ours.expect("DescribeDomainConfiguration", named(), 404).await;
    let off = json!({"domainConfigurationName": "theirs", "domainConfigurationStatus": "DISABLED"});
    ours.expect("UpdateDomainConfiguration", off.clone(), 404).await;
    ours.expect("DeleteDomainConfiguration", named(), 404).await;
    let listed = ours.expect("ListDomainConfigurations", json!({}), 200).await;
    assert_eq!(
        listed.json()["domainConfigurations"].as_array().unwrap().len(),
        3,
        "{listed}"
    );
    let default = json!({"domainConfigurationName": "iot:Data-ATS"});
    let tls = ours.expect("DescribeDomainConfiguration", default, 200).await;
    assert_eq!(
        tls.json()["tlsConfig"]["securityPolicy"],
        "IoTSecurityPolicy_TLS13_1_2_2022_10"
    );
    // Their domain is theirs, and whose it is is not said.
    for domain in ["theirs.example.com", "Theirs.Example.COM"] {
        let input = new(ours, domain);
        let taken = ours.expect("CreateDomainConfiguration", input, 409).await;
        assert_eq!(taken.exception(), "ResourceAlreadyExistsException");
        assert_eq!(taken.json().get("resourceArn"), None, "{taken}");
    }
    let input = new(ours, "ours.example.com");
    ours.expect("CreateDomainConfiguration", input, 200).await;
    ours.expect("UpdateDomainConfiguration", off, 200).await;
    ours.expect("DeleteDomainConfiguration", named(), 200).await;
}
