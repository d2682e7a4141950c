//! The deeds on users, roles, keys and their policies, with every trouble.

use std::sync::Arc;

use thingsmith_core::identity_policies::{self, Holder};
use thingsmith_core::managed_policies::{self, ManagedPolicy, NewPolicy};
use thingsmith_core::realms::RealmRecord;
use thingsmith_core::roles::{self, NewRole};
use thingsmith_core::user_keys::{self, Status};
use thingsmith_core::{Code, Fault, iam, users};

use super::scene::{self, Scene};
use super::{Registry, Trouble};
use crate::objects::{DOCUMENT, code};

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}]}"#;
const ANN: Holder<'static> = Holder::User("ann");
const WORKER: Holder<'static> = Holder::Role("worker");

/// The deeds that write.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Deed {
    CreateUser,
    DeleteUser,
    CreateAccessKey,
    UpdateAccessKey,
    DeleteAccessKey,
    CreateRole,
    UpdateTrust,
    DeleteRole,
    PutInline,
    ReplaceInline,
    DeleteInline,
    Attach,
    AttachOfAws,
    Detach,
    CreatePolicy,
    DeletePolicy,
    CreatePolicyVersion,
    SetDefaultPolicyVersion,
    DeletePolicyVersion,
}

/// The user `ann` has a key, the role `worker` the inline policy `inline` and the managed one `held`, which has two versions;
/// the user `bob`, the role `idle` and the policy `free` have nothing.
struct Identities {
    registry: Registry,
    realm: Arc<RealmRecord>,
    key: String,
    free: ManagedPolicy,
    held: ManagedPolicy,
}

fn new_policy(name: &str) -> NewPolicy {
    NewPolicy {
        name: name.into(),
        path: "/".into(),
        description: None,
        document: DOCUMENT.into(),
    }
}

fn new_role(name: &str) -> NewRole {
    NewRole {
        name: name.into(),
        path: "/".into(),
        trust: TRUST.into(),
        description: None,
        longest_session_seconds: 3600,
    }
}

fn deny() -> String {
    DOCUMENT.replace("Allow", "Deny")
}

impl Identities {
    fn arn(&self, policy: &ManagedPolicy) -> String {
        policy.arn(&self.realm).to_string()
    }

    async fn user(&self, name: &str) -> Option<users::User> {
        let store = self.registry.other.store();
        users::rows::find(store, self.realm.realm, name).await.unwrap()
    }

    async fn role(&self, name: &str) -> Option<roles::Role> {
        let store = self.registry.other.store();
        roles::rows::find(store, self.realm.realm, name).await.unwrap()
    }

    async fn keys(&self, user: &str) -> Vec<user_keys::UserKey> {
        let (store, number) = (self.registry.other.store(), self.user(user).await.unwrap().number);
        user_keys::rows::page(store, self.realm.realm, number, "", 10)
            .await
            .unwrap()
    }

    /// The default and the newest version of a policy, and how many it has.
    async fn versions(&self, of: &ManagedPolicy) -> Option<(i64, i64, usize)> {
        let (node, store) = (&self.registry.other, self.registry.other.store());
        let (policy, _) = managed_policies::policy(node, &self.realm, &self.arn(of))
            .await
            .ok()?;
        let versions = managed_policies::rows::versions(store, self.realm.realm, policy.number);
        Some((
            policy.default_version,
            policy.newest_version,
            versions.await.unwrap().len(),
        ))
    }

    async fn attached(&self, holder: i64, policy: i64) -> bool {
        let store = self.registry.other.store();
        let found = identity_policies::rows::attached(store, self.realm.realm, holder, policy);
        found.await.unwrap().1
    }

    async fn inline(&self, holder: i64, name: &str) -> Option<String> {
        let store = self.registry.other.store();
        let found = identity_policies::rows::inline(store, self.realm.realm, holder, name);
        found.await.unwrap()
    }
}

impl Scene for Identities {
    type Deed = Deed;

    const ALL: &'static [Deed] = &[
        Deed::CreateUser,
        Deed::DeleteUser,
        Deed::CreateAccessKey,
        Deed::UpdateAccessKey,
        Deed::DeleteAccessKey,
        Deed::CreateRole,
        Deed::UpdateTrust,
        Deed::DeleteRole,
        Deed::PutInline,
        Deed::ReplaceInline,
        Deed::DeleteInline,
        Deed::Attach,
        Deed::AttachOfAws,
        Deed::Detach,
        Deed::CreatePolicy,
        Deed::DeletePolicy,
        Deed::CreatePolicyVersion,
        Deed::SetDefaultPolicyVersion,
        Deed::DeletePolicyVersion,
    ];

    async fn new(_: Deed) -> Self {
        let registry = Registry::new().await;
        let node = &registry.other;
        // The troubled node learns of the realm before there are troubles.
        let realm = iam::realm(&registry.deeds, &registry.realm.account)
            .await
            .unwrap();
        for name in ["ann", "bob"] {
            users::create_user(node, &realm, name, "/").await.unwrap();
        }
        for name in ["worker", "idle"] {
            roles::create_role(node, &realm, new_role(name)).await.unwrap();
        }
        let key = user_keys::create_access_key(node, &realm, "ann").await.unwrap();
        let policy = async |name| {
            managed_policies::create_policy(node, &realm, new_policy(name))
                .await
                .unwrap()
        };
        let (free, held) = (policy("free").await, policy("held").await);
        let arn = held.arn(&realm).to_string();
        managed_policies::create_policy_version(node, &realm, &arn, DOCUMENT, false)
            .await
            .unwrap();
        identity_policies::attach(node, &realm, WORKER, &arn)
            .await
            .unwrap();
        identity_policies::put_inline(node, &realm, WORKER, "inline", DOCUMENT)
            .await
            .unwrap();
        Self {
            key: key.key.access_key_id,
            registry,
            realm,
            free,
            held,
        }
    }

    fn registry(&self) -> &Registry {
        &self.registry
    }

    async fn carry_out(&self, deed: Deed) -> Result<(), Fault> {
        let (deeds, realm) = (&self.registry.deeds, &*self.realm);
        let (free, held) = (self.arn(&self.free), self.arn(&self.held));
        match deed {
            Deed::CreateUser => users::create_user(deeds, realm, "new", "/").await.map(drop),
            Deed::DeleteUser => users::delete_user(deeds, realm, "bob").await,
            Deed::CreateAccessKey => {
                let made = user_keys::create_access_key(deeds, realm, "bob").await?;
                // The key that is told is the one that is kept.
                let kept = self.keys("bob").await;
                assert_eq!(kept.last(), Some(&made.key));
                Ok(())
            }
            Deed::UpdateAccessKey => {
                user_keys::update_access_key(deeds, realm, "ann", &self.key, Status::Inactive).await
            }
            Deed::DeleteAccessKey => user_keys::delete_access_key(deeds, realm, "ann", &self.key).await,
            Deed::CreateRole => roles::create_role(deeds, realm, new_role("new")).await.map(drop),
            Deed::UpdateTrust => {
                let trust = TRUST.replace("Allow", "Deny");
                roles::update_trust(deeds, realm, "worker", &trust).await
            }
            Deed::DeleteRole => roles::delete_role(deeds, realm, "idle").await,
            Deed::PutInline => identity_policies::put_inline(deeds, realm, ANN, "new", DOCUMENT).await,
            Deed::ReplaceInline => {
                identity_policies::put_inline(deeds, realm, WORKER, "inline", &deny()).await
            }
            Deed::DeleteInline => identity_policies::delete_inline(deeds, realm, WORKER, "inline").await,
            Deed::Attach => identity_policies::attach(deeds, realm, ANN, &free).await,
            Deed::AttachOfAws => {
                let arn = "arn:aws:iam::aws:policy/AWSIoTFullAccess";
                identity_policies::attach(deeds, realm, ANN, arn).await
            }
            Deed::Detach => identity_policies::detach(deeds, realm, WORKER, &held).await,
            Deed::CreatePolicy => managed_policies::create_policy(deeds, realm, new_policy("new"))
                .await
                .map(drop),
            Deed::DeletePolicy => managed_policies::delete_policy(deeds, realm, &free).await,
            Deed::CreatePolicyVersion => {
                let made =
                    managed_policies::create_policy_version(deeds, realm, &free, &deny(), true).await?;
                assert_eq!(made.version, 2);
                Ok(())
            }
            Deed::SetDefaultPolicyVersion => {
                managed_policies::set_default_version(deeds, realm, &held, "v2").await
            }
            Deed::DeletePolicyVersion => {
                managed_policies::delete_policy_version(deeds, realm, &held, "v2").await
            }
        }
    }

    async fn times_done(&self, deed: Deed) -> i64 {
        let ann = self.user("ann").await.unwrap().number;
        let worker = self.role("worker").await.unwrap();
        match deed {
            Deed::CreateUser => i64::from(self.user("new").await.is_some()),
            Deed::DeleteUser => i64::from(self.user("bob").await.is_none()),
            Deed::CreateAccessKey => i64::try_from(self.keys("bob").await.len()).unwrap(),
            Deed::UpdateAccessKey => i64::from(self.keys("ann").await[0].status == Status::Inactive),
            Deed::DeleteAccessKey => i64::from(self.keys("ann").await.is_empty()),
            Deed::CreateRole => i64::from(self.role("new").await.is_some()),
            Deed::UpdateTrust => i64::from(worker.trust != TRUST),
            Deed::DeleteRole => i64::from(self.role("idle").await.is_none()),
            Deed::PutInline => i64::from(self.inline(ann, "new").await.is_some()),
            Deed::ReplaceInline => i64::from(self.inline(worker.number, "inline").await == Some(deny())),
            Deed::DeleteInline => i64::from(self.inline(worker.number, "inline").await.is_none()),
            Deed::Attach => i64::from(self.attached(ann, self.free.number).await),
            Deed::AttachOfAws => {
                let store = self.registry.other.store();
                let all = identity_policies::rows::all_attached(store, self.realm.realm, ann);
                i64::try_from(all.await.unwrap().len()).unwrap()
            }
            Deed::Detach => i64::from(!self.attached(worker.number, self.held.number).await),
            Deed::CreatePolicy => {
                let new = ManagedPolicy {
                    name: "new".into(),
                    ..self.free.clone()
                };
                i64::from(self.versions(&new).await == Some((1, 1, 1)))
            }
            Deed::DeletePolicy => i64::from(self.versions(&self.free).await.is_none()),
            Deed::CreatePolicyVersion => match self.versions(&self.free).await.unwrap() {
                (default, newest, count) => {
                    assert_eq!((default, i64::try_from(count).unwrap()), (newest, newest));
                    newest - 1
                }
            },
            Deed::SetDefaultPolicyVersion => self.versions(&self.held).await.unwrap().0 - 1,
            Deed::DeletePolicyVersion => i64::from(self.versions(&self.held).await == Some((1, 2, 1))),
        }
    }

    fn announces(deed: Deed) -> bool {
        !matches!(
            deed,
            Deed::CreateUser | Deed::CreateAccessKey | Deed::CreateRole | Deed::CreatePolicy
        )
    }
}

#[tokio::test(start_paused = true)]
async fn a_deed_on_identities_that_is_done_at_last_is_done_once_and_says_so() {
    scene::is_done_once::<Identities>().await;
}

#[tokio::test(start_paused = true)]
async fn a_deed_on_identities_that_cannot_be_done_says_so_after_some_tries() {
    scene::gives_up::<Identities>().await;
}

#[tokio::test(start_paused = true)]
async fn a_deed_on_identities_whose_every_commit_is_lost_finds_that_it_was_done() {
    scene::finds_itself::<Identities>().await;
}

#[tokio::test(start_paused = true)]
async fn a_name_is_taken_only_by_somebody_else() {
    for (trouble, expected) in [
        (Trouble::LostAfter, None),
        (Trouble::LostBefore, Some(Code::EntityAlreadyExists)),
    ] {
        let scene = Identities::new(Deed::CreateRole).await;
        let (node, realm) = (Arc::clone(&scene.registry.other), Arc::clone(&scene.realm));
        scene.registry.troubled.spoil(&[trouble]);
        scene.registry.troubled.meanwhile(async move {
            // Names differ in more than case.
            let theirs = roles::create_role(&node, &realm, new_role("NEW")).await;
            assert_eq!(theirs.is_ok(), trouble == Trouble::LostBefore);
        });
        let answer = scene.carry_out(Deed::CreateRole).await;
        assert_eq!(code(&answer), expected, "{trouble:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_that_was_switched_on_again_is_not_switched_off_twice() {
    let scene = Identities::new(Deed::UpdateAccessKey).await;
    let (node, realm) = (Arc::clone(&scene.registry.other), Arc::clone(&scene.realm));
    let key = scene.key.clone();
    scene.registry.troubled.spoil(&[Trouble::LostAfter]);
    scene.registry.troubled.meanwhile(async move {
        user_keys::update_access_key(&node, &realm, "ann", &key, Status::Active)
            .await
            .unwrap();
    });
    scene.carry_out(Deed::UpdateAccessKey).await.unwrap();
    assert_eq!(scene.keys("ann").await[0].status, Status::Active);
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_was_attached_again_to_a_role_stays_attached() {
    let scene = Identities::new(Deed::Detach).await;
    let (node, realm) = (Arc::clone(&scene.registry.other), Arc::clone(&scene.realm));
    let arn = scene.arn(&scene.held);
    scene.registry.troubled.spoil(&[Trouble::LostAfter]);
    scene.registry.troubled.meanwhile(async move {
        identity_policies::attach(&node, &realm, WORKER, &arn)
            .await
            .unwrap();
    });
    scene.carry_out(Deed::Detach).await.unwrap();
    let worker = scene.role("worker").await.unwrap().number;
    assert!(scene.attached(worker, scene.held.number).await);
}

#[tokio::test(start_paused = true)]
async fn a_user_that_somebody_else_deleted_is_not_there_and_one_made_anew_stays() {
    for (trouble, expected) in [
        (Trouble::LostAfter, None),
        (Trouble::LostBefore, Some(Code::NoSuchEntity)),
    ] {
        let scene = Identities::new(Deed::DeleteUser).await;
        let (node, realm) = (Arc::clone(&scene.registry.other), Arc::clone(&scene.realm));
        scene.registry.troubled.spoil(&[trouble]);
        scene.registry.troubled.meanwhile(async move {
            if trouble == Trouble::LostBefore {
                users::delete_user(&node, &realm, "bob").await.unwrap();
            } else {
                users::create_user(&node, &realm, "bob", "/").await.unwrap();
            }
        });
        let answer = scene.carry_out(Deed::DeleteUser).await;
        assert_eq!(code(&answer), expected, "{trouble:?}");
        assert_eq!(scene.user("bob").await.is_some(), trouble == Trouble::LostAfter);
    }
}
