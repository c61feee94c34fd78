//! A scenario as data: what a cluster is, and what happens to it when. Leaving steps out gives another scenario.

use std::time::Duration;

/// The namespace that a database in LATIN1 cannot name.
pub const UNSPEAKABLE: &str = "/\u{4e2d}";

#[derive(Debug, Clone)]
pub struct Config {
    /// From which all delays in the scenario follow.
    pub seed: u64,
    pub servers: usize,
    pub has_emitter: bool,
    pub heartbeat_interval: Duration,
    pub heartbeat_timeout: Duration,
    pub payload_threshold: usize,
    /// How long a packet is under way at most, without a fault.
    pub latency: Duration,
    /// How long JavaScript takes at most before it looks at what has arrived.
    pub pace: Duration,
    /// How much may wait for JavaScript, in bytes.
    pub inbox_bytes: usize,
    /// Whether the database cannot express every name.
    pub latin1: bool,
    /// Whether what `close()` leaves unsent has to be counted.
    pub checks_closing: bool,
}

impl Config {
    /// How many places for engines there are; the last one is that of the emitter.
    pub fn slots(&self) -> usize {
        self.servers + usize::from(self.has_emitter)
    }

    pub fn is_emitter(&self, slot: usize) -> bool {
        slot == self.servers
    }

    /// How long the cluster has after the last step.
    pub fn settling_time(&self) -> Duration {
        self.heartbeat_timeout * 2 + Duration::from_secs(15)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A broadcast of text.
    Event,
    /// A broadcast with a binary part.
    Binary,
    /// An event for the servers themselves.
    ServerSide,
}

#[derive(Debug, Clone)]
pub struct Emit {
    pub nsp: &'static str,
    pub count: u64,
    pub kind: Kind,
    pub volatile: bool,
    pub room: Option<&'static str>,
    /// Of incompressible text beside the number, in bytes.
    pub padding: usize,
}

#[derive(Debug, Clone)]
pub enum Action {
    /// An engine starts where there is none, under a new uid or that of the last one.
    Start {
        slot: usize,
        same_uid: bool,
        nsps: Vec<&'static str>,
    },
    /// The engine closes in an orderly way.
    Stop {
        slot: usize,
    },
    /// The process is killed.
    Crash {
        slot: usize,
    },
    /// Another engine with the same uid starts, and only then the old one closes.
    Overlap {
        slot: usize,
        after: Duration,
    },
    Open {
        slot: usize,
        nsp: &'static str,
    },
    Close {
        slot: usize,
        nsp: &'static str,
    },
    JoinRoom {
        slot: usize,
        nsp: &'static str,
        room: &'static str,
    },
    LeaveRoom {
        slot: usize,
        nsp: &'static str,
        room: &'static str,
    },
    Emit {
        slot: usize,
        emit: Emit,
    },
    /// A server with the JavaScript adapter joins.
    JsJoin {
        nsps: Vec<&'static str>,
    },
    /// One of those that are there leaves, with a goodbye or without.
    JsLeave {
        which: usize,
        goodbye: bool,
    },
    JsEmit {
        which: usize,
        nsp: &'static str,
        count: u64,
    },
    KillListener {
        slot: usize,
    },
    KillPublisher {
        slot: usize,
    },
    /// The next transaction commits, and its session ends before the answer.
    LoseAnswer {
        slot: usize,
    },
    /// The next transactions are refused.
    Refuse {
        slot: usize,
        sqlstate: &'static str,
        times: usize,
    },
    /// Nobody can connect from there for a while.
    RefuseConnections {
        slot: usize,
        lasting: Duration,
    },
    /// The database is away.
    Down {
        lasting: Duration,
    },
    /// Somebody holds the lock that every commit with a notification needs.
    Lock {
        lasting: Duration,
    },
    /// The queue of notifications is full.
    Full {
        lasting: Duration,
    },
    /// Every packet takes longer.
    Slow {
        slot: usize,
        delay: Duration,
        lasting: Duration,
    },
    /// JavaScript does nothing.
    Freeze {
        slot: usize,
        lasting: Duration,
    },
    DropTable,
}

#[derive(Debug, Clone)]
pub struct Step {
    pub at: Duration,
    pub action: Action,
}

#[derive(Debug, Clone)]
pub struct Plan {
    pub config: Config,
    /// In the order of their times.
    pub steps: Vec<Step>,
}

impl Plan {
    pub fn new(config: Config, mut steps: Vec<Step>) -> Self {
        steps.sort_by_key(|step| step.at);
        Self { config, steps }
    }
}
