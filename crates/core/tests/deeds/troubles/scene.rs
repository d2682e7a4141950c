//! What every deed that writes owes its caller, whatever becomes of its batches.

use std::fmt::Debug;

use thingsmith_core::{Code, Fault, outbox};
use thingsmith_model::Timestamp;

use super::{Registry, Trouble};
use crate::objects::code;

/// What stands in the registry before one deed of an area.
pub(super) trait Scene: Sized {
    /// The deeds of the area.
    type Deed: Debug + Copy + 'static;

    /// All of them.
    const ALL: &'static [Self::Deed];

    /// A registry in which the deed has something to do.
    async fn new(deed: Self::Deed) -> Self;

    /// The registry.
    fn registry(&self) -> &Registry;

    /// Does the deed on the node whose store is spoiled.
    async fn carry_out(&self, deed: Self::Deed) -> Result<(), Fault>;

    /// How often the deed was done, by the store.
    async fn times_done(&self, deed: Self::Deed) -> i64;

    /// Whether it leaves a mark in the outbox.
    fn announces(deed: Self::Deed) -> bool;
}

async fn announcements(registry: &Registry) -> usize {
    let beginning = outbox::Mark {
        at: Timestamp::from_millis(0),
        number: 0,
    };
    let all = outbox::rows::since(registry.other.store(), beginning, 1000);
    all.await.unwrap().len()
}

/// A deed that is done at last is done once, and says so.
pub(super) async fn is_done_once<S: Scene>() {
    use Trouble::{Busy, LostAfter, LostBefore, Overtaken};
    for &deed in S::ALL {
        for troubles in [
            &[] as &[Trouble],
            &[LostAfter],
            &[LostBefore],
            &[Overtaken, Overtaken, Overtaken],
            &[LostBefore, LostBefore, LostAfter],
            &[Busy, LostBefore, Overtaken, LostAfter],
        ] {
            let scene = S::new(deed).await;
            let before = announcements(scene.registry()).await;
            scene.registry().troubled.spoil(troubles);
            let answer = scene.carry_out(deed).await;
            assert!(answer.is_ok(), "{deed:?}, {troubles:?}: {answer:?}");
            assert!(scene.registry().troubled.is_spent(), "{deed:?}, {troubles:?}");
            assert_eq!(scene.times_done(deed).await, 1, "{deed:?}, {troubles:?}");
            let announced = announcements(scene.registry()).await - before;
            assert_eq!(
                announced,
                usize::from(S::announces(deed)),
                "{deed:?}, {troubles:?}"
            );
        }
    }
}

/// A deed that cannot be done says so after some tries, and was not done.
pub(super) async fn gives_up<S: Scene>() {
    for &deed in S::ALL {
        for trouble in [Trouble::Busy, Trouble::LostBefore, Trouble::Overtaken] {
            let scene = S::new(deed).await;
            scene.registry().troubled.spoil_forever(trouble);
            let answer = scene.carry_out(deed).await;
            assert_eq!(
                code(&answer),
                Some(Code::ServiceUnavailable),
                "{deed:?}, {trouble:?}: {answer:?}"
            );
            assert_eq!(scene.times_done(deed).await, 0, "{deed:?}, {trouble:?}");
        }
    }
}

/// A deed whose every commit is lost finds that it was done.
pub(super) async fn finds_itself<S: Scene>() {
    for &deed in S::ALL {
        let scene = S::new(deed).await;
        scene.registry().troubled.spoil_forever(Trouble::LostAfter);
        let answer = scene.carry_out(deed).await;
        assert!(answer.is_ok(), "{deed:?}: {answer:?}");
        assert_eq!(scene.times_done(deed).await, 1, "{deed:?}");
    }
}
