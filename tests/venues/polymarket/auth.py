"""Who asks: L1 (EIP-712 by the key) and L2 (HMAC with derived credentials)."""
import hmac

from common import Error
from polymarket import verify

L1_REFUSED = "Invalid L1 Request headers"
L2_REFUSED = "Unauthorized/Invalid api key"


def stamp(v, headers, refusal):
    text = headers.get("POLY_TIMESTAMP", "")
    if not text.isdigit() or abs(int(text) - v.now()) > v.options["auth_window_s"]:
        raise Error(401, refusal)
    return int(text)


def l1(v, request):
    """(address, nonce) of a request signed by a key."""
    h = request.headers
    address, nonce = h.get("POLY_ADDRESS", ""), h.get("POLY_NONCE", "")
    at = stamp(v, h, L1_REFUSED)
    if not verify.address_ok(address) or not nonce.isdigit():
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
    want = verify.l2_signature(creds["secret"], at, request.method, request.path, await request.read())
    good = (hmac.compare_digest(want.encode(), h.get("POLY_SIGNATURE", "").encode()) and
            hmac.compare_digest(creds["passphrase"].encode(), h.get("POLY_PASSPHRASE", "").encode()) and
            h.get("POLY_ADDRESS", "").lower() == creds["address"] and verify.address_ok(h.get("POLY_ADDRESS", "")))
    if not good:
        raise Error(401, L2_REFUSED)
    return creds


def stream(v, doc):
    """The credentials of a user stream's first frame, or None."""
    a = doc.get("auth")
    creds = v.ledger.creds.get(a.get("apiKey", "")) if isinstance(a, dict) else None
    if creds is None or v.options["deny_auth"] or a.get("secret") != creds["secret"] or a.get("passphrase") != creds["passphrase"]:
        return None
    return creds
