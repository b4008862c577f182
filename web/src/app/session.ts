/** Who is logged in, and how one gets there. */
import { createSlice } from "@reduxjs/toolkit";
import type { PayloadAction } from "@reduxjs/toolkit";
import { api, body, drop, refresh, take } from "../api/client";
import type { Granted, Schemas } from "../api/client";
import { asFailure } from "../api/problem";

export type User = Schemas["UserBody"];

export interface Session {
  /** `asking`: not known yet. `unreachable`: the server did not answer the first question. */
  phase: "asking" | "unreachable" | "setup" | "out" | "in";
  user: User | null;
  /** True when a login that held has ended. */
  ended: boolean;
}

const initialState: Session = { phase: "asking", user: null, ended: false };

/** At the start: is there anything to set up, is there a login to go on with? Throws when the server does not answer. */
export async function ask(): Promise<"setup" | "in" | "out"> {
  const setup = await body(api.GET("/api/setup"));
  if (setup.needed) return "setup";
  return (await refresh()) ? "in" : "out";
}

export interface Credentials {
  username: string;
  password: string;
  totp?: string;
}

export async function login(credentials: Credentials): Promise<void> {
  const totp = credentials.totp?.trim();
  const { username, password } = credentials;
  take(await body(api.POST("/api/auth/login", { body: totp ? { username, password, totp } : { username, password } })));
}

export async function setUp(first: Schemas["FirstAdmin"]): Promise<void> {
  take((await body(api.POST("/api/setup", { body: first }))) as unknown as Granted);
}

export async function logout(): Promise<void> {
  try {
    await body(api.POST("/api/auth/logout"));
  } catch (error) {
    // A login that has ended already is what was wanted.
    if (asFailure(error).status !== 401) throw error;
  }
  drop();
}

const slice = createSlice({
  name: "session",
  initialState,
  reducers: {
    granted: (state, action: PayloadAction<User>) => {
      state.phase = "in";
      state.user = action.payload;
      state.ended = false;
    },
    left: (state, action: PayloadAction<{ ended: boolean }>) => {
      state.phase = "out";
      state.user = null;
      state.ended = action.payload.ended;
    },
    /** The answer to the first question; a login that holds has said so itself. */
    answered: (state, action: PayloadAction<"setup" | "in" | "out" | "unreachable">) => {
      if (action.payload !== "in" && state.phase !== "in") state.phase = action.payload;
    },
    userChanged: (state, action: PayloadAction<User>) => {
      state.user = action.payload;
    },
  },
});

export const { answered, granted, left, userChanged } = slice.actions;
export const session = slice.reducer;

/** The first question to the server, and again when it did not answer. */
export async function begin(dispatch: (action: ReturnType<typeof answered>) => void): Promise<void> {
  try {
    dispatch(answered(await ask()));
  } catch {
    dispatch(answered("unreachable"));
  }
}
