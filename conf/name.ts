/** What a cluster or a node may be called: schema/cluster.schema.json. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/;

/** Whether a cluster file could have this name. */
export function isName(text: string): boolean {
  return NAME.test(text);
}
