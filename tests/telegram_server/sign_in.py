"""Answers that lead to being signed in, and out again: code, password, QR."""

import os
from datetime import UTC, datetime, timedelta

from telethon.tl import TLObject, types
from telethon.tl.functions import account as account_functions
from telethon.tl.functions import auth

from .accounts import Account
from .calls import NOT_SIGNED_IN, Call, RefusedError
from .password import is_right, new_challenge, password_settings
from .peers import me
from .world import digits

__all__ = [
    "check_password",
    "export_login_token",
    "get_password",
    "log_out",
    "send_code",
    "sign_in",
]

PHONE_DIGITS = range(7, 16)
TOKEN_LIFE = timedelta(seconds=30)


def send_code(call: Call, request: auth.SendCodeRequest | auth.ResendCodeRequest) -> TLObject:
    """Send a code; Telegram does so to phones without an account, too."""
    if len(digits(request.phone_number)) not in PHONE_DIGITS:
        raise RefusedError(400, "PHONE_NUMBER_INVALID")
    account = call.world.account_of(request.phone_number)
    length = 5 if account is None else len(account.code)
    call.login.code_hash = os.urandom(9).hex()
    kind = types.auth.SentCodeTypeApp(length)
    return types.auth.SentCode(kind, call.login.code_hash, timeout=120)


def sign_in(call: Call, request: auth.SignInRequest) -> TLObject:
    """Let in whoever knows the code, unless the account has a password as well."""
    if len(digits(request.phone_number)) not in PHONE_DIGITS:
        raise RefusedError(400, "PHONE_NUMBER_INVALID")
    if not request.phone_code:
        raise RefusedError(400, "PHONE_CODE_EMPTY")
    if call.login.code_hash is None or request.phone_code_hash != call.login.code_hash:
        raise RefusedError(400, "PHONE_CODE_EXPIRED")
    account = call.world.account_of(request.phone_number)
    if account is None:
        raise RefusedError(400, "PHONE_NUMBER_UNOCCUPIED")
    if request.phone_code != account.code:
        raise RefusedError(400, "PHONE_CODE_INVALID")
    call.login.code_hash = None
    return let_in(call, account)


def let_in(call: Call, account: Account) -> types.auth.Authorization:
    """Sign in by what was shown. Raises RefusedError if the password is still missing."""
    if account.password is not None:
        call.login.half_way = account
        raise RefusedError(401, "SESSION_PASSWORD_NEEDED")
    return authorized(call, account)


def authorized(call: Call, account: Account) -> types.auth.Authorization:
    """Sign the key in."""
    call.login.account, call.login.half_way = account, None
    return types.auth.Authorization(me(call.world, account))


def get_password(call: Call, _request: account_functions.GetPasswordRequest) -> TLObject:
    """Offer a password check to whoever is signed in or half way there."""
    account = half_way(call)
    challenge = None if account.password is None else new_challenge(account.password)
    call.login.challenge = challenge
    return password_settings(account, challenge)


def check_password(call: Call, request: auth.CheckPasswordRequest) -> TLObject:
    """Let in whoever proves to know the password."""
    account, challenge = half_way(call), call.login.challenge
    if account.password is None or isinstance(request.password, types.InputCheckPasswordEmpty):
        raise RefusedError(400, "PASSWORD_HASH_INVALID")
    if challenge is None or request.password.srp_id != challenge.id:
        raise RefusedError(400, "SRP_ID_INVALID")
    call.login.challenge = None
    if not is_right(challenge, request.password, account.password):
        raise RefusedError(400, "PASSWORD_HASH_INVALID")
    return authorized(call, account)


def half_way(call: Call) -> Account:
    """Return whose password is asked for."""
    account = call.login.half_way or call.login.account
    if account is None:
        raise RefusedError(401, NOT_SIGNED_IN)
    return account


def export_login_token(call: Call, _request: auth.ExportLoginTokenRequest) -> TLObject:
    """Give a token to show as a QR code; once it was scanned, let its shower in."""
    login = call.login
    if login.accepted_by is not None:
        account, login.accepted_by = login.accepted_by, None
        return types.auth.LoginTokenSuccess(let_in(call, account))
    now = datetime.now(UTC)
    login.token_shown, login.pushes = now, call.updates
    return types.auth.LoginToken(now + TOKEN_LIFE, os.urandom(32))


def log_out(call: Call, _request: auth.LogOutRequest) -> TLObject:
    """Sign the key out; it stays known, and can sign in again."""
    _ = call.account
    call.login.account = None
    return types.auth.LoggedOut()
