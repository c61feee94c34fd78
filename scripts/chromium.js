"use strict";

// Chromium without a window, for the tests of the page and its screenshots.

const fs = require("node:fs");

/** playwright-core, which steers the browser, needs it. */
const MIN_NODE_MAJOR = 20;

const DEFAULT_PATH = "/usr/bin/chromium";

const FLAGS = [
  // As root there is no sandbox.
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** @returns {string} the one that CHROMIUM_PATH names, or where Debian has it */
function chromiumPath() {
  return process.env.CHROMIUM_PATH || DEFAULT_PATH;
}

/** @returns {string | false} why there is no browser to be had, or false */
function whyNoChromium() {
  if (Number(process.versions.node.split(".")[0]) < MIN_NODE_MAJOR)
    return `left out: the browser needs Node.js ${MIN_NODE_MAJOR}`;
  if (!fs.existsSync(chromiumPath()))
    return `left out: no Chromium at ${chromiumPath()} (CHROMIUM_PATH names another)`;
  return false;
}

/** @returns {Promise<import('playwright-core').Browser>} */
function launchChromium() {
  // Not at the top: where it is left out it need not load.
  const { chromium } = require("playwright-core");
  return chromium.launch({
    executablePath: chromiumPath(),
    headless: true,
    args: FLAGS,
  });
}

module.exports = { launchChromium, whyNoChromium };
