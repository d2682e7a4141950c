//! Arrays and objects, which know how much they weigh.

use std::sync::Arc;

use indexmap::IndexMap;

use super::Value;

/// The items of a [`Value::Array`]; none of them is Undefined.
#[derive(Debug, Clone, Default)]
pub struct Array {
    pub(super) items: Vec<Value>,
    weight: usize,
    depth: usize,
}

/// The members of a [`Value::Object`]; none of them is Undefined.
#[derive(Debug, Clone, Default)]
pub struct Object {
    pub(super) members: IndexMap<Arc<str>, Value>,
    weight: usize,
    depth: usize,
}

impl Array {
    /// The items in their order.
    pub fn items(&self) -> &[Value] {
        &self.items
    }

    /// Adds an item; Undefined is left out, as it is nothing in JSON.
    pub(crate) fn push(&mut self, item: Value) {
        if !item.is_undefined() {
            self.weight += item.weight() + 1;
            self.depth = self.depth.max(item.depth());
            self.items.push(item);
        }
    }

    pub(crate) fn weight(&self) -> usize {
        self.weight
    }

    pub(super) fn depth(&self) -> usize {
        self.depth + 1
    }
}

impl Object {
    /// The members in their order.
    pub fn members(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.members.iter().map(|(name, value)| (&**name, value))
    }

    pub(crate) fn weight(&self) -> usize {
        self.weight
    }

    pub(super) fn depth(&self) -> usize {
        self.depth + 1
    }

    /// Sets a member, which keeps its place if there is one of the name. Undefined is left out.
    pub(crate) fn insert(&mut self, name: Arc<str>, value: Value) {
        if value.is_undefined() {
            return;
        }
        self.weight += value.weight() + name.len() + 4;
        self.depth = self.depth.max(value.depth());
        let length = name.len();
        if let Some(old) = self.members.insert(name, value) {
            self.weight -= old.weight() + length + 4;
        }
    }

    /// Sets a member of a member of ..., making the objects on the way that are not there.
    pub(crate) fn insert_at(&mut self, path: &[Arc<str>], value: Value) {
        match path {
            [] => {}
            [name] => self.insert(name.clone(), value),
            [name, rest @ ..] => {
                if value.is_undefined() {
                    return;
                }
                // Taken out, so that it is not shared with ourselves while it changes.
                let inner = match self.members.get_mut(name) {
                    Some(slot @ Value::Object(_)) => {
                        self.weight -= slot.weight();
                        match std::mem::replace(slot, Value::Null) {
                            Value::Object(object) => {
                                self.weight += slot.weight();
                                Arc::unwrap_or_clone(object)
                            }
                            _ => Object::default(),
                        }
                    }
                    _ => Object::default(),
                };
                let mut inner = inner;
                inner.insert_at(rest, value);
                self.insert(name.clone(), inner.into());
            }
        }
    }
}

impl From<Array> for Value {
    fn from(value: Array) -> Self {
        Self::Array(Arc::new(value))
    }
}

impl From<Object> for Value {
    fn from(value: Object) -> Self {
        Self::Object(Arc::new(value))
    }
}

impl FromIterator<Value> for Array {
    fn from_iter<I: IntoIterator<Item = Value>>(items: I) -> Self {
        let mut array = Self::default();
        for item in items {
            array.push(item);
        }
        array
    }
}
