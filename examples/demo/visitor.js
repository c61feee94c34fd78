"use strict";

const { io } = require("socket.io-client");

/** How long a simulated visitor is silent at least and at most, in milliseconds. */
const SILENCE_MS = { least: 400, most: 1_200 };

const SAYINGS = [
  "good morning",
  "how is it going?",
  "the kettle is on",
  "did you see that?",
  "one more, then I go",
  "that was quick",
  "let us see",
  "agreed",
  "not so sure about that",
  "back in a minute",
];

/** @returns {string} */
function pickSaying() {
  return SAYINGS[Math.floor(Math.random() * SAYINGS.length)] ?? "";
}

/** A simulated visitor: a real client, which says something now and then. */
class Visitor {
  /**
   * @param {string} url
   * @param {{ name: string, room: string, home: number }} person home: the number of the server to be on
   */
  constructor(url, { name, room, home }) {
    this.home = `server-${home}`;
    this.server = "";
    this.socket = io(url, {
      query: { server: String(home) },
      auth: { name, room, simulated: true },
      transports: ["websocket"],
      reconnectionDelayMax: 1_000,
      forceNew: true,
    });
    this.socket.on("welcome", ({ server }) => (this.server = server));
    this.speakLater();
  }

  speakLater() {
    const { least, most } = SILENCE_MS;
    this.timer = setTimeout(
      () => {
        if (this.socket.connected) this.socket.emit("message", pickSaying());
        this.speakLater();
      },
      least + Math.random() * (most - least),
    );
  }

  /** Goes back to its own server after that one was away. */
  goHome() {
    if (this.server !== this.home) this.socket.disconnect().connect();
  }

  leave() {
    clearTimeout(this.timer);
    this.socket.disconnect();
  }
}

module.exports = { Visitor };
