//! Links to objects.

use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use thingsmith_sigv4::{PayloadHash, Request, Signer, presign};

use crate::realms::RealmRecord;
use crate::sessions::{self, OwnSession};
use crate::{Code, Deeds, Fault};

/// The longest that a link is good for.
pub const LONGEST_LINK: Duration = Duration::from_secs(3600);

/// What a path has of a key as it is.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'/');

/// Makes a link by which whoever has it reads one object of the realm, for at most an hour. It is signed by a session of the
/// service's own that may do nothing else and ends with it.
///
/// # Errors
/// `ServiceUnavailableException` before the address of the API is known.
pub fn presign_get(
    deeds: &Deeds,
    realm: &RealmRecord,
    bucket: &str,
    key: &str,
    lifetime: Duration,
) -> Result<String, Fault> {
    let api = deeds
        .rules()
        .api()
        .ok_or_else(|| Fault::new(Code::ServiceUnavailable, "The server is only just starting."))?;
    let lifetime = lifetime.min(LONGEST_LINK);
    let session = OwnSession {
        name: "objects",
        // It outlives its link, so that who comes late is told that the link has expired.
        lifetime: lifetime + Duration::from_secs(60),
        policy: policy(bucket, key),
    };
    let credentials = sessions::issue_own(deeds, realm, session)?;
    let signer = Signer {
        access_key_id: credentials.access_key_id,
        secret_access_key: credentials.secret,
        session_token: Some(credentials.session_token.expose_secret().clone()),
        region: realm.region.to_string(),
        service: "s3".into(),
    };
    let host = api.split_once("://").map_or(api, |(_, host)| host);
    let target = format!("/{bucket}/{}", utf8_percent_encode(key, PATH));
    let request = Request {
        method: "GET",
        target: target.as_bytes(),
        headers: &[("host", host.as_bytes())],
    };
    let seconds = u32::try_from(lifetime.as_secs()).ok();
    let target = presign(
        &signer,
        &request,
        PayloadHash::UNSIGNED,
        deeds.clock().now(),
        seconds,
    );
    Ok(format!("{api}{}", target.map_err(Fault::internal)?))
}

/// Lets read one object. What a pattern would take for a wild card, or a variable, stands for itself.
fn policy(bucket: &str, key: &str) -> String {
    let mut resource = String::from("arn:aws:s3:::");
    for character in format!("{bucket}/{key}").chars() {
        match character {
            '*' | '?' | '$' => {
                resource.push_str("${");
                resource.push(character);
                resource.push('}');
            }
            character => resource.push(character),
        }
    }
    serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}],
    })
    .to_string()
}
