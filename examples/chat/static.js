"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { urlOf } = require("./router.js");

const folder = path.join(__dirname, "public");

/** The whole site. Anything else is not found, so that no path can lead out of the folder. */
const FILES = new Map([
  ["/", { file: "index.html", type: "text/html; charset=utf-8" }],
  ["/style.css", { file: "style.css", type: "text/css; charset=utf-8" }],
  ["/chat.js", { file: "chat.js", type: "text/javascript; charset=utf-8" }],
  ["/view.js", { file: "view.js", type: "text/javascript; charset=utf-8" }],
  [
    "/experiments.js",
    { file: "experiments.js", type: "text/javascript; charset=utf-8" },
  ],
  ["/icon.svg", { file: "icon.svg", type: "image/svg+xml" }],
]);

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
