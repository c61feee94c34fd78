"use strict";

const { createServer } = require("node:http");

const { createAdapter } = require("@socket.io/postgres-adapter-rs");
const { Pool } = require("pg");
const { register } = require("prom-client");
const { Server } = require("socket.io");

const { registerMetrics } = require("./metrics.js");

const { DATABASE_URL, PORT = "3000" } = process.env;

const pool = new Pool({ connectionString: DATABASE_URL });
// An idle connection may break at any time. Without a listener that would end the process.
pool.on("error", (err) => console.error(`Pool: ${err.message}`));

const server = createServer(async (request, response) => {
  if (request.url !== "/metrics") {
    response.writeHead(404).end();
    return;
  }
  response.setHeader("content-type", register.contentType);
  response.end(await register.metrics());
});

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

/** @typedef {import("@socket.io/postgres-adapter-rs").PostgresAdapter} PostgresAdapter */
registerMetrics(register, /** @type {PostgresAdapter} */ (io.of("/").adapter));

server.listen(Number(PORT), () => console.log(`Listening on port ${PORT}`));

async function close() {
  await io.close();
  await pool.end();
}

process.once("SIGINT", close);
process.once("SIGTERM", close);
