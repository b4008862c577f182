"""What schemathesis is told about the platform: who asks, which ids exist, and what nobody may see.

`API` is the platform's address, `ASKER` who is logged in, `KNOWN` a file with everybody's ids and names.
"""

import json
import os
import random
import urllib.request

import schemathesis

API, ASKER = os.environ["API"], os.environ["ASKER"]
with open(os.environ["KNOWN"], encoding="utf-8") as file:
    KNOWN = json.load(file)
OTHERS = [text for name, kinds in KNOWN["ids"].items() if name != ASKER for texts in kinds.values() for text in texts]
OTHERS += [text for name, texts in KNOWN["names"].items() if name != ASKER for text in texts]
# So many of the ids in paths are somebody else's, and one's own; the rest is made up.
OF_OTHERS, OF_ONESELF = 0.5, 0.3
SEED = os.environ.get("TRADEWIND_API_SEED", "20261126")
DICE = random.Random(None if SEED == "random" else SEED)


@schemathesis.auth(refresh_interval=200)
class Login:
    """A login of its own, renewed before the token ends."""

    def get(self, _case, _context):
        body = json.dumps({"username": ASKER, "password": KNOWN["password"]}).encode()
        head = {"content-type": "application/json"}
        request = urllib.request.Request(API + "/api/auth/login", method="POST", headers=head, data=body)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)["token"]

    def set(self, case, token, _context):
        case.headers = case.headers or {}
        case.headers["Authorization"] = "Bearer " + token


def known(owner, kind):
    """Ids of a kind; of anybody but the asker when the owner is None."""
    names = [name for name in KNOWN["ids"] if (name != ASKER if owner is None else name == owner)]
    return [text for name in names for text in KNOWN["ids"][name].get(kind, [])]


@schemathesis.hook
def map_path_parameters(_context, parameters):
    """Puts ids that exist where random ones would only be unknown."""
    for name in list(parameters or {}):
        if name.endswith("_id"):
            dice, kind = DICE.random(), name[: -len("_id")]
            pool = []
            if dice < OF_OTHERS:
                pool = known(None, kind)
            elif dice < OF_OTHERS + OF_ONESELF:
                pool = known(ASKER, kind)
            if pool:
                parameters[name] = DICE.choice(pool)
        elif name == "symbol" and DICE.random() < 0.7:
            parameters[name] = DICE.choice(["BTCUSDT", "local:ETHUSDT"])
    return parameters


@schemathesis.check
def nothing_of_others(_context, response, case):
    """No answer holds what is somebody else's, unless the asker named it in a request that failed."""
    if KNOWN["sees_everything"] == ASKER:
        return
    body = "" if isinstance(case.body, bytes) else json.dumps(case.body, default=str)
    sent = (case.formatted_path or "") + json.dumps(case.query or {}, default=str) + body
    text = response.text
    for secret in OTHERS:
        if secret not in text:
            continue
        assert secret in sent, f"{ASKER} sees {secret!r}, which is somebody else's"
        # Whoever names a bot like somebody else's gets that name back; an id is nobody's to choose.
        is_name = any(secret in texts for texts in KNOWN["names"].values())
        assert response.status_code >= 400 or is_name, f"{ASKER} reads {secret!r}, which is somebody else's"
