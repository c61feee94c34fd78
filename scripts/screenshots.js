"use strict";

// npm run screenshots: pictures of the demo for the README, of a cluster that has something to tell.

const { fork } = require("node:child_process");
const { once } = require("node:events");
const fs = require("node:fs");
const path = require("node:path");
const { launchChromium, whyNoChromium } = require("./chromium.js");
const { readLines } = require("./run-command.js");
const { ensureReady, root } = require("./setup.js");

const FOLDER = path.join(root, "docs", "images");
const VIEWPORT = { width: 1280, height: 800 };

/** A busy machine needs its time. */
const LIMIT_MS = 60_000;

/** Longer than the time that the figures on the page look back. */
const FIGURES_MS = 21_000;

/** @typedef {import('playwright-core').Page} Page */

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
 */
async function openPage(browser, address, colorScheme) {
  const page = await browser.newPage({ colorScheme, viewport: VIEWPORT });
  page.setDefaultTimeout(LIMIT_MS);
  await page.goto(address);
  await page.waitForSelector("#connection[data-tone=good]");
  return page;
}

/**
 * An outage, then a burst, then the usual traffic.
 *
 * @param {Page} page
 */
async function makeHistory(page) {
  const press = (/** @type {string} */ name) =>
    page.getByRole("button", { name }).click();
  await press("Stop PostgreSQL");
  await page.waitForSelector("#entries li:has-text('lost PostgreSQL')");
  await page.waitForSelector(".server[data-waiting=true]");
  await press("Start PostgreSQL");
  await page.waitForSelector("#entries li:has-text('had waited')");
  await press("Send 10,000 messages");
  await page.waitForSelector("#entries li:has-text('each once and in order')");
  // The figures are those of the last twenty seconds: what is unusual shall not be in them.
  await page.waitForTimeout(FIGURES_MS);
  await page.mouse.move(0, 0);
  await page.evaluate("document.activeElement.blur()");
}

async function main() {
  const reason = whyNoChromium();
  if (reason) throw new Error(reason);
  await ensureReady({ build: true });
  fs.mkdirSync(FOLDER, { recursive: true });
  const demo = await startDemo();
  const browser = await launchChromium();
  try {
    const light = await openPage(browser, `${demo.url}/?server=1`, "light");
    const dark = await openPage(browser, `${demo.url}/?server=3`, "dark");
    await makeHistory(light);
    for (const [name, page] of Object.entries({ light, dark })) {
      await page.waitForSelector(".line .dot", { state: "attached" });
      await page.screenshot({ path: path.join(FOLDER, `demo-${name}.png`) });
    }
  } finally {
    await browser.close();
    await demo.end();
  }
}

void main();
