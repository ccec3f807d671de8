// The main script of the single executable, bundled: runs the program from its compiled form. See .build/code-cache.ts.
"use strict";
const { basename } = require("node:path");
const { getAssetKeys, getRawAsset } = require("node:sea");
const { Script } = require("node:vm");
const { scriptOf } = require("./script-of.ts");

let packages;
const command = process.env.CNI_COMMAND;
const isCall = command !== undefined;
const program = basename(process.argv0);
const name = isCall ? scriptOf(program, command) : "crosslink";
const script = new Script(
  // esbuild writes ASCII only.
  Buffer.from(getRawAsset(`${name}.js`)).latin1Slice(),
  {
    filename: "crosslink.js",
    // A V8 that would not take it compiles the text instead: slower, nothing else.
    cachedData: Buffer.from(getRawAsset(cacheName())),
  },
);
script.runInThisContext()(exports, requireAny, module, __filename, __dirname);

/** The cache of this call, or else that of all functions of the script. */
function cacheName() {
  const trained = `${program} ${command}.cache`;
  return isCall && getAssetKeys().includes(trained) ? trained : `${name}.cache`;
}

/** Node's own modules, and the bundle of what only an agent needs: see .build/packages.ts. */
function requireAny(name) {
  return name === "packages.js"
    ? (packages ??= loadPackages(name))
    : require(name);
}

function loadPackages(name) {
  const text = Buffer.from(getRawAsset(name)).toString("utf8");
  const module = { exports: {} };
  new Script(text, { filename: name }).runInThisContext()(
    module.exports,
    require,
    module,
    __filename,
    __dirname,
  );
  return module.exports;
}
