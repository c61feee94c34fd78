"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { urlOf } = require("./router.js");

const folder = path.join(__dirname, "public");

const TYPES = new Map([
  [".css", "text/css; charset=utf-8"],
  [".html", "text/html; charset=utf-8"],
  [".js", "text/javascript; charset=utf-8"],
  [".mjs", "text/javascript; charset=utf-8"],
  [".svg", "image/svg+xml"],
]);

/** The whole site, by path. Anything else is not found, so that no path can lead out of the folder. */
const FILES = new Map(
  fs.readdirSync(folder).flatMap((file) => {
    const type = TYPES.get(path.extname(file));
    if (type === undefined) return [];
    return [[file === "index.html" ? "/" : `/${file}`, { file, type }]];
  }),
);

/** @type {import('node:http').RequestListener} */
function servePage(request, response) {
  const { pathname } = urlOf(request);
  const entry = FILES.get(pathname);
  if (
    entry === undefined ||
    (request.method !== "GET" && request.method !== "HEAD")
  ) {
    response
      .writeHead(404, { "content-type": "text/plain" })
      .end("Not found\n");
    return;
  }
  response.writeHead(200, {
    "content-type": entry.type,
    "cache-control": "no-cache",
    "x-content-type-options": "nosniff",
  });
  fs.createReadStream(path.join(folder, entry.file)).pipe(response);
}

module.exports = { servePage };
