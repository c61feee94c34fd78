"use strict";

// A PostgreSQL of its own that speaks TLS, and shows whatever certificate a test wants.

const { X509Certificate } = require("node:crypto");
const net = require("node:net");
const tls = require("node:tls");

const { Client } = require("pg");

const { startPostgres } = require("../../scripts/embedded-postgres.js");
const { writeData } = require("./own-server.js");
const { until } = require("./wait.js");

/** What a client says to a server to begin TLS. */
const SSL_REQUEST = Buffer.from("0000000804d2162f", "hex");

/** Who may come in how: by TLS alone, with a certificate, and the owner in any way. */
const ACCESS_RULES = `
hostssl all visitor   all trust
hostssl all certified all cert
local   all postgres      trust
host    all postgres  all scram-sha-256
`;

/** @typedef {import("./certificates.js").Identity} Identity */

class TlsServer {
  /** @param {import("../../scripts/embedded-postgres.js").EmbeddedPostgres} postgres */
  constructor(postgres) {
    this._postgres = postgres;
    this.port = postgres.port;
    this._admin = new Client({ connectionString: postgres.connectionString });
    this._admin.on("error", () => {});
  }

  /**
   * @param {Identity} identity to begin with
   * @param {Identity} clientAuthority who certifies clients
   */
  async prepare(identity, clientAuthority) {
    await writeData(this._postgres, "root.crt", clientAuthority.pem);
    await writeData(this._postgres, "server.crt", identity.pem);
    await writeData(this._postgres, "server.key", identity.keyPem);
    await writeData(this._postgres, "pg_hba.conf", ACCESS_RULES);
    await this._admin.connect();
    await this._admin.query("CREATE ROLE visitor LOGIN");
    await this._admin.query("CREATE ROLE certified LOGIN");
    // the engine makes its table
    await this._admin.query("GRANT CREATE ON SCHEMA public TO PUBLIC");
    await this._admin.query("ALTER SYSTEM SET ssl_ca_file = 'root.crt'");
    await this._admin.query("ALTER SYSTEM SET ssl = on");
    await this.show(identity);
  }

  /** Who logs in with a password, by SCRAM. */
  get owner() {
    const { user, password, database } = this._postgres;
    return { user, password, database };
  }

  /**
   * @param {string} sql
   * @param {unknown[]} [values]
   * @returns {Promise<any[]>} the rows
   */
  async query(sql, values) {
    return (await this._admin.query(sql, values)).rows;
  }

  /**
   * From now on the server identifies itself like this.
   * @param {Identity} identity
   * @param {Identity[]} [sentAlong]
   */
  async show(identity, sentAlong = []) {
    const chain = [identity, ...sentAlong].map(({ pem }) => pem).join("");
    await writeData(this._postgres, "server.crt", chain);
    await writeData(this._postgres, "server.key", identity.keyPem);
    await this._admin.query("SELECT pg_reload_conf()");
    const wanted = new X509Certificate(identity.pem).fingerprint256;
    await until(async () => (await this._shown()) === wanted, {
      message: "the server with its new certificate",
    });
  }

  /** @returns {Promise<string | undefined>} the fingerprint of the certificate that is shown now */
  _shown() {
    return new Promise((resolve) => {
      const socket = net.connect(this.port, "127.0.0.1");
      socket.once("error", () => resolve(undefined));
      socket.once("connect", () => socket.write(SSL_REQUEST));
      socket.once("data", (answer) => {
        if (answer.toString() !== "S") {
          socket.destroy();
          return resolve(undefined);
        }
        const secured = tls.connect({ socket, rejectUnauthorized: false });
        secured.once("error", () => resolve(undefined));
        secured.once("secureConnect", () => {
          resolve(secured.getPeerCertificate().fingerprint256);
          secured.destroy();
        });
      });
    });
  }

  async dispose() {
    await this._admin.end();
    await this._postgres.dispose();
  }
}

/**
 * @param {Identity} identity
 * @param {Identity} clientAuthority
 */
async function startTlsServer(identity, clientAuthority) {
  const server = new TlsServer(await startPostgres());
  try {
    await server.prepare(identity, clientAuthority);
    return server;
  } catch (err) {
    await server.dispose();
    throw err;
  }
}

module.exports = { startTlsServer, TlsServer };
