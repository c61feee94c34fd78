"use strict";

const { PostgresAdapter } = require("./lib/adapter");
const { createAdapter } = require("./lib/create-adapter");

exports.createAdapter = createAdapter;
exports.PostgresAdapter = PostgresAdapter;
