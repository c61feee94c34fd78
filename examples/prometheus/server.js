"use strict";

const { createServer } = require("node:http");

const { createAdapter } = require("@socket.io/postgres-adapter-rs");
const { register } = require("prom-client");
const { Server } = require("socket.io");

const { registerMetrics } = require("./metrics.js");

const { DATABASE_URL, PORT = "3000" } = process.env;
if (!DATABASE_URL) {
  throw new Error("Set DATABASE_URL to a PostgreSQL connection string.");
}

const server = createServer(async (request, response) => {
  if (request.url !== "/metrics") {
    response.writeHead(404).end();
    return;
  }
  response.setHeader("content-type", register.contentType);
  response.end(await register.metrics());
});

const io = new Server(server, {
  adapter: createAdapter(DATABASE_URL, {
    errorHandler: (err) => console.error(err.code, err.message),
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

const close = () => io.close();
process.once("SIGINT", close);
process.once("SIGTERM", close);
