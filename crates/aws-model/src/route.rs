//! From a method and a path to the operation they mean.

use std::collections::HashMap;

use crate::{Label, OperationModel};

/// The operation that a request means, and what its path has in the labels' places.
#[derive(Debug)]
pub struct Route<'a, 'p> {
    /// The operation.
    pub operation: &'a OperationModel,
    /// Each label of its URI.
    pub labels: Vec<Label<'a, 'p>>,
}

/// The operations by method and first segment, the most literal URI first: `iot` has 272, but few share a beginning.
#[derive(Debug)]
pub(crate) struct Index {
    places: HashMap<String, HashMap<String, Vec<usize>>>,
}

impl Index {
    pub(crate) fn new(operations: &[OperationModel]) -> Self {
        let mut order: Vec<usize> = (0..operations.len()).collect();
        order.sort_by(|a, b| operations[*a].http.uri.precedence(&operations[*b].http.uri));
        let mut places: HashMap<String, HashMap<String, Vec<usize>>> = HashMap::new();
        for at in order {
            let http = &operations[at].http;
            let first = http.uri.first_literal().unwrap_or_default().to_owned();
            places
                .entry(http.method.clone())
                .or_default()
                .entry(first)
                .or_default()
                .push(at);
        }
        Self { places }
    }

    pub(crate) fn find<'a, 'p>(
        &self,
        operations: &'a [OperationModel],
        method: &str,
        raw_path: &'p str,
    ) -> Option<Route<'a, 'p>> {
        let by_first = self.places.get(method)?;
        let first = raw_path.strip_prefix('/')?.split('/').next().unwrap_or_default();
        // Those that begin with a label stand under the empty text.
        let places = [
            by_first.get(first),
            by_first.get("").filter(|_| !first.is_empty()),
        ];
        places.into_iter().flatten().flatten().find_map(|at| {
            let operation = &operations[*at];
            Some(Route {
                operation,
                labels: operation.http.uri.matches(raw_path)?,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::Service;

    #[test]
    fn every_operation_of_the_rest_services_is_found_by_its_own_uri() {
        for service in [Service::Iot, Service::IotData, Service::Lambda] {
            let model = service.model();
            for operation in model.operations() {
                let shape = model.shape(operation.input.unwrap());
                let uri = &operation.http.uri;
                let wanted: Vec<&str> = uri.labels().collect();
                for label in &wanted {
                    assert!(
                        shape.members().iter().any(|member| member.wire_name == *label),
                        "{label}"
                    );
                }
                let path = path_of(&uri.to_string());
                let route = model.route(&operation.http.method, &path).unwrap();
                assert_eq!(route.operation.name, operation.name, "{path}");
                assert_eq!(
                    route.labels.iter().map(|label| label.name).collect::<Vec<_>>(),
                    wanted
                );
            }
        }
    }

    /// Puts a text that no literal has in the place of each label.
    fn path_of(template: &str) -> String {
        let segments = template[1..].split('/');
        segments
            .map(|segment| {
                if segment.starts_with('{') {
                    "/a%2Fb".to_owned()
                } else {
                    format!("/{segment}")
                }
            })
            .collect()
    }

    #[test]
    fn a_literal_beats_a_label() {
        let iot = Service::Iot.model();
        let name =
            |method: &str, path: &str| iot.route(method, path).map(|route| route.operation.name.clone());
        assert_eq!(
            name("PUT", "/thing-groups/addThingToThingGroup").as_deref(),
            Some("AddThingToThingGroup")
        );
        assert_eq!(
            name("GET", "/thing-groups/addThingToThingGroup").as_deref(),
            Some("DescribeThingGroup")
        );
        assert_eq!(name("POST", "/things/pump").as_deref(), Some("CreateThing"));
        assert_eq!(name("GET", "/things").as_deref(), Some("ListThings"));
        assert_eq!(name("BREW", "/things"), None);
        assert_eq!(name("GET", "/"), None);
        assert_eq!(name("GET", "//things"), None);
    }
}
