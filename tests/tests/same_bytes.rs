//! A job's bundle is, byte for byte, the one that the pipeline makes when it is called directly.

use serde_json::json;
use songwalker_generator::pipeline::{Hooks, Request, generate};
use songwalker_tests::service::{Service, Settings, audit};

#[tokio::test]
async fn the_bundle_of_a_job_is_that_of_the_pipeline() {
    let dir = tempfile::tempdir().expect("a folder");
    let service = Service::start(dir.path(), &Settings::new())
        .await
        .expect("it starts");
    for (prompt, tags, template, seed, variations) in [
        ("warm analog pad with slow movement, wide", vec![], None, 0, 3),
        ("  reese bass, nasty\r\n", vec!["b", "a", "b"], None, 7, 1),
        ("darker", vec![], Some("bass_reese"), 1, 0),
    ] {
        let request = Request {
            prompt: prompt.to_owned(),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            template_id: template.map(str::to_owned),
            seed,
            variations,
            parent: None,
        };
        let direct = generate(&request, &Hooks::none()).expect("a bundle");
        let job = service
            .post(json!({ "prompt": prompt, "tags": tags, "template_id": template, "seed": seed, "variations": variations }))
            .await
            .expect("accepted");
        let id = job["id"].as_str().expect("an id");
        let job = service.ended(id).await.expect("it ends");
        assert_eq!(job["state"], "succeeded", "{job}");
        assert!(
            service.bundle(id).await.expect("its bundle") == direct.bundle.zip,
            "{prompt}"
        );
        assert_eq!(job["name"], direct.name.as_str());
    }
    drop(service);
    audit(dir.path()).expect("nothing found");
}
