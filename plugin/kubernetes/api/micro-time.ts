/**
 * A MicroTime (meta/v1), which has six digits.
 *
 * @param milliseconds since 1970
 */
export function microTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace("Z", "000Z");
}
