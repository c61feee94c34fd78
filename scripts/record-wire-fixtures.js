"use strict";

/**
 * Records what servers of `@socket.io/postgres-adapter` and `@socket.io/postgres-emitter` send, for
 * `__test__/interop/golden.test.js` to replay and to compare with.
 *
 * Usage: node scripts/record-wire-fixtures.js
 */

const { writeFile, mkdir } = require("node:fs/promises");
const path = require("node:path");

const { Client } = require("pg");
const { format } = require("prettier");

const {
  CREATE_TABLE,
  createAdapterOf,
} = require("../__test__/interop/adapters.js");
const { captureEmitter } = require("../__test__/interop/wire-emitter.js");
const {
  captureServer,
  CHANNEL,
} = require("../__test__/interop/wire-scenario.js");
const { startPostgres } = require("./embedded-postgres.js");

/** @typedef {import("../__test__/interop/wire-scenario.js").Captured} Captured */

const FOLDER = path.join(__dirname, "../__test__/fixtures/wire");

/** What decides the content of the messages, beside the package itself. */
const INVOLVED = ["socket.io", "socket.io-adapter", "@msgpack/msgpack"];

/** Recorded for both: in the notification where it fits, and all of it through the table. */
const FORMS = [
  { form: "inline", payloadThreshold: 8000 },
  { form: "attachment", payloadThreshold: 1 },
];

/** What is random is replaced by something of the same length, so that no length in a row changes. */
const SERVER_UID = "5e1f5e1f5e1f5e1f";
const SOCKET_ID = "a-socket-of-this-one";
const REQUEST_ID = "4e904e904e904e9";

/**
 * One message as it travelled.
 *
 * @typedef {object} Message
 * @property {string} form how the sender was told to send; binary content goes through the table anyway
 * @property {string} name what was done
 * @property {number} type
 * @property {string} payload of the notification
 * @property {string} [row] what is in the table, in hexadecimal digits
 */

/** @param {string} name of an installed package */
function versionOf(name) {
  return require(`${name}/package.json`).version;
}

/**
 * @param {Captured[]} messages
 * @returns {[string, string][]} the random request ids, and what stands for them
 */
function requestIds(messages) {
  return messages
    .map(({ decoded }) => decoded.message.data?.requestId)
    .filter(
      (id) => /^[0-9a-f]{16}$/.test(id) && !id.startsWith("0123456789abcde"),
    )
    .map((id, index) => [id, REQUEST_ID + index]);
}

/**
 * @param {string} text or bytes, each as a character
 * @param {[string, string][]} replacements
 */
function replaceAll(text, replacements) {
  return replacements.reduce((result, [from, to]) => {
    if (from.length !== to.length) throw new Error(`${from} and ${to}`);
    return result.replaceAll(from, to);
  }, text);
}

/**
 * @param {string} form
 * @param {Captured[]} captured
 * @param {[string, string][]} replacements
 * @returns {Message[]}
 */
function toMessages(form, captured, replacements) {
  return captured.map(({ name, type, decoded }) => {
    const { payload, row } = decoded.sent;
    const text = replaceAll(payload, replacements);
    const bytes = row && replaceAll(row.toString("latin1"), replacements);
    return {
      form,
      name,
      type,
      payload: text,
      ...(bytes && { row: Buffer.from(bytes, "latin1").toString("hex") }),
    };
  });
}

/**
 * Numbers the rows as if nothing else had been in the table.
 *
 * @param {Message[]} messages
 */
function renumberRows(messages) {
  let count = 0;
  for (const message of messages) {
    message.payload = message.payload.replace(
      /"attachmentId":"\d+"/,
      () => `"attachmentId":"${(count += 1)}"`,
    );
  }
}

/**
 * @param {string} connectionString
 * @param {import("../__test__/interop/adapters.js").Kind} kind
 */
async function recordAdapter(connectionString, kind) {
  /** @type {Message[]} */
  const messages = [];
  for (const { form, payloadThreshold } of FORMS) {
    const captured = await captureServer(
      createAdapterOf(kind),
      connectionString,
      { payloadThreshold },
    );
    messages.push(
      ...toMessages(form, captured.messages, [
        [captured.uid, SERVER_UID],
        [captured.socketId, SOCKET_ID],
        ...requestIds(captured.messages),
      ]),
    );
  }
  return messages;
}

/** @param {string} connectionString */
async function recordEmitter(connectionString) {
  /** @type {Message[]} */
  const messages = [];
  for (const { form, payloadThreshold } of FORMS) {
    const captured = await captureEmitter(connectionString, {
      payloadThreshold,
    });
    messages.push(...toMessages(form, captured, []));
  }
  return messages;
}

/**
 * @param {string} file
 * @param {string} packageName
 * @param {Message[]} messages
 */
async function save(file, packageName, messages) {
  renumberRows(messages);
  const content = {
    package: packageName,
    channel: CHANNEL,
    with: Object.fromEntries(INVOLVED.map((name) => [name, versionOf(name)])),
    messages,
  };
  const text = await format(JSON.stringify(content), { parser: "json" });
  await writeFile(path.join(FOLDER, file), text);
  console.log("%s: %d messages", file, messages.length);
}

/** @param {string} connectionString */
async function recordAll(connectionString) {
  const client = new Client({ connectionString });
  await client.connect();
  await client.query(CREATE_TABLE);
  await client.end();
  await mkdir(FOLDER, { recursive: true });
  await save(
    "adapter-0.5.json",
    `@socket.io/postgres-adapter ${versionOf("@socket.io/postgres-adapter")}`,
    await recordAdapter(connectionString, "js-0.5"),
  );
  await save(
    "adapter-0.4.json",
    `@socket.io/postgres-adapter ${versionOf("postgres-adapter-0.4")}`,
    await recordAdapter(connectionString, "js-0.4"),
  );
  await save(
    "emitter-0.1.json",
    `@socket.io/postgres-emitter ${versionOf("@socket.io/postgres-emitter")}`,
    await recordEmitter(connectionString),
  );
}

async function main() {
  const server = await startPostgres();
  try {
    await recordAll(server.connectionString);
  } finally {
    await server.dispose();
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
