//! Everything that an endpoint may do, over real HTTP: a good intent, the right fault, or another form of the question.

#![expect(clippy::expect_used, reason = "a test may end there")]

use std::time::Duration;

use serde_json::{Value, json};
use songwalker_llm::{Account, Ask, Call, Ended, Example, Fault, Heard, Model, Outcome, Progress, Settings};
use songwalker_model_server::{Act, ModelServer, Says};
use songwalker_schemas::{Category, ErrorCode};
use tokio::time::Instant;

const PROMPT: &str = "warm pad \"for\" <system>";

fn good() -> Value {
    json!({ "name": "Warm Pad", "category": "pad", "subcategory": null, "voicing": "poly", "register": null,
        "descriptors": { "warmth": 0.5, "brightness": null }, "invariants": [], "avoid": ["delay"], "tempo_bpm": null,
        "tags": ["warm"], "confidence": 0.9 })
}

fn text(value: &Value) -> Says {
    Says::Text(value.to_string())
}

fn model(server: &ModelServer, silence: Duration) -> Model {
    Model::new(Settings {
        base_url: server.base_url().to_owned(),
        model: "small".to_owned(),
        key: Some("a-key".to_owned()),
        answer_tokens: 1500,
        silence,
    })
    .expect("settings")
}

fn knows(word: &str) -> bool {
    ["warm", "pad"].contains(&word)
}

fn ask(deadline: Duration) -> Ask<'static> {
    Ask {
        prompt: PROMPT,
        tags: &[],
        seed: 7,
        examples: &[],
        heard: &[],
        knows: &knows,
        deadline: Instant::now() + deadline,
    }
}

const LONG: Duration = Duration::from_secs(120);

async fn asked(acts: impl IntoIterator<Item = Act>) -> (ModelServer, Outcome) {
    let server = ModelServer::start(acts).expect("a port");
    let outcome = model(&server, LONG).plan(&ask(LONG), |_| {}).await;
    (server, outcome)
}

#[tokio::test]
async fn a_good_answer_is_an_intent_streamed_or_not_and_is_counted() {
    for act in [Act::Stream(text(&good())), Act::Whole(text(&good()))] {
        let (server, outcome) = asked([act]).await;
        let intent = outcome.intent.expect("an intent");
        assert_eq!(
            (intent.category, intent.name.as_str()),
            (Category::Pad, "Warm Pad")
        );
        assert_eq!(
            (intent.descriptors.warmth, intent.descriptors.brightness),
            (Some(0.5), None)
        );
        assert_eq!(
            (
                outcome.spent.calls,
                outcome.spent.input_tokens,
                outcome.spent.output_tokens
            ),
            (1, 100, 10)
        );
        assert!(!outcome.spent.estimated);
        assert_eq!(server.keys(), [Some("Bearer a-key".to_owned())]);
        let body = &server.asked()[0];
        assert_eq!(
            (&body["model"], &body["seed"], &body["stream"]),
            (&json!("small"), &json!(7), &json!(true))
        );
        let said = body["messages"]
            .as_array()
            .expect("messages")
            .last()
            .expect("one")["content"]
            .clone();
        let said: Value =
            serde_json::from_str(said.as_str().expect("a text")).expect("the prompt as a value");
        assert_eq!(said, json!({ "description": PROMPT }));
    }
}

#[tokio::test]
async fn examples_stand_before_the_question() {
    let server = ModelServer::start([Act::Stream(text(&good()))]).expect("a port");
    let examples = [Example {
        prompt: "dark bass".to_owned(),
        answer: json!({ "category": "bass" }),
    }];
    let outcome = model(&server, LONG)
        .plan(
            &Ask {
                examples: &examples,
                ..ask(LONG)
            },
            |_| {},
        )
        .await;
    outcome.intent.expect("an intent");
    let roles: Vec<Value> = server.asked()[0]["messages"]
        .as_array()
        .expect("messages")
        .iter()
        .map(|message| message["role"].clone())
        .collect();
    assert_eq!(roles, ["system", "user", "assistant", "user"]);
}

#[tokio::test]
async fn an_almost_valid_answer_is_repaired_by_naming_its_faults() {
    let mut wrong = good();
    wrong["descriptors"]["warmth"] = json!(4);
    let (server, outcome) = asked([Act::Stream(text(&wrong)), Act::Stream(text(&good()))]).await;
    outcome.intent.expect("an intent");
    let told = server.asked()[1]["messages"]
        .as_array()
        .expect("messages")
        .last()
        .expect("one")["content"]
        .clone();
    assert!(
        told.as_str()
            .is_some_and(|told| told.contains("/descriptors/warmth")),
        "{told}"
    );
    assert_eq!(outcome.spent.calls, 2);
}

#[tokio::test]
async fn after_two_repairs_it_is_given_up() {
    let nonsense = Says::Text("the sound of rain on a tin roof".to_owned());
    let (server, outcome) = asked([Act::Stream(nonsense)]).await;
    assert_eq!(
        outcome.intent.expect_err("no intent").code(),
        ErrorCode::InvalidIntent
    );
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn forty_thousand_tokens_of_nonsense_are_not_read_to_the_end() {
    let (_, outcome) = asked([Act::Stream(Says::Nonsense(40_000)), Act::Stream(text(&good()))]).await;
    outcome.intent.expect("an intent from the second answer");
    assert!(outcome.spent.output_tokens < 20_000, "{:?}", outcome.spent);
}

#[tokio::test]
async fn an_answer_cut_by_its_length_is_asked_for_again() {
    let (server, outcome) = asked([Act::Truncate(text(&good()), 40), Act::Stream(text(&good()))]).await;
    outcome.intent.expect("an intent");
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn a_refusal_is_one_and_is_not_argued_with() {
    let (server, outcome) = asked([Act::Stream(Says::Refusal("I cannot".to_owned()))]).await;
    assert_eq!(outcome.intent.expect_err("no intent"), Fault::Refused);
    assert_eq!(Fault::Refused.code(), ErrorCode::PlannerRefused);
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn a_connection_that_breaks_off_is_tried_again() {
    for broken in [
        Act::CutOff(text(&good()), 60),
        Act::Status(500, None),
        Act::Status(503, None),
        Act::Garbage,
        Act::Page,
        Act::ErrorEvent,
    ] {
        let (server, outcome) = asked([broken.clone(), Act::Stream(text(&good()))]).await;
        assert!(outcome.intent.is_ok(), "{broken:?}: {:?}", outcome.intent);
        assert_eq!(server.asked().len(), 2, "{broken:?}");
        let (server, outcome) = asked([broken.clone()]).await;
        assert_eq!(
            outcome.intent.expect_err("no intent"),
            Fault::Unreachable,
            "{broken:?}"
        );
        assert_eq!((server.asked().len(), outcome.spent.calls), (3, 3), "{broken:?}");
    }
}

#[tokio::test]
async fn a_stall_ends_with_the_longest_silence_and_is_tried_again() {
    let server = ModelServer::start([
        Act::Stall(text(&good()), 30),
        Act::Silence,
        Act::Stream(text(&good())),
    ])
    .expect("a port");
    let outcome = model(&server, Duration::from_millis(300))
        .plan(&ask(LONG), |_| {})
        .await;
    outcome.intent.expect("an intent");
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn the_deadline_ends_it_wherever_it_is() {
    let server = ModelServer::start([Act::Stall(text(&good()), 30)]).expect("a port");
    let outcome = model(&server, LONG)
        .plan(&ask(Duration::from_millis(300)), |_| {})
        .await;
    assert_eq!(outcome.intent.expect_err("no intent"), Fault::OutOfTime);
    assert_eq!(outcome.spent.calls, 1, "what was asked costs");
    assert!(outcome.spent.estimated && outcome.spent.input_tokens > 100);
}

#[tokio::test]
async fn a_busy_endpoint_is_asked_again_when_it_says_so_but_never_past_the_deadline() {
    let second = Some(Duration::from_secs(1));
    let (server, outcome) = asked([Act::Status(429, second), Act::Stream(text(&good()))]).await;
    outcome.intent.expect("an intent");
    assert_eq!(server.asked().len(), 2);
    let hour = Duration::from_secs(3600);
    let (server, outcome) = asked([Act::Status(429, Some(hour))]).await;
    assert_eq!(outcome.intent.expect_err("no intent"), Fault::Limited(Some(hour)));
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn settings_that_are_wrong_are_said_at_once() {
    for code in [401, 403, 404] {
        let (server, outcome) = asked([Act::Status(code, None)]).await;
        assert_eq!(outcome.intent.expect_err("no intent"), Fault::Settings(code));
        assert_eq!(server.asked().len(), 1);
    }
    let (_, outcome) = asked([Act::Redirect("http://127.0.0.1:1/".to_owned())]).await;
    assert_eq!(
        outcome.intent.expect_err("no redirect is followed"),
        Fault::Settings(307)
    );
}

#[tokio::test]
async fn an_endpoint_without_structured_answers_is_asked_for_a_tool_call_and_then_for_plain_json() {
    let server = ModelServer::start([Act::OnlyTools(text(&good()))]).expect("a port");
    let tools = model(&server, LONG);
    tools.plan(&ask(LONG), |_| {}).await.intent.expect("an intent");
    tools.plan(&ask(LONG), |_| {}).await.intent.expect("an intent");
    let asked = server.asked();
    assert!(asked[0].get("response_format").is_some() && asked[1].get("tools").is_some());
    assert!(
        asked.len() == 3 && asked[2].get("tools").is_some(),
        "what was found is kept"
    );

    let fenced = Says::Text(format!("Sure!\n```json\n{}\n```", good()));
    let server = ModelServer::start([Act::OnlyPlain(fenced)]).expect("a port");
    model(&server, LONG)
        .plan(&ask(LONG), |_| {})
        .await
        .intent
        .expect("an intent");
    let asked = server.asked();
    assert_eq!(asked.len(), 3);
    let told = asked[2]["messages"][0]["content"]
        .as_str()
        .expect("a text")
        .to_owned();
    assert!(told.contains("JSON Schema") && asked[2].get("tools").is_none());
}

#[tokio::test]
async fn what_it_was_told_cannot_come_out() {
    let mut leak = good();
    for (key, value) in [
        ("name", json!("You describe sounds")),
        ("tags", json!(["You describe sounds", "degrees", "warm"])),
        ("subcategory", json!("synthesizer")),
    ] {
        leak[key] = value;
    }
    let (_, outcome) = asked([Act::Stream(text(&leak))]).await;
    let intent = outcome.intent.expect("an intent");
    assert_eq!((intent.name.as_str(), intent.subcategory), ("Untitled", None));
    assert_eq!(intent.tags, ["warm"]);
    let (_, outcome) = asked([Act::Stream(Says::SystemPrompt)]).await;
    assert_eq!(outcome.intent.expect_err("no intent"), Fault::Unusable);
}

#[tokio::test]
async fn after_failures_in_a_row_it_is_left_alone() {
    let server = ModelServer::start([Act::Status(401, None)]).expect("a port");
    let model = model(&server, LONG);
    for _ in 0..5 {
        model
            .plan(&ask(LONG), |_| {})
            .await
            .intent
            .expect_err("no intent");
    }
    assert!(model.rests());
    let outcome = model.plan(&ask(LONG), |_| {}).await;
    assert_eq!(
        (outcome.intent.expect_err("no intent"), outcome.spent.calls),
        (Fault::Resting, 0)
    );
    assert_eq!(server.asked().len(), 5);
}

#[tokio::test]
async fn progress_tells_of_questions_bytes_and_repairs() {
    let server = ModelServer::start([
        Act::Stream(Says::Text("no".to_owned())),
        Act::Stream(text(&good())),
    ])
    .expect("a port");
    let mut told = Vec::new();
    model(&server, LONG)
        .plan(&ask(LONG), |step| told.push(step))
        .await
        .intent
        .expect("an intent");
    let place = |step: &Progress| told.iter().position(|other| other == step).expect("told");
    assert!(place(&Progress::Asked(1)) < place(&Progress::Repairs(1)));
    assert!(place(&Progress::Repairs(1)) < place(&Progress::Asked(2)));
    assert_eq!(told.last(), Some(&Progress::Heard(good().to_string().len())));
}

/// An account that allows so many calls and keeps what it is told.
#[derive(Default)]
struct Purse {
    left: u32,
    begun: Vec<Call>,
    kept: Vec<Heard>,
    outcomes: Vec<Result<(), Fault>>,
}

impl Account for Purse {
    async fn begins(&mut self, call: &Call) -> Result<(), Fault> {
        self.left = self.left.checked_sub(1).ok_or(Fault::NotAllowed)?;
        self.begun.push(*call);
        Ok(())
    }

    async fn ended(&mut self, call: &Call, end: Ended<'_>) -> Result<(), Fault> {
        assert_eq!(self.begun.last(), Some(call));
        assert_eq!(end.cost.calls, 1);
        self.kept.extend(end.outcome.ok().cloned());
        self.outcomes.push(end.outcome.map(|_| ()).map_err(Clone::clone));
        Ok(())
    }
}

#[tokio::test]
async fn every_call_is_on_the_account_before_it_is_made_and_none_is_made_that_it_refuses() {
    let server = ModelServer::start([
        Act::Stream(Says::Text("no".to_owned())),
        Act::Status(500, None),
        Act::Stream(text(&good())),
    ])
    .expect("a port");
    let mut purse = Purse {
        left: 2,
        ..Purse::default()
    };
    let outcome = model(&server, LONG).plan_on(&ask(LONG), &mut purse, |_| {}).await;
    assert_eq!(outcome.intent.expect_err("no intent"), Fault::NotAllowed);
    assert_eq!((server.asked().len(), outcome.spent.calls), (2, 2));
    assert_eq!(purse.outcomes, [Ok(()), Err(Fault::Unreachable)]);
    assert!(purse.begun[1].input_tokens > purse.begun[0].input_tokens);
    assert_eq!(purse.begun[0].output_tokens, 1500);
}

#[tokio::test]
async fn what_was_answered_before_is_read_again_and_not_asked_for_again() {
    let server = ModelServer::start([
        Act::Stream(Says::Text("no".to_owned())),
        Act::Stream(text(&good())),
    ])
    .expect("a port");
    let model = model(&server, LONG);
    let mut purse = Purse {
        left: 1,
        ..Purse::default()
    };
    let first = model.plan_on(&ask(LONG), &mut purse, |_| {}).await;
    first.intent.expect_err("one call was not enough");
    purse.left = 1;
    let heard = purse.kept.clone();
    let question = Ask {
        heard: &heard,
        ..ask(LONG)
    };
    model
        .plan_on(&question, &mut purse, |_| {})
        .await
        .intent
        .expect("an intent");
    assert_eq!(server.asked().len(), 2);
    let told = server.asked()[1]["messages"].to_string();
    assert!(told.contains("no JSON object"), "{told}");
    // All of it is there: nobody is asked, though the account would allow nothing.
    let heard = purse.kept.clone();
    let question = Ask {
        heard: &heard,
        ..ask(LONG)
    };
    let last = model.plan_on(&question, &mut purse, |_| {}).await;
    last.intent.expect("an intent");
    assert_eq!((last.spent.calls, server.asked().len()), (0, 2));
}
