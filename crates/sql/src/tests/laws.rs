//! What holds for all numbers, all JSON and all statements.

use proptest::prelude::*;
use serde_json::Value as Json;
use serde_json::value::RawValue;

use super::message;
use crate::number::{Decimal, Rounding};
use crate::{Outcome, Statement, Step, Substitution, Version, json};

const VERSIONS: [Version; 3] = [
    Version::V2015_10_08,
    Version::V2016_03_23,
    Version::V2016_03_23Beta,
];

/// A number of a small world, with the same number in millionths.
fn small() -> impl Strategy<Value = (Decimal, i128)> {
    (-1_000_000_000_000_i64..1_000_000_000_000, 0_u32..=6).prop_map(|(digits, scale)| {
        let number = Decimal::parse(&format!("{digits}E-{scale}")).unwrap();
        (number, i128::from(digits) * 10_i128.pow(6 - scale))
    })
}

/// A number of the whole range.
fn any_decimal() -> impl Strategy<Value = Decimal> {
    ("-?[1-9][0-9]{0,40}(\\.[0-9]{1,20})?", -900_i32..900)
        .prop_map(|(mantissa, exponent)| Decimal::parse(&format!("{mantissa}E{exponent}")).unwrap())
}

/// JSON in all its ways of writing, and near misses.
fn jsonish() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "-?(0|[1-9][0-9]{0,15})(\\.[0-9]{1,5})?([eE][+-]?[0-9]{1,2})?",
        "\"([a-zä\\\\\"/]|\\\\[nrtbfu\"\\\\/]|\\\\u[0-9a-fD]{4}){0,6}\"",
        "[a-z0-9.+\"-]{0,4}",
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(" ,"))),
            prop::collection::vec(("[ab\u{1}]{0,2}", inner), 0..4).prop_map(|members| {
                let members: Vec<_> = members
                    .into_iter()
                    .map(|(name, value)| format!("\"{name}\" : {value}"))
                    .collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

/// Words of the language in any order, so that some of it is a statement.
fn soup() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "SELECT",
        "VALUE",
        "value",
        "FROM",
        "WHERE",
        "AS",
        "AND",
        "OR",
        "NOT",
        "IN",
        "EXISTS",
        "CASE",
        "WHEN",
        "THEN",
        "ELSE",
        "END",
        "*",
        "a",
        "b.c",
        "'t'",
        "\"x\"",
        "1",
        "2.50",
        "1E-7",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ":",
        ",",
        ".",
        "=",
        "<>",
        "<",
        ">=",
        "+",
        "-",
        "/",
        "%",
        "upper(",
        "concat(",
        "get(",
        "topic()",
        "newuuid()",
        "cast(",
        "AS Int)",
        "null",
        "true",
        "aws_lambda(",
        "${",
        "}",
        "ä",
        "'",
        "parse_time(",
        "regexp_replace(",
        "decode(",
    ]);
    prop::collection::vec(word, 0..24).prop_map(|words| format!("SELECT {}", words.join(" ")))
}

/// Expressions that are ones, over members of a small payload.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "a",
        "b.c",
        "arr",
        "missing",
        "1",
        "-2.5",
        "'x'",
        "'12'",
        "true",
        "null",
        "topic(1)",
        "9E999",
        "'2020-01-01'",
        "9999999999999999999999999999999999",
        "'a+'",
        "*",
    ])
    .prop_filter("stands alone", |leaf| *leaf != "*")
    .prop_map(str::to_owned);
    leaf.prop_recursive(4, 32, 3, |inner| {
        let operator = prop::sample::select(vec![
            "+", "-", "*", "/", "%", "=", "<>", "<", ">=", "AND", "OR", "IN",
        ]);
        let unary = prop::sample::select(vec![
            "upper",
            "abs",
            "length",
            "md5",
            "isNull",
            "isUndefined",
            "floor",
            "ceil",
            "round",
            "sqrt",
            "exp",
            "chr",
            "trim",
            "NOT ",
            "-",
            "EXISTS ",
            "bitnot",
            "numbytes",
            "tan",
            "topic",
        ]);
        let binary = prop::sample::select(vec![
            "concat",
            "get",
            "indexof",
            "startswith",
            "regexp_matches",
            "regexp_substr",
            "lpad",
            "power",
            "mod",
            "trunc",
            "parse_time",
            "time_to_epoch",
            "nanvl",
            "substring",
            "bitxor",
            "atan2",
            "encode",
            "decode",
        ])
        .prop_filter("schemes", |name| !matches!(*name, "encode" | "decode"));
        prop_oneof![
            (inner.clone(), operator, inner.clone())
                .prop_map(|(one, operator, two)| format!("({one} {operator} {two})")),
            (unary, inner.clone()).prop_map(|(name, one)| format!("({name}({one}))")),
            (binary, inner.clone(), inner.clone())
                .prop_map(|(name, one, two)| format!("{name}({one}, {two})")),
            (inner.clone(), inner.clone()).prop_map(|(one, two)| format!("[{one}, {two}, {{'k': {one}}}]")),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(one, two, three)| format!("(CASE {one} WHEN {two} THEN {three} ELSE {one} END)")),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(one, two, three)| format!("(SELECT {one} AS p.q, * FROM {two} WHERE {three})")),
            inner.prop_map(|one| format!("cast({one} AS String)")),
        ]
    })
}

proptest! {
    #[test]
    fn sums_and_products_are_exact((one, a) in small(), (two, b) in small()) {
        let exact = |millionths: i128, scale: u32| Decimal::parse(&format!("{millionths}E-{scale}")).unwrap();
        prop_assert_eq!(one.add(two).unwrap(), exact(a + b, 6));
        prop_assert_eq!(one.add(two.negate()).unwrap(), exact(a - b, 6));
        prop_assert_eq!(one.cmp(&two), a.cmp(&b));
        // A product of the small world has up to 36 digits; those that fit are exact.
        if let Some(product) = a.checked_mul(b) && product.unsigned_abs() < 10_u128.pow(34) {
            prop_assert_eq!(one.multiply(two).unwrap(), exact(product, 12));
        }
        if b != 0 {
            prop_assert_eq!(one.remainder(two).unwrap(), exact(a % b, 6));
            let quotient = one.divide(two).unwrap();
            let error = quotient.multiply(two).unwrap().add(one.negate()).unwrap();
            let size = if one.signum() < 0 { one.negate() } else { one };
            let bound = size.multiply(Decimal::parse("1E-32").unwrap()).unwrap();
            prop_assert!(error <= bound && error.negate() <= bound, "{} / {} = {}", one, two, quotient);
            if a % b == 0 {
                prop_assert_eq!(quotient, Decimal::from(a / b));
            }
        } else {
            prop_assert!(one.divide(two).is_none());
        }
    }

    #[test]
    fn rounding_goes_where_it_says((number, millionths) in small()) {
        let whole = |rounding| number.round_to(0, rounding).to_int().unwrap();
        let million = 1_000_000;
        prop_assert_eq!(whole(Rounding::Floor), millionths.div_euclid(million));
        prop_assert_eq!(whole(Rounding::Ceiling), -(-millionths).div_euclid(million));
        prop_assert_eq!(whole(Rounding::TowardZero), millionths / million);
        let away = (millionths.abs() + million / 2) / million * millionths.signum();
        prop_assert_eq!(whole(Rounding::HalfUp), away);
        prop_assert_eq!(number.to_int(), (millionths % million == 0).then_some(millionths / million));
        prop_assert_eq!(number.without_trailing_zeros(), number);
    }

    #[test]
    fn a_number_is_written_as_it_is_read(number in any_decimal(), other in any_decimal()) {
        let text = number.to_string();
        let again = Decimal::parse(&text).unwrap();
        prop_assert_eq!(again, number);
        prop_assert_eq!(again.to_string(), text);
        let double = number.to_f64();
        prop_assert!(double.signum() as i128 == number.signum() || double == 0.0 || double.is_infinite());
        // Out of range or not, nothing panics.
        let results = [number.add(other), number.multiply(other), number.divide(other), number.remainder(other)];
        for result in results.into_iter().flatten() {
            prop_assert!(Decimal::parse(&result.to_string()) == Some(result));
        }
        let difference = number.add(other.negate()).unwrap().signum();
        prop_assert_eq!(number.cmp(&other) as i128, difference);
    }

    #[test]
    fn json_is_what_it_is_to_others(text in jsonish()) {
        let ours = json::parse(text.as_bytes(), Version::V2015_10_08);
        let theirs = serde_json::from_str::<Json>(&text);
        prop_assert_eq!(ours.is_some(), theirs.is_ok(), "{}", text);
        if let (Some(ours), Ok(theirs)) = (ours, theirs) {
            let written = ours.to_json();
            let again: Json = serde_json::from_str(&written).unwrap();
            prop_assert!(same(&again, &theirs), "{} became {}", text, written);
            let once_more = json::parse(written.as_bytes(), Version::V2016_03_23).unwrap();
            prop_assert!(once_more.equals(&ours));
        }
    }

    #[test]
    fn no_text_makes_the_parser_fail(text in ".{0,80}", soup in soup()) {
        for version in VERSIONS {
            for text in [&text, &soup] {
                match Statement::parse(text, version) {
                    Ok(statement) => {
                        let _ = statement.evaluate(&message(br#"{"a":1,"b":{"c":[1]}}"#), &[]);
                    }
                    Err(error) => prop_assert!(error.to_string().len() < 1024),
                }
                let _ = Substitution::parse(text, version);
                let _ = Substitution::parse(&format!("${{{text}}}"), version);
            }
        }
    }

    #[test]
    fn an_evaluation_gives_json_and_the_same_twice(expression in expression()) {
        let payload = br#"{"a":3,"b":{"c":"text"},"arr":[1,{"a":2.50,"b":{"c":null}},"x"]}"#;
        for version in [Version::V2016_03_23, Version::V2016_03_23Beta] {
            let sql = format!("SELECT {expression} AS x FROM 't' WHERE NOT isNull({expression})");
            let statement = Statement::parse(&sql, version).unwrap();
            let run = || match statement.evaluate(&message(payload), &[]) {
                Ok(Step::Done(Outcome::Matched(output))) => Ok(output.to_bytes()),
                other => Err(format!("{other:?}")),
            };
            let once = run();
            prop_assert_eq!(&once, &run());
            if let Ok(bytes) = once {
                // Read without its numbers, which may be beyond a double.
                prop_assert!(serde_json::from_slice::<&RawValue>(&bytes).is_ok());
            }
        }
    }
}

/// Equal, with numbers as doubles.
fn same(one: &Json, two: &Json) -> bool {
    match (one, two) {
        (Json::Number(one), Json::Number(two)) => one.as_f64() == two.as_f64(),
        (Json::Array(one), Json::Array(two)) => {
            one.len() == two.len() && one.iter().zip(two).all(|(one, two)| same(one, two))
        }
        (Json::Object(one), Json::Object(two)) => {
            one.len() == two.len()
                && one
                    .iter()
                    .all(|(name, value)| two.get(name).is_some_and(|other| same(value, other)))
        }
        _ => one == two,
    }
}
