"use strict";

// The page of the demo for those who see little, use no pointer, or do not want things to move.

const assert = require("node:assert/strict");
const { after, before, describe, it } = require("node:test");
const { launchChromium, whyNoChromium } = require("../../scripts/chromium.js");
const { until } = require("../support/wait.js");
const { DemoPage, LIMIT_MS } = require("./demo-page.js");
const { DemoProcess } = require("./demo-process.js");

const CONTROL_ROLES = new Set(["button", "link", "switch", "textbox"]);

/** Everything that the Tab key should reach, in this order, from the top of the page. */
const TAB_ORDER = [
  "Send 10,000 messages",
  "Stop PostgreSQL",
  "Kill server-1",
  "Kill server-2",
  "Kill server-3",
  "Simulated visitors",
  "Open a tab on server-1",
  "Open a tab on server-2",
  "Open a tab on server-3",
  "What happened",
  /^#lobby, \d+ visitors?$/,
  /^#\w+, \d+ visitors?$/,
  /^#\w+, \d+ visitors?$/,
  /^#\w+, \d+ visitors?$/,
  /^#\w+, \d+ visitors?$/,
  "Another room",
  "Enter",
  "Messages",
  "You are",
  "Message",
  "Send",
];

/** @typedef {{ role: string, name: string, focused: boolean }} Node */

/**
 * @param {import('playwright-core').Page} page
 * @returns {Promise<Node[]>} what assistive technology is told
 */
async function accessibilityTree(page) {
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send("Accessibility.getFullAXTree");
  await session.detach();
  return nodes
    .filter(({ ignored }) => !ignored)
    .map(({ role, name, properties = [] }) => ({
      role: String(role?.value),
      name: String(name?.value ?? ""),
      focused: properties.some(
        ({ name: property, value }) => property === "focused" && value.value,
      ),
    }));
}

/** @param {import('playwright-core').Page} page */
async function focusedName(page) {
  const nodes = await accessibilityTree(page);
  return nodes.find(({ focused, role }) => focused && role !== "RootWebArea")
    ?.name;
}

describe(
  "the page of the demo, for everybody",
  { skip: whyNoChromium() },
  () => {
    /** @type {DemoProcess} */
    let demo;
    /** @type {import('playwright-core').Browser} */
    let browser;
    /** @type {DemoPage} */
    let light;
    /** @type {DemoPage} */
    let dark;

    before(async () => {
      demo = new DemoProcess();
      browser = await launchChromium();
      const url = await demo.url();
      light = await DemoPage.open(browser, `${url}/?server=1`, {
        colorScheme: "light",
      });
      dark = await DemoPage.open(browser, `${url}/?server=3`, {
        colorScheme: "dark",
        reducedMotion: "reduce",
      });
      // Who is on the other servers is heard of bit by bit.
      await light.untilCount("#rooms button", 5);
    });

    after(async () => {
      await browser?.close();
      await demo?.dispose();
    });

    it("names every control and every part", async () => {
      const nodes = await accessibilityTree(light.page);
      const controls = nodes.filter(({ role }) => CONTROL_ROLES.has(role));
      assert.deepEqual(
        controls.filter(({ name }) => name === ""),
        [],
      );
      assert.equal(
        controls.length,
        TAB_ORDER.length - 2,
        "those below, but for the two lists",
      );
      const regions = nodes
        .filter(({ role }) => role === "region")
        .map(({ name }) => name);
      assert.deepEqual(regions.sort(), [
        "Chat in #lobby",
        "Figures",
        "The cluster",
        "Try it",
        "What happened",
      ]);
      const roles = new Set(nodes.map(({ role }) => role));
      for (const role of ["banner", "main", "navigation", "status", "log"])
        assert.ok(roles.has(role), role);
      assert.deepEqual(
        nodes.filter(({ role }) => role === "article").map(({ name }) => name),
        ["server-1", "server-2", "server-3"],
      );
    });

    it("is used with the keyboard alone, and shows where it is", async () => {
      const { page } = light;
      for (const expected of TAB_ORDER) {
        await page.keyboard.press("Tab");
        const name = (await focusedName(page)) ?? "";
        if (typeof expected === "string") assert.equal(name, expected);
        else assert.match(name, expected);
        const outline = await page.evaluate(
          "(({ outlineStyle, outlineWidth }) => `${outlineStyle} ${outlineWidth}`)(getComputedStyle(document.activeElement))",
        );
        assert.equal(outline, "solid 2px", name);
      }

      await page.keyboard.press("Shift+Tab");
      await page.keyboard.type("typed and sent");
      await page.keyboard.press("Enter");
      await dark.see("#messages", /typed and sent/);

      await page.getByRole("button", { name: "Send 10,000 messages" }).focus();
      await page.keyboard.press("Enter");
      await light.seeBurst(["server-1", "server-2", "server-3"], /✓ in order/);
      assert.equal(await focusedName(page), "Send 10,000 messages");

      await page.getByRole("switch").focus();
      await page.keyboard.press("Space");
      await light.seeServer(3, /1 visitor /);
      await page.keyboard.press("Space");
      await light.seeServer(3, /4 visitors/);
      assert.equal(await focusedName(page), "Simulated visitors");
    });

    it("keeps the focus on a button that cannot be used for a while, and says that", async () => {
      const button = light.page.getByRole("button", { name: "Kill server-2" });
      await button.focus();
      await light.page.keyboard.press("Enter");
      await until(
        async () => (await button.getAttribute("aria-disabled")) === "true",
        { timeout: LIMIT_MS, message: "a button that is disabled" },
      );
      assert.equal(await focusedName(light.page), "Kill server-2");
      await light.see("#entries", /server-2 is back/);
      await light.seeServer(2, /running.*connected/);
      await until(
        async () => (await button.getAttribute("aria-disabled")) === "false",
        { timeout: LIMIT_MS, message: "a button that works again" },
      );
      assert.equal(await focusedName(light.page), "Kill server-2");
    });

    it("reads what people say, but not the chatter of simulated visitors", async () => {
      assert.equal(
        await light.page.locator("#messages").getAttribute("aria-live"),
        "off",
      );
      await light.page.getByRole("button", { name: /^#garden,/ }).click();
      await light.see("#messages", /(Badger|Fox) server-3/);
      await dark.page.getByRole("button", { name: /^#garden,/ }).click();
      await dark.see("#chat-title", /#garden/);
      await dark.say("a person speaks");
      const announcer = light.page.locator("#announcer");
      await until(
        async () =>
          ((await announcer.textContent()) ?? "").endsWith("a person speaks"),
        { timeout: LIMIT_MS, message: "an announcement" },
      );
      assert.doesNotMatch((await announcer.textContent()) ?? "", /Badger|Fox/);
    });

    it("moves nothing for those who want that", async () => {
      await light.page.waitForSelector(".line .dot", { state: "attached" });
      await dark.seeServer(3, /hears [1-9]\d*\/s/);
      assert.equal(await dark.page.locator(".line .dot").count(), 0);
    });

    it("has enough contrast in light and dark, also during an outage", async () => {
      const check = async () => {
        for (const page of [light, dark]) {
          const { texts, controls, failures } = await page.runInPage(
            "contrast",
            "checkContrast()",
          );
          assert.ok(texts > 80 && controls > 10, `${texts}, ${controls}`);
          assert.deepEqual(failures, []);
        }
      };
      await check();
      await light.press("Stop PostgreSQL");
      for (const page of [light, dark])
        await page.seeServer(3, /no link.*Waiting \d+ messages/);
      await check();
      await light.press("Start PostgreSQL");
      await light.seeServer(3, /connected/);
    });

    it("fits on narrow screens, also during an outage", async () => {
      const check = async () => {
        for (const width of [320, 390, 768, 1280]) {
          await light.page.setViewportSize({ width, height: 800 });
          const wide = await light.page.evaluate(
            "document.documentElement.scrollWidth",
          );
          assert.ok(Number(wide) <= width, `${wide} of ${width}`);
          const over = await light.runInPage("overflow", "findOverflow()");
          assert.deepEqual(over, [], `at ${width}`);
          await light.seeServer(3, /sends (no link|\d+\/s).*hears/);
        }
      };
      await check();
      await light.press("Stop PostgreSQL");
      await light.seeServer(3, /no link.*Waiting \d+ messages/);
      await check();
      await light.press("Start PostgreSQL");
      await light.seeServer(3, /connected/);
    });

    it("had no error in any of this", () => {
      assert.deepEqual([...light.errors, ...dark.errors], []);
    });
  },
);
