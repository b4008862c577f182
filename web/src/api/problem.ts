/** What went wrong, as the server says it (problem+json): a stable code, a sentence, a request id. */
export class Failure extends Error {
  constructor(
    readonly code: string,
    readonly detail: string,
    readonly status: number,
    readonly requestId: string | null,
  ) {
    super(detail);
  }

  static from(problem: unknown, response: Response): Failure {
    const it = (problem ?? {}) as { code?: string; detail?: string; request_id?: string | null };
    const id = it.request_id ?? response.headers.get("x-request-id");
    return new Failure(it.code ?? "unexpected", it.detail ?? response.statusText, response.status, id);
  }

  static async of(response: Response): Promise<Failure> {
    return Failure.from(await response.json().catch(() => null), response);
  }
}

export const UNREACHABLE = () => new Failure("unreachable", "the server does not answer", 0, null);

export function asFailure(error: unknown): Failure {
  return error instanceof Failure ? error : new Failure("unexpected", String(error), 0, null);
}
