//! Accept loop with time-outs and limits, bounded WebSocket writer.
