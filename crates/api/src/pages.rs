//! How AWS's two families of lists ask for pages.

use thingsmith_core::PageRequest;

/// A list with `marker` and `pageSize`. `default` is the size of a page when the client does not say.
pub(crate) fn by_marker(marker: Option<String>, page_size: Option<u16>, default: u16) -> PageRequest {
    request("marker", marker, page_size, default)
}

/// A list with `nextToken` and `maxResults`.
pub(crate) fn by_token(next_token: Option<String>, max_results: Option<u16>) -> PageRequest {
    by_token_of(next_token, max_results, REGISTRY)
}

/// The same with another size of a page when the client does not say.
pub(crate) fn by_token_of(next_token: Option<String>, max_results: Option<u16>, default: u16) -> PageRequest {
    request("nextToken", next_token, max_results, default)
}

/// AWS does not document the size of the registry's pages; 100 things are some 20 kB.
const REGISTRY: u16 = 100;

fn request(member: &'static str, token: Option<String>, size: Option<u16>, default: u16) -> PageRequest {
    // The model lets sizes of 1 to 250 through.
    PageRequest {
        token,
        size: usize::from(size.unwrap_or(default).clamp(1, 250)),
        member,
    }
}
