"""Who asks: L1 (EIP-712 by the key) and L2 (HMAC with derived credentials)."""
import hmac
import re

from common import Error
from polymarket import verify

L1_REFUSED = "Invalid L1 Request headers"
L2_REFUSED = "Unauthorized/Invalid api key"


def stamp(v, headers, refusal):
    text = headers.get("POLY_TIMESTAMP", "")
    if not re.fullmatch(r"[1-9][0-9]{0,11}", text) or abs(int(text) - v.now()) > v.options["auth_window_s"]:
        raise Error(401, refusal)
    return int(text)


def same(got, want):
    return hmac.compare_digest(got.encode("utf-8", "surrogateescape"), want.encode())


def l1(v, request):
    """(address, nonce) of a request signed by a key."""
    h = request.headers
    address, nonce = h.get("POLY_ADDRESS", ""), h.get("POLY_NONCE", "")
    at = stamp(v, h, L1_REFUSED)
    if not verify.address_ok(address) or not re.fullmatch(r"0|[1-9][0-9]{0,17}", nonce):
        raise Error(401, L1_REFUSED)
    if verify.l1_signer(address, at, nonce, v.ledger.chain, h.get("POLY_SIGNATURE", "")) != address.lower():
        raise Error(401, L1_REFUSED)
    return address.lower(), int(nonce)


async def l2(v, request):
    """The credentials of a request with an HMAC over exactly what was sent."""
    h = request.headers
    creds = v.ledger.creds.get(h.get("POLY_API_KEY", ""))
    at = stamp(v, h, L2_REFUSED)
    if creds is None or v.options["deny_auth"]:
        raise Error(401, L2_REFUSED)
    want = verify.l2_signature(creds["secret"], at, request.method, request.rel_url.raw_path, await request.read())
    good = (same(h.get("POLY_SIGNATURE", ""), want) and same(h.get("POLY_PASSPHRASE", ""), creds["passphrase"]) and
            h.get("POLY_ADDRESS", "").lower() == creds["address"] and verify.address_ok(h.get("POLY_ADDRESS", "")))
    if not good:
        raise Error(401, L2_REFUSED)
    return creds


def stream(v, doc):
    """The credentials of a user stream's first frame, or None."""
    a = doc.get("auth")
    if not isinstance(a, dict) or not all(isinstance(a.get(k), str) for k in ("apiKey", "secret", "passphrase")):
        return None
    creds = v.ledger.creds.get(a["apiKey"])
    if creds is None or v.options["deny_auth"] or a.get("secret") != creds["secret"] or a.get("passphrase") != creds["passphrase"]:
        return None
    return creds
