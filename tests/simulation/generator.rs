//! From a seed to a scenario: a cluster, traffic, and a few moments at which much happens at once.

use std::time::Duration;

use super::plan::{Action, Config, Emit, Kind, Plan, Step, UNSPEAKABLE};
use super::rng::Rng;

/// What is left out of scenarios, as long as it leads to faults that are known: the names of some of these.
#[derive(Debug, Clone)]
pub struct LeftOut(pub String);

/// Transactions that are refused.
pub const REFUSALS: &str = "refusals";
/// Databases that cannot express the name of a namespace.
pub const UNSPEAKABLE_NAMES: &str = "unspeakable";
/// Inboxes so small that a server is behind.
pub const BACKLOGS: &str = "backlogs";
/// Emitters.
pub const EMITTERS: &str = "emitters";
/// The drops of `close()`.
pub const CLOSING: &str = "closing";
/// Servers with the uid of one before.
pub const OVERLAPS: &str = "overlaps";

impl LeftOut {
    fn has(&self, name: &str) -> bool {
        self.0.split(',').any(|other| other == name)
    }
}

const CHAT: &str = "/chat";
const ROOMS: [&str; 2] = ["r1", "r2"];

struct Generator {
    rng: Rng,
    left_out: LeftOut,
    config: Config,
    nsps: Vec<&'static str>,
    steps: Vec<Step>,
}

fn milliseconds(count: u64) -> Duration {
    Duration::from_millis(count)
}

pub fn generate(seed: u64, left_out: &LeftOut) -> Plan {
    let rng = Rng::new(seed);
    let servers = usize::try_from(rng.between(2, 5)).unwrap();
    let (interval, timeout) = rng.pick(&[(1000, 2000), (2000, 5000), (5000, 10_000)]);
    let latin1 = rng.percent(30) && !left_out.has(UNSPEAKABLE_NAMES);
    let config = Config {
        seed: rng.next(),
        servers,
        has_emitter: rng.percent(40) && !left_out.has(EMITTERS),
        heartbeat_interval: milliseconds(interval),
        heartbeat_timeout: milliseconds(timeout),
        payload_threshold: if rng.percent(15) { 300 } else { 8000 },
        latency: milliseconds(rng.pick(&[0, 2, 5, 20])),
        pace: milliseconds(rng.pick(&[0, 5, 50])),
        inbox_bytes: if rng.percent(30) && !left_out.has(BACKLOGS) {
            2000
        } else {
            16 * 1024 * 1024
        },
        latin1,
        checks_closing: !left_out.has(CLOSING),
    };
    let mut nsps = vec!["/"];
    if rng.percent(50) {
        nsps.push(CHAT);
    }
    if latin1 {
        nsps.push(UNSPEAKABLE);
    }
    let mut generator = Generator {
        rng,
        left_out: left_out.clone(),
        config,
        nsps,
        steps: Vec::new(),
    };
    generator.begin();
    generator.go_on();
    Plan::new(generator.config, generator.steps)
}

impl Generator {
    fn at(&mut self, at: u64, action: Action) {
        self.steps.push(Step {
            at: milliseconds(at),
            action,
        });
    }

    fn begin(&mut self) {
        for slot in 0..self.config.slots() {
            let at = self.rng.below(500);
            let nsps = self.some_nsps();
            self.at(
                at,
                Action::Start {
                    slot,
                    same_uid: false,
                    nsps,
                },
            );
            if self.rng.percent(40) {
                let (nsp, room) = (self.nsp(), self.rng.pick(&ROOMS));
                self.at(at + 200, Action::JoinRoom { slot, nsp, room });
            }
        }
        if self.rng.percent(25) {
            let at = self.rng.below(3000);
            let nsps = self.some_nsps();
            self.at(at, Action::JsJoin { nsps });
        }
    }

    fn go_on(&mut self) {
        // Frames begin once everybody who is there can have been heard.
        let timeout = u64::try_from(self.config.heartbeat_timeout.as_millis()).unwrap();
        let mut at = if self.rng.percent(20) { 500 } else { timeout + 3500 };
        for _ in 0..self.rng.between(1, 4) {
            at += self.rng.below(3000);
            self.moment(at);
            at += if self.rng.percent(40) {
                self.rng.below(2500)
            } else {
                timeout + 2000 + self.rng.below(9000)
            };
            for _ in 0..self.rng.below(3) {
                let offset = self.rng.below(4000);
                let action = self.traffic();
                self.at(at + offset, action);
            }
        }
    }

    /// Faults that have to meet, which they seldom do by chance.
    fn meeting(&mut self, at: u64) {
        let (slot, other) = (self.server(), self.server());
        match self.rng.below(3) {
            0 if !self.left_out.has(REFUSALS) => {
                // Frames are refused while their sender stops using them.
                let end = if self.rng.percent(50) {
                    Action::KillListener { slot }
                } else {
                    Action::JsJoin {
                        nsps: self.some_nsps(),
                    }
                };
                self.at(
                    at,
                    Action::Lock {
                        lasting: milliseconds(500),
                    },
                );
                self.at(at + 60, end);
                self.at(at + 100, self.emit(slot));
                self.at(
                    at + 200,
                    Action::Refuse {
                        slot,
                        sqlstate: "55P03",
                        times: 1,
                    },
                );
            }
            1 if !self.left_out.has(BACKLOGS) => {
                // A server is behind when the database goes away.
                let lasting = milliseconds(self.rng.between(500, 4000));
                self.at(at, Action::Freeze { slot, lasting });
                for offset in 0..self.rng.between(5, 30) {
                    self.at(at + 20 + offset * 3, self.emit(other));
                }
                self.at(
                    at + 200,
                    Action::Down {
                        lasting: milliseconds(self.rng.between(20, 500)),
                    },
                );
                self.at(at + 300, self.emit(slot));
                self.at(at + 300, self.emit(other));
            }
            _ => {
                // Not everybody is back at the same time after an outage.
                let lasting = milliseconds(self.rng.between(500, 3000));
                self.at(at, Action::RefuseConnections { slot, lasting });
                self.at(
                    at,
                    Action::Down {
                        lasting: milliseconds(self.rng.between(20, 500)),
                    },
                );
                self.at(at + 100, self.emit(other));
            }
        }
    }

    fn emit(&self, slot: usize) -> Action {
        Action::Emit {
            slot,
            emit: Emit {
                nsp: self.nsp(),
                count: self.rng.between(1, 6),
                kind: Kind::Event,
                volatile: false,
                room: None,
                padding: 0,
            },
        }
    }

    /// Much happens within half a second.
    fn moment(&mut self, at: u64) {
        if self.rng.percent(25) {
            self.meeting(at);
        }
        for _ in 0..self.rng.between(1, 4) {
            let offset = self.rng.below(500);
            let action = self.fault();
            self.at(at + offset, action);
        }
        for _ in 0..self.rng.between(3, 14) {
            let offset = self.rng.below(900);
            let action = self.traffic();
            self.at((at + offset).saturating_sub(100), action);
        }
    }

    fn slot(&self) -> usize {
        self.rng.index(self.config.slots())
    }

    fn server(&self) -> usize {
        self.rng.index(self.config.servers)
    }

    fn nsp(&self) -> &'static str {
        self.rng.pick(&self.nsps)
    }

    fn some_nsps(&self) -> Vec<&'static str> {
        let all = self.nsps.iter().copied();
        all.filter(|nsp| *nsp == "/" || self.rng.percent(80)).collect()
    }

    fn traffic(&self) -> Action {
        let nsp = self.nsp();
        match self.rng.below(20) {
            0 => Action::JoinRoom {
                slot: self.server(),
                nsp,
                room: self.rng.pick(&ROOMS),
            },
            1 => Action::LeaveRoom {
                slot: self.server(),
                nsp,
                room: self.rng.pick(&ROOMS),
            },
            2 => Action::JsEmit {
                which: self.rng.index(4),
                nsp,
                count: self.rng.between(1, 3),
            },
            _ => Action::Emit {
                slot: self.slot(),
                emit: Emit {
                    nsp,
                    count: if self.rng.percent(60) {
                        1
                    } else {
                        self.rng.between(2, 12)
                    },
                    kind: self.rng.pick(&[
                        Kind::Event,
                        Kind::Event,
                        Kind::Event,
                        Kind::Binary,
                        Kind::ServerSide,
                    ]),
                    volatile: self.rng.percent(8),
                    room: self.rng.percent(15).then(|| self.rng.pick(&ROOMS)),
                    padding: self.rng.pick(&[0, 0, 0, 0, 0, 50, 400, 9000]),
                },
            },
        }
    }

    fn fault(&self) -> Action {
        let slot = self.slot();
        let lasting = milliseconds(self.rng.pick(&[20, 100, 300, 1000, 3000, 6000]));
        match self.rng.below(25) {
            0..=2 => Action::KillListener { slot },
            3..=5 => Action::KillPublisher { slot },
            6 => Action::LoseAnswer { slot },
            7..=8 if !self.left_out.has(REFUSALS) => Action::Refuse {
                slot,
                sqlstate: self.rng.pick(&["22023", "42501", "55P03"]),
                times: usize::try_from(self.rng.between(1, 3)).unwrap(),
            },
            7..=9 => Action::RefuseConnections { slot, lasting },
            10..=11 => Action::Down { lasting },
            12..=13 => Action::Lock { lasting },
            14 => Action::Full { lasting },
            15 => Action::Slow {
                slot,
                delay: milliseconds(self.rng.between(20, 600)),
                lasting,
            },
            16 => Action::Freeze { slot, lasting },
            _ if self.config.inbox_bytes < 10_000 && self.rng.percent(25) => Action::Freeze { slot, lasting },
            17..=19 => Action::JsJoin {
                nsps: self.some_nsps(),
            },
            20 => Action::JsLeave {
                which: self.rng.index(4),
                goodbye: self.rng.percent(70),
            },
            21 => Action::DropTable,
            22 => self.coming_and_going(),
            _ => self.life_and_death(),
        }
    }

    fn coming_and_going(&self) -> Action {
        let (slot, nsp) = (self.server(), self.nsp());
        if self.rng.percent(50) {
            Action::Close { slot, nsp }
        } else {
            Action::Open { slot, nsp }
        }
    }

    fn life_and_death(&self) -> Action {
        let slot = self.server();
        match self.rng.below(5) {
            0 => Action::Stop { slot },
            1 => Action::Crash { slot },
            2 if !self.left_out.has(OVERLAPS) => Action::Overlap {
                slot,
                after: milliseconds(self.rng.below(2000)),
            },
            _ => Action::Start {
                slot,
                same_uid: self.rng.percent(50) && !self.left_out.has(OVERLAPS),
                nsps: self.some_nsps(),
            },
        }
    }
}
