"use strict";

// The settings of a client, in one of the forms that `pg` takes.

const fs = require("node:fs");
const path = require("node:path");

const USER = "visitor";
const DATABASE = "postgres";

/** "text" is a connection string, "object" contains one, "settings" has separate properties. */
/** @typedef {"settings" | "text" | "object" | "object and ssl"} Form */

class Connection {
  constructor() {
    this.host = "localhost";
    /** `ssl.servername` */
    this.servername = "";
    /** @type {Form} */
    this.form = "settings";
    /** Makes the setting `ssl` out of the trusted certificates. @type {(ca: string) => any} */
    this.makeSsl = (ca) => ({ ca });
    /** False leaves the setting `ssl` out. */
    this.hasSsl = true;
    /** Settings other than `ssl`. @type {Record<string, unknown>} */
    this.further = {};
    /** Parameters of the connection string. @type {Record<string, string>} */
    this.parameters = {};
    /** Parameters that name files, and the contents of these. @type {Record<string, string>} */
    this.files = {};
    /** True puts the trusted certificates into a file that the connection string names. */
    this.namesTrusted = false;
  }

  /**
   * Makes new settings for each client, since `pg` modifies those that it receives.
   *
   * @param {number} port
   * @param {string} ca the trusted certificates
   * @param {string} folder where files may be written
   * @returns {any}
   */
  toSettings(port, ca, folder) {
    const { host, form, further, hasSsl } = this;
    if (form === "text") return this._toText(port, ca, folder);
    /** @type {Record<string, unknown>} */
    const settings =
      form === "settings"
        ? { host, port, user: USER, database: DATABASE, ...further }
        : { connectionString: this._toText(port, ca, folder), ...further };
    if (hasSsl && form !== "object") settings["ssl"] = this._toSsl(ca);
    return settings;
  }

  /** @param {string} ca */
  _toSsl(ca) {
    const { servername } = this;
    const ssl = this.makeSsl(ca);
    return servername && typeof ssl === "object" && !("servername" in ssl)
      ? { ...ssl, servername }
      : ssl;
  }

  /**
   * @param {number} port
   * @param {string} ca
   * @param {string} folder
   */
  _toText(port, ca, folder) {
    const contents = this.namesTrusted
      ? { ...this.files, sslrootcert: ca }
      : this.files;
    const parameters = new URLSearchParams(this.parameters);
    for (const [name, content] of Object.entries(contents)) {
      const file = path.join(folder, `${port}-${name}.pem`);
      fs.writeFileSync(file, content);
      parameters.set(name, file);
    }
    return `postgres://${USER}@${this.host}:${port}/${DATABASE}?${parameters}`;
  }
}

module.exports = { Connection };
