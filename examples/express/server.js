"use strict";

const { createServer } = require("node:http");

const { createAdapter } = require("@socket.io/postgres-adapter-rs");
const express = require("express");
const { Server } = require("socket.io");

const { DATABASE_URL, PORT = "3000" } = process.env;
if (!DATABASE_URL) {
  throw new Error("Set DATABASE_URL to a PostgreSQL connection string.");
}

const app = express();
// Both need the HTTP server, therefore not app.listen().
const server = createServer(app);
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

// disconnects the clients, sends the rest to the other servers, and closes the HTTP server
const close = () => io.close();
process.once("SIGINT", close);
process.once("SIGTERM", close);
