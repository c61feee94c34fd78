"use strict";

// What the page of the demo may see and do besides chatting, under /demo/.

const { urlOf } = require("./router.js");

/**
 * @typedef {object} Actions
 * @property {(response: import('node:http').ServerResponse) => void} watch
 * @property {() => unknown} state
 * @property {() => Promise<void>} stopDatabase
 * @property {() => Promise<void>} startDatabase
 * @property {(wanted: boolean) => void} setVisitors
 * @property {(number: number) => (() => Promise<void> | void) | undefined} killer the number of a server counts from 1; undefined
 *   when there is no such server
 * @property {(number: number) => (() => Promise<void> | void) | undefined} burster
 */

/**
 * @param {Actions} actions
 * @param {string} path
 * @returns {(() => Promise<void> | void) | undefined}
 */
function findAction(actions, path) {
  if (path === "/demo/database/stop") return actions.stopDatabase;
  if (path === "/demo/database/start") return actions.startDatabase;
  if (path === "/demo/visitors/stop") return () => actions.setVisitors(false);
  if (path === "/demo/visitors/start") return () => actions.setVisitors(true);
  const [, number, what] =
    /^\/demo\/servers\/(\d+)\/(kill|burst)$/.exec(path) ?? [];
  if (what === "kill") return actions.killer(Number(number));
  if (what === "burst") return actions.burster(Number(number));
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
      /** @type {unknown} */ body,
    ) => {
      response.writeHead(status, {
        "content-type": "application/json",
        "cache-control": "no-store",
      });
      response.end(JSON.stringify(body));
    };
    const isRead = request.method === "GET";
    const action =
      request.method === "POST" ? findAction(actions, pathname) : undefined;
    if (isRead && pathname === "/demo/live") actions.watch(response);
    else if (isRead && pathname === "/demo/state") answer(200, actions.state());
    else if (action === undefined) answer(404, { error: "Not found" });
    else if (isForeign(request)) answer(403, { error: "Not from this page" });
    else {
      Promise.resolve()
        .then(action)
        .then(
          () => answer(200, actions.state()),
          (error) => answer(500, { error: error.message }),
        );
    }
    return true;
  };
}

module.exports = { createControl };
