//! What functions write.

use crate::stage::Stage;

#[tokio::test]
async fn a_flood_is_cut_and_stalls_nobody() {
    let Some(stage) = Stage::set(|local| local.log.file_bytes = 256 << 10).await else {
        return;
    };
    let flood = stage.function(
        "flood",
        "\
import sys
def handler(event, headers):
    line = 'x' * 99 + '\\n'
    for number in range(event):
        sys.stdout.write(line * 10000)
    print('the end')
    return 'written'
",
    );
    let other = stage.function("other", "def handler(event, headers):\n    return event\n");
    let others = async {
        for number in 0..20 {
            assert_eq!(stage.answer(&other, &number.to_string()).await, number);
        }
    };
    let (outcome, ()) = tokio::join!(stage.call(&flood, "100"), others);
    let outcome = outcome.unwrap();
    assert_eq!(outcome.payload, "\"written\"");
    assert!(outcome.log_tail.len() <= 4096);
    let tail = String::from_utf8(outcome.log_tail.to_vec()).unwrap();
    assert!(tail.contains("x\nthe end\nEND RequestId: "), "{tail}");
    let later = stage.call(&flood, "0").await.unwrap();
    assert!(later.log_tail.starts_with(b"START RequestId: "), "{later:?}");
    let logs = std::fs::read_dir(stage.folder.path().join("logs/123456789012-us-east-1")).unwrap();
    let bytes: u64 = logs
        .map(|file| file.unwrap())
        .filter(|file| file.file_name().to_str().unwrap().starts_with("flood"))
        .map(|file| file.metadata().unwrap().len())
        .sum();
    assert!(bytes <= 2 * (256 << 10), "{bytes}");
}

#[tokio::test]
async fn lines_are_kept_with_their_time_and_worker() {
    let Some(stage) = Stage::set(|_| {}).await else {
        return;
    };
    let function = stage.function(
        "lines",
        "\
import sys
def handler(event, headers):
    print('hello')
    print('trouble', file=sys.stderr)
    sys.stderr.flush()
    return 1
",
    );
    assert_eq!(stage.answer(&function, "1").await, 1);
    stage.runner.stop().await;
    crate::processes::eventually("the log is written", || stage.log("lines").contains("REPORT")).await;
    let log = stage.log("lines");
    for line in [
        "START RequestId: ",
        "hello",
        "trouble",
        "END RequestId: ",
        "REPORT RequestId: ",
    ] {
        let found = log
            .lines()
            .find(|it| it.contains(line))
            .unwrap_or_else(|| panic!("{line}: {log}"));
        assert!(found.contains("Z ["), "{found}");
    }
}
