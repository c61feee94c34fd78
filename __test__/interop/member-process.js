"use strict";

const { serve } = require("./member-server.js");

/** @type {import("./member-server.js").MemberOptions} */
const options = JSON.parse(process.argv[2] ?? "{}");

serve(require(options.socketIo ?? "socket.io").Server, options);
