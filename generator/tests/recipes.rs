//! Every recipe is a sound of its own, and its names find it.

use songwalker_generator::check::probe::{self, Shape};
use songwalker_generator::mapper::{self, Corrections, choose};
use songwalker_generator::pipeline::Hooks;
use songwalker_generator::planner::{PlanRequest, plan};
use songwalker_generator::recipes::{all, of};
use songwalker_generator::templates::{self, Entry};
use songwalker_generator::vary::apart;
use songwalker_schemas::{AudioAnalysis, Category, Intent};

/// What a sound measures in the middle of nothing: no intent but its category.
fn measured(category: Category, entry: &Entry) -> AudioAnalysis {
    let patch = mapper::map(&Intent::neutral(category), entry, 0, &Corrections::default());
    let shape = Shape {
        hold_s: 1.6,
        tail_s: 0.8,
        moves: true,
        ..Shape::of(category, false)
    };
    probe::measure(&patch, &shape, &Hooks::none())
        .unwrap_or_else(|error| panic!("{}: {error}", entry.template.id))
}

#[test]
fn every_recipe_is_heard_and_differs_from_its_template_and_from_every_other() {
    let faults: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = Category::ALL
            .iter()
            .map(|category| scope.spawn(|| alike(*category)))
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().expect("measured"))
            .collect()
    });
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What is wrong with a category's recipes.
fn alike(category: Category) -> Vec<String> {
    let mut faults = Vec::new();
    let mut known: Vec<(&str, AudioAnalysis)> = templates::of(category)
        .iter()
        .map(|entry| (entry.template.id.as_str(), measured(category, entry)))
        .collect();
    for recipe in of(category) {
        let entry = recipe
            .entry()
            .unwrap_or_else(|| panic!("{} has no sound", recipe.id));
        let patch = mapper::map(&Intent::neutral(category), entry, 0, &Corrections::default());
        if let Err(problems) = patch.check() {
            faults.push(format!("{}: {problems}", recipe.id));
        }
        let sound = measured(category, entry);
        if !sound.finite || !(-60.0..=3.0).contains(&sound.peak_env_db) {
            faults.push(format!("{} peaks at {:.1} dB", recipe.id, sound.peak_env_db));
        }
        for (id, other) in &known {
            let steps = apart(&sound, other);
            if steps < 1.0 {
                faults.push(format!("{} is {steps:.2} steps from {id}", recipe.id));
            }
        }
        known.push((&recipe.id, sound));
    }
    faults
}

#[test]
fn every_recipe_is_found_by_each_of_its_names() {
    let mut faults = Vec::new();
    for recipe in all() {
        assert!(!recipe.also.is_empty(), "{}", recipe.id);
        for name in &recipe.also {
            let intent = plan(&PlanRequest {
                prompt: name,
                ..PlanRequest::default()
            })
            .intent;
            let got = choose::template(&intent, 0);
            let id = got
                .and_then(|entry| entry.recipe.as_ref())
                .map(|grown| grown.id.as_str());
            if id != Some(&recipe.id) {
                faults.push(format!(
                    "{} | {name} | {} {:?} {:?} {:?}",
                    recipe.id, intent.category, intent.subcategory, id, intent.tags
                ));
            }
        }
    }
    assert!(
        faults.is_empty(),
        "{} faults\n{}",
        faults.len(),
        faults.join("\n")
    );
}
