import { CniError, ErrorCode } from "../../../cni/error.ts";
import { manifestTexts } from "../../../conf/generated/manifests.ts";
import { requireClusterName } from "../../kubernetes/names.ts";
import type { Terminal } from "../command.ts";
import type { Options } from "../options.ts";

/** What the files in conf/ops/ call the image. */
const IMAGE = "image: crosslink:0.1.0";

const PUBLISH = "command: [/usr/bin/crosslink, publish]";

/** `crosslink install --kubernetes --output yaml`: prints what `kubectl apply` is to be given, and touches nothing. */
export function printManifests(options: Options, terminal: Terminal): number {
  requireYaml(options);
  const { image, name } = options;
  if (name !== undefined) requireClusterName(name);
  const texts = manifestTexts().map((text) =>
    text
      .replaceAll(IMAGE, image === undefined ? IMAGE : imageLine(image))
      .replace(PUBLISH, name === undefined ? PUBLISH : publishLine(name)),
  );
  terminal.writeStdout(texts.join("---\n"));
  return 0;
}

function requireYaml({ output, root, conflist, json, flags }: Options): void {
  const [stray] = [
    root === undefined ? [] : ["--root"],
    conflist === undefined ? [] : ["--conflist"],
    json ? ["--json"] : [],
    [...flags].filter((flag) => flag !== "kubernetes").map((f) => `--${f}`),
  ].flat();
  if (output === "yaml" && stray === undefined) return;
  throw new CniError(
    ErrorCode.invalidConfiguration,
    stray === undefined
      ? "Cannot install to Kubernetes: say --output yaml"
      : `Cannot read the command line: ${stray} is of this node, --kubernetes of the cluster`,
    {
      details:
        "type `crosslink install --kubernetes --name CLUSTER --image IMAGE --output yaml | kubectl apply -f -`",
    },
  );
}

/** Quoted: whatever it is, it stays one word of YAML. */
function imageLine(image: string): string {
  return `image: ${JSON.stringify(image)}`;
}

/** An object of a kind cannot be applied together with its kind: the publisher makes this cluster's own. */
function publishLine(name: string): string {
  return PUBLISH.replace("]", `, --name, ${JSON.stringify(name)}]`);
}
