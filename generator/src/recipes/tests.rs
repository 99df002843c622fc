use std::collections::BTreeSet;

use super::*;

#[test]
fn every_recipe_reads_keeps_the_rules_and_says_what_it_is() {
    let mut ids: BTreeSet<&str> = templates::ids().collect();
    for (place, category) in Category::ALL.iter().enumerate() {
        let recipes = read(*category, FILES[place]).unwrap_or_else(|error| panic!("{error}"));
        assert!(recipes.len() >= 5, "{category} has {} recipes", recipes.len());
        let mut names = BTreeSet::new();
        for recipe in of(*category) {
            assert!(ids.insert(&recipe.id), "{} stands twice", recipe.id);
            let entry = recipe.build().unwrap_or_else(|error| panic!("{error}"));
            if let Err(faults) = entry.template.check() {
                panic!("{}: {faults}", recipe.id);
            }
            assert!(
                songwalker_engine::patch_player::unsupported(&entry.template.base).is_empty(),
                "{}",
                recipe.id
            );
            assert!(!recipe.aims.is_empty(), "{} aims at nothing", recipe.id);
            let own: BTreeSet<_> = recipe.names.iter().cloned().collect();
            for name in own {
                assert!(!name.is_empty(), "{} has an empty name", recipe.id);
                assert!(
                    names.insert(name.clone()),
                    "{}: {name:?} is another's name",
                    recipe.id
                );
            }
        }
    }
    assert!(super::ids().eq(all().map(|recipe| recipe.id.as_str())));
    assert!(all().count() >= 200, "{} recipes", all().count());
}
