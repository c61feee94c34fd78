"use strict";

// A worker: a Socket.IO server with the adapter for workers, and what it can be told to do.

const { createAdapter } = require("@socket.io/cluster-adapter");
const { Server } = require("socket.io");

const { MemberServer } = require("../interop/member-server.js");

/** Everything that a server of an interoperability test can do, over a port of its own. */
class WorkerServer extends MemberServer {
  /** @returns {Promise<string>} the address for clients */
  async listen() {
    const place = { port: 0, host: "127.0.0.1", exclusive: true };
    await new Promise((resolve) => {
      this._http.listen(place, () => resolve(undefined));
    });
    const address = /** @type {import("node:net").AddressInfo} */ (
      this._http.address()
    );
    return `http://127.0.0.1:${address.port}`;
  }

  /** @param {unknown} message */
  sendRaw(message) {
    process.send?.(message);
  }

  /** @param {string} namespace */
  async closeNamespace(namespace) {
    await /** @type {any} */ (this._io.of(namespace)).adapter.close();
  }

  /** @param {string} namespace */
  uidOf(namespace) {
    return /** @type {any} */ (this._io.of(namespace).adapter).uid;
  }

  /** Which is refused. */
  setupPrimary() {
    const path = "../../index.js";
    require(path).setupPrimary("postgres://localhost/nowhere");
  }

  /** Says one last thing and ends at once. */
  dieWith(/** @type {any[]} */ ...event) {
    this._io.emit(/** @type {any} */ (event[0]), ...event.slice(1));
    process.exit(1);
  }
}

/** @param {import("./host-primary.js").HostOptions} options */
function runWorker(options) {
  class ServerOfWorker extends Server {
    /**
     * @param {import("node:http").Server} http
     * @param {any} settings
     */
    constructor(http, settings) {
      super(http, { ...settings, adapter: createAdapter(options.adapter) });
    }
  }
  // for the test, not for the cluster: a primary of the JavaScript package passes it on to everybody all the same, so
  // what workers report must not look like what they are ordered
  /** @param {object} report */
  const tell = (report) => process.send?.({ report });
  const server = new WorkerServer(
    ServerOfWorker,
    // its own adapter is never made, and its pool never used
    { ...options, kind: "native", options: {} },
    tell,
  );

  process.on("message", async (/** @type {any} */ message) => {
    if (message.source === "_sio_adapter" && options.kind !== "js") {
      tell({ received: message });
    }
    if (!message.order) return;
    const { id, command, args } = message.order;
    try {
      const result = await /** @type {any} */ (server)[command](...args);
      tell({ id, result });
    } catch (err) {
      tell({ id, failure: String(err) });
    }
  });
  // nothing of a test outlives its primary
  process.on("disconnect", () => process.exit(0));
  tell({ ready: true });
}

module.exports = { runWorker };
