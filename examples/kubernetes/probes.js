"use strict";

// What Kubernetes asks a server.

/** @typedef {import("@socket.io/postgres-adapter-rs").PostgresAdapter} PostgresAdapter */

/**
 * @param {() => PostgresAdapter} getAdapter
 * @returns {import("node:http").RequestListener}
 */
function createProbes(getAdapter) {
  return (request, response) => {
    if (request.url === "/livez") {
      // Not a word about the database: a restart would not bring it back, and would cost the clients their connections.
      response.writeHead(200).end();
    } else if (request.url === "/readyz") {
      const { listener, publisher } = getAdapter().stats().connections;
      const isReady = [listener, publisher].every(
        ({ state }) => state === "connected",
      );
      response.setHeader("content-type", "application/json");
      response.writeHead(isReady ? 200 : 503);
      response.end(JSON.stringify({ listener, publisher }));
    } else {
      response.writeHead(404).end();
    }
  };
}

module.exports = { createProbes };
