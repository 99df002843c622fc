//! The server itself: one act a question, in order; the last one again and again.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes, Data, Json};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use async_stream::stream;
use serde_json::{Value, json};

use crate::act::{Act, Says};

/// Characters of a chunk.
const CHUNK: usize = 24;
/// Longer than any test waits.
const FOR_EVER: Duration = Duration::from_secs(86_400);

/// What the server was asked and what it will do.
#[derive(Debug, Default)]
struct Stage {
    acts: Mutex<VecDeque<Act>>,
    asked: Mutex<Vec<(Option<String>, Value)>>,
}

/// A running server; it ends when it is dropped.
#[derive(Debug)]
pub struct ModelServer {
    stage: Arc<Stage>,
    base_url: String,
    handle: ServerHandle,
}

impl ModelServer {
    /// Starts one on a free port of the loopback interface.
    ///
    /// # Errors
    /// There is no free port.
    pub fn start(acts: impl IntoIterator<Item = Act>) -> io::Result<Self> {
        let stage = Arc::new(Stage {
            acts: Mutex::new(acts.into_iter().collect()),
            asked: Mutex::default(),
        });
        let data = Data::from(Arc::clone(&stage));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .app_data(web::JsonConfig::default().limit(1 << 20))
                .route("/v1/chat/completions", web::post().to(answer))
        })
        .workers(1)
        .shutdown_timeout(0)
        .disable_signals()
        .bind(("127.0.0.1", 0))?;
        let address = server
            .addrs()
            .first()
            .copied()
            .ok_or(io::ErrorKind::AddrNotAvailable)?;
        let server = server.run();
        let handle = server.handle();
        // A thread of its own: tests run on a runtime of one thread, which may end before the server does.
        std::thread::spawn(move || actix_web::rt::System::new().block_on(server));
        Ok(Self {
            stage,
            base_url: format!("http://{address}/v1"),
            handle,
        })
    }

    /// What goes into the settings.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The bodies of the questions so far.
    #[must_use]
    pub fn asked(&self) -> Vec<Value> {
        self.lock().into_iter().map(|(_, body)| body).collect()
    }

    /// The `Authorization` of each question so far.
    #[must_use]
    pub fn keys(&self) -> Vec<Option<String>> {
        self.lock().into_iter().map(|(key, _)| key).collect()
    }

    fn lock(&self) -> Vec<(Option<String>, Value)> {
        self.stage
            .asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        // Asked for, not waited for: what stalls would never end.
        drop(self.handle.stop(false));
    }
}

async fn answer(request: HttpRequest, stage: Data<Stage>, Json(body): Json<Value>) -> HttpResponse {
    let key = request
        .headers()
        .get("authorization")
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    stage
        .asked
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push((key, body.clone()));
    let act = {
        let mut acts = stage.acts.lock().unwrap_or_else(PoisonError::into_inner);
        let next = acts.front().cloned();
        if acts.len() > 1 {
            acts.pop_front();
        }
        next
    };
    match act {
        None => status(StatusCode::NOT_FOUND, None, &body),
        Some(act) => play(act, &body).await,
    }
}

async fn play(act: Act, body: &Value) -> HttpResponse {
    let structured = body.get("response_format").is_some();
    let tool = body.get("tools").is_some();
    match act {
        Act::Stream(says) => streamed(events(&says, body, None, Some("stop")), Then::End),
        Act::Truncate(says, chars) => streamed(events(&says, body, Some(chars), Some("length")), Then::End),
        Act::CutOff(says, chars) => streamed(events(&says, body, Some(chars), None), Then::Drop),
        Act::Stall(says, chars) => streamed(events(&says, body, Some(chars), None), Then::Wait),
        Act::Whole(says) => HttpResponse::Ok().json(json!({
            "id": "1", "object": "chat.completion", "created": 1, "model": body["model"],
            "choices": [{ "index": 0, "message": said(&says, body, None), "finish_reason": "stop" }],
            "usage": { "prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110 }
        })),
        Act::Silence => {
            tokio::time::sleep(FOR_EVER).await;
            HttpResponse::Ok().finish()
        }
        Act::Status(code, after) => status(
            StatusCode::from_u16(code).unwrap_or(StatusCode::IM_A_TEAPOT),
            after,
            body,
        ),
        Act::Garbage => streamed(vec!["data: {]\n\n".to_owned()], Then::End),
        Act::Page => HttpResponse::Ok()
            .content_type("text/html")
            .body("<html><body>Welcome to the captive portal</body></html>"),
        Act::Redirect(to) => HttpResponse::TemporaryRedirect()
            .insert_header(("location", to))
            .finish(),
        Act::ErrorEvent => streamed(
            vec![event(
                &json!({ "error": { "message": "overloaded", "type": "server_error" } }),
            )],
            Then::End,
        ),
        Act::OnlyPlain(_) if structured || tool => status(StatusCode::BAD_REQUEST, None, body),
        Act::OnlyTools(_) if structured => status(StatusCode::BAD_REQUEST, None, body),
        Act::OnlyPlain(says) | Act::OnlyTools(says) => {
            streamed(events(&says, body, None, Some("stop")), Then::End)
        }
    }
}

/// An error as OpenAI words it; it quotes the question, as some endpoints do.
fn status(code: StatusCode, after: Option<Duration>, body: &Value) -> HttpResponse {
    let mut answer = HttpResponse::build(code);
    if let Some(after) = after {
        answer.insert_header(("retry-after", after.as_secs().to_string()));
    }
    answer.json(json!({ "error": { "message": format!("cannot do {body}"), "type": "x", "param": null, "code": null } }))
}

/// The text, cut to so many characters.
fn text(says: &Says, body: &Value, chars: Option<usize>) -> String {
    let whole = match says {
        Says::Text(text) | Says::Refusal(text) => text.clone(),
        Says::Nonsense(tokens) => "blorf { \" ".repeat(tokens.div_ceil(3)),
        Says::SystemPrompt => body["messages"][0]["content"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
    };
    chars.map_or(whole.clone(), |chars| whole.chars().take(chars).collect())
}

/// A message or a delta that says it.
fn said(says: &Says, body: &Value, piece: Option<&str>) -> Value {
    let whole;
    let words = match piece {
        Some(piece) => piece,
        None => {
            whole = text(says, body, None);
            &whole
        }
    };
    if matches!(says, Says::Refusal(_)) {
        return json!({ "role": "assistant", "content": null, "refusal": words });
    }
    if body.get("tools").is_some() {
        return json!({ "role": "assistant", "content": null,
            "tool_calls": [{ "index": 0, "id": "1", "type": "function", "function": { "arguments": words } }] });
    }
    json!({ "role": "assistant", "content": words })
}

fn event(data: &Value) -> String {
    format!("data: {data}\n\n")
}

/// The events of a streamed answer.
fn events(says: &Says, body: &Value, chars: Option<usize>, reason: Option<&str>) -> Vec<String> {
    let chunk = |choices: Value, usage: Value| {
        event(
            &json!({ "id": "1", "object": "chat.completion.chunk", "created": 1, "model": body["model"],
            "choices": choices, "usage": usage }),
        )
    };
    let letters: Vec<char> = text(says, body, chars).chars().collect();
    let mut events: Vec<String> = letters
        .chunks(CHUNK)
        .map(|piece| {
            let piece: String = piece.iter().collect();
            chunk(
                json!([{ "index": 0, "delta": said(says, body, Some(&piece)), "finish_reason": null }]),
                Value::Null,
            )
        })
        .collect();
    if let Some(reason) = reason {
        events.push(chunk(
            json!([{ "index": 0, "delta": {}, "finish_reason": reason }]),
            Value::Null,
        ));
        if body.get("stream_options").is_some() {
            let counted = json!({ "prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110 });
            events.push(chunk(json!([]), counted));
        }
        events.push("data: [DONE]\n\n".to_owned());
    }
    events
}

/// What follows the events.
enum Then {
    End,
    Drop,
    Wait,
}

fn streamed(events: Vec<String>, then: Then) -> HttpResponse {
    let body = stream! {
        for event in events {
            yield Ok::<_, io::Error>(Bytes::from(event));
        }
        match then {
            Then::End => {}
            Then::Drop => yield Err(io::ErrorKind::ConnectionReset.into()),
            Then::Wait => tokio::time::sleep(FOR_EVER).await,
        }
    };
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .streaming(body)
}
