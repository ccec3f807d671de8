import { get } from "node:http";

/** What is answered at a Unix socket to `GET path`. */
export function scrape(
  socketPath: string,
  path = "/metrics",
): Promise<{ readonly status: number | undefined; readonly text: string }> {
  return new Promise((resolve, reject) => {
    get({ socketPath, path, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      response.on("end", () => {
        resolve({ status: response.statusCode, text });
      });
    }).on("error", reject);
  });
}

/** The value of one series, labels as the text has them; undefined where it is not there. */
export function sample(text: string, series: string): number | undefined {
  const line = text
    .split("\n")
    .find((candidate) => candidate.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}
