//! What the fuzz target of fleet provisioning's payloads does with an input. The crate's tests replay the corpus through the same
//! function, without a fuzzer.

use thingsmith_core::fleet_provisioning::payload::{Format, Member, Reply, Request};

/// Reads the input in both formats. What could be read is written in either, and read again as the same.
pub(crate) fn read(input: &[u8]) {
    for format in [Format::Json, Format::Cbor] {
        let request = match Request::read(format, input) {
            Ok(request) => request,
            Err(error) => {
                assert!(error.to_string().len() < 4096, "{error}");
                continue;
            }
        };
        let token = request.get("certificateOwnershipToken");
        let parameters = request.get("parameters");
        let map: Vec<(String, String)> = match parameters {
            Some(Member::Map(map)) => map
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), value.clone()?)))
                .collect(),
            _ => Vec::new(),
        };
        let text = match token {
            Some(Member::Text(text)) => text.as_str(),
            _ => "",
        };
        for format in [Format::Json, Format::Cbor] {
            let written = Reply::default()
                .text("certificateOwnershipToken", text)
                .map("parameters", &map)
                .write(format);
            let again = Request::read(format, &written).expect("what is written can be read");
            assert_eq!(
                again.get("certificateOwnershipToken"),
                Some(&Member::Text(text.to_owned()))
            );
            let expected = map
                .iter()
                .map(|(name, value)| (name.clone(), Some(value.clone())));
            assert_eq!(again.get("parameters"), Some(&Member::Map(expected.collect())));
        }
    }
}
