//! SELECT, FROM and WHERE, of statements and of the queries within them.

use super::{Run, Scope, Stop};
use crate::message::{Outcome, Output};
use crate::syntax::{Expr, Item, Projection, Select};
use crate::value::{Array, Object, Value};

impl Run<'_> {
    /// A statement over the whole message.
    pub(crate) fn statement(&mut self, select: &Select) -> Result<Outcome, Stop> {
        let payload = self.payload.clone();
        let scope = Scope {
            value: &payload,
            is_message: true,
        };
        if !self.holds(select.condition.as_ref(), scope)? {
            return Ok(Outcome::NotMatched);
        }
        let wants_all = match &select.projection {
            Projection::Value(expr) => matches!(expr, Expr::Whole) && payload.is_undefined(),
            Projection::Items(items) => {
                matches!(items.as_slice(), [Item::All]) && !matches!(payload, Value::Object(_))
            }
        };
        if wants_all {
            return Ok(Outcome::Matched(Output::Raw(self.message.payload.to_vec())));
        }
        let value = self.project(&select.projection, scope)?;
        Ok(Outcome::Matched(Output::Value(value)))
    }

    fn holds(&mut self, condition: Option<&Expr>, scope: Scope<'_>) -> Result<bool, Stop> {
        match condition {
            None => Ok(true),
            Some(condition) => Ok(self.eval(condition, scope)?.to_bool() == Some(true)),
        }
    }

    fn project(&mut self, projection: &Projection, scope: Scope<'_>) -> Result<Value, Stop> {
        let items = match projection {
            Projection::Value(expr) => return self.eval(expr, scope),
            Projection::Items(items) => items,
        };
        if let ([Item::All], Value::Object(_)) = (items.as_slice(), scope.value) {
            return Ok(scope.value.clone());
        }
        let mut object = Object::default();
        for item in items {
            self.step()?;
            match item {
                Item::All => {
                    if let Value::Object(whole) = scope.value {
                        self.charge(whole.weight())?;
                        for (name, value) in whole.members() {
                            object.insert(name.into(), value.clone());
                        }
                    }
                }
                Item::Named(path, expr) => {
                    let value = self.eval(expr, scope)?;
                    if path.len() > 1 {
                        self.charge(object.weight())?;
                    }
                    object.insert_at(path, value);
                }
            }
            Self::bound(object.weight())?;
        }
        Ok(object.into())
    }

    /// A nested query: over an array one result per element, over anything else one result.
    pub(super) fn query(&mut self, select: &Select, scope: Scope<'_>) -> Result<Value, Stop> {
        let source = match &select.source {
            Some(source) => self.eval(source, scope)?,
            None => scope.value.clone(),
        };
        let Value::Array(elements) = &source else {
            let inner = Scope {
                value: &source,
                is_message: scope.is_message && select.source.is_none(),
            };
            if source.is_undefined() || !self.holds(select.condition.as_ref(), inner)? {
                return Ok(Value::Undefined);
            }
            return self.project(&select.projection, inner);
        };
        let mut results = Array::default();
        for element in elements.items() {
            self.step()?;
            let inner = Scope {
                value: element,
                is_message: false,
            };
            if self.holds(select.condition.as_ref(), inner)? {
                results.push(self.project(&select.projection, inner)?);
                Self::bound(results.weight())?;
            }
        }
        Ok(results.into())
    }
}
