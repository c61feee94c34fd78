"use strict";

// The servers of the soak, their database, and the windows in which something was wrong with some of them.

const path = require("node:path");

const { Client, Pool } = require("pg");

const { startPostgres } = require("../../scripts/embedded-postgres.js");
const { CREATE_TABLE } = require("../interop/adapters.js");
const { takeAllConnections } = require("../support/exhaustion.js");
const { frameChannel } = require("../support/frames.js");
const { Proxy } = require("../support/proxy.js");
const { until } = require("../support/wait.js");
const { SoakNode } = require("./node.js");

/** @typedef {import("../interop/adapters.js").Kind} Kind */

/**
 * @typedef {object} Window a time in which a fault was there
 * @property {string} fault
 * @property {number} from
 * @property {number} to
 * @property {string[]} nodes with which something was wrong: their connections were down, or worse
 * @property {string[]} codes of the errors that they may report
 */

const CHANNEL = "socket.io#/";
const HEARTBEATS = { heartbeatInterval: 1_000, heartbeatTimeout: 4_000 };
const PROBE_INTERVAL_MS = 100;

/** Few enough to be taken by a fault. */
const MOST_CONNECTIONS = 60;

/**
 * What is reported while connections are lost. A crash also takes attachments: a server may hear of a message whose
 * commit has not reached the disk.
 */
const CODES_OF_LOSS = ["ERR_CONNECTION", "ERR_ATTACHMENT"];

/** A half-open connection is noticed after 15 s; the rest is for a busy machine. */
const RECOVERY_MS = 60_000;

class SoakCluster {
  /**
   * @param {Kind[]} kinds of the servers
   * @param {{ seed: string, folder: string, late?: number[], log: (line: string) => void }} options late: places that
   *   are taken later
   */
  constructor(kinds, { seed, folder, late = [], log }) {
    this.kinds = kinds;
    this._late = late;
    this.folder = folder;
    this.log = log;
    this._seed = seed;
    this._lives = 0;
    this._probes = 0;
    /** @type {SoakNode[]} by place; without those that are away */
    this.live = [];
    /** @type {SoakNode[]} */
    this.all = [];
    /** @type {Window[]} */
    this.windows = [];
    /** What went over the channels. */
    this.notifications = { frames: 0, plain: 0 };
  }

  async start() {
    this.postgres = await startPostgres({
      settings: { max_connections: String(MOST_CONNECTIONS) },
    });
    const { connectionString } = this.postgres;
    this._admin = new Pool({ connectionString, max: 1 });
    this._admin.on("error", () => {});
    await this._admin.query(CREATE_TABLE);
    this._proxy = new Proxy(connectionString);
    await this._proxy.open();
    await this._count();
    for (const place of this.kinds.keys()) {
      if (!this._late.includes(place)) this._spawn(place);
    }
    await Promise.all(this.live.map((node) => node.untilReady()));
    await this.untilRecovered();
    await Promise.all(this.live.map((node) => this._admit(node)));
  }

  get proxy() {
    if (!this._proxy) throw new Error("the soak has not begun");
    return this._proxy;
  }

  /** @param {number} place */
  nodeAt(place) {
    return this.live.find((node) => node.options.place === place);
  }

  /** The server that reaches the database through the proxy. */
  get proxied() {
    return this.nodeAt(0);
  }

  /**
   * @param {number} place
   * @returns {SoakNode}
   */
  _spawn(place) {
    const kind = /** @type {Kind} */ (this.kinds[place]);
    const name = `${kind}-${place}.${(this._lives += 1)}`;
    const node = new SoakNode({
      name,
      place,
      places: this.kinds.length,
      kind,
      connectionString:
        place === 0
          ? this.proxy.connectionString
          : String(this.postgres?.connectionString),
      journal: path.join(this.folder, `${name}.jsonl`),
      seed: this._seed,
      heartbeats: HEARTBEATS,
    });
    node.onEcho = (from, probe) => {
      const sender = this.live.find((other) => other.name === from);
      if (sender) sender.heardEcho = Math.max(sender.heardEcho, probe);
    };
    this.live.push(node);
    this.all.push(node);
    return node;
  }

  /** @param {SoakNode} node from which everything can be expected from now on */
  async _admit(node) {
    node.from = Date.now();
    await node.call("start");
  }

  /** @param {number} place of a server that is away */
  async add(place) {
    await this.during("one more server", [], async () => {
      const node = this._spawn(place);
      await node.untilReady();
      await this.untilRecovered();
      await this._admit(node);
    });
  }

  /** @param {SoakNode} node which is away from now on */
  remove(node) {
    this.live = this.live.filter((other) => other !== node);
  }

  /**
   * @param {string} fault
   * @param {SoakNode[]} nodes whose connections it breaks
   * @param {() => Promise<void>} cause
   * @param {string[]} [codes] of the errors that they may report
   */
  async during(fault, nodes, cause, codes = CODES_OF_LOSS) {
    const names = nodes.map(({ name }) => name);
    this.log(`${fault}${names.length > 0 ? `: ${names.join(", ")}` : ""}`);
    const window = {
      fault,
      from: Date.now(),
      to: Infinity,
      nodes: names,
      codes,
    };
    this.windows.push(window);
    const doomed = nodes.filter(({ isNative }) => !isNative);
    doomed.forEach((node) => (node.to = window.from));
    await cause();
    await Promise.all(doomed.map((node) => this._bury(node)));
    await this.untilRecovered();
    window.to = Date.now();
    for (const node of doomed) await this.add(node.options.place);
  }

  /**
   * The process of the JavaScript adapter ends when the connection that listens is lost: there is no listener for its
   * error. Somebody starts it again.
   *
   * @param {SoakNode} node
   */
  async _bury(node) {
    this.remove(node);
    await node.die();
  }

  /** Those who are late join. */
  async complete() {
    for (const place of this._late.splice(0)) await this.add(place);
  }

  /** Waits until ours speak to each other in frames, which takes them a while. */
  async untilFramed() {
    const { frames } = this.notifications;
    await until(() => this.notifications.frames > frames, {
      timeout: RECOVERY_MS,
      message: "frames",
    });
  }

  /** Waits until every server hears the others, is heard by them, and counts them right. */
  async untilRecovered() {
    const first = this._probes + 1;
    let sentAt = 0;
    await until(
      async () => {
        if (Date.now() - sentAt > PROBE_INTERVAL_MS) {
          sentAt = Date.now();
          await this._probe();
        }
        return this.live.every(
          (node) =>
            node.heardProbe >= first &&
            node.heardEcho >= first &&
            node.count === this.live.length,
        );
      },
      { timeout: RECOVERY_MS, message: () => this._describe(first) },
    );
  }

  /** @param {number} first */
  _describe(first) {
    const states = this.live.map(
      ({ name, heardProbe, heardEcho, count, hasEnded, stderr }) =>
        `${name}: ${hasEnded ? `ended\n${stderr}` : `hears ${heardProbe >= first}, is heard ${heardEcho >= first}, counts ${count}`}`,
    );
    return `the cluster recovered from "${this.windows.at(-1)?.fault ?? "its start"}"; ${states.join("; ")}`;
  }

  async _probe() {
    const packet = ["probe", (this._probes += 1)];
    const message = { type: 9, uid: "emitter", nsp: "/", data: { packet } };
    // the database may be away
    await this._admin
      ?.query("SELECT pg_notify($1, $2)", [CHANNEL, JSON.stringify(message)])
      .catch(() => {});
  }

  /** Counts what goes over the channels, but for the time of the connection's own absence. */
  async _count() {
    const client = new Client(String(this.postgres?.connectionString));
    client.on("error", () => {});
    client.on(
      "end",
      () => this._isEnding || setTimeout(() => void this._count(), 500),
    );
    client.on("notification", ({ channel }) => {
      this.notifications[channel === CHANNEL ? "plain" : "frames"] += 1;
    });
    this._counter = client;
    try {
      await client.connect();
      await client.query(`LISTEN "${CHANNEL}"`);
      await client.query(`LISTEN "${frameChannel()}"`);
    } catch {
      // it ends, and is made again
    }
  }

  /** @param {SoakNode} node */
  async killBackends({ name }) {
    await this._admin?.query(
      "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = $1",
      [name],
    );
  }

  /** @param {string[]} statements that an administrator runs */
  async administer(...statements) {
    for (const statement of statements) await this._admin?.query(statement);
  }

  /**
   * Takes every connection there is, and those of a server, which is held meanwhile and cannot come back then.
   *
   * @param {SoakNode} node
   * @param {() => Promise<void>} meanwhile
   */
  async withoutConnections(node, meanwhile) {
    node.freeze();
    await this.killBackends(node);
    const crowd = await takeAllConnections(
      String(this.postgres?.connectionString),
    );
    node.resume();
    await meanwhile();
    await Promise.all(crowd.map((client) => client.end()));
  }

  /** Ends the traffic, waits for what is under way, and lets everybody take their leave. */
  async finish() {
    await Promise.all(this.live.map((node) => node.call("stop")));
    await this.untilRecovered();
    let last = "";
    await until(
      async () => {
        const states = await Promise.all(
          this.live.map((node) => node.call("state")),
        );
        const now = JSON.stringify(states);
        const isAnswered = states.every(
          ({ pending }, index) => pending === 0 || !this.live[index]?.isNative,
        );
        const isQuiet = now === last && isAnswered;
        last = now;
        await new Promise((resolve) => setTimeout(resolve, 500));
        return isQuiet;
      },
      { timeout: RECOVERY_MS, message: () => `everything arrived: ${last}` },
    );
    await Promise.all(this.live.map((node) => node.close()));
  }

  /** Whatever happened, nothing is left. */
  async dispose() {
    this._isEnding = true;
    await Promise.all(
      this.all.filter(({ hasEnded }) => !hasEnded).map((node) => node.kill()),
    );
    await this._counter?.end().catch(() => {});
    await this._admin?.end();
    await this._proxy?.cut();
    await this.postgres?.dispose();
  }
}

module.exports = { HEARTBEATS, SoakCluster };
