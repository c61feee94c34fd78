//! Runs a scenario from its beginning to its end, in virtual time and one thread.

use std::cell::RefCell;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Once};
use std::time::Duration;

use super::plan::Plan;
use super::state::Violation;
use super::world::World;
use super::{actions, checks, observer};

pub struct Outcome {
    pub violations: Vec<Violation>,
    pub story: Vec<(Duration, String)>,
    /// The same for the same course of events.
    pub digest: u64,
    pub messages: usize,
    pub deliveries: usize,
}

impl Outcome {
    pub fn violates(&self, property: &str) -> bool {
        self.violations
            .iter()
            .any(|violation| violation.property == property)
    }
}

thread_local! {
    /// Panics of tasks, which tokio keeps to itself.
    static PANICS: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

fn collect_panics() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let is_collected = PANICS.with_borrow_mut(|panics| {
                panics
                    .as_mut()
                    .map(|panics| panics.push(panic.to_string()))
                    .is_some()
            });
            if !is_collected {
                usual(panic);
            }
        }));
    });
    PANICS.set(Some(Vec::new()));
}

pub fn run(plan: &Plan) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    collect_panics();
    let world = runtime.block_on(perform(plan));
    // The tasks end before what they have to do with is looked at once more.
    drop(runtime);
    let panics = PANICS.take().unwrap_or_default();
    let mut state = world.lock();
    for panic in panics {
        state.violated("no panics", panic);
    }
    let mut hasher = DefaultHasher::new();
    state.story.hash(&mut hasher);
    Outcome {
        digest: hasher.finish(),
        messages: state.messages.len(),
        deliveries: state.lives.iter().map(|life| life.deliveries.len()).sum(),
        violations: std::mem::take(&mut state.violations),
        story: std::mem::take(&mut state.story),
    }
}

async fn perform(plan: &Plan) -> Arc<World> {
    let world = World::new(plan.config.clone());
    tokio::spawn(observer::run(Arc::clone(&world)));
    for step in &plan.steps {
        world.sleep_until(step.at).await;
        world.tell(format!("{:?}", step.action));
        actions::execute(&world, &step.action);
    }
    tokio::time::sleep(plan.config.settling_time() + longest_fault(plan)).await;
    let mut unrest = checks::unrest(&world.lock());
    for _ in 0..30 {
        if unrest.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(67)).await;
        let still = checks::unrest(&world.lock());
        unrest.retain(|what| still.contains(what));
    }
    for what in unrest {
        world.lock().violated("quiet", what);
    }
    checks::check(&mut world.lock());
    let (engines, tasks): (Vec<_>, Vec<_>) = {
        let mut state = world.lock();
        let lives = state.lives.iter_mut();
        lives
            .map(|life| (life.engine.take(), life.javascript.take()))
            .unzip()
    };
    for task in tasks.into_iter().flatten() {
        task.abort();
    }
    drop(engines);
    world
}

/// How long what the last steps have begun goes on.
fn longest_fault(plan: &Plan) -> Duration {
    use super::plan::Action::{Down, Freeze, Full, Lock, RefuseConnections, Slow};
    let last = plan.steps.last().map_or(Duration::ZERO, |step| step.at);
    let ends = plan.steps.iter().filter_map(|step| match &step.action {
        Down { lasting }
        | Lock { lasting }
        | Full { lasting }
        | RefuseConnections { lasting, .. }
        | Slow { lasting, .. }
        | Freeze { lasting, .. } => Some(step.at + *lasting),
        _ => None,
    });
    ends.max().unwrap_or_default().saturating_sub(last)
}
