//! Scenarios of faults that were found once, each as short as it can be.

use std::time::Duration;

use super::plan::{Action, Config, Emit, Kind, Plan, Step, UNSPEAKABLE};
use super::run::run;

fn config(servers: usize) -> Config {
    Config {
        seed: 1,
        servers,
        has_emitter: false,
        heartbeat_interval: Duration::from_secs(5),
        heartbeat_timeout: Duration::from_secs(10),
        payload_threshold: 8000,
        latency: Duration::from_millis(2),
        pace: Duration::ZERO,
        inbox_bytes: 16 * 1024 * 1024,
        latin1: false,
        checks_closing: true,
    }
}

fn milliseconds(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn start(slot: usize) -> Action {
    Action::Start {
        slot,
        same_uid: false,
        nsps: vec!["/"],
    }
}

fn emit(slot: usize, count: u64) -> Action {
    Action::Emit {
        slot,
        emit: Emit {
            nsp: "/",
            count,
            kind: Kind::Event,
            volatile: false,
            room: None,
            padding: 0,
        },
    }
}

fn refuse(slot: usize) -> Action {
    Action::Refuse {
        slot,
        sqlstate: "55P03",
        times: 1,
    }
}

/// Runs the scenario with delays that follow from many seeds.
fn holds(config: &Config, steps: &[(u64, Action)]) {
    for seed in 0..20 {
        let config = Config {
            seed,
            ..config.clone()
        };
        let steps = steps.iter().map(|(at, action)| Step {
            at: milliseconds(*at),
            action: action.clone(),
        });
        let outcome = run(&Plan::new(config, steps.collect()));
        if std::env::var("SIMULATION_STORY").is_ok() {
            println!("{:#?}", outcome.story);
        }
        assert!(
            outcome.violations.is_empty(),
            "with the delays of seed {seed}: {:#?}\n{:#?}",
            outcome.violations,
            outcome.story
        );
    }
}

#[test]
fn frames_that_are_refused_after_the_listening_session_ended_are_sent_or_told() {
    let steps = [
        (0, start(0)),
        (0, start(1)),
        // Between two heartbeats.
        (
            22_100,
            Action::Lock {
                lasting: milliseconds(500),
            },
        ),
        (22_200, emit(0, 3)),
        (22_300, Action::KillListener { slot: 0 }),
        (22_400, refuse(0)),
    ];
    holds(&config(2), &steps);
}

#[test]
fn frames_that_are_refused_while_a_javascript_server_joins_are_sent_or_told() {
    let steps = [
        (0, start(0)),
        (0, start(1)),
        (
            22_100,
            Action::Lock {
                lasting: milliseconds(500),
            },
        ),
        (22_150, Action::JsJoin { nsps: vec!["/"] }),
        (22_200, emit(0, 3)),
        (22_400, refuse(0)),
    ];
    holds(&config(2), &steps);
}

#[test]
fn a_namespace_that_the_database_cannot_name_does_not_stop_the_publisher() {
    let config = Config {
        latin1: true,
        ..config(5)
    };
    let both = |slot| Action::Start {
        slot,
        same_uid: false,
        nsps: vec!["/", UNSPEAKABLE],
    };
    // Their heartbeats come at different times.
    let mut steps: Vec<(u64, Action)> = (0..5).map(|slot| (slot as u64 * 900, both(slot))).collect();
    steps.push((22_000, Action::KillPublisher { slot: 0 }));
    steps.push((34_000, emit(0, 3)));
    holds(&config, &steps);
}

#[test]
fn what_was_heard_before_an_outage_does_not_bring_a_peer_back() {
    let config = Config {
        inbox_bytes: 2000,
        ..config(3)
    };
    let steps = [
        (0, start(0)),
        (0, start(1)),
        // Before frames begin: each message is a notification.
        (
            5000,
            Action::Freeze {
                slot: 0,
                lasting: milliseconds(3000),
            },
        ),
        (5050, emit(1, 60)),
        (
            5900,
            Action::RefuseConnections {
                slot: 1,
                lasting: milliseconds(3500),
            },
        ),
        (
            6000,
            Action::Down {
                lasting: milliseconds(300),
            },
        ),
        (6100, emit(0, 3)),
    ];
    holds(&config, &steps);
}

#[test]
fn a_server_that_has_not_noticed_the_end_of_its_session_does_not_say_that_it_listens() {
    let config = Config {
        inbox_bytes: 2000,
        ..config(3)
    };
    let steps = [
        (0, start(0)),
        (0, start(1)),
        (
            20_000,
            Action::Freeze {
                slot: 1,
                lasting: milliseconds(3000),
            },
        ),
        (20_050, emit(0, 20)),
        (20_150, emit(0, 20)),
        (
            21_000,
            Action::Down {
                lasting: milliseconds(300),
            },
        ),
        (21_100, emit(0, 3)),
    ];
    holds(&config, &steps);
}

#[test]
fn an_emitter_waits_for_servers_after_an_outage() {
    let config = Config {
        has_emitter: true,
        ..config(2)
    };
    let steps = [
        (0, start(0)),
        (0, start(1)),
        (0, start(2)),
        (
            20_000,
            Action::RefuseConnections {
                slot: 1,
                lasting: milliseconds(1500),
            },
        ),
        (
            20_000,
            Action::Down {
                lasting: milliseconds(300),
            },
        ),
        (20_100, emit(2, 3)),
    ];
    holds(&config, &steps);
}

#[test]
fn a_server_that_takes_over_a_uid_outlives_the_goodbye_of_the_one_before() {
    let steps = [
        (0, start(0)),
        (0, start(1)),
        (
            20_000,
            Action::Overlap {
                slot: 1,
                after: milliseconds(500),
            },
        ),
    ];
    holds(&config(2), &steps);
}

#[test]
fn a_server_is_known_again_whose_introduction_under_an_old_uid_was_missed() {
    let again = Action::Start {
        slot: 1,
        same_uid: true,
        nsps: vec!["/"],
    };
    let steps = [
        (0, start(0)),
        (0, start(1)),
        (20_000, Action::Stop { slot: 1 }),
        (
            21_000,
            Action::RefuseConnections {
                slot: 0,
                lasting: milliseconds(500),
            },
        ),
        (21_000, Action::KillListener { slot: 0 }),
        (21_050, again),
    ];
    holds(&config(2), &steps);
}

#[test]
fn a_server_that_closes_while_the_queue_is_full_tells_what_it_drops() {
    let steps = [
        (0, start(0)),
        (0, start(1)),
        (
            21_000,
            Action::Full {
                lasting: milliseconds(8000),
            },
        ),
        (26_000, emit(0, 3)),
        (26_100, Action::Stop { slot: 0 }),
    ];
    holds(&config(2), &steps);
}
