//! Prints a scenario that violates a property.

use super::plan::Plan;
use super::run::run;
use super::shrink::shrink;

/// How many lines of the story are printed unless one seed alone is run.
const MOST_LINES: usize = 80;

pub fn print(seed: u64, property: &str, plan: &Plan, is_full: bool) {
    let steps = plan.steps.len();
    let smallest = shrink(plan.clone(), property);
    let outcome = run(&smallest);
    println!("\n=== seed {seed} violates: {property}");
    for violation in outcome
        .violations
        .iter()
        .filter(|violation| violation.property == property)
        .take(3)
    {
        println!("    {}", violation.text);
    }
    println!(
        "    again: SIMULATION_SEEDS=1 SIMULATION_FROM={seed} cargo test --no-default-features --test simulation -- --nocapture"
    );
    println!("    {:?}", smallest.config);
    println!("    {} of {steps} steps suffice:", smallest.steps.len());
    for step in &smallest.steps {
        println!("    {:>9.3} s  {:?}", step.at.as_secs_f64(), step.action);
    }
    println!("    what happens:");
    let skipped = if is_full {
        0
    } else {
        outcome.story.len().saturating_sub(MOST_LINES)
    };
    if skipped > 0 {
        println!("    … {skipped} lines before these");
    }
    for (at, line) in outcome.story.iter().skip(skipped) {
        println!("    {:>9.3} s  {line}", at.as_secs_f64());
    }
}
