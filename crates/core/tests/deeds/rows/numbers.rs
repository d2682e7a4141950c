use thingsmith_ports::StoreError;

use super::script::{Script, read};

/// Under the name that its folder has.
#[expect(
    clippy::module_inception,
    reason = "a script says RESOURCE::rows of every resource"
)]
mod numbers {
    pub(super) use thingsmith_core::number_rows as rows;
}

pub(super) async fn play(script: &mut Script) {
    for (name, count, first) in [
        ("objects", 1, 1),
        ("objects", 4096, 2),
        ("realms", 1, 1),
        ("objects", 1, 4098),
        ("realms", 1, 2),
    ] {
        let reserved = read!(script, numbers::reserve(name, count));
        script.expect(reserved, first);
    }
    let unknown = numbers::rows::reserve(script.store.as_ref(), "nothing", 1).await;
    assert!(matches!(unknown, Err(StoreError::Guard(0))), "{unknown:?}");
}
