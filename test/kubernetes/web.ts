import { until } from "../support/until.ts";
import { inOffice } from "./office.ts";
import type { Pod } from "./pod.ts";
import type { Stage } from "./stage/stage.ts";

/** Where all of them listen. */
export const WEB_PORT = 8080;

/** Answers each request with a name and the address that the request came from. */
const SERVE = `
  mkdir -p "$0/cgi-bin"
  printf '%s\\n' '#!/bin/sh' 'printf "Content-Type: text/plain\\n\\n%s" "'"$1"' $REMOTE_ADDR"' >"$0/cgi-bin/who"
  chmod 755 "$0/cgi-bin/who"
  busybox httpd -p ${WEB_PORT} -h "$0"`;

/** Whom a client reached, and the address that it was seen with. */
export interface Answer {
  readonly server: string;
  readonly client: string;
}

/** Serves in a pod, under its name. */
export async function serve(pod: Pod): Promise<void> {
  await pod.run(["sh", "-c", SERVE, `/tmp/www-${pod.name}`, pod.name]);
}

/** Serves on the office's host, as "office". */
export async function serveInOffice(stage: Stage): Promise<void> {
  await inOffice(stage, ["sh", "-c", SERVE, "/nodes/www", "office"]);
}

/** Asks who is there. Throws where nobody answers in 5 s. @param run runs a command where the client is */
export async function ask(
  run: (command: readonly string[]) => Promise<string>,
  address: string,
  port: number,
): Promise<Answer> {
  const url = `http://${address}:${port}/cgi-bin/who`;
  // Not its own -T: Debian's dies of a segmentation fault by it.
  const words = ["busybox", "timeout", "5", "busybox", "wget", "-q", "-O", "-"];
  const [server = "", client = ""] = (await run([...words, url])).split(" ");
  return { server, client: client.replace(/^\[(::ffff:)?|\]$/g, "") };
}

/** Asks until somebody answers: a proxy that has just started may know a service before it knows who is behind it. */
export async function answered(
  run: (command: readonly string[]) => Promise<string>,
  address: string,
  port: number,
): Promise<Answer> {
  let answer: Answer | undefined;
  let said = "";
  await until(
    async () => {
      answer = await ask(run, address, port).catch((error: unknown) => {
        said = String(error);
        return undefined;
      });
      return answer !== undefined;
    },
    { limitSeconds: 300, describe: () => `${address}:${port}: ${said}` },
  );
  return answer!;
}
