// The main script of the single executable: runs the bundle from its compiled form. See .build/code-cache.ts.
"use strict";
const { getRawAsset } = require("node:sea");
const { Script } = require("node:vm");

const script = new Script(
  // esbuild writes ASCII only.
  Buffer.from(getRawAsset("crosslink.js")).latin1Slice(),
  {
    filename: "crosslink.js",
    // A V8 that would not take it compiles the text instead: slower, nothing else.
    cachedData: Buffer.from(getRawAsset("crosslink.cache")),
  },
);
script.runInThisContext()(exports, require, module, __filename, __dirname);
