"use strict";

// The page of the demo in a real browser: two tabs on two servers, and every button.

const assert = require("node:assert/strict");
const { after, before, describe, it } = require("node:test");
const { launchChromium, whyNoChromium } = require("../../scripts/chromium.js");
const { until } = require("../support/wait.js");
const { DemoPage, LIMIT_MS } = require("./demo-page.js");
const { DemoProcess } = require("./demo-process.js");

const SERVERS = ["server-1", "server-2", "server-3"];

describe("the page of the demo", { skip: whyNoChromium() }, () => {
  /** @type {DemoProcess} */
  let demo;
  /** @type {import('playwright-core').Browser} */
  let browser;
  /** @type {DemoPage} on server-1 */
  let light;
  /** @type {DemoPage} on server-2 */
  let dark;

  before(async () => {
    demo = new DemoProcess();
    const url = await demo.url();
    browser = await launchChromium();
    light = await DemoPage.open(browser, `${url}/?server=1`, {
      colorScheme: "light",
    });
    dark = await DemoPage.open(browser, `${url}/?server=2`, {
      colorScheme: "dark",
      // What moves costs a browser without a GPU much; one page of two that shows it is enough.
      reducedMotion: "reduce",
    });
  });

  after(async () => {
    await browser?.close();
    await demo?.dispose();
  });

  it("shows each server, its visitors and its rooms, and what travels", async () => {
    for (const page of [light, dark]) {
      for (const number of [1, 2, 3])
        await page.seeServer(
          number,
          /visitors.*running.*Database connected Sees 2 others/,
        );
      await page.see("#database", /PostgreSQL running/);
      await page.see("#figures", /Latency between servers [\d.]+ m?s/);
      await page.see("#figures", /Filtered natively [1-9]\d* %/);
      await page.see("#figures", /Messages between servers [1-9]/);
    }
    await light.seeServer(1, /You \(.*\) #lobby.*Otter #tea/);
    await light.seeServer(2, /4 visitors/);
    await dark.seeServer(2, /You \(.*\) #lobby/);
    await light.seeServer(1, /hears \d+\/s after [\d.]+ m?s/);
  });

  it("carries what is said to the other server, and says how long it took", async () => {
    await light.runInPage("own-dots", "countOwnDots()");
    await light.say("hello from one");
    await dark.see("#messages", /server-1 \d\d:\d\d hello from one/);
    await light.see("#messages", /shown by 2 clients within [\d.]+ m?s/);
    await until(
      async () => (await light.runInPage("own-dots", "ownDots()")) === 3,
      { timeout: LIMIT_MS, message: "its way: out of one server, into two" },
    );
    await dark.say("hello from two");
    await light.see("#messages", /server-2 \d\d:\d\d hello from two/);
  });

  it("leads to another room, where the simulated visitors talk", async () => {
    await dark.page.getByRole("button", { name: /^#tea,/ }).click();
    await dark.see("#chat-title", /#tea/);
    await dark.see("#messages", /(Otter|Finch) server-1/);
    await light.seeServer(2, /#tea/);
    await dark.page.getByRole("button", { name: /^#lobby,/ }).click();
    await dark.see("#chat-title", /#lobby/);
  });

  it("accounts for each of 10,000 messages", async () => {
    await light.press("Send 10,000 messages");
    for (const page of [light, dark])
      await page.seeBurst([...SERVERS, "this page"], / 10,000 ✓ in order/);
    await dark.see(
      "#entries",
      /All 10,000 messages of server-1 arrived on all 3 servers, each once and in order, within [\d.]+ m?s\./,
    );
    await dark.see("#burst-result", /Longest pause of an event loop/);
  });

  it("keeps what is for other servers while PostgreSQL is stopped, and delivers it then", async () => {
    await light.press("Stop PostgreSQL");
    for (const number of [1, 2, 3])
      await light.seeServer(
        number,
        /no link, \d+ s Sees no other.*sends no link/,
      );
    await light.see("#database", /stopped/);
    await light.see("#entries", /server-1.* lost PostgreSQL/);

    await light.say("said during the outage");
    await light.see("#messages", /waits for PostgreSQL/);
    await light.press("Send 10,000 messages");
    await light.seeBurst(["server-1", "this page"], / 10,000 ✓ in order/);
    await light.seeServer(1, /Waiting 10,\d\d\d messages/);
    await light.seeBurst(["server-2", "server-3"], / 0 waiting/);
    assert.doesNotMatch(await dark.text("#messages"), /during the outage/);

    await light.press("Start PostgreSQL");
    await dark.seeBurst([...SERVERS, "this page"], / 10,000 ✓ in order/);
    await dark.see("#messages", /said during the outage/);
    await light.see(
      "#messages",
      /shown by 2 clients within [\d.]+ m?s said during the outage/,
    );
    // Latest first.
    await light.see(
      "#entries",
      /All 10,000 messages .* 10,\d\d\d messages had waited and go out now.* PostgreSQL runs again.* lost PostgreSQL.* PostgreSQL was stopped/,
    );
    await light.seeServer(1, /connected.*Waiting nothing/);
  });

  it("moves the visitors of a killed server, and shows it come back", async () => {
    await light.press("Kill server-2");
    await light.see("#entries", /server-2 was killed/);
    // On a busy machine the server can be back before its visitors have looked for another one.
    await dark.see(
      "#messages",
      /You are on server-[13] now|Connected to server-2 again/,
    );
    await light.seeServer(2, /visitors.*running.*connected Sees 2 others/);
    await light.see("#entries", /server-2 is back/);
    await light.see("#entries", /noticed that the former server-2 is gone/);
    await light.seeServer(2, /[34] visitors.*Crane #film/);
    await dark.say("from elsewhere");
    await light.see("#messages", /from elsewhere/);
  });

  it("goes on with a burst of which one client is killed", async () => {
    await light.press("Send 10,000 messages");
    await light.press("Kill server-3");
    await light.seeBurst(["server-1", "server-2"], / 10,000 ✓ in order/);
    await light.see("#entries", /server-3 was killed/);
    await light.seeServer(3, /visitors.*running.*connected Sees 2 others/);
  });

  it("sends the simulated visitors away, and has them back", async () => {
    const visitors = light.page.getByRole("switch", {
      name: "Simulated visitors",
    });
    await visitors.uncheck();
    // The one of the other tab is where the kills have led it.
    await light.seeServer(3, /\b[01] visitors?\b/);
    await light.seeServer(1, /[12] visitors?/);
    await light.see("#entries", /The simulated visitors left/);
    await visitors.check();
    await light.seeServer(3, /[34] visitors.*Badger #garden/);
  });

  it("had no error in any of this", () => {
    assert.deepEqual([...light.errors, ...dark.errors], []);
  });

  it("says when the demo has ended", async () => {
    demo.child.kill("SIGTERM");
    await light.see("#connection", /is gone|no connection/);
    await demo.exit();
    await light.untilCount("body[data-view=lost]", 1);
  });
});
