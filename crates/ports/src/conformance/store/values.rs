//! Values, parameters and the order of text.

use super::{ADD_NAME, Place, execute, number, prepared, read};
use crate::{Row, StoreError, Value};

const ADD: &str = "INSERT INTO kinds (key, number, text, bytes) VALUES ($1, $2, $3, $4)";

/// NULL, BIGINT, TEXT and BYTEA at their ends come back as they were written.
pub async fn every_kind_of_value_comes_back_as_it_was_written(place: &dyn Place) {
    let store = prepared(place).await;
    let large: Vec<u8> = (0..1_500_000_u32).map(|index| (index % 251) as u8).collect();
    let written = [
        [Value::Null, Value::Null, Value::Null],
        [0.into(), "".into(), Vec::new().into()],
        [i64::MIN.into(), "plain".into(), vec![0].into()],
        [
            i64::MAX.into(),
            "ß → 漢字 \u{1F511} e\u{301} \u{7f}\u{1}\n".into(),
            (0..=255).collect::<Vec<u8>>().into(),
        ],
        [(-1).into(), "'; --\\ $1".into(), large.into()],
        [1.into(), "long ".repeat(200_000).into(), vec![0xff; 3].into()],
    ];
    for (key, row) in (0_i64..).zip(&written) {
        let [number, text, bytes] = row.clone();
        execute(&store, ADD, [key.into(), number, text, bytes])
            .await
            .unwrap();
    }
    let rows = read(&store, "SELECT number, text, bytes FROM kinds ORDER BY key", []).await;
    assert_eq!(rows, written.map(|row| Row(row.into())));
    let sql = "SELECT key FROM kinds WHERE number = $1";
    assert_eq!(number(&store, sql, [i64::MIN.into()]).await, 2);
    let sql = "SELECT key FROM kinds WHERE bytes = $1 AND text = $2";
    assert_eq!(number(&store, sql, [vec![].into(), "".into()]).await, 1);
}

/// A value belongs to its `$n`, wherever and however often that stands.
pub async fn parameters_may_stand_out_of_order_and_twice(place: &dyn Place) {
    let store = prepared(place).await;
    let sql = "INSERT INTO kinds (text, key, number) VALUES ($2, $1, $1)";
    execute(&store, sql, [7.into(), "seven".into()]).await.unwrap();
    let sql = "SELECT key FROM kinds WHERE text = $3 AND key = $1 AND number = $1 AND number < $2";
    assert_eq!(number(&store, sql, [7.into(), 8.into(), "seven".into()]).await, 7);
    let sql = "INSERT INTO kinds (number, text, bytes, key) VALUES ($9, $8, $7, CAST($10 AS BIGINT) + $1 + $2 + $3 + $4 + $5 + $6)";
    let args = [
        1.into(),
        2.into(),
        3.into(),
        4.into(),
        5.into(),
        6.into(),
        vec![7].into(),
        "8".into(),
        9.into(),
        (1_i64 << 40).into(),
    ];
    execute(&store, sql, args).await.unwrap();
    let rows = read(
        &store,
        "SELECT key, number, text, bytes FROM kinds WHERE key > $1",
        [7.into()],
    )
    .await;
    let expected = [((1_i64 << 40) + 21).into(), 9.into(), "8".into(), vec![7].into()];
    assert_eq!(rows, [Row(expected.into())]);
}

/// PostgreSQL's text has no U+0000, so no store takes one.
pub async fn a_zero_character_in_text_is_refused(place: &dyn Place) {
    let store = prepared(place).await;
    let refused = execute(&store, ADD_NAME, [1.into(), "a\0b".into(), 1.into()]).await;
    assert!(matches!(refused, Err(StoreError::Other(_))), "{refused:?}");
    assert_eq!(number(&store, super::COUNT_NAMES, []).await, 0);
}

/// Fewer or more arguments than parameters are a fault of the program, not NULLs.
pub async fn a_wrong_number_of_arguments_is_refused(place: &dyn Place) {
    let store = prepared(place).await;
    let few = execute(&store, ADD_NAME, [1.into(), "few".into()]).await;
    assert!(matches!(few, Err(StoreError::Other(_))), "{few:?}");
    let many = execute(&store, ADD_NAME, [1.into(), "many".into(), 1.into(), 1.into()]).await;
    assert!(matches!(many, Err(StoreError::Other(_))), "{many:?}");
    assert_eq!(number(&store, super::COUNT_NAMES, []).await, 0);
}

/// A column takes values of its own kind.
pub async fn a_value_of_the_wrong_kind_is_refused(place: &dyn Place) {
    let store = prepared(place).await;
    let wrong: [[Value; 4]; 3] = [
        [1.into(), "one".into(), Value::Null, Value::Null],
        [1.into(), Value::Null, vec![1].into(), Value::Null],
        [1.into(), Value::Null, Value::Null, "bytes".into()],
    ];
    for args in wrong {
        let refused = execute(&store, ADD, args.clone()).await;
        assert!(
            matches!(refused, Err(StoreError::Other(_))),
            "{args:?}: {refused:?}"
        );
    }
    assert_eq!(number(&store, "SELECT count(*) FROM kinds", []).await, 0);
}

/// Counts, sums that are cast, and truth values are integers; what is missing is NULL.
pub async fn computed_columns_are_the_same_in_every_engine(place: &dyn Place) {
    let store = prepared(place).await;
    for (key, amount) in [(1, 10), (2, 32)] {
        let args = [key.into(), amount.into(), Value::Null, Value::Null];
        execute(&store, ADD, args).await.unwrap();
    }
    let sql = "
        SELECT count(*), CAST(sum(number) AS BIGINT), max(number), 1, EXISTS (SELECT 1 FROM kinds WHERE key = $1),
            EXISTS (SELECT 1 FROM kinds WHERE key = $2), max(text), coalesce(max(text), 'none')
        FROM kinds";
    let rows = read(&store, sql, [1.into(), 3.into()]).await;
    let expected = [
        2.into(),
        42.into(),
        32.into(),
        1.into(),
        1.into(),
        0.into(),
        Value::Null,
        "none".into(),
    ];
    assert_eq!(rows, [Row(expected.into())]);
}

/// Text compares byte by byte: `B` before `a`, and no language's own order.
pub async fn text_is_ordered_by_its_bytes(place: &dyn Place) {
    let store = prepared(place).await;
    let mut names = [
        "a",
        "B",
        "b",
        "A",
        "Z",
        "_",
        "-",
        "a-b",
        "ab",
        "aB",
        "é",
        "e",
        "z",
        "\u{1F511}",
        "\u{FFFD}",
        "10",
        "9",
        " ",
        "ä",
    ];
    for name in names {
        execute(&store, ADD_NAME, [1.into(), name.into(), 0.into()])
            .await
            .unwrap();
    }
    names.sort_unstable();
    let rows = read(
        &store,
        "SELECT name FROM names WHERE realm = $1 ORDER BY name",
        [1.into()],
    )
    .await;
    assert_eq!(rows, names.map(|name| Row(vec![name.into()])));
    let below = "SELECT count(*) FROM names WHERE realm = $1 AND name < $2";
    for (index, name) in (0_i64..).zip(names) {
        assert_eq!(
            number(&store, below, [1.into(), name.into()]).await,
            index,
            "{name}"
        );
    }
}
