//! A script of calls, with notes of what each answered.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use thingsmith_ports::{Batch, Migration, Store, StoreError};

use super::query_plans::Watched;
use crate::stores::Place;

/// A script at work.
pub(crate) struct Script {
    pub(crate) store: Arc<dyn Store>,
    played: Played,
}

/// What a script did.
#[derive(Default)]
pub(crate) struct Played {
    /// `RESOURCE::FUNCTION` of each function.
    pub(crate) called: BTreeSet<String>,
    /// What was answered, in order.
    pub(crate) notes: Vec<String>,
    /// Which statements read more than they need, on SQLite.
    pub(crate) whole_reads: BTreeSet<String>,
}

/// How a batch ended.
#[derive(Debug, PartialEq)]
pub(crate) enum Outcome {
    Done,
    Duplicate(usize),
    Guard(usize),
}

/// Calls a function that reads: `read!(script, things::find(realm, &name))`.
macro_rules! read {
    ($script:ident, $resource:ident::$function:ident($($argument:expr),* $(,)?)) => {{
        $script.called(stringify!($resource), stringify!($function));
        $resource::rows::$function($script.store.as_ref(), $($argument),*).await.unwrap()
    }};
}

/// Calls a function that adds to a batch: `step!(script, batch, things::attach(realm, 1, 2))`.
macro_rules! step {
    ($script:ident, $batch:ident, $resource:ident::$function:ident($($argument:expr),* $(,)?)) => {{
        $script.called(stringify!($resource), stringify!($function));
        $resource::rows::$function(&mut $batch, $($argument),*)
    }};
}

pub(crate) use {read, step};

/// Plays a script on a store with nothing but a schema.
pub(crate) async fn play(
    place: Place,
    migrations: &'static [Migration],
    script: impl for<'a> FnOnce(&'a mut Script) -> Pin<Box<dyn Future<Output = ()> + 'a>>,
) -> Played {
    let store = place.open().await;
    store.migrate(migrations).await.unwrap();
    let watched = Arc::new(Watched::new(store));
    let mut playing = Script {
        store: Arc::clone(&watched) as Arc<dyn Store>,
        played: Played::default(),
    };
    script(&mut playing).await;
    Played {
        whole_reads: watched.whole_reads().await,
        ..playing.played
    }
}

impl Script {
    pub(crate) fn called(&mut self, resource: &str, function: &str) {
        self.played.called.insert(format!("{resource}::{function}"));
    }

    /// Asserts what was answered, and notes it for the comparison with the other engine.
    #[track_caller]
    pub(crate) fn expect<T: Debug + PartialEq>(&mut self, answer: T, expected: T) {
        assert_eq!(answer, expected);
        self.note(answer);
    }

    /// Notes what was answered.
    pub(crate) fn note(&mut self, answer: impl Debug) {
        self.played.notes.push(format!("{answer:?}"));
    }

    /// Carries out a batch.
    pub(crate) async fn commit(&mut self, batch: Batch) -> Outcome {
        let answer = self.store.write(batch).await;
        let outcome = match &answer {
            Ok(_) => Outcome::Done,
            Err(StoreError::Duplicate(step)) => Outcome::Duplicate(*step),
            Err(StoreError::Guard(step)) => Outcome::Guard(*step),
            Err(other) => panic!("{other}"),
        };
        self.note((&outcome, answer.ok()));
        outcome
    }
}
