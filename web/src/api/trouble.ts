// What went wrong with a call, as a person can be told: RFC 9457 problems, and no answer at all.

export interface FieldError {
  field: string;
  code: string;
  message: string;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

export class Trouble extends Error {
  private constructor(
    readonly status: number, // 0: no answer
    readonly code: string,
    sentence: string,
    readonly retryAfter: number | null, // seconds
    readonly fields: readonly FieldError[],
  ) {
    super(sentence);
    this.name = 'Trouble';
  }

  static network(): Trouble {
    return new Trouble(0, 'network', '', null, []);
  }

  static of(response: Response, problem: unknown): Trouble {
    const wait = Number(response.headers.get('Retry-After') ?? Number.NaN);
    const retry = Number.isFinite(wait) ? wait : null;
    if (!isObject(problem) || typeof problem['detail'] !== 'string') {
      return new Trouble(response.status, 'unknown', '', retry, []);
    }
    const code = typeof problem['code'] === 'string' ? problem['code'] : 'unknown';
    const errors = Array.isArray(problem['errors']) ? problem['errors'] : [];
    return new Trouble(response.status, code, problem['detail'], retry, errors as FieldError[]);
  }

  /** Whether the same call may go well in a moment. */
  get passes(): boolean {
    return this.status === 0 || this.status === 503;
  }
}

export function isTrouble(error: unknown): error is Trouble {
  return error instanceof Trouble;
}
