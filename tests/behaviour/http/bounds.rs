//! Every constraint that AWS's model states, from both of its sides.

use thingsmith_testkit::{Engine, TestServer, iot, samples};

use super::{call, written};

#[tokio::test]
async fn every_constraint_lets_its_inside_through_and_keeps_its_outside_out() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        let mut tried = 0;
        for operation in written() {
            for bound in samples::bounds(iot(), operation) {
                let place = format!("{} {}", operation.name, bound.name);
                if let Some(inside) = &bound.inside
                    && let Some(reply) = call(&admin, operation, inside).await
                {
                    let refused = String::from_utf8_lossy(&reply.body).contains("validation error");
                    assert!(
                        !refused && reply.status < 500 || reply.status == 501,
                        "inside {place}: {reply}"
                    );
                    tried += 1;
                }
                if let Some(reply) = call(&admin, operation, &bound.outside).await {
                    assert_eq!(
                        (reply.status, reply.exception()),
                        (400, "InvalidRequestException"),
                        "{place}: {reply}"
                    );
                    // An empty text may break a pattern besides its length.
                    let message = reply.message();
                    assert!(message.contains(" detected: "), "outside {place}: {message}");
                    assert!(
                        message.contains(" failed to satisfy constraint: "),
                        "outside {place}: {message}"
                    );
                    tried += 1;
                }
            }
        }
        assert!(tried > 150, "only {tried} requests were made");
        server.stop().await;
    }
}
