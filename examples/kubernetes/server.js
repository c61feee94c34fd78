"use strict";

const { createServer } = require("node:http");

const { createAdapter } = require("@socket.io/postgres-adapter-rs");
const { Pool } = require("pg");
const { Server } = require("socket.io");

const { createProbes } = require("./probes.js");

const { DATABASE_URL, PORT = "3000" } = process.env;

const pool = new Pool({ connectionString: DATABASE_URL });
// An idle connection may break at any time. Without a listener that would end the process.
pool.on("error", (err) => console.error(`Pool: ${err.message}`));

const server = createServer(
  createProbes(() => /** @type {any} */ (io.of("/").adapter)),
);

/** @type {Server} */
const io = new Server(server, {
  adapter: createAdapter(pool, {
    errorHandler: (err) => console.error(`Adapter: ${err.message}`),
  }),
});

io.on("connection", (socket) => {
  socket.join("news");
  socket.on("message", (text) => {
    io.to("news").emit("message", text); // reaches the clients of every server
  });
});

server.listen(Number(PORT), () => console.log(`Listening on port ${PORT}`));

async function close() {
  // disconnects the clients, sends what is still to be sent to the other servers, and closes the HTTP server
  await io.close();
  await pool.end();
}

process.once("SIGINT", close);
process.once("SIGTERM", close);
