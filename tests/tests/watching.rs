//! What each process of a service tells whoever watches it: which parts answer it, and what happened to its connections.

use songwalker_tests::service::{Service, Settings, until};
use songwalker_tests::shared::Shared;
use songwalker_tests::tap::Tap;

const LOST: &str = "songwalker_queue_sessions_lost_total";

/// The value of a series, as `name` or `name{label="value"}`.
fn find(metrics: &str, series: &str) -> Option<f64> {
    metrics
        .lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

fn value(metrics: &str, series: &str) -> f64 {
    find(metrics, series).unwrap_or_else(|| panic!("{series}:\n{metrics}"))
}

fn part(name: &str) -> String {
    format!("songwalker_part_up{{part=\"{name}\"}}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_process_tells_which_parts_answer_it_and_how_often_it_lost_the_queue() {
    let dir = tempfile::tempdir().expect("a folder");
    let Some(shared) = Shared::of_tests(dir.path()) else {
        let service = Service::start(dir.path(), &Settings::new())
            .await
            .expect("it starts");
        let metrics = service.metrics().await.expect("metrics");
        assert_eq!(metrics.len(), 1, "one process");
        for name in ["database", "queue", "store"] {
            assert_eq!(value(&metrics[0], &part(name)), 1.0, "{name}");
        }
        assert!(value(&metrics[0], "songwalker_data_free_bytes") > 0.0);
        for absent in [
            part("redis").as_str(),
            "songwalker_clock_skew_seconds",
            "songwalker_rabbitmq_up",
        ] {
            assert_eq!(find(&metrics[0], absent), None, "{absent}");
        }
        return;
    };
    let environment = shared.environment();
    let queue = environment
        .iter()
        .find(|(name, _)| name == "SONGWALKER__QUEUE__URL");
    let queue = &queue.expect("it is set").1;
    let (_, at) = queue.split_once('@').expect("an account");
    let at = at.split('/').next().expect("an address");
    let way = Tap::to(at.to_owned()).await.expect("a port");
    let settings = Settings::new()
        .with("SONGWALKER__METRICS__LISTEN", "127.0.0.1:0")
        .with(
            "SONGWALKER__QUEUE__URL",
            &queue.replace(at, &format!("127.0.0.1:{}", way.port)),
        );
    let service = Service::start(dir.path(), &settings).await.expect("it starts");

    let metrics = service.metrics().await.expect("metrics");
    assert_eq!(metrics.len(), 3, "an API, a worker, a scheduler");
    for metrics in &metrics {
        for name in ["database", "queue", "store", "redis"] {
            assert_eq!(value(metrics, &part(name)), 1.0, "{name}");
        }
        assert_eq!(value(metrics, "songwalker_rabbitmq_up"), 1.0);
        assert_eq!(value(metrics, LOST), 0.0);
        // The servers are on this machine.
        assert!(value(metrics, "songwalker_clock_skew_seconds").abs() < 60.0);
        assert_eq!(find(metrics, "songwalker_data_free_bytes"), None);
    }
    way.cut();
    until("the loss, and another connection", || async {
        let metrics = service.metrics().await.ok()?;
        let has =
            |metrics: &String| value(metrics, LOST) >= 1.0 && value(metrics, "songwalker_rabbitmq_up") == 1.0;
        metrics.iter().all(has).then_some(())
    })
    .await
    .expect("every process tells it");
}
