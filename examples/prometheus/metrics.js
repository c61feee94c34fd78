"use strict";

// The statistics of an adapter as metrics. The adapter counts; here the numbers are only read, when Prometheus asks.

const { Counter, Gauge } = require("prom-client");

const PREFIX = "socket_io_postgres_";

/** @typedef {import("@socket.io/postgres-adapter-rs").AdapterStats} Stats */

/**
 * @typedef {object} Metric
 * @property {string} name Prometheus wants the unit in it, and `_total` at the end of what only grows
 * @property {string} help
 * @property {string} [label]
 * @property {(stats: Stats) => number | Record<string, number>} read with a label, the number for each of its values
 */

/** @type {Metric[]} */
const COUNTERS = [
  {
    name: "reconnects_total",
    help: "How often a connection to PostgreSQL was lost and made again.",
    label: "connection",
    read: ({ connections: { listener, publisher } }) => ({
      listener: listener.reconnects,
      publisher: publisher.reconnects,
    }),
  },
  {
    name: "published_messages_total",
    help: "Messages that were committed.",
    read: ({ published }) => published.messages,
  },
  {
    name: "published_bytes_total",
    help: "What they took in notifications and in the table.",
    read: ({ published }) => published.bytes,
  },
  {
    name: "published_batches_total",
    help: "Transactions that they were committed in.",
    read: ({ published }) => published.batches,
  },
  {
    name: "received_messages_total",
    help: "Messages of other servers.",
    read: ({ received }) => received.messages,
  },
  {
    name: "received_bytes_total",
    help: "What they took in notifications and in the table.",
    read: ({ received }) => received.bytes,
  },
  {
    name: "filtered_messages_total",
    help: "Messages of other servers that never reached JavaScript, by reason.",
    label: "reason",
    read: ({ filtered }) => ({
      no_socket: filtered.noSocket,
      other_rooms: filtered.otherRooms,
      other_server: filtered.otherServer,
      membership: filtered.membership,
    }),
  },
  {
    name: "delivered_messages_total",
    help: "Messages of other servers that were handed to JavaScript.",
    read: ({ delivered }) => delivered,
  },
  {
    name: "attachments_total",
    help: "Rows of the table, by what was done with them.",
    label: "operation",
    read: ({ attachments: { written, read, skipped } }) => ({
      written,
      read,
      skipped,
    }),
  },
  {
    name: "dropped_messages_total",
    help: "Messages that will never be sent.",
    read: ({ buffer }) => buffer.dropped,
  },
];

/** @type {Metric[]} */
const GAUGES = [
  {
    name: "connected",
    help: "1 if the connection to PostgreSQL is there, otherwise 0.",
    label: "connection",
    read: ({ connections: { listener, publisher } }) => ({
      listener: Number(listener.state === "connected"),
      publisher: Number(publisher.state === "connected"),
    }),
  },
  {
    name: "connection_state_seconds",
    help: "For how long the connection to PostgreSQL has been there, or away.",
    label: "connection",
    read: ({ connections: { listener, publisher } }) => ({
      listener: listener.duration / 1000,
      publisher: publisher.duration / 1000,
    }),
  },
  {
    name: "peers",
    help: "Other servers in the namespace.",
    read: ({ peers }) => peers,
  },
  {
    name: "largest_batch_messages",
    help: "The most messages of one transaction.",
    read: ({ published }) => published.largestBatch,
  },
  {
    name: "buffer_messages",
    help: "Messages that wait to be sent.",
    read: ({ buffer }) => buffer.messages,
  },
  {
    name: "buffer_bytes",
    help: "What they take in memory.",
    read: ({ buffer }) => buffer.bytes,
  },
  {
    name: "round_trip_seconds",
    help: "How long PostgreSQL took to answer the last statement.",
    read: ({ roundTripTime }) => (roundTripTime ?? NaN) / 1000,
  },
  {
    name: "last_error_timestamp_seconds",
    help: "When the last error was reported, and its code; absent before the first.",
    label: "code",
    read: ({ lastError: error }) =>
      error ? { [error.code]: error.at / 1000 } : {},
  },
];

/**
 * @param {Metric} metric
 * @param {Stats} stats
 * @returns {[labels: Record<string, string>, value: number][]}
 */
function samplesOf({ label = "", read }, stats) {
  const value = read(stats);
  if (typeof value === "number") return [[{}, value]];
  return Object.entries(value).map(([key, number]) => [
    { [label]: key },
    number,
  ]);
}

/** @param {Metric} metric */
function describe({ name, help, label }) {
  return {
    name: PREFIX + name,
    help,
    labelNames: label ? [label] : [],
    registers: [], // none by itself: whoever calls says which
  };
}

/**
 * @param {import("prom-client").Registry} register
 * @param {{ stats(): Stats }} adapter that of a namespace, such as `io.of("/").adapter`
 */
function registerMetrics(register, adapter) {
  for (const metric of COUNTERS) {
    register.registerMetric(
      new Counter({
        ...describe(metric),
        collect() {
          this.reset();
          for (const [labels, value] of samplesOf(metric, adapter.stats())) {
            this.inc(labels, value);
          }
        },
      }),
    );
  }
  for (const metric of GAUGES) {
    register.registerMetric(
      new Gauge({
        ...describe(metric),
        collect() {
          this.reset();
          for (const [labels, value] of samplesOf(metric, adapter.stats())) {
            this.set(labels, value);
          }
        },
      }),
    );
  }
}

module.exports = { registerMetrics };
