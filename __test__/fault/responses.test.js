"use strict";

// What others answer to our requests is as little to be trusted as what they send on their own.

const assert = require("node:assert/strict");
const { before, beforeEach, describe, it } = require("node:test");

const { useCluster } = require("../support/cluster.js");
const {
  joinAsImpostor,
  Reports,
  untilListening,
} = require("../support/faults.js");
const { useDatabase } = require("../support/postgres.js");

const FETCH_SOCKETS = 7;
const FETCH_SOCKETS_RESPONSE = 8;
const SERVER_SIDE_EMIT = 9;
const SERVER_SIDE_EMIT_RESPONSE = 10;
const BROADCAST = 3;
const BROADCAST_CLIENT_COUNT = 11;
const BROADCAST_ACK = 12;

const SOCKET = { id: "far", handshake: {}, rooms: ["far"], data: {} };

describe("responses", () => {
  const database = useDatabase();
  const reports = new Reports();
  const cluster = useCluster(database, {
    servers: 1,
    options: { errorHandler: reports.errorHandler },
  });
  before(() => untilListening(database, cluster.client(0)));
  beforeEach(() => reports.clear());

  const unusable = {
    "no data": undefined,
    "no sockets": {},
    "sockets that are null": { sockets: null },
    "sockets that are an object": { sockets: { length: 4_294_967_295 } },
    "a socket that is null": { sockets: [null] },
    "a socket without rooms": { sockets: [{ id: "x" }] },
    "a socket without an id": { sockets: [{ rooms: [] }] },
  };
  for (const [name, data] of Object.entries(unusable)) {
    it(`to fetchSockets with ${name} are no answer`, async (t) => {
      const impostor = await joinAsImpostor(t, database);
      const asked = impostor.next(FETCH_SOCKETS);
      const sockets = cluster.io(0).fetchSockets();
      const { requestId } = (await asked).data;

      await impostor.send(
        FETCH_SOCKETS_RESPONSE,
        data && { requestId, ...data },
      );
      await impostor.send(FETCH_SOCKETS_RESPONSE, {
        requestId,
        sockets: [SOCKET],
      });

      assert.deepEqual(
        (await sockets).map(({ id }) => id),
        [cluster.client(0).id, "far"],
      );
      // without the id of a request it is nobody's response
      assert.deepEqual(reports.codes, data ? ["ERR_MALFORMED_MESSAGE"] : []);
    });
  }

  it("of strangers, for somebody else and of another kind are no answer", async (t) => {
    const impostor = await joinAsImpostor(t, database);
    const asked = impostor.next(FETCH_SOCKETS);
    const sockets = cluster.io(0).fetchSockets();
    const { requestId } = (await asked).data;
    const answer = { requestId, sockets: [SOCKET] };
    const other = requestId.replace(/\d+$/, "999");

    await impostor.send(FETCH_SOCKETS_RESPONSE, answer, "stranger");
    t.after(() => impostor.send(13, undefined, "stranger"));
    await impostor.send(FETCH_SOCKETS_RESPONSE, answer, "");
    await impostor.send(FETCH_SOCKETS_RESPONSE, {
      ...answer,
      requestId: other,
    });
    await impostor.send(BROADCAST_CLIENT_COUNT, { requestId, clientCount: 1 });
    await impostor.send(BROADCAST_ACK, { requestId, packet: [] });
    await impostor.send(SERVER_SIDE_EMIT_RESPONSE, { requestId, packet: [] });
    await impostor.send(FETCH_SOCKETS_RESPONSE, { requestId, sockets: [] });

    assert.equal((await sockets).length, 1);
    assert.deepEqual(reports.codes, []);
  });

  it("that come twice count once", async (t) => {
    const first = await joinAsImpostor(t, database, "first");
    const second = await joinAsImpostor(t, database, "second");
    const asked = first.next(SERVER_SIDE_EMIT);
    const responses = cluster.io(0).serverSideEmitWithAck("how many");
    const { requestId } = (await asked).data;

    await first.send(SERVER_SIDE_EMIT_RESPONSE, { requestId, packet: 1 });
    await first.send(SERVER_SIDE_EMIT_RESPONSE, { requestId, packet: 1 });
    await second.send(SERVER_SIDE_EMIT_RESPONSE, { requestId, packet: 2 });
    await second.send(SERVER_SIDE_EMIT_RESPONSE, { requestId, packet: 2 });

    assert.deepEqual(await responses, [1, 2]);
    assert.deepEqual(reports.codes, []);
  });

  it("that are still due when a server leaves are not waited for", async (t) => {
    const leaving = await joinAsImpostor(t, database, "leaving");
    const asked = leaving.next(SERVER_SIDE_EMIT);
    const responses = cluster.io(0).serverSideEmitWithAck("how many");
    await asked;

    await leaving.send(13);

    assert.deepEqual(await responses, []);
  });

  it("that are no count are no count of clients", async (t) => {
    const impostor = await joinAsImpostor(t, database);
    const asked = impostor.next(BROADCAST);
    cluster.client(0).on("question", (reply) => reply("near"));
    const answers = cluster.io(0).timeout(30_000).emitWithAck("question");
    const { requestId } = (await asked).data;

    for (const clientCount of [null, "1", -1, 0.5, 1e300, [], undefined]) {
      await impostor.send(BROADCAST_CLIENT_COUNT, { requestId, clientCount });
    }
    await impostor.send(BROADCAST_CLIENT_COUNT, { requestId, clientCount: 1 });
    await impostor.send(BROADCAST_ACK, { requestId, packet: "far" });

    assert.deepEqual((await answers).sort(), ["far", "near"]);
    assert.deepEqual(
      reports.codes,
      Array.from({ length: 7 }, () => "ERR_MALFORMED_MESSAGE"),
    );
  });
});
