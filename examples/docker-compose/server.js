"use strict";

const { createServer } = require("node:http");
const { hostname } = require("node:os");

const { createAdapter } = require("@socket.io/postgres-adapter-rs");
const { Pool } = require("pg");
const { Server } = require("socket.io");

const { DATABASE_URL, PORT = "3000" } = process.env;

const pool = new Pool({ connectionString: DATABASE_URL });
// An idle connection may break at any time. Without a listener that would end the process.
pool.on("error", (err) => console.error(`Pool: ${err.message}`));

const server = createServer((request, response) => {
  // for the health check: this process serves
  response.writeHead(request.url === "/health" ? 200 : 404).end();
});

const io = new Server(server, {
  adapter: createAdapter(pool, {
    errorHandler: (err) => console.error(`Adapter: ${err.message}`),
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

async function close() {
  // disconnects the clients, sends what is still to be sent to the other servers, and closes the HTTP server
  await io.close();
  await pool.end();
}

process.once("SIGINT", close);
process.once("SIGTERM", close);
