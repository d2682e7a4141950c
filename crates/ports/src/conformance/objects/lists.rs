//! Lists of objects.

use super::{ObjectsPlace, keys, prepared, put};

/// UTF-8's bytes, which no language's alphabet changes.
pub async fn keys_are_listed_in_the_order_of_their_bytes(place: &dyn ObjectsPlace) {
    let objects = prepared(place).await;
    let sorted = [
        "A",
        "B",
        "a",
        "a!",
        "a/b",
        "aa",
        "b",
        "\u{e4}",
        "\u{ffff}",
        "\u{10000}",
    ];
    for key in sorted.iter().rev() {
        put(&objects, key, "").await.unwrap();
    }
    assert_eq!(keys(&objects, "", "", 100).await, sorted);
}

/// Pages follow one another without a gap.
pub async fn a_list_is_cut_by_prefix_and_key(place: &dyn ObjectsPlace) {
    let objects = prepared(place).await;
    for key in ["a", "dir", "dir/1", "dir/2", "dir/3", "dir0", "z"] {
        put(&objects, key, "").await.unwrap();
    }
    assert_eq!(keys(&objects, "dir/", "", 100).await, ["dir/1", "dir/2", "dir/3"]);
    assert_eq!(keys(&objects, "dir/", "", 2).await, ["dir/1", "dir/2"]);
    assert_eq!(keys(&objects, "dir/", "dir/2", 2).await, ["dir/3"]);
    assert_eq!(keys(&objects, "dir/", "dir/3", 2).await, Vec::<String>::new());
    assert_eq!(keys(&objects, "dir/", "zz", 2).await, Vec::<String>::new());
    assert_eq!(keys(&objects, "dir/", "a", 1).await, ["dir/1"]);
    assert_eq!(keys(&objects, "", "dir/2x", 2).await, ["dir/3", "dir0"]);
    assert_eq!(keys(&objects, "", "", 0).await, Vec::<String>::new());
    assert_eq!(keys(&objects, "none", "", 9).await, Vec::<String>::new());
}
