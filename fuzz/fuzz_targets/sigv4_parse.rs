//! A request line, headers and body by strangers: lines up to an empty one, then the body.

#![no_main]

use thingsmith_sigv4::{PayloadHash, Request, Rules, SignedRequest, SigningKey};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut lines = data.split(|byte| *byte == b'\n');
    let target = lines.next().unwrap_or_default();
    let mut headers = Vec::new();
    for line in lines.by_ref().take_while(|line| !line.is_empty()) {
        let at = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        if let Ok(name) = std::str::from_utf8(&line[..at]) {
            headers.push((name, line.get(at + 1..).unwrap_or_default()));
        }
    }
    let request = Request {
        method: "POST",
        target,
        headers: &headers,
    };
    if let Ok(signed) = SignedRequest::parse(request) {
        let key = SigningKey::derive("a secret that no input knows", &signed.credential().scope);
        let payload = PayloadHash::of(lines.next().unwrap_or_default());
        assert!(
            signed
                .verify(&key, payload, signed.time(), Rules::default())
                .is_err()
        );
    }
});
