//! One operation of a service.

use crate::{ShapeId, UriTemplate};

/// One operation: how HTTP reaches it and which shapes go in and out.
#[derive(Debug)]
pub struct OperationModel {
    /// AWS's name, `CreateThing` for instance.
    pub name: String,
    /// Method, URI and status.
    pub http: HttpBinding,
    /// The structure that goes in; none where the operation takes nothing.
    pub input: Option<ShapeId>,
    /// The structure that comes out; none where the reply is empty.
    pub output: Option<ShapeId>,
    /// The query protocol's element around the output.
    pub result_wrapper: Option<String>,
    /// The exceptions that AWS lists for the operation.
    pub errors: Vec<ShapeId>,
    /// Whether AWS takes the request without a signature.
    pub unsigned: bool,
    /// Whether AWS calls the operation deprecated.
    pub deprecated: bool,
}

/// How HTTP reaches an operation.
#[derive(Debug)]
pub struct HttpBinding {
    /// The verb, in capitals.
    pub method: String,
    /// The path, with labels.
    pub uri: UriTemplate,
    /// The status of a success: 200 where AWS states none.
    pub status: u16,
}
