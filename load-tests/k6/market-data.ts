// k6: the market-data load of load-tests/market-data.toml. Type-checked in the tests, NOT run here (k6 is a program of its own):
//   k6 run --env TARGET=http://127.0.0.1:8080 load-tests/k6/market-data.ts
import http from 'k6/http';
import { check } from 'k6';
import type { Options } from 'k6/options';

const TARGET = __ENV.TARGET ?? 'http://127.0.0.1:8080';

export const options: Options = {
  scenarios: {
    market_data: {
      executor: 'ramping-arrival-rate',
      startRate: 0,
      timeUnit: '1s',
      preAllocatedVUs: 1000,
      maxVUs: 2000,
      stages: [
        { duration: '2m', target: 5000 },
        { duration: '8m', target: 5000 },
      ],
    },
  },
  thresholds: {
    http_req_duration: ['p(95)<200'],
    http_req_failed: ['rate<0.01'],
  },
};

const PATHS = [
  '/api/tickers',
  '/api/trading/market-data/BTCUSDT',
  '/api/book/BTCUSDT?depth=20',
  '/api/candles/ETHUSDT?interval=1m&limit=100',
];

export default function (): void {
  const path = PATHS[Math.floor(Math.random() * PATHS.length)];
  const answer = http.get(`${TARGET}${path}`);
  check(answer, { 'status is 200': (r) => r.status === 200 });
}
