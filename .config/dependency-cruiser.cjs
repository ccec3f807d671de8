"use strict";
// Who may import whom. Run by .build/check.ts; test/unit/config/arrows.test.ts proves that each rule bites.

/** The rooms, from the ground up, and which others each may import. */
const allowed = require("./rooms.json");

const rooms = Object.keys(allowed);

/** The only files of the sources that start programs. */
const startsPrograms = [
  "^plugin/ike/ca/openssl\\.ts$",
  "^plugin/netfilter/legacy/program\\.ts$",
  "^plugin/install/trial\\.ts$",
  "^plugin/ike/charon/process\\.ts$",
];

/** The files of native/ that talk to the kernel; all others turn values into bytes and back. */
const talksToKernel = [
  "^native/(index|binding|boot|socket|sysctl|lock|lock-holder)\\.ts$",
  "^native/[^/]+/client\\.ts$",
];

const testsAndTools = "^(test|\\.build|\\.config|\\.ci)/";

module.exports = {
  forbidden: [
    {
      name: "no-cycles",
      comment:
        "Two files that need each other are one file, or have a third one inside.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "rooms-in-order",
      comment:
        "Two folders that need each other are one room, or have a third one below.",
      scope: "folder",
      severity: "error",
      from: { path: `^(${rooms.join("|")})(/|$)` },
      to: { circular: true },
    },
    ...rooms.map(arrow),
    {
      name: "native-by-its-index",
      comment: "native/ is a library: what others use of it is in its index.",
      severity: "error",
      from: { path: "^(?!native/)", pathNot: testsAndTools },
      to: { path: "^native/", pathNot: "^native/index\\.ts$" },
    },
    {
      name: "codecs-are-pure",
      comment:
        "Bytes in, bytes out: a codec imports neither the socket, nor the addon, nor anything of Node.",
      severity: "error",
      from: { path: "^native/", pathNot: talksToKernel },
      to: {
        path: [
          "^native/(boot|socket|sysctl|lock|lock-holder)\\.ts$",
          "^native/[^/]+/client\\.ts$",
        ],
      },
    },
    {
      name: "codecs-without-node",
      comment:
        "Only what talks to the kernel uses Node's modules; comparing keys and naming errnos is arithmetic.",
      severity: "error",
      from: { path: "^native/", pathNot: talksToKernel },
      to: { dependencyTypes: ["core"], pathNot: "^(node:)?(crypto|os|util)$" },
    },
    {
      name: "addon-behind-socket",
      comment: "Only what talks to the kernel holds the addon as a value.",
      severity: "error",
      from: { path: "^native/", pathNot: talksToKernel },
      to: { path: "^native/binding\\.ts$", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "mesh-is-pure",
      comment:
        "From the mesh to one node's state: no files, no kernel, no clock. Hashing is arithmetic.",
      severity: "error",
      from: { path: "^plugin/mesh/" },
      to: { dependencyTypes: ["core"], pathNot: "^(node:)?crypto$" },
    },
    {
      name: "mesh-without-kernel",
      comment:
        "The mesh knows the kernel's objects as types and values (ESLint sees to which names of native/), not the kernel.",
      severity: "error",
      from: { path: "^plugin/mesh/" },
      to: { path: ["^plugin/(?!mesh/|owned\\.ts$)", "^ipam/"] },
    },
    {
      name: "programs-in-named-places",
      comment:
        "Starting a program is slow and parses text: only where a plugin or iptables has to be called.",
      severity: "error",
      from: { pathNot: [testsAndTools, ...startsPrograms] },
      to: { dependencyTypes: ["core"], path: "^(node:)?child_process$" },
    },
    {
      name: "addresses-behind-cidr",
      comment:
        "ip-num is abstract classes and binary strings: it stays behind one small module.",
      severity: "error",
      from: {
        pathNot: ["^ip/parse-bytes\\.ts$", testsAndTools, "node_modules"],
      },
      to: { path: "node_modules/ip-num/" },
    },
    {
      name: "no-other-packages",
      comment:
        "ip-num is the only package of a CNI call, the agent has two more, kubeconfigs one, and certificates those of X.509; all others belong to the build and the tests.",
      severity: "error",
      from: { pathNot: [testsAndTools, "node_modules"] },
      to: {
        path: "node_modules",
        pathNot:
          "node_modules/(ip-num|@types/node|@peculiar|asn1js|pino|prom-client|yaml)/",
      },
    },
    {
      name: "packages-of-the-agent",
      comment:
        "A logger and a metrics library take milliseconds and megabytes: only the agent's telemetry uses them.",
      severity: "error",
      from: {
        pathNot: ["^plugin/agent/telemetry/", testsAndTools, "node_modules"],
      },
      to: { path: "node_modules/(pino|prom-client)/" },
    },
    {
      name: "x509-of-certificates",
      comment:
        "The loader keeps these packages, with the room that uses them, out of what a CNI call reads: .build/packages.ts.",
      severity: "error",
      from: { pathNot: ["^plugin/x509/", testsAndTools, "node_modules"] },
      to: { path: "node_modules/(@peculiar|asn1js)/" },
    },
    {
      name: "yaml-of-kubeconfigs",
      comment: "YAML is what others write: ours is JSON.",
      severity: "error",
      from: {
        pathNot: [
          "^plugin/kubernetes/api/kubeconfig\\.ts$",
          testsAndTools,
          "node_modules",
        ],
      },
      to: { path: "node_modules/yaml/" },
    },
    {
      name: "sources-know-no-tests",
      comment: "Nothing that ships imports a test or a build step.",
      severity: "error",
      from: { pathNot: testsAndTools },
      to: { path: testsAndTools },
    },
    {
      name: "no-unresolved",
      comment: "The import leads nowhere.",
      severity: "error",
      from: {},
      // A package of types alone has no JavaScript to lead to.
      to: { couldNotResolve: true, pathNot: "^kubernetes-types/" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^(dist|native/build)/" },
    tsConfig: { fileName: "tsconfig.json" },
    // Imports of types count: a room that knows another's types depends on it.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      extensions: [".ts", ".js", ".mjs", ".cjs", ".json"],
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "types", "default"],
    },
  },
};

/** What a room may not import. */
function arrow(room) {
  const forbidden = rooms.filter(
    (other) => other !== room && !allowed[room].includes(other),
  );
  return {
    name: `${room}-arrow`,
    comment: `${room}/ may import ${allowed[room].join(", ") || "no other room"}.`,
    severity: "error",
    from: { path: `^${room}/` },
    to: { path: forbidden.length > 0 ? `^(${forbidden.join("|")})/` : "^$" },
  };
}
