"use strict";

// Links of the documentation: what they lead to in the repository is there, and elsewhere is where we mean to send
// readers. No network is asked.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { describe, it } = require("node:test");
const { documents, placeOf } = require("./documents.js");

/** Whom we send readers to, and what they run themselves. */
const HOSTS = new Set([
  "localhost",
  "docs.docker.com",
  "docs.nestjs.com",
  "keepachangelog.com",
  "kubernetes.io",
  "msgpack.org",
  "neon.com",
  "nodejs.org",
  "rustup.rs",
  "semver.org",
  "socket.io",
  "supabase.com",
  "www.npmjs.com",
  "www.postgresql.org",
]);

/** In a text: `[text](target)`, `[name]: target`, `src="target"` and `<https://target>`. */
const TARGETS = [
  /\]\(([^()\s]+)\)/g,
  /^\[[^\]]+\]: (\S+)$/gm,
  /\b(?:src|srcset|href)="([^"]+)"/g,
  /<(https?:[^>\s]+)>/g,
];

/** @param {string} file */
function readText(file) {
  const text = fs.readFileSync(file, "utf8");
  const blank = (/** @type {string} */ code) => code.replaceAll(/[^\n]/g, " ");
  return text
    .replaceAll(/^ *(`{3,}|~{3,})[^]*?^ *\1$/gm, blank)
    .replaceAll(/`[^`\n]+`(?!\])/g, blank);
}

/**
 * @param {string} file
 * @returns {{ file: string, line: number, target: string }[]}
 */
function linksOf(file) {
  const text = readText(file);
  return TARGETS.flatMap((pattern) => [...text.matchAll(pattern)]).map(
    ({ index, 1: target = "" }) => ({
      file,
      line: text.slice(0, index).split("\n").length,
      target,
    }),
  );
}

/**
 * @param {string} file
 * @returns {Set<string>} what a link to a part of the document may name, as GitHub makes it of headings
 */
function anchorsOf(file) {
  const lines = readHeadings(file);
  /** @type {Map<string, number>} */
  const seen = new Map();
  return new Set(
    lines.map((heading) => {
      const slug = heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
        .replaceAll(/\s/g, "-");
      const count = seen.get(slug) ?? 0;
      seen.set(slug, count + 1);
      return count === 0 ? slug : `${slug}-${count}`;
    }),
  );
}

/** @param {string} file */
function readHeadings(file) {
  const text = fs
    .readFileSync(file, "utf8")
    .replaceAll(/^ *(`{3,}|~{3,})[^]*?^ *\1$/gm, "");
  return [...text.matchAll(/^#{1,6} (.+)$/gm)].map(([, title = ""]) =>
    title.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").trim(),
  );
}

/** @param {URL} url */
function isMeant({ hostname, pathname }) {
  const isPackage = pathname.startsWith("/package/");
  return HOSTS.has(hostname) && (isPackage || !hostname.includes("npmjs"));
}

/** @param {{ file: string, target: string }} link */
function leadsNowhere({ file, target }) {
  if (/^https?:/.test(target)) return !isMeant(new URL(target));
  const [where = "", anchor] = target.split("#");
  const found = where === "" ? file : path.join(path.dirname(file), where);
  if (!fs.existsSync(found)) return true;
  return anchor !== undefined && !anchorsOf(found).has(anchor);
}

describe("links in the documentation", () => {
  const links = documents().flatMap(linksOf);

  it("are found", () => {
    assert.ok(links.length > 100, `${links.length} links`);
    const images = links.filter(({ target }) => /\.(svg|png)$/.test(target));
    assert.ok(images.length > 0);
  });

  it("lead somewhere", () => {
    const broken = links
      .filter(leadsNowhere)
      .map((link) => `${placeOf(link)} ${link.target}`);
    assert.deepEqual(broken, []);
  });

  it("that have a name have a target", () => {
    const unknown = documents().flatMap((file) => {
      const text = readText(file);
      const names = new Set(
        [...text.matchAll(/^\[([^\]]+)\]: /gm)].map(([, name]) => name),
      );
      return [...text.matchAll(/\]\[([^\]]+)\]/g)]
        .filter(([, name]) => !names.has(name))
        .map(([use]) => `${path.basename(file)} ${use}`);
    });
    assert.deepEqual(unknown, []);
  });
});
