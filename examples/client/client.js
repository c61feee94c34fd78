"use strict";

// Prints what it hears, and says what is typed.
//   node client.js [address] [transport…]

const { createInterface } = require("node:readline");

const { io } = require("socket.io-client");

const [address = "http://localhost:3000", ...wanted] = process.argv.slice(2);
const transports = wanted.length > 0 ? wanted : ["polling", "websocket"];

// the cookie of a load balancer leads every request to the same server
const socket = io(address, { withCredentials: true, transports });

socket.on("connect", () => console.log(`Connected to ${address}`));
socket.on("connect_error", (err) => console.error(err.message));
socket.on("disconnect", (reason) => console.log(`Disconnected: ${reason}`));
socket.on("message", (text) => console.log(`> ${text}`));

const terminal = createInterface({ input: process.stdin });
terminal.on("line", (line) => socket.emit("message", line));
terminal.on("close", () => socket.disconnect());
