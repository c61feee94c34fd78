"use strict";

// What goes wrong in a soak. Each fault is a window in the cluster's list; it is over when everybody has recovered.

const { setTimeout: delay } = require("node:timers/promises");

/** @typedef {import("./cluster.js").SoakCluster} SoakCluster */
/** @typedef {import("./random.js").Random} Random */
/** @typedef {(cluster: SoakCluster, random: Random) => Promise<void>} Fault */

const FROZEN_MS = [500, 6_000];

/** @param {SoakCluster} cluster */
const natives = (cluster) => cluster.live.filter(({ isNative }) => isNative);

/** @param {SoakCluster} cluster */
const others = (cluster) => cluster.live.filter(({ isNative }) => !isNative);

/** @param {"fast" | "immediate"} mode */
function restart(mode) {
  /** @type {Fault} */
  return (cluster) =>
    cluster.during(`restart (${mode})`, cluster.live, async () => {
      await cluster.postgres?.restart(mode);
    });
}

/**
 * A server is away for a while.
 *
 * @param {SoakCluster} cluster
 * @param {string} how
 * @param {import("./node.js").SoakNode} node
 * @param {() => Promise<void>} leave
 */
async function absence(cluster, how, node, leave) {
  await cluster.during(how, [], async () => {
    cluster.remove(node);
    await leave();
  });
  await cluster.add(node.options.place);
}

/** @type {Record<string, Fault>} */
const FAULTS = {
  killedBackends: async (cluster, random) => {
    const node = random.pick(natives(cluster));
    await cluster.during("killed backends", [node], () =>
      cluster.killBackends(node),
    );
  },

  restart: restart("fast"),

  crash: restart("immediate"),

  frozenServer: async (cluster, random) => {
    const node = random.pick(natives(cluster));
    const [from = 0, to = 0] = FROZEN_MS;
    // its connections are up: nothing may be lost
    await cluster.during("frozen server", [], async () => {
      node.freeze();
      await delay(random.integer(from, to));
      node.resume();
    });
  },

  killedServer: async (cluster, random) => {
    const node = random.pick(natives(cluster));
    await absence(cluster, `killed server ${node.name}`, node, () =>
      node.kill(),
    );
  },

  restartedServer: async (cluster, random) => {
    const node = random.pick(natives(cluster));
    await absence(cluster, `restarted server ${node.name}`, node, () =>
      node.close(),
    );
  },

  /** Ours are among themselves for a while. */
  onlyNatives: async (cluster, random) => {
    const [node] = others(cluster);
    if (!node) return;
    await cluster.during(`${node.name} leaves`, [], async () => {
      cluster.remove(node);
      await node.close();
    });
    await delay(random.integer(5_000, 15_000));
    await FAULTS["killedBackends"]?.(cluster, random);
    await delay(random.integer(5_000, 15_000));
    await cluster.add(node.options.place);
  },

  halfOpen: async (cluster) => {
    const node = cluster.proxied;
    if (!node) return;
    await cluster.during("half-open connections", [node], async () => {
      cluster.proxy.freeze();
    });
  },
};

/** @type {Record<string, Fault>} what a plan may hold beside faults */
const STEPS = {
  frames: (cluster) => cluster.untilFramed(),
  complete: (cluster) => cluster.complete(),
};

module.exports = { FAULTS, STEPS };
