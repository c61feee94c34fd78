"use strict";

const path = require("node:path");
const ts = require("typescript");

const root = path.join(__dirname, "..", "..");

/** The ways in which TypeScript finds a package, as `module` and `moduleResolution`. */
const RESOLUTIONS = /** @type {const} */ ([
  ["node16", "node16"],
  ["nodenext", "nodenext"],
  ["esnext", "bundler"],
]);

/**
 * Declarations in node_modules are skipped, some of which are faulty; those of this package have a check of their own.
 *
 * @param {string[]} files
 * @param {Record<string, unknown>} options as in a tsconfig.json
 * @returns {string[]} what is wrong, such as `README.md-11.cjs:4: Cannot find name 'oi'.`
 */
function typeErrors(files, options) {
  const settings = {
    strict: true,
    skipLibCheck: true,
    noEmit: true,
    target: "es2022",
    module: "node16",
    types: ["node"],
    ...options,
  };
  const { options: read, errors } = ts.convertCompilerOptionsFromJson(
    settings,
    root,
  );
  const program = ts.createProgram(files, read);
  return [...errors, ...ts.getPreEmitDiagnostics(program)].map(describe);
}

/** @param {ts.Diagnostic} diagnostic */
function describe({ file, start, messageText }) {
  const text = ts.flattenDiagnosticMessageText(messageText, "\n");
  if (file === undefined || start === undefined) return text;
  const { line } = file.getLineAndCharacterOfPosition(start);
  return `${path.basename(file.fileName)}:${line + 1}: ${text}`;
}

module.exports = { RESOLUTIONS, typeErrors };
