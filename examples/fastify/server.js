import { createAdapter } from "@socket.io/postgres-adapter-rs";
import fastify from "fastify";
import { Server } from "socket.io";

const { DATABASE_URL, PORT = "3000" } = process.env;
if (!DATABASE_URL) {
  throw new Error("Set DATABASE_URL to a PostgreSQL connection string.");
}

const app = fastify();
const io = new Server(app.server, {
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

const message = {
  type: "object",
  required: ["text"],
  properties: { text: { type: "string" } },
};

// A request to any server reaches the clients of all of them.
app.post("/messages", { schema: { body: message } }, (request, reply) => {
  const { text } = /** @type {{ text: string }} */ (request.body);
  io.to("news").emit("message", text);
  reply.code(202).send();
});

// Before Fastify waits for its connections to end, which those of WebSockets never do by themselves: this disconnects
// the clients and sends the rest to the other servers.
app.addHook("preClose", () => io.close());

await app.listen({ port: Number(PORT), host: "0.0.0.0" });
console.log(`Listening on port ${PORT}`);

const close = () => app.close();
process.once("SIGINT", close);
process.once("SIGTERM", close);
