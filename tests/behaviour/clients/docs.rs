//! What the pages of the documentation tell their readers to do, done as written: `tests/clients/docs.py`.

use serde_json::json;

use super::alone::alone;
use super::{installed, repository, venv};
use crate::server::program;

/// Follows a page, whose blocks come to this many commands at least.
fn followed(page: &str, least: i64) {
    let Some(venv) = venv() else { return };
    if !["openssl", "curl", "mosquitto_pub"].into_iter().all(installed) {
        return;
    }
    let work = tempfile::tempdir().unwrap();
    let paths = json!({
        "work": work.path(),
        "repository": repository(),
        "tools": venv,
        "thingsmith": program(),
    });
    let Some(found) = alone("docs.py", &[page, &paths.to_string()]) else {
        return;
    };
    let commands = found["commands"].as_i64();
    assert!(commands >= Some(least), "{page} has lost its commands: {found}");
}

macro_rules! pages {
    ($($name:ident: $page:literal, $least:literal;)*) => {
        $(#[test] fn $name() { followed($page, $least); })*
    };
}

// the_page_single_thing_goes_as_written follows docs/single-thing.md.
pages! {
    the_readme_goes_as_written: "README.md", 2;
    the_page_bulk_goes_as_written: "docs/bulk.md", 5;
    the_page_claims_safety_goes_as_written: "docs/claims-safety.md", 8;
    the_page_connecting_goes_as_written: "docs/connecting.md", 2;
    the_page_device_agent_goes_as_written: "docs/device-agent.md", 10;
    the_page_fleet_provisioning_goes_as_written: "docs/fleet-provisioning.md", 6;
    the_page_jitp_goes_as_written: "docs/jitp.md", 8;
    the_page_jitr_goes_as_written: "docs/jitr.md", 6;
    the_page_lambda_goes_as_written: "docs/lambda.md", 5;
    the_page_multi_account_goes_as_written: "docs/multi-account.md", 2;
    the_page_own_certificates_goes_as_written: "docs/own-certificates.md", 6;
    the_page_rules_goes_as_written: "docs/rules.md", 1;
    the_page_s3_goes_as_written: "docs/s3.md", 4;
    the_page_single_thing_goes_as_written: "docs/single-thing.md", 2;
    the_page_trusted_user_goes_as_written: "docs/trusted-user.md", 3;
}
