//! A service's model as a whole.

use std::collections::HashMap;

use crate::read::{self, Parts};
use crate::route::Index;
use crate::{AwsModelError, Metadata, OperationModel, Route, Shape, ShapeId};

/// The services whose models the binary carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// Users, roles and what they may do, `iam`.
    Iam,
    /// The control plane, `iot`.
    Iot,
    /// Publishing and shadows, `iot-data`.
    IotData,
    /// Functions, `lambda`.
    Lambda,
    /// Sessions and identities, `sts`.
    Sts,
}

impl Service {
    /// Every service, in the order of the variants.
    pub const ALL: [Self; 5] = [Self::Iam, Self::Iot, Self::IotData, Self::Lambda, Self::Sts];

    /// Reads the model that the binary carries: some milliseconds for `iot`, so keep the result.
    pub fn model(self) -> ServiceModel {
        let json = match self {
            Self::Iam => include_str!("../../../testdata/aws-models/iam.json"),
            Self::Iot => include_str!("../../../testdata/aws-models/iot.json"),
            Self::IotData => include_str!("../../../testdata/aws-models/iot-data.json"),
            Self::Lambda => include_str!("../../../testdata/aws-models/lambda.json"),
            Self::Sts => include_str!("../../../testdata/aws-models/sts.json"),
        };
        ServiceModel::parse(json).expect("a test reads every model that the binary carries")
    }
}

/// One service: its operations and their shapes.
#[derive(Debug)]
pub struct ServiceModel {
    metadata: Metadata,
    operations: Vec<OperationModel>,
    operation_places: HashMap<String, usize>,
    shapes: Vec<Shape>,
    shape_ids: HashMap<String, ShapeId>,
    index: Index,
}

impl ServiceModel {
    /// Reads a model in the schema of `testdata/aws-models/README.md`.
    ///
    /// # Errors
    /// What is not in that schema, or refers to a shape that is not there.
    pub fn parse(json: &str) -> Result<Self, AwsModelError> {
        let Parts {
            metadata,
            operations,
            shapes,
            shape_ids,
        } = read::read(json)?;
        Ok(Self {
            metadata,
            index: Index::new(&operations),
            operation_places: operations
                .iter()
                .enumerate()
                .map(|(at, it)| (it.name.clone(), at))
                .collect(),
            operations,
            shapes,
            shape_ids,
        })
    }

    /// What holds for the whole service.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The operations, sorted by name.
    pub fn operations(&self) -> &[OperationModel] {
        &self.operations
    }

    /// The operation of this name.
    pub fn operation(&self, name: &str) -> Option<&OperationModel> {
        self.operation_places.get(name).map(|at| &self.operations[*at])
    }

    /// A shape of this model.
    ///
    /// # Panics
    /// If `id` comes from another model that has more shapes.
    pub fn shape(&self, id: ShapeId) -> &Shape {
        &self.shapes[id.0 as usize]
    }

    /// The shape of this name.
    pub fn shape_named(&self, name: &str) -> Option<&Shape> {
        self.shape_ids.get(name).map(|id| self.shape(*id))
    }

    /// All shapes, sorted by name.
    pub fn shapes(&self) -> &[Shape] {
        &self.shapes
    }

    /// The HTTP status of an exception by its code on the wire; none for a code that the service does not have.
    pub fn error_status(&self, code: &str) -> Option<u16> {
        let of = |shape: &Shape| {
            shape
                .error
                .as_ref()
                .map(|error| error.http_status_code.unwrap_or(400))
        };
        self.shape_named(code).and_then(of).or_else(|| {
            let coded = |shape: &&Shape| {
                shape
                    .error
                    .as_ref()
                    .is_some_and(|it| it.code.as_deref() == Some(code))
            };
            self.shapes.iter().find(coded).and_then(of)
        })
    }

    /// Finds the operation that a method and a path mean. A literal beats a label, segment by segment. The path is
    /// the request's own, still percent-encoded and without its query.
    pub fn route<'a, 'p>(&'a self, method: &str, raw_path: &'p str) -> Option<Route<'a, 'p>> {
        self.index.find(&self.operations, method, raw_path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Location, Protocol, ShapeKind};

    #[test]
    fn the_bundled_models_are_read_whole() {
        let iot = Service::Iot.model();
        assert_eq!(iot.metadata().protocol, Protocol::RestJson);
        assert_eq!(iot.metadata().signing_name(), "iot");
        assert!(iot.operations().len() > 250);
        let create = iot.operation("CreateThing").unwrap();
        assert_eq!((create.http.method.as_str(), create.http.status), ("POST", 200));
        let input = iot.shape(create.input.unwrap());
        let name = input.member("thingName").unwrap();
        assert!(name.required && name.location == Location::Uri);
        assert_eq!(iot.shape(name.shape).constraints.max, Some(128.0));
        assert!(
            input
                .member("attributePayload")
                .is_some_and(|member| !member.required)
        );
        assert!(iot.operation("CreateThings").is_none());
    }

    #[test]
    fn payloads_wrappers_and_unsigned_operations_are_kept() {
        let data = Service::IotData.model();
        assert_eq!(data.metadata().signing_name(), "iotdata");
        let publish = data.shape(data.operation("Publish").unwrap().input.unwrap());
        assert_eq!(publish.payload().unwrap().name, "payload");
        let properties = publish.member("userProperties").unwrap();
        assert!(properties.json_value && properties.location == Location::Header);
        assert_eq!(properties.wire_name, "x-amz-mqtt5-user-properties");

        let sts = Service::Sts.model();
        assert_eq!(sts.metadata().signing_name(), "sts");
        assert_eq!(sts.metadata().protocol, Protocol::Query);
        let web = sts.operation("AssumeRoleWithWebIdentity").unwrap();
        assert!(web.unsigned);
        assert_eq!(
            web.result_wrapper.as_deref(),
            Some("AssumeRoleWithWebIdentityResult")
        );
    }

    #[test]
    fn statuses_belong_to_the_pair_of_service_and_code() {
        let (iot, data, sts) = (
            Service::Iot.model(),
            Service::IotData.model(),
            Service::Sts.model(),
        );
        assert_eq!(iot.error_status("ThrottlingException"), Some(400));
        assert_eq!(data.error_status("ThrottlingException"), Some(429));
        assert_eq!(iot.error_status("CertificateStateException"), Some(406));
        // The query protocol's code differs from the shape's name.
        assert_eq!(sts.error_status("ExpiredTokenException"), Some(400));
        assert_eq!(sts.error_status("AccessDenied"), None);
        assert_eq!(sts.error_status("RegionDisabledException"), Some(403));
    }

    #[test]
    fn a_reference_to_nothing_is_refused_and_named() {
        let json = r#"{"metadata":{"apiVersion":"1","endpointPrefix":"x","protocol":"json"},
            "operations":{},"shapes":{"L":{"type":"list","member":{"shape":"Gone"}}}}"#;
        let error = ServiceModel::parse(json).unwrap_err().to_string();
        assert!(error.contains("Gone") && error.contains('L'), "{error}");
        let json = json.replace(r#","member":{"shape":"Gone"}"#, "");
        let error = ServiceModel::parse(&json).unwrap_err().to_string();
        assert!(error.contains("without its member"), "{error}");
    }

    #[test]
    fn every_list_and_map_of_the_models_has_text_keys() {
        for service in Service::ALL {
            let model = service.model();
            for shape in model.shapes() {
                if let ShapeKind::Map { key, .. } = shape.kind {
                    assert!(
                        matches!(model.shape(key).kind, ShapeKind::String),
                        "{}",
                        shape.name
                    );
                }
            }
        }
    }
}
