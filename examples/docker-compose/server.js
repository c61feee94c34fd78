"use strict";

const { createServer } = require("node:http");
const { hostname } = require("node:os");

const { createAdapter } = require("@socket.io/postgres-adapter-rs");
const { Server } = require("socket.io");

const { DATABASE_URL, PORT = "3000" } = process.env;
if (!DATABASE_URL) {
  throw new Error("Set DATABASE_URL to a PostgreSQL connection string.");
}

const server = createServer((request, response) => {
  // for the health check: this process serves
  response.writeHead(request.url === "/health" ? 200 : 404).end();
});

const io = new Server(server, {
  adapter: createAdapter(DATABASE_URL, {
    errorHandler: (err) => console.error(err.code, err.message),
  }),
});

io.on("connection", (socket) => {
  // in a container that is its id: `docker compose logs` shows who serves whom
  console.log(`${hostname()} has a client`);
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
