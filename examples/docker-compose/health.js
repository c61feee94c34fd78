"use strict";

// Ends well if the server in this container answers: for the health check of compose.yaml.

const { PORT = "3000" } = process.env;

async function check() {
  const { ok } = await fetch(`http://127.0.0.1:${PORT}/health`);
  process.exitCode = ok ? 0 : 1;
}

void check(); // no answer ends the process with 1 as well
