"""The relayer, as far as a wallet must be known or made before it can trade: is it deployed, deploy it."""
import uuid

from common import Error, parse_json
from polymarket import verify

FACTORY = "0x00000000000fb5c9adea0298d729a0cb3823cc07"


class Relayer:
    def __init__(self, venue):
        self.v, self.ledger, self.done = venue, venue.ledger, {}

    def routes(self, app):
        r = app.router
        r.add_get("/deployed", self.deployed)
        r.add_post("/submit", self.submit)
        r.add_get("/transaction", self.transaction)
        r.add_get("/v1/account/transactions/{id}", self.transaction)

    async def deployed(self, request):
        address, kind = request.query.get("address", ""), request.query.get("type", "")
        if not verify.address_ok(address) or kind not in ("", "SAFE", "PROXY", "WALLET"):
            raise Error(400, "invalid address" if kind in ("", "SAFE", "PROXY", "WALLET") else "invalid type")
        w = self.ledger.wallets.get(address.lower())
        wanted = {"SAFE": (2,), "PROXY": (1,), "WALLET": (3,), "": (1, 2)}[kind]
        return {"deployed": w is not None and w.deployed and w.type in wanted}

    async def submit(self, request):
        """Only WALLET-CREATE: the wallets of the sender that wait for it are deployed."""
        h = request.headers
        if not (h.get("RELAYER_API_KEY") and h.get("RELAYER_API_KEY_ADDRESS")) and not (h.get("POLY_BUILDER_API_KEY") and h.get("POLY_BUILDER_SIGNATURE")):
            raise Error(401, "invalid authorization")
        try:
            doc = parse_json(await request.read())
            owner, to = str(doc["from"]).lower(), str(doc["to"]).lower()
        except (ValueError, KeyError, TypeError) as e:
            raise Error(400, "invalid request body") from e
        if doc.get("type") != "WALLET-CREATE" or to != FACTORY or not verify.address_ok(doc["from"]):
            raise Error(400, "invalid transaction")
        for w in self.ledger.wallets.values():
            if w.owner == owner and w.type == 3:
                w.deployed = True
        ident = str(uuid.uuid4())
        now, tx = self.v.iso(self.v.now()), "0x" + verify.k256(ident).hex()
        self.done[ident] = {"transactionID": ident, "transactionHash": tx, "from": doc["from"], "to": doc["to"], "type": "WALLET-CREATE", "state": "STATE_CONFIRMED",
                            "metadata": str(doc.get("metadata", "")), "createdAt": now, "updatedAt": now}
        return {"transactionID": ident, "state": "STATE_NEW"}

    async def transaction(self, request):
        found = self.done.get(request.match_info.get("id") or request.query.get("id", ""))
        if found is None:
            raise Error(404, "transaction not found")
        if "id" not in request.match_info:
            return [found]
        return {"transaction_id": found["transactionID"], "transaction_hash": found["transactionHash"], "state": found["state"], "error_msg": None}
