"use strict";

// npm run screenshots: pictures of the demo for the README, of a cluster that has something to tell.

const { fork } = require("node:child_process");
const { once } = require("node:events");
const fs = require("node:fs");
const path = require("node:path");
const { setTimeout: delay } = require("node:timers/promises");
const { launchChromium, whyNoChromium } = require("./chromium.js");
const { readLines } = require("./run-command.js");
const { ensureReady, root } = require("./setup.js");

const FOLDER = path.join(root, "docs", "images");
const VIEWPORT = { width: 1280, height: 800 };

/** A busy machine needs its time. */
const LIMIT_MS = 60_000;

/** Longer than the time that the figures on the page look back: what is unusual shall not be in them. */
const FIGURES_MS = 21_000;

const POLL_MS = 100;

/** @typedef {import('../examples/demo/director.js').State} State */

/** @returns {Promise<{ url: string, end: () => Promise<void> }>} */
async function startDemo() {
  const child = fork(path.join(__dirname, "demo.js"), [], {
    env: { ...process.env, PORT: "0", DATABASE_URL: "" },
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  const { stdout } = child;
  if (stdout === null) throw new Error("The demo has no output.");
  /** @type {string} */
  const url = await new Promise((resolve, reject) => {
    readLines(stdout, (line) => {
      const [found] = /http:\/\/localhost:\d+/.exec(line) ?? [];
      if (found !== undefined) resolve(found);
    });
    child.once("exit", () => reject(new Error("The demo ended at once.")));
  });
  const end = async () => {
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  };
  return { url, end };
}

/**
 * @param {import('playwright-core').Browser} browser
 * @param {string} address
 * @param {'light' | 'dark'} colorScheme
 * @param {string} visitor
 */
async function openPage(browser, address, colorScheme, visitor) {
  const page = await browser.newPage({ colorScheme, viewport: VIEWPORT });
  page.setDefaultTimeout(LIMIT_MS);
  await page.addInitScript(`sessionStorage.setItem("name", "${visitor}")`);
  await page.goto(address);
  await page.waitForSelector("#connection[data-tone=good]");
  return page;
}

/**
 * @param {string} url of the demo
 * @param {(state: State) => boolean} condition
 */
async function untilState(url, condition) {
  const deadline = Date.now() + LIMIT_MS;
  for (;;) {
    const response = await fetch(`${url}/demo/state`);
    if (condition(/** @type {State} */ (await response.json()))) return;
    if (Date.now() > deadline) throw new Error(`Never: ${condition}`);
    await delay(POLL_MS);
  }
}

/**
 * Two bursts, and an outage between them. No browser is open yet, which would take its share of the machine.
 *
 * @param {string} url of the demo
 */
async function makeHistory(url) {
  const act = (/** @type {string} */ action) =>
    fetch(`${url}/demo/${action}`, { method: "POST" });
  const everyServer = (
    /** @type {(figures: NonNullable<State['servers'][0]['figures']>) => boolean} */ is,
  ) =>
    untilState(url, ({ servers }) =>
      servers.every(({ figures }) => figures !== null && is(figures)),
    );
  await everyServer(({ people, peers }) => people.length >= 3 && peers === 2);
  const burst = async () => {
    await act("servers/1/burst");
    await untilState(url, (state) => state.burst?.ended === true);
  };
  // The first one also compiles what it runs through.
  await burst();
  await act("database/stop");
  await everyServer(({ waiting }) => waiting > 5);
  await act("database/start");
  await everyServer(
    ({ waiting, rates }) => waiting === 0 && rates.received > 9,
  );
  await burst();
}

/**
 * @param {import('playwright-core').Page} page
 * @param {string} text
 */
async function say(page, text) {
  await page.getByLabel("Message", { exact: true }).fill(text);
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await page.locator(".own", { hasText: text }).locator(".receipt").waitFor();
}

/** @param {string} url of the demo */
async function takePictures(url) {
  const browser = await launchChromium();
  try {
    const light = await openPage(browser, `${url}/?server=1`, "light", "Ada");
    const dark = await openPage(browser, `${url}/?server=3`, "dark", "Ben");
    await say(light, "Hello from server-1! Does anybody hear me?");
    await say(dark, "On server-3, with only PostgreSQL between us.");
    await say(light, "It was stopped a moment ago, and nobody lost anything.");
    // Takes the focus from what was typed into.
    for (const page of [light, dark]) await page.locator("h1").click();
    await delay(FIGURES_MS);
    for (const [name, page] of Object.entries({ light, dark })) {
      await page.waitForSelector(".line .dot", { state: "attached" });
      const file = path.join(FOLDER, `demo-${name}.png`);
      await page.screenshot({ path: file, fullPage: true });
    }
  } finally {
    await browser.close();
  }
}

async function main() {
  const reason = whyNoChromium();
  if (reason) throw new Error(reason);
  await ensureReady({ build: true });
  fs.mkdirSync(FOLDER, { recursive: true });
  const demo = await startDemo();
  try {
    await makeHistory(demo.url);
    await takePictures(demo.url);
  } finally {
    await demo.end();
  }
}

void main();
