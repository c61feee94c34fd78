"use strict";

// What the page of the demo may do besides chatting: stop and start the database, kill a server.

const { urlOf } = require("./router.js");

/**
 * @typedef {object} Status
 * @property {boolean | undefined} database whether it runs; undefined when it is not ours to stop
 * @property {{ name: string, up: boolean }[]} servers
 */

/**
 * @typedef {object} Actions
 * @property {() => Status} status
 * @property {(() => Promise<void>) | undefined} stopDatabase
 * @property {(() => Promise<void>) | undefined} startDatabase
 * @property {(number: number) => void} killServer the number counts from 1
 */

/**
 * @param {Actions} actions
 * @param {string} path
 * @returns {(() => Promise<void> | void) | undefined}
 */
function findAction(actions, path) {
  if (path === "/demo/database/stop") return actions.stopDatabase;
  if (path === "/demo/database/start") return actions.startDatabase;
  const number = Number(/^\/demo\/servers\/(\d+)\/kill$/.exec(path)?.[1]);
  if (number >= 1 && number <= actions.status().servers.length)
    return () => actions.killServer(number);
  return undefined;
}

/**
 * @param {import('node:http').IncomingMessage} request
 * @returns {boolean} whether a page of another site sent it
 */
function isForeign({ headers }) {
  return (
    headers.origin !== undefined &&
    headers.origin.replace(/^https?:\/\//, "") !== headers.host
  );
}

/**
 * @param {Actions} actions
 * @returns {(request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse) => boolean}
 *   answers the requests under /demo/ and returns true for them
 */
function createControl(actions) {
  return (request, response) => {
    const { pathname } = urlOf(request);
    if (!pathname.startsWith("/demo/")) return false;
    request.resume();
    const answer = (
      /** @type {number} */ status,
      /** @type {object} */ body,
    ) => {
      response.writeHead(status, {
        "content-type": "application/json",
        "cache-control": "no-store",
      });
      response.end(JSON.stringify(body));
    };
    const action =
      request.method === "POST" ? findAction(actions, pathname) : undefined;
    if (request.method === "GET" && pathname === "/demo/status")
      answer(200, actions.status());
    else if (action === undefined) answer(404, { error: "Not found" });
    else if (isForeign(request)) answer(403, { error: "Not from this page" });
    else {
      Promise.resolve(action()).then(
        () => answer(200, actions.status()),
        (error) => answer(500, { error: error.message }),
      );
    }
    return true;
  };
}

module.exports = { createControl };
