"use strict";

// What every server of a cluster can do with the others, whatever their kinds: each test is done from every server.

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");

const { useDatabase } = require("../support/postgres.js");
const { acknowledgements } = require("./features-acknowledgement.js");
const { broadcasts, oddValues } = require("./features-broadcast.js");
const { serverSideEvents } = require("./features-events.js");
const { socketCommands } = require("./features-sockets.js");
const { useMixedCluster } = require("./mixed-cluster.js");

/** @typedef {import("./adapters.js").Kind} Kind */

/**
 * @param {Kind[]} kinds of the servers of the cluster
 * @param {import("./mixed-cluster.js").MixedOptions & { title?: string }} [options]
 */
function describeMixedCluster(
  kinds,
  { title = `a cluster of ${kinds.join(", ")}`, ...options } = {},
) {
  describe(title, () => {
    const cluster = useMixedCluster(useDatabase(), kinds, {
      namespaces: ["/chat"],
      ...options,
    });

    broadcasts(cluster);
    oddValues(cluster);
    acknowledgements(cluster);
    socketCommands(cluster);
    serverSideEvents(cluster);

    it("has reported no error anywhere", () => {
      for (const { name, errors } of cluster().members) {
        assert.deepEqual(errors, [], name);
      }
    });
  });
}

module.exports = { describeMixedCluster };
