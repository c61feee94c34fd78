"use strict";

// Which server a request belongs to.

/**
 * @typedef {object} Backend
 * @property {string} name such as "server-2"
 * @property {number} port 0 while the server does not run
 * @property {string} cookie keeps a visitor on this server
 */

/**
 * @typedef {object} Route
 * @property {Backend[]} backends those to try, best first; empty when none can serve it
 * @property {boolean} byCookie whether the visitor stays where its cookie says: the one who answers has to set it
 */

const COOKIE_NAME = "demo-server";

/**
 * @param {number} number counted from 1
 * @returns {Backend} a server that does not run yet
 */
function createBackend(number) {
  const name = `server-${number}`;
  return {
    name,
    port: 0,
    cookie: `${COOKIE_NAME}=${name}; Path=/; HttpOnly; SameSite=Lax`,
  };
}

/**
 * @param {import('node:http').IncomingMessage} request
 * @returns {string | undefined} the name of a server
 */
function cookieOf(request) {
  const pairs = (request.headers.cookie ?? "")
    .split(";")
    .map((pair) => pair.trim().split("="));
  return pairs.find(([name]) => name === COOKIE_NAME)?.[1];
}

/**
 * @param {import('node:http').IncomingMessage} request
 * @returns {URL} with a host that means nothing
 */
function urlOf(request) {
  // Two slashes at the start would name a host.
  return new URL(`http://front${(request.url ?? "/").replace(/^\/*/, "/")}`);
}

/** Spreads visitors over the servers and finds them again. */
class Router {
  /** @param {Backend[]} backends */
  constructor(backends) {
    this.backends = backends;
    this.turns = { page: 0, visit: 0 };
  }

  /** @returns {Backend[]} */
  running() {
    return this.backends.filter(({ port }) => port !== 0);
  }

  /**
   * @param {'page' | 'visit'} kind each is spread by itself: a page load must not shift the next page load
   * @returns {Backend[]} the running servers, another one first each time
   */
  rotate(kind) {
    const running = this.running();
    const first =
      running.length === 0 ? 0 : this.turns[kind]++ % running.length;
    return [...running.slice(first), ...running.slice(0, first)];
  }

  /**
   * Each load of the page gets a server of its own, named in its address: cookies are shared by the tabs of a browser,
   * an address is not.
   *
   * @param {import('node:http').IncomingMessage} request
   * @returns {string | undefined} where to send a visitor that has not chosen a server
   */
  redirectFor(request) {
    const url = urlOf(request);
    if (url.pathname !== "/" || url.searchParams.has("server"))
      return undefined;
    const [backend] = this.rotate("page");
    if (backend === undefined) return undefined;
    url.searchParams.set("server", String(this.backends.indexOf(backend) + 1));
    return `/${url.search}`;
  }

  /**
   * @param {import('node:http').IncomingMessage} request
   * @returns {Route}
   */
  route(request) {
    const { searchParams } = urlOf(request);
    const session = searchParams.get("sid");
    if (session !== null) {
      // A session lives on one server: when that one is gone, so is the session.
      const owner = this.backends.find(
        ({ name, port }) => port !== 0 && session.startsWith(`${name}.`),
      );
      return { backends: owner ? [owner] : [], byCookie: false };
    }
    const chosen = this.backends[Number(searchParams.get("server")) - 1]?.name;
    const wanted = chosen ?? cookieOf(request);
    const home = this.running().find(({ name }) => name === wanted);
    const backends = home
      ? [home, ...this.running().filter((backend) => backend !== home)]
      : this.rotate("visit");
    return { backends, byCookie: chosen === undefined };
  }
}

module.exports = { Router, cookieOf, createBackend, urlOf };
