"use strict";

// The answers to the probes of Kubernetes.

/** @typedef {import("@socket.io/postgres-adapter-rs").PostgresAdapter} PostgresAdapter */

/**
 * @param {() => PostgresAdapter} getAdapter
 * @returns {import("node:http").RequestListener}
 */
function createProbes(getAdapter) {
  let wasConnected = false;

  const isConnected = () => {
    const { listener, publisher } = getAdapter().stats().connections;
    return [listener, publisher].every(({ state }) => state === "connected");
  };

  /** @type {Record<string, () => boolean>} */
  const probes = {
    // Alive: this process answers. A restart brings no database back, and would cost the clients their connections.
    "/livez": () => true,

    // Ready: it was connected once. During an outage of the database it still serves its clients, and takes new ones.
    "/readyz": () => (wasConnected ||= isConnected()),

    // The variant: it is connected now. During an outage nobody is ready, and nobody can connect.
    "/readyz/database": isConnected,
  };

  return (request, response) => {
    const probe = probes[request.url ?? ""];
    const status = probe ? (probe() ? 200 : 503) : 404;
    response.writeHead(status).end();
  };
}

module.exports = { createProbes };
