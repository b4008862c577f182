/** Short notices in one stack of at most three. What failed stays until it is closed. */
import { createSlice } from "@reduxjs/toolkit";
import type { PayloadAction } from "@reduxjs/toolkit";

export interface Toast {
  id: number;
  kind: "done" | "failed";
  text: string;
  /** Shown below, with what to tell when asking for help. */
  detail?: string;
}

const TOASTS_MAX = 3;

export interface Toasts {
  list: Toast[];
  next: number;
}

const slice = createSlice({
  name: "toasts",
  initialState: { list: [], next: 1 } as Toasts,
  reducers: {
    told: (state, action: PayloadAction<Omit<Toast, "id">>) => {
      state.list.push({ ...action.payload, id: state.next });
      state.next += 1;
      while (state.list.length > TOASTS_MAX) {
        const harmless = state.list.findIndex((toast) => toast.kind === "done");
        state.list.splice(Math.max(0, harmless), 1);
      }
    },
    closed: (state, action: PayloadAction<number>) => {
      state.list = state.list.filter((toast) => toast.id !== action.payload);
    },
  },
});

export const { told, closed } = slice.actions;
export const toasts = slice.reducer;
