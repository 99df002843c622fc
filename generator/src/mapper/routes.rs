//! Taking routes out of a patch without leaving others in the air: what moved a removed route's amount goes with it,
//! and what moved a later route's amount still moves the same one.

use songwalker_schemas::modulation::Route;
use songwalker_schemas::{PatchSpec, rules};

/// Keeps the routes for which `keep` says so.
pub fn retain(patch: &mut PatchSpec, keep: impl Fn(&Route) -> bool) {
    let routes = &mut patch.modulation.routes;
    let mut kept: Vec<bool> = routes.iter().map(keep).collect();
    // A chain of amounts is at most as long as the list.
    for _ in 0..routes.len() {
        for i in 0..routes.len() {
            if rules::route_of_amount(&routes[i].target)
                .is_some_and(|k| !kept.get(k).copied().unwrap_or(false))
            {
                kept[i] = false;
            }
        }
    }
    let mut places = Vec::with_capacity(routes.len());
    let mut next = 0;
    for keep in &kept {
        places.push(next);
        next += usize::from(*keep);
    }
    let mut flags = kept.iter();
    routes.retain(|_| flags.next().copied().unwrap_or(true));
    for route in routes.iter_mut() {
        if let Some(k) = rules::route_of_amount(&route.target) {
            route.target = format!("/modulation/routes/{}/amount", places[k]);
        }
    }
}

#[cfg(test)]
mod tests {
    use songwalker_schemas::modulation::Source;

    use super::*;

    #[test]
    fn routes_onto_amounts_follow_their_route_or_go_with_it() {
        let mut patch = PatchSpec::default();
        let routes = &mut patch.modulation.routes;
        routes.push(Route::new(Source::Lfo0, "/modules/osc/0/level", 0.1));
        routes.push(Route::new(Source::Lfo1, "/modules/osc/0/pan", 0.1));
        routes.push(Route::new(Source::ModWheel, "/modulation/routes/0/amount", 0.2));
        routes.push(Route::new(Source::ModWheel, "/modulation/routes/1/amount", 0.3));
        retain(&mut patch, |r| r.source != Source::Lfo0);
        let left: Vec<(&str, f64)> = patch
            .modulation
            .routes
            .iter()
            .map(|r| (r.target.as_str(), r.amount))
            .collect();
        assert_eq!(
            left,
            [("/modules/osc/0/pan", 0.1), ("/modulation/routes/0/amount", 0.3)]
        );
    }
}
