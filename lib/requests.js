"use strict";

/**
 * A request to the other servers of the cluster.
 *
 * @typedef {object} Request
 * @property {Set<string>} peers - the uids of the servers that were asked
 * @property {number[]} responseTypes - the types of message that answer it
 * @property {(response: any) => void} onResponse - called for each response of a server that was asked
 * @property {(uid: string) => void} [onPeerLeft] - called when a server leaves that has not answered
 * @property {() => void} [onComplete] - called once every server has answered or left
 * @property {(reason: Error) => void} [onFailure] - called when time is up, or the adapter is closed
 * @property {number} timeout - in milliseconds
 */

/** @typedef {Request & { missing: Set<string>, timer: NodeJS.Timeout }} OpenRequest */

/**
 * The requests of one adapter that are not answered yet.
 */
class Requests {
  /** @type {Map<string, OpenRequest>} */
  #open = new Map();
  #count = 0;
  #prefix;

  /**
   * @param {string} prefix - what the id of each request begins with; the engine knows our responses by it
   */
  constructor(prefix) {
    this.#prefix = prefix;
  }

  /**
   * @param {Request} request
   * @returns {string} the id of the request
   */
  open(request) {
    const id = this.#prefix + ++this.#count;
    const timer = setTimeout(() => this.#fail(id), request.timeout);
    if (!request.onFailure) {
      // nobody waits for it: it must not keep the process alive
      timer.unref();
    }
    this.#open.set(id, {
      ...request,
      missing: new Set(request.peers),
      timer,
    });
    return id;
  }

  /**
   * Forgets a request that nobody was asked.
   *
   * @param {string} id
   */
  discard(id) {
    this.#remove(id);
  }

  /**
   * @param {any} response
   * @param {boolean} [isLast] - whether the server has nothing more to say on it
   */
  onResponse(response, isLast = true) {
    const id = response.data.requestId;
    const request = this.#open.get(id);
    if (!request?.peers.has(response.uid)) {
      return;
    }
    if (!request.responseTypes.includes(response.type)) {
      return;
    }
    // a server answers once
    if (isLast && !request.missing.delete(response.uid)) {
      return;
    }
    request.onResponse(response);
    this.#finishIfComplete(id, request);
  }

  /**
   * A server is gone: nobody needs to wait for it.
   *
   * @param {string} uid
   */
  onPeerLeft(uid) {
    for (const [id, request] of this.#open) {
      if (request.missing.delete(uid)) {
        request.onPeerLeft?.(uid);
        this.#finishIfComplete(id, request);
      }
    }
  }

  /**
   * Fails everything that is still open.
   *
   * @param {string} reason
   */
  abort(reason) {
    // what is opened in answer to a failure is not failed as well, over and over
    const open = [...this.#open.keys()];
    for (const id of open) {
      this.#fail(id, reason);
    }
  }

  /**
   * @param {string} id
   * @param {OpenRequest} request
   */
  #finishIfComplete(id, request) {
    if (request.missing.size === 0 && request.onComplete) {
      this.#remove(id);
      request.onComplete();
    }
  }

  /**
   * @param {string} id
   * @param {string} [reason]
   */
  #fail(id, reason) {
    const request = this.#remove(id);
    const missing = request?.missing.size;
    request?.onFailure?.(
      new Error(reason ?? `timeout reached: missing ${missing} responses`),
    );
  }

  /** @param {string} id */
  #remove(id) {
    const request = this.#open.get(id);
    clearTimeout(request?.timer);
    this.#open.delete(id);
    return request;
  }
}

module.exports = { Requests };
