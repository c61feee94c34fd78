"use strict";

// What every server of a cluster can do with the others, whatever their kinds: each test is done from every server.

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");

const { useDatabase } = require("../support/postgres.js");
const { collect, once, until } = require("../support/wait.js");
const { useMixedCluster } = require("./mixed-cluster.js");

/** @typedef {import("./adapters.js").Kind} Kind */
/** @typedef {import("./mixed-cluster.js").MixedCluster} MixedCluster */
/** @typedef {import("./member.js").Member} Member */
/** @typedef {import("./member.js").ClientSocket} ClientSocket */

/** More than fits into a notification, and not all of it one byte a character. */
const LARGE_TEXT = "naïve – 😀 ".repeat(5_000);

const LARGE_BINARY = Buffer.alloc(300_000, Uint8Array.of(0, 1, 254, 255));

/** Long enough for anything that works, in milliseconds. */
const ACK_TIMEOUT_MS = 8_000;

/**
 * @param {MixedCluster} cluster
 * @param {ClientSocket} client
 * @returns {Member} the server that it is connected to
 */
function serverOf(cluster, client) {
  const found = cluster.members.find(({ clients }) => clients.includes(client));
  assert.ok(found);
  return found;
}

/**
 * Collects an event at every client.
 *
 * @param {ClientSocket[]} clients
 * @param {string} event
 */
function collectAll(clients, event) {
  const collected = clients.map((client) => collect(client, event));
  return {
    values: collected.map(({ values }) => values),
    /** @param {number} count of events at each client */
    count: (count) => Promise.all(collected.map((each) => each.count(count))),
  };
}

/** @param {any} value binary content, as whatever it comes out */
function bytesOf(value) {
  assert.ok(value instanceof Uint8Array, `binary content, got ${typeof value}`);
  return Buffer.from(value);
}

/**
 * @param {MixedCluster} cluster
 * @param {ClientSocket[]} clients
 * @param {string} room
 */
async function join(cluster, clients, room) {
  for (const client of clients) {
    const rooms = { rooms: [String(client.id)], local: true };
    await serverOf(cluster, client).call("socketsJoin", rooms, room);
  }
  await untilInRoom(cluster, clients, room);
}

/**
 * Waits until exactly these clients are in a room, as all servers see it.
 *
 * @param {MixedCluster} cluster
 * @param {ClientSocket[]} clients
 * @param {string} room
 */
async function untilInRoom(cluster, clients, room) {
  const expected = clients.map(({ id }) => String(id)).sort();
  for (const member of cluster.members) {
    /** @type {string[]} */
    let found = [];
    await until(
      async () => {
        found = await fetchIds(member, { rooms: [room] });
        return found.join() === expected.join();
      },
      { message: () => `${expected} in ${room}, ${member.name} sees ${found}` },
    );
  }
}

/**
 * @param {Member} member
 * @param {import("./member-server.js").Target} target
 * @returns {Promise<string[]>} sorted
 */
async function fetchIds(member, target) {
  /** @type {{ id: string }[]} */
  const sockets = await member.call("fetchSockets", target);
  return sockets.map(({ id }) => id).sort();
}

/**
 * @param {() => MixedCluster} current
 */
function broadcasts(current) {
  it("sends text to every client", async () => {
    const cluster = current();
    const values = ["text", 1.5, null, { nested: [true, { "": "ü\u2028" }] }];
    for (const sender of cluster.members) {
      const event = `text of ${sender.name}`;
      const arrivals = collectAll(cluster.clients, event);

      await sender.emit({}, event, ...values);

      await arrivals.count(1);
      await cluster.fence(sender);
      for (const arrived of arrivals.values) {
        assert.deepEqual(arrived, [values], event);
      }
    }
  });

  it("sends binary content to every client", async () => {
    const cluster = current();
    for (const sender of cluster.members) {
      const event = `binary of ${sender.name}`;
      const arrivals = collectAll(cluster.clients, event);

      await sender.emit({}, event, Buffer.of(0, 128, 255), {
        deep: [Uint8Array.of(1, 2), "text", Buffer.alloc(0)],
      });

      await arrivals.count(1);
      await cluster.fence(sender);
      for (const arrived of arrivals.values) {
        assert.equal(arrived.length, 1, `${event}, once`);
        const [first, { deep }] = arrived[0];
        assert.deepEqual([...bytesOf(first)], [0, 128, 255]);
        assert.deepEqual([...bytesOf(deep[0])], [1, 2]);
        assert.equal(deep[1], "text");
        assert.equal(bytesOf(deep[2]).length, 0);
      }
    }
  });

  it("sends large text and large binary content to every client", async () => {
    const cluster = current();
    for (const sender of cluster.members) {
      const event = `large of ${sender.name}`;
      const arrivals = collectAll(cluster.clients, event);

      await sender.emit({}, event, { text: LARGE_TEXT });
      await sender.emit({}, event, { bytes: LARGE_BINARY });

      await arrivals.count(2);
      await cluster.fence(sender);
      for (const arrived of arrivals.values) {
        assert.equal(arrived.length, 2, `${event}, once each`);
        // a server of the JavaScript adapter may swap the two
        const text = arrived.find((value) => "text" in value);
        const binary = arrived.find((value) => "bytes" in value);
        assert.ok(text.text === LARGE_TEXT, event);
        assert.ok(bytesOf(binary.bytes).equals(LARGE_BINARY), event);
      }
    }
  });

  it("obeys rooms and exceptions", async () => {
    const cluster = current();
    for (const sender of cluster.members) {
      const room = `room of ${sender.name}`;
      const firsts = cluster.members.map(({ clients }) => clients[0]);
      const members = /** @type {ClientSocket[]} */ (firsts);
      await join(cluster, members, room);
      const except = [String(members.at(-1)?.id)];
      const toRoom = collectAll(cluster.clients, `to ${room}`);
      const notToRoom = collectAll(cluster.clients, `except ${room}`);

      await sender.emit({ rooms: [room], except }, `to ${room}`, 1);
      await sender.emit({ except: [room] }, `except ${room}`, 2);

      await until(() => toRoom.values.flat().length >= members.length - 1, {
        message: `${room}: those in the room`,
      });
      await until(() => notToRoom.values.flat().length >= members.length, {
        message: `${room}: those not in the room`,
      });
      await cluster.fence(sender);
      cluster.clients.forEach((client, index) => {
        const isMember = members.includes(client);
        const isExcepted = except.includes(String(client.id));
        const reached = isMember && !isExcepted ? [1] : [];
        assert.deepEqual(toRoom.values[index], reached, room);
        assert.deepEqual(notToRoom.values[index], isMember ? [] : [2], room);
      });
    }
  });

  it("keeps namespaces apart", async () => {
    const cluster = current();
    /** @type {ClientSocket[]} */
    const chatClients = [];
    for (const member of cluster.members) {
      chatClients.push(await member.connect("/chat"));
    }
    for (const sender of cluster.members) {
      const event = `in chat of ${sender.name}`;
      const inChat = collectAll(chatClients, event);
      const inMain = collectAll(cluster.clients, event);

      await sender.emit({ namespace: "/chat" }, event, 1);

      await inChat.count(1);
      await cluster.fence(sender);
      assert.deepEqual(inMain.values.flat(), []);
      assert.deepEqual(
        inChat.values.flat(),
        chatClients.map(() => 1),
      );
    }
    chatClients.forEach((client) => client.disconnect());
  });

  it("gathers the acknowledgements of all clients", async () => {
    const cluster = current();
    cluster.clients.forEach((client, index) => {
      client.on("question", (value, reply) => reply({ index, value }));
    });
    const target = { timeout: ACK_TIMEOUT_MS };
    for (const sender of cluster.members) {
      const answer = await sender.call("emitWithAck", target, "question", 7);

      const { error, responses } = answer;
      assert.equal(error, null, sender.name);
      responses.sort(
        (/** @type {any} */ a, /** @type {any} */ b) => a.index - b.index,
      );
      assert.deepEqual(
        responses,
        cluster.clients.map((_, index) => ({ index, value: 7 })),
      );
    }
  });

  it("gathers binary and large acknowledgements", async () => {
    const cluster = current();
    cluster.clients.forEach((client, index) => {
      client.on("echo", (_value, reply) =>
        reply(index % 2 ? LARGE_TEXT : LARGE_BINARY),
      );
    });
    const target = { timeout: ACK_TIMEOUT_MS };
    for (const sender of cluster.members) {
      const { error, responses } = await sender.call(
        "emitWithAck",
        target,
        "echo",
        Buffer.of(1),
      );

      assert.equal(error, null, sender.name);
      const { length } = cluster.clients;
      assert.equal(responses.length, length);
      const texts = responses.filter(
        (/** @type {any} */ one) => typeof one === "string",
      );
      const binaries = responses.filter(
        (/** @type {any} */ one) => typeof one !== "string",
      );
      assert.equal(texts.length, length / 2);
      assert.ok(
        texts.every((/** @type {string} */ text) => text === LARGE_TEXT),
      );
      for (const binary of binaries) {
        assert.ok(bytesOf(binary).equals(LARGE_BINARY));
      }
    }
  });

  it("has no acknowledgement of a room without clients", async () => {
    const cluster = current();
    const target = { timeout: ACK_TIMEOUT_MS, rooms: ["nobody"] };
    for (const sender of cluster.members) {
      const answer = await sender.call("emitWithAck", target, "question");
      assert.deepEqual(answer, { error: null, responses: [] }, sender.name);
    }
  });
}

/**
 * @param {() => MixedCluster} current
 */
function socketCommands(current) {
  it("fetches the sockets of all servers", async () => {
    const cluster = current();
    for (const member of cluster.members) {
      /** @type {any[]} */
      const fetched = await member.call("fetchSockets", {});
      assert.equal(fetched.length, cluster.clients.length, member.name);
      for (const client of cluster.clients) {
        const server = serverOf(cluster, client);
        const number = server.clients.indexOf(client);
        const socket = fetched.find(({ id }) => id === client.id);
        assert.ok(socket, `${client.id} in the list of ${member.name}`);
        assert.deepEqual(socket.data, { of: server.name, number });
        assert.deepEqual(socket.handshake.auth, { data: socket.data });
        assert.equal(socket.handshake.query.number, String(number));
        assert.match(socket.handshake.headers.host, /^127\.0\.0\.1:/);
        assert.equal(typeof socket.handshake.issued, "number");
        assert.ok(socket.rooms.includes(client.id));
      }
    }
  });

  it("fetches the sockets of a room", async () => {
    const cluster = current();
    const chosen = cluster.members.map(({ clients }) => clients[1]);
    await join(cluster, /** @type {ClientSocket[]} */ (chosen), "fetched");
    for (const member of cluster.members) {
      const target = { rooms: ["fetched"], except: [String(chosen[0]?.id)] };
      assert.deepEqual(
        await fetchIds(member, target),
        chosen
          .slice(1)
          .map((client) => client?.id)
          .sort(),
      );
      assert.deepEqual(await fetchIds(member, { rooms: ["nobody"] }), []);
    }
  });

  it("fetches sockets whose data is large", async () => {
    const cluster = current();
    /** @type {Map<ClientSocket, string>} and the name of the server */
    const added = new Map();
    for (const member of cluster.members) {
      const data = { text: LARGE_TEXT, of: member.name };
      const client = await member.connect("/", { auth: { data } });
      added.set(client, member.name);
    }
    for (const member of cluster.members) {
      /** @type {any[]} */
      const fetched = await member.call("fetchSockets", {});
      assert.equal(fetched.length, cluster.clients.length + added.size);
      for (const [client, name] of added) {
        const socket = fetched.find(({ id }) => id === client.id);
        assert.equal(socket.data.of, name);
        assert.ok(socket.data.text === LARGE_TEXT);
      }
    }
    added.forEach((_, client) => client.disconnect());
  });

  it("makes sockets join and leave rooms", async () => {
    const cluster = current();
    for (const member of cluster.members) {
      const [room, other] = [`joined by ${member.name}`, "other"];
      const chosen = cluster.members.map(({ clients }) => clients[0]);
      const ids = chosen.map((client) => String(client?.id));

      await member.call("socketsJoin", { rooms: ids }, [room, other]);

      const joined = /** @type {ClientSocket[]} */ (chosen);
      await untilInRoom(cluster, joined, room);
      const arrivals = collectAll(joined, room);
      await member.emit({ rooms: [room] }, room, "here");
      await arrivals.count(1);

      const target = { rooms: [room], except: ids.slice(1) };
      await member.call("socketsLeave", target, room);

      await untilInRoom(cluster, joined.slice(1), room);
      await member.call("socketsLeave", {}, [room, other]);
      await untilInRoom(cluster, [], room);
      await untilInRoom(cluster, [], other);
    }
  });

  it("disconnects sockets", async () => {
    const cluster = current();
    for (const sender of cluster.members) {
      /** @type {ClientSocket[]} */
      const victims = [];
      for (const member of cluster.members) {
        victims.push(await member.connect());
      }
      const gone = victims.map((victim) => once(victim, "disconnect"));
      const target = { rooms: victims.map(({ id }) => String(id)) };

      await sender.call("disconnectSockets", target, true);

      for (const [reason] of await Promise.all(gone)) {
        // the two packets race: the disconnection, and the end of the connection
        assert.match(reason, /^(io server disconnect|transport close)$/);
      }
      assert.ok(cluster.clients.every((client) => client.connected));
    }
  });
}

/**
 * @param {() => MixedCluster} current
 */
function serverSideEvents(current) {
  it("sends server-side events to the other servers", async () => {
    const cluster = current();
    for (const sender of cluster.members) {
      const others = cluster.members.filter((member) => member !== sender);
      const values = [sender.name, LARGE_TEXT, LARGE_BINARY];
      for (const value of values) {
        await sender.call("serverSideEmit", "/", "note", value, { n: 1 });
      }
      await until(() => others.every(({ heard }) => heard.length >= 3), {
        message: () =>
          `${others.map(({ name, heard }) => `${name}: ${heard.length}`)}`,
      });
      await cluster.fence(sender);
      for (const { heard } of others) {
        assert.equal(heard.length, 3);
        const arrived = heard.map(({ args }) => args[0]);
        assert.ok(arrived.includes(sender.name));
        assert.ok(arrived.includes(LARGE_TEXT));
        const binary = arrived.find((value) => typeof value !== "string");
        assert.ok(bytesOf(binary).equals(LARGE_BINARY));
        assert.ok(heard.every(({ args }) => args[1].n === 1));
        heard.splice(0);
      }
      assert.deepEqual(sender.heard, []);
    }
  });

  it("sends server-side events in a namespace", async () => {
    const cluster = current();
    for (const sender of cluster.members) {
      const others = cluster.members.filter((member) => member !== sender);
      await sender.call("serverSideEmit", "/chat", "note", sender.name);
      await until(() => others.every(({ heard }) => heard.length > 0));
      for (const { heard } of others) {
        assert.deepEqual(heard.splice(0), [
          { namespace: "/chat", event: "note", args: [sender.name] },
        ]);
      }
    }
  });

  it("gathers the answers of the other servers", async () => {
    const cluster = current();
    for (const sender of cluster.members) {
      const others = cluster.members.filter((member) => member !== sender);
      const names = others.map(({ name }) => name).sort();
      for (const value of ["small", LARGE_TEXT, LARGE_BINARY]) {
        const answer = await sender.call("ask", "/", "question", value, 2);
        assert.equal(answer.error, null, sender.name);
        /** @type {{ by: string, args: any[] }[]} */
        const responses = answer.responses;
        assert.deepEqual(responses.map(({ by }) => by).sort(), names);
        for (const { args } of responses) {
          assert.equal(args[1], 2);
          if (typeof value === "string") assert.ok(args[0] === value);
          else assert.ok(bytesOf(args[0]).equals(value));
        }
      }
    }
  });
}

/**
 * @param {() => MixedCluster} current
 */
function oddValues(current) {
  it("carries what JSON cannot express, as far as the sender can", async () => {
    const cluster = current();
    for (const sender of cluster.members) {
      const event = `odd of ${sender.name}`;
      const others = cluster.clients.filter(
        (client) => serverOf(cluster, client) !== sender,
      );
      const arrivals = collectAll(others, event);
      const date = new Date(1_700_000_000_123);

      await sender.emit({}, event, {
        buffer: Buffer.of(1),
        date,
        arrayBuffer: Uint8Array.of(1, 2, 3).buffer,
        missing: undefined,
      });

      await arrivals.count(1);
      for (const [value] of arrivals.values) {
        assert.deepEqual([...bytesOf(value.buffer)], [1]);
        assert.equal(value.date, date.toISOString());
        if (sender.kind === "native") {
          assert.deepEqual([...bytesOf(value.arrayBuffer)], [1, 2, 3]);
          assert.ok(!("missing" in value));
        } else {
          // the JavaScript adapter writes it as an object without members, and "undefined" as null
          assert.deepEqual(value.arrayBuffer, {});
          assert.equal(value.missing, null);
        }
      }
    }
  });
}

/**
 * @param {Kind[]} kinds of the servers of the cluster
 */
function describeMixedCluster(kinds) {
  describe(`a cluster of ${kinds.join(", ")}`, () => {
    const cluster = useMixedCluster(useDatabase(), kinds, {
      namespaces: ["/chat"],
    });

    broadcasts(cluster);
    socketCommands(cluster);
    serverSideEvents(cluster);
    oddValues(cluster);

    it("has reported no error anywhere", () => {
      for (const { name, errors } of cluster().members) {
        assert.deepEqual(errors, [], name);
      }
    });
  });
}

module.exports = { describeMixedCluster };
