"use strict";

const CTRL_C = "\u0003";

/**
 * Lets single keys steer the demo when there is a terminal to press them in.
 *
 * @param {object} actions
 * @param {() => void} actions.end
 * @param {() => void} actions.killOne
 * @param {import('./demo-database.js').DemoDatabase} actions.database
 * @returns {() => void} gives the terminal back
 */
function listenToKeys({ end, killOne, database }) {
  const { stdin } = process;
  if (!stdin.isTTY) {
    console.log("Ctrl-C ends the demo.");
    return () => {};
  }
  const databaseKey = database.isOurs ? "p: stop or start PostgreSQL, " : "";
  console.log(`Keys: ${databaseKey}k: kill a server, q: quit`);

  const onKey = (/** @type {string} */ key) => {
    if (key === "q" || key === CTRL_C) end();
    else if (key === "k") killOne();
    else if (key === "p" && database.isOurs) {
      database.toggle().catch((error) => console.error(error.message));
    }
  };
  stdin.setEncoding("utf8");
  stdin.setRawMode(true);
  // Keys that come fast come together.
  const onData = (/** @type {string} */ keys) => [...keys].forEach(onKey);
  stdin.on("data", onData);
  // The terminal is gone: there will be no more keys, and no more reader of what is printed.
  stdin.on("error", end);
  stdin.on("end", end);
  return () => {
    stdin.off("data", onData);
    stdin.off("end", end);
    stdin.setRawMode(false);
    stdin.pause();
  };
}

module.exports = { listenToKeys };
