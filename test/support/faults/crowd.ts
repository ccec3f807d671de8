/** Runs `work` for every item, so many at a time; the results in the items' order. */
export async function crowd<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index]!);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}

/** Starts `work` again and again until it is stopped; then tells how often, and what failed. */
export function forever<Result>(work: () => Promise<Result>): {
  readonly stop: () => Promise<Result[]>;
} {
  const results: Result[] = [];
  let stopped = false;
  const loop = async (): Promise<void> => {
    while (!stopped) results.push(await work());
  };
  const running = loop();
  return {
    stop: async () => {
      stopped = true;
      await running;
      return results;
    },
  };
}

/** Prints a line of counts: how many were tried, and how many were lost. */
export function count(what: string, tried: number, lost: number): void {
  process.stdout.write(`faults: ${what}: ${tried} tried, ${lost} lost\n`);
}
