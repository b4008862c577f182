/**
 * The REST client: types from docs/openapi.json, the access token in this module's memory and nowhere else.
 *
 * A 401 is answered by one refresh and one repetition. The refresh token is an HttpOnly cookie that is good once, so tabs take
 * turns (Web Locks) and a refresh outlives its page (`keepalive`).
 */
import createClient from "openapi-fetch";
import type { components, paths } from "./generated/schema";
import { Failure, UNREACHABLE } from "./problem";

export type Schemas = components["schemas"];
export type Granted = Schemas["Granted"];

let token: string | null = null;
let refreshing: Promise<Granted | null> | null = null;
let onEnded: () => void = () => {};
let onGranted: (granted: Granted) => void = () => {};
let timer: ReturnType<typeof setTimeout> | undefined;

/** Seconds before its end at which the access token is renewed. */
const RENEW_BEFORE_S = 45;

/** What the application does when the login ends or goes on. */
export function watchLogin(watch: { ended: () => void; granted: (granted: Granted) => void }): void {
  onEnded = watch.ended;
  onGranted = watch.granted;
}

export function take(granted: Granted): void {
  token = granted.token;
  clearTimeout(timer);
  const seconds = Math.max(5, granted.expires_in - RENEW_BEFORE_S);
  timer = setTimeout(() => void refresh().catch(() => {}), seconds * 1000);
  onGranted(granted);
}

export function drop(): void {
  token = null;
  clearTimeout(timer);
}

export function isLoggedIn(): boolean {
  return token !== null;
}

async function refreshOnce(): Promise<Granted | null> {
  const ask = async () => {
    const response = await fetch("/api/auth/refresh", { method: "POST", keepalive: true });
    if (response.status === 401) return null;
    if (!response.ok) throw await Failure.of(response);
    return (await response.json()) as Granted;
  };
  const granted = await (navigator.locks ? navigator.locks.request("tradewind-refresh", ask) : ask());
  if (granted) take(granted);
  return granted;
}

/** Goes on with the login of the cookie. Null: there is none. Throws when the server cannot be reached: nothing is known then. */
export function refresh(): Promise<Granted | null> {
  refreshing ??= refreshOnce()
    .catch((error: unknown) => {
      throw error instanceof Failure ? error : UNREACHABLE();
    })
    .finally(() => {
      refreshing = null;
    });
  return refreshing;
}

function signed(request: Request): Request {
  if (token !== null) request.headers.set("authorization", `Bearer ${token}`);
  return request;
}

async function guarded(request: Request): Promise<Response> {
  const again = request.clone();
  let response: Response;
  try {
    response = await fetch(signed(request));
  } catch {
    throw UNREACHABLE();
  }
  if (response.status !== 401 || token === null) return response;
  const granted = await refresh();
  if (!granted) {
    drop();
    onEnded();
    return response;
  }
  try {
    return await fetch(signed(again));
  } catch {
    throw UNREACHABLE();
  }
}

export const api = createClient<paths>({ baseUrl: location.origin, fetch: guarded });

/** The body of a good answer; throws a [`Failure`] otherwise. */
export async function body<T>(answer: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await answer;
  if (response.ok) return data as T;
  throw Failure.from(error, response);
}

/** For routes that the description may not have yet: null when the server does not know the path. */
export async function loose<T>(method: string, path: string, content?: unknown): Promise<T | null> {
  const init: RequestInit = { method };
  if (content !== undefined) {
    init.body = JSON.stringify(content);
    init.headers = { "content-type": "application/json" };
  }
  const response = await guarded(new Request(new URL(path, location.origin), init));
  if (response.status === 404) return null;
  if (!response.ok) throw await Failure.of(response);
  return response.status === 204 ? (undefined as T) : ((await response.json()) as T);
}
