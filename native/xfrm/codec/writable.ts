/** The same, while it is being filled. */
export type Writable<Value> = { -readonly [Key in keyof Value]: Value[Key] };
