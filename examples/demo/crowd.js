"use strict";

// The clients of the demo that no person sits at: visitors who talk, and one client on each server that counts the
// bursts. A process of its own, so that their work is on no event loop of a server.

const { Checker } = require("./checker.js");
const { Visitor } = require("./visitor.js");

/** Some rooms are on one server, some on two: what is said in them concerns not every server. */
const PEOPLE = [
  { name: "Otter", room: "tea", home: 1 },
  { name: "Finch", room: "tea", home: 1 },
  { name: "Lynx", room: "music", home: 1 },
  { name: "Robin", room: "music", home: 2 },
  { name: "Crane", room: "film", home: 2 },
  { name: "Heron", room: "film", home: 2 },
  { name: "Wren", room: "film", home: 3 },
  { name: "Badger", room: "garden", home: 3 },
  { name: "Fox", room: "garden", home: 3 },
];

/** @type {Visitor[]} */
let visitors = [];

/**
 * @param {string} url
 * @param {boolean} wanted
 */
function setVisitors(url, wanted) {
  if (wanted === visitors.length > 0) return;
  for (const visitor of visitors) visitor.leave();
  visitors = wanted ? PEOPLE.map((person) => new Visitor(url, person)) : [];
}

/** @param {object} message */
function tell(message) {
  if (process.connected) process.send?.(message);
}

async function main() {
  const url = process.env.FRONT_URL ?? "http://127.0.0.1:3000";
  const { Tally } = await import("./public/tally.mjs");
  process.on("message", (/** @type {any} */ { visitors: wanted, home }) => {
    if (wanted !== undefined) setVisitors(url, wanted);
    if (home !== undefined) {
      for (const visitor of visitors)
        if (visitor.home === home) visitor.goHome();
    }
  });
  for (let number = 1; number <= Number(process.env.SERVERS); number += 1) {
    const checker = new Checker(url, number, Tally);
    checker.on("check", (check) => tell({ check }));
  }
}

// Ctrl-C goes to every process of a terminal; the parent decides when this one ends.
process.on("SIGINT", () => {});
process.on("SIGHUP", () => {});
process.on("disconnect", () => process.exit());
void main();
