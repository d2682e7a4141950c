//! Values by the types that the server gives parameters and columns.

use std::error::Error;
use std::fmt;

use bytes::BytesMut;
use thingsmith_ports::Value;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

/// A value as it is sent, without a copy. Its `Debug` shows nothing: the client library logs parameters.
pub(crate) struct Bound<'a>(pub(crate) &'a Value);

impl fmt::Debug for Bound<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("_")
    }
}

impl ToSql for Bound<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match (self.0, kind) {
            (Value::Null, _) => Ok(IsNull::Yes),
            (Value::Integer(integer), &Type::INT8) => integer.to_sql(kind, out),
            // The server takes a parameter beside a small constant for a small integer.
            (Value::Integer(integer), &Type::INT4) => i32::try_from(*integer)?.to_sql(kind, out),
            (Value::Text(text), &(Type::TEXT | Type::VARCHAR | Type::NAME)) => text.to_sql(kind, out),
            (Value::Bytes(bytes), &Type::BYTEA) => bytes.to_sql(kind, out),
            (value, kind) => {
                let given = match value {
                    Value::Null => "null",
                    Value::Integer(_) => "an integer",
                    Value::Text(_) => "text",
                    Value::Bytes(_) => "bytes",
                };
                Err(format!("the server wants {kind} and is given {given}").into())
            }
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A value as it was received.
pub(crate) struct Received(pub(crate) Value);

impl<'a> FromSql<'a> for Received {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(match *kind {
            Type::INT8 => i64::from_sql(kind, raw)?.into(),
            Type::INT4 => i64::from(i32::from_sql(kind, raw)?).into(),
            Type::INT2 => i64::from(i16::from_sql(kind, raw)?).into(),
            // SQLite's truth values are integers.
            Type::BOOL => i64::from(bool::from_sql(kind, raw)?).into(),
            Type::BYTEA => raw.into(),
            _ => <&str>::from_sql(kind, raw)?.into(),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Value::Null))
    }

    fn accepts(kind: &Type) -> bool {
        matches!(
            *kind,
            Type::INT8
                | Type::INT4
                | Type::INT2
                | Type::BOOL
                | Type::BYTEA
                | Type::TEXT
                | Type::VARCHAR
                | Type::NAME
        )
    }
}
