"use strict";

// A tab of the demo in a browser, as somebody who looks at it would describe it.

const fs = require("node:fs");
const path = require("node:path");
const { until } = require("../support/wait.js");

/** Servers start again, find each other again, and ten thousand messages travel, all on a machine that may be busy. */
const LIMIT_MS = 60_000;

/** What the browser says about servers that are away, which is what these tests are about. */
const ABOUT_NETWORK =
  /^(Failed to load resource|WebSocket connection to .* failed)/;

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('playwright-core').Browser} Browser */
/** @typedef {import('playwright-core').BrowserContextOptions} ContextOptions */

class DemoPage {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    /** @type {string[]} what went wrong in it */
    this.errors = [];
    page.on("pageerror", (error) => this.errors.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error" && !ABOUT_NETWORK.test(message.text()))
        this.errors.push(message.text());
    });
  }

  /**
   * @param {Browser} browser
   * @param {string} url
   * @param {ContextOptions} [options]
   * @returns {Promise<DemoPage>} once it shows the cluster
   */
  static async open(browser, url, options) {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    page.setDefaultTimeout(LIMIT_MS);
    const demoPage = new DemoPage(page);
    await page.goto(url);
    await demoPage.see("#connection", /you are on/);
    await demoPage.see("#entries", /run\./);
    await demoPage.untilCount(".server .facts", 3);
    return demoPage;
  }

  /**
   * @param {string} selector of one element
   * @returns {Promise<string>} as it is read, spaces made one
   */
  async text(selector) {
    const text = await this.page.locator(selector).innerText();
    return text.replace(/\s+/g, " ");
  }

  /**
   * @param {string} selector of one element
   * @param {RegExp} pattern
   * @returns {Promise<string>} the text, once it is like this
   */
  async see(selector, pattern) {
    let text = "";
    const message = () => `${selector}: ${pattern}, it is "${text}"`;
    return until(
      async () => {
        text = await this.text(selector);
        return pattern.test(text) ? text : undefined;
      },
      { timeout: LIMIT_MS, message },
    );
  }

  /**
   * @param {string} selector
   * @param {number} count
   */
  async untilCount(selector, count) {
    await until(
      async () => (await this.page.locator(selector).count()) === count,
      { timeout: LIMIT_MS, message: `${count} ${selector}` },
    );
  }

  /** @param {string} name of a button */
  async press(name) {
    await this.page.getByRole("button", { name, exact: true }).click();
  }

  /**
   * @param {number} number of a server
   * @param {RegExp} pattern
   */
  async seeServer(number, pattern) {
    return this.see(`.server >> nth=${number - 1}`, pattern);
  }

  /** @param {string} text */
  async say(text) {
    await this.page.getByLabel("Message", { exact: true }).fill(text);
    await this.press("Send");
  }

  /** @returns {Promise<string[]>} what each counting client has of the last burst */
  async burstRows() {
    const rows = await this.page.locator("#burst-result tbody tr").all();
    return Promise.all(
      rows.map(async (row) => (await row.innerText()).replace(/\s+/g, " ")),
    );
  }

  /**
   * @param {string[]} names
   * @param {RegExp} pattern of each of their rows
   */
  async seeBurst(names, pattern) {
    /** @type {string[]} */
    let rows = [];
    const isSo = (/** @type {string} */ name) =>
      rows.some((row) => row.startsWith(`${name} `) && pattern.test(row));
    await until(
      async () => {
        rows = await this.burstRows();
        return names.every(isSo);
      },
      { timeout: LIMIT_MS, message: () => `${pattern}: ${rows.join("; ")}` },
    );
  }

  /**
   * @param {string} file of in-page/, without its ending
   * @param {string} call what of it to run
   * @returns {Promise<any>}
   */
  async runInPage(file, call) {
    const source = fs.readFileSync(
      path.join(__dirname, "in-page", `${file}.js`),
      "utf8",
    );
    return this.page.evaluate(`(() => { ${source}; return ${call}; })()`);
  }

  async close() {
    await this.page.context().close();
  }
}

module.exports = { DemoPage, LIMIT_MS };
