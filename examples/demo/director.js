"use strict";

const { Bursts } = require("./bursts.js");
const { ServerProcess } = require("./cluster.js");
const { createControl } = require("./control.js");
const { CrowdProcess } = require("./crowd-process.js");
const { Journal, joinNames } = require("./journal.js");
const { Live } = require("./live.js");
const { Overview } = require("./overview.js");

/** @typedef {import('../../scripts/demo-database.js').DemoDatabase} DemoDatabase */

/**
 * @typedef {object} ServerState
 * @property {string} name
 * @property {import('./cluster.js').Phase} phase
 * @property {import('./overview.js').ServerFigures | null} figures
 */

/**
 * @typedef {object} State what a page shows
 * @property {{ isOurs: boolean, runs: boolean }} database
 * @property {boolean} visitors whether simulated visitors are there
 * @property {ServerState[]} servers
 * @property {import('./overview.js').Figures} figures
 * @property {import('./bursts.js').Burst | undefined} burst
 */

/** @param {number} count */
const messages = (count) =>
  count === 1 ? "1 message" : `${count.toLocaleString("en")} messages`;

/** Sees all servers, tells what happens to them, and does what the page asks for. */
class Director {
  constructor() {
    /** @type {ServerProcess[]} */
    this.servers = [];
    /** @type {DemoDatabase | undefined} */
    this.database = undefined;
    /** @type {CrowdProcess | undefined} */
    this.crowd = undefined;
    this.journal = new Journal();
    this.bursts = new Bursts(this.journal);
    this.overview = new Overview();
    this.live = new Live(() => this.state(), this.journal);
    /** @type {Map<string, number>} by server: the most messages that have waited since it lost the database */
    this.kept = new Map();
    this.control = createControl({
      watch: (response) => this.live.add(response),
      state: () => this.state(),
      stopDatabase: async () => this.database?.stop(),
      startDatabase: async () => this.database?.start(),
      setVisitors: (wanted) => this.setVisitors(wanted),
      killer: (number) => this.withServer(number, (server) => server.kill()),
      burster: (number) =>
        this.withServer(number, (server) => this.burst(server)),
    });
  }

  /** @param {DemoDatabase} database */
  useDatabase(database) {
    this.database = database;
    // Servers notice before the change is complete; what they notice is told after what it comes from.
    let place = this.journal.place();
    database.on("changing", () => (place = this.journal.place()));
    database.on("change", (runs) => {
      if (runs) this.journal.add("good", "PostgreSQL runs again.", place);
      else this.journal.add("bad", "PostgreSQL was stopped.", place);
    });
  }

  /**
   * @param {number} count
   * @param {string} databaseUrl
   */
  async startServers(count, databaseUrl) {
    for (let number = 1; number <= count; number += 1) {
      const server = new ServerProcess(number, databaseUrl);
      this.servers.push(server);
      this.follow(server);
    }
    await Promise.all(this.servers.map((server) => server.start()));
    const names = joinNames(this.servers.map(({ name }) => name));
    this.journal.add("good", `${names} run.`);
  }

  /**
   * @param {string} url of the front
   * @param {boolean} withVisitors
   */
  startCrowd(url, withVisitors) {
    this.crowd = new CrowdProcess({
      url,
      servers: this.servers.length,
      onCheck: (check) => this.bursts.checked(check),
    });
    this.crowd.setVisitors(withVisitors);
  }

  /** @param {ServerProcess} server */
  follow(server) {
    const { name } = server;
    server.on("down", (reason) => {
      this.overview.forget(name);
      this.kept.delete(name);
      this.bursts.serverGone(name);
      const how = reason === "SIGKILL" ? "was killed" : `ended (${reason})`;
      this.journal.add(
        "bad",
        `${name} ${how}. Its visitors move to the others.`,
      );
    });
    server.on("back", () => {
      this.journal.add("good", `${name} is back.`);
      this.crowd?.callHome(name);
    });
    server.on("told", ({ report, link, peerLeft, dropped }) => {
      if (report) this.heard(name, report);
      if (link !== undefined) this.linkChanged(name, link);
      if (peerLeft) this.peerLeft(name, peerLeft);
      if (dropped)
        this.journal.add("bad", `${name} dropped ${messages(dropped)}.`);
    });
  }

  /**
   * @param {string} name
   * @param {import('./reporter.js').Report} report
   */
  heard(name, report) {
    this.overview.add(name, report);
    this.bursts.paused(name, report.loop.longest);
    const kept = this.kept.get(name);
    if (kept !== undefined)
      this.kept.set(name, Math.max(kept, this.overview.waiting(name)));
  }

  /**
   * @param {string} name
   * @param {boolean} up
   */
  linkChanged(name, up) {
    if (up) {
      this.journal.gather("up", name, (names) => [
        "good",
        `${joinNames(names)} reached PostgreSQL.${this.describeKept(names)}`,
      ]);
    } else {
      this.kept.set(name, 0);
      this.journal.gather("down", name, (names) => [
        "bad",
        `${joinNames(names)} lost PostgreSQL. Visitors of the same server still hear each other; what is for others waits.`,
      ]);
    }
  }

  /**
   * @param {string[]} names of servers that reach the database again
   * @returns {string} what they had kept meanwhile
   */
  describeKept(names) {
    let kept = 0;
    for (const name of names) {
      kept += this.kept.get(name) ?? 0;
      this.kept.delete(name);
    }
    return kept === 0 ? "" : ` ${messages(kept)} had waited and go out now.`;
  }

  /**
   * @param {string} name
   * @param {string} peer the id of a server: its name, a dot, and what is different in each of its lives
   */
  peerLeft(name, peer) {
    const [left] = peer.split(".");
    this.journal.gather(`left ${peer}`, name, (names) => [
      "note",
      `${joinNames(names)} noticed that the former ${left} is gone.`,
    ]);
  }

  /**
   * @param {number} number counted from 1
   * @param {(server: ServerProcess) => Promise<void> | void} action
   */
  withServer(number, action) {
    const server = this.servers[number - 1];
    return server && (() => action(server));
  }

  /** @param {ServerProcess} from */
  burst(from) {
    const running = this.servers.filter(({ port }) => port !== 0);
    if (!running.includes(from))
      throw new Error(`${from.name} does not run at the moment.`);
    from.tell({
      burst: this.bursts.begin(
        from.name,
        running.map(({ name }) => name),
      ),
    });
  }

  /** @param {boolean} wanted */
  setVisitors(wanted) {
    if (this.crowd === undefined || this.crowd.hasVisitors === wanted) return;
    this.crowd.setVisitors(wanted);
    this.journal.add(
      "note",
      wanted ? "Simulated visitors came." : "The simulated visitors left.",
    );
  }

  /** @returns {State} */
  state() {
    return {
      database: {
        isOurs: this.database?.isOurs ?? false,
        runs: this.database?.isRunning ?? false,
      },
      visitors: this.crowd?.hasVisitors ?? false,
      servers: this.servers.map(({ name, phase }) => ({
        name,
        phase,
        figures: this.overview.server(name),
      })),
      figures: this.overview.figures(),
      burst: this.bursts.latest,
    };
  }

  async stopServers() {
    await Promise.all(this.servers.map((server) => server.stop()));
  }

  async stopCrowd() {
    await this.crowd?.stop();
  }

  stop() {
    this.live.stop();
    this.journal.stop();
  }
}

module.exports = { Director };
