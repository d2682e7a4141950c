//! The token that a session is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use thingsmith_model::Account;
use zeroize::{Zeroize, Zeroizing};

use crate::roles::Role;
use crate::{Deeds, Fault, SealKey};

/// A session, as its token holds it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Session {
    /// The realm of the role.
    pub(crate) realm: i64,
    /// The account of the role.
    pub(crate) account: Account,
    /// The role's number, or [`OWN`].
    pub(crate) role: i64,
    /// The session's name.
    pub(crate) name: String,
    /// What its requests are signed with.
    pub(crate) secret: String,
    /// Milliseconds since 1970.
    pub(crate) issued_at: i64,
    /// Milliseconds since 1970.
    pub(crate) expires_at: i64,
    /// The policy that narrows it.
    pub(crate) policy: Option<String>,
    /// The managed policies that narrow it, by number.
    pub(crate) managed: Vec<i64>,
    /// What policies can ask for besides.
    pub(crate) variables: Vec<(String, String)>,
}

/// In the place of a role's number: a session of the service's own. No object has this number.
pub(crate) const OWN: i64 = 0;
/// The role that the ARN of such a session names. There is none of the name.
const OWN_ROLE: &str = "AWSServiceRoleForThingsmith";

/// The longest token that is looked at; the longest that is made has some 6,000 characters.
const MOST_CHARACTERS: usize = 16 * 1024;

impl Session {
    /// The session's id as IAM tells it.
    pub(crate) fn user_id(&self, role: &Role) -> String {
        format!("{}:{}", role.id, self.name)
    }

    /// The session's ARN.
    pub(crate) fn arn(&self, role: &Role) -> String {
        super::arn(&self.account, &role.name, &self.name)
    }

    /// The id of a session of the service's own.
    pub(crate) fn own_user_id(&self) -> String {
        format!("{OWN_ROLE}:{}", self.name)
    }

    /// The ARN of a session of the service's own.
    pub(crate) fn own_arn(&self) -> String {
        super::arn(&self.account, OWN_ROLE, &self.name)
    }

    pub(super) fn seal(&self, seal: &SealKey, access_key_id: &str) -> Result<String, Fault> {
        let content = Zeroizing::new(serde_json::to_vec(self).map_err(Fault::internal)?);
        let sealed = key(seal, access_key_id)
            .seal(NAME, &content)
            .map_err(Fault::internal)?;
        Ok(STANDARD.encode(sealed))
    }

    /// The session of a token that came with an access key id; nothing if they do not belong together. Who made the token
    /// is proved by the cipher's tag, which is compared in constant time.
    pub(crate) fn open(deeds: &Deeds, access_key_id: &str, token: &str) -> Option<Self> {
        if token.len() > MOST_CHARACTERS {
            return None;
        }
        let sealed = STANDARD.decode(token).ok()?;
        let content = key(&deeds.world().seal, access_key_id).open(NAME, &sealed).ok()?;
        serde_json::from_slice(&content).ok()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

/// A key for one session only: so many are sealed that one key's nonces, drawn at random, could come to repeat.
fn key(seal: &SealKey, access_key_id: &str) -> SealKey {
    seal.derive(&format!("session {access_key_id}"))
}

const NAME: &str = "session token";
