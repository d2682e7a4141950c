use thingsmith_core::settings;
use thingsmith_ports::Batch;

use super::script::{Outcome, Script, read, step};

pub(super) async fn play(script: &mut Script) {
    let absent = read!(script, settings::find("account"));
    script.expect(absent, None);
    for (name, value) in [
        ("account", "000000000000"),
        ("account", "111111111111"),
        ("a'name", "zwei\nLinien €"),
    ] {
        let mut batch = Batch::new();
        step!(script, batch, settings::insert_if_absent(name, value));
        assert_eq!(script.commit(batch).await, Outcome::Done);
    }
    let first = read!(script, settings::find("account"));
    script.expect(first, Some("000000000000".to_owned()));
    let odd = read!(script, settings::find("a'name"));
    script.expect(odd, Some("zwei\nLinien €".to_owned()));
    for (name, value) in [("account", "2"), ("new", "3"), ("new", "")] {
        let mut batch = Batch::new();
        step!(script, batch, settings::put(name, value));
        assert_eq!(script.commit(batch).await, Outcome::Done);
        let put = read!(script, settings::find(name));
        script.expect(put, Some(value.to_owned()));
    }
}
