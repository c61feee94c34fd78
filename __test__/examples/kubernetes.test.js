"use strict";

// The example with Kubernetes: that its manifests agree with each other and with the server, that kubectl reads them
// where it is installed, and that the probes tell what they should.

const assert = require("node:assert/strict");
const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const { describe, it } = require("node:test");

const { parse, parseAllDocuments } = require("yaml");

const { startPostgres } = require("../../scripts/embedded-postgres.js");
const { exampleFolder } = require("../../scripts/examples.js");
const { readCodeBlocks } = require("../../scripts/markdown.js");
const { until } = require("../support/wait.js");
const { startServer } = require("./example-process.js");
const { assertImageStartsExample } = require("./image.js");
const { findProgram } = require("../support/programs.js");

const NAME = "kubernetes";
const MANIFESTS = path.join(exampleFolder(NAME), "manifests");

/** @param {string} file */
function read(file) {
  return parse(fs.readFileSync(path.join(MANIFESTS, file), "utf8"));
}

/**
 * Everything that is expected is there; there may be more.
 *
 * @param {any} actual
 * @param {any} expected
 * @param {string} where
 */
function assertHasAll(actual, expected, where) {
  if (typeof expected !== "object") {
    assert.equal(actual, expected, where);
    return;
  }
  for (const [key, value] of Object.entries(expected)) {
    assertHasAll(actual?.[key], value, `${where}.${key}`);
  }
}

/** @param {...string} args @returns {string} what kubectl says, without a cluster */
function kubectl(...args) {
  const { status, stdout, stderr } = spawnSync("kubectl", args, {
    encoding: "utf8",
    env: { ...process.env, KUBECONFIG: path.join(MANIFESTS, "none") },
  });
  assert.equal(status, 0, stderr);
  return stdout;
}

describe("the manifests for Kubernetes", () => {
  const readme = fs.readFileSync(
    path.join(exampleFolder(NAME), "README.md"),
    "utf8",
  );
  const kustomization = read("kustomization.yaml");
  const deployment = read("deployment.yaml");
  const service = read("service.yaml");
  const ingress = read("ingress.yaml");
  const budget = read("disruption-budget.yaml");
  const pod = deployment.spec.template;
  const [container] = pod.spec.containers;
  const [port] = container.ports;

  it("are all applied", () => {
    const files = fs
      .readdirSync(MANIFESTS)
      .filter((file) => file !== "kustomization.yaml");
    assert.deepEqual([...kustomization.resources].sort(), files.sort());
  });

  it("select the pods of the deployment", () => {
    const { labels } = pod.metadata;
    assert.deepEqual(deployment.spec.selector.matchLabels, labels);
    assert.deepEqual(service.spec.selector, labels);
    assert.deepEqual(budget.spec.selector.matchLabels, labels);
    assert.ok(deployment.spec.replicas >= 2);
  });

  it("lead from the ingress to the port of the server", () => {
    const [{ backend }] = ingress.spec.rules[0].http.paths;
    assert.equal(backend.service.name, service.metadata.name);
    const [servicePort] = service.spec.ports;
    assert.equal(backend.service.port.name, servicePort.name);
    assert.equal(servicePort.targetPort, port.name);
    const env = new Map(
      container.env.map((/** @type {any} */ each) => [each.name, each]),
    );
    assert.equal(env.get("PORT").value, String(port.containerPort));
  });

  it("keep the requests of a client together", () => {
    assert.equal(service.spec.sessionAffinity, "ClientIP");
    assert.equal(ingress.spec.ingressClassName, "traefik");
    const cookie = "traefik.ingress.kubernetes.io/service.sticky.cookie";
    const { annotations } = service.metadata;
    assert.equal(annotations[cookie], "true");
    assert.match(annotations[`${cookie}.name`], /^\w+$/);
  });

  it("have annotations for ingress-nginx in the README", () => {
    const [block] = readCodeBlocks(path.join(exampleFolder(NAME), "README.md"))
      .filter(({ language }) => language === "yaml")
      .map(({ code }) => parse(code));
    const annotation = (/** @type {string} */ name) =>
      block.metadata.annotations[`nginx.ingress.kubernetes.io/${name}`];
    assert.equal(annotation("affinity"), "cookie");
    // Socket.IO is silent for up to 25 s
    assert.ok(Number(annotation("proxy-read-timeout")) > 25);
    assert.ok(Number(annotation("proxy-send-timeout")) > 25);
  });

  it("take the database from a secret that the README makes", () => {
    const { valueFrom } = container.env.find(
      (/** @type {any} */ each) => each.name === "DATABASE_URL",
    );
    const { name, key } = valueFrom.secretKeyRef;
    assert.ok(
      readme.includes(`create secret generic ${name} --from-literal=${key}=`),
    );
  });

  it("leave time for a graceful shutdown", () => {
    const [program, seconds] = container.lifecycle.preStop.exec.command;
    assert.equal(program, "sleep");
    // the rest is for io.close(), in which a statement may take up to 10 s
    const rest = pod.spec.terminationGracePeriodSeconds - Number(seconds);
    assert.ok(rest > 10);
  });

  it("limit what a server may take and do", () => {
    const { requests, limits } = container.resources;
    assert.deepEqual(Object.keys(requests), Object.keys(limits));
    assert.equal(pod.spec.securityContext.runAsNonRoot, true);
    assert.equal(typeof pod.spec.securityContext.runAsUser, "number");
    assert.equal(container.securityContext.allowPrivilegeEscalation, false);
  });

  it("start an image that has all of the program", () => {
    assertImageStartsExample(NAME);
  });

  const noKubectl = findProgram("kubectl")
    ? false
    : "left out: kubectl is not installed";

  it("are what kubectl understands", { skip: noKubectl }, () => {
    const documents = parseAllDocuments(kubectl("kustomize", MANIFESTS));
    for (const file of kustomization.resources) {
      const expected = read(file);
      const found = documents
        .map((document) => document.toJS())
        .find(({ kind }) => kind === expected.kind);
      assert.deepEqual(found, expected);
    }
    // it changes objects of the kinds that it knows, and loses fields that these do not have
    const local = ["--local", "--output=json", "--filename"];
    const file = (/** @type {string} */ name) => path.join(MANIFESTS, name);
    assertHasAll(
      JSON.parse(
        kubectl("set", "env", ...local, file("deployment.yaml"), "SOME=thing"),
      ),
      deployment,
      "deployment",
    );
    const selector = Object.entries(service.spec.selector)[0]?.join("=") ?? "";
    assertHasAll(
      JSON.parse(
        kubectl("set", "selector", ...local, file("service.yaml"), selector),
      ),
      service,
      "service",
    );
  });

  it("ask the server whether it was connected, and whether it is alive; neither depends on the database after that", async (t) => {
    const postgres = await startPostgres();
    t.after(() => postgres.dispose());
    await postgres.stop();
    const server = await startServer(t, NAME, {
      env: { DATABASE_URL: postgres.connectionString },
    });
    /** @param {string} probe */
    const ask = async (probe) => {
      const response = await fetch(server.url + probe);
      await response.text();
      return response.status;
    };
    const [ready, alive] = [
      container.readinessProbe,
      container.livenessProbe,
    ].map(({ httpGet }) => {
      assert.equal(httpGet.port, port.name);
      return httpGet.path;
    });
    /**
     * @param {string} probe
     * @param {number} status
     */
    const untilAnswer = (probe, status) =>
      until(async () => (await ask(probe)) === status, {
        timeout: 60_000,
        message: `${probe} ${status}`,
      });
    const [, variant = ""] =
      /\*\*The variant\*\* is `([^`]+)`/.exec(readme) ?? [];

    assert.equal(await ask(ready), 503, "not before it was connected");
    assert.equal(await ask(alive), 200);

    await postgres.start();
    await untilAnswer(ready, 200);
    await untilAnswer(variant, 200);

    await postgres.stop();
    await untilAnswer(variant, 503);
    assert.equal(await ask(ready), 200);
    assert.equal(await ask(alive), 200);

    await postgres.start();
    await untilAnswer(variant, 200);
    assert.equal(await ask("/else"), 404);
  });
});
