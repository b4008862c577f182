// k6: the trading load of load-tests/trading-api.toml. Type-checked in the tests, NOT run here:
//   k6 run --env TARGET=http://127.0.0.1:8080 --env USERNAME=root --env PASSWORD=… load-tests/k6/trading-api.ts
import http from 'k6/http';
import { check, sleep } from 'k6';
import type { Options } from 'k6/options';

const TARGET = __ENV.TARGET ?? 'http://127.0.0.1:8080';

interface Session {
  token: string;
}

export const options: Options = {
  stages: [
    { duration: '5m', target: 2000 },
    { duration: '25m', target: 2000 },
  ],
  thresholds: {
    http_req_duration: ['p(95)<500'],
    http_req_failed: ['rate<0.05'],
  },
};

const JSON_HEADERS = { 'Content-Type': 'application/json' };

export function setup(): Session {
  const body = JSON.stringify({ username: __ENV.USERNAME, password: __ENV.PASSWORD });
  const answer = http.post(`${TARGET}/api/auth/login`, body, { headers: JSON_HEADERS });
  return { token: String(answer.json('token')) };
}

export default function (session: Session): void {
  const headers = { ...JSON_HEADERS, Authorization: `Bearer ${session.token}` };
  check(http.get(`${TARGET}/api/positions`, { headers }), { 'positions are listed': (r) => r.status === 200 });
  check(http.get(`${TARGET}/api/orders?limit=20`, { headers }), { 'orders are listed': (r) => r.status === 200 });
  const order = JSON.stringify({ symbol: 'BTCUSDT', side: 'buy', quantity: '0.00001', order_type: 'market' });
  const placed = http.post(`${TARGET}/api/orders`, order, { headers });
  check(placed, { 'the order is answered': (r) => r.status === 201 || r.status === 422 });
  sleep(1);
}
