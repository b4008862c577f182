import os

import ccxt

url = os.environ.get("TRADEWIND_URL", "http://127.0.0.1:8081")
exchange = ccxt.binance({
    "apiKey": os.environ["TRADEWIND_KEY"],
    "secret": os.environ["TRADEWIND_SECRET"],
    "options": {"defaultType": "spot", "fetchMarkets": {"types": ["spot"]}},
})
exchange.urls["api"]["public"] = exchange.urls["api"]["private"] = url + "/api/v3"
exchange.urls["api"]["sapi"] = url + "/sapi/v1"

price = exchange.fetch_ticker("BTC/USDT")["ask"]
print("best offer:", price)
order = exchange.create_order("BTC/USDT", "limit", "buy", 0.01, exchange.price_to_precision("BTC/USDT", price * 1.01))
print("order:", order["id"], order["status"], "filled", order["filled"], "at", order["average"])
print("balance:", exchange.fetch_balance()["BTC"])
