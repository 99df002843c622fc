//! What a job made: whole, in parts, once more, and no more.

use std::sync::Arc;

use songwalker_generator::package::layout;
use songwalker_schemas::canonical::sha256_hex;

use crate::support::{Server, bundle, claimed, header, publish, refused, send};

#[tokio::test]
async fn every_artifact_is_served_with_the_hash_of_its_content() {
    let server = Server::start().await;
    let job = server.made("pad").await;
    for (name, kind, file, filename) in [
        (
            "patch",
            "application/json",
            Some(layout::PATCH),
            "inline; filename=\"Warm Gr__e.json\"",
        ),
        (
            "preview",
            "audio/flac",
            Some(layout::PREVIEW_FLAC),
            "inline; filename=\"Warm Gr__e.flac\"",
        ),
        (
            "variations",
            "application/json",
            Some(layout::VARIATIONS_DIFF),
            "inline; filename=\"Warm Gr__e variations.json\"",
        ),
        (
            "analysis",
            "application/json",
            Some(layout::ANALYSIS),
            "inline; filename=\"Warm Gr__e analysis.json\"",
        ),
        (
            "bundle",
            "application/zip",
            None,
            "attachment; filename=\"Warm Gr__e.zip\"",
        ),
    ] {
        let path = format!("/v1/jobs/{job}/{name}");
        let answer = send(server.request("GET", &path)).await;
        assert_eq!(
            (answer.status().as_u16(), header(&answer, "content-type")),
            (200, Some(kind))
        );
        let disposition = header(&answer, "content-disposition").expect("a name");
        assert!(disposition.starts_with(filename), "{disposition}");
        assert!(
            disposition.contains("filename*=UTF-8''Warm%20Gr%C3%B6%C3%9Fe"),
            "{disposition}"
        );
        assert_eq!(header(&answer, "x-content-type-options"), Some("nosniff"));
        assert!(header(&answer, "cache-control").is_some_and(|cache| cache.starts_with("private")));
        let tag = header(&answer, "etag").expect("a tag").to_owned();
        let bytes = answer.bytes().await.expect("the artifact");
        let expected = file.map_or(&bundle().zip, |file| &bundle().files[file]);
        assert!(bytes == expected.as_slice(), "{name}");
        assert_eq!(tag, format!("\"{}\"", sha256_hex(&bytes)));
        let known = send(server.request("GET", &path).header("If-None-Match", &tag)).await;
        assert_eq!(known.status(), 304);
        let head = send(server.request("HEAD", &path)).await;
        assert_eq!(
            header(&head, "content-length"),
            Some(bytes.len().to_string().as_str())
        );
        assert!(head.bytes().await.expect("no body").is_empty());
        if kind == "application/json" {
            let (status, _) = server.call("GET", &path, None).await;
            assert_eq!(status, 200, "and it fits its schema");
        }
    }
}

#[tokio::test]
async fn sound_and_bundle_come_in_parts() {
    let server = Server::start().await;
    let job = server.made("pad").await;
    for (name, whole) in [
        ("preview", &bundle().files[layout::PREVIEW_FLAC]),
        ("bundle", &bundle().zip),
    ] {
        let path = format!("/v1/jobs/{job}/{name}");
        let ask = |range: &'static str| send(server.request("GET", &path).header("Range", range));
        let length = whole.len();
        let part = ask("bytes=10-19").await;
        assert_eq!(part.status(), 206);
        assert_eq!(header(&part, "accept-ranges"), Some("bytes"));
        assert_eq!(
            header(&part, "content-range"),
            Some(format!("bytes 10-19/{length}").as_str())
        );
        assert!(part.bytes().await.expect("ten bytes") == whole[10..20]);
        let tail = ask("bytes=-5").await;
        assert!(tail.bytes().await.expect("five bytes") == whole[length - 5..]);
        let all = ask("bytes=0-1,5-6").await;
        assert_eq!(all.status(), 200, "several parts at once are not offered");
        let none = ask("bytes=999999999-").await;
        assert_eq!(
            header(&none, "content-range"),
            Some(format!("bytes */{length}").as_str())
        );
        refused(none, 416, "invalid_request").await;
        let other = send(
            server
                .request("GET", &path)
                .header("Range", "bytes=0-1")
                .header("If-Range", "\"another\""),
        )
        .await;
        assert_eq!(other.status(), 200, "a part of something else would not fit");
    }
}

#[tokio::test]
async fn artifacts_are_there_once_the_job_succeeded_and_gone_after_their_retention() {
    let server =
        Server::start_with(|config| config.retention.artifacts = Some("1h".parse().expect("a span"))).await;
    let job = server.job("pad").await;
    let path = format!("/v1/jobs/{job}/patch");
    assert_eq!(server.call("GET", &path, None).await.0, 404);
    let claimed = claimed(&server.system, job).await;
    assert_eq!(server.call("GET", &path, None).await.0, 404);
    publish(&server.system, &claimed).await;
    assert_eq!(server.call("GET", &path, None).await.0, 200);
    server.system.clock.advance(std::time::Duration::from_secs(3_601));
    songwalker_jobs::sweep::full(&server.system).await;
    for name in ["patch", "preview", "bundle", "variations", "analysis"] {
        let answer = send(server.request("GET", &format!("/v1/jobs/{job}/{name}"))).await;
        refused(answer, 410, "gone").await;
    }
    let (status, shared) = server.call("POST", &format!("/v1/jobs/{job}/shares"), None).await;
    assert_eq!((status, shared["error"]["code"].as_str()), (410, Some("gone")));
}

#[tokio::test]
async fn a_store_that_does_not_give_what_it_has_is_a_fault_of_the_service() {
    let server = Server::start().await;
    let job = server.made("pad").await;
    let key = songwalker_jobs::ports::ObjectKey::bundle(server.system.user, &sha256_hex(&bundle().zip))
        .expect("a key");
    server
        .system
        .store
        .delete(&key)
        .await
        .expect("deleted behind the row's back");
    let answer = send(server.request("GET", &format!("/v1/jobs/{job}/bundle"))).await;
    let status = answer.status().as_u16();
    assert!(matches!(status, 500 | 503), "{status}");
    let zip: Arc<[u8]> = bundle().zip.as_slice().into();
    server.system.store.put(&key, zip).await.expect("put back");
    assert_eq!(
        send(server.request("GET", &format!("/v1/jobs/{job}/bundle")))
            .await
            .status(),
        200
    );
}
