/** What the server says of a request that it refused. `code` does not change from release to release. */
export class ServerError extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly code: string,
    /** Where in the request, from the outside in. */
    readonly location: readonly string[] = [],
  ) {
    super(message);
    this.name = "ServerError";
  }
}

/** The answer ended before its rows did. What came before is right as far as it goes. */
export class TruncatedError extends Error {
  constructor(cause?: unknown) {
    super("The answer broke off before its end.", { cause });
    this.name = "TruncatedError";
  }
}

/** No answer came at all. */
export class ConnectionError extends Error {
  constructor(cause?: unknown) {
    super("The server does not answer. It may be stopping or starting.", { cause });
    this.name = "ConnectionError";
  }
}

/** The error body that all calls and the live socket share. */
export interface ErrorFields {
  code: string;
  message: string;
  location?: readonly unknown[];
}

export function serverError({ code, message, location = [] }: ErrorFields, status = 0): ServerError {
  return new ServerError(message, status, code, location.map(String));
}

/** Reads the error body of an answer; what is none of it is told by its status. */
export async function readServerError(answer: Response): Promise<ServerError> {
  const text = await answer.text().catch(() => "");
  try {
    const { error } = JSON.parse(text) as { error: ErrorFields };
    return serverError(error, answer.status);
  } catch {
    return new ServerError(`${answer.status} ${answer.statusText}`.trim(), answer.status, "unknown");
  }
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}
