/** An API server refused a request, or gave no answer that could be understood. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** The HTTP status; 0 where there was no answer. */
  readonly status: number;
  /** How long it asks to be left alone. */
  readonly retryAfterMs: number | undefined;

  constructor(
    sentence: string,
    facts: {
      readonly status?: number;
      readonly retryAfterMs?: number | undefined;
      readonly cause?: unknown;
    } = {},
  ) {
    super(sentence, "cause" in facts ? { cause: facts.cause } : {});
    this.status = facts.status ?? 0;
    this.retryAfterMs = facts.retryAfterMs;
  }
}

/** Whether an API server answered with this HTTP status. */
export function isStatus(error: unknown, status: number): boolean {
  return error instanceof ApiError && error.status === status;
}

/** The first cause of a connection that failed, and what an admin may do; Node's codes are of errno(3) and of OpenSSL. */
const CAUSES: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nobody listens there",
  ECONNRESET: "the connection was cut",
  EHOSTUNREACH: "no way leads there",
  ENETUNREACH: "no way leads there",
  ENOTFOUND: "no name server knows the name",
  EAI_AGAIN: "the name server does not answer",
  ETIMEDOUT: "there is no answer: is a firewall or security group in the way?",
  CERT_HAS_EXPIRED:
    "its certificate has expired, or this machine's clock is wrong",
  CERT_NOT_YET_VALID:
    "its certificate is not valid yet: one of the two clocks is wrong",
  ERR_TLS_CERT_ALTNAME_INVALID:
    "its certificate is for other names: use one of those in the URL",
  DEPTH_ZERO_SELF_SIGNED_CERT: "UNKNOWN_CA",
  SELF_SIGNED_CERT_IN_CHAIN: "UNKNOWN_CA",
  UNABLE_TO_GET_ISSUER_CERT: "UNKNOWN_CA",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "UNKNOWN_CA",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "UNKNOWN_CA",
  CERT_SIGNATURE_FAILURE: "UNKNOWN_CA",
};

const UNKNOWN_CA =
  "its certificate is not signed by the authority that is known for it: that has changed, or another server answers";

/** Why there was no answer, in words. */
export function connectionError(request: string, error: unknown): ApiError {
  const code =
    error instanceof Error && "code" in error ? String(error.code) : "";
  const known = CAUSES[code];
  const why = known === "UNKNOWN_CA" ? UNKNOWN_CA : known;
  const text = error instanceof Error ? error.message : String(error);
  const facts = why === undefined ? text : `${why} (${code})`;
  return new ApiError(`Cannot ${request}: ${facts}`, { cause: error });
}

/** What a Kubernetes `Status` says (meta/v1). */
interface Status {
  readonly message?: unknown;
  readonly details?: { readonly retryAfterSeconds?: unknown };
}

/**
 * What an answer with a status of 400 and above means.
 *
 * @param retryAfter the header, in seconds; a date in it is passed over, since clocks differ
 */
export function refusal(
  request: string,
  status: number,
  { text, retryAfter }: { readonly text: string; readonly retryAfter?: string },
): ApiError {
  const said = parseStatus(text);
  const seconds = Number(retryAfter ?? said?.details?.retryAfterSeconds ?? NaN);
  const message =
    typeof said?.message === "string" ? said.message.slice(0, 600) : "";
  const words = status === 401 ? NOT_KNOWN : message;
  return new ApiError(
    `Cannot ${request}: ${String(status)}${words === "" ? "" : `: ${words}`}`,
    {
      status,
      retryAfterMs: seconds >= 0 ? Math.min(seconds, 600) * 1000 : undefined,
    },
  );
}

const NOT_KNOWN = "the token is not accepted: it has expired, or was revoked";

function parseStatus(text: string): Status | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
