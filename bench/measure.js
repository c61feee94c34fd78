"use strict";

// One run of one point with one adapter, in processes of its own: figures, all "per message" in microseconds.

const { setTimeout: delay } = require("node:timers/promises");
const { Cluster } = require("./cluster");
const { meanSize, MARKER_EVERY } = require("./node/traffic");

/** @typedef {import("./cases").Point} Point */
/** @typedef {Record<string, number>} Figures */

/** Under way at most: enough to keep everybody busy, less than what any of the adapters may drop. */
const WINDOW_MESSAGES = 8000;
const WINDOW_BYTES = 8 * 2 ** 20;

/** Emitted in one turn of the event loop. */
const BURST_MESSAGES = 100;
const BURST_BYTES = 2 ** 20;

const ACK_CONCURRENCY = 100;

/** After `heartbeatTimeout` this adapter is certain who is there, and changes to its own way of speaking. */
const KNOWS_ALL_MS = 12_000;

/** A process that has just started gives memory back for a while. */
const SETTLE_MS = 1500;

/**
 * @typedef {object} Conditions
 * @property {import("./node/adapters").AdapterName} adapter
 * @property {import("./node/adapters").Place} place
 * @property {() => number | undefined} serverMicroseconds processor time of the broker so far
 * @property {number} warmUpMs
 * @property {number} durationMs
 * @property {string} [profileFolder]
 */

/** @param {Point} point */
function windowOf({ traffic }) {
  if (traffic.kind === "elsewhere") {
    return WINDOW_MESSAGES / MARKER_EVERY;
  }
  const fitting = Math.floor(WINDOW_BYTES / meanSize(traffic));
  return Math.max(2, Math.min(WINDOW_MESSAGES, fitting));
}

/** @param {Point} point */
function burstOf({ traffic }) {
  const fitting = Math.floor(BURST_BYTES / meanSize(traffic));
  return Math.max(1, Math.min(BURST_MESSAGES, fitting));
}

/**
 * @param {Point} point
 * @param {number} durationMs
 * @returns {import("./node/sender").Pace}
 */
function paceOf(point, durationMs) {
  const window = windowOf(point);
  if (point.pace === "saturate") {
    return { kind: "saturate", durationMs, window, burst: burstOf(point) };
  }
  if (point.pace === "acknowledge") {
    return {
      kind: "acknowledge",
      durationMs,
      concurrency: ACK_CONCURRENCY,
      receivers: point.receivers,
    };
  }
  const { perSecond } = point.pace;
  return { kind: "rate", durationMs, window, perSecond };
}

/**
 * @param {Point} point
 * @param {Conditions} conditions
 */
function createCluster(point, conditions) {
  return new Cluster({
    adapter: conditions.adapter,
    place: conditions.place,
    receivers: point.receivers,
    namespaces: point.namespaces,
    traffic: point.traffic,
    window: windowOf(point),
    profileFolder: conditions.profileFolder,
  });
}

/**
 * @param {Record<string, number | undefined>} values
 * @returns {Figures} those that are known
 */
function known(values) {
  /** @type {Figures} */
  const figures = {};
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && Number.isFinite(value)) {
      figures[name] = value;
    }
  }
  return figures;
}

/**
 * @param {any[]} usages of several processes
 * @param {string} name
 * @param {number} messages
 */
function meanPerMessage(usages, name, messages) {
  const sum = usages.reduce((total, usage) => total + usage[name], 0);
  return sum / usages.length / messages;
}

/**
 * @param {Cluster} cluster
 * @param {Point} point
 * @param {Conditions} conditions
 * @returns {Promise<Figures>}
 */
async function measurePhase(cluster, point, conditions) {
  const { receivers, sender, all } = cluster;
  await Promise.all(receivers.map((receiver) => receiver.ask("forget")));
  await Promise.all(all.map((node) => node.ask("begin")));
  const serverBefore = conditions.serverMicroseconds();
  const { sent, finishedAt } = await cluster.exchange(
    paceOf(point, conditions.durationMs),
  );
  const serverAfter = conditions.serverMicroseconds();
  const ofSender = await sender.ask("end");
  const ofReceivers = await Promise.all(receivers.map((r) => r.ask("end")));
  const { messages } = sent;
  const seconds = (finishedAt - sent.startedAt) / 1e6;
  const ofServer =
    serverBefore === undefined || serverAfter === undefined
      ? undefined
      : serverAfter - serverBefore;
  const ofAll = [ofSender, ...ofReceivers].reduce((sum, u) => sum + u.cpu, 0);
  const figures = {
    rate: messages / seconds,
    delivered: (messages * receivers.length) / seconds,
    senderLoop: ofSender.loop / messages,
    senderThread: ofSender.thread / messages,
    senderCpu: ofSender.cpu / messages,
    senderPeak: ofSender.peak,
    receiverLoop: meanPerMessage(ofReceivers, "loop", messages),
    receiverThread: meanPerMessage(ofReceivers, "thread", messages),
    receiverCpu: meanPerMessage(ofReceivers, "cpu", messages),
    receiverPeak: Math.max(...ofReceivers.map(({ peak }) => peak)),
    serverCpu: ofServer === undefined ? undefined : ofServer / messages,
    totalCpu:
      ofServer === undefined ? undefined : (ofAll + ofServer) / messages,
    messages,
    seconds,
  };
  return known({ ...figures, ...(await latencyFigures(receivers)) });
}

/** @param {import("./node-process").NodeProcess[]} receivers */
async function latencyFigures(receivers) {
  const all = await Promise.all(receivers.map((r) => r.ask("latencies")));
  if (!all.every(({ count }) => count > 0)) {
    return {};
  }
  const [p50, p99, p999] = ["p50", "p99", "p999"].map((name) =>
    Math.max(...all.map((latencies) => latencies[name])),
  );
  return { p50, p99, p999 };
}

/**
 * @param {Point} point
 * @param {Conditions} conditions
 * @returns {Promise<Figures>}
 */
async function measureExchange(point, conditions) {
  const cluster = createCluster(point, conditions);
  try {
    await cluster.ready({ knowEachOther: point.pace === "acknowledge" });
    if (["native", "watched"].includes(conditions.adapter)) {
      await delay(KNOWS_ALL_MS);
    }
    await cluster.exchange(paceOf(point, conditions.warmUpMs));
    const figures = await measurePhase(cluster, point, conditions);
    await cluster.checkNothingMore();
    return figures;
  } finally {
    await cluster.close();
  }
}

/**
 * @param {Point} point
 * @param {Conditions} conditions
 * @returns {Promise<Figures>}
 */
async function measureMemory(point, conditions) {
  const cluster = createCluster(point, conditions);
  try {
    if (conditions.adapter !== "none") {
      await cluster.ready({ knowEachOther: false });
    }
    await cluster.sender.ask("resident");
    await delay(SETTLE_MS);
    return { resident: await cluster.sender.ask("resident") };
  } finally {
    await cluster.close();
  }
}

module.exports = { measureExchange, measureMemory };
