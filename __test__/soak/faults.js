"use strict";

// What goes wrong in a soak. Each fault is a window in the cluster's list; it is over when everybody has recovered.

const { setTimeout: delay } = require("node:timers/promises");

const { CREATE_TABLE } = require("../interop/adapters.js");

/** @typedef {import("./cluster.js").SoakCluster} SoakCluster */
/** @typedef {import("./random.js").Random} Random */
/** @typedef {(cluster: SoakCluster, random: Random) => Promise<void>} Fault */

const FROZEN_MS = [500, 6_000];
const AWAY_MS = [1_000, 8_000];
const TROUBLE_MS = [500, 3_000];
const SLOW_MS = [2_000, 6_000];
const SLOW_ANSWER_MS = 300;

/**
 * @param {Random} random
 * @param {number[]} bounds milliseconds
 */
const pause = (random, [from = 0, to = 0]) => delay(random.integer(from, to));

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
    // its connections are up: nothing may be lost
    await cluster.during("frozen server", [], async () => {
      node.freeze();
      await pause(random, FROZEN_MS);
      node.resume();
    });
  },

  blockedThread: async (cluster, random) => {
    const node = random.pick(natives(cluster));
    const [from = 0, to = 0] = FROZEN_MS;
    await cluster.during("blocked thread", [], () =>
      node.call("block", random.integer(from, to)),
    );
  },

  outage: (cluster, random) =>
    cluster.during("away for a while", cluster.live, async () => {
      await cluster.postgres?.stop();
      await pause(random, AWAY_MS);
      await cluster.postgres?.start();
    }),

  /** With what is in it and was not read yet. Those of the JavaScript adapter do not make another. */
  droppedTable: (cluster, random) =>
    cluster.during(
      "dropped table",
      cluster.live,
      async () => {
        await cluster.administer("DROP TABLE socket_io_attachments");
        await pause(random, TROUBLE_MS);
        await cluster.administer(CREATE_TABLE);
      },
      ["ERR_ATTACHMENT", "ERR_TABLE"],
    ),

  /** One server cannot write to the table. */
  refusedInsert: async (cluster, random) => {
    const node = random.pick(natives(cluster));
    await cluster.during(
      "refused insert",
      [node],
      async () => {
        await cluster.administer(
          `CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             IF current_setting('application_name') = '${node.name}' THEN
               RAISE EXCEPTION 'No space left on device' USING ERRCODE = '53100';
             END IF;
             RETURN NEW;
           END $$`,
          "CREATE TRIGGER refuse BEFORE INSERT ON socket_io_attachments FOR EACH ROW EXECUTE FUNCTION refuse()",
        );
        await pause(random, TROUBLE_MS);
        await cluster.administer(
          "DROP TRIGGER refuse ON socket_io_attachments",
        );
      },
      ["ERR_PUBLISH"],
    );
  },

  slowAnswers: async (cluster, random) => {
    // its connections are up: nothing may be lost
    await cluster.during("slow answers", [], async () => {
      cluster.proxy.delayAnswers(SLOW_ANSWER_MS);
      await pause(random, SLOW_MS);
      cluster.proxy.delayAnswers(0);
    });
  },

  /** Those of the JavaScript adapter need further connections now and then. */
  outOfConnections: async (cluster, random) => {
    const node = random.pick(natives(cluster));
    await cluster.during("out of connections", [node, ...others(cluster)], () =>
      cluster.withoutConnections(node, () => pause(random, TROUBLE_MS)),
    );
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
