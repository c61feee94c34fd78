"use strict";

const { createServer } = require("node:http");

const { createAdapter } = require("@socket.io/postgres-adapter-rs");
const express = require("express");
const { Pool } = require("pg");
const { Server } = require("socket.io");

const { DATABASE_URL, PORT = "3000" } = process.env;

// The pool of your application: the adapter reads its settings and leaves its connections to you.
const pool = new Pool({ connectionString: DATABASE_URL });
// An idle connection may break at any time. Without a listener that would end the process.
pool.on("error", (err) => console.error(`Pool: ${err.message}`));

const app = express();
// Both need the HTTP server, therefore not app.listen().
const server = createServer(app);
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

// A request to any server reaches the clients of all of them.
app.post("/messages", express.json(), (request, response) => {
  const text = request.body?.text;
  if (typeof text !== "string") {
    response.status(400).json({ error: "text must be a string" });
    return;
  }
  io.to("news").emit("message", text);
  response.status(202).end();
});

server.listen(Number(PORT), () => console.log(`Listening on port ${PORT}`));

async function close() {
  // disconnects the clients, sends what is still to be sent to the other servers, and closes the HTTP server
  await io.close();
  await pool.end();
}

process.once("SIGINT", close);
process.once("SIGTERM", close);
