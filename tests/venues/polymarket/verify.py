"""Signatures of Polymarket's protocol, checked on their own ground: EIP-712 written out by hand, Keccak of Cryptodome, secp256k1 of ecdsa."""
import base64
import hashlib
import hmac
import re

from Cryptodome.Hash import keccak
from ecdsa import SECP256k1, SigningKey
from ecdsa.ellipticcurve import Point
from ecdsa.numbertheory import inverse_mod, square_root_mod_prime
from ecdsa.util import sigencode_string_canonize

ORDER_TYPE = ("Order(uint256 salt,address maker,address signer,uint256 tokenId,uint256 makerAmount,uint256 takerAmount,uint8 side,"
              "uint8 signatureType,uint256 timestamp,bytes32 metadata,bytes32 builder)")
WRAP_TYPE = "TypedDataSign(Order contents,string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)" + ORDER_TYPE
DOMAIN_TYPE = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
AUTH_DOMAIN_TYPE = "EIP712Domain(string name,string version,uint256 chainId)"
AUTH_TYPE = "ClobAuth(address address,string timestamp,uint256 nonce,string message)"
AUTH_MESSAGE = "This message attests that I control the given wallet"
EXCHANGES = {  # name -> (domain version, contract by chain)
    "standard": ("2", {137: "0xE111180000d2663C0091e4f400237545B87B996B", 80002: "0xE111180000d2663C0091e4f400237545B87B996B"}),
    "neg_risk": ("2", {137: "0xe2222d279d744050d28e00520010520000310F59", 80002: "0xe2222d279d744050d28e00520010520000310F59"}),
    "v3": ("3", {137: "0xe3333700cA9d93003F00f0F71f8515005F6c00Aa", 80002: "0x9fE6e61422AdB6F610d8597F9684b16912D50C3D"}),
}


def k256(data):
    h = keccak.new(digest_bits=256)
    h.update(data.encode() if isinstance(data, str) else data)
    return h.digest()


def word(v):
    """An integer, an address or 32 bytes as one ABI word."""
    if isinstance(v, int):
        return v.to_bytes(32, "big")
    if isinstance(v, bytes):
        return v.rjust(32, b"\0")
    return bytes.fromhex(v[2:]).rjust(32, b"\0")


def checksum(address):
    a = address.lower()[2:]
    h = k256(a).hex()
    return "0x" + "".join(c.upper() if c.isalpha() and int(h[i], 16) > 7 else c for i, c in enumerate(a))


def address_ok(text):
    """0x and 40 digits; with mixed case the checksum must be right."""
    if not isinstance(text, str) or not re.fullmatch(r"0x[0-9a-fA-F]{40}", text):
        return False
    digits = text[2:]
    return digits in (digits.lower(), digits.upper()) or checksum(text) == text


def contract(exchange, chain):
    return EXCHANGES[exchange][1][chain]


def separator(exchange, chain):
    version, contracts = EXCHANGES[exchange]
    return k256(k256(DOMAIN_TYPE) + k256("Polymarket CTF Exchange") + k256(version) + word(chain) + word(contracts[chain]))


def struct_hash(o):
    """o: the order of the wire; integers or decimal texts."""
    return k256(k256(ORDER_TYPE) + word(int(o["salt"])) + word(o["maker"]) + word(o["signer"]) + word(int(o["tokenId"])) + word(int(o["makerAmount"])) +
                word(int(o["takerAmount"])) + word({"BUY": 0, "SELL": 1}[o["side"]]) + word(int(o["signatureType"])) + word(int(o["timestamp"])) +
                word(o["metadata"]) + word(o["builder"]))


def order_digest(o, exchange, chain):
    return k256(b"\x19\x01" + separator(exchange, chain) + struct_hash(o))


def wrapped_digest(o, exchange, chain):
    inner = k256(k256(WRAP_TYPE) + struct_hash(o) + k256("DepositWallet") + k256("1") + word(chain) + word(o["signer"]) + word(0))
    return k256(b"\x19\x01" + separator(exchange, chain) + inner)


def recover(digest, sig):
    """Address of the key that made the 65 bytes; None when there is none. A high s is refused, as the chain's libraries do."""
    curve, g, n = SECP256k1.curve, SECP256k1.generator, SECP256k1.order
    r, s, v = int.from_bytes(sig[:32], "big"), int.from_bytes(sig[32:64], "big"), sig[64]
    if not 0 < r < n or not 0 < s <= n // 2 or v not in (27, 28):
        return None
    p = curve.p()
    try:
        y = square_root_mod_prime((pow(r, 3, p) + 7) % p, p)
    except Exception:  # not the x of a point
        return None
    y = y if y % 2 == v - 27 else p - y
    inv = inverse_mod(r, n)
    e = int.from_bytes(digest, "big")
    q = Point(curve, r, y, n) * (s * inv % n) + g * (-e * inv % n)
    return "0x" + k256(q.x().to_bytes(32, "big") + q.y().to_bytes(32, "big"))[12:].hex()


def order_signer(o, exchange, chain):
    """Who signed the order (for a deposit wallet: its owner's key). None: the signature is not one."""
    text = o["signature"]
    if not isinstance(text, str) or not re.fullmatch(r"0x[0-9a-fA-F]+", text) or len(text) % 2:
        return None
    sig = bytes.fromhex(text[2:])
    if int(o["signatureType"]) != 3:
        return recover(order_digest(o, exchange, chain), sig) if len(sig) == 65 else None
    kind = ORDER_TYPE.encode()
    tail = separator(exchange, chain) + struct_hash(o) + kind + len(kind).to_bytes(2, "big")
    if len(sig) != 317 or sig[65:] != tail:
        return None
    return recover(wrapped_digest(o, exchange, chain), sig[:65])


def l1_digest(address, timestamp, nonce, chain):
    domain = k256(k256(AUTH_DOMAIN_TYPE) + k256("ClobAuthDomain") + k256("1") + word(chain))
    body = k256(k256(AUTH_TYPE) + word(address) + k256(str(timestamp)) + word(int(nonce)) + k256(AUTH_MESSAGE))
    return k256(b"\x19\x01" + domain + body)


def l1_signer(address, timestamp, nonce, chain, signature):
    if not re.fullmatch(r"0x[0-9a-fA-F]{130}", signature):
        return None
    sig = bytes.fromhex(signature[2:])
    return recover(l1_digest(address, timestamp, nonce, chain), sig)


def l2_signature(secret, timestamp, method, path, body):
    text = secret.replace("-", "+").replace("_", "/")
    key = base64.b64decode(text + "=" * (-len(text) % 4))
    mac = hmac.new(key, f"{timestamp}{method}{path}".encode() + body, hashlib.sha256).digest()
    return base64.b64encode(mac).decode().replace("+", "-").replace("/", "_")


# --- for tests that play a wallet themselves ---
def key_address(key):
    q = SigningKey.from_string(bytes.fromhex(key.removeprefix("0x")), SECP256k1).verifying_key.pubkey.point
    return "0x" + k256(q.x().to_bytes(32, "big") + q.y().to_bytes(32, "big"))[12:].hex()


def sign(key, digest):
    sk = SigningKey.from_string(bytes.fromhex(key.removeprefix("0x")), SECP256k1)
    rs = sk.sign_digest_deterministic(digest, hashfunc=hashlib.sha256, sigencode=sigencode_string_canonize)
    mine = key_address(key)
    return next(rs + bytes([v]) for v in (27, 28) if recover(digest, rs + bytes([v])) == mine)
