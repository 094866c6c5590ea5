/** What the server says of a request that it refused. */
export class ServerError extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly code: string,
  ) {
    super(message);
    this.name = "ServerError";
  }
}

/** Reads the error body that all calls share; what is none of it is told by its status. */
export async function readServerError(answer: Response): Promise<ServerError> {
  const text = await answer.text().catch(() => "");
  try {
    const { error } = JSON.parse(text) as { error: { code: string; message: string } };
    return new ServerError(error.message, answer.status, error.code);
  } catch {
    return new ServerError(`${answer.status} ${answer.statusText}`.trim(), answer.status, "unknown");
  }
}

/** What to show of anything that was thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof TypeError) return "The server does not answer. It may be stopping or starting.";
  return error instanceof Error ? error.message : String(error);
}
