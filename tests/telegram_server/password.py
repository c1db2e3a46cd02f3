"""The second factor, checked as Telegram checks it: SRP, so the password is never sent."""

import os
from functools import cache
from hashlib import sha256

from telethon import password as srp
from telethon.tl import types

from .accounts import Account, Challenge

__all__ = ["ALGORITHM", "is_right", "new_challenge", "password_settings"]

# The one 2048-bit safe prime that Telethon accepts without factorising it for minutes.
PRIME = bytes.fromhex(
    "c71caeb9c6b1c9048e6c522f70f13f73980d40238e3e21c14934d037563d930f"
    "48198a0aa7c14058229493d22530f4dbfa336f6e0ac925139543aed44cce7c37"
    "20fd51f69458705ac68cd4fe6b6b13abdc9746512969328454f18faf8c595f64"
    "2477fe96bb2a941d5bcd1d4ac8cc49880708fa9b378e3c4f3a9060bee67cf9a4"
    "a4a695811051907e162753b56b0f6b410dba74d8a84b2a14b3144e0ef1284754"
    "fd17ed950d5965b4b9dd46582db1178d169c6bc465b0d6ff9ca3928fef5b9ae4"
    "e418fc15e83ebea0f87fa9ff5eed70050ded2849f47bf959d956850ce929851f"
    "0d8115f635b105ee2e4e15d04b2454bf6f4fadf034b10403119cd8e3b92fcc5b"
)
GENERATOR = 3
ALGORITHM = types.PasswordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow(
    salt1=b"first salt", salt2=b"second salt", g=GENERATOR, p=PRIME
)
P = int.from_bytes(PRIME, "big")
PADDED_G = GENERATOR.to_bytes(256, "big")
MULTIPLIER = int.from_bytes(sha256(PRIME + PADDED_G).digest(), "big")


@cache
def verifier(password: str) -> int:
    """Return what a server keeps instead of the password; slow on purpose, so once for each."""
    return int.from_bytes(srp.compute_digest(ALGORITHM, password), "big")


def new_challenge(password: str) -> Challenge:
    """Return a fresh question to which only somebody with the password knows the answer."""
    secret = int.from_bytes(os.urandom(256), "big")
    public = (MULTIPLIER * verifier(password) + pow(GENERATOR, secret, P)) % P
    number = int.from_bytes(os.urandom(8), "big", signed=True)
    return Challenge(number, secret, public.to_bytes(256, "big"))


def is_right(challenge: Challenge, answer: types.InputCheckPasswordSRP, password: str) -> bool:
    """Whether the answer proves knowledge of the password."""
    u = int.from_bytes(sha256(answer.A + challenge.public).digest(), "big")
    base = int.from_bytes(answer.A, "big") * pow(verifier(password), u, P)
    shared = pow(base, challenge.secret, P).to_bytes(256, "big")
    digest = sha256(
        srp.xor(sha256(PRIME).digest(), sha256(PADDED_G).digest())
        + sha256(ALGORITHM.salt1).digest()
        + sha256(ALGORITHM.salt2).digest()
        + answer.A
        + challenge.public
        + sha256(shared).digest()
    )
    return digest.digest() == answer.M1


def password_settings(account: Account, challenge: Challenge | None) -> types.account.Password:
    """Return what a client needs to ask for the password, if the account has one."""
    return types.account.Password(
        new_algo=ALGORITHM,
        new_secure_algo=types.SecurePasswordKdfAlgoUnknown(),
        secure_random=os.urandom(32),
        has_password=account.password is not None,
        current_algo=ALGORITHM if challenge else None,
        srp_B=challenge.public if challenge else None,
        srp_id=challenge.id if challenge else None,
    )
