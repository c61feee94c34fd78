import { createAdapter } from "@socket.io/postgres-adapter-rs";
import fastify from "fastify";
import { Pool } from "pg";
import { Server } from "socket.io";

const { DATABASE_URL, PORT = "3000" } = process.env;

// The pool of your application: the adapter reads its settings and leaves its connections to you.
const pool = new Pool({ connectionString: DATABASE_URL });
// An idle connection may break at any time. Without a listener that would end the process.
pool.on("error", (err) => console.error(`Pool: ${err.message}`));

const app = fastify();
const io = new Server(app.server, {
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
// the clients and sends what is still to be sent to the other servers.
app.addHook("preClose", () => io.close());
app.addHook("onClose", () => pool.end());

await app.listen({ port: Number(PORT), host: "0.0.0.0" });
console.log(`Listening on port ${PORT}`);

const close = () => app.close();
process.once("SIGINT", close);
process.once("SIGTERM", close);
