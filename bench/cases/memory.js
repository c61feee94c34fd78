"use strict";

const { point } = require("./point");

/** @type {import("./index").Case} two servers that know each other and do nothing, and one without a cluster */
const memory = {
  name: "memory",
  title: "memory when idle",
  kind: "memory",
  points: [point()],
  quickPoints: [""],
};

module.exports = { memory };
