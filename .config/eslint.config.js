import js from "@eslint/js";
import tseslint from "typescript-eslint";
import allowed from "./rooms.json" with { type: "json" };

const rooms = Object.keys(allowed);
const sources = [
  ...rooms.map((room) => `${room}/**/*.ts`),
  ".build/*.ts",
  ".config/*.ts",
];
const tests = ["test/**/*.ts"];

/** How big things may grow (code lines: comments and blank lines are free). */
const sizes = {
  "max-lines": [
    "error",
    { max: 250, skipBlankLines: true, skipComments: true },
  ],
  "max-lines-per-function": [
    "error",
    { max: 40, skipBlankLines: true, skipComments: true },
  ],
  "max-params": "off",
  "@typescript-eslint/max-params": ["error", { max: 4 }],
  "max-depth": ["error", 3],
  complexity: ["error", 10],
};

/** One place reads the environment, and nobody ends the process: handlers must be able to run in a resident one. */
const processOnly = [
  "error",
  {
    object: "process",
    property: "env",
    message:
      "The front door hands the environment in; cni/environment.ts reads it.",
  },
  {
    object: "process",
    property: "exit",
    message: "Set process.exitCode at the front door, or return a code.",
  },
];

export default tseslint.config(
  { ignores: ["dist/", "node_modules/", "native/build/", "**/generated/"] },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  js.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: {
        project: "tsconfig.json",
        tsconfigRootDir: new URL("..", import.meta.url).pathname,
      },
    },
    rules: {
      eqeqeq: ["error", "always", { null: "ignore" }],
      "no-restricted-imports": [
        "error",
        { name: "process", message: "Use the global." },
        { name: "node:process", message: "Use the global." },
      ],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      // TypeScript lets nobody declare an enum here (erasableSyntaxOnly), and this is the rule that costs most.
      "@typescript-eslint/no-unsafe-enum-assignment": "off",
      // Numbers read as well in a template as strings do; objects and undefined do not.
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", ignoreRestSiblings: true },
      ],
    },
  },
  {
    files: sources,
    rules: { ...sizes, "no-console": "error" },
  },
  {
    files: rooms.map((room) => `${room}/**/*.ts`),
    ignores: ["cni/environment.ts", "plugin/start*.ts"],
    rules: { "no-restricted-properties": processOnly },
  },
  {
    // The arrow check sees imports only; this is the other way to Node's modules.
    files: rooms.map((room) => `${room}/**/*.ts`),
    rules: {
      "no-restricted-syntax": [
        "error",
        {
          selector: "CallExpression[callee.property.name='getBuiltinModule']",
          message:
            "Import it: the build loads slow modules when they are called.",
        },
      ],
    },
  },
  {
    // The arrow check sees files, not names: of native's index, the mesh takes what neither asks the kernel nor changes it.
    files: ["plugin/mesh/**/*.ts"],
    rules: {
      "@typescript-eslint/no-restricted-imports": [
        "error",
        {
          patterns: [
            {
              regex: "native/index\\.ts$",
              allowImportNamePattern:
                "^([A-Z]|sameBytes$|familyOf$|formatAddress$|formatPrefix$)",
              message: "The mesh is pure: types, values and arithmetic only.",
            },
          ],
        },
      ],
    },
  },
  {
    files: [".build/*.ts", ".config/*.ts"],
    rules: { "no-console": "off" },
  },
  {
    files: tests,
    rules: {
      // A describe() block is a function too, and a test may be a long table.
      "max-depth": sizes["max-depth"],
      complexity: sizes.complexity,
      "@typescript-eslint/max-params": sizes["@typescript-eslint/max-params"],
      "max-lines": [
        "error",
        { max: 400, skipBlankLines: true, skipComments: true },
      ],
      "@typescript-eslint/no-non-null-assertion": "off",
      // Tests read JSON that programs printed, and look at how values print.
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/restrict-template-expressions": "off",
      "@typescript-eslint/restrict-plus-operands": "off",
    },
  },
  {
    files: ["**/*.js", "**/*.cjs"],
    languageOptions: {
      sourceType: "module",
      globals: { URL: "readonly", process: "readonly", console: "readonly" },
    },
  },
  {
    files: ["**/*.cjs"],
    languageOptions: {
      sourceType: "commonjs",
      globals: {
        Buffer: "readonly",
        __dirname: "readonly",
        __filename: "readonly",
        exports: "writable",
        module: "writable",
        require: "readonly",
      },
    },
  },
);
