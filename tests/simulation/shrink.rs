//! Makes a scenario that violates a property as small as it can, within bounds.

use super::plan::Plan;
use super::run::run;

/// How many smaller scenarios are tried.
const MOST_TRIES: usize = 250;

/// Leaves out ever smaller parts of the plan for as long as it still violates `property`.
pub fn shrink(plan: Plan, property: &str) -> Plan {
    let mut best = plan;
    let mut tries = 0;
    let mut part = best.steps.len().div_ceil(2);
    while part > 0 {
        let mut start = 0;
        let mut is_smaller = false;
        while start < best.steps.len() && tries < MOST_TRIES {
            let mut smaller = best.clone();
            let end = (start + part).min(smaller.steps.len());
            smaller.steps.drain(start..end);
            tries += 1;
            if run(&smaller).violates(property) {
                best = smaller;
                is_smaller = true;
            } else {
                start += part;
            }
        }
        if tries >= MOST_TRIES {
            break;
        }
        part = match (part, is_smaller) {
            (1, true) => 1,
            (1, false) => 0,
            _ => part / 2,
        };
    }
    best
}
