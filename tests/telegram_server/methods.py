"""Answers each request from the world."""

import logging
import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from telethon.tl import TLObject, TLRequest, functions, types

from . import channel_methods, sign_in
from .calls import Call, RefusedError
from .peers import me, user_object

__all__ = ["answer"]

LOG = logging.getLogger(__name__)

VECTOR = 0x1CB5C415

Handler = Callable[[Call, Any], TLObject | bytes]


def answer(call: Call, request: TLRequest) -> bytes:
    """Return the bytes that answer the request, an RPC error included.

    A bug in here is answered too: a client would repeat a request that closes the connection.
    """
    try:
        return bytes(handler_of(call, request)(call, request))
    except RefusedError as refusal:
        return bytes(refusal.answer())
    except Exception as error:
        LOG.exception("%s cannot be answered", type(request).__name__)
        return bytes(types.RpcError(400, f"TEST_SERVER_BUG {error!r}"))


def handler_of(call: Call, request: TLRequest) -> Handler:
    """Return who answers. Raises RefusedError if nobody does or the key is not signed in."""
    handler = OPEN.get(type(request))
    if handler is not None:
        return handler
    _ = call.account
    if type(request) not in SIGNED_IN:
        raise RefusedError(400, f"METHOD_NOT_SERVED_{type(request).__name__}")
    return SIGNED_IN[type(request)]


def get_config(call: Call, _request: functions.help.GetConfigRequest) -> TLObject:
    """Say that this server is all data centres there are."""
    now = datetime.now(UTC)
    centre = types.DcOption(2, "127.0.0.1", call.port)
    limits = dict.fromkeys(COUNTS, 1000)
    return types.Config(
        date=now,
        expires=now + timedelta(hours=1),
        test_mode=False,
        this_dc=2,
        dc_options=[centre],
        dc_txt_domain_name="",
        me_url_prefix="https://t.me/",
        webfile_dc_id=2,
        **limits,
    )


COUNTS = (
    "chat_size_max",
    "megagroup_size_max",
    "forwarded_count_max",
    "online_update_period_ms",
    "offline_blur_timeout_ms",
    "offline_idle_timeout_ms",
    "online_cloud_timeout_ms",
    "notify_cloud_delay_ms",
    "notify_default_delay_ms",
    "push_chat_period_ms",
    "push_chat_limit",
    "edit_time_limit",
    "revoke_time_limit",
    "revoke_pm_time_limit",
    "rating_e_decay",
    "stickers_recent_limit",
    "channels_read_media_period",
    "call_receive_timeout_ms",
    "call_ring_timeout_ms",
    "call_connect_timeout_ms",
    "call_packet_timeout_ms",
    "caption_length_max",
    "message_length_max",
)


def get_nearest_dc(_call: Call, _request: functions.help.GetNearestDcRequest) -> TLObject:
    """Name the only data centre."""
    return types.NearestDc("US", this_dc=2, nearest_dc=2)


def get_state(_call: Call, _request: functions.updates.GetStateRequest) -> TLObject:
    """Say that no update was ever sent."""
    return types.updates.State(pts=1, qts=0, date=datetime.now(UTC), seq=1, unread_count=0)


def get_difference(_call: Call, _request: functions.updates.GetDifferenceRequest) -> TLObject:
    """Say that no update was missed; Telethon asks this whenever it finds itself signed in."""
    return types.updates.DifferenceEmpty(datetime.now(UTC), seq=1)


def get_users(call: Call, request: functions.users.GetUsersRequest) -> bytes:
    """Answer with the users asked for; those that are named wrongly are left out."""
    found = [user(call, wanted) for wanted in request.id]
    bodies = [bytes(each) for each in found if each is not None]
    return struct.pack("<Ii", VECTOR, len(bodies)) + b"".join(bodies)


def get_full_user(call: Call, request: functions.users.GetFullUserRequest) -> TLObject:
    """Answer with what there is to know of a user: nothing more."""
    found = user(call, request.id)
    if found is None:
        raise RefusedError(400, "USER_ID_INVALID")
    settings = types.PeerSettings(), types.PeerNotifySettings()
    return types.users.UserFull(types.UserFull(found.id, *settings, 0), [], [found])


def user(call: Call, wanted: types.TypeInputUser) -> types.User | None:
    """Return the user that the account names: itself, or another by id and access hash."""
    account = call.account
    if isinstance(wanted, types.InputUserSelf) or getattr(wanted, "user_id", 0) == account.id:
        return me(call.world, account)
    other = call.world.users.get(getattr(wanted, "user_id", 0))
    if other is None or wanted.access_hash != call.world.access_hash(account, other):
        return None
    return user_object(call.world, account, other)


OPEN: dict[type[TLRequest], Handler] = {  # need no sign-in, as on the real servers
    functions.help.GetConfigRequest: get_config,
    functions.help.GetNearestDcRequest: get_nearest_dc,
    functions.auth.SendCodeRequest: sign_in.send_code,
    functions.auth.ResendCodeRequest: sign_in.send_code,
    functions.auth.SignInRequest: sign_in.sign_in,
    functions.auth.ExportLoginTokenRequest: sign_in.export_login_token,
    functions.auth.CheckPasswordRequest: sign_in.check_password,
    functions.account.GetPasswordRequest: sign_in.get_password,
}
SIGNED_IN: dict[type[TLRequest], Handler] = {
    functions.auth.LogOutRequest: sign_in.log_out,
    functions.updates.GetStateRequest: get_state,
    functions.updates.GetDifferenceRequest: get_difference,
    functions.users.GetUsersRequest: get_users,
    functions.users.GetFullUserRequest: get_full_user,
    functions.contacts.ResolveUsernameRequest: channel_methods.resolve,
    functions.channels.GetChannelsRequest: channel_methods.get_channels,
    functions.channels.GetFullChannelRequest: channel_methods.get_full_channel,
    functions.channels.GetMessagesRequest: channel_methods.get_messages,
    functions.messages.GetHistoryRequest: channel_methods.get_history,
    functions.messages.GetDialogsRequest: channel_methods.get_dialogs,
}
