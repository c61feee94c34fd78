"use strict";

const { PostgresAdapter } = require("./lib/adapter");
const { createAdapter } = require("./lib/create-adapter");

const { Emitter } = require("./lib/emitter");

exports.createAdapter = createAdapter;
exports.PostgresAdapter = PostgresAdapter;
exports.Emitter = Emitter;
