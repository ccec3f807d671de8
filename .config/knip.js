import rooms from "./rooms.json" with { type: "json" };

const sources = Object.keys(rooms).filter((room) => room !== "native");

export default {
  workspaces: {
    ".": {
      entry: [
        "plugin/start.ts",
        "plugin/start-call.ts",
        "plugin/start-ipam.ts",
        "plugin/start-release.ts",
        ".build/*.ts",
        ".config/*.{ts,js,cjs}",
        ".ci/*.cjs",
        "test/**/*.ts",
      ],
      project: [`{${sources.join(",")}}/**/*.ts`],
    },
    // A library of its own, with a package.json.
    native: { project: ["**/*.ts"] },
  },
};
