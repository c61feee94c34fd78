"use strict";

const { createServer } = require("node:http");

const { createAdapter } = require("@socket.io/postgres-adapter-rs");
const { Server } = require("socket.io");

const { DATABASE_URL, PORT = "3000" } = process.env;
if (!DATABASE_URL) {
  throw new Error("Set DATABASE_URL to a PostgreSQL connection string.");
}

// Socket.IO answers what begins with /socket.io/, this function everything else.
const server = createServer((request, response) => {
  response.writeHead(404).end();
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

server.listen(Number(PORT), () => console.log(`Listening on port ${PORT}`));

// disconnects the clients, sends the rest to the other servers, and closes the HTTP server
const close = () => io.close();
process.once("SIGINT", close);
process.once("SIGTERM", close);
